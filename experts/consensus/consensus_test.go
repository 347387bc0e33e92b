package consensus

import (
	"math"
	"testing"
)

// TestGoldenSpread is the method's published example: percentiles 7 and 8.
func TestGoldenSpread(t *testing.T) {
	ipr, ipras := Spread(7, 8)
	if ipr != 1 || math.Abs(ipras-6.10) > 1e-9 {
		t.Errorf("want 1 and 6.10, got %v and %v", ipr, ipras)
	}
}

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name     string
		ratings  []int
		want     Outcome
		disagree bool
	}{
		{"nobody", nil, Uncertain, false},
		{"all high", []int{7, 8, 9, 8, 7}, Appropriate, false},
		{"all low", []int{1, 2, 3}, Inappropriate, false},
		{"all in the middle", []int{5, 5, 6}, Uncertain, false},
		{"a third low and the rest high", []int{1, 8, 9}, Uncertain, true},
		{"one of five low is no third", []int{2, 7, 8, 8, 9}, Appropriate, false},
		{"two of six low is a third", []int{2, 3, 7, 8, 8, 9}, Uncertain, true},
		{"low and middle", []int{1, 2, 5}, Inappropriate, false},
		{"spread from end to end", []int{1, 1, 5, 9, 9}, Uncertain, true},
	} {
		if got := Of(c.ratings); got.Outcome != c.want || got.Disagree != c.disagree {
			t.Errorf("%s: want %s, disagreement %v, got %+v", c.name, c.want, c.disagree, got)
		}
	}
}
