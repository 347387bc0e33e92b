// Package llm says what a generator is and reaches any OpenAI-compatible server
// through langchaingo. It promises little: a reply is untrusted text of bounded
// size within bounded time, and whoever asked has to check it.
package llm

import (
	"context"
	"encoding/json"
)

// Generator writes a reply to a request.
type Generator interface {
	// Model is the name recorded beside each draft.
	Model() string
	// Generate gives the whole reply, and calls onDelta, when not nil, with its
	// parts as they come. After an error parts already given are void.
	Generate(ctx context.Context, r Request, onDelta func(string)) (Reply, error)
}

// Request is what a generator is asked.
type Request struct {
	System, User string
	Schema       json.RawMessage // of the reply; servers that cannot enforce it ignore it
	MaxTokens    int
	// On whose account it is asked, and the scopes beyond public whose text it
	// carries: for budgets and for the replies that are kept.
	Account int64
	Scopes  []string
}

// Reply is what came back.
type Reply struct {
	Text         string
	Model        string // as the server named it
	InputTokens  int
	OutputTokens int
}
