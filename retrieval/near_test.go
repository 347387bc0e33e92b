package retrieval

import (
	"math"
	"math/rand"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// madeUp gives a unit vector that stands near one of forty directions.
func madeUp(dim int, seed int64) []float32 {
	topic, own := rand.New(rand.NewSource(seed%40)), rand.New(rand.NewSource(seed+1000))
	v, sum := make([]float32, dim), 0.0
	for k := range v {
		v[k] = float32(topic.NormFloat64() + 0.8*own.NormFloat64())
		sum += float64(v[k]) * float64(v[k])
	}
	for k := range v {
		v[k] /= float32(math.Sqrt(sum))
	}
	return v
}

// planes makes a view of passages with made-up vectors, without any words.
func planes(dim, n, scopes int) *view {
	versions := make(map[int64]*version)
	var entries []entry
	for i := range n {
		id := int64(i%scopes + 1)
		versions[id] = &version{id: id, document: id}
		entries = append(entries, entry{id: int64(i + 1), version: id})
	}
	var parts []part
	for from := 0; from < n; from += n/2 + 1 {
		s := build(entries[from:min(n, from+n/2+1)], tuned)
		p := newPlane(s.n, dim, 1)
		for i, id := range s.ids {
			p.put(i, madeUp(dim, id))
		}
		parts = append(parts, part{shard: s, plane: p.seal()})
	}
	return newView(parts, versions, 0)
}

// made keeps the vectors of a test, which asks for each many times.
func made(dim, n int) [][]float32 {
	out := make([][]float32, n)
	for i := range out {
		out[i] = madeUp(dim, int64(i+1))
	}
	return out
}

// exact is what reading every vector in full would find.
func exact(v *view, vectors [][]float32, q []float32, f *filter, k int) []int64 {
	var all []found
	for p, x := range v.parts {
		for i, id := range x.ids {
			if f.tiers[p][i] != hidden {
				sum := float32(0)
				for k, f := range vectors[id-1] {
					sum += f * q[k]
				}
				all = append(all, found{id: id, score: sum})
			}
		}
	}
	slices.SortFunc(all, func(a, b found) int { return -compareFloat(a.score, b.score) })
	ids := make([]int64, 0, k)
	for _, f := range all[:min(k, len(all))] {
		ids = append(ids, f.id)
	}
	return ids
}

// With a scope that holds one passage in a hundred, and with all of them, the
// nearest are those that reading every vector finds.
func TestNearestAgainstExact(t *testing.T) {
	const n = 10_000
	v, vectors := planes(256, n, 100), made(256, n)
	for name, rank := range map[string]func(*version) int{
		"everything": func(*version) int { return current },
		"one in a hundred": func(x *version) int {
			if x.id == 7 {
				return current
			}
			return hidden
		},
	} {
		f := v.newFilter(tuned, rank)
		found, wanted := 0, 0
		for q := range int64(30) {
			vector := madeUp(256, 5_000_000+q)
			got := v.nearest(newProbe(1, vector), f, 10)[current]
			want := exact(v, vectors, vector, f, 10)
			wanted += len(want)
			for _, g := range got {
				if slices.Contains(want, g.id) {
					found++
				}
			}
			if len(got) != 10 {
				t.Fatalf("%s: want ten, got %d", name, len(got))
			}
		}
		if share := float64(found) / float64(wanted); share < 0.97 {
			t.Errorf("%s: want recall@10 of 0.97 at least, got %.3f", name, share)
		}
	}
}

func TestNearestStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dim := rapid.SampledFrom([]int{3, 64, 70, 256, 300, 512, 768}).Draw(t, "dim")
		n := rapid.IntRange(2, 300).Draw(t, "n")
		v := planes(dim, n, 5)
		rank := func(x *version) int { return int(x.id%3) - 1 }
		f := v.newFilter(tuned, rank)
		k := rapid.IntRange(1, 20).Draw(t, "k")
		q := madeUp(dim, 77)
		for tier, list := range v.nearest(newProbe(1, q), f, k) {
			visible := 0
			for i := range n {
				if rank(&version{id: int64(i%5 + 1)}) == tier {
					visible++
				}
			}
			if len(list) != min(k, visible) {
				t.Fatalf("tier %d: want %d, got %d", tier, min(k, visible), len(list))
			}
			for _, h := range list {
				if f.tiers[h.part][h.local] != int8(tier) {
					t.Fatalf("passage %d is not of tier %d", h.id, tier)
				}
				want := 0.0
				for i, x := range madeUp(dim, h.id) {
					want += float64(x) * float64(q[i])
				}
				if math.Abs(want-float64(h.score)) > 0.02 {
					t.Fatalf("want cosine %.3f, got %.3f", want, h.score)
				}
			}
		}
	})
}

// Looked at beside the words or after them, the nearest are the same.
func TestNearestBesideTheWords(t *testing.T) {
	v := planes(64, 500, 4)
	s := &search{view: v, filter: open(v), depth: 20, probe: newProbe(1, madeUp(64, 9))}
	after := s.lookNear()()
	s.filter.seen = beside + 1
	beside := s.lookNear()
	if got := beside(); len(got[current]) != 20 || !slices.Equal(after[current], got[current]) || s.timing.Vector <= 0 {
		t.Errorf("want the same twenty both ways, got %v and %v", after[current], got[current])
	}
	s.probe = nil
	if none := s.lookNear()(); len(none[current]) != 0 {
		t.Errorf("want nothing without a vector, got %v", none)
	}
}

func TestPlanesSurviveMerging(t *testing.T) {
	v := planes(64, 120, 4)
	v.parts[0] = v.parts[0].bury([]int{1, 5})
	m := merge(v.parts)
	if m.n != 118 || m.plane.lacks != 0 {
		t.Fatalf("want 118 passages with vectors, got %d of which %d lack theirs", m.n, m.plane.lacks)
	}
	for i, id := range m.ids {
		want := newPlane(1, 64, 1)
		want.put(0, madeUp(64, id))
		if !slices.Equal(want.steps, m.plane.steps[64*i:64*i+64]) || want.codes[0] != m.plane.codes[i] {
			t.Fatalf("passage %d has another's vector", id)
		}
	}
}

func BenchmarkNearest(b *testing.B) {
	v := planes(256, 100_000, 100)
	f := v.newFilter(tuned, func(*version) int { return current })
	q := newProbe(1, madeUp(256, 5_000_000))
	for b.Loop() {
		v.nearest(q, f, 100)
	}
}
