// Package jobs works off the queue: thin callers of the rooms on River. Every
// task may run twice, after a crash or beside a slow twin, and must not mind.
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"advisor/corpus"
	"advisor/internal/db"
	"advisor/internal/queue"
)

const (
	// timeout is what one job may take; River cancels it then.
	timeout = 2 * time.Minute
	// rescue is when a job whose program died is given to another. Far below
	// River's hour, because every task may run twice.
	rescue = 3 * time.Minute
	// workers at once: imports and signing are short and share two cores with serve.
	workers = 2
)

// Tasks are the acts of the rooms that jobs call.
type Tasks struct {
	Precedent  func(ctx context.Context, application int64) error // takes an applied text into the corpus
	Checkpoint func(ctx context.Context) error                    // signs the log; hourly while serve runs
	Notify     func(ctx context.Context, seq int64) error         // tells people of what happened at a leaf
	Deliver    func(ctx context.Context) error                    // sends mails and calls webhooks that are due; every ten seconds while serve runs
	Lapse      func(ctx context.Context) error                    // flags what rests on law whose last day has passed; every ten minutes
	Clock      func(ctx context.Context) error                    // reminds of, stalls or escalates what is due; every minute while serve runs
	Learn      func(ctx context.Context) error                    // learns from what the committee decided; nightly
	Upload     func(ctx context.Context, file int64) error        // takes an uploaded file into the corpus
	UploadTime time.Duration                                      // what one may take
	Resume     func(ctx context.Context) error                    // queues again what a dead worker left; each minute
}

// Jobs works the queue of one database.
type Jobs struct {
	db    *db.DB
	tasks Tasks
	log   *slog.Logger
	run   *river.Client[pgx.Tx]
}

// New prepares to work off d's queue. Nothing runs before Start or Drain.
func New(d *db.DB, tasks Tasks, log *slog.Logger) (*Jobs, error) {
	j := &Jobs{db: d, tasks: tasks, log: log}
	hourly := river.NewPeriodicJob(river.PeriodicInterval(time.Hour), func() (river.JobArgs, *river.InsertOpts) {
		return checkpoint{}, &river.InsertOpts{MaxAttempts: 3}
	}, &river.PeriodicJobOpts{RunOnStart: true})
	night := river.NewPeriodicJob(nightly{}, func() (river.JobArgs, *river.InsertOpts) {
		return learn{}, &river.InsertOpts{MaxAttempts: 2}
	}, nil)
	var err error
	minutely := river.NewPeriodicJob(river.PeriodicInterval(time.Minute), func() (river.JobArgs, *river.InsertOpts) {
		return clock{}, &river.InsertOpts{MaxAttempts: 1} // the next minute tries again
	}, &river.PeriodicJobOpts{RunOnStart: true})
	often := river.NewPeriodicJob(river.PeriodicInterval(10*time.Second), func() (river.JobArgs, *river.InsertOpts) {
		return deliver{}, &river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByState: waiting}}
	}, nil)
	seldom := river.NewPeriodicJob(river.PeriodicInterval(10*time.Minute), func() (river.JobArgs, *river.InsertOpts) {
		return lapse{}, &river.InsertOpts{MaxAttempts: 1}
	}, &river.PeriodicJobOpts{RunOnStart: true})
	j.run, err = j.client(&river.Config{PeriodicJobs: append(j.resuming(), hourly, minutely, night, often, seldom)})
	return j, err
}

func (j *Jobs) client(cfg *river.Config) (*river.Client[pgx.Tx], error) {
	pool, err := j.db.Worker()
	if err != nil {
		return nil, err
	}
	cfg.Schema = queue.Schema
	cfg.Logger = slog.New(warnings{j.log.Handler()})
	cfg.JobTimeout, cfg.RescueStuckJobsAfter = timeout, rescue
	cfg.SoftStopTimeout = 8 * time.Second         // serve ends within ten
	cfg.ReindexerSchedule = river.NeverSchedule() // reindexing is the owner's right, not the worker's
	cfg.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}, queue.Uploads: {MaxWorkers: workers}}
	cfg.Workers = j.workers()
	client, err := river.NewClient(riverpgxv5.New(pool), cfg)
	if err != nil {
		return nil, fmt.Errorf("prepare job worker: %w", err)
	}
	return client, nil
}

