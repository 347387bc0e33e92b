package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/experts"
	"advisor/internal/problem"
)

type ledgerPage struct {
	Page
	Items []ledgerRow
	Next  string
	Stale int // of those shown, how many rest on what has changed
}

type ledgerRow struct {
	ID, Heading, Hash, Revision, Who, When, State, Tone, Reason, Review string
	SupersededBy, Renews, Flagged                                       string
}

type applicationPage struct {
	Page
	ledgerRow
	Draft                                              *draftView
	Flags                                              []flagRow
	CanRenew, CanSuspend, CanResume, CanRetire, CanAct bool
}

type flagRow struct{ Document, Href, Provisions, Words, When, Renewal, ClosedBy string }

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
		if a.Flags > 0 {
			page.Stale++
		}
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
	if row.Reason == "basis" || row.Reason == "quorum" {
		row.Reason = map[string]string{"basis": "所依据的文件已被修改、废止或取代", "quorum": "有专家事后申报利益冲突，票数不足"}[row.Reason]
	}
	if a.SupersededBy != 0 {
		row.SupersededBy = strconv.FormatInt(a.SupersededBy, 10)
	}
	if a.Renews != 0 {
		row.Renews = strconv.FormatInt(a.Renews, 10)
	}
	switch {
	case a.Flags > 0 && a.LapsesOn != "" && a.State == "applied":
		row.Flagged = "依据将自 " + a.LapsesOn + " 起失效"
	case a.Flags > 0 && a.State != "superseded" && a.State != "retired":
		row.Flagged = "须重新审议"
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
	if err := s.fillFlags(r, actor, a, &page); err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "application", page)
}

// fillFlags says what the law did to what was applied, and what may be done now.
func (s *Server) fillFlags(r *http.Request, actor accounts.Account, a experts.Application, page *applicationPage) error {
	flags, err := s.rooms.Desk.StaleFlags(r.Context(), actor, experts.StaleFilter{Application: a.ID, Closed: true})
	if err != nil {
		return err
	}
	renewal := false
	for _, f := range flags {
		row := flagRow{Document: f.Document, Href: fmt.Sprintf("/corpus/%d?v=%d", f.DocumentID, f.VersionID), Provisions: strings.Join(f.Provisions, "、"), Words: f.Words(), When: when(f.RaisedAt)}
		if f.Renewal != 0 {
			row.Renewal, renewal = strconv.FormatInt(f.Renewal, 10), true
		}
		if f.ClosedBy != 0 {
			row.ClosedBy = strconv.FormatInt(f.ClosedBy, 10)
		}
		page.Flags = append(page.Flags, row)
	}
	active := a.State == "applied" || a.State == "stale" || a.State == "suspended"
	decider, office := actor.Has(accounts.Decider), actor.Has(accounts.Secretary) || actor.Has(accounts.Chair)
	page.CanRenew = active && !renewal && (decider || office) && (a.Flags > 0 || a.State != "applied")
	page.CanSuspend = decider && (a.State == "applied" || a.State == "stale")
	page.CanResume = decider && a.State == "suspended"
	page.CanRetire = decider && active
	page.CanAct = page.CanRenew || page.CanSuspend || page.CanResume || page.CanRetire
	return nil
}

func applicationID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, errNoApplication
	}
	return id, nil
}

// renew opens the new round that a lapsed basis asks for.
func (s *Server) renew(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := applicationID(r)
	if err != nil {
		return err
	}
	v, err := s.rooms.Desk.Renew(r.Context(), actor, id)
	if err != nil {
		return err
	}
	return see(w, r, fmt.Sprintf("/reviews/%d?done=renewed", v.ReviewID))
}

// ledgerAct makes a page's handler of one act on what was applied.
func ledgerAct(done string, do func(d *experts.Desk, ctx context.Context, actor accounts.Account, id int64, reason string) (experts.Application, error)) func(*Server, http.ResponseWriter, *http.Request, accounts.Account) error {
	return func(s *Server, w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
		id, err := applicationID(r)
		if err != nil {
			return err
		}
		if _, err := do(s.rooms.Desk, r.Context(), actor, id, r.PostFormValue("reason")); err != nil {
			return err
		}
		return see(w, r, fmt.Sprintf("/ledger/%d?done=%s", id, done))
	}
}

// receiptQR is the receipt as a picture for paper: the whole of it, not a link.
func (s *Server) receiptQR(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := applicationID(r)
	if err != nil {
		return err
	}
	png, err := s.rooms.Desk.ReceiptQR(r.Context(), actor, id)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	_, err = w.Write(png)
	return err
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
