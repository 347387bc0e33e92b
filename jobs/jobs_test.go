package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/internal/queue"
	"advisor/jobs"
)

func TestAJobExistsOnlyIfItsTransactionCommits(t *testing.T) {
	ctx, d := t.Context(), dbtest.New(t)
	var ran atomic.Int64
	j := open(t, d, func(_ context.Context, application int64) error { ran.Add(application); return nil })
	stop := errors.New("stop")
	err := d.As(ctx, 1, func(tx pgx.Tx) error {
		return errors.Join(queue.Enqueue(ctx, tx, queue.Precedent, queue.PrecedentArgs{Application: 1000}), stop)
	})
	if !errors.Is(err, stop) {
		t.Fatalf("want the transaction undone, got %v", err)
	}
	for _, id := range []int64{1, 2, 4} {
		add(t, d, id)
	}
	n, err := j.Drain(ctx)
	if n != 3 || err != nil || ran.Load() != 7 {
		t.Errorf("want the 3 committed jobs done, got %d (sum %d), %v", n, ran.Load(), err)
	}
	if n, err = j.Drain(ctx); n != 0 || err != nil {
		t.Errorf("want nothing left, got %d, %v", n, err)
	}
}

func TestDrainTakesUpWhatADeadProgramLeft(t *testing.T) {
	ctx, d := t.Context(), dbtest.New(t)
	var ran atomic.Int64
	j := open(t, d, func(context.Context, int64) error { ran.Add(1); return nil })
	add(t, d, 1)
	err := d.Work(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update river.river_job set state = 'running', attempt = 1, attempted_by = '{gone}', attempted_at = now() - interval '4 minutes'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := j.Drain(ctx); n != 1 || err != nil || ran.Load() != 1 {
		t.Errorf("want the lost job done, got %d, %v", n, err)
	}
}

func TestAFailedJobIsReportedAndKept(t *testing.T) {
	ctx, d := t.Context(), dbtest.New(t)
	j := open(t, d, func(context.Context, int64) error { return errors.New("no room on disk") })
	add(t, d, 1)
	if _, err := j.Drain(ctx); err == nil || !strings.Contains(err.Error(), "no room on disk") {
		t.Errorf("want the job's own reason, got %v", err)
	}
	var state string
	err := d.Work(ctx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, `select state from river.river_job`).Scan(&state) })
	if err != nil || state != "retryable" && state != "available" {
		t.Errorf("want it kept for another try, got %q, %v", state, err)
	}
}

func TestServeSignsACheckpointAtOnce(t *testing.T) {
	d := dbtest.New(t)
	signed := make(chan struct{}, 1)
	j, err := jobs.New(d, jobs.Tasks{Checkpoint: func(context.Context) error { signed <- struct{}{}; return nil }}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-signed
	if err := j.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestTheAppCannotTakeOrChangeJobs(t *testing.T) {
	ctx, d := t.Context(), dbtest.New(t)
	add(t, d, 1)
	for _, sql := range []string{`delete from river.river_job`, `update river.river_job set state = 'completed'`, `insert into river.river_leader default values`} {
		err := d.As(ctx, 1, func(tx pgx.Tx) error { _, err := tx.Exec(ctx, sql); return err })
		if !db.Is(err, "42501") {
			t.Errorf("%s: want refused, got %v", sql, err)
		}
	}
}

func open(t *testing.T, d *db.DB, fn func(context.Context, int64) error) *jobs.Jobs {
	t.Helper()
	j, err := jobs.New(d, jobs.Tasks{Precedent: fn, Checkpoint: func(context.Context) error { return nil }}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func add(t *testing.T, d *db.DB, application int64) {
	t.Helper()
	err := d.As(t.Context(), 1, func(tx pgx.Tx) error {
		return queue.Enqueue(t.Context(), tx, queue.Precedent, queue.PrecedentArgs{Application: application})
	})
	if err != nil {
		t.Fatal(err)
	}
}