// warnings lets River speak only when something is wrong: it counts its jobs
// aloud every few seconds.
type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}
func (w warnings) WithAttrs(a []slog.Attr) slog.Handler { return warnings{w.Handler.WithAttrs(a)} }
func (w warnings) WithGroup(name string) slog.Handler   { return warnings{w.Handler.WithGroup(name)} }

// Start works the queue until Stop.
func (j *Jobs) Start(ctx context.Context) error {
	if err := j.run.Start(ctx); err != nil {
		return fmt.Errorf("start job worker: %w", err)
	}
	return nil
}

// Stop ends the work; a job under way has eight seconds before it is cancelled,
// and is then taken up again by whoever works next.
func (j *Jobs) Stop(ctx context.Context) error {
	if err := j.run.Stop(ctx); err != nil {
		return fmt.Errorf("stop job worker: %w", err)
	}
	return nil
}

type precedent queue.PrecedentArgs

func (precedent) Kind() string { return queue.Precedent }

type notification queue.NotifyArgs

func (notification) Kind() string { return queue.Notify }

type deliver struct{}

func (deliver) Kind() string { return queue.Deliver }

type lapse struct{}

func (lapse) Kind() string { return queue.Lapse }

// waiting are the states in which one delivery round makes another needless.
var waiting = []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled}

type checkpoint struct{}

func (checkpoint) Kind() string { return queue.Checkpoint }

type clock struct{}

func (clock) Kind() string { return queue.Clock }

type learn struct{}

func (learn) Kind() string { return queue.Learn }

// nightly is half past two in the office's morning, when nobody asks.
type nightly struct{}

func (nightly) Next(now time.Time) time.Time {
	now = now.In(corpus.Zone)
	next := time.Date(now.Year(), now.Month(), now.Day(), 2, 30, 0, 0, corpus.Zone)
	if !next.After(now) {
		next = next.AddDate(0, 0, 1)
	}
	return next
}

// learner may take longer than other jobs.
type learner struct {
	river.WorkerDefaults[learn]
	do func(ctx context.Context) error
}

func (learner) Timeout(*river.Job[learn]) time.Duration { return 30 * time.Minute }

func (l learner) Work(ctx context.Context, _ *river.Job[learn]) error { return l.do(ctx) }

func (j *Jobs) workers() *river.Workers {
	all := river.NewWorkers()
	river.AddWorker(all, learner{do: j.tasks.Learn})
	river.AddWorker(all, river.WorkFunc(func(ctx context.Context, job *river.Job[precedent]) error {
		return j.tasks.Precedent(ctx, job.Args.Application)
	}))
	river.AddWorker(all, river.WorkFunc(func(ctx context.Context, _ *river.Job[checkpoint]) error {
		return j.tasks.Checkpoint(ctx)
	}))
	river.AddWorker(all, river.WorkFunc(func(ctx context.Context, _ *river.Job[clock]) error {
		if j.tasks.Clock == nil {
			return nil
		}
		return j.tasks.Clock(ctx)
	}))
	river.AddWorker(all, river.WorkFunc(func(ctx context.Context, job *river.Job[notification]) error {
		return j.tasks.Notify(ctx, job.Args.Seq)
	}))
	river.AddWorker(all, river.WorkFunc(func(ctx context.Context, _ *river.Job[deliver]) error {
		return j.tasks.Deliver(ctx)
	}))
	river.AddWorker(all, river.WorkFunc(func(ctx context.Context, _ *river.Job[lapse]) error {
		return j.tasks.Lapse(ctx)
	}))
	j.addUploads(all)
	return all
}
