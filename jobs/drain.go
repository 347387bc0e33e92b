package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

// Drain works off what is due once and returns how many jobs were done: a
// command that enqueued something uses it when no serve may be there to do it.
// A failed job is reported and stays in the queue for a later try.
func (j *Jobs) Drain(ctx context.Context) (int, error) {
	due, err := j.wake(ctx)
	if err != nil || due == 0 {
		return 0, err
	}
	client, err := j.client(&river.Config{LeaderElectionDisabled: true, FetchPollInterval: 100 * time.Millisecond})
	if err != nil {
		return 0, err
	}
	events, unsubscribe := client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed)
	defer unsubscribe()
	var count tally
	counted := make(chan struct{})
	go func() {
		defer close(counted)
		for e := range events {
			count.add(e)
		}
	}()
	if err := client.Start(ctx); err != nil {
		return 0, fmt.Errorf("start job worker: %w", err)
	}
	err = j.untilIdle(ctx)
	if stop := client.Stop(context.WithoutCancel(ctx)); stop != nil {
		err = errors.Join(err, fmt.Errorf("stop job worker: %w", stop))
	}
	unsubscribe() // closes events
	<-counted
	return count.done, errors.Join(err, count.failed)
}

type tally struct {
	sync.Mutex
	done   int
	failed error
}

func (t *tally) add(e *river.Event) {
	t.Lock()
	defer t.Unlock()
	if e.Kind == river.EventKindJobCompleted {
		t.done++
		return
	}
	why := "unknown"
	if n := len(e.Job.Errors); n > 0 {
		why = e.Job.Errors[n-1].Error
	}
	t.failed = errors.Join(t.failed, fmt.Errorf("job %s: %s", e.Job.Kind, why))
}

// wake makes due what no leader has yet: retries whose time has come, and jobs
// whose program died. It says how many jobs are due or under way.
func (j *Jobs) wake(ctx context.Context) (due int, err error) {
	const sql = `
update river.river_job set state = 'available'
where state in ('retryable', 'scheduled') and scheduled_at <= now()
   or state = 'running' and attempted_at < now() - $1::interval`
	err = j.db.Work(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sql, rescue); err != nil {
			return fmt.Errorf("wake due jobs: %w", err)
		}
		due, err = pending(ctx, tx)
		return err
	})
	return due, err
}

func (j *Jobs) untilIdle(ctx context.Context) error {
	for {
		var n int
		err := j.db.Work(ctx, func(tx pgx.Tx) (err error) { n, err = pending(ctx, tx); return err })
		if err != nil || n == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(30 * time.Millisecond):
		}
	}
}

func pending(ctx context.Context, tx pgx.Tx) (n int, err error) {
	err = tx.QueryRow(ctx, `select count(*) from river.river_job where state in ('available', 'running')`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count due jobs: %w", err)
	}
	return n, nil
}
