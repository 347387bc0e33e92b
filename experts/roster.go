package experts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"advisor/accounts"
	"advisor/audit"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// Kinds are where an expert comes from: levels above, neighbours, universities,
// lawyers, the office's own departments; with their words.
var Kinds = []struct{ Kind, Words string }{
	{"vertical", "上级部门"}, {"horizontal", "兄弟县市"}, {"university", "高校院所"}, {"lawyer", "律师"}, {"department", "本级部门"},
}

// Expert is one line of the roster.
type Expert struct {
	Account      int64    `json:"account_id,string"`
	Login        string   `json:"expert"`
	Name         string   `json:"name"`
	Department   string   `json:"department"`
	Kind         string   `json:"kind"`
	Organisation string   `json:"organisation"`
	Domains      []string `json:"domains"`
	Title        string   `json:"title"`
	Active       bool     `json:"active"`
	Load         int      `json:"load"` // reviews in hand
}

// Committee is the committee itself.
type Committee struct {
	Name string `json:"name"`
	Tier int    `json:"tier"` // the tier a review opens with
}

// staff says whether the account may change roster and policies.
func staff(a accounts.Account) bool { return office(a) || a.Has(accounts.Admin) }

// AddExpert puts an account on the roster, or changes its line there.
func (d *Desk) AddExpert(ctx context.Context, actor accounts.Account, e Expert) (Expert, error) {
	if !slices.ContainsFunc(Kinds, func(k struct{ Kind, Words string }) bool { return k.Kind == e.Kind }) {
		return Expert{}, problem.New(problem.Invalid, "bad-kind", "名册没有更新", "专家来源应是 vertical、horizontal、university、lawyer 或 department", "请重新选择")
	}
	err := d.manage(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		var expert bool
		err := tx.QueryRow(ctx, `select id, exists (select from account_role r where r.account_id = a.id and r.role = 'expert') from account a where login = $1`, e.Login).
			Scan(&e.Account, &expert)
		if errors.Is(err, pgx.ErrNoRows) {
			return audit.Leaf{}, problem.New(problem.NotFound, "no-account", "名册没有更新", "没有这个账号", "请先建立账号")
		}
		if err != nil {
			return audit.Leaf{}, fmt.Errorf("find account: %w", err)
		}
		if !expert {
			return audit.Leaf{}, problem.New(problem.Invalid, "no-expert-role", "名册没有更新", "这个账号没有“专家”岗位", "请管理员先为账号加上专家岗位")
		}
		_, err = tx.Exec(ctx, `insert into expert (account_id, kind, organisation, domains, title, active, added_at) values ($1, $2, $3, $4, $5, true, $6)
			on conflict (account_id) do update set kind = $2, organisation = $3, domains = $4, title = $5, active = true`,
			e.Account, e.Kind, clean(e.Organisation), orEmpty(e.Domains), clean(e.Title), d.Now())
		return audit.Leaf{Kind: "committee.expert", Subject: audit.Subject("account", e.Account), Data: map[string]any{"kind": e.Kind}}, err
	})
	e.Active = err == nil
	return e, err
}

// RemoveExpert ends an expert's service; reviews in hand go on.
func (d *Desk) RemoveExpert(ctx context.Context, actor accounts.Account, login string) error {
	return d.manage(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		var id int64
		err := tx.QueryRow(ctx, `update expert set active = false where account_id = (select id from account where login = $1) returning account_id`, login).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return audit.Leaf{}, problem.New(problem.NotFound, "no-expert", "名册没有更新", "名册上没有这个人", "请核对名册")
		}
		return audit.Leaf{Kind: "committee.expert-left", Subject: audit.Subject("account", id)}, err
	})
}

