package llm

import "context"

// Fallback asks first, and second only when first fails while the asker still waits.
func Fallback(first, second Generator) Generator { return pair{first, second} }

type pair struct{ first, second Generator }

// Model names the first; a reply names the one that wrote it.
func (p pair) Model() string { return p.first.Model() }

// Generate gives the first reply there is. The error is the first server's:
// the second is a stopgap, and its failure says less.
func (p pair) Generate(ctx context.Context, r Request, onDelta func(string)) (Reply, error) {
	reply, err := p.first.Generate(ctx, r, onDelta)
	if err == nil || ctx.Err() != nil {
		return reply, err
	}
	if second, e := p.second.Generate(ctx, r, onDelta); e == nil {
		return second, nil
	}
	return Reply{}, err
}
