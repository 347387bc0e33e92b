package llm

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const shape = `{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}`

// bomb is a small packed body that unpacks to two hundred megabytes.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range 200 {
		if _, err := z.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// F13: what is packed is not unpacked, whatever it says it is.
func TestGenerateRefusesPackedReplies(t *testing.T) {
	packed := bomb(t)
	for _, kind := range []string{"application/json", "text/event-stream"} {
		s := fake(t, func(w http.ResponseWriter, r *http.Request) {
			if a := r.Header.Get("Accept-Encoding"); a != "" {
				t.Errorf("asks for encoding %q", a)
			}
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed)
		})
		if _, err := open(t, s.URL, nil).Generate(t.Context(), Request{User: "问"}, nil); !errors.Is(err, Foreign) {
			t.Errorf("%s: error = %v, want %v", kind, err, Foreign)
		}
	}
}

// F13: a stream that is cut in the middle of a character or of its JSON gives
// no reply, and one whose characters come in halves gives them whole.
func TestGenerateCutAnywhere(t *testing.T) {
	whole := "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"数据提供部门\"}}]}\n\n" +
		"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"五个工作日\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
	for cut := 1; cut < len(whole); cut++ {
		s := fake(t, func(w http.ResponseWriter, r *http.Request) {
			stream(w)
			_, _ = io.WriteString(w, whole[:cut])
			w.(http.Flusher).Flush()
			if cut < len(whole)-len("data: [DONE]\n\n") {
				panic(http.ErrAbortHandler)
			}
		})
		reply, err := open(t, s.URL, nil).Generate(t.Context(), Request{User: "问"}, nil)
		if err == nil && reply.Text != "数据提供部门五个工作日" {
			t.Fatalf("cut after %d of %d bytes: half a reply %q", cut, len(whole), reply.Text)
		}
		if err == nil && !strings.Contains(whole[:cut], "stop") {
			t.Fatalf("cut after %d of %d bytes: a reply without its end", cut, len(whole))
		}
		s.Close()
	}
	s := fake(t, func(w http.ResponseWriter, r *http.Request) {
		stream(w)
		for i := range len(whole) { // byte by byte
			_, _ = w.Write([]byte{whole[i]})
			w.(http.Flusher).Flush()
		}
	})
	if reply, err := open(t, s.URL, nil).Generate(t.Context(), Request{User: "问"}, nil); err != nil || reply.Text != "数据提供部门五个工作日" {
		t.Errorf("byte by byte: %+v, %v", reply, err)
	}
}

// F12: a byte now and then keeps no one waiting for ever.
func TestGenerateSlowLoris(t *testing.T) {
	s := fake(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		stream(w)
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, ":")
			w.(http.Flusher).Flush()
			time.Sleep(3 * time.Millisecond)
		}
	})
	began := time.Now()
	_, err := open(t, s.URL, func(c *Config) { c.FirstToken = 50 * time.Millisecond }).Generate(t.Context(), Request{User: "问"}, nil)
	if !errors.Is(err, TooSlow) || time.Since(began) > 3*time.Second {
		t.Errorf("error = %v after %v", err, time.Since(began))
	}
}

// F11: what a server asks for is heeded as seconds and as a date, within bounds.
func TestRetryAfter(t *testing.T) {
	at := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{"": 0, "3": 3 * time.Second, "-5": 0, "soon": 0, "999999": time.Hour,
		at.Add(7 * time.Second).Format(http.TimeFormat): 7 * time.Second, at.Add(-time.Minute).Format(http.TimeFormat): 0} {
		h := http.Header{"Retry-After": {value}, "Date": {at.Format(http.TimeFormat)}}
		if got := retryAfter(h); got != want {
			t.Errorf("Retry-After %q: got %v, want %v", value, got, want)
		}
	}
}

