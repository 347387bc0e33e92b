package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/advice"
	"advisor/experts"
	"advisor/internal/problem"
)

// act makes a page's handler of one act on a review: done shows the review
// again with a sentence, a refusal shows it with the refusal and what was typed.
func act(done string, do func(s *Server, r *http.Request, actor accounts.Account, id int64) error) func(*Server, http.ResponseWriter, *http.Request, accounts.Account) error {
	return func(s *Server, w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
		id, err := reviewID(r)
		if err != nil {
			return err
		}
		if err := do(s, r, actor, id); err != nil {
			p, err := refusal(err)
			if err != nil {
				return err
			}
			return s.showReview(w, r, actor, p, nil)
		}
		return see(w, r, fmt.Sprintf("/reviews/%d?done=%s", id, done))
	}
}

func (s *Server) submit(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return problem.New(problem.NotFound, "no-draft", "没有找到这份建议稿", "编号不对，或者您无权查阅", "请核对编号")
	}
	v, err := s.rooms.Desk.SubmitWith(r.Context(), actor, id, tidy(r.PostFormValue("note")))
	if err != nil {
		return err
	}
	if r.PostFormValue("from") == "chat" { // its progress is shown beside the answer
		if a, err := s.rooms.Advisor.Draft(r.Context(), actor, id); err == nil && a.ConversationID != 0 && a.AskedBy == actor.ID {
			return see(w, r, fmt.Sprintf("/chat/%d?done=submitted#draft-%d", a.ConversationID, id))
		}
	}
	return see(w, r, fmt.Sprintf("/reviews/%d?done=submitted", v.ReviewID))
}

func (s *Server) declare(r *http.Request, actor accounts.Account, id int64) error {
	conflict := r.PostFormValue("conflict")
	if conflict != string(experts.None) {
		// "yes" without words is refused by the room: a conflict is declared by saying what it is.
		conflict = r.PostFormValue("text")
		if strings.TrimSpace(conflict) == string(experts.None) {
			conflict = ""
		}
	}
	_, err := s.rooms.Desk.Declare(r.Context(), actor, id, conflict)
	return err
}

func (s *Server) route(r *http.Request, actor accounts.Account, id int64) error {
	logins := strings.FieldsFunc(r.PostFormValue("experts"), func(c rune) bool { return strings.ContainsRune(" ,，、;；\t\r\n", c) })
	_, err := s.rooms.Desk.Route(r.Context(), actor, id, logins)
	return err
}

// vote casts the remarks on claims first and the ballot last: once the ballot is
// in, others' votes open, and a remark must not be written with them in view.
func (s *Server) vote(r *http.Request, actor accounts.Account, id int64) error {
	overall, err := ballot(r, "score", "reason", "text")
	if err != nil {
		return err
	}
	if overall == nil {
		return problem.New(problem.Invalid, "no-score", "表决没有提交", "没有选择对全文的分值", "请选择 −2 至 +2 之一")
	}
	for n := 1; n <= 200; n++ {
		name := fmt.Sprintf("claim-%d", n)
		b, err := ballot(r, name, name+"-reason", name+"-text")
		if err != nil {
			return err
		}
		if b == nil {
			continue
		}
		b.Claim = &n
		if _, err := s.rooms.Desk.Vote(r.Context(), actor, id, *b); err != nil && !isAlready(err) {
			return err
		}
	}
	overall.Marks = ratings(r)
	if _, err = s.rooms.Desk.Vote(r.Context(), actor, id, *overall); err != nil {
		return err
	}
	return s.rooms.Desk.Forget(r.Context(), actor, id, "vote")
}

// isAlready says that a remark was made before: the form came a second time,
// after its ballot was refused.
func isAlready(err error) bool {
	p, _ := refusal(err)
	return p != nil && p.Code == "already-voted"
}

// ballot reads one row of scores; nil when nothing was chosen.
func ballot(r *http.Request, score, reason, text string) (*experts.Ballot, error) {
	typed := r.PostFormValue(score)
	if typed == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(typed)
	if err != nil {
		return nil, problem.New(problem.Invalid, "bad-score", "没有受理", "分值应在 -2 与 2 之间", "请重新选择")
	}
	return &experts.Ballot{Hash: r.PostFormValue("hash"), Score: n, Reason: r.PostFormValue(reason), Text: r.PostFormValue(text)}, nil
}

