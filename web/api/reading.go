package api

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/internal/problem"
)

func (a *API) today() corpus.Date { return corpus.Today(a.rooms.Now()) }

func (a *API) onDay(r *http.Request) (corpus.Date, error) {
	on, err := day(r.URL.Query().Get("on"))
	if on == "" {
		on = a.today()
	}
	return on, err
}

func (a *API) documents(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	q := r.URL.Query()
	on, err := a.onDay(r)
	if err != nil {
		return err
	}
	cursor, limit, err := page(r)
	if err != nil {
		return err
	}
	list, err := a.rooms.Library.Documents(r.Context(), actor.ID, corpus.Filter{Words: q.Get("words"), Kind: q.Get("kind"), Level: q.Get("level"),
		Scope: q.Get("scope"), After: cursor, Limit: limit + 1}, on)
	if err != nil {
		return err
	}
	next := ""
	if len(list) > limit {
		list = list[:limit]
		next = strconv.FormatInt(list[limit-1].DocumentID, 10)
	}
	if list == nil {
		list = []corpus.Listed{}
	}
	return write(w, http.StatusOK, map[string]any{"documents": list, "next": next})
}

func (a *API) document(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	n, err := pathID(r, "no-document", "没有找到这份文件")
	if err != nil {
		return err
	}
	on, err := a.onDay(r)
	if err != nil {
		return err
	}
	version, _ := strconv.ParseInt(r.URL.Query().Get("version"), 10, 64) // none: the one in force
	shown, err := a.rooms.Library.Document(r.Context(), actor.ID, n, version, on)
	if errors.Is(err, corpus.ErrNotFound) {
		return problem.New(problem.NotFound, "no-document", "没有找到这份文件", "编号不对，或者您无权查阅", "请核对编号").Because(err)
	}
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, shown)
}

// checkpoint signs the log as it stands; whoever keeps it can later prove a rewriting.
func (a *API) checkpoint(w http.ResponseWriter, r *http.Request, _ accounts.Account) error {
	if a.rooms.Witness.Key == nil {
		return errNotYet
	}
	c, err := a.rooms.Witness.Checkpoint(r.Context())
	if err != nil {
		return fmt.Errorf("sign a checkpoint: %w", err)
	}
	return write(w, http.StatusOK, map[string]any{"origin": c.Origin, "size": c.Size, "root": base64.StdEncoding.EncodeToString(c.Root[:]), "note": c.Note, "at": c.At, "key": a.rooms.Witness.Key.Public()})
}

// proof proves that the log of one size extends the log of a smaller one.
func (a *API) proof(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	q := r.URL.Query()
	older, err1 := strconv.ParseInt(q.Get("older"), 10, 64)
	newer, err2 := strconv.ParseInt(q.Get("newer"), 10, 64)
	if err1 != nil || err2 != nil || older < 1 || newer < 1 {
		return problem.New(problem.Invalid, "bad-size", "没有受理", "older 和 newer 应是两个检查点的大小", "请核对后再试")
	}
	if newer < older {
		return problem.New(problem.NotFound, "no-proof", "没有这样的证明", "older 大于 newer：日志只增不减", "请核对后再试")
	}
	proof, size, err := a.rooms.Witness.Proof(r.Context(), actor.ID, older, newer)
	if err != nil {
		return err
	}
	if newer > size {
		return problem.New(problem.NotFound, "no-checkpoint", "没有这个检查点", fmt.Sprintf("日志现有 %d 条", size), "请核对 newer")
	}
	hashes := make([]string, len(proof))
	for i, h := range proof {
		hashes[i] = base64.StdEncoding.EncodeToString(h[:])
	}
	return write(w, http.StatusOK, map[string]any{"older": older, "newer": newer, "proof": hashes})
}

func (a *API) healthz(w http.ResponseWriter, _ *http.Request, _ accounts.Account) error {
	return write(w, http.StatusOK, map[string]any{"ok": true})
}

// readyz says whether requests can be served: the database answers and the index is loaded.
func (a *API) readyz(w http.ResponseWriter, r *http.Request, _ accounts.Account) error {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	_, err := a.rooms.Accounts.Office(ctx)
	ready := err == nil && a.rooms.Index != nil
	status := http.StatusOK
	if !ready {
		status = http.StatusServiceUnavailable
		a.log().Error("not ready", "error", err)
	}
	return write(w, status, map[string]any{"ok": ready, "database": err == nil, "index": a.rooms.Index != nil})
}

// counts are what metrics tell.
type counts struct {
	requests, open atomic.Int64
	nanos          atomic.Int64
}

// begin counts a request; what it returns ends it.
func (c *counts) begin() func() {
	c.requests.Add(1)
	c.open.Add(1)
	start := time.Now()
	return func() { c.open.Add(-1); c.nanos.Add(int64(time.Since(start))) }
}

func (a *API) metrics(w http.ResponseWriter, _ *http.Request, _ accounts.Account) error {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	passages := 0
	if a.rooms.Index != nil {
		passages = a.rooms.Index.Passages()
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	line := func(kind, name, help string, value any) {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n%s %v\n", name, help, name, kind, name, value)
	}
	line("counter", "advisor_api_requests_total", "Requests for programs.", a.counts.requests.Load())
	line("gauge", "advisor_api_requests_open", "Requests being answered.", a.counts.open.Load())
	line("counter", "advisor_api_seconds_total", "Seconds spent answering.", time.Duration(a.counts.nanos.Load()).Seconds())
	line("gauge", "advisor_index_passages", "Passages in the index.", passages)
	line("gauge", "advisor_goroutines", "Goroutines.", runtime.NumGoroutine())
	line("gauge", "advisor_heap_bytes", "Heap in use.", m.HeapInuse)
	return nil
}
