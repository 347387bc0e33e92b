package experts

import (
	"context"
	"errors"
	"fmt"

	"advisor/accounts"
	"advisor/audit"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// Committee is one committee: of the office as a whole, or of one organ.
type Committee struct {
	ID          int64    `json:"committee_id,string,omitempty"`
	Name        string   `json:"name"`
	Organ       string   `json:"organ,omitempty"`
	Departments []string `json:"departments,omitempty"` // whose questions come here
	Tier        int      `json:"tier"`                  // the tier a review opens with
}

// SetCommittee names a committee and the tier that its reviews open with.
// Without an organ it is the office's own, the first.
func (d *Desk) SetCommittee(ctx context.Context, actor accounts.Account, c Committee) error {
	if c.Name, c.Organ = clean(c.Name), clean(c.Organ); c.Name == "" || c.Tier < 0 || c.Tier > 2 {
		return problem.New(problem.Invalid, "bad-committee", "没有保存", "委员会要有名称，审议级别应是 0、1 或 2", "请修改后重试")
	}
	return d.manage(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		var id int64
		err := tx.QueryRow(ctx, `select coalesce((select id from committee where organ = $1 and ($1 <> '' or id = 1)),
			case when $1 = '' then 1 else (select greatest(2, max(id) + 1) from committee) end, 2)`, c.Organ).Scan(&id)
		if err == nil {
			_, err = tx.Exec(ctx, `insert into committee (id, name, organ, departments, tier) values ($1, $2, $3, $4, $5)
				on conflict (id) do update set name = $2, organ = $3, departments = $4, tier = $5`, id, c.Name, c.Organ, orEmpty(c.Departments), c.Tier)
		}
		return audit.Leaf{Kind: "committee.set", Subject: audit.Subject("committee", id), Data: map[string]any{"tier": c.Tier}}, err
	})
}

// Committee is the office's own; before the first day it has the statute's own name.
func (d *Desk) Committee(ctx context.Context, actor accounts.Account) (c Committee, err error) {
	c = Committee{Name: "专家顾问委员会", Tier: 1}
	list, err := d.Committees(ctx, actor)
	if err == nil && len(list) > 0 {
		c = list[0]
	}
	return c, err
}

// Committees are all of them, the office's own first.
func (d *Desk) Committees(ctx context.Context, actor accounts.Account) (list []Committee, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select id, name, organ, departments, tier from committee order by id`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Committee, err error) {
			err = row.Scan(&c.ID, &c.Name, &c.Organ, &c.Departments, &c.Tier)
			return c, err
		})
		return err
	})
	return orEmpty(list), err
}

// committeeFor is the committee that a department's questions go to: the one
// that names it, else the office's own; 0 and tier 1 while there is none.
func committeeFor(ctx context.Context, tx pgx.Tx, department string) (id int64, tier int, err error) {
	err = tx.QueryRow(ctx, `select id, tier from committee where $1 = any(departments) or departments = '{}' or id = 1
		order by $1 = any(departments) desc, id limit 1`, department).Scan(&id, &tier)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, 1, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read committee: %w", err)
	}
	return id, tier, nil
}

// SetPolicy replaces a tier's policy, of one committee or of all that have none
// of their own. Reviews already open keep theirs.
func (d *Desk) SetPolicy(ctx context.Context, actor accounts.Account, p Policy) error {
	if err := p.Check(); err != nil {
		return err
	}
	return d.manage(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		_, err := tx.Exec(ctx, `insert into review_policy (committee_id, tier, body, set_by, set_at) values ($1, $2, $3, $4, $5)
			on conflict (committee_id, tier) do update set body = $3, set_by = $4, set_at = $5`, p.Committee, p.Tier, p, actor.ID, d.Now())
		return audit.Leaf{Kind: "committee.policy", Subject: audit.Subject("policy", int64(p.Tier)), Data: map[string]any{"committee": p.Committee, "policy": p}}, err
	})
}

// Policies are the policies in force, by tier; those of single committees after them.
func (d *Desk) Policies(ctx context.Context, actor accounts.Account) (list []Policy, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		list = nil
		for _, preset := range presets {
			p, err := policyOf(ctx, tx, 0, preset.Tier)
			if err != nil {
				return err
			}
			list = append(list, p)
		}
		rows, err := tx.Query(ctx, `select body from review_policy where committee_id <> 0 order by committee_id, tier`)
		if err != nil {
			return err
		}
		own, err := pgx.CollectRows(rows, pgx.RowTo[Policy])
		list = append(list, own...)
		return err
	})
	return list, err
}

// policyOf is a tier's policy: the committee's own, else the office's, else the preset.
func policyOf(ctx context.Context, tx pgx.Tx, committee int64, tier int) (Policy, error) {
	var p Policy
	err := tx.QueryRow(ctx, `select body from review_policy where tier = $2 and committee_id in (0, $1) order by committee_id desc limit 1`, committee, tier).Scan(&p)
	if errors.Is(err, pgx.ErrNoRows) {
		return presets[tier], nil
	}
	if err != nil {
		return Policy{}, fmt.Errorf("read policy of tier %d: %w", tier, err)
	}
	return p, nil
}

// Trial is what one past review would have come to under another policy.
type Trial struct {
	ReviewID int64    `json:"review_id,string"`
	State    State    `json:"state"`
	Was      bool     `json:"was"`   // whether it met its own policy
	Would    bool     `json:"would"` // whether it would meet this one
	Lack     []string `json:"lack"`
}

// TryPolicy weighs the newest reviews of the policy's tier by it, and changes
// nothing. Reviews whose ballots are still sealed are left out.
func (d *Desk) TryPolicy(ctx context.Context, actor accounts.Account, p Policy, limit int) (trials []Trial, err error) {
	if !staff(actor) {
		return nil, notYours
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select id from review where tier = $1 and state not in ('screened', 'routed', 'round1', 'round2', 'stalled')
			and not exists (select from panel_member m where m.review_id = review.id and m.account_id = $3 and m.conflict <> 'none') order by id desc limit $2`, p.Tier, limit, actor.ID)
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		trials = []Trial{}
		for _, id := range ids {
			c, err := loadCase(ctx, tx, id, "")
			if err != nil {
				return err
			}
			trials = append(trials, c.try(p))
		}
		return nil
	})
	return trials, err
}

func (c *Case) try(p Policy) Trial {
	t := Trial{ReviewID: c.ID, State: c.State, Was: c.facts().Met}
	c.Policy = p
	t.Would, t.Lack = c.facts().Met, append(c.Policy.unmet(c.seated(), c.Department), c.Policy.lacking(c.Tally())...)
	t.Lack = orEmpty(t.Lack)
	return t
}
