package evals

import (
	"math"
	"slices"
)

// judged are the graded relevant documents of one question; a grade of 0 or less is not relevant.
type judged map[string]int

// ndcg is the discounted gain of the first k against the best order possible.
func ndcg(ranking []string, want judged, k int) float64 {
	gain := 0.0
	for i, id := range ranking[:min(k, len(ranking))] {
		gain += float64(max(0, want[id])) / math.Log2(float64(i+2))
	}
	grades := make([]int, 0, len(want))
	for _, g := range want {
		grades = append(grades, max(0, g))
	}
	slices.Sort(grades)
	slices.Reverse(grades)
	best := 0.0
	for i, g := range grades[:min(k, len(grades))] {
		best += float64(g) / math.Log2(float64(i+2))
	}
	if best == 0 {
		return 0
	}
	return gain / best
}

// recall is the share of the relevant documents among the first k.
func recall(ranking []string, want judged, k int) float64 {
	all, found := 0, 0
	for _, g := range want {
		if g > 0 {
			all++
		}
	}
	for _, id := range ranking[:min(k, len(ranking))] {
		if want[id] > 0 {
			found++
		}
	}
	if all == 0 {
		return 0
	}
	return float64(found) / float64(all)
}

// mrr is one over the rank of the first relevant document among the first k.
func mrr(ranking []string, want judged, k int) float64 {
	for i, id := range ranking[:min(k, len(ranking))] {
		if want[id] > 0 {
			return 1 / float64(i+1)
		}
	}
	return 0
}

// quantile is the smallest value that a share q of values does not exceed.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, min(len(sorted)-1, int(math.Ceil(q*float64(len(sorted))))-1))]
}
