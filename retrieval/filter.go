package retrieval

import (
	"strings"
	"sync"
)

// hidden is the tier of a passage that must not be found: of a scope that the
// asker may not see, or no longer in the corpus.
const hidden = -1

// filter says of every passage of a view where it stands for one asker on one
// day. Both engines look at it before they count a passage, so that who may
// see one passage in a hundred still gets a full list.
//
// How rare a term is and how long passages are on average is taken over what
// may be seen, too: otherwise scores and ranks would tell of words in documents
// that the asker may not know of (web.TestTwoWorlds).
type filter struct {
	tiers [][]int8 // by part and passage
	seen  int      // passages not hidden
	whole bool     // nothing is hidden but what is dead
	table *[1 << 16]float32
	known sync.Map // how many visible passages have a term, by its hash
}

// filters keeps those lately used. Asked for with the same rights on the same
// day, of which there are few at a time, one serves again until the view changes.
type filters struct {
	mu   sync.Mutex
	made map[string]*filter
}

// keepFilters bounds the memory: one is a byte a passage.
const keepFilters = 24

// filterFor gives the filter of these scopes on a day; rank says which tier a
// version belongs to, and must depend on nothing else.
func (v *view) filterFor(scopes []string, day string, p params, rank func(*version) int) *filter {
	key := day + " " + strings.Join(scopes, " ")
	v.filters.mu.Lock()
	defer v.filters.mu.Unlock()
	if f := v.filters.made[key]; f != nil {
		return f
	}
	visible := make(map[string]bool, len(scopes))
	for _, s := range scopes {
		visible[s] = true
	}
	f := v.newFilter(p, func(x *version) int {
		if !visible[x.scope] {
			return hidden
		}
		return rank(x)
	})
	if len(v.filters.made) >= keepFilters || v.filters.made == nil {
		v.filters.made = make(map[string]*filter)
	}
	v.filters.made[key] = f
	return f
}

func (v *view) newFilter(params params, rank func(*version) int) *filter {
	f := &filter{tiers: make([][]int8, len(v.parts))}
	length := 0.0
	for p, x := range v.parts {
		of := make([]int8, len(x.versions))
		for i, id := range x.versions {
			of[i] = hidden
			if ver := v.versions[id]; ver != nil {
				of[i] = int8(rank(ver))
			}
		}
		tiers := make([]int8, x.n)
		for i := range tiers {
			t := of[x.version[i]]
			if x.dead.has(i) {
				t = hidden
			}
			if tiers[i] = t; t != hidden {
				f.seen++
				length += lengths[x.length[i]]
			}
		}
		f.tiers[p] = tiers
	}
	f.whole = f.seen == v.live
	f.table = params.table(length / float64(max(1, f.seen)))
	return f
}

// frequency is how many visible passages have a term.
func (v *view) frequency(hash uint64, f *filter) int {
	if n, ok := f.known.Load(hash); ok {
		return n.(int)
	}
	n := 0
	for p, x := range v.parts {
		if f.whole {
			n += x.frequency(hash)
			continue
		}
		from, to := x.find(hash)
		tiers := f.tiers[p]
		for _, l := range x.low[from:to] {
			if tiers[l] != hidden {
				n++
			}
		}
	}
	f.known.Store(hash, n)
	return n
}
