package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const noKey = "none"

// exchange is one call's HTTP side. It stands between langchaingo and the
// network because langchaingo hides why a request failed, and because the size
// and kind of a response have to be checked before anything reads it.
type exchange struct {
	config  Config
	client  *http.Client
	watch   *watch
	failure error
	body    *limited
}

// Do sends the request, again after 429, 5xx and refused connections.
func (e *exchange) Do(req *http.Request) (*http.Response, error) {
	if e.config.APIKey == "" {
		req.Header.Del("Authorization")
	}
	wait := e.config.Backoff
	for attempt := 1; ; attempt++ {
		resp, err := e.client.Do(req)
		after, again := e.judge(resp, err)
		if e.failure == nil {
			return e.accept(resp)
		}
		if !again || attempt >= e.config.Attempts || req.Context().Err() != nil {
			return nil, e.failure
		}
		select {
		case <-req.Context().Done():
			return nil, e.failure
		case <-e.config.Sleep(min(max(wait, after), maxWait)):
		}
		wait *= 2
		if req.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
}

// judge sets the failure of an attempt and says whether another may help, and when.
func (e *exchange) judge(resp *http.Response, err error) (after time.Duration, again bool) {
	e.failure = nil
	if err != nil {
		e.failure = Unreachable.because(bare(err))
		return 0, true
	}
	if resp.StatusCode == http.StatusOK {
		return 0, false
	}
	io.CopyN(io.Discard, resp.Body, 4<<10) // so that the connection can serve again
	resp.Body.Close()
	status := fmt.Errorf("status %d", resp.StatusCode)
	after = retryAfter(resp.Header)
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		e.failure = Busy.because(status)
	case resp.StatusCode >= 500:
		e.failure = Broken.because(status)
	case resp.StatusCode == http.StatusBadRequest, resp.StatusCode == http.StatusUnprocessableEntity:
		e.failure = Denied.because(&rejected{})
		return 0, false
	default:
		e.failure = Denied.because(status)
		return 0, false
	}
	return after, true
}

// retryAfter is what a server asks for, in seconds or as a date.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(v); err == nil {
		return time.Duration(min(max(seconds, 0), 3600)) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date")) // the server's own clock: ours may differ
	if err != nil {
		return 0
	}
	return max(0, at.Sub(now))
}

// bare drops the address from a network error: it may hold a password.
func bare(err error) error {
	var inner interface{ Unwrap() error }
	if errors.As(err, &inner) {
		if u := inner.Unwrap(); u != nil {
			return u
		}
	}
	return errors.New("network error")
}

// accept checks what kind of response it is and bounds what is read of it.
func (e *exchange) accept(resp *http.Response) (*http.Response, error) {
	e.body = &limited{ReadCloser: resp.Body, left: e.config.MaxBytes}
	resp.Body = e.body
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if packed := resp.Header.Get("Content-Encoding"); packed != "" && packed != "identity" {
		kind = "packed as " + packed // nobody asked for that; nothing here unpacks it
	}
	switch kind {
	case "text/event-stream":
		return resp, nil
	case "application/json":
		return e.asStream(resp)
	}
	resp.Body.Close()
	e.failure = Foreign.because(fmt.Errorf("content type %q", kind))
	return nil, e.failure
}

// asStream turns the whole reply of a server that does not stream into a stream.
func (e *exchange) asStream(resp *http.Response) (*http.Response, error) {
	defer resp.Body.Close()
	var whole struct {
		Choices []struct {
			Message      struct{ Content string } `json:"message"`
			FinishReason string                   `json:"finish_reason"`
		} `json:"choices"`
		Usage json.RawMessage `json:"usage"`
	}
	raw, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(raw, &whole)
	}
	if err != nil || len(whole.Choices) == 0 {
		if e.failure = e.body.failure(); e.failure == nil {
			e.failure = Foreign.because(errors.New("no choices in the reply"))
		}
		return nil, e.failure
	}
	var b bytes.Buffer
	for _, piece := range pieces(whole.Choices[0].Message.Content) {
		event(&b, map[string]any{"choices": []any{map[string]any{"delta": map[string]any{"content": piece}}}})
	}
	event(&b, map[string]any{"usage": whole.Usage, "choices": []any{map[string]any{
		"delta": map[string]any{}, "finish_reason": whole.Choices[0].FinishReason}}})
	b.WriteString("data: [DONE]\n\n")
	e.body.done.Store(true)
	resp.Body = io.NopCloser(&b)
	return resp, nil
}

func event(b *bytes.Buffer, v any) {
	raw, err := json.Marshal(v)
	if err != nil { // only a usage that is not JSON, and it was parsed above
		return
	}
	fmt.Fprintf(b, "data: %s\n\n", raw)
}

// pieces cuts text so that no line is longer than the 64 KiB that langchaingo reads.
func pieces(text string) []string {
	const most = 4000
	var out []string
	runes := []rune(text)
	for len(runes) > most {
		out, runes = append(out, string(runes[:most])), runes[most:]
	}
	return append(out, string(runes))
}

// explain says why the call failed: what was seen here comes before what langchaingo says.
func (e *exchange) explain(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if f := (*Failure)(nil); errors.As(cause, &f) {
			return f
		}
		return cause // the asker went away, or the whole run was ended
	}
	if e.failure != nil {
		return e.failure
	}
	if e.body != nil {
		if f := e.body.failure(); f != nil {
			return f
		}
		return CutOff.because(e.scrub(err))
	}
	return Broken.because(e.scrub(err))
}

var keyShaped = regexp.MustCompile(`(?i)(bearer\s+|\b(?:sk|pk|ak|key|token)[-_])[A-Za-z0-9._\-]{8,}`)

// scrub takes out of an error what must not reach a log: the key, whatever looks
// like one, and a long text that the server may have sent back to us.
func (e *exchange) scrub(err error) error {
	text := err.Error()
	if e.config.APIKey != "" {
		text = strings.ReplaceAll(text, e.config.APIKey, "***")
	}
	text = keyShaped.ReplaceAllString(text, "${1}***")
	if r := []rune(text); len(r) > 300 {
		text = string(r[:300]) + "…"
	}
	return errors.New(text)
}

// ended says whether the response was read to its proper end.
func (e *exchange) ended() bool { return e.body != nil && e.body.done.Load() }

// limited reads a response up to a number of bytes, and remembers how it ended.
type limited struct {
	io.ReadCloser
	left int64
	over atomic.Bool
	done atomic.Bool // [DONE] or, for a server that does not stream, all of it
	tail []byte
}

// Read stops with an error where the response grows too large. A reply of a
// gigabyte is cut here, before anybody holds more than a few kilobytes of it.
func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		l.over.Store(true)
		return 0, errors.New("response too large")
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.ReadCloser.Read(p)
	l.left -= int64(n)
	l.look(p[:n])
	return n, err
}

// look notices the end mark, also across two reads.
func (l *limited) look(p []byte) {
	const mark = "[DONE]"
	l.tail = append(l.tail, p...)
	if bytes.Contains(l.tail, []byte(mark)) {
		l.done.Store(true)
	}
	if keep := len(mark) - 1; len(l.tail) > keep {
		l.tail = append(l.tail[:0], l.tail[len(l.tail)-keep:]...)
	}
}

func (l *limited) failure() error {
	if l.over.Load() {
		return TooLarge
	}
	return nil
}
