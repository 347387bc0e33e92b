package experts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"advisor/accounts"
	"advisor/experts/calendar"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// stage is the stage of the policy's clocks that a state belongs to; empty for
// states that nothing waits in.
func (s State) stage() string {
	switch s {
	case Screened:
		return "route"
	case Routed:
		return "declare"
	case Round1, Round2:
		return "round"
	case Deliberating:
		return "discuss"
	case Legality:
		return "legality"
	case Deliberated:
		return "decide"
	}
	return ""
}

// due is when the present stage is overdue, nil when nothing waits. The legal
// section has what it was given.
func (c *Case) due(now time.Time) *time.Time {
	days := c.Policy.Clocks[c.State.stage()]
	switch {
	case c.State == Legality && c.finding() != "":
		days = c.Policy.Clocks["decide"]
	case c.State == Legality && c.Workdays > 0:
		days = c.Workdays
	}
	if days == 0 || c.Calendar == nil {
		return nil
	}
	at := c.Calendar.Add(now, days)
	return &at
}

// overdue is what the clock does when a stage's time is over. Members who never
// declared lapse and are replaced where the roster has somebody; otherwise the
// panel's stages stall. Stages that are others' (the legal section, the
// deciding body) only escalate. Nothing is ever approved by time passing.
func (c *Case) overdue(substitutes []Seat) (lapsed []int64, added []Seat, escalate bool, err error) {
	if c.State == Routed {
		lapsed = c.lapse()
		if added = c.substitute(substitutes); len(lapsed) > 0 && len(c.Policy.unmet(c.seated(), c.Department)) == 0 {
			return lapsed, added, false, c.step(Route)
		}
		c.Seats = c.Seats[:len(c.Seats)-len(added)]
		added = nil
	}
	if c.place(Expire) != nil {
		return nil, nil, true, nil
	}
	return lapsed, added, false, c.step(Expire)
}

// lapse marks the seats whose members never declared.
func (c *Case) lapse() (accounts []int64) {
	for i := range c.Seats {
		s := &c.Seats[i]
		if s.Conflict == Undeclared && s.To == 0 && !s.Lapsed {
			s.Lapsed = true
			accounts = append(accounts, s.Account)
		}
	}
	return accounts
}

// Remind and Escalate are the clock's words to people; they move nothing.
const (
	Remind     Event = "remind"
	Escalate   Event = "escalate"
	Substitute Event = "substitute"
)

// Tick is the clock's round: it reminds of what is due within a working day,
// stalls, substitutes or escalates what is overdue, each review in a
// transaction of its own. Running it twice, or on two servers, changes nothing more.
func (d *Desk) Tick(ctx context.Context) (acted int, err error) {
	var ids []int64
	err = d.DB.Work(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select id from review where due_at < $1 or due_at < $2 and reminded_at is null order by due_at`, d.Now(), d.Now().Add(96*time.Hour))
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("look for what is due: %w", err)
	}
	var failed []error
	for _, id := range ids {
		did, err := d.tick(ctx, id)
		if err != nil {
			failed = append(failed, fmt.Errorf("clock of review %d: %w", id, err))
		}
		if did {
			acted++
		}
	}
	return acted, errors.Join(failed...)
}

func (d *Desk) tick(ctx context.Context, id int64) (did bool, err error) {
	d = d.still()
	err = d.DB.Work(ctx, func(tx pgx.Tx) error {
		did = false
		c, err := lockCase(ctx, tx, id)
		if err != nil {
			return err
		}
		var due, reminded *time.Time
		if err := tx.QueryRow(ctx, `select due_at, reminded_at from review where id = $1`, id).Scan(&due, &reminded); err != nil {
			return fmt.Errorf("read the clock: %w", err)
		}
		now := d.Now()
		switch {
		case due == nil:
			return nil // somebody acted in between
		case due.Before(now):
			did = true
			return d.ring(ctx, tx, c, *due)
		case reminded == nil && c.Calendar.Between(now, *due) <= 1:
			did = true
			if _, err := tx.Exec(ctx, `update review set reminded_at = $2 where id = $1`, id, now); err != nil {
				return fmt.Errorf("note the reminder: %w", err)
			}
			_, err := d.write(ctx, tx, accounts.Account{}, c, Step{Remind, c.State, c.State}, record{data: map[string]any{"due": due.UTC().Format(time.RFC3339)}})
			return err
		}
		return nil
	})
	return did, err
}

// ring does what an overdue stage calls for and writes it down.
func (d *Desk) ring(ctx context.Context, tx pgx.Tx, c *Case, due time.Time) error {
	candidates, err := d.candidates(ctx, tx, c)
	if err != nil {
		return err
	}
	before := *c
	lapsed, added, escalate, err := c.overdue(c.free(candidates))
	if err != nil {
		return err
	}
	data := map[string]any{"due": due.UTC().Format(time.RFC3339)}
	if escalate {
		// Once: the stage's clock is taken down, and the board shows it as overdue.
		if _, err := tx.Exec(ctx, `update review set due_at = null where id = $1`, c.ID); err != nil {
			return fmt.Errorf("take the clock down: %w", err)
		}
		_, err := d.write(ctx, tx, accounts.Account{}, c, Step{Escalate, c.State, c.State}, record{data: data})
		return err
	}
	if err := saveLapsed(ctx, tx, c.ID, lapsed); err != nil {
		return err
	}
	if err := insertSeats(ctx, tx, c.ID, added, 0, d.Now()); err != nil {
		return err
	}
	if err := d.saveTicked(ctx, tx, before, c); err != nil {
		return err
	}
	event := Expire
	if len(lapsed) > 0 && c.State != Stalled {
		event, data["lapsed"], data["substitutes"] = Substitute, lapsed, accountsOf(added)
	}
	_, err = d.write(ctx, tx, accounts.Account{}, c, Step{event, before.State, c.State}, record{data: data})
	return err
}

// saveTicked writes state and next due date with the few columns that the worker may write.
func (d *Desk) saveTicked(ctx context.Context, tx pgx.Tx, before Case, c *Case) error {
	_, err := tx.Exec(ctx, `update review set state = $2, due_at = $3, reminded_at = null where id = $1`, c.ID, c.State, c.due(d.Now()))
	if err != nil {
		return fmt.Errorf("save review %d, overdue in %s: %w", c.ID, before.State, err)
	}
	return nil
}

func saveLapsed(ctx context.Context, tx pgx.Tx, review int64, lapsed []int64) error {
	if len(lapsed) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `update panel_member set lapsed = true where review_id = $1 and account_id = any($2)`, review, lapsed)
	if err != nil {
		return fmt.Errorf("let seats lapse: %w", err)
	}
	return nil
}

// parseCalendar reads a calendar file, its mistake in words.
func parseCalendar(file string) (*calendar.Calendar, error) {
	c, err := calendar.Parse([]byte(file))
	if err != nil {
		return nil, problem.New(problem.Invalid, "bad-calendar", "日历没有保存", err.Error(), "请修改后重试")
	}
	return c, nil
}

// Calendar is the file in force and what it says.
func (d *Desk) Calendar(ctx context.Context, actor accounts.Account) (file string, c *calendar.Calendar, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `select coalesce((select body from calendar_file order by id desc limit 1), $1)`, string(calendar.Builtin())).Scan(&file)
		if err != nil {
			return fmt.Errorf("read the calendar: %w", err)
		}
		c, err = parseCalendar(file)
		return err
	})
	return file, c, err
}
