package distill

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
)

// Model is what training gives: a vector for each term of the vocabulary.
// A term's share in a text's vector is its weight times its vector.
type Model struct {
	*Vocabulary
	Dim  int
	Rows []float32 // term after term
}

// Settings are the choices of a training run.
type Settings struct {
	Dim   int     // length of vectors
	Ridge float64 // pull of every term's vector towards what the teacher says of the term alone
	Steps int     // of conjugate gradient
	Grow  float64 // how alike a text's terms are taken to be: sums of many terms are longer than of few
}

// block is how many dimensions are solved together: one cache line's worth of
// every term, times four.
const block = 64

// Lesson is a text's terms and the teacher's vector for it.
type Lesson struct {
	Terms  []string
	Vector []float32
}

// Fit finds the term vectors whose weighted sums come closest to the teacher's
// vectors: ridge regression, solved by conjugate gradient, some dimensions at a
// time. Words holds the teacher's vectors for terms alone; from those the
// solution starts and towards those it is pulled, so that a term of few texts
// stays near what the teacher makes of it.
func Fit(v *Vocabulary, lessons []Lesson, words map[string][]float32, s Settings, progress func(step int, residual float64)) *Model {
	rows := make([]features, len(lessons))
	long := make([]bool, len(lessons))
	teacher := make([][]float32, len(lessons))
	for i, l := range lessons {
		rows[i], teacher[i], long[i] = v.read(l.Terms), l.Vector, len(l.Terms) > longText
	}
	alone := make([][]float32, len(v.Terms))
	for i, t := range v.Terms {
		alone[i] = words[strings.TrimPrefix(t, "_")]
	}
	target, prior := project(teacher, alone, long, s.Dim)
	for i, f := range rows {
		stretch(target[i], f.length(s.Grow))
	}
	m := &Model{Vocabulary: v, Dim: s.Dim, Rows: make([]float32, len(v.Terms)*s.Dim)}
	var solvers sync.WaitGroup
	for from := 0; from < s.Dim; from += block {
		solvers.Go(func() {
			p := problem{rows: rows, terms: len(v.Terms), target: target, prior: prior, from: from, ridge: float32(s.Ridge)}
			report := func(int, float64) {}
			if from == 0 {
				report = progress
			}
			solved := p.solve(s.Steps, report)
			for t := range v.Terms {
				copy(m.Rows[t*s.Dim+from:], solved[t*block:(t+1)*block])
			}
		})
	}
	solvers.Wait()
	return m
}

// longText is the number of terms from which a text is a passage, not a sentence.
const longText = 150

// length is that of a sum of unit vectors with these weights whose mutual
// likeness is alike.
func (f features) length(alike float64) float32 {
	var sum float64
	for _, w := range f.weight {
		sum += float64(w)
	}
	return float32(math.Sqrt(1 + alike*max(0, sum*sum-1)))
}

func stretch(v []float32, by float32) {
	for k := range v {
		v[k] *= by
	}
}

// problem is (XᵀX + ridge) W = XᵀY + ridge·prior for one block of dimensions of Y.
type problem struct {
	rows   []features
	terms  int
	target [][]float32
	prior  [][]float32 // nil rows: zero
	from   int
	ridge  float32
}

func (p *problem) solve(steps int, progress func(int, float64)) []float32 {
	n := p.terms * block
	scale := p.preconditioner()
	w, r, q := p.start(), p.right(), make([]float32, n)
	p.apply(w, q)
	for i := range r {
		r[i] -= q[i]
	}
	z := make([]float32, n)
	precondition(z, r, scale)
	d := append([]float32(nil), z...)
	rz := columns(r, z)
	for step := range steps {
		p.apply(d, q)
		dq := columns(d, q)
		var alpha, beta [block]float32
		for k := range alpha {
			alpha[k] = float32(rz[k] / math.Max(dq[k], 1e-30))
		}
		axpy(w, d, alpha, 1)
		axpy(r, q, alpha, -1)
		precondition(z, r, scale)
		next := columns(r, z)
		for k := range beta {
			beta[k] = float32(next[k] / math.Max(rz[k], 1e-30))
		}
		for i := 0; i < n; i += block {
			for k := range block {
				d[i+k] = z[i+k] + beta[k]*d[i+k]
			}
		}
		rz = next
		var left float64
		for _, x := range next {
			left += x
		}
		progress(step, left)
	}
	return w
}

// start is the prior.
func (p *problem) start() []float32 {
	out := make([]float32, p.terms*block)
	for t, v := range p.prior {
		if v != nil {
			copy(out[t*block:(t+1)*block], v[p.from:p.from+block])
		}
	}
	return out
}

// right is XᵀY + ridge·prior.
func (p *problem) right() []float32 {
	out := p.start()
	for i := range out {
		out[i] *= p.ridge
	}
	for i, f := range p.rows {
		y := p.target[i][p.from : p.from+block]
		for k, t := range f.at {
			mulAdd(out[int(t)*block:][:block], y, f.weight[k])
		}
	}
	return out
}

