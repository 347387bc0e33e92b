package experts

import (
	"context"
	"fmt"
	"time"

	"advisor/accounts"
	"advisor/advice"

	"github.com/jackc/pgx/v5"
)

// Filter narrows the list of reviews.
type Filter struct {
	Mine   bool  // only those the actor asked or sits on
	Turn   bool  // only those waiting for the actor
	State  State // empty: any
	Draft  int64 // 0: any
	Before int64 // only those with a smaller id: the next page
	Limit  int   // 0: 100
}

// Summary is one line of the list.
type Summary struct {
	ReviewID int64      `json:"review_id,string"`
	DraftID  int64      `json:"draft_id,string"`
	State    State      `json:"state"`
	Due      *time.Time `json:"due,omitempty"` // when the present stage is overdue
	Round    int        `json:"round"`
	Tier     int        `json:"tier"`
	Revision int        `json:"revision"`
	Hash     string     `json:"hash"`
	Title    string     `json:"title"` // the question; empty for those who may read neither it nor the draft
	Asker    string     `json:"asker"`
	OpenedAt time.Time  `json:"opened_at"`
	Conflict Conflict   `json:"conflict,omitempty"` // the actor's own answer, where seated
	Turn     Event      `json:"turn"`               // what is waiting for the actor
	Next     string     `json:"next"`               // what happens next, in words
}

// listSQL works out whose turn it is from the actor's own rows alone; the
// office's from the state. It must agree with Case.open.
const mineSQL = `with mine as (
  select r.id, r.draft_id, r.state, r.round, r.tier, r.revision, r.hash, r.asker, r.opened_at, r.due_at, m.conflict,
    case
      when m.conflict = 'undeclared' and not m.lapsed and r.state in ('routed', 'round1', 'deliberating', 'round2', 'stalled') then 'declare'
      when m.conflict = 'none' and m.delegated_to is null and not m.lapsed and r.state in ('routed', 'round1', 'round2') and r.author <> $1 and not $1 = any (r.editors) and r.asker <> $1
        and not exists (select from ballot b where b.review_id = r.id and b.account_id = $1 and b.round = r.round and b.hash = r.hash and b.claim is null) then 'vote'
      when $2 and r.state in ('screened', 'stalled') then 'route'
      when $2 and m.conflict is distinct from 'declared' and r.state = 'deliberating' then 'close'
      when $3 and m.conflict is distinct from 'declared' and (r.tier < 2 and r.state in ('approved', 'approved-edited') or r.state = 'adopted') then 'apply'
      when $2 and m.conflict is distinct from 'declared' and r.tier = 2 and r.state in ('approved', 'approved-edited') then 'refer'
      when $10 and m.account_id is null and r.state = 'legality' and f.result is null then 'legal'
      when $2 and m.conflict is distinct from 'declared' and r.state = 'legality' and f.result is not null then 'meet'
      when $3 and m.conflict is distinct from 'declared' and r.state = 'deliberated' then 'decide'
      else '' end as turn
  from review r left join panel_member m on m.review_id = r.id and m.account_id = $1
    left join lateral (select l.result from review_label l where r.state = 'legality' and l.review_id = r.id and l.kind = 'legality' and l.hash = r.hash order by l.id desc limit 1) f on true
  where ($4 = '' or r.state = $4) and ($5 = 0 or r.draft_id = $5) and ($6 = 0 or r.id < $6)
    and (not $7 or r.asker = $1 or coalesce(m.conflict, 'declared') <> 'declared')
    -- What is over is nobody's turn; said here, it is not looked at one by one.
    and (not $8 or r.state not in ('returned', 'rejected', 'withdrawn', 'applied', 'suspended', 'stale', 'superseded', 'retired')))
`

// listSQL cuts the list before it reads texts: each text is read under its
// policies, and that is what a long list would wait for.
const listSQL = mineSQL + `select x.id, x.draft_id, x.state, x.round, x.tier, x.revision, x.hash, coalesce(v.body::jsonb ->> 'question', review_subject(x.id), ''), a.login, x.opened_at, x.due_at, coalesce(x.conflict, ''), x.turn
from (select * from mine where not $8 or turn <> '' order by id desc limit $9) x
  join account a on a.id = x.asker left join lateral (select r.body from revision r where r.draft_id = x.draft_id and r.number = x.revision) v on true
order by x.id desc`

