package retrieval

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/internal/problem"
	"advisor/segment"
)

const (
	// depth is how many each side contributes; two top-100 lists hold all that fusion can use.
	depth = 100
	// pastDepth is how many not in force are looked at.
	pastDepth = 20
	// maxHits bounds K.
	maxHits = 500
	// maxQuery is as much of a question as is read, in bytes: more does not sharpen a search.
	maxQuery = 12 << 10
)

// Search finds the passages that answer q among those that actor may see.
func (x *Index) Search(ctx context.Context, actor accounts.Account, q Query) (Result, error) {
	started := time.Now()
	q, err := x.settle(q)
	if err != nil {
		return Result{}, err
	}
	s := &search{index: x, view: x.current.Load(), q: q, depth: max(depth, q.K)}
	if q.Mode != Vector {
		s.own, s.besides = s.view.lexis.queryTerms(q.Text)
	}
	if s.probe, err = x.question(ctx, q); err != nil {
		return Result{}, err
	}
	result := Result{Query: q.Text}
	s.guess(actor.ID)
	err = x.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		hits, evidence, err := s.run(ctx, tx)
		result.Hits, result.Evidence = hits, evidence
		return err
	})
	if err != nil {
		return Result{}, fmt.Errorf("search: %w", err)
	}
	x.rights.Store(actor.ID, s.scopes)
	result.Terms = s.public()
	result.TookMS, result.Timing = milliseconds(time.Since(started)), s.timing
	return result, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (x *Index) settle(q Query) (Query, error) {
	if len(q.Text) > maxQuery {
		q.Text = q.Text[:maxQuery]
		for !utf8.ValidString(q.Text[max(0, len(q.Text)-utf8.UTFMax):]) && len(q.Text) > maxQuery-utf8.UTFMax {
			q.Text = q.Text[:len(q.Text)-1]
		}
	}
	q.Text = strings.TrimSpace(segment.Normalize(q.Text))
	if q.Text == "" {
		return q, problem.New(problem.Invalid, "empty-question", "检索", "没有输入问题", "请写出要查的内容")
	}
	if q.K <= 0 {
		q.K = 10
	}
	q.K = min(q.K, maxHits)
	if q.Mode == "" {
		q.Mode = Hybrid
	}
	if q.Mode != Hybrid && q.Mode != Lexical && q.Mode != Vector {
		return q, problem.New(problem.Invalid, "mode", "检索", "没有 "+q.Mode+" 这种方式", "可用 hybrid、lexical 或 vector")
	}
	if q.On == "" {
		q.On = corpus.Today(x.now())
	}
	return q, nil
}

