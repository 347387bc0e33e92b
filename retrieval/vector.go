package retrieval

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
	pgxvector "github.com/pgvector/pgvector-go/pgx"

	"advisor/corpus"
	"advisor/embed"
)

const (
	// efSearch is HNSW's breadth: recall of the first hundred at a cost of about two milliseconds.
	efSearch = 120
	// indexFrom vectors on, the HNSW index is worth having; below, reading them all is as quick.
	indexFrom = 5000
)

type vectorState struct{ building atomic.Bool }

// nearVector is a passage with the cosine of its vector to the question's.
type nearVector struct {
	id     int64
	cosine float64
}

// Embedder is the model in use, nil when there is none.
func (x *Index) Embedder() embed.Embedder { return x.embedder }

// Embed gives the vectors of passages about to be saved, or nil without a model.
func (x *Index) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if x.embedder == nil || len(texts) == 0 {
		return nil, nil
	}
	vectors, err := x.embedder.Embed(ctx, texts)
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
	if x.embedder == nil || len(passages) == 0 {
		return nil
	}
	if len(vectors) != len(passages) {
		return fmt.Errorf("save vectors: %d vectors for %d passages", len(vectors), len(passages))
	}
	ids, half := make([]int64, len(passages)), make([]pgvector.HalfVector, len(passages))
	for i := range passages {
		ids[i], half[i] = passages[i].ID, pgvector.NewHalfVector(vectors[i])
	}
	return insertVectors(ctx, tx, x.embedder, scope, ids, half)
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

// quoted makes a model's name a literal. The planner uses a partial index only
// when its condition stands in the statement, so a parameter will not do.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func nearestSQL(e embed.Embedder) string {
	d := strconv.Itoa(e.Dim())
	return `select passage_id, 1 - (embedding::halfvec(` + d + `) <=> $1) from passage_vector
  where model = ` + quoted(e.Name()) + ` and dim = ` + d + `
  order by embedding::halfvec(` + d + `) <=> $1 limit $2`
}

// begin asks, in one round trip, which scopes the asker sees and, when there is
// a vector, for the passages nearest to it among those.
func begin(ctx context.Context, tx pgx.Tx, e embed.Embedder, vector []float32, k int) (scopes []string, near []nearVector, err error) {
	var b pgx.Batch
	b.Queue(`select acting_scopes()`).QueryRow(func(r pgx.Row) error { return r.Scan(&scopes) })
	if vector != nil {
		if err := knowVectors(ctx, tx); err != nil {
			return nil, nil, err
		}
		// Iterative: with few visible passages the scan goes on until it has enough of them.
		b.Queue(`select set_config('hnsw.ef_search', $1, true), set_config('hnsw.iterative_scan', 'relaxed_order', true)`, strconv.Itoa(max(efSearch, k)))
		b.Queue(nearestSQL(e), pgvector.NewHalfVector(vector), k).Query(func(rows pgx.Rows) (err error) {
			near, err = pgx.CollectRows(rows, scanNear)
			return err
		})
	}
	err = tx.SendBatch(ctx, &b).Close()
	return scopes, near, err
}

func scanNear(r pgx.CollectableRow) (nearVector, error) {
	var n nearVector
	return n, r.Scan(&n.id, &n.cosine)
}

// cosines gives the likeness of passages that only the words found.
func cosines(ctx context.Context, tx pgx.Tx, e embed.Embedder, vector []float32, ids []int64) ([]nearVector, error) {
	d := strconv.Itoa(e.Dim())
	rows, err := tx.Query(ctx, `select passage_id, 1 - (embedding::halfvec(`+d+`) <=> $1) from passage_vector
  where passage_id = any($2) and model = `+quoted(e.Name()), pgvector.NewHalfVector(vector), ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanNear)
}

// indexName is the HNSW index of a model: its name may hold anything, so a hash stands for it.
func indexName(e embed.Embedder) string {
	sum := sha256.Sum256([]byte(e.Name() + "/" + strconv.Itoa(e.Dim())))
	return "passage_vector_hnsw_" + hex.EncodeToString(sum[:6])
}

// EnsureVectorIndex makes the HNSW index of the model in use when there are
// enough vectors and it is missing. Building in bulk is several times faster
// than adding to it, so an import into an empty corpus does it last. Killed
// half-way it leaves nothing, and the next call starts again. Needs the owner.
func (x *Index) EnsureVectorIndex(ctx context.Context) error {
	if x.embedder == nil || !x.vectors.building.CompareAndSwap(false, true) {
		return nil
	}
	defer x.vectors.building.Store(false)
	pool, err := x.db.Owner(ctx)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		need, err := needsIndex(ctx, tx, x.embedder)
		if err != nil || !need {
			return err
		}
		d := strconv.Itoa(x.embedder.Dim())
		// The graph is built in memory as far as this reaches: 1.3 KB a passage at 256 dimensions.
		if _, err := tx.Exec(ctx, `set local maintenance_work_mem = '192MB'`); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `create index `+indexName(x.embedder)+` on passage_vector
  using hnsw ((embedding::halfvec(`+d+`)) halfvec_cosine_ops) with (m = 16, ef_construction = 64)
  where model = `+quoted(x.embedder.Name())+` and dim = `+d)
		if err != nil {
			return fmt.Errorf("build vector index: %w", err)
		}
		return nil
	})
}

// needsIndex takes a lock so that two processes do not build the same index,
// and looks whether it is there and worth it.
func needsIndex(ctx context.Context, tx pgx.Tx, e embed.Embedder) (bool, error) {
	var free, there bool
	err := tx.QueryRow(ctx, `select pg_try_advisory_xact_lock(hashtext($1)), to_regclass('public.' || $1) is not null`, indexName(e)).Scan(&free, &there)
	if err != nil || !free || there {
		return false, err
	}
	var n int
	// Counting stops at the limit; the index on (passage_id, model) would not help.
	err = tx.QueryRow(ctx, `select count(*) from (select from passage_vector where model = $1 and dim = $2 limit $3) t`, e.Name(), e.Dim(), indexFrom).Scan(&n)
	return n >= indexFrom, err
}

// fillBatch passages are embedded and stored together when a model is new.
const fillBatch = 256

// FillVectors embeds passages that have no vector of the model in use: after
// the model was changed, while the index goes on answering by words. It returns
// how many it made; 0 means that none are missing.
func (x *Index) FillVectors(ctx context.Context) (int, error) {
	if x.embedder == nil {
		return 0, nil
	}
	total, after := 0, int64(0)
	for {
		last, n, err := x.fillPage(ctx, after)
		if err != nil || last == 0 {
			return total, err
		}
		total, after = total+n, last
	}
}

// fillPage embeds the next passages after an id that lack a vector.
func (x *Index) fillPage(ctx context.Context, after int64) (last int64, n int, err error) {
	type lacking struct {
		id          int64
		scope, text string
	}
	var page []lacking
	err = x.db.Work(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select p.id, p.scope, p.context || ' ' || p.text from passage p
  where p.id > $1 and not exists (select from passage_vector v where v.passage_id = p.id and v.model = $2)
  order by p.id limit $3`, after, x.embedder.Name(), fillBatch)
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
	vectors, err := x.Embed(ctx, texts)
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
			if err := insertVectors(ctx, tx, x.embedder, scope, ids, half); err != nil {
				return err
			}
		}
		return nil
	})
	return page[len(page)-1].id, len(page), err
}

var errNoModel = errors.New("no embedding model is configured")
