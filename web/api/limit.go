package api

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"advisor/internal/problem"
)

// Bounds for one account, whatever its keys and sessions: how many requests may
// come at once, and how many a second in the long run. Questions are dearer
// than readings. A failed key counts against the address it came from.
const (
	burstRequests, steadyRequests = 2000, 100
	burstQuestions                = 700
	steadyQuestions               = 20
	burstStrangers                = 60
	steadyStrangers               = 1
)

var errTooMany = problem.New(problem.Refused, "too-many-requests", "没有受理", "请求过于频繁", "请稍等片刻再试；需要更高的频度请联系系统管理员")

// limiter is a bucket of tokens for each name. Buckets that are full again are
// forgotten, so it holds only those who were busy lately.
type limiter struct {
	burst, steady float64
	now           func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
	swept   time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newLimiter(burst, steady float64, now func() time.Time) *limiter {
	return &limiter{burst: burst, steady: steady, now: now, buckets: map[string]*bucket{}}
}

// take says whether one more is allowed, and if not, when it will be.
func (l *limiter) take(name string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.sweep(now)
	b := l.buckets[name]
	if b == nil {
		b = &bucket{tokens: l.burst, at: now}
		l.buckets[name] = b
	}
	b.tokens = min(l.burst, b.tokens+max(0, now.Sub(b.at).Seconds())*l.steady)
	b.at = now
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / l.steady * float64(time.Second)), false
	}
	b.tokens--
	return 0, true
}

func (l *limiter) sweep(now time.Time) {
	full := time.Duration(l.burst / l.steady * float64(time.Second))
	if now.Sub(l.swept) < full {
		return
	}
	l.swept = now
	for name, b := range l.buckets {
		if now.Sub(b.at) >= full {
			delete(l.buckets, name)
		}
	}
}

// limits are the API's three.
type limits struct{ requests, questions, strangers *limiter }

func newLimits(now func() time.Time) limits {
	return limits{newLimiter(burstRequests, steadyRequests, now), newLimiter(burstQuestions, steadyQuestions, now), newLimiter(burstStrangers, steadyStrangers, now)}
}

// allow takes one request of an account's.
func (l limits) allow(e endpoint, account int64) (wait time.Duration, ok bool) {
	name := strconv.FormatInt(account, 10)
	if wait, ok := l.requests.take(name); !ok {
		return wait, false
	}
	if e.asks() {
		return l.questions.take(name)
	}
	return 0, true
}

// asks says whether an endpoint starts the whole line: search, model, checks.
func (e endpoint) asks() bool {
	return e.method == http.MethodPost && (e.path == "/api/v1/ask" || e.path == "/v1/chat/completions" || e.path == "/mcp" || e.path == "/v1/embeddings")
}

// stranger counts a key or session that was refused. Whoever tries many from one
// address is told to wait; the answer to each is the same whatever was wrong.
func (l limits) stranger(r *http.Request) (wait time.Duration, ok bool) {
	host := r.RemoteAddr
	if i := strings.LastIndexByte(host, ':'); i > 0 {
		host = host[:i]
	}
	return l.strangers.take(host)
}

func tooMany(w http.ResponseWriter, wait time.Duration) error {
	w.Header().Set("Retry-After", strconv.Itoa(1+int(wait.Seconds())))
	return errTooMany
}