// Experts is the roster.
func (d *Desk) Experts(ctx context.Context, actor accounts.Account) (list []Expert, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select e.account_id, a.login, a.name, a.department, e.kind, e.organisation, e.domains, e.title, e.active and a.active,
			  (select count(*) from panel_member m join review r on r.id = m.review_id where m.account_id = e.account_id and m.conflict <> 'declared'
			   and r.state in ('routed', 'round1', 'deliberating', 'round2', 'stalled'))
			from expert e join account a on a.id = e.account_id order by e.account_id`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Expert, err error) {
			err = row.Scan(&e.Account, &e.Login, &e.Name, &e.Department, &e.Kind, &e.Organisation, &e.Domains, &e.Title, &e.Active, &e.Load)
			return e, err
		})
		return err
	})
	return orEmpty(list), err
}

// SetCommittee names the committee and the tier that reviews open with.
func (d *Desk) SetCommittee(ctx context.Context, actor accounts.Account, c Committee) error {
	if c.Name = clean(c.Name); c.Name == "" || c.Tier < 0 || c.Tier > 2 {
		return problem.New(problem.Invalid, "bad-committee", "没有保存", "委员会要有名称，审议级别应是 0、1 或 2", "请修改后重试")
	}
	return d.manage(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		_, err := tx.Exec(ctx, `insert into committee (name, tier) values ($1, $2) on conflict (id) do update set name = $1, tier = $2`, c.Name, c.Tier)
		return audit.Leaf{Kind: "committee.set", Subject: "committee/1", Data: map[string]any{"tier": c.Tier}}, err
	})
}

// Committee reads it; before the first day it has the statute's own name.
func (d *Desk) Committee(ctx context.Context, actor accounts.Account) (c Committee, err error) {
	c = Committee{Name: "专家顾问委员会", Tier: 1}
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `select name, tier from committee`).Scan(&c.Name, &c.Tier)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return c, err
}

// SetPolicy replaces a tier's policy. Reviews already open keep theirs.
func (d *Desk) SetPolicy(ctx context.Context, actor accounts.Account, p Policy) error {
	if err := p.Check(); err != nil {
		return err
	}
	return d.manage(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		_, err := tx.Exec(ctx, `insert into review_policy (tier, body, set_by, set_at) values ($1, $2, $3, $4)
			on conflict (tier) do update set body = $2, set_by = $3, set_at = $4`, p.Tier, p, actor.ID, d.Now())
		return audit.Leaf{Kind: "committee.policy", Subject: audit.Subject("policy", int64(p.Tier)), Data: map[string]any{"panel": p.Panel, "odd": p.Odd,
			"share": p.Share, "quorum": p.Quorum, "approvals": p.Approvals, "answer_at": p.AnswerAt}}, err
	})
}

// Policies are the policies in force, by tier.
func (d *Desk) Policies(ctx context.Context, actor accounts.Account) (list []Policy, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		for _, preset := range presets {
			p, err := policyOf(ctx, tx, preset.Tier)
			if err != nil {
				return err
			}
			list = append(list, p)
		}
		return nil
	})
	return list, err
}

// policyOf is a tier's policy, the preset while the office has set none.
func policyOf(ctx context.Context, tx pgx.Tx, tier int) (Policy, error) {
	p := presets[tier]
	err := tx.QueryRow(ctx, `select body from review_policy where tier = $1`, tier).Scan(&p)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Policy{}, fmt.Errorf("read policy of tier %d: %w", tier, err)
	}
	return p, nil
}

func defaultTier(ctx context.Context, tx pgx.Tx) (tier int, err error) {
	err = tx.QueryRow(ctx, `select coalesce((select c.tier from committee c), 1)`).Scan(&tier)
	if err != nil {
		return 0, fmt.Errorf("read committee: %w", err)
	}
	return tier, nil
}

// manage changes the committee's own data, with its leaf.
func (d *Desk) manage(ctx context.Context, actor accounts.Account, fn func(tx pgx.Tx) (audit.Leaf, error)) error {
	if !staff(actor) {
		return notYours
	}
	return d.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		leaf, err := fn(tx)
		if err != nil {
			return err
		}
		leaf.Actor = actor.ID
		_, err = audit.Append(ctx, tx, d.Now(), leaf)
		return err
	})
}
