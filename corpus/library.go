package corpus

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Database is what a Library asks of the database; *db.DB is one.
type Database interface {
	Read(ctx context.Context, account int64, fn func(tx pgx.Tx) error) error
	As(ctx context.Context, account int64, fn func(tx pgx.Tx) error) error
}

// Library reads documents for those that hold no transaction, the pages. Each
// call reads under the account's rights.
type Library struct{ DB Database }

// Documents is List.
func (l Library) Documents(ctx context.Context, account int64, f Filter, on Date) (list []Listed, err error) {
	err = l.DB.Read(ctx, account, func(tx pgx.Tx) error {
		list, err = List(ctx, tx, f, on)
		return err
	})
	return list, err
}

// Document is Show.
func (l Library) Document(ctx context.Context, account, documentID, versionID int64, on Date) (shown Shown, err error) {
	err = l.DB.Read(ctx, account, func(tx pgx.Tx) error {
		shown, err = Show(ctx, tx, documentID, versionID, on)
		return err
	})
	return shown, err
}

// HasOriginal is HasOriginal.
func (l Library) HasOriginal(ctx context.Context, account, versionID int64) (kept bool, err error) {
	err = l.DB.Read(ctx, account, func(tx pgx.Tx) error {
		kept, err = HasOriginal(ctx, tx, versionID)
		return err
	})
	return kept, err
}

// Version is VersionByID.
func (l Library) Version(ctx context.Context, account, versionID int64) (v VersionView, err error) {
	err = l.DB.Read(ctx, account, func(tx pgx.Tx) error {
		v, err = VersionByID(ctx, tx, versionID)
		return err
	})
	return v, err
}

// Versions is History.
func (l Library) Versions(ctx context.Context, account, documentID int64, on Date) (list []ShownVersion, err error) {
	err = l.DB.Read(ctx, account, func(tx pgx.Tx) error {
		list, err = History(ctx, tx, documentID, on)
		return err
	})
	return list, err
}

// Doubts is Doubtful.
func (l Library) Doubts(ctx context.Context, account int64, today Date) (list []Doubtful, err error) {
	err = l.DB.Read(ctx, account, func(tx pgx.Tx) error {
		list, err = ListDoubts(ctx, tx, today)
		return err
	})
	return list, err
}

// Answer is AnswerDoubt.
func (l Library) Answer(ctx context.Context, account int64, now time.Time, a Answer) error {
	return l.DB.As(ctx, account, func(tx pgx.Tx) error { return AnswerDoubt(ctx, tx, now, account, a) })
}
