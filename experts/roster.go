package experts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"advisor/accounts"
	"advisor/audit"
	"advisor/corpus"
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

	From       corpus.Date `json:"term_from,omitempty"`
	Until      corpus.Date `json:"term_until,omitempty"`
	MaxLoad    int         `json:"max_load"` // 0: no limit of its own
	Dissent    bool        `json:"dissent"`  // known to hold other views; may fill the seat for dissent
	Committees []int64     `json:"committees"`
	Left       string      `json:"left_reason,omitempty"`
}

// staff says whether the account may change roster and policies.
func staff(a accounts.Account) bool { return office(a) || a.Has(accounts.Admin) }

// AddExpert puts an account on the roster, or changes its line there.
func (d *Desk) AddExpert(ctx context.Context, actor accounts.Account, e Expert) (Expert, error) {
	if !slices.ContainsFunc(Kinds, func(k struct{ Kind, Words string }) bool { return k.Kind == e.Kind }) {
		return Expert{}, badKind
	}
	if e.Until != "" && e.From > e.Until || !validDay(e.From) || !validDay(e.Until) || e.MaxLoad < 0 {
		return Expert{}, problem.New(problem.Invalid, "bad-term", "名册没有更新", "任期的起止日期不对，或者承担件数为负", "请按 2026-01-01 的写法填写")
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
		if err := e.save(ctx, tx, d.Now()); err != nil {
			return audit.Leaf{}, err
		}
		return audit.Leaf{Kind: "committee.expert", Subject: audit.Subject("account", e.Account), Data: map[string]any{"kind": e.Kind, "committees": orEmpty(e.Committees)}}, nil
	})
	e.Active = err == nil
	return e, err
}

func validDay(d corpus.Date) bool {
	_, err := time.Parse(time.DateOnly, string(d))
	return d == "" || err == nil
}

// save writes the line; what was there before is replaced.
func (e Expert) save(ctx context.Context, tx pgx.Tx, now time.Time) error {
	_, err := tx.Exec(ctx, `insert into expert (account_id, kind, organisation, domains, title, active, added_at, term_from, term_until, max_load, dissent)
		values ($1, $2, $3, $4, $5, true, $6, nullif($7, '')::date, nullif($8, '')::date, $9, $10)
		on conflict (account_id) do update set kind = $2, organisation = $3, domains = $4, title = $5, active = true,
		  term_from = nullif($7, '')::date, term_until = nullif($8, '')::date, max_load = $9, dissent = $10, left_at = null, left_reason = ''`,
		e.Account, e.Kind, clean(e.Organisation), orEmpty(e.Domains), clean(e.Title), now, string(e.From), string(e.Until), e.MaxLoad, e.Dissent)
	if err != nil {
		return fmt.Errorf("store expert: %w", err)
	}
	if e.Committees == nil {
		return nil // the committees it belongs to stay as they are
	}
	if _, err := tx.Exec(ctx, `delete from expert_committee where account_id = $1 and not committee_id = any($2)`, e.Account, e.Committees); err != nil {
		return fmt.Errorf("store committees of expert: %w", err)
	}
	if _, err := tx.Exec(ctx, `insert into expert_committee (committee_id, account_id) select unnest($2::int[]), $1 on conflict do nothing`, e.Account, e.Committees); err != nil {
		return fmt.Errorf("store committees of expert: %w", err)
	}
	return nil
}

// RemoveExpert ends an expert's service; reviews in hand go on.
func (d *Desk) RemoveExpert(ctx context.Context, actor accounts.Account, login string) error {
	return d.LeaveRoster(ctx, actor, login, "")
}

// LeaveRoster ends an expert's service and, with a reason, keeps it in the integrity record.
func (d *Desk) LeaveRoster(ctx context.Context, actor accounts.Account, login, reason string) error {
	return d.manage(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		var id int64
		err := tx.QueryRow(ctx, `update expert set active = false, left_at = $2, left_reason = $3 where account_id = (select id from account where login = $1) returning account_id`,
			login, d.Now(), clean(reason)).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return audit.Leaf{}, noExpertLine
		}
		if err == nil && clean(reason) != "" {
			_, err = tx.Exec(ctx, `insert into expert_record (account_id, kind, text, added_by, at) values ($1, 'exit', $2, $3, $4)`, id, clean(reason), actor.ID, d.Now())
		}
		return audit.Leaf{Kind: "committee.expert-left", Subject: audit.Subject("account", id)}, err
	})
}

var badKind = problem.New(problem.Invalid, "bad-kind", "名册没有更新", "专家来源应是 vertical、horizontal、university、lawyer 或 department", "请重新选择")

var noExpertLine = problem.New(problem.NotFound, "no-expert", "名册没有更新", "名册上没有这个人", "请核对名册")

// Experts is the roster.
func (d *Desk) Experts(ctx context.Context, actor accounts.Account) (list []Expert, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select e.account_id, a.login, a.name, a.department, e.kind, e.organisation, e.domains, e.title, e.active and a.active,
			  coalesce(e.term_from::text, ''), coalesce(e.term_until::text, ''), e.max_load, e.dissent, e.left_reason,
			  array(select k.committee_id::bigint from expert_committee k where k.account_id = e.account_id order by 1),
			  (select count(*) from panel_member m join review r on r.id = m.review_id where m.account_id = e.account_id and m.conflict <> 'declared'
			   and r.state in ('routed', 'round1', 'deliberating', 'round2', 'stalled'))
			from expert e join account a on a.id = e.account_id order by e.account_id`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Expert, err error) {
			err = row.Scan(&e.Account, &e.Login, &e.Name, &e.Department, &e.Kind, &e.Organisation, &e.Domains, &e.Title, &e.Active,
				&e.From, &e.Until, &e.MaxLoad, &e.Dissent, &e.Left, &e.Committees, &e.Load)
			return e, err
		})
		return err
	})
	return orEmpty(list), err
}

// manage changes the committee's own data, with its leaf.
func (d *Desk) manage(ctx context.Context, actor accounts.Account, fn func(tx pgx.Tx) (audit.Leaf, error)) error {
	if !staff(actor) {
		return notYours
	}
	return d.logged(ctx, actor, fn)
}
