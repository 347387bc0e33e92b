package corpus

import "sort"

// candidate is a line that may open a provision.
type candidate struct {
	line   int
	n, sub int
	weight float64 // how much its form alone speaks for it
}

// Weights of a chain of provisions. They were set on the corpus of 2,503
// official files until every refusal and acceptance read right: a next number
// speaks louder than form, a jump of several numbers nearly outweighs it.
const (
	formHeading = 3.0
	formSpaced  = 2.0
	formBare    = 1.0
	formDoubt   = 0.4 // 第三条中, 第三条以: an article, or a reference to one
	nextBonus   = 2.0
	gapCost     = 0.5 // for each number left out …
	gapMost     = 1.5 // … up to this
)

// chain picks from candidates the ones that make the best rising sequence:
// articles increase, references to articles do not. It is a weighted longest
// rising subsequence in n log n, so that a hundred thousand headings cost little.
func chain(all []candidate) []candidate {
	if len(all) == 0 {
		return nil
	}
	ranks := rank(all)
	tree := make(maxTree, len(ranks)+1)
	score := make([]float64, len(all))
	from := make([]int, len(all))
	byNumber, byKey := map[int]int{}, map[int]int{} // best index ending there
	best := -1
	for i, c := range all {
		score[i], from[i] = startScore(c), -1
		try := func(j int, extra float64) {
			if s := score[j] + extra; s > score[i] {
				score[i], from[i] = s, j
			}
		}
		if c.sub > 1 {
			if j, ok := byKey[c.key()-1]; ok {
				try(j, nextBonus)
			}
		}
		before := c.n - 1
		if c.sub > 0 {
			before = c.n
		}
		for gap := range 3 {
			if j, ok := byNumber[before-gap]; ok && all[j].key() < c.key() {
				if gap == 0 && c.sub < 2 {
					try(j, nextBonus)
				}
				try(j, -gapCost*float64(gap))
			}
		}
		if j := tree.before(ranks[c.key()], score); j >= 0 {
			try(j, -gapMost)
		}
		score[i] += c.weight
		tree.put(ranks[c.key()], i, score)
		keep(byNumber, c.n, i, score)
		keep(byKey, c.key(), i, score)
		if best < 0 || score[i] > score[best] {
			best = i
		}
	}
	var picked []candidate
	for i := best; i >= 0; i = from[i] {
		picked = append(picked, all[i])
	}
	sort.Slice(picked, func(a, b int) bool { return picked[a].line < picked[b].line })
	return picked
}

func (c candidate) key() int { return c.n*1000 + min(c.sub, 999) }

func startScore(c candidate) float64 {
	if c.n == 1 {
		return nextBonus
	}
	return -min(gapCost*float64(c.n-1), gapMost)
}

func keep(best map[int]int, key, i int, score []float64) {
	if j, ok := best[key]; !ok || score[i] >= score[j] {
		best[key] = i
	}
}

// rank numbers the distinct keys from 1 in their order.
func rank(all []candidate) map[int]int {
	keys := make([]int, 0, len(all))
	for _, c := range all {
		keys = append(keys, c.key())
	}
	sort.Ints(keys)
	ranks := make(map[int]int, len(keys))
	for _, k := range keys {
		if _, ok := ranks[k]; !ok {
			ranks[k] = len(ranks) + 1
		}
	}
	return ranks
}

// maxTree is a Fenwick tree of indexes: the best-scored one of a lower rank.
// Entry 0 is unused; an entry holds index+1.
type maxTree []int

func (t maxTree) put(rank, i int, score []float64) {
	for ; rank < len(t); rank += rank & -rank {
		if t[rank] == 0 || score[i] > score[t[rank]-1] {
			t[rank] = i + 1
		}
	}
}

// before gives the best-scored index that was put at a lower rank, -1 for none.
func (t maxTree) before(rank int, score []float64) int {
	best := -1
	for rank--; rank > 0; rank -= rank & -rank {
		if j := t[rank] - 1; j >= 0 && (best < 0 || score[j] > score[best]) {
			best = j
		}
	}
	return best
}
