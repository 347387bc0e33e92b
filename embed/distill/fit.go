package distill

import (
	"math"
	"math/rand/v2"
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
	Size   int     // terms
	Dim    int     // length of vectors
	Ridge  float64 // pull of every term's vector towards zero
	Steps  int     // of conjugate gradient
	Center bool    // take the teacher's mean away first
}

// block is how many dimensions are solved together: one cache line's worth of
// every term, times four.
const block = 64

// Fit finds the term vectors whose weighted sums come closest to the teacher's
// vectors: ridge regression, solved by conjugate gradient, some dimensions at a time.
func Fit(texts [][]string, teacher [][]float32, s Settings, progress func(step int, residual float64)) *Model {
	vocabulary := Choose(texts, s.Size)
	rows := make([]features, len(texts))
	for i, t := range texts {
		rows[i] = vocabulary.read(t)
	}
	target := project(teacher, s.Dim, s.Center)
	m := &Model{Vocabulary: vocabulary, Dim: s.Dim, Rows: make([]float32, len(vocabulary.Terms)*s.Dim)}
	var solvers sync.WaitGroup
	for from := 0; from < s.Dim; from += block {
		solvers.Go(func() {
			p := problem{rows: rows, terms: len(vocabulary.Terms), target: target, from: from, ridge: float32(s.Ridge)}
			report := func(int, float64) {}
			if from == 0 {
				report = progress
			}
			solved := p.solve(s.Steps, report)
			for t := range vocabulary.Terms {
				copy(m.Rows[t*s.Dim+from:], solved[t*block:(t+1)*block])
			}
		})
	}
	solvers.Wait()
	return m
}

// problem is (XᵀX + ridge) W = XᵀY for one block of dimensions of Y.
type problem struct {
	rows   []features
	terms  int
	target [][]float32
	from   int
	ridge  float32
}

func (p *problem) solve(steps int, progress func(int, float64)) []float32 {
	n := p.terms * block
	scale := p.preconditioner()
	w, r, q := make([]float32, n), p.right(), make([]float32, n)
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

// right is XᵀY.
func (p *problem) right() []float32 {
	out := make([]float32, p.terms*block)
	for i, f := range p.rows {
		y := p.target[i][p.from : p.from+block]
		for k, t := range f.at {
			addScaled(out[int(t)*block:][:block], y, f.weight[k])
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
			addScaled(sum[:], d[int(t)*block:][:block], f.weight[k])
		}
		for k, t := range f.at {
			addScaled(out[int(t)*block:][:block], sum[:], f.weight[k])
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

// addScaled adds w times x to sum.
func addScaled(sum, x []float32, w float32) {
	_ = sum[block-1]
	x = x[:block]
	for k := 0; k < block; k += 4 {
		sum[k] += w * x[k]
		sum[k+1] += w * x[k+1]
		sum[k+2] += w * x[k+2]
		sum[k+3] += w * x[k+3]
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

// project turns the teacher's vectors into the directions in which they differ
// most, found by subspace iteration on a part of them, and makes them unit again.
func project(teacher [][]float32, dim int, center bool) [][]float32 {
	width := len(teacher[0])
	mean := make([]float64, width)
	if center {
		for _, v := range teacher {
			for k, x := range v {
				mean[k] += float64(x) / float64(len(teacher))
			}
		}
	}
	shifted := make([][]float32, len(teacher))
	for i, v := range teacher {
		shifted[i] = make([]float32, width)
		for k, x := range v {
			shifted[i][k] = x - float32(mean[k])
		}
	}
	axes := principal(shifted[:min(len(shifted), 12000)], dim)
	out := make([][]float32, len(teacher))
	for i, v := range shifted {
		out[i] = make([]float32, dim)
		for k, axis := range axes {
			out[i][k] = dot(v, axis)
		}
		unit(out[i])
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
