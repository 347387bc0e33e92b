package distill

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Vocabulary is the terms that get a vector, and how much each weighs.
type Vocabulary struct {
	Terms  []string
	Weight []float32 // inverse document frequency
	place  map[string]int32
}

// rareTerm is how many passages must hold a term before it can be learned.
const rareTerm = 3

// Choose takes all single characters, the most frequent other terms of the
// texts and, of the general words, those that the texts lack: size in all.
func Choose(texts [][]string, size int, general ...string) *Vocabulary {
	df := map[string]int{}
	for _, terms := range texts {
		for _, t := range distinct(terms) {
			if !hasDigit(t) { // numbers and dates mean nothing by themselves
				df[strings.Clone(t)]++
			}
		}
	}
	all := make([]string, 0, len(df))
	for t, n := range df {
		if n >= rareTerm {
			all = append(all, t)
		}
	}
	rank := func(t string) int {
		if utf8.RuneCountInString(t) == 1 {
			return math.MaxInt
		}
		return df[t]
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(a, b)) })
	all = all[:min(max(0, size-len(general)), len(all))]
	all = append(all, general...)
	slices.Sort(all)
	all = slices.Compact(all)
	v := &Vocabulary{Terms: all, place: make(map[string]int32, len(all))}
	for i, t := range all {
		v.place[t] = int32(i)
		v.Weight = append(v.Weight, float32(math.Log(1+float64(len(texts))/float64(max(rareTerm, df[t])))))
	}
	return v
}

func vocabularyOf(terms []string, weight []float32) *Vocabulary {
	v := &Vocabulary{Terms: terms, Weight: weight, place: make(map[string]int32, len(terms))}
	for i, t := range terms {
		v.place[t] = int32(i)
	}
	return v
}

// distinct gives each term once, and with it the single characters of every pair.
func distinct(terms []string) []string {
	out := slices.Clone(terms)
	for _, t := range terms {
		if a, b, ok := pair(t); ok {
			out = append(out, a, b)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// pair takes a bigram apart.
func pair(term string) (first, second string, ok bool) {
	rest, ok := strings.CutPrefix(term, "_")
	if !ok {
		return "", "", false
	}
	_, n := utf8.DecodeRuneInString(rest)
	return rest[:n], rest[n:], n < len(rest)
}

func hasDigit(t string) bool {
	return strings.ContainsFunc(t, func(r rune) bool { return r < 0x80 && unicode.IsDigit(r) })
}

// features are the terms of one text: places in the vocabulary and weights
// whose squares add up to 1.
type features struct {
	at     []int32
	weight []float32
}

// Read weighs a text's terms as the embedder does: a known term counts by its
// inverse frequency and, damped, by how often it stands there; an unknown pair
// of characters counts as its two characters.
func (v *Vocabulary) read(terms []string) features {
	count := map[int32]float32{}
	for _, t := range terms {
		if p, ok := v.place[t]; ok {
			count[p]++
		} else if a, b, ok := pair(t); ok {
			for _, c := range []string{a, b} {
				if p, ok := v.place[c]; ok {
					count[p] += 0.5
				}
			}
		}
	}
	var f features
	var sum float64
	for p := range count {
		f.at = append(f.at, p)
	}
	slices.Sort(f.at)
	for _, p := range f.at {
		w := v.Weight[p] * damped(count[p])
		f.weight = append(f.weight, w)
		sum += float64(w) * float64(w)
	}
	for i := range f.weight {
		f.weight[i] /= float32(math.Sqrt(sum))
	}
	return f
}

// damped makes the tenth mention of a term count less than the first.
func damped(n float32) float32 { return float32(math.Sqrt(float64(n))) }

// ByFrequency gives the terms, those in most texts first.
func (v *Vocabulary) ByFrequency() []string {
	order := make([]int, len(v.Terms))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(v.Weight[a], v.Weight[b]) })
	out := make([]string, len(order))
	for i, t := range order {
		out[i] = v.Terms[t]
	}
	return out
}
