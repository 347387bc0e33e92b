package api

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"advisor/accounts"
	"advisor/advice"
	"advisor/chat"
	"advisor/corpus"
	"advisor/internal/problem"
	"advisor/retrieval"
)

// id is an identifier as it travels: a string of digits, opaque to others.
// A bare number is understood too.
type id int64

// UnmarshalJSON reads a string or a number; an empty string is none.
func (i *id) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "" || s == "null" {
		return nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && b[0] != '"' && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		*i = id(f) // 12.0 is an integer in JSON
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	*i = id(n)
	return err
}

func day(s string) (corpus.Date, error) {
	if s == "" {
		return "", nil
	}
	d, err := corpus.ParseDate(s)
	if err != nil {
		return "", problem.New(problem.Invalid, "bad-date", "没有受理", "日期无法识别", "请按 2026-11-23 的样子填写").Because(err)
	}
	return d, nil
}

// mostHits bounds what one search may ask for.
const mostHits = 500

func (a *API) search(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct {
		Query, Mode, On string
		K               int
	}
	if err := read(r, &q); err != nil {
		return err
	}
	on, err := day(q.On)
	if err != nil {
		return err
	}
	if q.K < 0 || q.K > mostHits {
		return problem.New(problem.Invalid, "bad-k", "没有受理", "k 应为 1 至 "+strconv.Itoa(mostHits), "请改正")
	}
	result, err := a.rooms.Index.Search(r.Context(), actor, retrieval.Query{Text: q.Query, K: q.K, Mode: q.Mode, On: on})
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, result)
}

func (a *API) ask(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct {
		Question       string
		ConversationID id `json:"conversation_id"`
		On             string
		Stream         bool
	}
	if err := read(r, &q); err != nil {
		return err
	}
	on, err := day(q.On)
	if err != nil {
		return err
	}
	ask := advice.Ask{Text: q.Question, ConversationID: int64(q.ConversationID), On: on}
	if !q.Stream {
		answer, err := a.rooms.Chat.Ask(r.Context(), actor, ask, nil)
		if err != nil {
			return err
		}
		return write(w, http.StatusOK, answer)
	}
	askID, err := a.rooms.Chat.Start(r.Context(), actor, ask)
	if err != nil {
		return err
	}
	return a.stream(w, r, actor, askID, 0)
}

func (a *API) events(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	last, _ := strconv.Atoi(r.Header.Get("Last-Event-ID")) // none or broken: from the beginning
	return a.stream(w, r, actor, r.PathValue("ask_id"), max(0, last))
}

// beat is how often a line without news gets a comment, so that proxies keep it open.
const beat = 15 * time.Second

// stream writes a run's events after last as they come.
func (a *API) stream(w http.ResponseWriter, r *http.Request, actor accounts.Account, askID string, last int) error {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	out := &lines{w: w, control: http.NewResponseController(w)}
	go out.keepAlive(ctx, cancel)
	err := a.rooms.Chat.Events(ctx, actor, askID, last, func(n int, e advice.Event) error {
		data, err := json.Marshal(payload(e))
		if err != nil {
			return fmt.Errorf("encode event: %w", err)
		}
		return out.write(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", n, e.Kind, data))
	})
	if out.begun() {
		if err != nil && ctx.Err() == nil {
			a.log().Error("stream ended", "ask", askID, "error", err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	// Nothing new: the reader had it all. 204 tells an EventSource to stop asking.
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// lines is an event stream that two goroutines write to.
type lines struct {
	mu      sync.Mutex
	w       http.ResponseWriter
	control *http.ResponseController
	open    bool
}

func (l *lines) begun() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

func (l *lines) write(s string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.open {
		l.open = true
		h := l.w.Header()
		h.Set("Content-Type", "text/event-stream; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no")
		l.w.WriteHeader(http.StatusOK)
	}
	_ = l.control.SetWriteDeadline(time.Now().Add(beat)) // not every writer has deadlines
	if _, err := l.w.Write([]byte(s)); err != nil {
		return fmt.Errorf("reader gone: %w", err)
	}
	return l.control.Flush()
}

func (l *lines) keepAlive(ctx context.Context, cancel func()) {
	t := time.NewTicker(beat)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if l.begun() && l.write(": \n\n") != nil {
				cancel()
				return
			}
		}
	}
}

// payload is an event's data: what happened, without its wrapping.
func payload(e advice.Event) any {
	switch e.Kind {
	case advice.HitEvent:
		return e.Hit
	case advice.DraftEvent:
		return e.Answer
	case advice.ErrorEvent:
		return e.Problem
	}
	return e
}

func (a *API) draft(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	n, err := pathID(r, "no-draft", "没有找到这份建议稿")
	if err != nil {
		return err
	}
	answer, err := a.rooms.Advisor.Draft(r.Context(), actor, n)
	if err != nil {
		return err
	}
	reviews, err := a.rooms.Desk.OfDrafts(r.Context(), actor, []int64{n})
	if err != nil {
		return err
	}
	if st, ok := reviews[n]; ok {
		answer.ReviewID = strconv.FormatInt(st.ReviewID, 10)
	}
	return write(w, http.StatusOK, answer)
}

// pathID reads the address's id; one that cannot be is simply not there.
func pathID(r *http.Request, code, what string) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || n <= 0 {
		return 0, problem.New(problem.NotFound, code, what, "编号不对，或者您无权查阅", "请核对编号")
	}
	return n, nil
}

// stopAsk ends a run of one's own.
func (a *API) stopAsk(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	if err := a.rooms.Chat.Stop(actor, r.PathValue("ask_id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// rate keeps what somebody thinks of an answer.
func (a *API) rate(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	n, err := pathID(r, "no-draft", "没有找到这份建议稿")
	if err != nil {
		return err
	}
	var q struct {
		Useful       *bool
		Reason, Text string
	}
	if err := read(r, &q); err != nil {
		return err
	}
	if q.Useful == nil {
		return problem.New(problem.Invalid, "bad-feedback", "没有记下评价", "没有写明 useful", "请给出 true 或 false")
	}
	if err := a.rooms.Chat.Rate(r.Context(), actor, chat.Feedback{DraftID: n, Useful: *q.Useful, Reason: q.Reason, Text: q.Text}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
