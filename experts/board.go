package experts

import (
	"context"
	"fmt"
	"time"

	"advisor/accounts"

	"github.com/jackc/pgx/v5"
)

// Board is the office's view of all reviews: how many stand where, what is
// overdue or stalled, what has lost its basis, and who has how much in hand.
// Nothing in it depends on how anybody voted.
type Board struct {
	States  map[State]int `json:"states"`
	Pressed []Pressed     `json:"pressed"` // stalled, overdue or due soon, the most urgent first
	Loads   []Load        `json:"loads"`
	Stale   int           `json:"stale_flags"` // open
}

// Pressed is a review that wants somebody's hand.
type Pressed struct {
	ReviewID int64      `json:"review_id,string"`
	Title    string     `json:"title"`
	State    State      `json:"state"`
	Since    time.Time  `json:"since"` // the last move
	Due      *time.Time `json:"due,omitempty"`
	Overdue  bool       `json:"overdue"`
	Next     string     `json:"next"` // the next lawful step, in words
}

// Load is what one expert has in hand.
type Load struct {
	Name  string `json:"name"`
	Login string `json:"expert"`
	Open  int    `json:"open"`
}

// pressing is how far ahead the board looks.
const pressing = 3 * 24 * time.Hour

// Board reads it. Members may not: how many have voted where is theirs to learn
// from their own reviews.
func (d *Desk) Board(ctx context.Context, actor accounts.Account) (b Board, err error) {
	if !office(actor) && !actor.Has(accounts.Admin) && !actor.Has(accounts.Auditor) && !actor.Has(accounts.Decider) {
		return b, notYours
	}
	b.States = map[State]int{}
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select state, count(*) from review group by state`)
		if err != nil {
			return err
		}
		var s State
		var n int
		if _, err := pgx.ForEachRow(rows, []any{&s, &n}, func() error { b.States[s] = n; return nil }); err != nil {
			return err
		}
		if b.Pressed, err = pressed(ctx, tx, d.Now()); err != nil {
			return err
		}
		if b.Loads, err = loads(ctx, tx); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select count(*) from stale_flag f join application a on a.id = f.application_id
			where f.closed_at is null and a.state in ('applied', 'suspended', 'stale')`).Scan(&b.Stale)
	})
	if err != nil {
		return Board{}, fmt.Errorf("read the board: %w", err)
	}
	return b, nil
}

func pressed(ctx context.Context, tx pgx.Tx, now time.Time) ([]Pressed, error) {
	rows, err := tx.Query(ctx, `with x as (select r.id, r.draft_id, r.revision, r.state, r.due_at from review r
			where r.state = 'stalled' or r.due_at < $1 and r.state not in ('returned', 'rejected', 'withdrawn', 'applied', 'suspended', 'superseded', 'retired')
			order by r.due_at nulls first, r.id limit 100)
		select x.id, coalesce(v.body::jsonb ->> 'question', ''), x.state, x.due_at, coalesce((select max(e.at) from review_event e where e.review_id = x.id and e.from_state <> e.to_state), $2)
		from x left join revision v on v.draft_id = x.draft_id and v.number = x.revision order by x.due_at nulls first, x.id`, now.Add(pressing), now)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Pressed, err error) {
		err = row.Scan(&p.ReviewID, &p.Title, &p.State, &p.Due, &p.Since)
		p.Overdue = p.State == Stalled || p.Due != nil && p.Due.Before(now)
		p.Next = next(p.State, "")
		return p, err
	})
	return orEmpty(list), err
}

func loads(ctx context.Context, tx pgx.Tx) ([]Load, error) {
	rows, err := tx.Query(ctx, `select a.name, a.login, (select count(*) from panel_member m join review r on r.id = m.review_id
		  where m.account_id = e.account_id and m.conflict <> 'declared' and r.state in ('routed', 'round1', 'deliberating', 'round2', 'stalled')) as open
		from expert e join account a on a.id = e.account_id where e.active order by open desc, a.login limit 50`)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Load, err error) {
		err = row.Scan(&l.Name, &l.Login, &l.Open)
		return l, err
	})
	return orEmpty(list), err
}
