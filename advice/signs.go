package advice

import (
	"math"
	"slices"

	"advisor/retrieval"
)

// signs are what is known before any drafting of whether the hits answer the
// question, each comparable from one corpus to another. signNames names them in order.
type signs []float64

var signNames = []string{"lexical", "terms", "cosine", "lead", "sentence", "cover", "head", "unknown", "agree", "together",
	"lexical1", "cosine1", "lexical10", "mean", "pairs", "rarest", "mass", "gap", "share", "document",
	"words", "bigrams", "words1", "bigrams1", "rare", "words3", "documents", "step5", "matter"}

// signSentence is where the share of the question in the best sentence stands.
const signSentence = 4

// signsOf reads the signs from the hits in the order of search.
func signsOf(question string, terms []retrieval.Term, ls []look) signs {
	all, total := wants(terms)
	s := make(signs, len(signNames))
	words, pairs := split(all)
	s.ofQuestion(question, all, words, pairs, total)
	if len(ls) == 0 {
		return s
	}
	var lex, cos []float64
	for _, l := range ls {
		lex, cos = append(lex, l.hit.Why.Lexical/total), append(cos, l.hit.Why.Cosine)
		s[4], s[5] = max(s[4], l.sentence), max(s[5], l.cover)
	}
	byLex, byCos := ranking(lex), ranking(cos)
	s[0], s[2] = lex[byLex[0]], cos[byCos[0]]
	s[3] = s[2] - mean(cos, byCos[:min(20, len(byCos))])
	s[8] = shared(byLex[:min(10, len(byLex))], byCos[:min(10, len(byCos))])
	s[10], s[11], s[12] = lex[0], cos[0], mean(lex, byLex[:min(10, len(byLex))])
	s[27] = s[2] - cos[byCos[min(4, len(byCos)-1)]]
	s.ofPassages(ls, words, pairs)
	s.ofDocuments(ls, all, lex, total)
	return s
}

func split(all []want) (words, pairs []want) {
	for _, t := range all {
		if t.pair {
			pairs = append(pairs, t)
		} else {
			words = append(words, t)
		}
	}
	return words, pairs
}

func (s signs) ofQuestion(question string, all, words, pairs []want, total float64) {
	s[1] = math.Log1p(float64(min(len(all), mostTerms)))
	for _, t := range all {
		if !t.known {
			s[7] += t.weight / total
		}
	}
	for _, t := range words {
		s[13] += t.weight / float64(len(words))
		s[15] = max(s[15], t.weight)
		if t.weight > 7 {
			s[24] += t.weight / max(sum(words), 1e-9)
		}
	}
	for _, t := range pairs {
		s[14] += t.weight / float64(len(pairs))
	}
	s[28] = matterOf(question)
}

// ofPassages says how much of the question's words, its character pairs and its
// most telling words single passages hold.
func (s signs) ofPassages(ls []look, words, pairs []want) {
	head := slices.Clone(words)
	slices.SortStableFunc(head, func(x, y want) int { return int(math.Copysign(1, y.weight-x.weight)) })
	head = head[:min(4, len(head))]
	three := ""
	for i, l := range ls[:min(10, len(ls))] {
		text := l.text + l.title
		w, p := held(text, words)/max(sum(words), 1e-9), held(text, pairs)/max(sum(pairs), 1e-9)
		s[6], s[20], s[21] = max(s[6], held(text, head)/max(sum(head), 1e-9)), max(s[20], w), max(s[21], p)
		if i == 0 {
			s[22], s[23] = w, p
		}
		if i < 3 {
			three += l.text
		}
	}
	s[25] = held(three, words) / max(sum(words), 1e-9)
}

// ofDocuments says how far the hits gather in one document, and how much of the
// question that document's provisions hold together.
func (s signs) ofDocuments(ls []look, all []want, lex []float64, total float64) {
	mass, text, count := map[string]float64{}, map[string]string{}, map[string]int{}
	all20 := 0.0
	for i, l := range ls[:min(20, len(ls))] {
		mass[l.title] += lex[i]
		all20 += lex[i]
		text[l.title] += l.text
		if i < 10 {
			count[l.title]++
			s[9] = max(s[9], float64(count[l.title])/10)
		}
	}
	first, second, best := 0.0, 0.0, ""
	for _, l := range ls[:min(20, len(ls))] {
		if m := mass[l.title]; l.title != best && m > first {
			first, second, best = m, first, l.title
		} else if l.title != best && m > second {
			second = m
		}
	}
	s[16], s[17], s[18] = first, first-second, first/max(all20, 1e-9)
	s[19] = held(text[best], all) / total
	s[26] = float64(len(mass)) / 20
}

func sum(all []want) (v float64) {
	for _, t := range all {
		v += t.weight
	}
	return v
}

// ranking gives the places of values from the greatest down.
func ranking(values []float64) []int {
	at := make([]int, len(values))
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(x, y int) int { return int(math.Copysign(1, values[y]-values[x])) })
	return at
}

func mean(values []float64, at []int) (v float64) {
	for _, i := range at {
		v += values[i] / float64(len(at))
	}
	return v
}

func shared(x, y []int) (n float64) {
	for _, i := range x {
		if slices.Contains(y, i) {
			n += 0.1
		}
	}
	return n
}
