package web

import (
	"fmt"
	"net/http"
	"strconv"

	"advisor/accounts"
	"advisor/experts"
	"advisor/internal/problem"
)

type ledgerPage struct {
	Page
	Items []ledgerRow
	Next  string
}

type ledgerRow struct {
	ID, Heading, Hash, Revision, Who, When, State, Tone, Reason, Review string
}

type applicationPage struct {
	Page
	ledgerRow
	Draft *draftView
}

func (s *Server) ledger(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // a broken cursor starts at the top
	list, err := s.rooms.Desk.Applications(r.Context(), actor, before, pageSize+1)
	if err != nil {
		return err
	}
	page := ledgerPage{Page: s.page(r, actor, "ledger", "台账")}
	for i, a := range list {
		if i == pageSize {
			page.Next = fmt.Sprintf("/ledger?before=%d", list[i-1].ID)
			break
		}
		page.Items = append(page.Items, viewApplication(a))
	}
	return s.show(w, http.StatusOK, "ledger", page)
}

func viewApplication(a experts.Application) ledgerRow {
	row := ledgerRow{ID: strconv.FormatInt(a.ID, 10), Heading: a.Title, Hash: a.Hash, Revision: strconv.Itoa(a.Revision), Who: a.Name,
		When: when(a.AppliedAt), State: "执行中", Tone: "ok", Reason: a.Reason, Review: strconv.FormatInt(a.ReviewID, 10)}
	if row.Heading == "" {
		row.Heading = "（您无权查阅内容）"
	}
	if st := experts.State(a.State); st != experts.Applied {
		row.State, row.Tone = experts.Word(st), tone(st)
	}
	return row
}

var errNoApplication = problem.New(problem.NotFound, "no-application", "台账中没有这一件", "编号不对，或者您无权查阅", "请核对编号")

func (s *Server) application(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return errNoApplication
	}
	a, err := s.rooms.Desk.Application(r.Context(), actor, id)
	if err != nil {
		return err
	}
	page := applicationPage{Page: s.page(r, actor, "ledger", "台账 第 "+r.PathValue("id")+" 号"), ledgerRow: viewApplication(a)}
	revisions, err := s.rooms.Desk.Revisions(r.Context(), actor, a.ReviewID)
	if err != nil && problem.As(err).Kind != problem.NotFound { // the ledger's line is open to more people than its text
		return err
	}
	for _, rev := range revisions {
		if rev.Number == a.Revision {
			page.Draft = viewBody(a.DraftID, rev.Number, rev.Hash, rev.Body, standing{State: a.State, Number: page.ID, Date: when(a.AppliedAt)})
		}
	}
	return s.show(w, http.StatusOK, "application", page)
}

// receipt is the file that proves the application to anybody, offline.
func (s *Server) receipt(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return errNoApplication
	}
	file, err := s.rooms.Desk.Receipt(r.Context(), actor, id)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="receipt-%d.json"`, id))
	_, err = w.Write(file)
	return err
}
