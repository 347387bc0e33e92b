package llm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"time"
)

// OverBudget is a question that would cost more than the day's budget leaves.
var OverBudget = &Failure{Code: "over-budget", Why: "今日的模型用量已到上限"}

// Book keeps what models cost and what they replied. It is where budgets are
// kept: Begin refuses with OverBudget before anything is sent.
type Book interface {
	Reply(ctx context.Context, account int64, key string) (Reply, bool, error)
	Begin(ctx context.Context, c Call) (id int64, err error)
	End(ctx context.Context, id int64, c Call, keep *Reply) error
}

// Call is one request to a model, for the books.
type Call struct {
	Account      int64
	Model        string
	Key          string // of the request: model, words, passages and schema
	Scopes       []string
	InputTokens  int // estimated when it begins
	OutputTokens int
	Took         time.Duration
	Failure      string // code, empty when it went well
	Kept         bool   // answered from the book, nothing was sent
}

// Guard puts a book before a generator: a reply kept for the very same request
// is given again, budgets are kept, what was spent is written down.
func Guard(g Generator, b Book, now func() time.Time, log *slog.Logger) Generator {
	return &guard{g, b, now, log}
}

type guard struct {
	inner Generator
	book  Book
	now   func() time.Time
	log   *slog.Logger
}

// Model is the generator's.
func (g *guard) Model() string { return g.inner.Model() }

// Generate answers from the book or asks. Trouble with the book's record of an
// answer that has come does not take the answer from its asker.
func (g *guard) Generate(ctx context.Context, r Request, onDelta func(string)) (Reply, error) {
	if r.Account == 0 { // nobody's: a measurement, not an office's question
		return g.inner.Generate(ctx, r, onDelta)
	}
	c := Call{Account: r.Account, Model: g.inner.Model(), Key: Key(g.inner.Model(), r), Scopes: r.Scopes, InputTokens: estimate(r.System + r.User)}
	kept, ok, err := g.book.Reply(ctx, r.Account, c.Key)
	if err != nil {
		g.log.Warn("kept replies not readable", "error", err)
	} else if ok {
		if onDelta != nil {
			onDelta(kept.Text)
		}
		return kept, nil
	}
	c.OutputTokens = r.MaxTokens
	id, err := g.book.Begin(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	began := g.now()
	reply, err := g.inner.Generate(ctx, r, onDelta)
	g.end(ctx, id, c, reply, err, g.now().Sub(began), len(r.Schema) > 0)
	return reply, err
}

func (g *guard) end(ctx context.Context, id int64, c Call, reply Reply, failure error, took time.Duration, wantsObject bool) {
	c.Took, c.OutputTokens = took, 0
	var keep *Reply
	if failure != nil {
		c.Failure = code(failure)
	} else {
		c.Model, c.InputTokens, c.OutputTokens = reply.Model, reply.InputTokens, reply.OutputTokens
		keep = &reply
		if _, err := Object(reply.Text); err != nil && wantsObject {
			keep = nil // nonsense is not worth keeping
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := g.book.End(ctx, id, c, keep); err != nil {
		g.log.Error("model call not written down", "call", id, "error", err)
	}
}

func code(err error) string {
	if f := (*Failure)(nil); errors.As(err, &f) {
		return f.Code
	}
	return "ended"
}

// Key names a request: who writes, by which words, from which passages (they
// are part of the words), in which shape.
func Key(model string, r Request) string {
	h := sha256.New()
	for _, part := range []string{model, r.System, r.User, compacted(r.Schema)} {
		_, _ = h.Write([]byte(part))
		_, _ = h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

func compacted(schema json.RawMessage) string {
	raw, err := json.Marshal(schema) // compacts
	if err != nil {
		return string(schema)
	}
	return string(raw)
}
