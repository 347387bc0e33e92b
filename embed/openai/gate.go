package openai

import (
	"context"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// tokens is about how many tokens a text has: one a Chinese character, one for
// four other ones. It errs on the high side for the tokenizers in use.
func tokens(text string) int {
	others := 0
	for i := range len(text) {
		if text[i] < utf8.RuneSelf {
			others++
		}
	}
	return utf8.RuneCountInString(text) - others + (others+3)/4
}

// gate lets at most so many requests through in any minute; 0: all.
type gate struct {
	most int
	mu   sync.Mutex
	past []time.Time // of the requests of the last minute, the oldest first
}

// pass waits for its turn.
func (g *gate) pass(ctx context.Context, wait func(context.Context, time.Duration) error) error {
	for g.most > 0 {
		d := g.take(time.Now())
		if d == 0 {
			return nil
		}
		if err := wait(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// take enters a request, or says how long to wait.
func (g *gate) take(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.past = slices.DeleteFunc(g.past, func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	if len(g.past) >= g.most {
		return max(time.Millisecond, time.Minute-now.Sub(g.past[0]))
	}
	g.past = append(g.past, now)
	return 0
}

// keep is how many questions' vectors are remembered: a page that is turned, a
// draft asked for again, a question asked by many.
const keep = 2048

// shelf remembers the last vectors.
type shelf struct {
	mu    sync.Mutex
	rows  map[string][]float32
	order []string
}

func (s *shelf) get(text string) []float32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.rows[text])
}

func (s *shelf) put(text string, v []float32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows == nil {
		s.rows = make(map[string][]float32)
	}
	if s.rows[text] == nil {
		s.order = append(s.order, text)
	}
	s.rows[text] = slices.Clone(v)
	if len(s.order) > keep {
		delete(s.rows, s.order[0])
		s.order = s.order[1:]
	}
}