func (s *Server) giveBack(r *http.Request, actor accounts.Account, id int64) error {
	_, err := s.rooms.Desk.Return(r.Context(), actor, id, r.PostFormValue("to"), r.PostFormValue("reason"), r.PostFormValue("text"))
	return err
}

func (s *Server) reject(r *http.Request, actor accounts.Account, id int64) error {
	_, err := s.rooms.Desk.Reject(r.Context(), actor, id, r.PostFormValue("reason"), r.PostFormValue("text"))
	return err
}

func (s *Server) withdraw(r *http.Request, actor accounts.Account, id int64) error {
	_, err := s.rooms.Desk.Withdraw(r.Context(), actor, id, r.PostFormValue("text"))
	return err
}

func (s *Server) opine(r *http.Request, actor accounts.Account, id int64) error {
	_, err := s.rooms.Desk.Opinion(r.Context(), actor, id, r.PostFormValue("text"), nil)
	return err
}

func (s *Server) dispose(r *http.Request, actor accounts.Account, id int64) error {
	n, err := strconv.Atoi(r.PostFormValue("opinion"))
	if err != nil {
		return problem.New(problem.NotFound, "no-opinion", "没有受理", "没有这一条意见", "请核对序号")
	}
	_, err = s.rooms.Desk.Dispose(r.Context(), actor, id, n, experts.Adoption(r.PostFormValue("as")), r.PostFormValue("reason"))
	return err
}

func (s *Server) close(r *http.Request, actor accounts.Account, id int64) error {
	_, err := s.rooms.Desk.Close(r.Context(), actor, id)
	return err
}

func (s *Server) apply(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := reviewID(r)
	if err != nil {
		return err
	}
	a, err := s.rooms.Desk.Apply(r.Context(), actor, id, r.PostFormValue("hash"))
	if err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		return s.showReview(w, r, actor, p, nil)
	}
	return see(w, r, fmt.Sprintf("/ledger/%d?done=applied", a.ID))
}

// editForm is a text as a form to change.
type editForm struct {
	Conclusion, Options, Procedure, Unknown string
	Claims                                  []claimView
	Versions                                []choice // the documents that a new citation may name
}

func newEditForm(b advice.Body) *editForm {
	f := &editForm{Conclusion: b.Conclusion, Options: strings.Join(b.Options, "\n"), Procedure: strings.Join(b.Procedure, "\n"), Unknown: strings.Join(b.Unknown, "\n")}
	n := 0
	for i, c := range b.Claims {
		cv := claimView{Number: i + 1, Text: c.Text}
		for j, cite := range c.Citations {
			n++
			cv.Cites = append(cv.Cites, viewCite(n, fmt.Sprintf("cite-%d-%d", i+1, j+1), cite))
		}
		f.Claims = append(f.Claims, cv)
	}
	seen := map[int64]bool{}
	for _, c := range b.Claims {
		for _, q := range c.Citations {
			if !seen[q.VersionID] {
				seen[q.VersionID] = true
				f.Versions = append(f.Versions, choice{Code: strconv.FormatInt(q.VersionID, 10), Words: clip(q.Title, 40)})
			}
		}
	}
	return f
}

// edit saves a changed text as the next revision. The form changes the text of
// the revision that it was made from; the room refuses when that is not the
// present one any more, by its hash.
func (s *Server) edit(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := reviewID(r)
	if err != nil {
		return err
	}
	v, err := s.rooms.Desk.Show(r.Context(), actor, id)
	if err != nil {
		return err
	}
	if v.Draft == nil {
		return s.showReview(w, r, actor, problem.New(problem.Refused, "undeclared", "没有受理", "您还不能查阅这件材料", "请先申报有无利益冲突"), nil)
	}
	body, err := s.editedFrom(r, actor, v)
	if err != nil {
		return err
	}
	saved, err := s.rooms.Desk.Merge(r.Context(), actor, id, r.PostFormValue("hash"), body, r.PostFormValue("reason"))
	if err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		if joined, _, err := s.rooms.Desk.Joined(r.Context(), actor, id, r.PostFormValue("hash"), body); err == nil {
			body = joined
		}
		return s.showReview(w, r, actor, p, &body)
	}
	if err := s.rooms.Desk.Forget(r.Context(), actor, id, "edit"); err != nil {
		return err
	}
	done := "edited"
	if saved.Round == v.Round && saved.Hash != v.Hash {
		done = "formatted"
	}
	return see(w, r, fmt.Sprintf("/reviews/%d?done=%s#diff", id, done))
}

