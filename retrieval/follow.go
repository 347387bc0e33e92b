package retrieval

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/corpus"
)

const (
	// pollEvery is how long a change waits when its notification got lost.
	pollEvery = 400 * time.Millisecond
	// pageSize bounds the memory of indexing: so many passages are cut and sorted at a time.
	pageSize = 4096
	// changeLimit bounds one step of following.
	changeLimit = 2000
	// saveAfter passages, or saveEvery with fewer, a new snapshot is written.
	saveAfter = 8192
	saveEvery = 2 * time.Minute
	// keepParts is how many small shards may stand beside the full ones.
	keepParts = 8
	// buryShare: with more than one dead passage in so many a shard is written anew.
	buryShare = 32
)

// Follow keeps the index up to date until ctx ends: at once when the database
// notifies, within half a second otherwise.
func (x *Index) Follow(ctx context.Context) {
	wake := make(chan struct{}, 1)
	var done sync.WaitGroup
	done.Go(func() { x.listen(ctx, wake) })
	defer done.Wait()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if err := x.Sync(ctx); err != nil && ctx.Err() == nil {
			x.log.Warn("search index could not follow", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-wake:
		}
	}
}

// listen wakes Follow on each notification. Polling goes on without it, so a
// lost connection only means a little delay.
func (x *Index) listen(ctx context.Context, wake chan<- struct{}) {
	for ctx.Err() == nil {
		if err := x.listenOnce(ctx, wake); err != nil && ctx.Err() == nil {
			x.log.Debug("no notifications of changes", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Second):
			}
		}
	}
}

