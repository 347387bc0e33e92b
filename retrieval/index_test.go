package retrieval

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// doc is a passage of a made-up corpus, its terms small numbers.
type doc struct {
	id, version   int64
	text, context []int
}

func (d doc) entry() entry {
	e := entry{id: d.id, version: d.version}
	for _, t := range d.text {
		e.text = append(e.text, hashTerm(fmt.Sprint("t", t)))
	}
	for _, t := range d.context {
		e.context = append(e.context, hashTerm(fmt.Sprint("t", t)))
	}
	return e
}

func docs(t *rapid.T) []doc {
	terms := rapid.SliceOfN(rapid.IntRange(0, 12), 1, 12)
	n := rapid.IntRange(1, 60).Draw(t, "passages")
	out := make([]doc, n)
	for i := range out {
		out[i] = doc{id: int64(i + 1), version: int64(rapid.IntRange(1, 9).Draw(t, "version")),
			text: terms.Draw(t, "text"), context: rapid.SliceOfN(rapid.IntRange(0, 12), 0, 3).Draw(t, "context")}
	}
	return out
}

// plain scores one passage by the textbook, lengths rounded as they are stored.
func plain(all []doc, d doc, query []int, p params) float64 {
	length := func(d doc) int { return 4*len(d.text) + int(p.contextLength)*len(d.context) }
	total := 0.0
	for _, x := range all {
		total += decodeLength(codeLength(length(x)))
	}
	average := total / float64(len(all))
	count := func(in []int, t int) (n int) {
		for _, x := range in {
			if x == t {
				n++
			}
		}
		return n
	}
	score := 0.0
	for _, q := range query {
		df := 0
		for _, x := range all {
			if count(x.text, q)+count(x.context, q) > 0 {
				df++
			}
		}
		tf := float64(4*count(d.text, q)+int(p.context)*count(d.context, q)) / 4
		idf := math.Log(1 + (float64(len(all)-df)+0.5)/(float64(df)+0.5))
		score += idf * tf / (tf + p.k1*(1-p.b+p.b*decodeLength(codeLength(length(d)))/average))
	}
	return score
}

// spread puts the passages into shards at random and merges some of them.
func spread(t *rapid.T, all []doc) []part {
	k := rapid.IntRange(1, 5).Draw(t, "shards")
	heaps := make([][]entry, k)
	for _, d := range all {
		i := rapid.IntRange(0, k-1).Draw(t, "shard")
		heaps[i] = append(heaps[i], d.entry())
	}
	var parts []part
	for _, h := range heaps {
		parts = append(parts, part{shard: build(h, tuned)})
	}
	if rapid.Bool().Draw(t, "merge") {
		n := rapid.IntRange(1, k).Draw(t, "merged")
		parts = append([]part{merge(parts[:n])}, parts[n:]...)
	}
	return parts
}

func versionsOf(all []doc) map[int64]*version {
	out := make(map[int64]*version)
	for _, d := range all {
		out[d.version] = &version{id: d.version, document: d.version, scope: fmt.Sprint("s", d.version%3)}
	}
	return out
}

// open is the filter that hides nothing.
func open(v *view) *filter { return v.newFilter(tuned, func(*version) int { return current }) }

func TestSearchEqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := docs(t)
		query := rapid.SliceOfNDistinct(rapid.IntRange(0, 14), 1, 6, rapid.ID[int]).Draw(t, "query")
		v := newView(spread(t, all), versionsOf(all), 0)
		words := make([]string, len(query))
		for i, q := range query {
			words[i] = fmt.Sprint("t", q)
		}
		k := rapid.IntRange(1, 20).Draw(t, "k")
		got := v.search(v.weigh(words, nil, tuned, open(v)), k, open(v))[current]

		var want []found
		for _, d := range all {
			if s := plain(all, d, query, tuned); s > 0 {
				want = append(want, found{id: d.id, score: float32(s)})
			}
		}
		slices.SortFunc(want, func(a, b found) int { return -compareFloat(a.score, b.score) })
		want = want[:min(k, len(want))]
		if len(got) != len(want) {
			t.Fatalf("want %d hits, got %d", len(want), len(got))
		}
		for i := range want {
			if math.Abs(float64(want[i].score-got[i].score)) > 1e-4 {
				t.Fatalf("hit %d: want score %v, got %v (passage %d)", i, want[i].score, got[i].score, got[i].id)
			}
			if s, _ := v.scoreOf(got[i].part, got[i].local, v.weigh(words, nil, tuned, open(v)), open(v)); math.Abs(float64(s-got[i].score)) > 1e-4 {
				t.Fatalf("want the single passage's score %v, got %v", got[i].score, s)
			}
		}
	})
}

func TestSearchNeverLeavesTheScope(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := docs(t)
		versions := versionsOf(all)
		v := newView(spread(t, all), versions, 0)
		seen := map[string]bool{"s0": rapid.Bool().Draw(t, "s0"), "s1": rapid.Bool().Draw(t, "s1"), "s2": rapid.Bool().Draw(t, "s2")}
		rank := func(v *version) int {
			if !seen[v.scope] {
				return -1
			}
			return int(v.id % 2)
		}
		hits := v.search(v.weigh([]string{"t1", "t2", "t3"}, nil, tuned, open(v)), 10, v.newFilter(tuned, rank))
		want := [tiers]int{}
		for _, d := range all {
			ver := versions[d.version]
			if seen[ver.scope] && slices.ContainsFunc(append(slices.Clone(d.text), d.context...), func(x int) bool { return x >= 1 && x <= 3 }) {
				want[ver.id%2]++
			}
		}
		for tier, list := range hits {
			if len(list) != min(10, want[tier]) {
				t.Fatalf("tier %d: want %d hits, got %d: the filter must not cost results", tier, min(10, want[tier]), len(list))
			}
			for _, f := range list {
				x := v.parts[f.part]
				if ver := versions[x.versions[x.version[f.local]]]; rank(ver) != tier {
					t.Fatalf("passage %d of scope %s in tier %d", f.id, ver.scope, tier)
				}
			}
		}
	})
}

func TestDeadPassagesAreGone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := docs(t)
		parts := spread(t, all)
		var present []int64
		alive := make(map[int64]bool)
		changed := map[int64]bool{1: true, 2: true, 3: true}
		for _, d := range all {
			alive[d.id] = !changed[d.version] || rapid.Bool().Draw(t, "alive")
			if changed[d.version] && alive[d.id] {
				present = append(present, d.id)
			}
		}
		present = append(present, 1000)
		fresh := bury(parts, []int64{1, 2, 3}, present)
		if !slices.Equal(fresh, []int64{1000}) {
			t.Fatalf("want only passage 1000 to be new, got %v", fresh)
		}
		if rapid.Bool().Draw(t, "merge") {
			parts = []part{merge(parts)}
		}
		v := newView(parts, versionsOf(all), 0)
		for _, d := range all {
			if _, _, ok := v.locate(d.id); ok != alive[d.id] {
				t.Fatalf("passage %d: want alive %v, got %v", d.id, alive[d.id], ok)
			}
		}
		hits := v.search(v.weigh([]string{"t1", "t2"}, nil, tuned, open(v)), 100, open(v))[current]
		for _, f := range hits {
			if !alive[f.id] {
				t.Fatalf("dead passage %d was found", f.id)
			}
		}
	})
}
