package retrieval

import (
	"cmp"
	"math"
	"slices"

	"advisor/corpus"
)

// tiers are the two groups of hits: those in force on the day, or of unknown
// dates, and those not. The second never stands before the first.
const (
	tiers   = 2
	current = 0
	past    = 1
)

// candidate is a passage that either side found.
type candidate struct {
	id, document, version int64
	part, local           int
	label                 uint32
	effective             corpus.Date
	tier                  int
	lexical               float64
	cosine                float64
	hasCosine             bool
	lexicalRank           int // 0: not among the best of the words
	vectorRank            int
	named                 int // 2 the very place, 1 its article
	secondary             bool
	score                 float64
}

// features describe a question and what both sides found for it. The weight of
// the vectors is a function of them.
type features struct {
	length  float64 // distinct words
	cover   float64 // best share of the question's idf in one passage
	gap     float64 // lexical lead of the first over the tenth
	cosine  float64 // best cosine
	spread  float64 // cosine of the first less that of the tenth
	overlap float64 // share of the first ten that both sides have
}

// blend is a small logistic model of the vectors' weight, between low and high:
// readable, and learned on the dev splits.
type blend struct {
	bias, length, cover, gap, cosine, spread, overlap float64
	low, high                                         float64
	secondary                                         float64 // what a paper loses that only carries out a law
}

// learned leans on the words where one passage has most of the question or
// stands out (policy questions, names) and on the vectors where none does and
// they tell passages apart (lay questions about the law). It was fitted to
// questions that the embedder had not been trained on (docs/embedder.md), then
// drawn towards the words until ncp-policy, through the whole program, lost
// little of what the words alone find there (0.922): stard 0.486, ncp-policy
// 0.916, cmrc2018 0.984, dureader-demo 0.736.
var learned = blend{low: 0, high: 0.9, bias: 2.4, cover: -13, gap: -3, cosine: 0.5, spread: 5.8, overlap: 0.8, secondary: 0.12}

func (b blend) weight(f features) float64 {
	z := b.bias + b.length*f.length + b.cover*f.cover + b.gap*f.gap + b.cosine*f.cosine + b.spread*f.spread + b.overlap*f.overlap
	return b.low + (b.high-b.low)/(1+math.Exp(-z))
}

// mix scores and orders the candidates: named provisions first, then the mix
// of both sides' scores, passages not in force last. What only carries out a law
// loses a little.
func mix(all []candidate, weight, secondary float64) {
	norm := normaliser(all)
	for i := range all {
		lexical, cosine := norm(all[i])
		all[i].score = weight*cosine + (1-weight)*lexical + float64(all[i].named)
		if all[i].secondary {
			all[i].score -= secondary
		}
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(min(b.named, 1), min(a.named, 1)), cmp.Compare(a.tier, b.tier),
			cmp.Compare(b.score, a.score), cmp.Compare(b.effective, a.effective), cmp.Compare(a.id, b.id))
	})
}

// normaliser maps both scores to [0, 1] over the candidates: words by their
// maximum, cosines between their least and greatest.
func normaliser(all []candidate) func(candidate) (lexical, cosine float64) {
	var top float64
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, c := range all {
		top = max(top, c.lexical)
		if c.hasCosine {
			lo, hi = min(lo, c.cosine), max(hi, c.cosine)
		}
	}
	return func(c candidate) (lexical, cosine float64) {
		if top > 0 {
			lexical = c.lexical / top
		}
		if c.hasCosine && hi > lo {
			cosine = (c.cosine - lo) / (hi - lo)
		}
		return lexical, cosine
	}
}

// collapse drops, of the same place in several versions of one document, those
// not in force when one in force is there; of several past ones the best stays.
// It keeps the order.
func collapse(all []candidate) []candidate {
	type place struct {
		document int64
		label    uint32
	}
	holder := make(map[place]candidate)
	for _, c := range all {
		key := place{c.document, c.label}
		if h, ok := holder[key]; !ok || c.tier < h.tier {
			holder[key] = c
		}
	}
	return slices.DeleteFunc(all, func(c candidate) bool {
		h := holder[place{c.document, c.label}]
		return c.tier == past && c.version != h.version
	})
}

// measure computes the features from the candidates of both sides.
func measure(all []candidate, words int, idf float64) features {
	f := features{length: math.Log1p(float64(words))}
	lexical, cosine := ranked(all, func(c candidate) int { return c.lexicalRank }), ranked(all, func(c candidate) int { return c.vectorRank })
	if len(lexical) > 0 && idf > 0 {
		f.cover = lexical[0].lexical / idf
		f.gap = 1 - lexical[min(9, len(lexical)-1)].lexical/lexical[0].lexical
	}
	if len(cosine) > 0 {
		f.cosine = cosine[0].cosine
		f.spread = cosine[0].cosine - cosine[min(9, len(cosine)-1)].cosine
	}
	both := 0
	for _, c := range lexical[:min(10, len(lexical))] {
		if c.vectorRank > 0 && c.vectorRank <= 10 {
			both++
		}
	}
	f.overlap = float64(both) / 10
	return f
}

// ranked lists one side's candidates in its order: those in force, since each
// tier has ranks of its own and the blend was fitted where all were; the others
// only when there are none.
func ranked(all []candidate, rank func(candidate) int) []candidate {
	var list [tiers][]candidate
	for _, c := range all {
		if rank(c) > 0 {
			list[c.tier] = append(list[c.tier], c)
		}
	}
	out := list[current]
	if len(out) == 0 {
		out = list[past]
	}
	slices.SortFunc(out, func(a, b candidate) int { return rank(a) - rank(b) })
	return out
}