func (x *Index) listenOnce(ctx context.Context, wake chan<- struct{}) error {
	pool, err := x.db.Worker()
	if err != nil {
		return err
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	// A listening connection must not go back to the pool.
	c := conn.Hijack()
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	if _, err := c.Exec(ctx, `listen corpus_change`); err != nil {
		return err
	}
	for {
		if _, err := c.WaitForNotification(ctx); err != nil {
			return err
		}
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// Sync applies every change that has been committed so far.
func (x *Index) Sync(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.sync(ctx)
}

func (x *Index) sync(ctx context.Context) error {
	if v := x.current.Load(); len(v.parts) == 0 && v.seq < 0 {
		if err := x.rebuild(ctx); err != nil {
			return err
		}
	}
	for {
		var changes []change
		var words int64
		err := x.db.Work(ctx, func(tx pgx.Tx) (err error) {
			if words, err = corpus.DictionarySeq(ctx, tx); err == nil {
				changes, err = changesAfter(ctx, tx, x.current.Load().seq, changeLimit)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("read changes: %w", err)
		}
		if words != x.lexis.seq {
			if err := x.relearn(ctx, words); err != nil {
				return err
			}
		}
		if len(changes) == 0 {
			if err := x.lateVectors(ctx); err != nil {
				return err
			}
			return x.saveSometimes(ctx)
		}
		if err := x.apply(ctx, changes); err != nil {
			return err
		}
		if err := x.save(ctx, saveAfter); err != nil {
			return err
		}
	}
}

func (x *Index) saveSometimes(ctx context.Context) error {
	if x.now().Sub(x.lastSave) < saveEvery {
		return nil
	}
	x.lastSave = x.now()
	return x.save(ctx, 64)
}

// rebuild indexes every passage of the database, page by page.
func (x *Index) rebuild(ctx context.Context) error {
	var seq int64
	var versions map[int64]*version
	err := x.db.Work(ctx, func(tx pgx.Tx) (err error) {
		// The number first: what is committed later is applied once more, which changes nothing.
		if seq, err = lastChange(ctx, tx); err == nil {
			versions, err = allVersions(ctx, tx)
		}
		return err
	})
	if err != nil || seq < 0 {
		return err
	}
	var parts []part
	for after := int64(0); ; {
		var rows []row
		err := x.db.Work(ctx, func(tx pgx.Tx) (err error) {
			rows, err = rowsAfter(ctx, tx, after, pageSize)
			return err
		})
		if err != nil {
			return fmt.Errorf("read passages: %w", err)
		}
		if len(rows) == 0 {
			break
		}
		fresh := []part{{shard: build(x.lexis.entries(rows), x.p)}}
		if _, err := x.addVectors(ctx, fresh, x.Embedder()); err != nil {
			return err
		}
		parts = compact(append(parts, fresh...))
		after = rows[len(rows)-1].id
	}
	x.publish(parts, versions, seq)
	return x.save(ctx, 1)
}

// apply brings changed versions into the view: passages that are gone die, new
// ones make a small shard, and dates and scopes are read again.
func (x *Index) apply(ctx context.Context, changes []change) error {
	v := x.current.Load()
	ids := make([]int64, 0, len(changes))
	for _, c := range changes {
		ids = append(ids, c.version)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	parts := slices.Clone(v.parts)
	versions := maps.Clone(v.versions)
	err := x.db.Work(ctx, func(tx pgx.Tx) error {
		now, err := someVersions(ctx, tx, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			delete(versions, id)
		}
		maps.Copy(versions, now)
		present, err := passageIDs(ctx, tx, ids)
		if err != nil {
			return err
		}
		fresh := bury(parts, ids, present)
		for page := range slices.Chunk(fresh, pageSize) {
			rows, err := rowsByID(ctx, tx, page)
			if err != nil {
				return err
			}
			if len(rows) > 0 {
				parts = append(parts, part{shard: build(x.lexis.entries(rows), x.p)})
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("apply changes: %w", err)
	}
	if _, err := x.addVectors(ctx, parts, x.Embedder()); err != nil {
		return err
	}
	parts = compact(parts)
	x.publish(parts, versions, changes[len(changes)-1].seq)
	return nil
}

// bury marks, in parts, the passages of the versions that are not present any
// more, and gives the present ones that are not in parts yet.
func bury(parts []part, versions, present []int64) (fresh []int64) {
	changed := make(map[int64]bool, len(versions))
	for _, id := range versions {
		changed[id] = true
	}
	missing := make(map[int64]bool, len(present))
	for _, id := range present {
		missing[id] = true
	}
	for p, x := range parts {
		var dead []int
		concerned := make([]bool, len(x.versions))
		for i, id := range x.versions {
			concerned[i] = changed[id]
		}
		if !slices.Contains(concerned, true) {
			continue
		}
		for i := range x.n {
			if !concerned[x.version[i]] || x.dead.has(i) {
				continue
			}
			if missing[x.ids[i]] {
				delete(missing, x.ids[i])
			} else {
				dead = append(dead, i)
			}
		}
		if len(dead) > 0 {
			parts[p] = x.bury(dead)
		}
	}
	return slices.Sorted(maps.Keys(missing))
}

// compact merges small shards so that few stand beside the full ones: the
// smallest together, up to the limit, again and again as they come.
func compact(parts []part) []part {
	for i, p := range parts {
		if p.dead.count() > p.n/buryShare {
			parts[i] = merge(parts[i : i+1])
		}
	}
	parts = slices.DeleteFunc(parts, func(p part) bool { return p.n == 0 })
	for {
		full := 0
		for _, p := range parts {
			full += p.live()
		}
		if len(parts) <= full/shardLimit+keepParts {
			return parts
		}
		slices.SortStableFunc(parts, func(a, b part) int { return a.live() - b.live() })
		n, sum := 0, 0
		for n < len(parts) && n < keepParts && sum+parts[n].live() <= shardLimit {
			sum += parts[n].live()
			n++
		}
		if n < 2 {
			return parts
		}
		merged := merge(parts[:n])
		parts = append([]part{merged}, parts[n:]...)
	}
}

// entries cuts rows into terms, on every processor.
func (x *lexis) entries(rows []row) []entry {
	out := make([]entry, len(rows))
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(rows); i += workers {
				out[i] = x.entry(rows[i])
			}
		})
	}
	wg.Wait()
	return out
}

func (x *lexis) entry(r row) entry {
	e := entry{id: r.id, version: r.version, label: labelHash(r.label, r.text)}
	e.text = hashTerms(x.cutter.Terms(r.text))
	e.context = hashTerms(x.cutter.Terms(r.context))
	for _, name := range append(namesOf(r.title, r.label), x.headings(r)...) {
		e.exact = append(e.exact, hashTerm(name))
	}
	return e
}

func hashTerms(terms []string) []uint64 {
	out := make([]uint64, len(terms))
	for i, t := range terms {
		out[i] = hashTerm(t)
	}
	return out
}
