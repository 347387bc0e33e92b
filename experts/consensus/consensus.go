// Package consensus is the RAND/UCLA rule: what a panel's ratings from 1 to 9
// come to, and whether the panel disagrees. It knows nothing of reviews.
package consensus

import (
	"math"
	"slices"
)

// Outcome is what ratings come to.
type Outcome string

// The outcomes.
const (
	Appropriate   Outcome = "appropriate"   // median 7 to 9, no disagreement
	Uncertain     Outcome = "uncertain"     // median 4 to 6, or disagreement: a second round
	Inappropriate Outcome = "inappropriate" // median 1 to 3, no disagreement
)

// Result is a panel's ratings of one thing.
type Result struct {
	N        int     `json:"n"`
	Median   float64 `json:"median"`
	Low      float64 `json:"p30"`
	High     float64 `json:"p70"`
	IPR      float64 `json:"ipr"`
	IPRAS    float64 `json:"ipras"`
	Disagree bool    `json:"disagreement"`
	Outcome  Outcome `json:"outcome"`
}

// Of rates ratings from 1 to 9. There is disagreement when a third or more rate
// 1 to 3 and a third or more 7 to 9, or when the range between the 30th and the
// 70th percentile is wider than one adjusted for symmetry, 2.35 + 1.5·|5 − its
// centre|. (The constant is that of the method's manual; one paper prints 2.5,
// but its own example of 6.1 for 7 and 8 needs 2.35.) Nobody's ratings are uncertain.
func Of(ratings []int) Result {
	r := Result{N: len(ratings), Outcome: Uncertain}
	if r.N == 0 {
		return r
	}
	sorted := slices.Sorted(slices.Values(ratings))
	r.Median, r.Low, r.High = percentile(sorted, 0.5), percentile(sorted, 0.3), percentile(sorted, 0.7)
	r.IPR, r.IPRAS = Spread(r.Low, r.High)
	low, high := 0, 0
	for _, x := range sorted {
		switch {
		case x <= 3:
			low++
		case x >= 7:
			high++
		}
	}
	r.Disagree = low*3 >= r.N && high*3 >= r.N || r.IPR > r.IPRAS
	switch {
	case r.Disagree:
	case r.Median >= 7:
		r.Outcome = Appropriate
	case r.Median <= 3:
		r.Outcome = Inappropriate
	}
	return r
}

// Spread is the range between two percentiles and the one adjusted for symmetry.
func Spread(low, high float64) (ipr, ipras float64) {
	return high - low, 2.35 + 1.5*math.Abs(5-(low+high)/2)
}

// percentile interpolates between the two nearest of sorted ratings.
func percentile(sorted []int, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return float64(sorted[len(sorted)-1])
	}
	return float64(sorted[i]) + (at-float64(i))*float64(sorted[i+1]-sorted[i])
}
