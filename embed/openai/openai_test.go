package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// server answers each text with a vector of its length and a one.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	batches [][]string
	before  func(n int, w http.ResponseWriter) bool // true: it has answered the n-th request itself
}

func start(t *testing.T, before func(n int, w http.ResponseWriter) bool) *server {
	t.Helper()
	s := &server{before: before}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Input []string
		Model string
	}
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil || ask.Model != "m" || r.URL.Path != "/v1/embeddings" || r.Header.Get("Authorization") != "Bearer key" {
		http.Error(w, `{"error":{"message":"bad request"}}`, http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.batches = append(s.batches, ask.Input)
	n := len(s.batches)
	s.mu.Unlock()
	if s.before != nil && s.before(n, w) {
		return
	}
	var rows []string
	for i, text := range slices.Backward(ask.Input) { // order is the server's business; the index counts
		rows = append(rows, fmt.Sprintf(`{"index":%d,"embedding":[%d,1,0]}`, i, len(text)))
	}
	fmt.Fprintf(w, `{"data":[%s]}`, strings.Join(rows, ","))
}

func (s *server) config() Config {
	return Config{BaseURL: s.URL + "/v1", APIKey: "key", Model: "m", Dim: 3, Pause: func(context.Context, time.Duration) error { return nil }}
}

func open(t *testing.T, c Config) *Model {
	t.Helper()
	m, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEmbedInBatches(t *testing.T) {
	s := start(t, nil)
	c := s.config()
	c.Batch, c.Tokens = 2, 10
	texts := []string{"一", "二二", "三三三", "", strings.Repeat("长", 30), "尾"}
	got, err := open(t, c).Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		want := float64(max(1, len(text)))
		if ratio := float64(got[i][0] / got[i][1]); math.Abs(ratio-want) > 0.01 {
			t.Errorf("vector %d: want that of %q, got %v", i, text, got[i])
		}
		if length := math.Hypot(float64(got[i][0]), float64(got[i][1])); math.Abs(length-1) > 1e-6 {
			t.Errorf("vector %d: want length 1, got %v", i, length)
		}
	}
	if want := [][]string{{"一", "二二"}, {"三三三", " "}, {texts[4]}, {"尾"}}; !slices.EqualFunc(s.batches, want, slices.Equal) {
		t.Errorf("want batches %q, got %q", want, s.batches)
	}
}

func TestDimensionIsAskedFor(t *testing.T) {
	c := start(t, nil).config()
	c.Dim = 0
	if m := open(t, c); m.Dim() != 3 || m.Name() != "openai:m" {
		t.Errorf("want openai:m with 3 dimensions, got %s with %d", m.Name(), m.Dim())
	}
}

func TestBusyServerIsAskedAgain(t *testing.T) {
	s := start(t, func(n int, w http.ResponseWriter) bool {
		switch n {
		case 1:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			return false
		}
		return true
	})
	c := s.config()
	var pauses []time.Duration
	c.Pause = func(_ context.Context, d time.Duration) error { pauses = append(pauses, d); return nil }
	if _, err := open(t, c).Embed(t.Context(), []string{"问"}); err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{7 * time.Second, time.Second}; !slices.Equal(pauses, want) {
		t.Errorf("want pauses %v, got %v", want, pauses)
	}
	if len(s.batches) != 3 || !slices.Equal(s.batches[2], []string{"问"}) {
		t.Errorf("want the same request three times, got %q", s.batches)
	}
}

func TestServerThatStaysDown(t *testing.T) {
	s := start(t, func(_ int, w http.ResponseWriter) bool { w.WriteHeader(http.StatusBadGateway); return true })
	if _, err := open(t, s.config()).Embed(t.Context(), []string{"问"}); err == nil {
		t.Error("want an error, got none")
	}
	if len(s.batches) != 4 {
		t.Errorf("want 4 tries, got %d", len(s.batches))
	}
}

func TestRefusalIsFinal(t *testing.T) {
	s := start(t, func(_ int, w http.ResponseWriter) bool { w.WriteHeader(http.StatusUnauthorized); return true })
	if _, err := open(t, s.config()).Embed(t.Context(), []string{"问"}); err == nil || len(s.batches) != 1 {
		t.Errorf("want one request and an error, got %d and %v", len(s.batches), err)
	}
}

func TestSlowServer(t *testing.T) {
	release := make(chan struct{})
	s := start(t, func(int, http.ResponseWriter) bool { <-release; return true })
	defer close(release)
	c := s.config()
	c.Timeout, c.Tries = 20*time.Millisecond, 2
	if _, err := open(t, c).Embed(t.Context(), []string{"问"}); err == nil {
		t.Error("want an error for a server that does not answer in time, got none")
	}
}

func TestGivingUpWhileWaiting(t *testing.T) {
	s := start(t, func(_ int, w http.ResponseWriter) bool { w.WriteHeader(http.StatusTooManyRequests); return true })
	c := s.config()
	ctx, cancel := context.WithCancel(t.Context())
	c.Pause = func(ctx context.Context, d time.Duration) error { cancel(); return pause(ctx, d) }
	if _, err := open(t, c).Embed(ctx, []string{"问"}); !errors.Is(err, context.Canceled) || len(s.batches) != 1 {
		t.Errorf("want one request, then the cancellation, got %d and %v", len(s.batches), err)
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	for name, body := range map[string]string{
		"too few":       `{"data":[]}`,
		"too many":      `{"data":[{"index":0,"embedding":[1,0,0]},{"index":1,"embedding":[1,0,0]}]}`,
		"wrong place":   `{"data":[{"index":5,"embedding":[1,0,0]}]}`,
		"other length":  `{"data":[{"index":0,"embedding":[1,0]}]}`,
		"all zero":      `{"data":[{"index":0,"embedding":[0,0,0]}]}`,
		"not a vector":  `{"data":[{"index":0}]}`,
		"another shape": `{"data":7}`,
		"no JSON":       `<html>`,
		"empty":         ``,
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(_ int, w http.ResponseWriter) bool { fmt.Fprint(w, body); return true })
			if got, err := open(t, s.config()).Embed(t.Context(), []string{"问"}); err == nil {
				t.Errorf("want an error, got %v", got)
			}
		})
	}
}