// List is the reviews that the actor may know of, newest first.
func (d *Desk) List(ctx context.Context, actor accounts.Account, f Filter) (list []Summary, err error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, listSQL, actor.ID, office(actor), actor.Has(accounts.Decider), string(f.State), f.Draft, f.Before, f.Mine, f.Turn, f.Limit, actor.Has(accounts.Legal))
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Summary, err error) {
			err = row.Scan(&s.ReviewID, &s.DraftID, &s.State, &s.Round, &s.Tier, &s.Revision, &s.Hash, &s.Title, &s.Asker, &s.OpenedAt, &s.Due, &s.Conflict, &s.Turn)
			s.Next = next(s.State, s.Turn)
			return s, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list reviews: %w", err)
	}
	return orEmpty(list), nil
}

// Waiting counts the reviews whose turn is the actor's, up to a thousand.
func (d *Desk) Waiting(ctx context.Context, actor accounts.Account) (n int, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, mineSQL+`select count(*) from (select from mine where turn <> '' limit $9) x`,
			actor.ID, office(actor), actor.Has(accounts.Decider), "", int64(0), int64(0), false, true, 1000, actor.Has(accounts.Legal)).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count what waits: %w", err)
	}
	return n, nil
}

// next says what happens next: what is waited for from the reader, or else from others.
func next(state State, turn Event) string {
	if words, ok := turns[turn]; ok {
		return words
	}
	return waits[state]
}

var turns = map[Event]string{
	Declare: "请先申报有无利益冲突", Vote: "请表决", Route: "请组成专家组", Dispose: "请书面答复意见", Close: "票已到齐，请结束本轮", Apply: "已审议通过，可以采纳落实",
	Refer: "已审议通过，请送合法性审查", Legal: "请作合法性审查", Meet: "合法性审查已通过，请登记集体讨论", Decide: "已集体讨论，请作出决定",
}

var waits = map[State]string{
	Screened: "等待秘书处组成专家组", Routed: "等待专家申报", Round1: "等待专家表决", Deliberating: "等待结束本轮", Round2: "等待专家表决新稿",
	Approved: "等待采纳落实", ApprovedEdited: "等待采纳落实", Stalled: "专家组不符合规则或者已到期，等待秘书处处理",
	Legality: "等待合法性审查和集体讨论", Deliberated: "等待决策人作出决定", Decided: "等待采纳落实",
}

// Standing is how far a draft has come, shown beside it.
type Standing struct {
	ReviewID      int64     `json:"review_id,string"`
	State         State     `json:"state"`
	Hash          string    `json:"hash"`
	ApplicationID int64     `json:"application_id,string,omitempty"`
	At            time.Time `json:"at"` // of the latest thing the actor may know of
	Next          string    `json:"next"`
}

// OfDrafts is the standing of each draft's newest review, for those that have one.
func (d *Desk) OfDrafts(ctx context.Context, actor accounts.Account, drafts []int64) (map[int64]Standing, error) {
	standings := map[int64]Standing{}
	err := d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select distinct on (r.draft_id) r.draft_id, r.id, r.state, r.hash, coalesce(p.id, 0),
			  coalesce((select max(e.at) from review_event e where e.review_id = r.id), r.opened_at)
			from review r left join application p on p.review_id = r.id
			where r.draft_id = any($1) order by r.draft_id, r.id desc`, drafts)
		if err != nil {
			return err
		}
		var draft int64
		var s Standing
		_, err = pgx.ForEachRow(rows, []any{&draft, &s.ReviewID, &s.State, &s.Hash, &s.ApplicationID, &s.At}, func() error {
			s.Next = next(s.State, "")
			standings[draft] = s
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read standings: %w", err)
	}
	return standings, nil
}

// Revisions are the texts of a review's draft, first to present, for those who
// may read them.
func (d *Desk) Revisions(ctx context.Context, actor accounts.Account, review int64) (list []advice.Revision, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		c, err := loadCase(ctx, tx, review, "")
		if err != nil {
			return err
		}
		for number := 1; number <= c.Revision; number++ {
			r, err := advice.LoadRevision(ctx, tx, c.DraftID, number)
			if err != nil {
				return err
			}
			list = append(list, r)
		}
		return nil
	})
	return list, err
}
