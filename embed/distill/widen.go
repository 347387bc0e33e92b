package distill

import (
	"math"
	"slices"
	"strings"
)

// Widen gives the model terms that its passages were too few to teach it. What
// the teacher makes of a term alone is turned into the model's space by the
// linear map that does best on the terms the model knows; weight says how much
// a new term counts in a text, as idf does. It takes the new terms in their
// order until the model has size terms.
func (m *Model) Widen(terms []string, weight func(term string) float32, words map[string][]float32, size int) *Model {
	known, width := make([]float32, len(m.Terms)*m.Dim), 0
	norms := make([]float64, len(m.Terms))
	var x, y [][]float32
	for t, term := range m.Terms {
		row := known[t*m.Dim:][:m.Dim]
		mulAdd(row, m.Rows[t*m.Dim:][:m.Dim], 1)
		norms[t] = math.Sqrt(float64(dot(row, row)))
		if v := words[strings.TrimPrefix(term, "_")]; v != nil && norms[t] > 0 {
			unit(row)
			x, y, width = append(x, v), append(y, row), len(v)
		}
	}
	if len(x) < width {
		return m
	}
	mean := make([]float32, width)
	for _, v := range x {
		mulAdd(mean, v, 1/float32(len(x)))
	}
	turn := regress(x, y, mean, m.Dim)
	slices.Sort(norms)
	usual := float32(norms[len(norms)/2]) // of a row of the model per unit of weight

	out := &Model{Vocabulary: vocabularyOf(slices.Clone(m.Terms), slices.Clone(m.Weight)), Dim: m.Dim, Rows: slices.Clone(m.Rows)}
	for _, t := range terms {
		v := words[strings.TrimPrefix(t, "_")]
		if _, ok := out.place[t]; ok || v == nil || len(out.Terms) >= size {
			continue
		}
		row := make([]float32, m.Dim)
		for k, line := range turn {
			row[k] = dot(line, v) - dot(line, mean)
		}
		unit(row)
		stretch(row, usual)
		out.place[t] = int32(len(out.Terms))
		out.Terms, out.Weight, out.Rows = append(out.Terms, t), append(out.Weight, weight(t)), append(out.Rows, row...)
	}
	return out.sorted()
}

// sorted puts the terms in the order that a model file has.
func (m *Model) sorted() *Model {
	order := make([]int, len(m.Terms))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(m.Terms[a], m.Terms[b]) })
	out := &Model{Dim: m.Dim, Rows: make([]float32, 0, len(m.Rows))}
	var terms []string
	var weight []float32
	for _, t := range order {
		terms, weight = append(terms, m.Terms[t]), append(weight, m.Weight[t])
		out.Rows = append(out.Rows, m.Rows[t*m.Dim:][:m.Dim]...)
	}
	out.Vocabulary = vocabularyOf(terms, weight)
	return out
}

// regress gives the lines of the matrix that takes x, less its mean, closest to
// y, with a little ridge: (XᵀX + λ) A = XᵀY by conjugate gradient.
func regress(x, y [][]float32, mean []float32, dim int) [][]float32 {
	width := len(mean)
	shifted := make([][]float32, len(x))
	for i, v := range x {
		shifted[i] = slices.Clone(v)
		mulAdd(shifted[i], mean, -1)
	}
	square := make([][]float32, width)
	right := make([][]float32, dim)
	for i := range square {
		square[i] = make([]float32, width)
		square[i][i] = float32(len(x)) / float32(width) * 0.001
	}
	for i := range right {
		right[i] = make([]float32, width)
	}
	for i, v := range shifted {
		for k, a := range v {
			mulAdd(square[k], v, a)
		}
		for k, b := range y[i] {
			mulAdd(right[k], v, b)
		}
	}
	out := make([][]float32, dim)
	inParts(dim, func(from, to int) {
		for k := from; k < to; k++ {
			out[k] = solve(square, right[k])
		}
	})
	return out
}

// solve is plain conjugate gradient for one right side.
func solve(square [][]float32, b []float32) []float32 {
	w, r := make([]float32, len(b)), slices.Clone(b)
	d, q := slices.Clone(b), make([]float32, len(b))
	rr := dot(r, r)
	for range 60 {
		for i, line := range square {
			q[i] = dot(line, d)
		}
		alpha := rr / max(dot(d, q), 1e-30)
		mulAdd(w, d, alpha)
		mulAdd(r, q, -alpha)
		next := dot(r, r)
		if next < 1e-12*dot(b, b) {
			break
		}
		stretch(d, next/rr)
		mulAdd(d, r, 1)
		rr = next
	}
	return w
}
