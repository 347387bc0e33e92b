// Package agreement measures how far judges of the same things agree beyond
// chance: Krippendorff's α, which takes any number of judges, gaps, and scales
// whose steps mean more or less. Pure: numbers in, numbers out.
package agreement

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Metric says how far apart two values are.
type Metric string

// The metrics: different is different; by rank; by distance.
const (
	Nominal  Metric = "nominal"
	Ordinal  Metric = "ordinal"
	Interval Metric = "interval"
)

// Least is how many units judged by two or more are needed before α is told:
// below, chance alone moves it by tenths.
const Least = 10

// Unit is what the judges said of one thing: their values, gaps left out.
type Unit []float64

// Result is α with the interval within which it lies with 95 % when things like
// these are judged. Enough is false below Least units: then it is "insufficient".
type Result struct {
	Alpha  float64 `json:"alpha"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Units  int     `json:"units"`  // judged by two or more
	Values int     `json:"values"` // in those
	Enough bool    `json:"enough"`
}

// Alpha computes α. Where every value is the same there is nothing to disagree
// about and α is 1 by convention.
func Alpha(units []Unit, metric Metric) Result {
	paired := slices.DeleteFunc(slices.Clone(units), func(u Unit) bool { return len(u) < 2 })
	r := Result{Units: len(paired), Enough: len(paired) >= Least}
	for _, u := range paired {
		r.Values += len(u)
	}
	if len(paired) == 0 {
		return r
	}
	r.Alpha = alpha(paired, metric)
	r.Low, r.High = interval(paired, metric)
	return r
}

// alpha is 1 − observed disagreement / expected disagreement.
func alpha(units []Unit, metric Metric) float64 {
	count := map[float64]float64{}
	n := 0.0
	for _, u := range units {
		for _, v := range u {
			count[v]++
			n++
		}
	}
	distance := distances(count, metric)
	observed := 0.0
	for _, u := range units {
		sum := 0.0
		for i, a := range u {
			for _, b := range u[i+1:] {
				sum += 2 * distance(a, b)
			}
		}
		observed += sum / float64(len(u)-1)
	}
	expected := 0.0
	for a, x := range count {
		for b, y := range count {
			expected += x * y * distance(a, b)
		}
	}
	if expected == 0 {
		return 1
	}
	return 1 - (n-1)*observed/expected
}

// distances gives the metric's squared difference. The ordinal one lies in the
// values between two: how many were given there.
func distances(count map[float64]float64, metric Metric) func(a, b float64) float64 {
	switch metric {
	case Interval:
		return func(a, b float64) float64 { return (a - b) * (a - b) }
	case Ordinal:
		var values []float64
		for v := range count {
			values = append(values, v)
		}
		slices.Sort(values)
		below := map[float64]float64{}
		sum := 0.0
		for _, v := range values {
			below[v] = sum + count[v]/2
			sum += count[v]
		}
		return func(a, b float64) float64 { d := below[a] - below[b]; return d * d }
	}
	return func(a, b float64) float64 {
		if a == b {
			return 0
		}
		return 1
	}
}

// draws is how often the units are drawn anew for the interval.
const draws = 1000

// interval is the middle 95 % of α over units drawn anew with replacement. The
// seed is fixed: the same judgements give the same interval.
func interval(units []Unit, metric Metric) (low, high float64) {
	random := rand.New(rand.NewPCG(1, 2))
	list := make([]float64, draws)
	drawn := make([]Unit, len(units))
	for i := range list {
		for j := range drawn {
			drawn[j] = units[random.IntN(len(units))]
		}
		list[i] = alpha(drawn, metric)
	}
	slices.Sort(list)
	return list[draws/40], list[draws-1-draws/40]
}

// Rate is a share with the interval after Wilson, which holds for few cases and
// for shares near 0 and 1.
type Rate struct {
	Hits  int     `json:"hits"`
	Of    int     `json:"of"`
	Share float64 `json:"share"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// NewRate makes one; of nothing it is all zero.
func NewRate(hits, of int) Rate {
	r := Rate{Hits: hits, Of: of}
	if of == 0 {
		return r
	}
	const z = 1.959964
	n, p := float64(of), float64(hits)/float64(of)
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	r.Share, r.Low, r.High = p, max(0, middle-half), min(1, middle+half)
	return r
}
