package experts

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"advisor/accounts"
	"advisor/advice"
	"advisor/corpus"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// Submit asks for a review of a draft's latest text. It screens the text first:
// what has no basis, or a basis no longer in force, is not worth experts' time.
func (d *Desk) Submit(ctx context.Context, actor accounts.Account, draft int64) (View, error) {
	return d.SubmitWith(ctx, actor, draft, "")
}

// longestNote bounds what may be said along with a submission, in characters.
const longestNote = 2000

// SubmitWith is Submit with a note for those who will review it; the history shows it.
func (d *Desk) SubmitWith(ctx context.Context, actor accounts.Account, draft int64, note string) (View, error) {
	d = d.still()
	if note = clean(note); utf8.RuneCountInString(note) > longestNote {
		return View{}, problem.New(problem.Invalid, "long-note", "没有提交审议", "附言超过 2000 个字", "请缩短后再提交")
	}
	var id int64
	err := d.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		c, err := d.draftCase(ctx, tx, actor, draft)
		if err != nil {
			return err
		}
		c.Path = []Step{{Submit, Drafted, Screened}}
		if c.ID, err = insertReview(ctx, tx, c, actor.ID, d.Now()); err != nil {
			return err
		}
		id = c.ID
		return d.settle(ctx, tx, actor, *c, c, Submit, record{text: note, data: c.opened()})
	})
	if err = attempted(Submit, named(err)); err != nil {
		return View{}, err
	}
	return d.Show(ctx, actor, id)
}

// draftCase is the case that a submission opens, if the draft passes.
func (d *Desk) draftCase(ctx context.Context, tx pgx.Tx, actor accounts.Account, draft int64) (*Case, error) {
	c := &Case{DraftID: draft, Round: 1}
	var status string
	err := tx.QueryRow(ctx, `select d.scope, d.status, d.account_id, a.department from draft d join account a on a.id = d.account_id where d.id = $1`, draft).
		Scan(&c.Scope, &status, &c.Asker, &c.Department)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, noDraft
	case err != nil:
		return nil, fmt.Errorf("load draft %d: %w", draft, err)
	case c.Asker != actor.ID && !office(actor) && !actor.Has(accounts.Admin):
		return nil, notYours
	case status != advice.Drafted:
		return nil, declinedDraft
	}
	text, err := advice.LatestRevision(ctx, tx, draft)
	if err != nil {
		return nil, err
	}
	var rejected bool
	if err := tx.QueryRow(ctx, `select exists (select from review where draft_id = $1 and hash = $2 and state = 'rejected')`, draft, text.Hash).Scan(&rejected); err != nil {
		return nil, fmt.Errorf("look for earlier reviews: %w", err)
	}
	if rejected {
		return nil, rejectedBefore
	}
	c.Revision, c.Hash, c.Author, c.Machine = text.Number, text.Hash, text.Author, text.Machine
	wants, err := d.unscreened(ctx, tx, text.Body)
	if err != nil {
		return nil, err
	}
	if c.State, err = Next(Drafted, Submit, Facts{Screened: len(wants) == 0}); err != nil {
		return nil, notScreened.because(sentence(wants))
	}
	if c.Committee, c.Tier, err = committeeFor(ctx, tx, c.Department); err != nil {
		return nil, err
	}
	if c.Policy, err = policyOf(ctx, tx, c.Committee, c.Tier); err != nil {
		return nil, err
	}
	c.Calendar, err = workdays(ctx, tx)
	return c, err
}

// unscreened lists what keeps a text from being reviewed or acted on: nothing
// that is a basis at all, or a basis that is not cited, not what its source
// says or not in force today. Claims already set apart as unverified are not
// bases, and are shown as such.
func (d *Desk) unscreened(ctx context.Context, tx pgx.Tx, body advice.Body) ([]string, error) {
	body.On = corpus.Today(d.Now()) // in force when acted on, whatever day was asked about
	_, findings, err := d.Check.Check(ctx, tx, body)
	if err != nil {
		return nil, fmt.Errorf("check citations: %w", err)
	}
	var wants []string
	bases := 0
	for i, claim := range body.Claims {
		if claim.Support == advice.Unsupported {
			continue
		}
		bases++
		for _, f := range findings {
			if f.Claim == i {
				wants = append(wants, fmt.Sprintf("第 %d 条论断：%s", i+1, f.Text))
			}
		}
	}
	if bases == 0 {
		wants = append(wants, "没有一条论断有依据")
	}
	return wants, nil
}

