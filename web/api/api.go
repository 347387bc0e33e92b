// Package api is the interface for programs: JSON under /api/v1, as
// INTERFACE.md §4 promises it. Requests carry a session cookie or an API key;
// refusals are application/problem+json with the same codes as everywhere.
package api

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"advisor/accounts"
	"advisor/internal/problem"
)

// maxBody bounds a request; a question's own limit is the room's.
const maxBody = 4 << 20

// Actor is who makes the request: the session's account, or the key's. Of two,
// the key counts, because somebody put it there on purpose.
func (a *API) Actor(r *http.Request) (accounts.Account, error) {
	if h := r.Header.Get("Authorization"); h != "" {
		key, ok := strings.CutPrefix(h, "Bearer ")
		if !ok {
			return accounts.Account{}, errNotSignedIn
		}
		return a.rooms.Accounts.ByKey(r.Context(), strings.TrimSpace(key))
	}
	c, err := r.Cookie(a.CookieName())
	if err != nil {
		return accounts.Account{}, errNotSignedIn
	}
	return a.rooms.Accounts.Session(r.Context(), c.Value)
}

// CookieName is the session cookie's. Over https its prefix makes browsers
// refuse one planted by a neighbouring host.
func (a *API) CookieName() string {
	if strings.HasPrefix(a.rooms.PublicURL, "https://") {
		return "__Host-advisor_session"
	}
	return "advisor_session"
}

var errNotSignedIn = problem.New(problem.Refused, "not-signed-in", "需要先登录", "没有登录，或登录已过期", "请重新登录，或在 Authorization 里给出密钥")

// Refusal takes the Problem out of err for showing; any other error is given back.
func Refusal(err error) (*problem.Problem, error) {
	var p *problem.Problem
	if errors.As(err, &p) {
		return p, nil
	}
	return nil, err
}

// detail is a Problem as RFC 9457 has it.
type detail struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	What   string `json:"what"`
	Why    string `json:"why"`
	Do     string `json:"do"`
	Code   string `json:"code"`
	Now    string `json:"now,omitempty"`
	// What OpenAI's clients read, under /v1 only.
	Error *apiError `json:"error,omitempty"`
}

// status is the Problem's HTTP status; who is not signed in gets 401.
func status(p *problem.Problem) int {
	switch p.Code {
	case errNotSignedIn.Code:
		return http.StatusUnauthorized
	case errTooMany.Code, "too-many":
		return http.StatusTooManyRequests
	case errMethod:
		return http.StatusMethodNotAllowed
	case "too-large":
		return http.StatusRequestEntityTooLarge
	}
	return problem.HTTP(p)
}

// WriteProblem answers with a Problem.
func WriteProblem(w http.ResponseWriter, p *problem.Problem) { writeProblem(w, p, nil) }

func writeProblem(w http.ResponseWriter, p *problem.Problem, inner *apiError) {
	w.Header().Set("Content-Type", "application/problem+json")
	if status(p) == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="advisor"`)
	}
	w.WriteHeader(status(p))
	_ = json.NewEncoder(w).Encode(detail{Type: "about:blank", Title: p.What, Status: status(p), Detail: p.Error(),
		What: p.What, Why: p.Why, Do: p.Do, Code: p.Code, Now: p.Now, Error: inner})
}

// fail answers with err: a Problem in its own words, anything else in plain ones.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	p, other := Refusal(err)
	if other != nil {
		if r.Context().Err() != nil {
			return
		}
		a.rooms.Log.Error("request failed", "path", r.URL.Path, "error", other)
		p = problem.New(problem.Failed, "failed", "操作未完成", "系统内部出错，已记录", "请稍后重试；仍不成功请联系系统管理员")
	}
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		writeProblem(w, p, openaiError(p, status(p)))
		return
	}
	WriteProblem(w, p)
}

// WriteJSON answers with v as JSON.
func WriteJSON(w http.ResponseWriter, status int, v any) error { return write(w, status, v) }

// write answers with v as JSON.
func write(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // a reader that has gone is no failure
	return nil
}

func (a *API) log() *slog.Logger { return a.rooms.Log }
