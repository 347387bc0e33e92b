package retrieval

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"runtime"
	"unsafe"

	"advisor/embed"
)

// A plane holds the vectors of a shard's passages, by their numbers there:
// each as signed bytes with a factor, and as one bit a direction, by which all
// of them are looked through. Like a shard it never changes, and its bytes are
// the same in memory and in a file.
//
// Layout, little-endian, each section padded to 64 bytes:
//
//	header  magic, crc of all after it, counts, hash of the model's name
//	codes   uint64  × n × words  the signs of the turned vector
//	scale   float32 × n          the factor; absent: no vector yet
//	steps   int8    × n × dim
const (
	planeMagic  = "advpl\x00\x00\x01"
	planeHeader = 64
)

// absent is the factor of a passage that has no vector yet. 0 is that of one
// in which the model knows no word.
const absent = -1

type plane struct {
	raw    []byte
	n, dim int
	words  int // of a code
	model  uint64
	codes  []uint64
	scale  []float32
	steps  []int8
	lacks  int // passages whose vector is absent
}

func modelHash(e embed.Embedder) uint64 { return hashTerm(fmt.Sprintf("%s/%d", e.Name(), e.Dim())) }

// wordsFor is the length of a code: a turn needs a power of two.
func wordsFor(dim int) int {
	size := 64
	for size < dim {
		size *= 2
	}
	return size / 64
}

func planeSections(n, dim int) (offsets [3]int, size int) {
	at := planeHeader
	for i, b := range [3]int{8 * n * wordsFor(dim), 4 * n, n * dim} {
		offsets[i] = at
		at = (at + b + 63) &^ 63
	}
	return offsets, at
}

// newPlane makes a plane in which every vector is absent; seal finishes it.
func newPlane(n, dim int, model uint64) *plane {
	_, size := planeSections(n, dim)
	words := make([]uint64, size/8)
	raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), size)
	copy(raw, planeMagic)
	binary.LittleEndian.PutUint32(raw[16:], uint32(n))
	binary.LittleEndian.PutUint32(raw[20:], uint32(dim))
	binary.LittleEndian.PutUint64(raw[24:], model)
	p := planeView(raw, n, dim, model)
	for i := range p.scale {
		p.scale[i] = absent
	}
	p.lacks = n
	return p
}

func planeView(raw []byte, n, dim int, model uint64) *plane {
	o, _ := planeSections(n, dim)
	return &plane{raw: raw, n: n, dim: dim, words: wordsFor(dim), model: model,
		codes: section[uint64](raw, o[0], n*wordsFor(dim)), scale: section[float32](raw, o[1], n), steps: section[int8](raw, o[2], n*dim)}
}

func (p *plane) seal() *plane {
	p.lacks = 0
	for _, s := range p.scale {
		if s == absent {
			p.lacks++
		}
	}
	binary.LittleEndian.PutUint32(p.raw[8:], crc32.Checksum(p.raw[12:], castagnoli))
	return p
}

func (p *plane) crc() uint32 { return binary.LittleEndian.Uint32(p.raw[8:]) }

// openPlane lays a plane over bytes whose checksum has been verified.
func openPlane(raw []byte, release func([]byte)) (*plane, error) {
	if len(raw) < planeHeader || string(raw[:8]) != planeMagic {
		return nil, fmt.Errorf("%w: no vectors", errCorrupt)
	}
	n, dim := int(binary.LittleEndian.Uint32(raw[16:])), int(binary.LittleEndian.Uint32(raw[20:]))
	if n > shardLimit || dim <= 0 || dim > 1<<16 {
		return nil, fmt.Errorf("%w: %d vectors of %d", errCorrupt, n, dim)
	}
	if _, want := planeSections(n, dim); want != len(raw) {
		return nil, fmt.Errorf("%w: size %d", errCorrupt, len(raw))
	}
	p := planeView(raw, n, dim, binary.LittleEndian.Uint64(raw[24:]))
	for _, s := range p.scale {
		if s == absent {
			p.lacks++
		}
	}
	if release != nil {
		runtime.AddCleanup(p, release, raw)
	}
	return p, nil
}

// clone gives a copy that can be filled in.
func (p *plane) clone() *plane {
	out := newPlane(p.n, p.dim, p.model)
	copy(out.codes, p.codes)
	copy(out.scale, p.scale)
	copy(out.steps, p.steps)
	return out
}

// put stores the vector of a passage.
func (p *plane) put(i int, v []float32) {
	p.scale[i] = quantize(p.steps[i*p.dim:][:p.dim], v)
	sign(p.codes[i*p.words:][:p.words], v)
}

// take copies a passage's vector from another plane of the same model.
func (p *plane) take(i int, from *plane, j int) {
	p.scale[i] = from.scale[j]
	copy(p.steps[i*p.dim:][:p.dim], from.steps[j*p.dim:])
	copy(p.codes[i*p.words:][:p.words], from.codes[j*p.words:])
}

// quantize writes a unit vector as signed bytes and gives their factor.
func quantize(steps []int8, v []float32) (scale float32) {
	var most float32
	for _, f := range v {
		most = max(most, f, -f)
	}
	if most == 0 || math.IsInf(float64(most), 0) || most != most {
		return 0
	}
	for k, f := range v {
		steps[k] = int8(math.Round(float64(f) * 127 / float64(most)))
	}
	return most / 127
}

// sign writes the signs of a vector after a fixed turn. Turning spreads what
// the vector says evenly over the bits: on 56,268 articles the exact ten
// nearest were among the best thousand by bits at 0.995 instead of 0.970.
func sign(code []uint64, v []float32) {
	t := turned(v, 64*len(code))
	clear(code)
	for k, f := range t {
		if f > 0 {
			code[k>>6] |= 1 << (k & 63)
		}
	}
}

// turned rotates a vector, filled up with zeros to size: signs flipped by a
// fixed pattern, then a Hadamard transform, twice. It is part of the file format.
func turned(v []float32, size int) []float32 {
	t := make([]float32, size)
	copy(t, v)
	seed := uint64(0x9E3779B97F4A7C15)
	for range 2 {
		for k := range t {
			seed ^= seed << 13
			seed ^= seed >> 7
			seed ^= seed << 17
			if seed>>63 == 1 {
				t[k] = -t[k]
			}
		}
		for h := 1; h < size; h *= 2 {
			for i := 0; i < size; i += 2 * h {
				for j := i; j < i+h; j++ {
					t[j], t[j+h] = t[j]+t[j+h], t[j]-t[j+h]
				}
			}
		}
	}
	return t
}
