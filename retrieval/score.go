package retrieval

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// params are the constants of BM25. context is the weight of a term of the
// title and path against one of the text, contextLength its share of the
// length, both in quarters; bigram is the weight of a character bigram against
// a word. Set on the dev splits of stard and ncp-policy.
type params struct {
	k1, b                  float64
	context, contextLength uint8
	bigram                 float64
}

var tuned = params{k1: 1.2, b: 0.75, context: 5, contextLength: 4, bigram: 1.1}

// view is the index at one moment. It never changes; following the log makes a new one.
type view struct {
	parts    []part
	versions map[int64]*version
	seq      int64 // of the last change that is in it
	live     int   // passages
	filters  filters
	lexis    *lexis
}

// version is what the filters need to know of a document's version.
type version struct {
	id, document int64
	scope        string
	secondary    bool
	validity
}

func newView(parts []part, versions map[int64]*version, seq int64) *view {
	v := &view{parts: parts, versions: versions, seq: seq}
	for _, x := range parts {
		v.live += x.live()
	}
	return v
}

// table holds tf/(tf + k1(1-b+b·dl/avgdl)) for every pair of weight and coded length.
func (p params) table(average float64) *[1 << 16]float32 {
	t := new([1 << 16]float32)
	for code := range 256 {
		norm := p.k1 * (1 - p.b + p.b*lengths[code]/max(average, 1e-9))
		for w := 1; w < 256; w++ {
			tf := float64(w) / 4
			t[w<<8|code] = float32(tf / (tf + norm))
		}
	}
	return t
}

// term is a query term with what it is worth.
type term struct {
	text   string
	hash   uint64
	weight float32 // idf, times the weight of its kind
	df     int
	meant  bool // the question does not say it, but means it
}

// maxTerms bounds the work of one question: a pasted document of 100,000
// characters is searched by its most telling terms.
const maxTerms = 160

// weigh looks up the distinct terms of a query; the most telling come first.
// A term that occurs nowhere still weighs: what share of a question the corpus
// knows is evidence.
// What the question only means counts less.
func (v *view) weigh(words, besides []string, p params, f *filter) []term {
	seen := make(map[string]bool, len(words)+len(besides))
	terms := make([]term, 0, len(words)+len(besides))
	for i, w := range slices.Concat(words, besides) {
		if seen[w] {
			continue
		}
		seen[w] = true
		t := term{text: w, hash: hashTerm(w), meant: i >= len(words)}
		t.df = v.frequency(t.hash, f)
		idf := math.Log(1 + (float64(f.seen-t.df)+0.5)/(float64(t.df)+0.5))
		if strings.HasPrefix(w, "_") {
			idf *= p.bigram
		}
		if t.meant {
			idf *= synonymWeight
		}
		t.weight = float32(idf)
		terms = append(terms, t)
	}
	slices.SortStableFunc(terms, func(a, b term) int { return -compareFloat(a.weight, b.weight) })
	return terms[:min(len(terms), maxTerms)]
}

func compareFloat(a, b float32) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// found is a passage with its lexical score.
type found struct {
	part, local int
	id          int64
	score       float32
}

var accumulators = sync.Pool{New: func() any { return new([shardLimit]float32) }}

// search scores every passage that has one of the terms and keeps the best k
// of each tier.
func (v *view) search(terms []term, k int, f *filter) [tiers][]found {
	var best [tiers]heap
	for i := range best {
		best[i].limit = k
	}
	acc := accumulators.Get().(*[shardLimit]float32)
	defer accumulators.Put(acc)
	for p := range v.parts {
		x := &v.parts[p]
		if !accumulate(x.shard, terms, f.table, acc) {
			continue
		}
		for i, t := range f.tiers[p] {
			score := acc[i]
			if score == 0 {
				continue
			}
			acc[i] = 0
			if t != hidden && score > best[t].floor {
				best[t].push(found{p, i, x.ids[i], score})
			}
		}
	}
	runtime.KeepAlive(v)
	var out [tiers][]found
	for i := range best {
		out[i] = best[i].sorted()
	}
	return out
}

// accumulate adds each term's score to the passages that have it.
func accumulate(x *shard, terms []term, table *[1 << 16]float32, acc *[shardLimit]float32) (any bool) {
	length := x.length
	for _, t := range terms {
		from, to := x.find(t.hash)
		if from == to {
			continue
		}
		any = true
		low, weight := x.low[from:to], x.weight[from:to]
		weight = weight[:len(low)]
		for i, l := range low {
			acc[l] += t.weight * table[uint16(weight[i])<<8|uint16(length[l])]
		}
	}
	return any
}

// scoreOf gives the lexical score of one passage and which of the terms it has.
func (v *view) scoreOf(part, local int, terms []term, f *filter) (score float32, has []int) {
	x := v.parts[part]
	for i, t := range terms {
		if w := x.weightOf(t.hash, uint16(local)); w > 0 {
			score += t.weight * f.table[uint16(w)<<8|uint16(x.length[local])]
			has = append(has, i)
		}
	}
	runtime.KeepAlive(x.shard)
	return score, has
}

func (s *shard) weightOf(hash uint64, local uint16) uint8 {
	from, to := s.find(hash)
	if i, ok := slices.BinarySearch(s.low[from:to], local); ok {
		return s.weight[int(from)+i]
	}
	return 0
}

// locate finds a live passage by its id.
func (v *view) locate(id int64) (part, local int, ok bool) {
	for p, x := range v.parts {
		if i := x.local(id); i >= 0 && !x.dead.has(i) {
			return p, i, true
		}
	}
	return 0, 0, false
}

// heap keeps the best limit passages, the worst of them first.
type heap struct {
	limit int
	floor float32 // a score must be above it to enter; 0 until full
	items []found
}

func worse(a, b found) bool { return a.score < b.score || a.score == b.score && a.id > b.id }

func (h *heap) push(f found) {
	if len(h.items) < h.limit {
		h.items = append(h.items, f)
		for i := len(h.items) - 1; i > 0 && worse(h.items[i], h.items[(i-1)/2]); i = (i - 1) / 2 {
			h.items[i], h.items[(i-1)/2] = h.items[(i-1)/2], h.items[i]
		}
	} else if h.limit > 0 && worse(h.items[0], f) {
		h.items[0] = f
		h.sink()
	}
	if len(h.items) == h.limit && h.limit > 0 {
		// Ties are settled by id, so equal scores must still get in.
		h.floor = math.Nextafter32(h.items[0].score, 0)
	}
}

func (h *heap) sink() {
	for i := 0; ; {
		c := 2*i + 1
		if c >= len(h.items) {
			return
		}
		if c+1 < len(h.items) && worse(h.items[c+1], h.items[c]) {
			c++
		}
		if !worse(h.items[c], h.items[i]) {
			return
		}
		h.items[i], h.items[c] = h.items[c], h.items[i]
		i = c
	}
}

func (h *heap) sorted() []found {
	slices.SortFunc(h.items, func(a, b found) int {
		if worse(b, a) {
			return -1
		}
		return 1
	})
	return h.items
}
