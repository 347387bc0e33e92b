// Package bench measures speed: how long searches take through HTTP, how many
// a second there are with many clients, how much memory the program and its
// database use. It measures from outside and knows no room.
package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Load is a run of searches against a server.
type Load struct {
	URL       string // of the server, without a path
	Key       string // API key
	Mode      string // of search; empty: the default
	Questions []string
	Clients   int
	Requests  int // in all
}

// Figures are what a run measured.
type Figures struct {
	Clients   int       `json:"clients"`
	Requests  int       `json:"requests"`
	Failed    int       `json:"failed"`
	P50       float64   `json:"p50_ms"`
	P95       float64   `json:"p95_ms"`
	P99       float64   `json:"p99_ms"`
	PerSecond float64   `json:"per_second"`
	MS        []float64 `json:"-"` // each request's, in the order they ended
}

// Run asks the questions in turn until there were enough requests.
func (l Load) Run(ctx context.Context) (Figures, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: l.Clients, MaxConnsPerHost: l.Clients}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var (
		next, failed atomic.Int64
		mu           sync.Mutex
		firstError   error
		group        sync.WaitGroup
	)
	f := Figures{Clients: l.Clients}
	started := time.Now()
	for range l.Clients {
		group.Go(func() {
			for i := next.Add(1) - 1; int(i) < l.Requests && ctx.Err() == nil; i = next.Add(1) - 1 {
				from := time.Now()
				err := l.ask(ctx, client, l.Questions[int(i)%len(l.Questions)])
				took := milliseconds(time.Since(from))
				mu.Lock()
				if f.MS = append(f.MS, took); err != nil && firstError == nil {
					firstError = err
				}
				mu.Unlock()
				if err != nil {
					failed.Add(1)
				}
			}
		})
	}
	group.Wait()
	f.PerSecond = float64(len(f.MS)) / time.Since(started).Seconds()
	f.Requests, f.Failed = len(f.MS), int(failed.Load())
	f.P50, f.P95, f.P99 = Quantile(f.MS, 0.50), Quantile(f.MS, 0.95), Quantile(f.MS, 0.99)
	if f.Failed == f.Requests && firstError != nil {
		return f, firstError
	}
	return f, ctx.Err()
}

func (l Load) ask(ctx context.Context, client *http.Client, question string) error {
	body, err := json.Marshal(map[string]any{"query": question, "k": 10, "mode": l.Mode})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL+"/api/v1/search", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+l.Key)
	r.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("search answered %s: %.200s", answer.Status, text)
	}
	return err
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Quantile is the smallest value that a share q of values does not exceed.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, min(len(sorted)-1, int(math.Ceil(q*float64(len(sorted))))-1))]
}
