package retrieval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
	pgxvector "github.com/pgvector/pgvector-go/pgx"

	"advisor/corpus"
	"advisor/embed"
	"advisor/internal/db"
)

// Embedder is the model in use, nil when there is none.
func (x *Index) Embedder() embed.Embedder {
	if m := x.serving.Load(); m != nil {
		return m.Embedder
	}
	return nil
}

// model is the embedder that serves, and since when it has taken another's place.
type model struct {
	embed.Embedder
	since time.Time // zero: from the beginning
}

// settling is how long after a change of models an import may still bring
// vectors of the model before.
const settling = 10 * time.Minute

// Use changes to another model. The one in use goes on serving until every
// vector that the new one has is in the index; whoever calls made them with
// Fill before. Passages that came meanwhile are FillVectors' matter.
func (x *Index) Use(ctx context.Context, e embed.Embedder) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	v := x.current.Load()
	parts := slices.Clone(v.parts)
	if _, err := x.addVectors(ctx, parts, e); err != nil {
		return fmt.Errorf("change to model %s: %w", e.Name(), err)
	}
	x.publish(parts, v.versions, v.seq)
	x.serving.Store(&model{e, x.now()})
	return nil
}

// Embed gives the vectors of passages about to be saved, or nil without a model.
func (x *Index) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	e := x.Embedder()
	if e == nil || len(texts) == 0 {
		return nil, nil
	}
	return embedWith(ctx, e, texts)
}

func embedWith(ctx context.Context, e embed.Embedder, texts []string) ([][]float32, error) {
	vectors, err := e.Embed(ctx, texts)
	if err != nil {
		return nil, fmt.Errorf("embed %d passages: %w", len(texts), err)
	}
	if len(vectors) != len(texts) {
		return nil, fmt.Errorf("embed %d passages: got %d vectors", len(texts), len(vectors))
	}
	return vectors, nil
}

// SaveVectors stores the vectors of passages just saved, in their transaction.
func (x *Index) SaveVectors(ctx context.Context, tx pgx.Tx, scope string, passages []corpus.SavedPassage, vectors [][]float32) error {
	m := x.serving.Load()
	if m == nil || len(passages) == 0 || x.now().Sub(m.since) < settling {
		return nil // FillVectors makes them
	}
	if len(vectors) != len(passages) {
		return fmt.Errorf("save vectors: %d vectors for %d passages", len(vectors), len(passages))
	}
	ids, half := make([]int64, len(passages)), make([]pgvector.HalfVector, len(passages))
	for i := range passages {
		ids[i], half[i] = passages[i].ID, pgvector.NewHalfVector(vectors[i])
	}
	return insertVectors(ctx, tx, m.Embedder, scope, ids, half)
}

func insertVectors(ctx context.Context, tx pgx.Tx, e embed.Embedder, scope string, ids []int64, vectors []pgvector.HalfVector) error {
	if err := knowVectors(ctx, tx); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `insert into passage_vector (passage_id, scope, model, dim, embedding)
  select u.id, $2, $3, $4, u.v from unnest($1::bigint[], $5::halfvec[]) as u(id, v) on conflict do nothing`,
		ids, scope, e.Name(), e.Dim(), vectors)
	if err != nil {
		return fmt.Errorf("save vectors: %w", err)
	}
	return nil
}

// knowVectors teaches the transaction's connection the extension's types, once.
func knowVectors(ctx context.Context, tx pgx.Tx) error {
	if _, ok := tx.Conn().TypeMap().TypeForName("halfvec"); ok {
		return nil
	}
	return pgxvector.RegisterTypes(ctx, tx.Conn())
}

// addVectors reads the vectors of a model that parts lack and puts them in. It
// gives how many there were.
func (x *Index) addVectors(ctx context.Context, parts []part, e embed.Embedder) (n int, err error) {
	if e == nil {
		return 0, nil
	}
	model := modelHash(e)
	for i := range parts {
		p := &parts[i]
		if p.plane == nil || p.plane.model != model || p.plane.dim != e.Dim() {
			p.plane = newPlane(p.n, e.Dim(), model).seal()
		}
		if p.plane.lacks <= p.dead.count() {
			continue
		}
		added, err := x.fillPlane(ctx, p, e)
		if err != nil {
			return n, fmt.Errorf("read vectors: %w", err)
		}
		n += added
	}
	return n, nil
}

// fillPlane replaces a part's plane by one with the vectors that have come since.
func (x *Index) fillPlane(ctx context.Context, p *part, e embed.Embedder) (n int, err error) {
	var lacking []int64
	for i, s := range p.plane.scale {
		if s == absent && !p.dead.has(i) {
			lacking = append(lacking, p.ids[i])
		}
	}
	var filled *plane
	for page := range slices.Chunk(lacking, pageSize) {
		err := x.db.Work(ctx, func(tx pgx.Tx) error {
			return vectorsOf(ctx, tx, e, page, func(id int64, v []float32) {
				if filled == nil {
					filled = p.plane.clone()
				}
				filled.put(p.local(id), v)
				n++
			})
		})
		if err != nil {
			return n, err
		}
	}
	if filled != nil {
		p.plane = filled.seal()
	}
	return n, nil
}

