package web

import (
	"net/http"
	"slices"
	"strconv"

	"advisor/accounts"
	"advisor/experts"
)

type reviewsPage struct {
	Page
	All, CanAll, Nothing bool
	Groups               []reviewGroup
}

type reviewGroup struct {
	Name, Empty string
	Items       []reviewRow
}

type reviewRow struct {
	ID, Title, State, Tone, Next, When string
	Current                            bool
}

// tone is the colour of a state; its words stand beside it.
func tone(s experts.State) string {
	switch s {
	case experts.Approved, experts.ApprovedEdited, experts.Applied:
		return "ok"
	case experts.Rejected, experts.Stale, experts.Suspended, experts.Withdrawn, experts.Returned, experts.Stalled:
		return "stop"
	}
	return "wait"
}

// overseer says who may look at every review that their scopes allow.
func overseer(a accounts.Account) bool {
	return slices.ContainsFunc([]string{accounts.Secretary, accounts.Chair, accounts.Decider, accounts.Auditor, accounts.Admin}, a.Has)
}

func (s *Server) reviews(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	all := overseer(actor) && r.URL.Query().Get("mine") != "1"
	groups, err := s.queue(r, actor, all, 0)
	if err != nil {
		return err
	}
	if st := experts.State(r.URL.Query().Get("state")); experts.Word(st) != "" {
		list, err := s.rooms.Desk.List(r.Context(), actor, experts.Filter{State: st})
		if err != nil {
			return err
		}
		groups = []reviewGroup{{Name: experts.Word(st), Empty: "没有这一状态的审议。"}}
		for _, sum := range list {
			groups[0].Items = append(groups[0].Items, viewSummary(sum, 0))
		}
	}
	page := reviewsPage{Page: s.page(r, actor, "reviews", "审议"), All: all, CanAll: overseer(actor), Groups: groups, Nothing: true}
	for _, g := range groups {
		page.Nothing = page.Nothing && len(g.Items) == 0
	}
	return s.show(w, http.StatusOK, "reviews", page)
}

// queue sorts the reviews that concern the reader by whose turn it is.
//
// Beside a review it is a short list: what is next, not the whole register.
func (s *Server) queue(r *http.Request, actor accounts.Account, all bool, current int64) ([]reviewGroup, error) {
	limit := 60
	if current != 0 {
		limit = 20
	}
	groups := []reviewGroup{{Name: "轮到我", Empty: "现在没有等您办理的审议。"}, {Name: "待他人", Empty: "没有等待他人办理的审议。"}, {Name: "已办", Empty: "办结的审议会列在这里。"}}
	turn, err := s.rooms.Desk.List(r.Context(), actor, experts.Filter{Turn: true, Limit: limit})
	if err != nil {
		return nil, err
	}
	mine, err := s.rooms.Desk.List(r.Context(), actor, experts.Filter{Mine: !all, Limit: limit})
	if err != nil {
		return nil, err
	}
	seen := map[int64]bool{}
	for _, sum := range append(turn, mine...) {
		if seen[sum.ReviewID] {
			continue
		}
		seen[sum.ReviewID] = true
		g := 1
		switch {
		case sum.Turn != "":
			g = 0
		case sum.State.Ended():
			g = 2
		}
		groups[g].Items = append(groups[g].Items, viewSummary(sum, current))
	}
	return groups, nil
}

func viewSummary(sum experts.Summary, current int64) reviewRow {
	row := reviewRow{ID: strconv.FormatInt(sum.ReviewID, 10), Title: clip(sum.Title, 60), State: experts.Word(sum.State), Tone: tone(sum.State),
		When: when(sum.OpenedAt), Next: sum.Next, Current: sum.ReviewID == current}
	if row.Title == "" {
		row.Title = "（申报后可见）"
		if sum.Conflict == experts.Conflicted {
			row.Title = "（已回避）"
		}
	}
	return row
}

// waiting counts the reviews whose turn is the reader's, for the navigation.
func (s *Server) waiting(r *http.Request, actor accounts.Account) int {
	n, err := s.rooms.Desk.Waiting(r.Context(), actor)
	if err != nil {
		s.log().Error("count waiting reviews", "actor", actor.ID, "error", err)
		return 0
	}
	return n
}
