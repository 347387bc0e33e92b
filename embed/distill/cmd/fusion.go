package main

import (
	"cmp"
	"encoding/gob"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"advisor/embed/distill"
)

// Case is a question with everything that fusion knows of its candidates.
type Case struct {
	Set, Fold  int
	Learned    bool
	Best       float64 // ideal DCG
	Golds      int
	Features   [7]float64
	Candidates []Candidate
}

// Candidate is one document's best passage.
type Candidate struct {
	Doc         int32
	Lexical     float64 // share of the best
	Cosine      float64 // between the least and the greatest
	Raw         float64
	Level       int
	Gold        bool
	LexicalRank int
	VectorRank  int
}

// level guesses from a title what kind of paper it is: 1 a law, 2 a judicial
// interpretation, 3 a regulation.
func level(text string) int {
	title, _, _ := strings.Cut(text, " ")
	if k := strings.LastIndex(title, "第"); k > 0 {
		title = title[:k]
	}
	title = strings.TrimRight(title, "0123456789()（）-修正订年")
	switch {
	case strings.HasSuffix(title, "法") || strings.HasSuffix(title, "法典"):
		return 1
	case strings.Contains(title, "最高人民法院") || strings.HasSuffix(title, "解释"):
		return 2
	case strings.HasSuffix(title, "条例"):
		return 3
	}
	return 0
}

// cases joins both sides for the questions of one set.
func (s *set) cases(number int, run [][]distill.Ranked, cosine func(q int, at int32) float64, fold []int, learned []bool, those func(int) bool) []Case {
	var out []Case
	for q := range s.Questions {
		if !those(q) {
			continue
		}
		c := Case{Set: number, Fold: fold[q], Best: s.Ideal(q), Golds: s.Golds(q)}
		if learned != nil {
			c.Learned = learned[q]
		}
		at := map[int32]int{}
		add := func(r distill.Ranked) *Candidate {
			if i, ok := at[r.At]; ok {
				return &c.Candidates[i]
			}
			at[r.At] = len(c.Candidates)
			c.Candidates = append(c.Candidates, Candidate{Doc: s.Owner(r.At), Level: level(s.Texts[r.At]), Gold: s.Right(q, r.At), Raw: cosine(q, r.At)})
			return &c.Candidates[len(c.Candidates)-1]
		}
		var top float64
		for i, r := range s.lexical[q] {
			x := add(r)
			x.Lexical, x.LexicalRank = r.Score, i+1
			top = max(top, r.Score)
		}
		for i, r := range run[q] {
			x := add(r)
			x.VectorRank = i + 1
			if x.LexicalRank == 0 {
				x.Lexical = s.index.Score(s.asked[q], s.texts[r.At])
				top = max(top, x.Lexical)
			}
		}
		c.finish(top, s.index.Most(s.asked[q]), len(s.asked[q]))
		out = append(out, c)
	}
	return out
}

func (c *Case) finish(top, most float64, terms int) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for i := range c.Candidates {
		lo, hi = min(lo, c.Candidates[i].Raw), max(hi, c.Candidates[i].Raw)
	}
	byLex := slices.SortedFunc(slices.Values(c.Candidates), func(a, b Candidate) int { return cmp.Compare(b.Lexical, a.Lexical) })
	byCos := slices.SortedFunc(slices.Values(c.Candidates), func(a, b Candidate) int { return cmp.Compare(b.Raw, a.Raw) })
	both := 0.0
	for i := range c.Candidates {
		x := &c.Candidates[i]
		if x.LexicalRank > 0 && x.LexicalRank <= 10 && x.VectorRank > 0 && x.VectorRank <= 10 {
			both++
		}
	}
	if len(byLex) > 0 && most > 0 {
		c.Features = [7]float64{math.Log1p(float64(terms)), byLex[0].Lexical / most, 1 - byLex[min(9, len(byLex)-1)].Lexical/max(byLex[0].Lexical, 1e-9),
			byCos[0].Raw, byCos[0].Raw - byCos[min(9, len(byCos)-1)].Raw, both / 10, 0}
	}
	for i := range c.Candidates {
		x := &c.Candidates[i]
		x.Lexical /= max(top, 1e-9)
		x.Cosine = (x.Raw - lo) / max(hi-lo, 1e-9)
	}
}

