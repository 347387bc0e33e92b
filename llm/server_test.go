package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fake is a server that speaks the protocol, or one of the ways of not doing so.
func fake(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

func open(t *testing.T, base string, change func(*Config)) Generator {
	t.Helper()
	c := Config{BaseURL: base + "/v1", APIKey: "k-secret", Model: "m",
		Sleep: func(time.Duration) <-chan time.Time { c := make(chan time.Time, 1); c <- time.Time{}; return c }}
	if change != nil {
		change(&c)
	}
	g, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func chunk(w io.Writer, content, finish string) {
	delta := map[string]any{"choices": []any{map[string]any{"index": 0, "delta": map[string]any{"content": content}, "finish_reason": nil}}}
	if finish != "" {
		delta["choices"].([]any)[0].(map[string]any)["finish_reason"] = finish
	}
	raw, _ := json.Marshal(delta)
	fmt.Fprintf(w, "data: %s\n\n", raw)
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

func stream(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/event-stream") }

func TestGenerateStreams(t *testing.T) {
	var got map[string]any
	var auth string
	s := fake(t, func(w http.ResponseWriter, r *http.Request) {
		auth = r.Header.Get("Authorization")
		json.NewDecoder(r.Body).Decode(&got)
		stream(w)
		chunk(w, "甲", "")
		chunk(w, "乙", "stop")
		fmt.Fprint(w, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n")
	})
	var parts []string
	reply, err := open(t, s.URL, nil).Generate(t.Context(), Request{System: "系统", User: "问题", MaxTokens: 50,
		Schema: json.RawMessage(`{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}`)},
		func(d string) { parts = append(parts, d) })
	if err != nil {
		t.Fatal(err)
	}
	if reply.Text != "甲乙" || strings.Join(parts, "|") != "甲|乙" || reply.InputTokens != 7 || reply.OutputTokens != 2 {
		t.Errorf("reply = %+v, parts %q", reply, parts)
	}
	if auth != "Bearer k-secret" {
		t.Errorf("authorization = %q, want the key", auth)
	}
	format, _ := got["response_format"].(map[string]any)
	if got["model"] != "m" || got["max_tokens"] != 50.0 || format["type"] != "json_schema" {
		t.Errorf("request = %v", got)
	}
}

func TestGenerateFaults(t *testing.T) {
	long := strings.Repeat("x", 1000)
	cases := []struct {
		name    string
		handler http.HandlerFunc
		change  func(*Config)
		want    *Failure
	}{
		{"503 every time", status(503), nil, Broken},
		{"429 every time", status(429), nil, Busy},
		{"401", status(401), nil, Denied},
		{"404", status(404), nil, Denied},
		{"redirect elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		}, nil, Denied},
		{"HTML", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>登录</html>") }, nil, Foreign},
		{"JSON without choices", asJSON(`{"error":"x"}`), nil, Foreign},
		{"JSON cut off", asJSON(`{"choices":[{"message":{"content":"甲`), nil, Foreign},
		{"broken stream lines only", func(w http.ResponseWriter, r *http.Request) {
			stream(w)
			fmt.Fprint(w, "data: {oops\n\ndata: [DONE]\n\n")
		}, nil, Empty},
		{"nulls", func(w http.ResponseWriter, r *http.Request) {
			stream(w)
			fmt.Fprint(w, `data: {"choices":[{"delta":{"tool_calls":[null]}}]}`+"\n\ndata: [DONE]\n\n")
		}, nil, Foreign},
		{"empty reply", asJSON(`{"choices":[{"message":{"content":"  "},"finish_reason":"stop"}]}`), nil, Empty},
		{"length reached", asJSON(`{"choices":[{"message":{"content":"甲"},"finish_reason":"length"}]}`), nil, CutOff},
		{"cut mid-stream", func(w http.ResponseWriter, r *http.Request) {
			stream(w)
			chunk(w, "甲", "")
			panic(http.ErrAbortHandler)
		}, nil, CutOff},
		{"ends without its end mark", func(w http.ResponseWriter, r *http.Request) { stream(w); chunk(w, "甲", "") }, nil, CutOff},
		{"endless line", endless("data: " + long), nil, CutOff},
		{"endless stream", endless("data: {\"choices\":[{\"delta\":{\"content\":\"" + long + "\"}}]}\n\n"), nil, TooLarge},
		{"endless comments", endless(": keep-alive\n\n"), nil, TooLarge},
		{"endless JSON", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			endless(long)(w, r)
		}, nil, TooLarge},
		{"first piece never comes", func(w http.ResponseWriter, r *http.Request) {
			stream(w)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, func(c *Config) { c.FirstToken = 20 * time.Millisecond }, TooSlow},
		{"headers never come", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			func(c *Config) { c.FirstToken = 20 * time.Millisecond }, TooSlow},
		{"stalls mid-stream", func(w http.ResponseWriter, r *http.Request) {
			stream(w)
			chunk(w, "甲", "")
			<-r.Context().Done()
		}, func(c *Config) { c.Stall = 20 * time.Millisecond }, TooSlow},
		{"trickles for ever", func(w http.ResponseWriter, r *http.Request) {
			stream(w)
			for r.Context().Err() == nil {
				chunk(w, "甲", "")
				time.Sleep(2 * time.Millisecond)
			}
		}, func(c *Config) { c.Total = 60 * time.Millisecond }, TooSlow},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			handler := c.handler
			s := fake(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body) // else the server does not notice that the client went away
				handler(w, r)
			})
			_, err := open(t, s.URL, c.change).Generate(t.Context(), Request{User: "问"}, nil)
			if !errors.Is(err, c.want) {
				t.Fatalf("error = %v, want %v", err, c.want)
			}
			if Why(err) != c.want.Why || strings.Contains(err.Error(), "k-secret") {
				t.Errorf("error for people = %q, for operators %q", Why(err), err)
			}
		})
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", code) }
}

func asJSON(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	}
}

func endless(part string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if w.Header().Get("Content-Type") == "" {
			stream(w)
		}
		for {
			if _, err := io.WriteString(w, part); err != nil {
				return
			}
		}
	}
}

func TestGenerateRetries(t *testing.T) {
	var tries atomic.Int32
	var waited []time.Duration
	s := fake(t, func(w http.ResponseWriter, r *http.Request) {
		switch tries.Add(1) {
		case 1:
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(429)
		case 2:
			w.WriteHeader(502)
		default:
			body, _ := io.ReadAll(r.Body)
			if !strings.Contains(string(body), "问题") {
				t.Error("the retried request lost its body")
			}
			asJSON(`{"choices":[{"message":{"content":"好"},"finish_reason":"stop"}]}`)(w, r)
		}
	})
	g := open(t, s.URL, func(c *Config) {
		c.Sleep = func(d time.Duration) <-chan time.Time {
			waited = append(waited, d)
			done := make(chan time.Time, 1)
			done <- time.Time{}
			return done
		}
	})
	reply, err := g.Generate(t.Context(), Request{User: "问题"}, nil)
	if err != nil || reply.Text != "好" {
		t.Fatalf("reply = %+v, error %v", reply, err)
	}
	if len(waited) != 2 || waited[0] != 2*time.Second || waited[1] != time.Second {
		t.Errorf("waited %v, want what the server asked for, then the doubled back-off", waited)
	}
}

func TestGenerateWithoutSchemaSupport(t *testing.T) {
	s := fake(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "response_format") {
			w.WriteHeader(400)
			return
		}
		asJSON(`{"choices":[{"message":{"content":"好"},"finish_reason":"stop"}]}`)(w, r)
	})
	reply, err := open(t, s.URL, nil).Generate(t.Context(), Request{User: "问", Schema: json.RawMessage(`{"type":"object"}`)}, nil)
	if err != nil || reply.Text != "好" {
		t.Fatalf("reply = %+v, error %v", reply, err)
	}
}

