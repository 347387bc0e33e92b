package retrieval

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"unsafe"
)

// A shard is an immutable piece of the lexical index: up to 65,536 passages, so
// that a posting is two bytes for the passage and one for the weight, with
// nothing to decode, and the scores of a whole shard fit the processor's cache.
// Its bytes are the same in memory and in a file.
//
// Layout, little-endian, each section padded to eight bytes:
//
//	header   magic, crc of all after it, counts
//	ids      int64    × n   passage ids, ascending
//	versions int64    × v   distinct version ids
//	hashes   uint64   × t   terms, ascending
//	starts   uint32   × t+1 where each term's postings begin
//	version  uint32   × n   index into versions
//	labels   uint32   × n   hash of the label, or of the text when there is none
//	low      uint16   × p   passage numbers, ascending within a term
//	weight   uint8    × p   weighted term frequency in quarters
//	length   uint8    × n   coded length
const (
	shardMagic  = "advsh\x00\x00\x04"
	shardLimit  = 1 << 16
	headerBytes = 48
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errCorrupt = errors.New("index file is damaged")

type shard struct {
	raw      []byte
	n        int
	ids      []int64
	versions []int64
	version  []uint32
	labels   []uint32
	hashes   []uint64
	starts   []uint32
	low      []uint16
	weight   []uint8
	length   *[shardLimit]uint8 // a padded copy: random access without bounds checks
}

// counts are the sizes that fix a shard's layout.
type counts struct{ n, versions, terms, postings int }

func (c counts) sections() (offsets [9]int, size int) {
	at := headerBytes
	for i, b := range [9]int{8 * c.n, 8 * c.versions, 8 * c.terms, 4 * (c.terms + 1), 4 * c.n, 4 * c.n, 2 * c.postings, c.postings, c.n} {
		offsets[i] = at
		at = (at + b + 7) &^ 7
	}
	return offsets, at
}

// newShard allocates a shard whose sections are to be filled in; seal finishes it.
func newShard(c counts) *shard {
	_, size := c.sections()
	// uint64s, so that the bytes are aligned for the sections.
	words := make([]uint64, (size+7)/8)
	raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), size)
	copy(raw, shardMagic)
	binary.LittleEndian.PutUint32(raw[16:], uint32(c.n))
	binary.LittleEndian.PutUint32(raw[20:], uint32(c.versions))
	binary.LittleEndian.PutUint32(raw[24:], uint32(c.terms))
	binary.LittleEndian.PutUint32(raw[28:], uint32(c.postings))
	return view1(raw, c)
}

// view1 lays the sections over raw without looking at their contents.
func view1(raw []byte, c counts) *shard {
	o, _ := c.sections()
	return &shard{
		raw: raw, n: c.n,
		ids:      section[int64](raw, o[0], c.n),
		versions: section[int64](raw, o[1], c.versions),
		hashes:   section[uint64](raw, o[2], c.terms),
		starts:   section[uint32](raw, o[3], c.terms+1),
		version:  section[uint32](raw, o[4], c.n),
		labels:   section[uint32](raw, o[5], c.n),
		low:      section[uint16](raw, o[6], c.postings),
		weight:   section[uint8](raw, o[7], c.postings),
		length:   new([shardLimit]uint8),
	}
}

func section[T any](raw []byte, at, n int) []T {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&raw[at])), n)
}

// seal writes the lengths and the checksum.
func (s *shard) seal() {
	o, _ := s.counts().sections()
	copy(s.raw[o[8]:], s.length[:s.n])
	binary.LittleEndian.PutUint32(s.raw[8:], crc32.Checksum(s.raw[12:], castagnoli))
}

func (s *shard) counts() counts {
	return counts{n: s.n, versions: len(s.versions), terms: len(s.hashes), postings: len(s.low)}
}

func (s *shard) crc() uint32 { return binary.LittleEndian.Uint32(s.raw[8:]) }

// checkHeader reads a shard's counts and refuses a size that does not fit them.
func checkHeader(header []byte, size int64) (counts, error) {
	if len(header) < headerBytes || string(header[:8]) != shardMagic {
		return counts{}, fmt.Errorf("%w: no shard", errCorrupt)
	}
	u := func(at int) int { return int(binary.LittleEndian.Uint32(header[at:])) }
	c := counts{n: u(16), versions: u(20), terms: u(24), postings: u(28)}
	if _, want := c.sections(); c.n > shardLimit || c.versions > c.n || int64(want) != size {
		return counts{}, fmt.Errorf("%w: size %d", errCorrupt, size)
	}
	return c, nil
}

// openShard lays a shard over bytes whose checksum has been verified.
// The bytes must stay valid until release is called, when the shard is no longer reachable.
func openShard(raw []byte, release func([]byte)) (*shard, error) {
	c, err := checkHeader(raw, int64(len(raw)))
	if err != nil {
		return nil, err
	}
	s := view1(raw, c)
	o, _ := c.sections()
	copy(s.length[:], raw[o[8]:o[8]+c.n])
	if release != nil {
		runtime.AddCleanup(s, release, raw)
	}
	return s, nil
}

// find gives the span of a term's postings. Hashes are spread evenly, so the
// first guess is close and a few doublings enclose the place.
func (s *shard) find(hash uint64) (from, to uint32) {
	n := len(s.hashes)
	if n == 0 {
		return 0, 0
	}
	hi, _ := bits.Mul64(hash, uint64(n))
	lo, up, step := int(hi), int(hi)+1, 32
	for lo > 0 && s.hashes[lo] > hash {
		lo, step = max(0, lo-step), step*2
	}
	for step = 32; up < n && s.hashes[up] <= hash; step *= 2 {
		up = min(n, up+step)
	}
	i, ok := slices.BinarySearch(s.hashes[lo:up], hash)
	if !ok {
		return 0, 0
	}
	return s.starts[lo+i], s.starts[lo+i+1]
}

// local gives the number within the shard of a passage, or -1.
func (s *shard) local(id int64) int {
	if i, ok := slices.BinarySearch(s.ids, id); ok {
		return i
	}
	return -1
}

// hashTerm is FNV-1a with a final mix that spreads the hashes evenly. It is part of the file format.
func hashTerm(term string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(term) {
		h = (h ^ uint64(term[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// Lengths are coded in sixteenths of an octave: exact enough to rank (4 %), one byte to keep.
func codeLength(quarters int) uint8 {
	return uint8(min(255, math.Round(16*math.Log2(1+float64(quarters)/4))))
}

func decodeLength(code uint8) float64 { return math.Exp2(float64(code)/16) - 1 }

// lengths are the decoded ones, by code.
var lengths = func() (t [256]float64) {
	for code := range t {
		t[code] = decodeLength(uint8(code))
	}
	return t
}()