// editKept fills the form of changes with what was typed into it and not saved,
// laid over the present text when that has changed since.
func (s *Server) editKept(r *http.Request, actor accounts.Account, v experts.View, page *reviewPage) error {
	if !page.Kept || page.typed.Get("conclusion") == "" {
		return nil
	}
	revisions, err := s.rooms.Desk.Revisions(r.Context(), actor, v.ReviewID)
	if err != nil {
		return err
	}
	for _, rev := range revisions {
		if rev.Hash != page.KeptHash {
			continue
		}
		body, _, err := s.rooms.Desk.Joined(r.Context(), actor, v.ReviewID, rev.Hash, edited(rev.Body, page.typed.Get, nil))
		if err != nil {
			return err
		}
		page.Form = newEditForm(body)
	}
	return nil
}

// editedFrom applies the form to the revision it names, so that a form made from
// an older text keeps meaning what it said.
func (s *Server) editedFrom(r *http.Request, actor accounts.Account, v experts.View) (advice.Body, error) {
	base := *v.Draft
	if hash := r.PostFormValue("hash"); hash != v.Hash {
		revisions, err := s.rooms.Desk.Revisions(r.Context(), actor, v.ReviewID)
		if err != nil {
			return advice.Body{}, err
		}
		for _, rev := range revisions {
			if rev.Hash == hash {
				base = rev.Body
			}
		}
	}
	return edited(base, r.PostForm.Get, r.PostForm["drop"]), nil
}

func edited(base advice.Body, field func(string) string, drop []string) advice.Body {
	b := base
	b.Conclusion = tidy(field("conclusion"))
	b.Options, b.Procedure, b.Unknown = items(field("options")), items(field("procedure")), items(field("unknown"))
	b.Claims = nil
	for i, c := range base.Claims {
		if slices.Contains(drop, strconv.Itoa(i+1)) {
			continue
		}
		if text := tidy(field(fmt.Sprintf("claim-%d", i+1))); text != "" {
			c.Text = text
		}
		c.Citations = slices.Clone(c.Citations)
		for j := range c.Citations {
			name := fmt.Sprintf("cite-%d-%d", i+1, j+1)
			if p := tidy(field(name + "-provision")); p != "" {
				c.Citations[j].Provision = p
			}
			if q := tidy(field(name + "-quote")); q != "" {
				c.Citations[j].Quote = q
			}
		}
		kept := c.Citations[:0]
		for j, cite := range c.Citations {
			if !slices.Contains(drop, fmt.Sprintf("cite-%d-%d", i+1, j+1)) {
				kept = append(kept, cite)
			}
		}
		c.Citations = append(kept, added(field, fmt.Sprintf("cite-%d-new", i+1), base)...)
		b.Claims = append(b.Claims, c)
	}
	if text := tidy(field("claim-new")); text != "" {
		b.Claims = append(b.Claims, advice.Claim{Text: text, Role: advice.Basis, Citations: added(field, "cite-new", base)})
	}
	return b
}

// added is a citation that the form adds: a version that the text cites already,
// or one named by its number in the library's address, with provision and quote.
func added(field func(string) string, name string, base advice.Body) []advice.Citation {
	version, err := strconv.ParseInt(tidy(field(name+"-version")), 10, 64)
	quote := tidy(field(name + "-quote"))
	if err != nil || quote == "" {
		return nil
	}
	cite := advice.Citation{VersionID: version}
	for _, c := range base.Claims {
		for _, q := range c.Citations {
			if q.VersionID == version {
				cite = q
			}
		}
	}
	cite.PassageID, cite.Provision, cite.Quote, cite.Status = 0, tidy(field(name+"-provision")), quote, ""
	return []advice.Citation{cite}
}

// tidy undoes what browsers do to line ends.
func tidy(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

func items(s string) (list []string) {
	for _, line := range strings.Split(tidy(s), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}
