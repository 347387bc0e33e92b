package retrieval

import "testing"

// Five pieces of one long provision must not fill the page, and what is named
// or not in force keeps its place.
func TestOnePlaceDoesNotFillThePage(t *testing.T) {
	s := &search{view: newView(nil, nil, 0)}
	add := func(id, version int64, label uint32, score float64, tier, named int) {
		s.all = append(s.all, candidate{id: id, document: version, version: version, label: label, score: score, tier: tier, named: named})
	}
	add(1, 1, 7, 2, current, 1) // named
	add(2, 1, 7, 0.95, current, 0)
	add(3, 1, 7, 0.94, current, 0)
	add(4, 1, 7, 0.93, current, 0)
	add(5, 2, 8, 0.85, current, 0)
	add(6, 3, 9, 0.70, current, 0)
	add(7, 4, 1, 0.99, past, 0)
	s.diversify()
	var got []int64
	for _, c := range s.all {
		got = append(got, c.id)
	}
	for i, want := range []int64{1, 2, 5, 3, 6, 4, 7} {
		if got[i] != want {
			t.Fatalf("want 1 2 5 3 6 4 7, got %v", got)
		}
	}
}

// A document's near copies step back, another document's stay.
func TestCopiesStepBack(t *testing.T) {
	v := planes(64, 4, 4)
	s := &search{view: v}
	for i := range 4 {
		v.parts[i/3].plane.put(i%3, madeUp(64, 5)) // all the same
		s.all = append(s.all, candidate{id: int64(i + 1), part: i / 3, local: i % 3, document: int64(1 + i/3), version: int64(i), label: uint32(i), score: 1 - float64(i)/100, hasCosine: true, cosine: 0.5, lexical: 9})
	}
	s.diversify()
	if s.all[0].id != 1 || s.all[1].id != 4 {
		t.Errorf("want the other document's passage second, got %d, %d", s.all[0].id, s.all[1].id)
	}
}