// lookEvery is how long vectors that came later than their passages wait: those
// of a new model, which another process may be making.
const lookEvery = time.Second

// lateVectors looks for vectors that passages of the index still lack.
func (x *Index) lateVectors(ctx context.Context) error {
	v := x.current.Load()
	e := x.Embedder()
	if e == nil || x.now().Sub(x.lastLook) < lookEvery {
		return nil
	}
	x.lastLook = x.now()
	parts := slices.Clone(v.parts)
	n, err := x.addVectors(ctx, parts, e)
	if err == nil && n > 0 {
		x.publish(parts, v.versions, v.seq)
	}
	return err
}

// fillBatch passages are embedded and stored together when a model is new.
const fillBatch = 256

// Choose says which of two models shall serve: the wanted one, unless it still
// lacks vectors while the one of before has them all; then the wanted one is
// next, for Prefer.
func Choose(ctx context.Context, d *db.DB, wanted, before embed.Embedder) (serving, next embed.Embedder, err error) {
	for _, e := range []embed.Embedder{wanted, before} {
		lacks, err := lacks(ctx, d, e)
		if err != nil {
			return nil, nil, fmt.Errorf("look for vectors of %s: %w", e.Name(), err)
		}
		switch {
		case e == wanted && !lacks, e == before && lacks:
			return wanted, nil, nil
		case e == before:
			return before, wanted, nil
		}
	}
	return wanted, nil, nil
}

func lacks(ctx context.Context, d *db.DB, e embed.Embedder) (some bool, err error) {
	err = d.Work(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select exists (select from passage p
  where not exists (select from passage_vector v where v.passage_id = p.id and v.model = $1))`, e.Name()).Scan(&some)
	})
	return some, err
}

// Prefer names the model that shall serve once FillVectors has made its vectors.
func (x *Index) Prefer(e embed.Embedder) { x.next.Store(&model{Embedder: e}) }

// FillVectors embeds passages that have no vector of the model in use, while
// the index goes on answering by words, and those of a model that is to take
// its place, while the old one goes on serving. It returns how many it made; 0
// means that none are missing.
func (x *Index) FillVectors(ctx context.Context) (int, error) {
	n, err := x.fillServing(ctx)
	next := x.next.Load()
	if err != nil || next == nil {
		return n, err
	}
	more, err := x.Fill(ctx, next.Embedder)
	if err != nil {
		return n + more, err
	}
	if err := x.Use(ctx, next.Embedder); err != nil {
		return n + more, err
	}
	x.next.CompareAndSwap(next, nil)
	return n + more, nil
}

func (x *Index) fillServing(ctx context.Context) (int, error) {
	e := x.Embedder()
	if e == nil {
		return 0, nil
	}
	total, err := x.Fill(ctx, e)
	if err != nil || total == 0 {
		return total, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.lastLook = time.Time{}
	return total, x.lateVectors(ctx)
}

// Fill makes the vectors that a model lacks, be it in use or soon to be, and
// says how many.
func (x *Index) Fill(ctx context.Context, e embed.Embedder) (total int, err error) {
	for after := int64(0); ; {
		last, n, err := x.fillPage(ctx, e, after)
		if err != nil || last == 0 {
			return total, err
		}
		total, after = total+n, last
	}
}

// Forget drops the vectors of all models but these.
func (x *Index) Forget(ctx context.Context, keep ...string) error {
	return x.db.Work(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `delete from passage_vector where model <> all($1)`, keep); err != nil {
			return fmt.Errorf("drop vectors of old models: %w", err)
		}
		return nil
	})
}

// fillPage embeds the next passages after an id that lack a vector.
func (x *Index) fillPage(ctx context.Context, e embed.Embedder, after int64) (last int64, n int, err error) {
	type lacking struct {
		id          int64
		scope, text string
	}
	var page []lacking
	err = x.db.Work(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select p.id, p.scope, p.context || ' ' || p.text from passage p
  where p.id > $1 and not exists (select from passage_vector v where v.passage_id = p.id and v.model = $2)
  order by p.id limit $3`, after, e.Name(), fillBatch)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (l lacking, err error) {
			return l, r.Scan(&l.id, &l.scope, &l.text)
		})
		return err
	})
	if err != nil || len(page) == 0 {
		return 0, 0, err
	}
	texts := make([]string, len(page))
	for i, l := range page {
		texts[i] = l.text
	}
	vectors, err := embedWith(ctx, e, texts)
	if err != nil {
		return 0, 0, err
	}
	byScope := make(map[string][]int)
	for i, l := range page {
		byScope[l.scope] = append(byScope[l.scope], i)
	}
	err = x.db.Work(ctx, func(tx pgx.Tx) error {
		for scope, members := range byScope {
			ids, half := make([]int64, len(members)), make([]pgvector.HalfVector, len(members))
			for j, i := range members {
				ids[j], half[j] = page[i].id, pgvector.NewHalfVector(vectors[i])
			}
			if err := insertVectors(ctx, tx, e, scope, ids, half); err != nil {
				return err
			}
		}
		return nil
	})
	return page[len(page)-1].id, len(page), err
}

var errNoModel = errors.New("no embedding model is configured")
