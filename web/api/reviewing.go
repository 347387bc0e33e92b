package api

import (
	"net/http"
	"slices"
	"strconv"

	"advisor/accounts"
	"advisor/advice"
	"advisor/experts"
	"advisor/internal/problem"
)

// flags are the ways to say yes or no in an address.
var flags = []string{"", "0", "1", "true", "false"}

// mostListed bounds one page of a list.
const mostListed = 500

// page reads cursor and limit.
func page(r *http.Request) (cursor int64, limit int, err error) {
	bad := func(what, do string) (int64, int, error) {
		return 0, 0, problem.New(problem.Invalid, "bad-page", "没有受理", what, do)
	}
	q := r.URL.Query()
	if c := q.Get("cursor"); c != "" {
		if cursor, err = strconv.ParseInt(c, 10, 64); err != nil || cursor < 0 {
			return bad("cursor 不是上一页给出的 next", "请原样使用 next，或者不填")
		}
	}
	if limit = 50; q.Has("limit") {
		if limit, err = strconv.Atoi(q.Get("limit")); err != nil || limit < 1 || limit > mostListed {
			return bad("limit 应为 1 至 "+strconv.Itoa(mostListed), "请改正")
		}
	}
	return cursor, limit, nil
}

func (a *API) reviews(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	q := r.URL.Query()
	cursor, limit, err := page(r)
	if err != nil {
		return err
	}
	for _, name := range []string{"mine", "turn"} {
		if q.Has(name) && !slices.Contains(flags, q.Get(name)) {
			return problem.New(problem.Invalid, "bad-flag", "没有受理", name+" 应为 1 或 0", "请改正")
		}
	}
	list, err := a.rooms.Desk.List(r.Context(), actor, experts.Filter{Mine: q.Get("mine") == "1" || q.Get("mine") == "true", Turn: q.Get("turn") == "1" || q.Get("turn") == "true",
		State: experts.State(q.Get("state")), Before: cursor, Limit: limit + 1})
	if err != nil {
		return err
	}
	next := ""
	if len(list) > limit {
		list = list[:limit]
		next = strconv.FormatInt(list[limit-1].ReviewID, 10)
	}
	return write(w, http.StatusOK, map[string]any{"reviews": list, "next": next})
}

func (a *API) submit(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct {
		DraftID id `json:"draft_id"`
		Note    string
	}
	if err := read(r, &q); err != nil {
		return err
	}
	v, err := a.rooms.Desk.SubmitWith(r.Context(), actor, int64(q.DraftID), q.Note)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/reviews/"+strconv.FormatInt(v.ReviewID, 10))
	return write(w, http.StatusCreated, v)
}

func (a *API) review(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	n, err := pathID(r, "no-review", "没有找到这件审议")
	if err != nil {
		return err
	}
	v, err := a.rooms.Desk.Show(r.Context(), actor, n)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, v)
}

// act reads q and does one thing to the review of the address. Where the
// request names a hash that the act itself does not check, it is checked here.
func (a *API) act(w http.ResponseWriter, r *http.Request, actor accounts.Account, q any, hash func() string, do func(review int64) (experts.View, error)) error {
	n, err := pathID(r, "no-review", "没有找到这件审议")
	if err != nil {
		return err
	}
	if err := read(r, q); err != nil {
		return err
	}
	if hash != nil && hash() != "" {
		v, err := a.rooms.Desk.Show(r.Context(), actor, n)
		if err != nil {
			return err
		}
		if v.Hash != hash() {
			p := problem.New(problem.Conflict, "stale-hash", "没有受理", "文本在此期间已被修改，您所看的不是现在的这一稿", "请打开新稿，核对后重新提交")
			p.Now = v.Hash
			return p
		}
	}
	v, err := do(n)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, v)
}

func (a *API) route(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct{ Experts []string }
	return a.act(w, r, actor, &q, nil, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Route(r.Context(), actor, n, q.Experts)
	})
}

func (a *API) declare(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct{ Conflict string }
	return a.act(w, r, actor, &q, nil, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Declare(r.Context(), actor, n, q.Conflict)
	})
}