func TestGenerateUnreachable(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	_, err := open(t, s.URL, nil).Generate(t.Context(), Request{User: "问"}, nil)
	if !errors.Is(err, Unreachable) {
		t.Fatalf("error = %v, want %v", err, Unreachable)
	}
}

func TestGenerateAbandoned(t *testing.T) {
	asked := make(chan bool, 1)
	s := fake(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		asked <- true
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	_, err := open(t, s.URL, nil).Generate(ctx, Request{User: "问"}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error = %v, want that the asker went away", err)
	}
}

// A reply of a gigabyte must not be held: reading stops at the limit.
func TestGenerateMemory(t *testing.T) {
	s := fake(t, endless("data: {\"choices\":[{\"delta\":{\"content\":\""+strings.Repeat("长", 5000)+"\"}}]}\n\n"))
	g := open(t, s.URL, nil)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if _, err := g.Generate(t.Context(), Request{User: "问"}, nil); !errors.Is(err, TooLarge) {
		t.Fatalf("error = %v, want %v", err, TooLarge)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 8<<20 {
		t.Errorf("%d bytes held after an endless reply", held)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"no scheme": {BaseURL: "localhost:8000/v1", Model: "m"},
		"file":      {BaseURL: "file:///etc/passwd", Model: "m"},
		"no model":  {BaseURL: "http://localhost/v1"},
		"password":  {BaseURL: "ftp://u:secret@h/v1", Model: "m"},
	} {
		if _, err := Open(c); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error = %v", name, err)
		}
	}
}

func TestFallback(t *testing.T) {
	down := httptest.NewServer(nil)
	down.Close()
	up := fake(t, asJSON(`{"choices":[{"message":{"content":"好"},"finish_reason":"stop"}]}`))
	g := Fallback(open(t, down.URL, nil), open(t, up.URL, func(c *Config) { c.Model = "second" }))
	reply, err := g.Generate(t.Context(), Request{User: "问"}, nil)
	if err != nil || reply.Model != "second" || g.Model() != "m" {
		t.Fatalf("reply = %+v, error %v", reply, err)
	}
}