func TestOpenNeedsAddressAndModel(t *testing.T) {
	for _, c := range []Config{{}, {BaseURL: "http://localhost"}, {Model: "m"}} {
		if _, err := Open(t.Context(), c); err == nil {
			t.Errorf("open %+v: want an error, got none", c)
		}
	}
}

func TestAQuestionThatComesAgainIsNotAskedAgain(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = w.Write([]byte(`{"data":[{"index":0,"embedding":[3,4]}]}`))
	}))
	defer server.Close()
	m, err := Open(t.Context(), Config{BaseURL: server.URL, Model: "m", Dim: 2})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		got, err := m.Embed(t.Context(), []string{"低保怎么办"})
		if err != nil || got[0][0] != 0.6 {
			t.Fatalf("want the unit vector, got %v, %v", got, err)
		}
		got[0][0] = 9 // the caller's own copy
	}
	if asked != 1 {
		t.Errorf("want one request, got %d", asked)
	}
}

func TestNoMoreRequestsAMinuteThanAllowed(t *testing.T) {
	g := &gate{most: 3}
	now := time.Now()
	for i := range 3 {
		if d := g.take(now.Add(time.Duration(i) * time.Second)); d != 0 {
			t.Fatalf("request %d: want it through, got a wait of %v", i, d)
		}
	}
	if d := g.take(now.Add(10 * time.Second)); d != 50*time.Second {
		t.Errorf("want to wait until the first is a minute old, got %v", d)
	}
	if d := g.take(now.Add(61 * time.Second)); d != 0 {
		t.Errorf("want it through after a minute, got %v", d)
	}
}
