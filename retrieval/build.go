package retrieval

import (
	"slices"
)

// entry is one passage to be indexed, its terms already cut.
type entry struct {
	id, version int64
	label       uint32
	text        []uint64 // hashed terms of the text, with repetitions
	context     []uint64 // of title and path
	exact       []uint64 // names under which the provision is looked up; they carry no length
}

type posting struct {
	hash   uint64
	low    uint16
	weight uint8
}

// build makes a shard of at most shardLimit entries.
func build(entries []entry, p params) *shard {
	slices.SortFunc(entries, func(a, b entry) int { return compare(a.id, b.id) })
	total := 0
	for _, e := range entries {
		total += len(e.text) + len(e.context) + len(e.exact)
	}
	all := make([]posting, 0, total)
	for i, e := range entries {
		low := uint16(i)
		for _, h := range e.text {
			all = append(all, posting{h, low, 4})
		}
		for _, h := range e.context {
			all = append(all, posting{h, low, p.context})
		}
		for _, h := range e.exact {
			all = append(all, posting{h, low, 4})
		}
	}
	all = fold(sortPostings(all))
	versions, index := numberVersions(entries)
	s := newShard(counts{len(entries), len(versions), countTerms(all), len(all)})
	copy(s.versions, versions)
	for i, e := range entries {
		s.ids[i], s.version[i], s.labels[i] = e.id, index[e.version], e.label
		length := 4*len(e.text) + int(p.contextLength)*len(e.context)
		s.length[i] = codeLength(length)
	}
	fillPostings(s, all)
	s.seal()
	return s
}

func compare(a, b int64) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

func numberVersions(entries []entry) ([]int64, map[int64]uint32) {
	var versions []int64
	index := make(map[int64]uint32)
	for _, e := range entries {
		if _, ok := index[e.version]; !ok {
			index[e.version] = uint32(len(versions))
			versions = append(versions, e.version)
		}
	}
	return versions, index
}

// sortPostings orders by hash, keeping passages in order within a hash: a radix
// sort of sixteen bits a pass, several times faster than comparing.
func sortPostings(a []posting) []posting {
	b := make([]posting, len(a))
	var count [1 << 16]int32
	for shift := 0; shift < 64; shift += 16 {
		clear(count[:])
		for i := range a {
			count[uint16(a[i].hash>>shift)]++
		}
		at := int32(0)
		for i, c := range count {
			count[i], at = at, at+c
		}
		for i := range a {
			d := uint16(a[i].hash >> shift)
			b[count[d]] = a[i]
			count[d]++
		}
		a, b = b, a
	}
	return a
}

// fold adds up the postings of one term in one passage.
func fold(a []posting) []posting {
	out := a[:0]
	for _, p := range a {
		if n := len(out); n > 0 && out[n-1].hash == p.hash && out[n-1].low == p.low {
			out[n-1].weight = uint8(min(255, int(out[n-1].weight)+int(p.weight)))
			continue
		}
		out = append(out, p)
	}
	return out
}

func countTerms(a []posting) int {
	n := 0
	for i := range a {
		if i == 0 || a[i].hash != a[i-1].hash {
			n++
		}
	}
	return n
}

func fillPostings(s *shard, a []posting) {
	t := -1
	for i, p := range a {
		if i == 0 || p.hash != a[i-1].hash {
			t++
			s.hashes[t], s.starts[t] = p.hash, uint32(i)
		}
		s.low[i], s.weight[i] = p.low, p.weight
	}
	s.starts[len(s.hashes)] = uint32(len(a))
}
