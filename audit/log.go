package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
)

// Entry is a leaf as read back.
type Entry struct {
	Seq int64 `json:"seq"`
	Body
}

// Log reads up to limit leaves from seq on, oldest first.
func Log(ctx context.Context, tx pgx.Tx, from int64, limit int) ([]Entry, error) {
	rows, err := tx.Query(ctx, `select seq, body from audit_leaf where seq >= $1 order by seq limit $2`, from, limit)
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	return entries(rows)
}

// Recent reads the last limit leaves, newest first.
func Recent(ctx context.Context, tx pgx.Tx, limit int) ([]Entry, error) {
	rows, err := tx.Query(ctx, `select seq, body from audit_leaf order by seq desc limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	return entries(rows)
}

func entries(rows pgx.Rows) ([]Entry, error) {
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Entry, err error) {
		var body string
		if err = row.Scan(&e.Seq, &body); err == nil {
			err = json.Unmarshal([]byte(body), &e.Body)
		}
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	return list, nil
}

// Size is the number of leaves.
func Size(ctx context.Context, tx pgx.Tx) (size int64, err error) {
	err = tx.QueryRow(ctx, sizeSQL).Scan(&size)
	return size, err
}

// Consistency proves that the log of size newer extends the one of size older.
func Consistency(ctx context.Context, tx pgx.Tx, older, newer int64) (tlog.TreeProof, error) {
	return tlog.ProveTree(newer, older, nodes(ctx, tx))
}

// Refused logs an attempt that a rule stopped. It is called in a transaction of
// its own, because the refused one is rolled back.
func Refused(ctx context.Context, tx pgx.Tx, now time.Time, act string, actor int64, subject, code string) (int64, error) {
	return Append(ctx, tx, now, Leaf{Kind: "refused." + act, Actor: actor, Subject: subject, Data: map[string]any{"code": code}})
}
