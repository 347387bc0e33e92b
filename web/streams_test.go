package web_test

import (
	"bufio"
	"context"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"advisor/internal/torture"
)

// F21: readers of streams who vanish leave nothing behind: goroutines,
// connections and memory return to where they were, and every question has its
// answer all the same.
func TestTortureStreamsDropped(t *testing.T) {
	tries, failures := torture.Tries(500), 0
	torture.Report(t, "F21", &tries, &failures)
	m := newModelServer(t)
	m.does(func(_ http.ResponseWriter, r *http.Request, _ string) { <-r.Context().Done() }) // so that streams stay open
	h := newHouseWith(t, false, m.open(t))
	key := h.key("wangmin")
	h.drop(t, key, 4) // pools and caches fill up
	h.settled(t, 1<<30)
	before, held := runtime.NumGoroutine(), heap()
	h.drop(t, key, tries)
	if n := h.settled(t, before+16); n > before+16 {
		failures++
		t.Errorf("%d goroutines, %d before", n, before)
	}
	if now := heap(); now > held+64<<20 {
		failures++
		t.Errorf("%d MB held, %d MB before", now>>20, held>>20)
	}
	if open := h.conns.open(); open > 8 {
		failures++
		t.Errorf("%d connections are still open", open)
	}
	// A run that nobody follows any more is carried to its end.
	list, err := h.chat.Conversations(t.Context(), h.people["wangmin"])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		turns, err := h.chat.Turns(t.Context(), h.people["wangmin"], c.ID)
		if err != nil || len(turns) != 1 || turns[0].Answer == nil {
			failures++
			t.Fatalf("a question without its answer: %+v, %v", turns, err)
		}
	}
}

// drop opens n streams at once, reads each one's beginning and vanishes.
func (h *house) drop(t *testing.T, key string, n int) {
	t.Helper()
	var wg sync.WaitGroup
	transport := &http.Transport{DisableKeepAlives: true}
	for i := range n {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			path, body := "/api/v1/ask", `{"question":"`+question+`","stream":true}`
			if i%2 == 1 {
				path, body = "/v1/chat/completions", `{"messages":[{"role":"user","content":"`+question+`"}],"stream":true}`
			}
			req, err := http.NewRequestWithContext(ctx, "POST", h.server.URL+path, strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Authorization", "Bearer "+key)
			resp, err := transport.RoundTrip(req)
			if err != nil {
				t.Errorf("stream %d: %v", i, err)
				return
			}
			defer resp.Body.Close()
			if line, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || resp.StatusCode != 200 {
				t.Errorf("stream %d: status %d, %q, %v", i, resp.StatusCode, line, err)
			}
		})
	}
	wg.Wait()
}

// settled waits until there are no more goroutines than so many, and says how many there are.
func (h *house) settled(t *testing.T, most int) int {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	calm, last := 0, 0
	for time.Now().Before(deadline) {
		n := runtime.NumGoroutine()
		if n <= most && n == last {
			calm++
		} else {
			calm = 0
		}
		if last = n; calm == 20 {
			return n
		}
		time.Sleep(50 * time.Millisecond)
	}
	return last
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
