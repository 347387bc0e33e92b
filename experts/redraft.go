package experts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"advisor/accounts"
	"advisor/advice"
	"advisor/audit"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// Constraint is one reason for which a text went back to the machine, as the
// next draft has to mind it.
type Constraint struct {
	Number int    `json:"number"`
	Code   string `json:"code"`            // the reason's code
	Text   string `json:"text"`            // the reviewer's words
	Claim  string `json:"claim,omitempty"` // the claim it is about, as it stood; empty: the whole text
	// Barred are the provisions that may not be cited again as they were: the
	// reason was that they are the wrong ones, or no longer in force.
	Barred []advice.Barred `json:"barred,omitempty"`
}

// Obeyed says what the next draft did with a constraint.
type Obeyed struct {
	Constraint
	Result string `json:"result"` // obeyed, not, unknown: only a person can tell
	Why    string `json:"why"`
}

// The results of a constraint.
const (
	Kept    = "obeyed"
	NotKept = "not"
	Unknown = "unknown"
)

// Redrafter answers a question anew under constraints; the advisor is one.
type Redrafter interface {
	Ask(ctx context.Context, actor accounts.Account, q advice.Ask, on func(advice.Event)) (advice.Answer, error)
}

// Redraft is a new draft in the place of one that was returned to the machine.
type Redraft struct {
	ReviewID int64         `json:"review_id,string"`
	Answer   advice.Answer `json:"draft"`
	Report   []Obeyed      `json:"report"`
}

var notReturned = problem.New(problem.Refused, "not-returned", "没有重新拟稿", "这件审议没有退回机器重拟", "只有退回机器的，才能按退回意见重拟")

// Redraft has the machine draft again what was returned to it. The reasons of
// the return and the objections to single claims become constraints; the new
// draft comes with a report of which it obeyed, checked by rule where a rule
// can tell and left to people where none can. It is a draft like any other and
// goes through a review of its own.
func (d *Desk) Redraft(ctx context.Context, actor accounts.Account, review int64, machine Redrafter) (Redraft, error) {
	d = d.still()
	r := Redraft{ReviewID: review}
	var old advice.Revision
	var constraints []Constraint
	err := d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) (err error) {
		c, err := loadCase(ctx, tx, review, "")
		if err != nil {
			return err
		}
		if c.Asker != actor.ID {
			return notAsker
		}
		if old, err = advice.LoadRevision(ctx, tx, c.DraftID, c.Revision); err != nil {
			return err
		}
		constraints, err = constraintsOf(ctx, tx, c, old.Body)
		return err
	})
	if err != nil {
		return r, attempted(Submit, err)
	}
	ask := advice.Ask{Text: old.Body.Question, Minding: minding(constraints)}
	if r.Answer, err = machine.Ask(ctx, actor, ask, nil); err != nil {
		return r, err
	}
	r.Report = report(constraints, old.Body, r.Answer.Body, r.Answer.Status)
	return r, d.keepRedraft(ctx, actor, r, constraints)
}

func minding(constraints []Constraint) (list []advice.Mind) {
	for _, c := range constraints {
		list = append(list, advice.Mind{Code: c.Code, Words: reasonWord(c.Code), Text: c.Text, Claim: c.Claim, Barred: c.Barred})
	}
	return list
}

func reasonWord(code string) string {
	for _, w := range ReasonWords {
		if w.Code == code {
			return w.Words
		}
	}
	return code
}

// constraintsOf gathers the reasons: the return's own, then each objection to a
// claim of the text that was returned.
func constraintsOf(ctx context.Context, tx pgx.Tx, c *Case, text advice.Body) ([]Constraint, error) {
	var code, words, to string
	err := tx.QueryRow(ctx, `select coalesce(data ->> 'reason', ''), text, coalesce(data ->> 'returned_to', '') from review_event
		where review_id = $1 and event = 'return' order by id desc limit 1`, c.ID).Scan(&code, &words, &to)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && (to != "machine" || c.State != Returned) {
		return nil, notReturned
	}
	if err != nil {
		return nil, fmt.Errorf("read the reasons of the return: %w", err)
	}
	list := []Constraint{{Number: 1, Code: code, Text: words}}
	if code == "basis-repealed" || code == "basis-wrong" {
		// Where claims were marked, what is barred is theirs; else what no longer holds.
		list[0].Barred = noLonger(text)
	}
	for _, b := range c.Ballots {
		if b.Hash != c.Hash || b.Claim == nil || b.Score >= 0 || *b.Claim < 1 || *b.Claim > len(text.Claims) {
			continue
		}
		claim := text.Claims[*b.Claim-1]
		k := Constraint{Code: b.Reason, Text: b.Text, Claim: claim.Text}
		if b.Reason == "basis-wrong" || b.Reason == "basis-repealed" {
			for _, q := range claim.Citations {
				k.Barred = append(k.Barred, advice.Barred{VersionID: q.VersionID, Provision: q.Provision})
			}
		}
		if !slices.ContainsFunc(list, func(o Constraint) bool { return o.Code == k.Code && o.Claim == k.Claim && o.Text == k.Text }) {
			list = append(list, k)
		}
	}
	for i := range list {
		list[i].Number = i + 1
	}
	return list, nil
}