// Mixer is the blend: the vectors' weight by question, and what a paper's level adds.
type Mixer struct {
	Bias  float64
	By    [7]float64
	Low   float64
	High  float64
	Level [4]float64
}

func (m Mixer) weight(f [7]float64) float64 {
	z := m.Bias
	for i, b := range m.By {
		z += b * f[i]
	}
	return m.Low + (m.High-m.Low)/(1+math.Exp(-z))
}

func (m Mixer) score(c Case) (ndcg, r100 float64) {
	w := m.weight(c.Features)
	type scored struct {
		doc   int32
		gold  bool
		score float64
	}
	all := make([]scored, len(c.Candidates))
	for i, x := range c.Candidates {
		all[i] = scored{x.Doc, x.Gold, w*x.Cosine + (1-w)*x.Lexical + m.Level[x.Level]}
	}
	slices.SortFunc(all, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	seen := map[int32]bool{}
	for _, x := range all {
		if seen[x.doc] {
			continue
		}
		if x.gold {
			if n := len(seen); n < 10 {
				ndcg += 1 / math.Log2(float64(n)+2) / c.Best
			}
			if len(seen) < 100 {
				r100 += 1 / float64(c.Golds)
			}
		}
		seen[x.doc] = true
	}
	return ndcg, r100
}

func (m Mixer) sets(cases []Case, those func(Case) bool) (ndcg, r100 map[int]float64) {
	ndcg, r100 = map[int]float64{}, map[int]float64{}
	n := map[int]float64{}
	for _, c := range cases {
		if those(c) {
			a, b := m.score(c)
			ndcg[c.Set] += a
			r100[c.Set] += b
			n[c.Set]++
		}
	}
	for k := range ndcg {
		ndcg[k] /= n[k]
		r100[k] /= n[k]
	}
	return ndcg, r100
}

func fusion(args []string) error {
	flags := flag.NewFlagSet("fusion", flag.ExitOnError)
	rounds := flags.Int("rounds", 60, "rounds of search")
	bias := flags.Float64("bias", 2.6, "bias of the blend in use, to be measured first")
	high := flags.Float64("high", 0.95, "its highest weight")
	free := flags.String("free", "0,1", "features with a weight of their own")
	_ = flags.Parse(args)
	var cases []Case
	for _, path := range flags.Args() {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		var some []Case
		if err := gob.NewDecoder(f).Decode(&some); err != nil {
			return err
		}
		cases = append(cases, some...)
	}
	every := func(Case) bool { return true }
	parts := []Mixer{{Bias: 99, Low: 0, High: 1e-6}, {Bias: 99, Low: 0, High: 1 - 1e-6}}
	lex, _ := parts[0].sets(cases, every)
	cos, _ := parts[1].sets(cases, every)
	fmt.Println("words  ", digits(lex))
	fmt.Println("vectors", digits(cos))
	for _, w := range []float64{0.2, 0.3, 0.4, 0.5, 0.6, 0.7} {
		m := Mixer{Bias: 99, High: w}
		a, b := m.sets(cases, every)
		fmt.Printf("flat %.1f ndcg %s r100 %s\n", w, digits(a), digits(b))
	}
	var use []int
	for _, x := range strings.Split(*free, ",") {
		var i int
		if _, err := fmt.Sscan(x, &i); err == nil {
			use = append(use, i)
		}
	}
	table := tabulate(cases)
	for _, fixed := range []Mixer{{Bias: *bias, High: *high, By: [7]float64{0, -5.8, -5.1, 0.5, 5.8, 0.8}, Level: [4]float64{0, 0.12, 0.12, 0}}} {
		a, b, _ := table.sets(cases, fixed, every)
		fmt.Printf("as it is, bias %.1f high %.2f: ndcg %s r100 %s\n", *bias, *high, digits(a), digits(b))
	}
	goal := func(m Mixer, those func(Case) bool) float64 {
		a, r, l := table.sets(cases, m, those)
		sum := 0.0
		for k := range a {
			// Twice for the set of lay questions, which has the most to win; a loss against words counts four times.
			weight := 1.0
			if k == 0 {
				weight = 2
			}
			sum += weight*(a[k]+0.2*r[k]) - 4*max(0, l[k]-a[k])
		}
		return sum
	}
	search := func(those func(Case) bool) Mixer {
		random := rand.New(rand.NewPCG(9, 9))
		m := Mixer{Bias: 1.4, Low: 0.05, High: 0.8}
		m.By[1] = -4
		best := goal(m, those)
		for try := range *rounds {
			x := m
			step := 2 / (1 + float64(try)/float64(*rounds)*8)
			for range 1 + random.IntN(3) {
				switch k := random.IntN(6); {
				case k == 0:
					x.Bias += step * random.NormFloat64()
				case k == 1:
					x.High = min(0.95, max(0.1, x.High+0.1*step*random.NormFloat64()))
				case k == 2:
					x.Low = min(0.3, max(0, x.Low+0.05*step*random.NormFloat64()))
				case k == 3:
					x.Level[1] = levels[random.IntN(len(levels))]
					x.Level[2] = x.Level[1]
				default:
					x.By[use[random.IntN(len(use))]] += 3 * step * random.NormFloat64()
				}
			}
			if g := goal(x, those); g > best {
				m, best = x, g
			}
		}
		return m
	}
	all := search(every)
	a, b, _ := table.sets(cases, all, every)
	fmt.Printf("fitted on all: %+v\n  ndcg %s r100 %s\n", all, digits(a), digits(b))
	held := make([]Mixer, 5)
	for k := range held {
		held[k] = search(func(c Case) bool { return c.Fold != k })
	}
	a, b, _ = table.eachBy(cases, func(c Case) Mixer { return held[c.Fold] }, every)
	fmt.Printf("held back: ndcg %s r100 %s\n", digits(a), digits(b))
	a, _, _ = table.eachBy(cases, func(c Case) Mixer { return held[c.Fold] }, func(c Case) bool { return c.Set > 0 || c.Learned })
	c, _, l := table.eachBy(cases, func(c Case) Mixer { return held[c.Fold] }, func(c Case) bool { return c.Set > 0 || !c.Learned })
	fmt.Printf("held back, first set: learned %.4f, not %.4f (words %.4f)\n", a[0], c[0], l[0])
	return nil
}

// grid are the weights of vectors, levels what a law may gain, that are tried.
const grid = 20

var levels = []float64{0, 0.06, 0.12}

// table holds what each case scores at each weight and level, so that a search
// over blends is a matter of looking up.
type table struct{ ndcg, r100 [][]float64 }

func tabulate(cases []Case) table {
	t := table{make([][]float64, len(cases)), make([][]float64, len(cases))}
	for i, c := range cases {
		for _, level := range levels {
			for w := range grid {
				m := Mixer{Bias: 99, Low: 0, High: float64(w) / grid, Level: [4]float64{0, level, level, 0}}
				a, b := m.score(c)
				t.ndcg[i], t.r100[i] = append(t.ndcg[i], a), append(t.r100[i], b)
			}
		}
	}
	return t
}

func (t table) sets(cases []Case, m Mixer, those func(Case) bool) (ndcg, r100, words map[int]float64) {
	return t.eachBy(cases, func(Case) Mixer { return m }, those)
}

func (t table) eachBy(cases []Case, by func(Case) Mixer, those func(Case) bool) (ndcg, r100, words map[int]float64) {
	ndcg, r100, words = map[int]float64{}, map[int]float64{}, map[int]float64{}
	n := map[int]float64{}
	for i, c := range cases {
		if !those(c) {
			continue
		}
		m := by(c)
		at := slices.Index(levels, m.Level[1])*grid + min(grid-1, int(math.Round(m.weight(c.Features)*grid)))
		ndcg[c.Set] += t.ndcg[i][at]
		r100[c.Set] += t.r100[i][at]
		words[c.Set] += t.ndcg[i][0]
		n[c.Set]++
	}
	for k := range n {
		ndcg[k], r100[k], words[k] = ndcg[k]/n[k], r100[k]/n[k], words[k]/n[k]
	}
	return ndcg, r100, words
}

func keepCases(path string, cases []Case) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return gob.NewEncoder(f).Encode(cases)
}

// digits writes the figures of the sets in their order.
func digits(by map[int]float64) string {
	var out []string
	for k := range len(by) {
		out = append(out, fmt.Sprintf("%.4f", by[k]))
	}
	return strings.Join(out, " ")
}
