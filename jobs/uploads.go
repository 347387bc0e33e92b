package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"advisor/internal/queue"
)

type resume struct{}

func (resume) Kind() string { return queue.Resume }

type upload queue.UploadArgs

func (upload) Kind() string { return queue.Upload }

// uploadWorker has a limit of time of its own: a scan of a hundred pages takes minutes.
type uploadWorker struct {
	river.WorkerDefaults[upload]
	tasks Tasks
}

func (w *uploadWorker) Timeout(*river.Job[upload]) time.Duration { return w.tasks.UploadTime }

func (w *uploadWorker) Work(ctx context.Context, job *river.Job[upload]) error {
	return w.tasks.Upload(ctx, job.Args.File)
}

// resuming looks each minute for uploaded files that a dead worker left.
func (j *Jobs) resuming() []*river.PeriodicJob {
	if j.tasks.Resume == nil {
		return nil
	}
	return []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(time.Minute), func() (river.JobArgs, *river.InsertOpts) {
		return resume{}, &river.InsertOpts{MaxAttempts: 1}
	}, &river.PeriodicJobOpts{RunOnStart: true})}
}

func (j *Jobs) addUploads(all *river.Workers) {
	if j.tasks.Resume != nil {
		river.AddWorker(all, river.WorkFunc(func(ctx context.Context, _ *river.Job[resume]) error { return j.tasks.Resume(ctx) }))
	}
	if j.tasks.Upload != nil {
		river.AddWorker(all, &uploadWorker{tasks: j.tasks})
	}
}
