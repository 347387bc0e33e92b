// Package static is the built-in embedder: one vector for each term,
// weighted, averaged and normalised. It needs no runtime and no download.
package static

import (
	"context"
	"math"

	"hash/fnv"

	"advisor/segment"
)

// Model is a static embedder. It is safe for concurrent use.
type Model struct{ seg *segment.Segmenter }

// New gives the embedder built into the program.
func New() (*Model, error) {
	seg, err := segment.Default()
	return &Model{seg}, err
}

// Name identifies the model.
func (m *Model) Name() string { return "static:hashed" }

// Dim is the length of a vector.
func (m *Model) Dim() int { return 256 }

// Embed gives one unit vector per text.
func (m *Model) Embed(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, t := range texts {
		v := make([]float32, m.Dim())
		for _, w := range m.seg.Terms(t) {
			h := fnv.New64a()
			_, _ = h.Write([]byte(w))
			x := h.Sum64()
			v[x%256] += 1 - 2*float32(x>>63)
		}
		var n float64
		for _, x := range v {
			n += float64(x) * float64(x)
		}
		for j := range v {
			v[j] = float32(float64(v[j]) / math.Sqrt(n+1e-12))
		}
		out[i] = v
	}
	return out, nil
}
