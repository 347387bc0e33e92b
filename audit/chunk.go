package audit

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
)

// chunkSize is how many leaves are read at a time: a few megabytes.
const chunkSize = 4096

// chunk is a stretch of the log as stored, holes included.
type chunk struct {
	from, to int64
	bodies   map[int64]string
	hashes   map[int64]tlog.Hash // by tlog's index
}

// add puts a leaf's hash into the tree and says whether what became known is what is stored.
func (c chunk) add(f *frontier, h tlog.Hash) bool {
	idx := tlog.StoredHashIndex(0, f.size)
	same := true
	for i, known := range f.add(h) {
		stored, ok := c.hashes[idx+int64(i)]
		same = same && ok && stored == known
	}
	return same
}

// eachChunk reads leaves and hashes of [from, to) in order.
func eachChunk(ctx context.Context, q querier, from, to int64, fn func(chunk) error) error {
	for ; from < to; from += chunkSize {
		c := chunk{from: from, to: min(from+chunkSize, to), bodies: map[int64]string{}, hashes: map[int64]tlog.Hash{}}
		if err := c.read(ctx, q); err != nil {
			return fmt.Errorf("read leaves from %d: %w", from, err)
		}
		if err := fn(c); err != nil {
			return err
		}
	}
	return nil
}

func (c chunk) read(ctx context.Context, q querier) error {
	rows, err := q.Query(ctx, `select seq, body from audit_leaf where seq >= $1 and seq < $2`, c.from, c.to)
	if err != nil {
		return err
	}
	var seq int64
	var body string
	_, err = pgx.ForEachRow(rows, []any{&seq, &body}, func() error { c.bodies[seq] = body; return nil })
	if err != nil {
		return err
	}
	rows, err = q.Query(ctx, `select idx, hash from audit_node where idx >= $1 and idx < $2`,
		tlog.StoredHashIndex(0, c.from), tlog.StoredHashIndex(0, c.to))
	if err != nil {
		return err
	}
	var idx int64
	var hash []byte
	_, err = pgx.ForEachRow(rows, []any{&idx, &hash}, func() error {
		var h tlog.Hash
		copy(h[:], hash) // of another length it will simply not agree
		c.hashes[idx] = h
		return nil
	})
	return err
}
