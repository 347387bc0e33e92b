package experts

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"advisor/accounts"
	"advisor/advice"
	"advisor/experts/agreement"
	"advisor/internal/problem"
	"advisor/segment"

	"github.com/jackc/pgx/v5"
)

// Learned is what the committee's work tells about itself and about the
// machine: figures over rounds that are over, never a single open ballot.
type Learned struct {
	Agreement   map[string]agreement.Result `json:"agreement"` // of whole-text scores: nominal (for, neutral, against), ordinal, interval
	Drafts      []DraftRecord               `json:"drafts"`    // by drafter, model and prompt
	Experts     []ExpertRecord              `json:"experts"`
	Calibration []CaughtKind                `json:"calibration"` // by kind of seeded error
	Caught      agreement.Rate              `json:"caught"`
	Cases       map[string]int              `json:"cases"` // applied: evaluation, example
}

// DraftRecord is how one model under one prompt fared.
type DraftRecord struct {
	Drafter string `json:"drafter"`
	Model   string `json:"model"`
	Prompt  string `json:"prompt"`
	Reviews int    `json:"reviews"`
	// What became of them.
	Approved agreement.Rate `json:"approved"` // unchanged, edited or applied
	Unedited agreement.Rate `json:"unedited"` // of those, not a word changed
	Distance float64        `json:"distance"` // share of the machine's words that did not survive, on average over the approved
	Reasons  map[string]int `json:"reasons"`  // codes of objections and returns
	Scores   map[int]int    `json:"scores"`   // whole-text ballots by score
}

// ExpertRecord is one member's load and ways. It is for the office, not for comparison in public.
type ExpertRecord struct {
	Login    string         `json:"expert"`
	Name     string         `json:"name"`
	Seats    int            `json:"seats"`
	Open     int            `json:"open"` // reviews in hand
	Ballots  int            `json:"ballots"`
	Minutes  float64        `json:"minutes"` // median from opening to ballot
	Late     agreement.Rate `json:"late"`    // ballots outstanding when the clock rang, of all seats
	Caught   agreement.Rate `json:"caught"`  // seeded errors marked down
	Recusals int            `json:"recusals"`
}

// CaughtKind is how many seeded errors of one kind were caught.
type CaughtKind struct {
	Kind string         `json:"kind"`
	Rate agreement.Rate `json:"rate"`
}

// Rate is a share with its interval.
type Rate = agreement.Rate

var notForYou = problem.New(problem.Refused, "not-allowed", "没有打开统计", "统计供专委会秘书处、主任委员、管理员和审计使用", "如有需要，请联系秘书处")

// told is one ballot as the figures need it.
type told struct {
	review, account        int64
	round, score           int
	reason                 string
	claim, seeded          *int
	seconds                *float64
	drafter, model, prompt string
	kind                   *string
}

// Learned works the figures out.
func (d *Desk) Learned(ctx context.Context, actor accounts.Account) (l Learned, err error) {
	if !office(actor) && !actor.Has(accounts.Admin) && !actor.Has(accounts.Auditor) {
		return l, notForYou
	}
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		ballots, err := toldBallots(ctx, tx)
		if err != nil {
			return err
		}
		l.Agreement = agree(ballots)
		l.Caught, l.Calibration = caught(ballots)
		if l.Drafts, err = draftRecords(ctx, tx, ballots); err != nil {
			return err
		}
		if l.Experts, err = expertRecords(ctx, tx, ballots); err != nil {
			return err
		}
		l.Cases, err = caseUses(ctx, tx)
		return err
	})
	if err != nil {
		return Learned{}, fmt.Errorf("work out what was learned: %w", err)
	}
	return l, nil
}

func toldBallots(ctx context.Context, tx pgx.Tx) ([]told, error) {
	rows, err := tx.Query(ctx, `select review, account, round, score, reason, claim, seeded, seconds, drafter, model, prompt, seed_kind from learned_ballots() order by review, round, account, claim`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t told, err error) {
		err = row.Scan(&t.review, &t.account, &t.round, &t.score, &t.reason, &t.claim, &t.seeded, &t.seconds, &t.drafter, &t.model, &t.prompt, &t.kind)
		return t, err
	})
}

// agree measures agreement on decision codes alone: who chose the same score in
// other words agrees. Seeded items are left out, for their errors are ours.
func agree(ballots []told) map[string]agreement.Result {
	scores, sides := map[string]agreement.Unit{}, map[string]agreement.Unit{}
	for _, b := range ballots {
		if b.claim != nil || b.seeded != nil {
			continue
		}
		key := fmt.Sprint(b.review, "/", b.round)
		scores[key] = append(scores[key], float64(b.score))
		sides[key] = append(sides[key], float64(cmp.Compare(b.score, 0)))
	}
	return map[string]agreement.Result{
		"nominal":  agreement.Alpha(units(sides), agreement.Nominal),
		"ordinal":  agreement.Alpha(units(scores), agreement.Ordinal),
		"interval": agreement.Alpha(units(scores), agreement.Interval),
	}
}

// units in the order of their keys, so that the interval comes out the same each time.
func units(m map[string]agreement.Unit) (list []agreement.Unit) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		list = append(list, m[k])
	}
	return list
}

// catches says whether a member's ballots on a seeded item marked the error down:
// the claim itself, or the whole text.
func catches(ballots []told) map[[2]int64]bool {
	seen := map[[2]int64]bool{}
	for _, b := range ballots {
		if b.seeded == nil {
			continue
		}
		key := [2]int64{b.review, b.account}
		hit := b.score < 0 && (b.claim == nil || *b.claim == *b.seeded)
		seen[key] = seen[key] || hit
	}
	return seen
}

