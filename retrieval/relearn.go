package retrieval

import (
	"context"
	"fmt"
	"slices"
	"unicode"

	"github.com/jackc/pgx/v5"

	"advisor/corpus"
)

// relearn takes a changed dictionary over: the passages that contain a word
// which came or went are cut again, and with them the new words are published
// in one step. Everything else stays as it is.
func (x *Index) relearn(ctx context.Context, seq int64) error {
	v := x.current.Load()
	parts := slices.Clone(v.parts)
	var next *lexis
	err := x.db.Work(ctx, func(tx pgx.Tx) error {
		entries, err := corpus.DictionaryEntries(ctx, tx)
		if err != nil {
			return err
		}
		next = lexisOf(x.plain, seq, entries)
		affected, err := x.affected(ctx, tx, v, differing(v.lexis.words, next.words))
		if err != nil {
			return err
		}
		for page := range slices.Chunk(affected, pageSize) {
			rows, err := rowsByID(ctx, tx, page)
			if err != nil {
				return err
			}
			parts = recut(parts, rows, next, x.p)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("take the dictionary over: %w", err)
	}
	if _, err := x.addVectors(ctx, parts, x.Embedder()); err != nil {
		return err
	}
	x.lexis = next
	x.cutter.Learn(next.words) // for the other rooms
	x.publish(compact(parts), v.versions, v.seq)
	return nil
}

// recut replaces passages by the same ones cut anew.
func recut(parts []part, rows []row, l *lexis, p params) []part {
	if len(rows) == 0 {
		return parts
	}
	for i := range parts {
		var old []int
		for _, r := range rows {
			if at := parts[i].local(r.id); at >= 0 && !parts[i].dead.has(at) {
				old = append(old, at)
			}
		}
		if len(old) > 0 {
			parts[i] = parts[i].bury(old)
		}
	}
	return append(parts, part{shard: build(l.entries(rows), p)})
}

// differing gives the words that are in one list only; both are sorted.
func differing(a, b []string) (out []string) {
	for _, w := range a {
		if _, ok := slices.BinarySearch(b, w); !ok {
			out = append(out, w)
		}
	}
	for _, w := range b {
		if _, ok := slices.BinarySearch(a, w); !ok {
			out = append(out, w)
		}
	}
	return out
}

// affected gives the live passages that may contain one of the words: by their
// pairs of characters, which the index knows, or by asking the database for a
// word without such pairs.
func (x *Index) affected(ctx context.Context, tx pgx.Tx, v *view, words []string) ([]int64, error) {
	var out []int64
	for _, w := range words {
		pairs := pairsOf(w)
		if pairs == nil {
			found, err := passagesWith(ctx, tx, w)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
			continue
		}
		out = append(out, v.withAll(pairs)...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// pairsOf gives the hashes of a word's pairs, nil when it is not all Chinese.
func pairsOf(word string) []uint64 {
	runes := []rune(word)
	var out []uint64
	for i, r := range runes {
		if !unicode.Is(unicode.Han, r) {
			return nil
		}
		if i > 0 {
			out = append(out, hashTerm("_"+string(runes[i-1:i+1])))
		}
	}
	return out
}

// withAll gives the live passages that have every one of the terms.
func (v *view) withAll(hashes []uint64) (out []int64) {
	for _, x := range v.parts {
		var common []uint16
		for n, h := range hashes {
			from, to := x.find(h)
			if n == 0 {
				common = slices.Clone(x.low[from:to])
				continue
			}
			common = slices.DeleteFunc(common, func(l uint16) bool {
				_, ok := slices.BinarySearch(x.low[from:to], l)
				return !ok
			})
		}
		for _, l := range common {
			if !x.dead.has(int(l)) {
				out = append(out, x.ids[l])
			}
		}
	}
	return out
}
