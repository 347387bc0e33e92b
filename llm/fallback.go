package llm

import (
	"context"
	"errors"
	"sync"
	"time"
)

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

// A server that failed so often in a row is left alone for so long.
const (
	failuresToRest = 3
	rest           = 20 * time.Second
)

// Steady gives up at once on a server that has just failed several times, so
// that people do not wait for what is known to be down. After a while one
// question tries again.
func Steady(g Generator, now func() time.Time) Generator { return &steady{inner: g, now: now} }

type steady struct {
	inner Generator
	now   func() time.Time

	mu       sync.Mutex
	failures int
	last     error
	until    time.Time
}

// Model is the server's.
func (s *steady) Model() string { return s.inner.Model() }

// Generate asks the server unless it is resting.
func (s *steady) Generate(ctx context.Context, r Request, onDelta func(string)) (Reply, error) {
	if err := s.resting(); err != nil {
		return Reply{}, err
	}
	reply, err := s.inner.Generate(ctx, r, onDelta)
	s.note(err)
	return reply, err
}

func (s *steady) resting() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures < failuresToRest {
		return nil
	}
	if now := s.now(); now.Before(s.until) {
		return s.last
	}
	s.until = s.now().Add(rest) // this one tries; the others go on resting
	return nil
}

// note counts failures that are the server's. A stop by the asker says nothing about it.
func (s *steady) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.failures = 0
	case errors.Is(err, Unreachable), errors.Is(err, Busy), errors.Is(err, Broken), errors.Is(err, TooSlow), errors.Is(err, Foreign):
		s.failures++
		s.last, s.until = err, s.now().Add(rest)
	}
}
