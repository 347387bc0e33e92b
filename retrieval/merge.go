package retrieval

import "slices"

// part is a shard with those of its passages that no longer count, and the
// vectors of its passages.
type part struct {
	*shard
	dead  bitset // nil when all live
	plane *plane // nil: none yet
	// gone counts, by term, the postings of dead passages, so that a term
	// weighs the same before and after they are merged away, in every process.
	gone map[uint64]uint32
}

// bury marks more passages dead.
func (p part) bury(more []int) part {
	p.dead = p.dead.with(p.n, more)
	p.gone = make(map[uint64]uint32)
	for t, hash := range p.hashes {
		for _, l := range p.low[p.starts[t]:p.starts[t+1]] {
			if p.dead.has(int(l)) {
				p.gone[hash]++
			}
		}
	}
	return p
}

// frequency is how many live passages have a term.
func (p part) frequency(hash uint64) int {
	from, to := p.find(hash)
	return int(to-from) - int(p.gone[hash])
}

type bitset []uint64

func (b bitset) has(i int) bool { return b != nil && b[i>>6]&(1<<(i&63)) != 0 }

func (b bitset) count() int {
	n := 0
	for _, w := range b {
		for ; w != 0; w &= w - 1 {
			n++
		}
	}
	return n
}

// with gives a copy of b, for n passages, with more bits set.
func (b bitset) with(n int, more []int) bitset {
	out := make(bitset, (n+63)/64)
	copy(out, b)
	for _, i := range more {
		out[i>>6] |= 1 << (i & 63)
	}
	return out
}

func (p part) live() int { return p.n - p.dead.count() }

// gone is the place in a merged shard of a passage that died.
const gone = ^uint32(0)

// merge makes one part of the live passages of several; together they must
// not exceed shardLimit. Nothing is cut into terms or embedded again.
func merge(parts []part) part {
	places, order := renumber(parts)
	return part{shard: mergeShards(parts, places, order), plane: mergePlanes(parts, order)}
}

// mergePlanes brings the vectors together; those of another model than the
// first are left absent and read again.
func mergePlanes(parts []part, order []origin) *plane {
	var first *plane
	for _, x := range parts {
		if first == nil {
			first = x.plane
		}
	}
	if first == nil {
		return nil
	}
	out := newPlane(len(order), first.dim, first.model)
	for i, o := range order {
		if from := parts[o.part].plane; from != nil && from.model == out.model && from.dim == out.dim {
			out.take(i, from, o.local)
		}
	}
	return out.seal()
}

func mergeShards(parts []part, places [][]uint32, order []origin) *shard {
	cursor := make([]int, len(parts))
	var terms, postings int
	eachTerm(parts, cursor, places, func(_ uint64, found []posting) { terms, postings = terms+1, postings+len(found) })
	versions, index := mergeVersions(parts, order)
	out := newShard(counts{len(order), len(versions), terms, postings})
	copy(out.versions, versions)
	for i, o := range order {
		from := parts[o.part]
		out.ids[i], out.labels[i], out.length[i] = from.ids[o.local], from.labels[o.local], from.length[o.local]
		out.version[i] = index[from.versions[from.version[o.local]]]
	}
	t, at := 0, 0
	clear(cursor)
	eachTerm(parts, cursor, places, func(hash uint64, found []posting) {
		out.hashes[t], out.starts[t] = hash, uint32(at)
		for _, p := range found {
			out.low[at], out.weight[at] = p.low, p.weight
			at++
		}
		t++
	})
	out.starts[t] = uint32(at)
	out.seal()
	return out
}

type origin struct {
	id    int64
	part  int
	local int
}

// renumber orders the live passages of all parts by id and says where each goes.
func renumber(parts []part) (places [][]uint32, order []origin) {
	places = make([][]uint32, len(parts))
	for p, x := range parts {
		places[p] = make([]uint32, x.n)
		for i := range x.n {
			places[p][i] = gone
			if !x.dead.has(i) {
				order = append(order, origin{x.ids[i], p, i})
			}
		}
	}
	slices.SortFunc(order, func(a, b origin) int { return compare(a.id, b.id) })
	for i, o := range order {
		places[o.part][o.local] = uint32(i)
	}
	return places, order
}

func mergeVersions(parts []part, order []origin) ([]int64, map[int64]uint32) {
	var versions []int64
	index := make(map[int64]uint32)
	for _, o := range order {
		from := parts[o.part]
		v := from.versions[from.version[o.local]]
		if _, ok := index[v]; !ok {
			index[v] = uint32(len(versions))
			versions = append(versions, v)
		}
	}
	return versions, index
}

// eachTerm walks the terms of all parts in order and gives each one's live
// postings in the new numbering. found is only valid during the call.
func eachTerm(parts []part, cursor []int, places [][]uint32, visit func(hash uint64, found []posting)) {
	var found []posting
	for {
		hash, any := smallest(parts, cursor)
		if !any {
			return
		}
		found = found[:0]
		for p, x := range parts {
			if cursor[p] >= len(x.hashes) || x.hashes[cursor[p]] != hash {
				continue
			}
			for i := x.starts[cursor[p]]; i < x.starts[cursor[p]+1]; i++ {
				if to := places[p][x.low[i]]; to != gone {
					found = append(found, posting{hash, uint16(to), x.weight[i]})
				}
			}
			cursor[p]++
		}
		if len(found) == 0 {
			continue
		}
		if !slices.IsSortedFunc(found, byLow) {
			slices.SortFunc(found, byLow)
		}
		visit(hash, found)
	}
}

func byLow(a, b posting) int { return int(a.low) - int(b.low) }

func smallest(parts []part, cursor []int) (hash uint64, any bool) {
	for p, x := range parts {
		if c := cursor[p]; c < len(x.hashes) && (!any || x.hashes[c] < hash) {
			hash, any = x.hashes[c], true
		}
	}
	return hash, any
}
