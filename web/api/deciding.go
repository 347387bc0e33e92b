package api

import (
	"encoding/base64"
	"net/http"

	"advisor/accounts"
	"advisor/experts"
	"advisor/internal/problem"
)

func (a *API) recuse(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct{ Expert, Text string }
	return a.act(w, r, actor, &q, nil, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Recuse(r.Context(), actor, n, q.Expert, q.Text)
	})
}

func (a *API) delegate(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct{ To string }
	return a.act(w, r, actor, &q, nil, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Delegate(r.Context(), actor, n, q.To)
	})
}

func (a *API) again(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct{ Hash string }
	return a.act(w, r, actor, &q, func() string { return q.Hash }, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Again(r.Context(), actor, n)
	})
}

// attach keeps an original; content is base64, as JSON has no bytes.
func (a *API) attach(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	n, err := pathID(r, "no-review", "没有找到这件审议")
	if err != nil {
		return err
	}
	var q struct{ Name, Media, Content string }
	if err := read(r, &q); err != nil {
		return err
	}
	bytes, err := base64.StdEncoding.DecodeString(q.Content)
	if err != nil {
		return problem.New(problem.Invalid, "bad-paper", "附件没有保存", "content 不是 base64", "请按说明发送")
	}
	id, err := a.rooms.Desk.Attach(r.Context(), actor, n, q.Name, q.Media, bytes)
	if err != nil {
		return err
	}
	return write(w, http.StatusCreated, map[string]any{"paper": id})
}

func (a *API) label(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q experts.Mark
	return a.act(w, r, actor, &q, func() string { return q.Hash }, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Label(r.Context(), actor, n, q)
	})
}

// comment records an opinion of the public, or with number the answer to one.
func (a *API) comment(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct {
		From, Text, Reason string
		Number             int
		AsAdopted          experts.Adoption `json:"as_adopted"`
	}
	return a.act(w, r, actor, &q, nil, func(n int64) (experts.View, error) {
		if q.Number > 0 {
			return a.rooms.Desk.AnswerComment(r.Context(), actor, n, q.Number, q.AsAdopted, q.Reason)
		}
		return a.rooms.Desk.Comment(r.Context(), actor, n, q.From, q.Text)
	})
}

func (a *API) refer(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct {
		Hash, Short string
		Workdays    int
	}
	return a.act(w, r, actor, &q, nil, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Refer(r.Context(), actor, n, q.Hash, q.Workdays, q.Short)
	})
}

func (a *API) legality(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q experts.Mark
	return a.act(w, r, actor, &q, nil, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Find(r.Context(), actor, n, q)
	})
}

func (a *API) meeting(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q experts.Meeting
	return a.act(w, r, actor, &q, nil, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Meet(r.Context(), actor, n, q)
	})
}

func (a *API) decide(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct {
		Hash, Reason string
		Decision     experts.Decision
	}
	return a.act(w, r, actor, &q, nil, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Decide(r.Context(), actor, n, q.Hash, q.Decision, q.Reason)
	})
}

// enter puts down a ballot from paper.
func (a *API) enter(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	n, err := pathID(r, "no-review", "没有找到这件审议")
	if err != nil {
		return err
	}
	var q struct {
		Expert, Hash, Reason, Text string
		Score                      int
		Claim                      *int
		Marks                      *experts.Marks
		Paper                      id
	}
	if err := read(r, &q); err != nil {
		return err
	}
	entry, err := a.rooms.Desk.Enter(r.Context(), actor, n, q.Expert, experts.Ballot{Hash: q.Hash, Score: q.Score, Reason: q.Reason, Text: q.Text, Claim: q.Claim, Marks: q.Marks}, int64(q.Paper))
	if err != nil {
		return err
	}
	return write(w, http.StatusCreated, map[string]any{"entry": entry})
}

func (a *API) confirm(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct{ Entry id }
	return a.act(w, r, actor, &q, nil, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Confirm(r.Context(), actor, n, int64(q.Entry))
	})
}
