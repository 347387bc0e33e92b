package retrieval

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
)

// Sides is what the two engines take by themselves, and how much of what
// comparing every vector finds the vector engine finds. It says nothing of what
// is in the corpus.
type Sides struct {
	Lexical, Vector []time.Duration // for each question
	Recall          float64         // of the ten nearest
	RecallSlice     float64         // the same among one passage in a hundred
}

// slice is the share of passages, one in so many, that Measure tells apart.
const slice = 100

// Measure times the engines on questions, over all scopes, and compares some
// of what the vector engine finds with what PostgreSQL finds by comparing all.
func (x *Index) Measure(ctx context.Context, questions []string, compared int) (Sides, error) {
	v := x.current.Load()
	all, some := v.everything(x.p, 1), v.everything(x.p, slice)
	var s Sides
	for i, q := range questions {
		own, besides := v.lexis.queryTerms(q)
		started := time.Now()
		v.search(v.weigh(own, besides, x.p, all), depth, all)
		s.Lexical = append(s.Lexical, time.Since(started))
		vectors, err := x.Embed(ctx, []string{q})
		if err != nil || vectors == nil {
			return s, err
		}
		p := newProbe(modelHash(x.Embedder()), vectors[0])
		started = time.Now()
		v.nearest(p, all, depth)
		s.Vector = append(s.Vector, time.Since(started))
		if i >= compared {
			continue
		}
		for f, sum := range map[*filter]*float64{all: &s.Recall, some: &s.RecallSlice} {
			share, err := x.share(ctx, v.nearest(p, f, 10)[current], vectors[0], f == some)
			if err != nil {
				return s, err
			}
			*sum += share / float64(min(compared, len(questions)))
		}
	}
	return s, nil
}

// everything is the filter that hides no scope, and of the passages all but
// each n-th id.
func (v *view) everything(params params, n int64) *filter {
	f := v.newFilter(params, func(*version) int { return current })
	for p, x := range v.parts {
		for i, id := range x.ids {
			if id%n != 0 && f.tiers[p][i] != hidden {
				f.tiers[p][i] = hidden
				f.seen--
			}
		}
	}
	return f
}

// share gives how many of the truly nearest were found. What is as near as the
// last of them counts too: the same sentence stands in many versions.
func (x *Index) share(ctx context.Context, got []found, vector []float32, sliced bool) (share float64, err error) {
	every, ids := int64(1), make([]int64, len(got))
	if sliced {
		every = slice
	}
	for i, g := range got {
		ids[i] = g.id
	}
	err = x.db.Work(ctx, func(tx pgx.Tx) error {
		if err := knowVectors(ctx, tx); err != nil {
			return err
		}
		d := strconv.Itoa(x.Embedder().Dim())
		return tx.QueryRow(ctx, `with wanted as (select embedding::halfvec(`+d+`) <=> $2 as far from passage_vector
    where model = $1 and dim = `+d+` and passage_id % $3 = 0 order by far limit 10)
  select count(*)::float8 / greatest(1, (select count(*) from wanted)) from passage_vector
    where model = $1 and passage_id = any($4) and embedding::halfvec(`+d+`) <=> $2 <= (select max(far) from wanted) + 1e-6`,
			x.Embedder().Name(), pgvector.NewHalfVector(vector), every, ids).Scan(&share)
	})
	return share, err
}
