package api

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"advisor/internal/problem"
)

// How long an answer is kept for a request that comes again, and how many.
const (
	onceKept = 24 * time.Hour
	onceMost = 10_000
	onceKey  = 200 // bytes of an Idempotency-Key
)

// ledger remembers the answers of requests that carried an Idempotency-Key, so
// that a client that lost the line can ask again. It lives in this process: after
// a restart, or on another instance, a repeated change meets the room's own
// guard instead and is refused as already done, never done twice.
type ledger struct {
	now  func() time.Time
	mu   sync.Mutex
	seen map[string]*answer
}

// answer is what a request got; ready is closed once it is known.
type answer struct {
	body   [sha256.Size]byte // of the request
	at     time.Time
	ready  chan struct{}
	status int
	header http.Header
	reply  bytes.Buffer
}

func newLedger(now func() time.Time) *ledger { return &ledger{now: now, seen: map[string]*answer{}} }

// replay runs do once for a key and gives its answer to every later request
// with that key. Refusals are answers too; failures of the server are not.
func (l *ledger) replay(w http.ResponseWriter, r *http.Request, actor int64, key string, do func(http.ResponseWriter)) {
	if len(key) > onceKey {
		WriteProblem(w, problem.New(problem.Invalid, "bad-idempotency-key", "没有受理", "Idempotency-Key 过长", "请用不超过 200 字节的唯一标识"))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		WriteProblem(w, problem.New(problem.Invalid, "bad-json", "没有受理", "请求体过大或不完整", "请缩短后再试").Because(err))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.Sum256(body)
	name := strconv.FormatInt(actor, 10) + " " + r.URL.Path + " " + key
	a, first := l.enter(name, sum)
	if !first {
		if a.body != sum {
			WriteProblem(w, problem.New(problem.Conflict, "idempotency-mismatch", "没有受理", "同一个 Idempotency-Key 先前用于内容不同的请求", "请换一个新的标识"))
			return
		}
		select {
		case <-a.ready:
			a.give(w)
		case <-r.Context().Done():
		}
		return
	}
	defer func() {
		close(a.ready)
		if a.status >= 500 || a.status == 0 { // not an answer: the next one tries again
			l.mu.Lock()
			delete(l.seen, name)
			l.mu.Unlock()
		}
	}()
	do(a)
	a.give(w)
}

func (l *ledger) enter(name string, sum [sha256.Size]byte) (a *answer, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if a, ok := l.seen[name]; ok && now.Sub(a.at) < onceKept {
		return a, false
	}
	if len(l.seen) >= onceMost {
		for k, old := range l.seen { // drop what is over, or else any: maps give them in no order
			if now.Sub(old.at) >= onceKept || len(l.seen) >= onceMost {
				delete(l.seen, k)
			}
		}
	}
	a = &answer{body: sum, at: now, ready: make(chan struct{}), header: http.Header{}}
	l.seen[name] = a
	return a, true
}

// Header, WriteHeader and Write make an answer a ResponseWriter that keeps what is written.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader keeps the status.
func (a *answer) WriteHeader(status int) { a.status = status }

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.reply.Write(p)
}

func (a *answer) give(w http.ResponseWriter) {
	if a.status == 0 {
		return
	}
	for k, v := range a.header {
		w.Header()[k] = v
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.reply.Bytes())
}
