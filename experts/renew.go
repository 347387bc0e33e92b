package experts

import (
	"context"
	"fmt"

	"advisor/accounts"
	"advisor/advice"

	"github.com/jackc/pgx/v5"
)

// Renew opens a new review of what was applied, because its basis changed or
// because acting on it was suspended. It is a review like any other, with a
// panel, declarations and rounds of its own, except that the text it opens with
// may rest on what is no longer in force: mending that is its purpose, and the
// gate of Apply still asks for bases in force on the day.
func (d *Desk) Renew(ctx context.Context, actor accounts.Account, application int64) (View, error) {
	d = d.still()
	a, err := d.Application(ctx, actor, application)
	if err != nil {
		return View{}, err
	}
	var id int64
	err = d.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		old, err := lockCase(ctx, tx, a.ReviewID)
		if err != nil {
			return err
		}
		if !office(actor) && !actor.Has(accounts.Decider) && old.Asker != actor.ID {
			return notYours
		}
		if old.State != Applied && old.State != Stale && old.State != Suspended {
			return noLongerApplied
		}
		c, err := d.renewal(ctx, tx, old)
		if err != nil {
			return err
		}
		if c.ID, err = insertReview(ctx, tx, c, actor.ID, d.Now()); err != nil {
			return err
		}
		id = c.ID
		data := c.opened()
		data["application"] = application
		return d.settle(ctx, tx, actor, *c, c, Submit, record{data: data})
	})
	if err = attempted(Submit, named(err)); err != nil {
		return View{}, err
	}
	return d.Show(ctx, actor, id)
}

// renewal is the case that a renewal opens: the applied draft's last text.
func (d *Desk) renewal(ctx context.Context, tx pgx.Tx, old *Case) (*Case, error) {
	text, err := advice.LatestRevision(ctx, tx, old.DraftID)
	if err != nil {
		return nil, err
	}
	c := &Case{DraftID: old.DraftID, Renews: old.ID, Scope: old.Scope, State: Screened, Round: 1, Tier: old.Tier, Asker: old.Asker, Department: old.Department,
		Revision: text.Number, Hash: text.Hash, Author: text.Author, Machine: text.Machine, Path: []Step{{Submit, Drafted, Screened}}}
	c.Committee, c.Calendar = old.Committee, old.Calendar
	c.Policy, err = policyOf(ctx, tx, c.Committee, c.Tier)
	return c, err
}

// supersede puts the application of a renewal in the place of the one it
// renews, and closes the flags that led to it.
func (d *Desk) supersede(ctx context.Context, tx pgx.Tx, actor accounts.Account, c *Case, application int64) error {
	if c.Renews == 0 {
		return nil
	}
	old, err := lockCase(ctx, tx, c.Renews)
	if err != nil {
		return err
	}
	before := *old
	old.Renewed = true // the approval that this application has just passed the gate with
	if err := old.step(Supersede); err != nil {
		return err
	}
	var was int64
	var closed []int64
	err = tx.QueryRow(ctx, `select id, stale_flag_close(id, $2, $3) from application where review_id = $1`, old.ID, application, d.Now()).Scan(&was, &closed)
	if err != nil {
		return fmt.Errorf("close the flags of review %d: %w", old.ID, err)
	}
	if err := saveCase(ctx, tx, before, old, d.Now()); err != nil {
		return err
	}
	_, err = d.write(ctx, tx, actor, old, old.Path[0], record{data: map[string]any{"application": was, "superseded_by": application, "closed_flags": closed}})
	return err
}

// Retire ends acting on what was applied, for good and with a reason.
func (d *Desk) Retire(ctx context.Context, actor accounts.Account, application int64, reason string) (Application, error) {
	return d.stop(ctx, actor, application, Retire, "retired", reason)
}

// Suspend stops acting on what was applied, urgently and with a reason.
func (d *Desk) Suspend(ctx context.Context, actor accounts.Account, application int64, reason string) (Application, error) {
	return d.stop(ctx, actor, application, Suspend, "suspended", reason)
}

// Resume takes up again what was suspended, if every basis is still in force.
func (d *Desk) Resume(ctx context.Context, actor accounts.Account, application int64, reason string) (Application, error) {
	return d.stop(ctx, actor, application, Resume, "applied", reason)
}

func (d *Desk) stop(ctx context.Context, actor accounts.Account, application int64, event Event, state, reason string) (Application, error) {
	d = d.still()
	a, err := d.Application(ctx, actor, application)
	if err != nil {
		return Application{}, err
	}
	_, err = d.act(ctx, actor, a.ReviewID, event, func(tx pgx.Tx, c *Case) (record, error) {
		if !actor.Has(accounts.Decider) {
			return record{}, notYours
		}
		if reason = clean(reason); reason == "" {
			return record{}, textNeeded
		}
		if event == Resume {
			if err := d.stillInForce(ctx, tx, c); err != nil {
				return record{}, err
			}
		}
		if err := c.step(event); err != nil {
			return record{}, err
		}
		_, err := tx.Exec(ctx, `update application set state = $3, reason = $2 where id = $1`, application, reason, state)
		return record{text: reason, data: map[string]any{"application": application}}, err
	})
	if err != nil {
		return Application{}, err
	}
	return d.Application(ctx, actor, application)
}