func caught(ballots []told) (all agreement.Rate, kinds []CaughtKind) {
	kindOf := map[int64]string{}
	for _, b := range ballots {
		if b.kind != nil {
			kindOf[b.review] = *b.kind
		}
	}
	hits, of := map[string]int{}, map[string]int{}
	n, total := 0, 0
	for key, hit := range catches(ballots) {
		kind := kindOf[key[0]]
		of[kind]++
		total++
		if hit {
			hits[kind]++
			n++
		}
	}
	for kind := range of {
		kinds = append(kinds, CaughtKind{kind, agreement.NewRate(hits[kind], of[kind])})
	}
	slices.SortFunc(kinds, func(a, b CaughtKind) int { return strings.Compare(a.Kind, b.Kind) })
	return agreement.NewRate(n, total), kinds
}

// draftRecords compares, for each model and prompt, what the machine wrote with
// what was approved.
func draftRecords(ctx context.Context, tx pgx.Tx, ballots []told) ([]DraftRecord, error) {
	rows, err := tx.Query(ctx, `select d.drafter, d.model, d.prompt, r.id, r.state, r.draft_id, r.revision,
		  coalesce((select e.data ->> 'reason' from review_event e where e.review_id = r.id and e.event = 'return' order by e.id desc limit 1), '')
		from review r join draft d on d.id = r.draft_id where not exists (select from calibration c where c.review_id = r.id) and r.renews is null order by r.id`)
	if err != nil {
		return nil, err
	}
	type line struct {
		key       [3]string
		id, draft int64
		state     State
		revision  int
		reason    string
	}
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l line, err error) {
		err = row.Scan(&l.key[0], &l.key[1], &l.key[2], &l.id, &l.state, &l.draft, &l.revision, &l.reason)
		return l, err
	})
	if err != nil {
		return nil, err
	}
	records := map[[3]string]*DraftRecord{}
	approved, unedited := map[[3]string]int{}, map[[3]string]int{}
	for _, l := range lines {
		r := records[l.key]
		if r == nil {
			r = &DraftRecord{Drafter: l.key[0], Model: l.key[1], Prompt: l.key[2], Reasons: map[string]int{}, Scores: map[int]int{}}
			records[l.key] = r
		}
		r.Reviews++
		if l.reason != "" {
			r.Reasons[l.reason]++
		}
		switch l.state {
		case Approved, ApprovedEdited, Legality, Deliberated, Decided, Applied, Suspended, Stale, Superseded, Retired:
			approved[l.key]++
			first, err := advice.LoadRevision(ctx, tx, l.draft, 1)
			if err != nil {
				continue // not in the reader's scopes
			}
			last, err := advice.LoadRevision(ctx, tx, l.draft, l.revision)
			if err != nil {
				continue
			}
			share := 1 - segment.Likeness(first.Body.Text(), last.Body.Text())
			if last.Number == 1 {
				unedited[l.key]++
				share = 0
			}
			r.Distance += share
		}
	}
	var list []DraftRecord
	for key, r := range records {
		for _, b := range ballots {
			if b.seeded != nil || [3]string{b.drafter, b.model, b.prompt} != key {
				continue
			}
			if b.claim == nil {
				r.Scores[b.score]++
			}
			if b.score < 0 && b.reason != "" {
				r.Reasons[b.reason]++
			}
		}
		if approved[key] > 0 {
			r.Distance /= float64(approved[key])
		}
		r.Approved, r.Unedited = agreement.NewRate(approved[key], r.Reviews), agreement.NewRate(unedited[key], approved[key])
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b DraftRecord) int {
		return cmp.Or(b.Reviews-a.Reviews, strings.Compare(a.Model, b.Model), strings.Compare(a.Prompt, b.Prompt))
	})
	return list, nil
}

func expertRecords(ctx context.Context, tx pgx.Tx, ballots []told) ([]ExpertRecord, error) {
	rows, err := tx.Query(ctx, `select e.account_id, a.login, a.name, count(m.review_id), count(m.review_id) filter (where m.conflict <> 'declared' and r.state in ('routed', 'round1', 'deliberating', 'round2', 'stalled')),
		  count(m.review_id) filter (where m.conflict = 'declared'), count(m.review_id) filter (where m.lapsed)
		from expert e join account a on a.id = e.account_id left join (panel_member m join review r on r.id = m.review_id) on m.account_id = e.account_id
		where e.active group by e.account_id, a.login, a.name order by a.login`)
	if err != nil {
		return nil, err
	}
	byAccount := map[int64][]float64{}
	count := map[int64]int{}
	for _, b := range ballots {
		if b.claim != nil {
			continue
		}
		count[b.account]++
		if b.seconds != nil && *b.seconds >= 0 {
			byAccount[b.account] = append(byAccount[b.account], *b.seconds/60)
		}
	}
	hits, of := map[int64]int{}, map[int64]int{}
	for key, hit := range catches(ballots) {
		of[key[1]]++
		if hit {
			hits[key[1]]++
		}
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r ExpertRecord, err error) {
		var id int64
		var late int
		if err = row.Scan(&id, &r.Login, &r.Name, &r.Seats, &r.Open, &r.Recusals, &late); err != nil {
			return r, err
		}
		r.Ballots, r.Minutes = count[id], median(byAccount[id])
		r.Late, r.Caught = agreement.NewRate(late, r.Seats), agreement.NewRate(hits[id], of[id])
		return r, nil
	})
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}

func caseUses(ctx context.Context, tx pgx.Tx) (map[string]int, error) {
	rows, err := tx.Query(ctx, `select use, count(*) from case_use group by use`)
	if err != nil {
		return nil, err
	}
	uses := map[string]int{"evaluation": 0, "example": 0}
	var use string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&use, &n}, func() error { uses[use] = n; return nil })
	return uses, err
}