func (a *API) vote(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct {
		Hash, Reason, Text string
		Score              *int
		Claim              *int
		Marks              *experts.Marks
	}
	return a.act(w, r, actor, &q, nil, func(n int64) (experts.View, error) {
		if q.Score == nil {
			return experts.View{}, problem.New(problem.Invalid, "bad-score", "没有受理", "没有给出分值", "请给出 -2 与 2 之间的 score")
		}
		return a.rooms.Desk.Vote(r.Context(), actor, n, experts.Ballot{Hash: q.Hash, Score: *q.Score, Reason: q.Reason, Text: q.Text, Claim: q.Claim, Marks: q.Marks})
	})
}

func (a *API) edit(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct {
		Hash, Reason string
		Draft        *advice.Body
	}
	return a.act(w, r, actor, &q, nil, func(n int64) (experts.View, error) {
		if q.Draft == nil {
			return experts.View{}, problem.New(problem.Invalid, "no-draft", "没有受理", "没有给出修改后的文本", "请在 draft 中给出 show 所给的文本，改动之后发送")
		}
		return a.rooms.Desk.Edit(r.Context(), actor, n, q.Hash, *q.Draft, q.Reason)
	})
}

func (a *API) giveBack(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct{ Hash, To, Reason, Text string }
	return a.act(w, r, actor, &q, func() string { return q.Hash }, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Return(r.Context(), actor, n, q.To, q.Reason, q.Text)
	})
}

func (a *API) reject(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct{ Hash, Reason, Text string }
	return a.act(w, r, actor, &q, func() string { return q.Hash }, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Reject(r.Context(), actor, n, q.Reason, q.Text)
	})
}

func (a *API) withdraw(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct{ Hash, Text string }
	return a.act(w, r, actor, &q, func() string { return q.Hash }, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Withdraw(r.Context(), actor, n, q.Text)
	})
}

func (a *API) opine(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct {
		Hash, Text string
		Claim      *int
	}
	return a.act(w, r, actor, &q, func() string { return q.Hash }, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Opinion(r.Context(), actor, n, q.Text, q.Claim)
	})
}

func (a *API) dispose(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct {
		Hash      string
		Opinion   int
		AsAdopted experts.Adoption `json:"as_adopted"`
		Reason    string
	}
	return a.act(w, r, actor, &q, func() string { return q.Hash }, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Dispose(r.Context(), actor, n, q.Opinion, q.AsAdopted, q.Reason)
	})
}

func (a *API) close(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q struct{ Hash string }
	return a.act(w, r, actor, &q, func() string { return q.Hash }, func(n int64) (experts.View, error) {
		return a.rooms.Desk.Close(r.Context(), actor, n)
	})
}

func (a *API) apply(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	n, err := pathID(r, "no-review", "没有找到这件审议")
	if err != nil {
		return err
	}
	var q struct{ Hash string }
	if err := read(r, &q); err != nil {
		return err
	}
	done, err := a.rooms.Desk.Apply(r.Context(), actor, n, q.Hash)
	if err != nil {
		return err
	}
	done.Receipt = receiptPath(done.ID)
	return write(w, http.StatusOK, done)
}

func receiptPath(application int64) string {
	return "/api/v1/applications/" + strconv.FormatInt(application, 10) + "/receipt"
}

func (a *API) applications(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	cursor, limit, err := page(r)
	if err != nil {
		return err
	}
	list, err := a.rooms.Desk.Applications(r.Context(), actor, cursor, limit+1)
	if err != nil {
		return err
	}
	next := ""
	if len(list) > limit {
		list = list[:limit]
		next = strconv.FormatInt(list[limit-1].ID, 10)
	}
	for i := range list {
		list[i].Receipt = receiptPath(list[i].ID)
	}
	return write(w, http.StatusOK, map[string]any{"applications": list, "next": next})
}

func (a *API) application(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	n, err := pathID(r, "no-application", "台账中没有这一件")
	if err != nil {
		return err
	}
	one, err := a.rooms.Desk.Application(r.Context(), actor, n)
	if err != nil {
		return err
	}
	one.Receipt = receiptPath(one.ID)
	return write(w, http.StatusOK, one)
}

func (a *API) receipt(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	n, err := pathID(r, "no-application", "台账中没有这一件")
	if err != nil {
		return err
	}
	file, err := a.rooms.Desk.Receipt(r.Context(), actor, n)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="receipt-`+strconv.FormatInt(n, 10)+`.json"`)
	_, _ = w.Write(file) // a reader that has gone is no failure
	return nil
}
