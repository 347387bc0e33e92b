package retrieval

import (
	"math"
	"math/bits"
	"runtime"
	"sync"
)

// probe is a question's vector made ready: its code for looking through all
// passages, its steps for measuring the best of them.
type probe struct {
	model uint64
	dim   int
	code  []uint64
	steps []int16
	scale float32
}

// queryStep is the size of the largest of a question's steps: with it the sum
// of 65,536 products with signed bytes still fits 32 bits.
const queryStep = 255

func newProbe(model uint64, v []float32) *probe {
	q := &probe{model: model, dim: len(v), code: make([]uint64, wordsFor(len(v))), steps: make([]int16, len(v))}
	sign(q.code, v)
	var most float32
	for _, f := range v {
		most = max(most, f, -f)
	}
	q.scale = most / queryStep
	for k, f := range v {
		q.steps[k] = int16(math.Round(float64(f) * queryStep / float64(most)))
	}
	return q
}

// fits tells whether a plane holds vectors of the probe's model.
func (q *probe) fits(p *plane) bool {
	return p != nil && p.model == q.model && p.dim == q.dim
}

// cosine measures one passage; ok is false where it has no vector.
func (q *probe) cosine(p *plane, i int) (cosine float64, ok bool) {
	if !q.fits(p) || p.scale[i] == absent {
		return 0, false
	}
	return float64(dot(p.steps[i*p.dim:][:p.dim], q.steps)) * float64(p.scale[i]) * float64(q.scale), true
}

func dot(a []int8, b []int16) (sum int32) {
	b = b[:len(a)]
	var s0, s1, s2, s3 int32
	for len(a) >= 8 && len(b) >= 8 {
		s0 += int32(a[0])*int32(b[0]) + int32(a[4])*int32(b[4])
		s1 += int32(a[1])*int32(b[1]) + int32(a[5])*int32(b[5])
		s2 += int32(a[2])*int32(b[2]) + int32(a[6])*int32(b[6])
		s3 += int32(a[3])*int32(b[3]) + int32(a[7])*int32(b[7])
		a, b = a[8:], b[8:]
	}
	for i := range a {
		s0 += int32(a[i]) * int32(b[i])
	}
	return s0 + s1 + s2 + s3
}

// breadth is how many of so many passages of each tier are measured after the
// look at the bits. On 56,268 articles a thousand hold 0.995 of the exact ten
// nearest and 0.97 of the hundred, two thousand 0.998 and 0.99. Of those not in
// force only the best few are shown.
func breadth(seen, k int) [tiers]int32 {
	return [tiers]int32{current: int32(max(10*k, 600) + seen/256), past: int32(200 + seen/1024)}
}

// remote is the distance of what is not looked at.
const remote = math.MaxUint16

// near is a passage close by its bits.
type near struct {
	part, local int32
	distance    uint16
	tier        int8
}

// scanner is the working memory of one look through all codes.
type scanner struct {
	distance [shardLimit]uint16
	count    [tiers][]int32 // passages at each distance so far
	close    []near
}

var scanners = sync.Pool{New: func() any { return new(scanner) }}

// nearest gives, of each tier, the k passages whose vectors are nearest to the
// probe: the closest by bits are measured.
func (v *view) nearest(q *probe, f *filter, k int) [tiers][]found {
	s := scanners.Get().(*scanner)
	defer scanners.Put(s)
	for t := range s.count {
		s.count[t] = sized(s.count[t], 64*len(q.code)+1)
	}
	s.close = s.close[:0]
	want := breadth(f.seen, k)
	for p, x := range v.parts {
		if !q.fits(x.plane) {
			continue
		}
		s.measure(q, x.plane, f.tiers[p])
		s.collect(int32(p), x.n, f.tiers[p], s.cuts(want))
	}
	return v.settle(s, q, k, s.cuts(want))
}

func sized(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// measure writes the distance by bits of each passage that may be found.
func (s *scanner) measure(q *probe, p *plane, tier []int8) {
	distance := s.distance[:len(tier)]
	switch len(q.code) {
	case 4:
		distances4([4]uint64(q.code), p.codes, distance)
	case 8:
		distances8([8]uint64(q.code), p.codes, distance)
	default:
		distances(q.code, p.codes, distance)
	}
	scale := p.scale[:len(tier)]
	for i, t := range tier {
		if t == hidden || scale[i] <= 0 {
			distance[i] = remote
			continue
		}
		s.count[t][distance[i]]++
	}
}

func distances4(q [4]uint64, codes []uint64, out []uint16) {
	for i := range out {
		c := codes[4*i : 4*i+4 : 4*i+4]
		out[i] = uint16(bits.OnesCount64(c[0]^q[0]) + bits.OnesCount64(c[1]^q[1]) + bits.OnesCount64(c[2]^q[2]) + bits.OnesCount64(c[3]^q[3]))
	}
}

func distances8(q [8]uint64, codes []uint64, out []uint16) {
	for i := range out {
		c := codes[8*i : 8*i+8 : 8*i+8]
		out[i] = uint16(bits.OnesCount64(c[0]^q[0]) + bits.OnesCount64(c[1]^q[1]) + bits.OnesCount64(c[2]^q[2]) + bits.OnesCount64(c[3]^q[3]) +
			bits.OnesCount64(c[4]^q[4]) + bits.OnesCount64(c[5]^q[5]) + bits.OnesCount64(c[6]^q[6]) + bits.OnesCount64(c[7]^q[7]))
	}
}

func distances(q, codes []uint64, out []uint16) {
	for i := range out {
		n := 0
		for w, c := range codes[i*len(q):][:len(q)] {
			n += bits.OnesCount64(c ^ q[w])
		}
		out[i] = uint16(n)
	}
}

// cuts gives the distance of each tier up to which there are enough passages.
// As more are seen it only falls.
func (s *scanner) cuts(want [tiers]int32) (cut [tiers]uint16) {
	for t, count := range s.count {
		sum := int32(0)
		cut[t] = uint16(len(count) - 1)
		for d, n := range count {
			if sum += n; sum >= want[t] {
				cut[t] = uint16(d)
				break
			}
		}
	}
	return cut
}

func (s *scanner) collect(part int32, n int, tier []int8, cut [tiers]uint16) {
	most := max(cut[current], cut[past])
	tier = tier[:n]
	for i, d := range s.distance[:n] {
		if d <= most && d <= cut[tier[i]&1] {
			s.close = append(s.close, near{part, int32(i), d, tier[i]})
		}
	}
}

// settle measures those within the last cut and keeps the best.
func (v *view) settle(s *scanner, q *probe, k int, cut [tiers]uint16) [tiers][]found {
	var best [tiers]heap
	for t := range best {
		best[t] = heap{limit: k, floor: -math.MaxFloat32}
	}
	for _, c := range s.close {
		if c.distance > cut[c.tier] {
			continue
		}
		x := v.parts[c.part]
		if cosine, ok := q.cosine(x.plane, int(c.local)); ok {
			best[c.tier].push(found{int(c.part), int(c.local), x.ids[c.local], float32(cosine)})
		}
	}
	runtime.KeepAlive(v)
	var out [tiers][]found
	for t := range best {
		out[t] = best[t].sorted()
	}
	return out
}
