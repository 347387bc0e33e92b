// Package queue puts a job into the caller's own transaction: it exists if and
// only if that commits. Working the jobs is the room jobs' matter.
package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// Schema is where River keeps its tables.
const Schema = "river"

// The kinds of jobs. Arguments hold ids only: the queue's tables are exempt
// from row-level security.
const (
	Precedent  = "precedent"  // an applied text becomes a searchable document
	Checkpoint = "checkpoint" // the log's present state is signed
	Clock      = "clock"      // what is due or overdue is seen to
	Learn      = "learn"      // the search learns from what the committee decided
	Notify     = "notify"     // people are told of what happened to a review
	Deliver    = "deliver"    // mails and webhooks that are due
	Lapse      = "lapse"      // bases whose last day has passed are flagged
	Upload     = "upload"     // an uploaded file is taken into the corpus
	Resume     = "resume"     // uploaded files whose worker died are queued again
)

// PrecedentArgs are those of Precedent.
type PrecedentArgs struct {
	Application int64 `json:"application"`
}

// NotifyArgs are those of Notify: the leaf of what happened.
type NotifyArgs struct {
	Seq int64 `json:"seq"`
}

// UploadArgs are those of Upload.
type UploadArgs struct {
	File int64 `json:"file"`
}

// Uploads is the queue of uploaded files: however many there are, the other
// jobs do not wait behind them.
const Uploads = "uploads"

// client only inserts: it has no pool and starts nothing.
var client = sync.OnceValues(func() (*river.Client[pgx.Tx], error) {
	return river.NewClient(riverpgxv5.New(nil), &river.Config{Schema: Schema, Logger: slog.New(slog.DiscardHandler)})
})

// job gives any arguments the kind that River wants them to know themselves.
type job struct {
	kind string
	args any
}

func (j job) Kind() string                 { return j.kind }
func (j job) MarshalJSON() ([]byte, error) { return json.Marshal(j.args) }

// Enqueue adds a job of kind with args, which become JSON, to tx.
func Enqueue(ctx context.Context, tx pgx.Tx, kind string, args any) error {
	c, err := client()
	if err != nil {
		return fmt.Errorf("prepare queue: %w", err)
	}
	var opts *river.InsertOpts
	if kind == Upload {
		opts = &river.InsertOpts{Queue: Uploads, MaxAttempts: 5}
	}
	if _, err := c.InsertTx(ctx, tx, job{kind, args}, opts); err != nil {
		return fmt.Errorf("enqueue %s: %w", kind, err)
	}
	return nil
}
