// Package embed says what an embedder is: something that turns texts into
// vectors whose dot product measures likeness.
package embed

import "context"

// Embedder turns texts into vectors of unit length.
type Embedder interface {
	// Name tells models apart; it is stored beside every vector.
	Name() string
	// Dim is the length of each vector.
	Dim() int
	// Embed gives one vector per text, in order.
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}