// opened is what the log keeps of a review's opening beside its moves.
func (c *Case) opened() map[string]any {
	return map[string]any{"draft": c.DraftID, "scope": c.Scope, "tier": c.Tier, "asker": c.Asker, "renews": c.Renews,
		"policy": digestOf(c.Policy), "department": digestOf(c.Department)}
}

func insertReview(ctx context.Context, tx pgx.Tx, c *Case, by int64, now time.Time) (id int64, err error) {
	err = tx.QueryRow(ctx, `insert into review (draft_id, scope, state, round, tier, policy, revision, hash, author, machine, asker, department, opened_by, opened_at, renews, committee_id, due_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, nullif($15, 0), nullif($16, 0), $17) returning id`,
		c.DraftID, c.Scope, c.State, c.Round, c.Tier, c.Policy, c.Revision, c.Hash, c.Author, c.Machine, c.Asker, c.Department, by, now, c.Renews, c.Committee, c.due(now)).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("open review: %w", err)
	}
	return id, nil
}

// Route seats a panel: the experts named, or, when none are named, the ones
// that the policy, their domains and their load suggest.
func (d *Desk) Route(ctx context.Context, actor accounts.Account, review int64, logins []string) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Route, func(tx pgx.Tx, c *Case) (record, error) {
		if !office(actor) {
			return record{}, notYours
		}
		candidates, err := d.candidates(ctx, tx, c)
		if err != nil {
			return record{}, err
		}
		var let []int64
		if c.State == Stalled && len(c.Policy.unmet(c.seated(), c.Department)) == 0 {
			let = c.lapse() // it stalled for want of answers, not of members: who never answered gives the seat up
		}
		seats, err := c.choose(candidates, logins)
		if err != nil {
			return record{}, err
		}
		had := len(c.Seats)
		if err := c.route(seats); err != nil {
			return record{}, err
		}
		added := c.Seats[had:]
		how := "policy"
		if len(logins) > 0 {
			how = "named"
		}
		if err := saveLapsed(ctx, tx, c.ID, let); err != nil {
			return record{}, err
		}
		return record{data: map[string]any{"seats": accountsOf(added), "how": how, "lapsed": let}}, insertSeats(ctx, tx, c.ID, added, actor.ID, d.Now())
	})
}

func accountsOf(seats []Seat) []int64 {
	ids := make([]int64, len(seats))
	for i, s := range seats {
		ids[i] = s.Account
	}
	return ids
}

// Declare enters a member's answer about conflicts of interest: "none", or in
// words what the conflict is. A conflict recuses, and a substitute is seated
// where the roster has one.
func (d *Desk) Declare(ctx context.Context, actor accounts.Account, review int64, conflict string) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Declare, func(tx pgx.Tx, c *Case) (record, error) {
		answer, text := None, ""
		if conflict = clean(conflict); conflict != string(None) {
			answer, text = Conflicted, conflict
		}
		if answer == Conflicted && text == "" {
			return record{}, textNeeded
		}
		candidates, err := d.candidates(ctx, tx, c)
		if err != nil {
			return record{}, err
		}
		was := c.seat(actor.ID)
		if was != nil && was.Conflict == None && answer == None {
			return record{}, nil // said before: nothing to write down
		}
		added, err := c.declare(actor.ID, answer, c.free(candidates))
		if err != nil {
			return record{}, err
		}
		// Seats first: once recused, the member may seat nobody.
		if err := insertSeats(ctx, tx, c.ID, added, actor.ID, d.Now()); err != nil {
			return record{}, err
		}
		commitment, err := insertDeclaration(ctx, tx, c.ID, actor.ID, answer, text, d.Now())
		if err != nil {
			return record{}, err
		}
		if c.State == Stale {
			if err := markStale(ctx, tx, c.ID); err != nil {
				return record{}, err
			}
		}
		return record{data: map[string]any{"conflict": string(answer), "commitment": commitment, "substitutes": accountsOf(added)}}, nil
	})
}