// noLonger are the citations whose provision was not in force when the text was made.
func noLonger(b advice.Body) (list []advice.Barred) {
	for _, c := range b.Claims {
		for _, q := range c.Citations {
			if q.Status != "in_force" {
				list = append(list, advice.Barred{VersionID: q.VersionID, Provision: q.Provision})
			}
		}
	}
	return list
}

// report tells of each constraint what the new draft did with it. A rule speaks
// only where it can know: that a provision is not cited again, that a sentence
// is gone, that steps are named. The rest is for people.
func report(constraints []Constraint, before, after advice.Body, status string) []Obeyed {
	list := make([]Obeyed, len(constraints))
	for i, c := range constraints {
		list[i] = Obeyed{Constraint: c}
		list[i].Result, list[i].Why = obeyed(c, before, after, status)
	}
	return list
}

func obeyed(c Constraint, before, after advice.Body, status string) (result, why string) {
	if status == advice.Declined {
		return Kept, "没有其他依据，机器不再作答"
	}
	if len(c.Barred) > 0 {
		for _, b := range c.Barred {
			if cites(after, b) {
				return NotKept, "仍引用“" + b.Provision + "”"
			}
		}
		return Kept, "不再引用原来的条款"
	}
	if c.Claim != "" {
		if says(after, c.Claim) {
			return NotKept, "这一句原样保留"
		}
		if c.Code == "unclear" || c.Code == "fact-wrong" {
			return Unknown, "这一句已改写，是否妥当须由专家判断"
		}
		return Kept, "这一句已删去或改写"
	}
	switch c.Code {
	case "basis-missing":
		for n, claim := range after.Claims {
			if claim.Support != advice.Unsupported && len(claim.Citations) == 0 {
				return NotKept, fmt.Sprintf("第 %d 条论断没有引用", n+1)
			}
		}
		return Kept, "每条论断都有引用"
	case "procedure":
		if len(after.Procedure) == 0 {
			return NotKept, "没有写明办理程序"
		}
		if slices.Equal(after.Procedure, before.Procedure) {
			return NotKept, "办理程序与上一稿相同"
		}
		return Unknown, "办理程序已改写，是否齐全须由专家判断"
	}
	if meaning(before) == meaning(after) {
		return NotKept, "新稿与上一稿相同"
	}
	return Unknown, "新稿已不同，是否解决须由专家判断"
}

func cites(b advice.Body, barred advice.Barred) bool {
	return slices.ContainsFunc(b.Claims, func(c advice.Claim) bool {
		return slices.ContainsFunc(c.Citations, func(q advice.Citation) bool {
			return q.VersionID == barred.VersionID && (barred.Provision == "" || q.Provision == barred.Provision || strings.HasPrefix(q.Provision, barred.Provision))
		})
	})
}

func says(b advice.Body, claim string) bool {
	return slices.ContainsFunc(b.Claims, func(c advice.Claim) bool { return plainText(c.Text) == plainText(claim) })
}

func (d *Desk) keepRedraft(ctx context.Context, actor accounts.Account, r Redraft, constraints []Constraint) error {
	asked, err := json.Marshal(constraints)
	if err != nil {
		return fmt.Errorf("encode the constraints: %w", err)
	}
	told, err := json.Marshal(r.Report)
	if err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	return d.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into redraft (draft_id, review_id, constraints, report, by_account, at) values ($1, $2, $3, $4, $5, $6)`,
			r.Answer.DraftID, r.ReviewID, asked, told, actor.ID, d.Now())
		if err != nil {
			return fmt.Errorf("store the report of draft %d: %w", r.Answer.DraftID, err)
		}
		results := map[string]int{}
		for _, o := range r.Report {
			results[o.Result]++
		}
		_, err = audit.Append(ctx, tx, d.Now(), audit.Leaf{Kind: "draft.redrafted", Actor: actor.ID, Subject: audit.Subject("draft", r.Answer.DraftID),
			Data: map[string]any{"review": r.ReviewID, "constraints": digestOf(constraints), "results": results}})
		return err
	})
}

// RedraftOf is the report that came with a draft; none when it was asked for anew.
func (d *Desk) RedraftOf(ctx context.Context, actor accounts.Account, draft int64) (review int64, list []Obeyed, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		var raw []byte
		err := tx.QueryRow(ctx, `select review_id, report from redraft where draft_id = $1`, draft).Scan(&review, &raw)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the report of draft %d: %w", draft, err)
		}
		return json.Unmarshal(raw, &list)
	})
	return review, list, err
}
