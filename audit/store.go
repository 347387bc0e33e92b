package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
)

// querier is what reading needs of a transaction, a pool or a connection.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// lock takes the log's lock until tx ends and returns the number of leaves.
// The two statements travel together; each has a snapshot of its own, so the
// second sees what was committed while the first waited.
func lock(ctx context.Context, tx pgx.Tx) (size int64, err error) {
	var b pgx.Batch
	b.Queue(`select pg_advisory_xact_lock($1)`, lockKey)
	b.Queue(sizeSQL).QueryRow(func(row pgx.Row) error { return row.Scan(&size) })
	return size, tx.SendBatch(ctx, &b).Close()
}

const sizeSQL = `select coalesce(max(seq) + 1, 0) from audit_leaf`

// nodes reads stored hashes by tlog's index.
func nodes(ctx context.Context, q querier) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		if len(indexes) == 0 {
			return hashes, nil
		}
		place := make(map[int64][]int, len(indexes))
		for i, idx := range indexes {
			place[idx] = append(place[idx], i)
		}
		rows, err := q.Query(ctx, `select idx, hash from audit_node where idx = any($1)`, indexes)
		if err != nil {
			return nil, err
		}
		var idx int64
		var hash []byte
		_, err = pgx.ForEachRow(rows, []any{&idx, &hash}, func() error {
			if len(hash) != tlog.HashSize {
				return fmt.Errorf("stored hash %d has %d bytes", idx, len(hash))
			}
			for _, i := range place[idx] {
				hashes[i] = tlog.Hash(hash)
			}
			delete(place, idx)
			return nil
		})
		if err == nil && len(place) > 0 {
			err = errMissingNode
		}
		return hashes, err
	})
}

var errMissingNode = errors.New("a stored hash is missing from the log")

func insert(ctx context.Context, tx pgx.Tx, seq int64, body []byte, hashes []tlog.Hash) error {
	first := tlog.StoredHashIndex(0, seq)
	idx, raw := make([]int64, len(hashes)), make([][]byte, len(hashes))
	for i := range hashes {
		idx[i], raw[i] = first+int64(i), hashes[i][:]
	}
	var b pgx.Batch
	b.Queue(`insert into audit_leaf (seq, body) values ($1, $2)`, seq, string(body))
	b.Queue(`insert into audit_node (idx, hash) select * from unnest($1::bigint[], $2::bytea[])`, idx, raw)
	return tx.SendBatch(ctx, &b).Close()
}
