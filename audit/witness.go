package audit

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
)

// Database is what a Witness asks of the database; *db.DB is one.
type Database interface {
	As(ctx context.Context, account int64, fn func(tx pgx.Tx) error) error
	Read(ctx context.Context, account int64, fn func(tx pgx.Tx) error) error
	Work(ctx context.Context, fn func(tx pgx.Tx) error) error
}

// Witness gives checkpoints and proofs to those that hold no transaction:
// anybody signed in may keep one and later hold the log to it.
type Witness struct {
	DB  Database
	Key *Key
	Now func() time.Time
}

// Checkpoint signs the log as it stands.
func (w Witness) Checkpoint(ctx context.Context) (c Checkpoint, err error) {
	err = w.DB.Work(ctx, func(tx pgx.Tx) error {
		c, err = Sign(ctx, tx, w.Key, w.Now())
		return err
	})
	return c, err
}

// Proof is Consistency, under the account's rights. A size beyond the log's own
// is answered with no proof and the log's size.
func (w Witness) Proof(ctx context.Context, account, older, newer int64) (proof tlog.TreeProof, size int64, err error) {
	err = w.DB.Read(ctx, account, func(tx pgx.Tx) error {
		if size, err = Size(ctx, tx); err != nil || newer > size {
			return err
		}
		proof, err = Consistency(ctx, tx, older, newer)
		return err
	})
	return proof, size, err
}