// A server that knows no schema is told it in words, and is asked so at once the next time.
func TestGenerateLearnsTheForm(t *testing.T) {
	var seen []string
	s := fake(t, func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Format   *struct{ Type string } `json:"response_format"`
			Messages []struct{ Content any }
		}
		_ = json.NewDecoder(r.Body).Decode(&q)
		kind := "words"
		if q.Format != nil {
			kind = q.Format.Type
		}
		told := strings.Contains(fmt.Sprint(q.Messages), `"additionalProperties":false`)
		seen = append(seen, fmt.Sprint(kind, told))
		if kind != "words" {
			w.WriteHeader(400)
			return
		}
		asJSON(`{"choices":[{"message":{"content":"{\"a\":\"好\"}"},"finish_reason":"stop"}]}`)(w, r)
	})
	g := open(t, s.URL, nil)
	for range 2 {
		if _, err := g.Generate(t.Context(), Request{System: "系统", User: "问", Schema: json.RawMessage(shape)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := strings.Join(seen, " "), "json_schemafalse json_objecttrue wordstrue wordstrue"; got != want {
		t.Errorf("asked as %s, want %s", got, want)
	}
}

// Reasoning, in its own field or among the words, is no part of the reply or of what is streamed.
func TestReasoningIsKeptOut(t *testing.T) {
	s := fake(t, func(w http.ResponseWriter, r *http.Request) {
		stream(w)
		fmt.Fprint(w, `data: {"choices":[{"delta":{"reasoning_content":"暗想甲"}}]}`+"\n\n")
		chunk(w, "<thi", "")
		chunk(w, "nk>暗想乙</th", "")
		chunk(w, "ink>可以", "stop")
		fmt.Fprint(w, "data: [DONE]\n\n")
	})
	var said strings.Builder
	reply, err := open(t, s.URL, nil).Generate(t.Context(), Request{User: "问"}, func(p string) { said.WriteString(p) })
	if err != nil || reply.Text != "可以" || said.String() != "可以" {
		t.Errorf("reply %q, streamed %q, error %v", reply.Text, said.String(), err)
	}
}

// What a server sends back of our key does not reach an error.
func TestErrorsHoldNoKey(t *testing.T) {
	e := &exchange{config: Config{APIKey: "k-secret"}}
	err := e.scrub(errors.New("Incorrect API key k-secret provided; Bearer abcdefgh12345678 sk-proj-abcdef123456 " + strings.Repeat("长", 5000)))
	for _, secret := range []string{"k-secret", "abcdefgh12345678", "abcdef123456"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q is in %.200q", secret, err)
		}
	}
	if len([]rune(err.Error())) > 400 {
		t.Error("a page of the server's text is in the error")
	}
}

// F11, F15: a server that is down is left alone for a while, and asked again later.
func TestSteady(t *testing.T) {
	clock := time.Unix(0, 0)
	var asked atomic.Int32
	var down atomic.Bool
	down.Store(true)
	g := Steady(generator(func() (Reply, error) {
		asked.Add(1)
		if down.Load() {
			return Reply{}, Unreachable
		}
		return Reply{Text: "好"}, nil
	}), func() time.Time { return clock })
	for range 10 {
		if _, err := g.Generate(t.Context(), Request{}, nil); !errors.Is(err, Unreachable) {
			t.Fatalf("error = %v", err)
		}
	}
	if n := asked.Load(); n != failuresToRest {
		t.Errorf("asked %d times while down, want %d", n, failuresToRest)
	}
	clock, asked = clock.Add(rest+time.Second), atomic.Int32{}
	for range 5 {
		_, _ = g.Generate(t.Context(), Request{}, nil)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times after the rest, want 1", n)
	}
	down.Store(false)
	clock = clock.Add(rest + time.Second)
	for range 3 {
		if r, err := g.Generate(t.Context(), Request{}, nil); err != nil || r.Text != "好" {
			t.Errorf("after it came back: %+v, %v", r, err)
		}
	}
}

type generator func() (Reply, error)

func (generator) Model() string { return "m" }

func (g generator) Generate(context.Context, Request, func(string)) (Reply, error) { return g() }

// page is a Book in memory that can fail.
type page struct {
	kept  map[string]Reply
	calls []Call
	err   error
}

func (p *page) Reply(_ context.Context, _ int64, key string) (Reply, bool, error) {
	r, ok := p.kept[key]
	return r, ok, p.err
}

func (p *page) Begin(context.Context, Call) (int64, error) { return 1, p.err }

func (p *page) End(_ context.Context, _ int64, c Call, keep *Reply) error {
	p.calls = append(p.calls, c)
	if keep != nil {
		p.kept[c.Key] = *keep
	}
	return p.err
}

func TestGuard(t *testing.T) {
	var asked int
	replies := []string{"不成样子", `{"a":"好"}`}
	inner := generator(func() (Reply, error) {
		asked++
		return Reply{Text: replies[min(asked, 2)-1], Model: "m", InputTokens: 5, OutputTokens: 3}, nil
	})
	book := &page{kept: map[string]Reply{}}
	g := Guard(inner, book, time.Now, slog.New(slog.DiscardHandler))
	ask := Request{Account: 7, User: "问", Schema: json.RawMessage(shape)}
	for range 4 { // nonsense is not kept; the first good reply answers from then on
		if _, err := g.Generate(t.Context(), ask, nil); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 2 || len(book.calls) != 2 || book.calls[0].InputTokens != 5 || book.calls[1].Account != 7 {
		t.Errorf("asked %d times, booked %+v", asked, book.calls)
	}
	for name, other := range map[string]Request{"question": {Account: 7, User: "另问", Schema: ask.Schema},
		"prompt": {Account: 7, System: "别的说法", User: "问", Schema: ask.Schema}, "shape": {Account: 7, User: "问"}} {
		if Key("m", other) == Key("m", ask) {
			t.Errorf("another %s has the same key", name)
		}
	}
	if Key("m2", ask) == Key("m", ask) {
		t.Error("another model has the same key")
	}
	book.err = OverBudget
	asked = 0
	if _, err := g.Generate(t.Context(), Request{Account: 7, User: "再问"}, nil); !errors.Is(err, OverBudget) || asked != 0 {
		t.Errorf("over budget: error %v, asked %d times", err, asked)
	}
}