// question embeds the question. In hybrid mode a model that is down costs only its half.
func (x *Index) question(ctx context.Context, q Query) (*probe, error) {
	e := x.Embedder()
	if q.Mode == Lexical || e == nil {
		if q.Mode == Vector {
			return nil, problem.New(problem.Invalid, "no-model", "按向量检索", "没有配置向量模型", "请改用 lexical 方式").Because(errNoModel)
		}
		return nil, nil
	}
	vectors, err := embedWith(ctx, e, []string{q.Text})
	if err != nil && q.Mode == Hybrid {
		x.log.Warn("question could not be embedded; searching by words only", "error", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, f := range vectors[0] {
		if f != 0 {
			return newProbe(modelHash(e), vectors[0]), nil
		}
	}
	return nil, nil // the model knows no word of it
}

// search is one question on its way.
type search struct {
	index   *Index
	view    *view
	q       Query
	own     []string // the question's terms
	besides []string // and what else it means
	terms   []term   // both, weighed by what the asker may see
	filter  *filter
	probe   *probe // nil: by words only
	depth   int
	scopes  []string // those that the ranking is for
	ranked  bool
	weight  float64
	timing  Timing
	all     []candidate
}

// guess searches before the database is asked, taking the scopes that the asker
// had last time. So the first hits and the scopes of now come in one round trip,
// and only after a change of rights is the search done again.
func (s *search) guess(actor int64) {
	if scopes, ok := s.index.rights.Load(actor); ok {
		s.rank(scopes.([]string))
	}
}

// rank finds and orders what somebody with these scopes may find.
func (s *search) rank(scopes []string) {
	s.scopes, s.ranked, s.all = scopes, true, nil
	s.filter = s.view.filterFor(scopes, string(s.q.On), s.index.p, s.tierOf)
	s.terms = s.view.weigh(s.own, s.besides, s.index.p, s.filter)
	s.gather()
	s.complete()
	s.fuse()
	s.diversify()
}

func (s *search) run(ctx context.Context, tx pgx.Tx) ([]Hit, Evidence, error) {
	scopes, first, err := s.begin(ctx, tx)
	if err != nil {
		return nil, Evidence{}, fmt.Errorf("ask what may be seen: %w", err)
	}
	if !s.ranked || !slices.Equal(scopes, s.scopes) {
		s.rank(scopes)
		first = nil
	}
	hits, err := s.read(ctx, tx, first)
	return hits, s.evidence(hits), err
}

// begin asks for the asker's scopes and, when something was found already, for
// the first page of it.
func (s *search) begin(ctx context.Context, tx pgx.Tx) (scopes []string, first []corpus.PassageView, err error) {
	var b pgx.Batch
	b.Queue(`select array(select unnest(acting_scopes()) order by 1)`).QueryRow(func(r pgx.Row) error { return r.Scan(&scopes) })
	if s.ranked && len(s.all) > 0 {
		order := s.chosen()
		corpus.QueuePassages(&b, idsOf(order[:min(s.page(), len(order))]), &first)
	}
	return scopes, first, tx.SendBatch(ctx, &b).Close()
}

// gather collects the candidates of both sides and the provisions named.
func (s *search) gather() {
	f := s.filter
	at := make(map[int64]int)
	add := func(p, local int, id int64) *candidate {
		if i, ok := at[id]; ok {
			return &s.all[i]
		}
		tier := f.tiers[p][local]
		if tier == hidden {
			return nil
		}
		x := s.view.parts[p]
		v := s.view.versions[x.versions[x.version[local]]]
		at[id] = len(s.all)
		s.all = append(s.all, candidate{id: id, part: p, local: local, document: v.document, version: v.id, label: x.labels[local], effective: v.Effective, tier: int(tier), secondary: v.secondary})
		return &s.all[len(s.all)-1]
	}
	near := s.lookNear()
	s.gatherWords(add)
	for _, list := range s.trim(near()) {
		for i, n := range list {
			if c := add(n.part, n.local, n.id); c != nil {
				c.vectorRank, c.cosine, c.hasCosine = i+1, float64(n.score), true
			}
		}
	}
}

// beside is how many passages make it worth looking at both sides at once, which
// needs a second processor for some milliseconds.
const beside = 300_000

// lookNear asks for the nearest passages; calling what it gives waits for them.
func (s *search) lookNear() func() [tiers][]found {
	if s.probe == nil {
		return func() (none [tiers][]found) { return none }
	}
	look := sync.OnceValue(func() [tiers][]found {
		started := time.Now()
		best := s.view.nearest(s.probe, s.filter, s.depth)
		s.timing.Vector = milliseconds(time.Since(started))
		return best
	})
	if s.filter.seen > beside {
		go look()
	}
	return look
}

func (s *search) gatherWords(add func(p, local int, id int64) *candidate) {
	if s.q.Mode == Vector {
		return
	}
	for _, n := range s.view.resolve(s.q.Text, s.filter) {
		for i, t := range n.terms {
			for _, f := range s.view.passages(t, s.filter) {
				if c := add(f.part, f.local, f.id); c != nil {
					c.named = max(c.named, len(n.terms)-i)
				}
			}
		}
	}
	started := time.Now()
	best := s.view.search(s.terms, s.depth, s.filter)
	s.timing.Lexical = milliseconds(time.Since(started))
	for _, list := range s.trim(best) {
		for i, f := range list {
			if c := add(f.part, f.local, f.id); c != nil {
				c.lexicalRank, c.lexical = i+1, float64(f.score)
			}
		}
	}
}

// trim keeps fewer of those not in force.
func (s *search) trim(best [tiers][]found) [tiers][]found {
	best[past] = best[past][:min(len(best[past]), max(pastDepth, s.q.K))]
	return best
}

// tierOf says whether a version counts on the day asked for.
func (s *search) tierOf(v *version) int {
	switch v.Status(s.q.On) {
	case corpus.Ended, corpus.NotYet:
		return past
	}
	return current
}

// complete gives every candidate both scores.
func (s *search) complete() {
	for i := range s.all {
		c := &s.all[i]
		if c.lexicalRank == 0 && len(s.terms) > 0 {
			score, _ := s.view.scoreOf(c.part, c.local, s.terms, s.filter)
			c.lexical = float64(score)
		}
		if !c.hasCosine && s.probe != nil {
			c.cosine, c.hasCosine = s.probe.cosine(s.view.parts[c.part].plane, c.local)
		}
	}
}

// fuse orders the candidates.
func (s *search) fuse() {
	switch {
	case s.probe == nil || s.q.Mode == Lexical || s.q.Mode == Hybrid && s.names():
		s.weight = 0 // a question that names a provision means these words
	case s.q.Mode == Vector || len(s.terms) == 0:
		s.weight = 1
	default:
		s.weight = s.index.blend.weight(measure(s.all, s.words(), s.idf()))
	}
	secondary := 0.0
	if s.weight > 0 && s.q.Mode == Hybrid {
		secondary = s.index.blend.secondary
	}
	mix(s.all, s.weight, secondary)
	s.all = collapse(s.all)
}

// names says whether a provision named in the question was found.
func (s *search) names() bool {
	return slices.ContainsFunc(s.all, func(c candidate) bool { return c.named > 0 })
}

// words is how many of the question's terms are words, not bigrams.
func (s *search) words() (n int) {
	for _, t := range s.terms {
		if !t.meant && !strings.HasPrefix(t.text, "_") {
			n++
		}
	}
	return n
}

// public gives the question's terms to callers.
func (s *search) public() []Term {
	out := make([]Term, 0, len(s.terms))
	for _, t := range s.terms {
		if !t.meant {
			out = append(out, Term{Text: t.text, Weight: float64(t.weight), Known: t.df > 0})
		}
	}
	return out
}

// said counts the terms that the question itself has. What it only means helps
// to find, but is no evidence that a passage answers it.
func (s *search) said() (n int) {
	for _, t := range s.terms {
		if !t.meant {
			n++
		}
	}
	return n
}

// idf is what a passage with every term, endlessly often, would score.
func (s *search) idf() (sum float64) {
	for _, t := range s.terms {
		if !t.meant {
			sum += float64(t.weight)
		}
	}
	return sum
}

// read fetches the passages under the asker's rights. One that has vanished, or
// may not be seen, or repeats one of the same document word for word, is
// replaced by the next.
func (s *search) read(ctx context.Context, tx pgx.Tx, first []corpus.PassageView) ([]Hit, error) {
	type copied struct {
		document int64
		text     string
	}
	seen := make(map[copied]bool)
	hits := make([]Hit, 0, min(s.q.K, len(s.all)))
	for page := range slices.Chunk(s.chosen(), s.page()) {
		views := first
		if first = nil; views == nil {
			var err error
			if views, err = corpus.PassagesByID(ctx, tx, idsOf(page)); err != nil {
				return nil, fmt.Errorf("read passages: %w", err)
			}
		}
		byID := make(map[int64]candidate, len(page))
		for _, c := range page {
			byID[c.id] = c
		}
		for _, p := range views {
			key := copied{p.DocumentID, p.Text}
			if len(hits) < s.q.K && !seen[key] {
				seen[key] = true
				hits = append(hits, s.hit(p, byID[p.ID], len(hits)+1))
			}
		}
		if len(hits) == s.q.K {
			break
		}
	}
	return hits, nil
}

// page is how many passages are read at a time: a few more than asked for, in
// place of those that turn out to repeat another.
func (s *search) page() int { return s.q.K + s.q.K/8 + 4 }

func idsOf(all []candidate) []int64 {
	ids := make([]int64, len(all))
	for i, c := range all {
		ids[i] = c.id
	}
	return ids
}

// chosen is the order in which hits are shown. Past ones stand last, but the
// best of them must not be pushed out altogether: a strong match with something
// repealed is worth knowing of.
func (s *search) chosen() []candidate {
	first := slices.IndexFunc(s.all, func(c candidate) bool { return c.tier == past && c.named == 0 })
	if first < 0 || first < s.q.K || s.q.K < 5 {
		return s.all
	}
	keep := min(s.q.K/5, len(s.all)-first)
	for keep > 0 && s.all[first+keep-1].score < 0.9*s.all[0].score {
		keep--
	}
	if keep == 0 {
		return s.all
	}
	out := slices.Clone(s.all[:s.q.K-keep])
	out = append(out, s.all[first:first+keep]...)
	return append(append(out, s.all[s.q.K-keep:first]...), s.all[first+keep:]...)
}

func (s *search) hit(p corpus.PassageView, c candidate, rank int) Hit {
	return Hit{
		Rank: rank, Score: c.score, PassageID: p.ID, DocumentID: p.DocumentID, VersionID: p.VersionID,
		Title: p.Title, DocNumber: p.DocNumber, Provision: p.Label, Path: p.Path, Text: p.Text,
		Status: p.Status(s.q.On), Level: p.Level, Issuer: p.Issuer, Kind: p.Kind, Scope: p.Scope,
		Effective: p.Effective, Repealed: p.Repealed, Start: p.Start, End: p.End,
		Why: Why{LexicalRank: c.lexicalRank, VectorRank: c.vectorRank, Terms: s.reasons(c), Named: c.named > 0,
			Lexical: c.lexical, Cosine: c.cosine, Weight: s.weight},
	}
}
