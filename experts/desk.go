// Package experts is the expert advisory committee at work: who sits on it, who
// reviews which draft, what they declared, how they voted on exactly which
// text, and the one gate, Apply, through which a recommendation is acted on.
//
// The rules are pure. state.go says which event leads from which state to
// which; case.go holds a review in memory and says who may do what to it; both
// know neither clock nor database. Desk loads a case under its row's lock, lets
// the rules act on it, and writes down what they decided together with a leaf
// in the audit log.
//
// Nothing here approves by itself: an error, a missing vote or a passed
// deadline leaves a review where it was or stalls it.
package experts

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"advisor/accounts"
	"advisor/advice"
	"advisor/audit"
	"advisor/internal/db"
	"advisor/internal/problem"
	"advisor/internal/queue"

	"github.com/jackc/pgx/v5"
)

// Checker verifies every claim of a text against what it cites; the advisor is one.
type Checker interface {
	Check(ctx context.Context, tx pgx.Tx, body advice.Body) (advice.Body, []advice.Finding, error)
}

// Config is what a Desk needs. Without a Key no receipts are given out.
type Config struct {
	DB    *db.DB
	Check Checker
	Key   *audit.Key
	Now   func() time.Time
	Log   *slog.Logger
}

// Desk is where reviews are worked on. It is safe for concurrent use.
type Desk struct{ Config }

// New makes a Desk.
func New(c Config) *Desk {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Desk{c}
}

// record is what goes down about an act beside the moves it made.
type record struct {
	text string         // what was written, for people
	data map[string]any // ids, hashes and codes, for the log

	after func() error // what follows once the move itself is written down
}

// act does one thing to one review: loads the case under its row's lock, lets
// fn act on it, and writes down where it led, each move with its leaf. A refused
// attempt is logged in a transaction of its own.
func (d *Desk) act(ctx context.Context, actor accounts.Account, review int64, event Event, fn func(tx pgx.Tx, c *Case) (record, error)) (View, error) {
	err := d.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		c, err := lockCase(ctx, tx, review)
		if err != nil {
			return err
		}
		before := *c
		r, err := fn(tx, c)
		if err != nil {
			return err
		}
		return d.settle(ctx, tx, actor, before, c, event, r)
	})
	if err = attempted(event, named(err)); err != nil {
		d.refused(ctx, actor, review, event, err)
		return View{}, err
	}
	return d.Show(ctx, actor, review)
}

// settle stores what the act changed and logs each move. It comes last, because
// from the first leaf on the transaction holds the log's lock.
func (d *Desk) settle(ctx context.Context, tx pgx.Tx, actor accounts.Account, before Case, c *Case, event Event, r record) error {
	if err := saveCase(ctx, tx, before, c, d.Now()); err != nil {
		return err
	}
	after := r.after
	moves := c.Path
	if len(moves) == 0 && r.data != nil {
		moves = []Step{{event, c.State, c.State}} // a remark moves nothing but is still said
	}
	for i, move := range moves {
		if i > 0 {
			r = record{}
		}
		if _, err := d.write(ctx, tx, actor, c, move, r); err != nil {
			return err
		}
	}
	if after != nil {
		return after()
	}
	return nil
}

// write appends the leaf of one move and the event that people read.
func (d *Desk) write(ctx context.Context, tx pgx.Tx, actor accounts.Account, c *Case, move Step, r record) (int64, error) {
	// All of the review's row that changes, so that the log alone gives it back.
	data := map[string]any{"from": string(move.From), "to": string(move.To), "round": c.Round, "revision": c.Revision, "hash": c.Hash,
		"author": c.Author, "machine": c.Machine, "editors": orEmpty(c.Editors)}
	for k, v := range r.data {
		data[k] = v
	}
	leaf := audit.Leaf{Kind: "review." + string(move.On), Actor: actor.ID, Subject: audit.Subject("review", c.ID), Data: data}
	seq, err := audit.Append(ctx, tx, d.Now(), leaf)
	if err != nil {
		return 0, err
	}
	if err := insertEvent(ctx, tx, c, actor.ID, move, r, seq, d.Now()); err != nil {
		return 0, err
	}
	if move.From == move.To && untold[move.On] {
		return seq, nil
	}
	return seq, queue.Enqueue(ctx, tx, queue.Notify, queue.NotifyArgs{Seq: seq})
}

// untold are the acts of which nobody is told while they move nothing.
var untold = map[Event]bool{Vote: true, Opine: true, Enter: true, Attach: true}

// refused logs an attempt that a rule stopped, so that attempts are seen even
// though what they tried was rolled back. Mistyped input and what one may not
// even see are not worth a leaf.
func (d *Desk) refused(ctx context.Context, actor accounts.Account, review int64, event Event, err error) {
	var p *problem.Problem
	if !errors.As(err, &p) || p.Kind != problem.Refused && p.Kind != problem.Conflict {
		return
	}
	err = d.DB.As(context.WithoutCancel(ctx), actor.ID, func(tx pgx.Tx) error {
		_, err := audit.Refused(ctx, tx, d.Now(), string(event), actor.ID, audit.Subject("review", review), p.Code)
		return err
	})
	if err != nil {
		d.Log.ErrorContext(ctx, "refused attempt not logged", "review", review, "actor", actor.ID, "err", err)
	}
}

// office says whether the account may run procedure: route, close, answer.
func office(a accounts.Account) bool { return a.Has(accounts.Secretary) || a.Has(accounts.Chair) }

// refusals maps the names of database constraints to the refusals that the rules
// give first; these are met only when two people act in the same instant.
var refusals = map[string]error{
	"ballot_once": alreadyVoted, "ballot_stale": staleHash, "ballot_own": ownEdit, "ballot_conflict": conflictDeclared,
	"ballot_member": notOnPanel, "ballot_reason": reasonNeeded, "ballot_score": badScore,
	"application_once": alreadyApplied, "review_live": alreadySubmitted, "review_approvals": notApproved,
	"opinion_own": ownOpinion, "application_in_force": notInForce.Problem, "review_renewal": alreadySubmitted, "application_calibration": calibrationItem, "label_stale": staleHash, "label_legality": legalOnPanel, "review_legality": notDecided, "review_decided": notDecided,
	"review_answered": unanswered, "meeting_own": ownRecord, "meeting_against": againstMajority, "entry_own": ownEntry, "ballot_marks": badMarks,
	"draw_order": drawOrder, "draw_seal_pkey": drawOrder, "draw_seal_side": drawOrder, "draw_pool_pkey": drawOrder,
	"label_paper": noPaper, "meeting_paper": noPaper, "entry_paper": noPaper, "panel_one_step": oneStep,
}

// named gives a broken constraint its refusal.
func named(err error) error {
	if refusal, ok := refusals[db.Constraint(err)]; ok {
		var p *problem.Problem
		if errors.As(refusal, &p) {
			return p.Because(err)
		}
	}
	return err
}