// apply is out = (XᵀX + ridge) d, one text at a time.
func (p *problem) apply(d, out []float32) {
	for i := range d {
		out[i] = p.ridge * d[i]
	}
	var sum [block]float32
	for _, f := range p.rows {
		clear(sum[:])
		for k, t := range f.at {
			mulAdd(sum[:], d[int(t)*block:][:block], f.weight[k])
		}
		for k, t := range f.at {
			mulAdd(out[int(t)*block:][:block], sum[:], f.weight[k])
		}
	}
}

// preconditioner is one over the diagonal, term by term.
func (p *problem) preconditioner() []float32 {
	out := make([]float32, p.terms)
	for _, f := range p.rows {
		for k, t := range f.at {
			out[t] += f.weight[k] * f.weight[k]
		}
	}
	for t := range out {
		out[t] = 1 / (out[t] + p.ridge)
	}
	return out
}

func precondition(z, r, scale []float32) {
	for t, s := range scale {
		for k := t * block; k < (t+1)*block; k++ {
			z[k] = s * r[k]
		}
	}
}

// axpy adds sign times alpha times x to y, each dimension with its own alpha.
func axpy(y, x []float32, alpha [block]float32, sign float32) {
	for i := 0; i < len(y); i += block {
		for k := range block {
			y[i+k] += sign * alpha[k] * x[i+k]
		}
	}
}

// columns gives the dot product of each dimension's column.
func columns(a, b []float32) [block]float64 {
	var out [block]float64
	for i := 0; i < len(a); i += block {
		for k := range block {
			out[k] += float64(a[i+k]) * float64(b[i+k])
		}
	}
	return out
}

// project turns the teacher's vectors, of texts and of terms alone, into the
// directions in which texts differ most, and makes them unit again. What all
// passages, all sentences or all terms have in common is taken away first: it
// says how long a text is, not what it is about.
func project(texts, terms [][]float32, long []bool, dim int) (target, prior [][]float32) {
	pick := func(want bool) (out [][]float32) {
		for i, v := range texts {
			if long[i] == want {
				out = append(out, v)
			}
		}
		return out
	}
	longs, shorts := center(pick(true)), center(pick(false))
	axes := principal(append(slices.Clone(longs[:min(len(longs), 8000)]), shorts[:min(len(shorts), 8000)]...), dim)
	turn := func(v []float32) []float32 {
		if v == nil {
			return nil
		}
		out := make([]float32, dim)
		for k, axis := range axes {
			out[k] = dot(v, axis)
		}
		unit(out)
		return out
	}
	target = make([][]float32, len(texts))
	for i := range texts {
		from := &shorts
		if long[i] {
			from = &longs
		}
		target[i], *from = turn((*from)[0]), (*from)[1:]
	}
	for _, v := range center(terms) {
		prior = append(prior, turn(v))
	}
	return target, prior
}

// center takes the mean away; rows that are nil stay nil.
func center(rows [][]float32) [][]float32 {
	out := make([][]float32, len(rows))
	var mean []float64
	n := 0.0
	for _, v := range rows {
		if v == nil {
			continue
		}
		if mean == nil {
			mean = make([]float64, len(v))
		}
		for k, x := range v {
			mean[k] += float64(x)
		}
		n++
	}
	for i, v := range rows {
		if v == nil {
			continue
		}
		out[i] = make([]float32, len(v))
		for k, x := range v {
			out[i][k] = x - float32(mean[k]/n)
		}
	}
	return out
}

// principal gives dim orthonormal directions of largest spread.
func principal(rows [][]float32, dim int) [][]float32 {
	width := len(rows[0])
	spread := make([][]float32, width)
	for i := range spread {
		spread[i] = make([]float32, width)
	}
	for _, v := range rows {
		for i, x := range v {
			for j, y := range v {
				spread[i][j] += x * y
			}
		}
	}
	random := rand.New(rand.NewPCG(7, 7))
	axes := make([][]float32, dim)
	for i := range axes {
		axes[i] = make([]float32, width)
		for k := range axes[i] {
			axes[i][k] = float32(random.NormFloat64())
		}
	}
	for range 12 {
		for i, a := range axes {
			turned := make([]float32, width)
			for k, line := range spread {
				turned[k] = dot(line, a)
			}
			axes[i] = turned
		}
		orthonormal(axes)
	}
	return axes
}

func orthonormal(axes [][]float32) {
	for i, a := range axes {
		for range 2 { // twice, since once leaves rounding behind
			for _, b := range axes[:i] {
				d := dot(a, b)
				for k := range a {
					a[k] -= d * b[k]
				}
			}
		}
		unit(a)
	}
}

func unit(v []float32) {
	n := float32(math.Sqrt(float64(dot(v, v))))
	for k := range v {
		v[k] /= max(n, 1e-12)
	}
}
