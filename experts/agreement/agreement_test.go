package agreement

import (
	"math"
	"testing"
)

// krippendorff is his own example: four judges, twelve things, gaps.
var krippendorff = [][]float64{
	{1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0},
	{1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3},
	{0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0},
	{1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0},
}

func example() []Unit {
	units := make([]Unit, 12)
	for _, judge := range krippendorff {
		for i, v := range judge {
			if v != 0 {
				units[i] = append(units[i], v)
			}
		}
	}
	return units
}

func TestGoldenValues(t *testing.T) {
	for metric, want := range map[Metric]float64{Nominal: 0.743, Ordinal: 0.815, Interval: 0.849} {
		r := Alpha(example(), metric)
		if math.Abs(r.Alpha-want) > 0.0005 || r.Units != 11 || r.Values != 40 || !r.Enough {
			t.Errorf("%s: want %.3f of 40 values in 11 units, got %+v", metric, want, r)
		}
		if r.Low > r.Alpha || r.High < r.Alpha || r.Low == r.High {
			t.Errorf("%s: want an interval around it, got %+v", metric, r)
		}
	}
}

func TestEdges(t *testing.T) {
	if r := Alpha(nil, Nominal); r.Enough || r.Units != 0 || r.Alpha != 0 {
		t.Errorf("of nothing: %+v", r)
	}
	if r := Alpha([]Unit{{1}, {2}}, Nominal); r.Units != 0 {
		t.Errorf("single judgements pair with nothing: %+v", r)
	}
	if r := Alpha([]Unit{{1, 1}, {1, 1, 1}}, Ordinal); r.Alpha != 1 || r.Enough {
		t.Errorf("all the same: %+v", r)
	}
	if r := Alpha([]Unit{{1, 2}, {2, 1}}, Nominal); r.Alpha >= 0 {
		t.Errorf("worse than chance is below zero: %+v", r)
	}
}

func TestRate(t *testing.T) {
	r := NewRate(8, 10)
	if math.Abs(r.Low-0.490) > 0.001 || math.Abs(r.High-0.943) > 0.001 {
		t.Errorf("8 of 10: want 0.490 to 0.943, got %+v", r)
	}
	if r := NewRate(0, 0); r != (Rate{}) {
		t.Errorf("of nothing: %+v", r)
	}
}
