package experts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
		return d.settle(ctx, tx, actor, *c, c, Submit, record{text: note, data: map[string]any{"draft": draft, "scope": c.Scope, "tier": c.Tier}})
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
	if c.Tier, err = defaultTier(ctx, tx); err != nil {
		return nil, err
	}
	c.Policy, err = policyOf(ctx, tx, c.Tier)
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

func insertReview(ctx context.Context, tx pgx.Tx, c *Case, by int64, now time.Time) (id int64, err error) {
	err = tx.QueryRow(ctx, `insert into review (draft_id, scope, state, round, tier, policy, revision, hash, author, machine, asker, department, opened_by, opened_at, renews)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, nullif($15, 0)) returning id`,
		c.DraftID, c.Scope, c.State, c.Round, c.Tier, c.Policy, c.Revision, c.Hash, c.Author, c.Machine, c.Asker, c.Department, by, now, c.Renews).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("open review: %w", err)
	}
	return id, nil
}

// Route seats a panel: the experts named, or, when none are named, the ones
// that the policy, their domains and their load suggest.
func (d *Desk) Route(ctx context.Context, actor accounts.Account, review int64, logins []string) (View, error) {
	return d.act(ctx, actor, review, Route, func(tx pgx.Tx, c *Case) (record, error) {
		if !office(actor) {
			return record{}, notYours
		}
		candidates, err := d.candidates(ctx, tx, c)
		if err != nil {
			return record{}, err
		}
		seats, err := c.choose(candidates, logins)
		if err != nil {
			return record{}, err
		}
		had := len(c.Seats)
		var let []int64
		if c.State == Stalled {
			let = c.lapse() // who never answered gives the seat up
		}
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

// choose takes the named candidates, or fills the panel up from all of them.
func (c *Case) choose(candidates []candidate, logins []string) ([]Seat, error) {
	if len(logins) > 0 {
		var seats []Seat
		for _, login := range logins {
			i := slices.IndexFunc(candidates, func(k candidate) bool { return k.login == login })
			if i < 0 {
				return nil, notExpert.Because(fmt.Errorf("%s", login))
			}
			if c.same(candidates[i].Account, c.Asker) {
				return nil, askerOnPanel
			}
			seats = append(seats, candidates[i].Seat)
		}
		return seats, nil
	}
	if len(c.seated()) > 0 && len(c.Policy.unmet(c.seated(), c.Department)) == 0 {
		return nil, nil // the panel stands; this resumes what was stalled
	}
	picks := c.picks(candidates)
	seats, ok := solve(c.Policy, c.Department, c.seated(), picks)
	if !ok {
		return nil, panelUnmet.because(fmt.Sprintf("名册上现有 %d 位可请的专家，组不成符合规则的专家组（%d 人，%s，本部门不超过 %d%%）；不能满足的是：%s",
			len(picks), c.Policy.Panel, map[bool]string{true: "单数", false: "单双数不限"}[c.Policy.Odd], c.Policy.Share,
			sentence(obstacles(c.Policy, c.Department, c.seated(), picks))))
	}
	return seats, nil
}

// picks are those who can still be seated, with what each costs: nobody's load
// grows while another who knows the matter as well has less to do, and knowing
// the matter outweighs a few reviews in hand.
func (c *Case) picks(candidates []candidate) (picks []pick) {
	for _, k := range candidates {
		if !c.same(k.Account, c.Asker) && !c.holds(k.Account) {
			picks = append(picks, pick{k.Seat, k.load*k.load + 4*max(0, 3-k.fits)})
		}
	}
	return picks
}

// free are the candidates who can still be seated.
func (c *Case) free(candidates []candidate) []Seat {
	var seats []Seat
	for _, k := range candidates {
		if !c.same(k.Account, c.Asker) && !c.holds(k.Account) {
			seats = append(seats, k.Seat)
		}
	}
	return seats
}

func accountsOf(seats []Seat) []int64 {
	ids := make([]int64, len(seats))
	for i, s := range seats {
		ids[i] = s.Account
	}
	return ids
}

// candidate is an expert who may see the review's scope.
type candidate struct {
	Seat
	login string
	load  int
	fits  int
}

// candidates are the experts who could sit, those first whose domains the
// question touches, then those with the fewest reviews in hand.
func (d *Desk) candidates(ctx context.Context, tx pgx.Tx, c *Case) ([]candidate, error) {
	rows, err := tx.Query(ctx, `select e.account_id, a.login, a.department, e.domains,
		  (select count(*) from panel_member m join review r on r.id = m.review_id
		   where m.account_id = e.account_id and m.conflict <> 'declared'
		     and r.state in ('routed', 'round1', 'deliberating', 'round2', 'stalled'))
		from expert e join account a on a.id = e.account_id
		where e.active and a.active and exists (select from account_role o where o.account_id = a.id and o.role = 'expert')
		  and ($1 = 'public' or exists (select from account_scope s where s.account_id = a.id and s.scope = $1)
		       or exists (select from account_role o where o.account_id = a.id and o.role = 'admin'))
		order by e.account_id`, c.Scope)
	if err != nil {
		return nil, fmt.Errorf("list candidates: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k candidate, err error) {
		err = row.Scan(&k.Account, &k.login, &k.Department, &k.Domains, &k.load)
		return k, err
	})
	if err != nil {
		return nil, fmt.Errorf("list candidates: %w", err)
	}
	subject, err := subjectOf(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	for i := range list {
		for _, domain := range list[i].Domains {
			if domain != "" && strings.Contains(subject, domain) {
				list[i].fits++
			}
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		if a.fits != b.fits {
			return b.fits - a.fits
		}
		return a.load - b.load
	})
	return list, nil
}

// subjectOf is the text in which experts' domains are looked for. A member who
// routes by recusing can no longer read the draft: then the order is by load.
func subjectOf(ctx context.Context, tx pgx.Tx, c *Case) (string, error) {
	r, err := advice.LoadRevision(ctx, tx, c.DraftID, c.Revision)
	var p *problem.Problem
	if errors.As(err, &p) && p.Kind == problem.NotFound {
		return "", nil
	}
	return r.Body.Text(), err
}

// Declare enters a member's answer about conflicts of interest: "none", or in
// words what the conflict is. A conflict recuses, and a substitute is seated
// where the roster has one.
func (d *Desk) Declare(ctx context.Context, actor accounts.Account, review int64, conflict string) (View, error) {
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
