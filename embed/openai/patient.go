package openai

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	firstPause   = 500 * time.Millisecond // doubled before each further try
	longestPause = 20 * time.Second       // also when the server asks for longer
)

// patient sends a request again when the server is busy or out of order.
type patient struct {
	client *http.Client
	tries  int
	pause  func(context.Context, time.Duration) error
}

// Do sends the request, up to the number of tries.
func (p *patient) Do(r *http.Request) (*http.Response, error) {
	wait := firstPause
	for try := 1; ; try++ {
		reply, err := p.client.Do(r)
		if !again(reply, err) || try == p.tries || r.Context().Err() != nil || r.GetBody == nil {
			return reply, err
		}
		if err := p.pause(r.Context(), min(longestPause, asked(reply, wait))); err != nil {
			if reply != nil {
				reply.Body.Close()
			}
			return nil, err
		}
		if reply != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(reply.Body, 64<<10)) // so that the connection serves again
			reply.Body.Close()
		}
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = body
		wait *= 2
	}
}

// again tells whether another try may help.
func again(reply *http.Response, err error) bool {
	return err != nil || reply.StatusCode == http.StatusTooManyRequests || reply.StatusCode >= 500 && reply.StatusCode != http.StatusNotImplemented
}

// asked is the pause the server asks for, or the given one.
func asked(reply *http.Response, otherwise time.Duration) time.Duration {
	if reply != nil {
		if n, err := strconv.Atoi(reply.Header.Get("Retry-After")); err == nil && n >= 0 {
			return time.Duration(n) * time.Second
		}
	}
	return otherwise
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
