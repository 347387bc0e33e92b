package audit

import (
	"golang.org/x/mod/sumdb/tlog"
)

// frontier is the right edge of a growing tree: the root of each complete
// subtree, by level, valid where the size has that bit set. It recomputes a
// log of any length in constant memory, apart from the stored hashes.
type frontier struct {
	size  int64
	edges [64]tlog.Hash
}

// add takes the next leaf's hash and returns the hashes that become known with
// it, in the order in which tlog stores them.
func (f *frontier) add(h tlog.Hash) []tlog.Hash {
	known := []tlog.Hash{h}
	level := 0
	for ; f.size>>level&1 == 1; level++ {
		h = tlog.NodeHash(f.edges[level], h)
		known = append(known, h)
	}
	f.edges[level] = h
	f.size++
	return known
}

// root is the tree's hash at its present size.
func (f *frontier) root() tlog.Hash {
	var root tlog.Hash
	started := false
	for level := range f.edges {
		switch {
		case f.size>>level&1 == 0:
		case !started:
			root, started = f.edges[level], true
		default:
			root = tlog.NodeHash(f.edges[level], root)
		}
	}
	if !started {
		root, _ = tlog.TreeHash(0, nil) // the hash of nothing needs no reader
	}
	return root
}

// frontierAt reads the right edge of the first size leaves from the stored hashes.
func frontierAt(size int64, r tlog.HashReader) (*frontier, error) {
	f := &frontier{size: size}
	var levels []int
	var indexes []int64
	for level := range f.edges {
		if size>>level&1 == 1 {
			levels = append(levels, level)
			indexes = append(indexes, tlog.StoredHashIndex(level, size>>level-1))
		}
	}
	hashes, err := r.ReadHashes(indexes)
	if err != nil {
		return nil, err
	}
	for i, level := range levels {
		f.edges[level] = hashes[i]
	}
	return f, nil
}
