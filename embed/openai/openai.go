// Package openai is an embedder behind any server that speaks OpenAI's
// /embeddings: in batches, with a time limit, patient with a busy server and
// careful with what comes back.
package openai

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/sashabaranov/go-openai"
)

// ErrReply says that the server answered with something that is no set of embeddings.
var ErrReply = errors.New("embedding server's reply cannot be used")

// Config says which server and model. Only BaseURL and Model must be given.
type Config struct {
	BaseURL string
	APIKey  string
	Model   string
	Dim     int           // 0: ask the server once
	Batch   int           // most texts in one request; 0: 32
	Tokens  int           // most tokens in one request, estimated; 0: 8,000
	Timeout time.Duration // for one request; 0: 30 s
	Tries   int           // for one request; 0: 4
	Minute  int           // most requests in a minute; 0: as many as come
	// Pause waits before another try; nil: by the clock.
	Pause func(ctx context.Context, d time.Duration) error
}

// Model is an embedder on a server. It is safe for concurrent use.
type Model struct {
	config Config
	client *openai.Client
	gate   *gate
	kept   *shelf
}

// Open makes the embedder; with no dimension given it asks the server for one vector.
func Open(ctx context.Context, c Config) (*Model, error) {
	if c.BaseURL == "" || c.Model == "" {
		return nil, errors.New("embedding server: both address and model are needed")
	}
	c.Batch, c.Tokens, c.Tries = positive(c.Batch, 32), positive(c.Tokens, 8000), positive(c.Tries, 4)
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Pause == nil {
		c.Pause = pause
	}
	settings := openai.DefaultConfig(c.APIKey)
	settings.BaseURL = c.BaseURL
	settings.HTTPClient = &patient{client: &http.Client{Timeout: c.Timeout}, tries: c.Tries, pause: c.Pause}
	m := &Model{config: c, client: openai.NewClientWithConfig(settings), gate: &gate{most: c.Minute}, kept: &shelf{}}
	if c.Dim > 0 {
		return m, nil
	}
	one, err := m.ask(ctx, []string{"维度"})
	if err != nil {
		return nil, fmt.Errorf("ask for the length of a vector: %w", err)
	}
	m.config.Dim = len(one[0])
	return m, nil
}

func positive(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// Name identifies the model.
func (m *Model) Name() string { return "openai:" + m.config.Model }

// Dim is the length of a vector.
func (m *Model) Dim() int { return m.config.Dim }

// Embed gives one unit vector per text, in as few requests as the limits allow.
// A question that comes again, alone, is answered from memory.
func (m *Model) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if len(texts) == 1 {
		if v := m.kept.get(texts[0]); v != nil {
			return [][]float32{v}, nil
		}
	}
	out := make([][]float32, 0, len(texts))
	for len(out) < len(texts) {
		batch := m.batch(texts[len(out):])
		if err := m.gate.pass(ctx, m.config.Pause); err != nil {
			return nil, err
		}
		rows, err := m.ask(ctx, batch)
		if err != nil {
			return nil, fmt.Errorf("embed %d texts: %w", len(batch), err)
		}
		out = append(out, rows...)
	}
	if len(texts) == 1 {
		m.kept.put(texts[0], out[0])
	}
	return out, nil
}

// batch takes the texts that fit into one request, at least one.
func (m *Model) batch(texts []string) []string {
	size := 0
	for i, t := range texts {
		size += tokens(t)
		if i == m.config.Batch || i > 0 && size > m.config.Tokens {
			return texts[:i]
		}
	}
	return texts
}

func (m *Model) ask(ctx context.Context, texts []string) ([][]float32, error) {
	input := make([]string, len(texts))
	for i, t := range texts {
		if input[i] = t; t == "" {
			input[i] = " " // servers refuse the empty string, and one such would cost the batch
		}
	}
	reply, err := m.client.CreateEmbeddings(ctx, openai.EmbeddingRequestStrings{
		Input: input, Model: openai.EmbeddingModel(m.config.Model), EncodingFormat: openai.EmbeddingEncodingFormatFloat,
	})
	if err != nil {
		return nil, err
	}
	return m.check(reply.Data, len(texts))
}

// check puts the reply's vectors in order and makes them unit length.
func (m *Model) check(data []openai.Embedding, want int) ([][]float32, error) {
	out := make([][]float32, want)
	if len(data) != want {
		return nil, fmt.Errorf("%w: %d vectors for %d texts", ErrReply, len(data), want)
	}
	for _, e := range data {
		if e.Index < 0 || e.Index >= want || out[e.Index] != nil {
			return nil, fmt.Errorf("%w: vector number %d", ErrReply, e.Index)
		}
		if m.config.Dim > 0 && len(e.Embedding) != m.config.Dim || len(e.Embedding) == 0 {
			return nil, fmt.Errorf("%w: vector of length %d, want %d", ErrReply, len(e.Embedding), m.config.Dim)
		}
		if !unit(e.Embedding) {
			return nil, fmt.Errorf("%w: vector without a direction", ErrReply)
		}
		out[e.Index] = e.Embedding
	}
	return out, nil
}

// unit scales v to length 1; false when it has none.
func unit(v []float32) bool {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return false
	}
	for k := range v {
		v[k] = float32(float64(v[k]) / math.Sqrt(sum))
	}
	return true
}
