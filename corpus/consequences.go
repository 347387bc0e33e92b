package corpus

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/audit"
	"advisor/internal/queue"
)

// consequences settles, in the transaction that changed the dates of versions,
// what rests on them: the database says which applied recommendations are
// flagged (stale_flag_raise), each flagging gets its leaf and a job that tells
// its people. corpus itself knows nothing of reviews; it is here because every
// change of a version's dates ends here, whoever makes it.
func consequences(ctx context.Context, tx pgx.Tx, now time.Time, actor, cause int64, versions []int64) error {
	rows, err := tx.Query(ctx, `select review, application, from_state, to_state, round, revision, hash, flags, versions,
		coalesce(to_char(lapses_on, 'YYYY-MM-DD'), '') from stale_flag_raise($1, $2, $3, $4)`, versions, cause, actor, now)
	if err != nil {
		return fmt.Errorf("flag what rests on %d versions: %w", len(versions), err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Lapsed, err error) {
		err = row.Scan(&l.Review, &l.Application, &l.From, &l.To, &l.Round, &l.Revision, &l.Hash, &l.Flags, &l.Versions, &l.On)
		return l, err
	})
	if err != nil {
		return fmt.Errorf("flag what rests on %d versions: %w", len(versions), err)
	}
	for _, l := range list {
		if err := l.Log(ctx, tx, now, actor, cause); err != nil {
			return err
		}
	}
	return nil
}

// Lapsed is an application whose basis was changed or has lapsed.
type Lapsed struct {
	Review, Application int64
	From, To, Hash      string // where its review stood, and stands
	Round, Revision     int
	Flags, Versions     []int64
	On                  Date // the day from which the basis no longer holds; empty: over already
}

// Log writes the leaf of the flagging, the line of the review's history and the
// job that tells its people. cause is the leaf of the change that led to it.
func (l Lapsed) Log(ctx context.Context, tx pgx.Tx, now time.Time, actor, cause int64) error {
	data := map[string]any{"from": l.From, "to": l.To, "round": l.Round, "revision": l.Revision, "hash": l.Hash,
		"application": l.Application, "flags": l.Flags, "versions": l.Versions, "cause": cause, "lapses_on": string(l.On)}
	seq, err := audit.Append(ctx, tx, now, audit.Leaf{Kind: "review.flag", Actor: actor, Subject: audit.Subject("review", l.Review), Data: data})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `select stale_flag_logged($1, $2, $3, $4, $5, $6, $7, $8)`, l.Flags, l.Review, actor, now, l.From, l.To, data, seq)
	if err != nil {
		return fmt.Errorf("log the flags of application %d: %w", l.Application, err)
	}
	return queue.Enqueue(ctx, tx, queue.Notify, queue.NotifyArgs{Seq: seq})
}
