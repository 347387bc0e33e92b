package chat

import (
	"context"
	"sync"
	"time"

	"advisor/advice"
)

// mostEvents bounds what one run keeps: a draft has some dozens of lines.
const mostEvents = 2000

// run is a question being answered, with all that happened so far.
type run struct {
	id      string
	account int64
	cancel  context.CancelFunc

	mu     sync.Mutex
	events []advice.Event
	more   chan struct{} // closed and replaced when an event is added
	done   bool
	at     time.Time
	answer advice.Answer
	err    error
}

func newRun(id string, account int64, cancel context.CancelFunc) *run {
	return &run{id: id, account: account, cancel: cancel, more: make(chan struct{})}
}

// add keeps an event and wakes whoever follows.
func (r *run) add(e advice.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.push(e)
}

func (r *run) push(e advice.Event) {
	if len(r.events) >= mostEvents && e.Kind == advice.DeltaEvent {
		return // the draft event carries the whole text anyway
	}
	r.events = append(r.events, e)
	close(r.more)
	r.more = make(chan struct{})
}

// end says how the run ended; done is always the last event.
func (r *run) end(at time.Time, answer advice.Answer, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.push(advice.Event{Kind: advice.ErrorEvent, Problem: advice.ForAsker(err)})
	}
	r.answer, r.err, r.at, r.done = answer, err, at, true
	r.push(advice.Event{Kind: advice.DoneEvent})
}

func (r *run) over() bool { _, over := r.endedAt(); return over }

func (r *run) endedAt() (time.Time, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at, r.done
}

func (r *run) outcome() (advice.Answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answer, r.err
}

// follow gives the events above last until the run is done, ctx ends or on fails.
func (r *run) follow(ctx context.Context, last int, on func(int, advice.Event) error) error {
	last = max(last, 0)
	for {
		r.mu.Lock()
		events, more, done := r.events[min(last, len(r.events)):], r.more, r.done
		r.mu.Unlock()
		for _, e := range events {
			last++
			if err := on(last, e); err != nil {
				return err
			}
		}
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-more:
		}
	}
}
