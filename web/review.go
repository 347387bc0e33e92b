package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"advisor/accounts"
	"advisor/advice"
	"advisor/experts"
	"advisor/internal/problem"
)

// reviewPage is one review as its reader may see it. What is hidden until the
// own ballot is sealed was never read: the room decides, not the page.
type reviewPage struct {
	Page
	Dossier                                              bool // it can be made, by this person
	ID, Heading, State, Tone, Hash, DraftID, Application string
	Round, Revision, NextRevision, Waiting               int
	Groups                                               []reviewGroup
	Draft                                                *draftView
	Share                                                *share
	Declared, Rule, Tally                                string
	Sealed                                               bool
	Panel                                                []memberView
	Opinions                                             []opinionView
	History                                              []happening
	Diffs                                                []difference
	Remarks                                              []scoreView
	Overall                                              scoreView
	Reasons                                              []choice
	Moves                                                []move
	Form                                                 *editForm
	OpenRemarks, Kept                                    bool
	KeptHash, EditHash, NextID                           string
	Stages                                               []stage
	Authors                                              []author
	Authored                                             [][]writtenBy
	Obeyed                                               []obeyedRow
	RedraftOf                                            string
	CanRedraft                                           bool
	Major                                                *majorView
	Marked                                               []markView

	Gate, Editing, CanRoute, CanVote, CanEdit, CanClose, CanApply, CanSubmit, CanWithdraw, CanOpine, HasFoot bool

	typed  url.Values // what a refused form held
	marked bool       // the policy asks for ratings
}

// markView is the rating of one dimension, 1 to 9.
type markView struct{ Name, Words, Chosen string }

// Nine are the ratings that may be given.
func (markView) Nine() []string { return []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} }

// Typed gives back what stood in a refused form.
func (p reviewPage) Typed(name string) string { return p.typed.Get(name) }

type share struct{ Machine, People int }

type memberView struct{ Name, Detail, Conflict, Voted string }

type opinionView struct {
	Number                            int
	Who, Text, Adoption, Tone, Answer string
	Claim                             string
	CanDispose                        bool
}

type happening struct{ What, Who, When string }

// difference is what one revision changed in the one before.
type difference struct {
	From, To    int
	Who, Reason string
	Open        bool
	Parts       []part
}

// scoreView is one row of −2…+2, for the whole text or one claim.
type scoreView struct {
	Number                           int
	Name, Text, Chosen, Reason, Note string
	Required                         bool
	Scores                           []scoreChoice
	Reasons                          []choice
}

type scoreChoice struct{ Value, Words string }

var scores = []scoreChoice{{"-2", "−2"}, {"-1", "−1"}, {"0", "0"}, {"1", "+1"}, {"2", "+2"}}

// move is an act that ends or returns the review and asks for a reason.
type move struct {
	Act, Name     string
	Targets, Open bool
}

func (s *Server) review(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	return s.showReview(w, r, actor, nil, nil)
}

var errNoReview = problem.New(problem.NotFound, "no-review", "没有找到这件审议", "编号不对，或者您无权查阅", "请核对编号")

func reviewID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, errNoReview
	}
	return id, nil
}

// showReview shows a review, after a refusal with the refusal's words and what
// was typed; edited is the text of a refused change.
func (s *Server) showReview(w http.ResponseWriter, r *http.Request, actor accounts.Account, p *problem.Problem, edited *advice.Body) error {
	id, err := reviewID(r)
	if err != nil {
		return err
	}
	v, err := s.rooms.Desk.Show(r.Context(), actor, id)
	if err != nil {
		return err
	}
	names, err := s.rooms.Accounts.Names(r.Context(), actor)
	if err != nil {
		return err
	}
	groups, err := s.queue(r, actor, overseer(actor), id)
	if err != nil {
		return err
	}
	page := reviewPage{Page: s.page(r, actor, "reviews", "审议 #"+r.PathValue("id")), Groups: groups, Waiting: s.waiting(r, actor), ID: r.PathValue("id")}
	page.Problem = p
	if p != nil {
		page.typed = r.PostForm
	}
	page.NextID = nextItem(groups, page.ID)
	if err := s.scribbled(r, actor, id, &page); err != nil {
		return err
	}
	if s.rooms.Notices != nil && r.Method == http.MethodGet {
		if err := s.rooms.Notices.Opened(r.Context(), actor, id); err != nil {
			return err
		}
	}
	page.Stages = stages(v)
	page.Major = viewMajor(v)
	page.fill(v, actor, names)
	if err := s.fillRedraft(r, actor, v, &page); err != nil {
		return err
	}
	page.HasFoot = page.HasFoot || page.CanRedraft
	if v.Draft != nil {
		if err := s.fillText(r, actor, v, names, &page); err != nil {
			return err
		}
		asked := r.URL.Query().Get("edit") == "1"
		if page.CanEdit && (asked || edited != nil) {
			page.Editing = true
			body := *v.Draft
			if edited != nil {
				body = *edited
			}
			page.Form = newEditForm(body)
			page.EditHash = v.Hash
			if edited == nil {
				if err := s.editKept(r, actor, v, &page); err != nil {
					return err
				}
			}
		}
	}
	return s.show(w, problem.HTTP(errOrNil(p)), "review", page)
}

func (p *reviewPage) fill(v experts.View, actor accounts.Account, names map[string]string) {
	for _, role := range []string{accounts.Secretary, accounts.Chair, accounts.Decider, accounts.Legal, accounts.Auditor} {
		p.Dossier = p.Dossier || v.State.Open() && v.Draft != nil && actor.Has(role)
	}
	p.ID, p.DraftID = strconv.FormatInt(v.ReviewID, 10), strconv.FormatInt(v.DraftID, 10)
	p.State, p.Tone, p.Hash, p.Round = experts.Word(v.State), tone(v.State), v.Hash, v.Round
	p.Revision, p.NextRevision = v.Revision, v.Revision+1
	if v.ApplicationID != 0 {
		p.Application = strconv.FormatInt(v.ApplicationID, 10)
	}
	p.Heading = "（申报后可见）"
	if v.Title != "" {
		p.Heading = clip(v.Title, 120)
	}
	may := func(e experts.Event) bool { return slices.Contains(v.Acts, e) }
	p.Gate, p.CanRoute, p.CanVote = may(experts.Declare) && v.Turn == experts.Declare, may(experts.Route) && v.Turn == experts.Route, may(experts.Vote)
	p.CanEdit, p.CanClose, p.CanApply = may(experts.Edit), may(experts.Close), may(experts.Apply)
	p.CanWithdraw, p.CanOpine = may(experts.Withdraw), may(experts.Opine)
	p.CanSubmit = v.State == experts.Returned && v.Asker == actor.Login
	p.HasFoot = p.CanVote || p.CanEdit || p.CanClose || p.CanApply || p.CanSubmit || p.CanWithdraw || p.Application != ""
	for _, c := range experts.ReasonWords {
		p.Reasons = append(p.Reasons, choice{Code: c.Code, Words: c.Words})
	}
	if may(experts.Return) {
		p.Moves = append(p.Moves, move{Act: "return", Name: "退回", Targets: true})
	}
	if may(experts.Reject) {
		p.Moves = append(p.Moves, move{Act: "reject", Name: "否决"})
	}
	p.fillPanel(v, actor)
	p.fillRecord(v, actor, names)
}

func (p *reviewPage) fillPanel(v experts.View, actor accounts.Account) {
	for _, m := range v.Panel {
		mv := memberView{Name: m.Name, Detail: m.Organisation, Conflict: "待申报"}
		switch m.Conflict {
		case experts.None:
			mv.Conflict = "无冲突"
		case experts.Conflicted:
			mv.Conflict = "已回避"
		}
		switch {
		case m.Conflict == experts.Conflicted:
			mv.Voted = "—"
		case m.Author:
			mv.Voted = "修改人，不表决"
		case m.Voted == nil:
			mv.Voted = "未公开"
		case *m.Voted:
			mv.Voted = "已表决"
		default:
			mv.Voted = "未表决"
		}
		if m.Expert == actor.Login {
			mv.Name += "（我）"
			if m.Conflict == experts.None {
				p.Declared = "您已申报：与本事项没有利益冲突。"
			}
			if m.Conflict == experts.Conflicted {
				p.Declared = "您已申报利益冲突，在本件中回避。"
			}
		}
		p.Panel = append(p.Panel, mv)
	}
	p.Rule = fmt.Sprintf("%s：专家组至少 %d 人，法定票数 %d，赞成 %d 票通过。", v.Policy.Name, v.Policy.Panel, v.Policy.Quorum, v.Policy.Approvals)
	if t := v.Tally; t != nil {
		p.Tally = fmt.Sprintf("赞成 %d · 中立 %d · 反对 %d", t.For, t.Neutral, t.Against)
		if t.Met {
			p.Tally += "　已达到通过条件"
		}
	} else {
		p.Sealed = len(v.Panel) > 0
	}
}

func (p *reviewPage) fillRecord(v experts.View, actor accounts.Account, names map[string]string) {
	for _, o := range v.Opinions {
		ov := opinionView{Number: o.Number, Who: name(names, o.Expert), Text: o.Text, Adoption: "待答复", Tone: "wait", Answer: o.Reason}
		switch o.Adopted {
		case experts.Adopted:
			ov.Adoption, ov.Tone = "采纳", "ok"
		case experts.PartAdopt:
			ov.Adoption, ov.Tone = "部分采纳", "ok"
		case experts.NotAdopted:
			ov.Adoption, ov.Tone = "不采纳", "stop"
		}
		if o.Claim != nil {
			ov.Claim = strconv.Itoa(*o.Claim)
		}
		ov.CanDispose = slices.Contains(v.Acts, experts.Dispose) && o.Adopted == "" && o.Expert != actor.Login
		p.Opinions = append(p.Opinions, ov)
	}
	for _, h := range slices.Backward(v.History) {
		what := experts.ActWord(h.Event)
		if h.From != h.To {
			what += " → " + experts.Word(h.To)
		}
		if h.Text != "" {
			what += "：" + clip(h.Text, 200)
		}
		p.History = append(p.History, happening{what, h.Name, when(h.At)})
	}
}

// fillText adds the text itself, its frame, how it came about, and the ballot's form.
func (s *Server) fillText(r *http.Request, actor accounts.Account, v experts.View, names map[string]string, page *reviewPage) error {
	st := standing{State: string(v.State), Number: page.ID, Date: when(decidedAt(v)), Edited: v.Revision > 1}
	if v.ApplicationID != 0 {
		st.Number = page.Application
	}
	page.Draft = viewBody(v.DraftID, v.Revision, v.Hash, *v.Draft, st)
	if page.CanVote {
		page.marked = v.Policy.Marks
		page.fillBallot(*v.Draft)
	}
	revisions, err := s.rooms.Desk.Revisions(r.Context(), actor, v.ReviewID)
	if err != nil {
		return err
	}
	for i := len(revisions) - 1; i > 0; i-- {
		before, after := revisions[i-1], revisions[i]
		who := "机器"
		if !after.Machine {
			author, err := s.rooms.Accounts.ByID(r.Context(), after.Author)
			if err != nil {
				return err
			}
			who = author.Name
		}
		page.Diffs = append(page.Diffs, difference{From: before.Number, To: after.Number, Who: who + " · " + when(after.At), Reason: after.Reason,
			Open: len(page.Diffs) == 0, Parts: compare(plain(before.Body), plain(after.Body), s.rooms.Segmenter.Words)})
	}
	if len(revisions) > 1 && revisions[0].Machine {
		page.Share = s.shareOf(plain(revisions[0].Body), plain(*v.Draft))
	}
	var failed error
	page.Authors, page.Authored = authorship(revisions, func(rev advice.Revision) string {
		if rev.Machine {
			return "机器"
		}
		a, err := s.rooms.Accounts.ByID(r.Context(), rev.Author)
		if err != nil {
			failed = err
		}
		return a.Name
	}, s.rooms.Segmenter.Words)
	return failed
}

// decidedAt is when the review came to its present state.
func decidedAt(v experts.View) (at time.Time) {
	for _, h := range v.History {
		if h.To == v.State && h.From != h.To {
			at = h.At
		}
	}
	return at
}

// plain is a text for comparing: one paragraph for each thing that can be changed.
func plain(b advice.Body) string {
	var lines []string
	add := func(head string, texts ...string) {
		for _, t := range texts {
			if t = strings.Join(strings.Fields(t), " "); t != "" {
				lines = append(lines, head+t)
			}
		}
	}
	add("结论：", strings.TrimPrefix(b.Conclusion, "结论："))
	for _, c := range b.Claims {
		add("", c.Text)
		for _, cite := range c.Citations {
			add("依据："+cite.Place()+"　", cite.Quote)
		}
	}
	add("可选方案：", b.Options...)
	add("程序：", b.Procedure...)
	add("尚不清楚：", b.Unknown...)
	return strings.Join(lines, "\n")
}

// shareOf says how much of the present text is still the machine's.
func (s *Server) shareOf(machine, now string) *share {
	kept, all := 0, 0
	for _, p := range compare(machine, now, s.rooms.Segmenter.Words) {
		for _, text := range p.Folded {
			kept, all = kept+len(text), all+len(text)
		}
		for _, r := range p.Runs {
			switch r.Kind {
			case "":
				kept, all = kept+len(r.Text), all+len(r.Text)
			case "ins":
				all += len(r.Text)
			}
		}
	}
	if all == 0 {
		return nil
	}
	percent := (100*kept + all/2) / all
	return &share{percent, 100 - percent}
}

func (p *reviewPage) fillBallot(b advice.Body) {
	row := func(name string) scoreView {
		return scoreView{Name: name, Scores: scores, Reasons: p.Reasons}
	}
	p.Overall = row("score")
	p.Overall.Required = true
	p.Overall.Chosen, p.Overall.Reason, p.Overall.Note = p.Typed("score"), p.Typed("reason"), p.Typed("text")
	if p.marked {
		for _, m := range []markView{{"necessity", "必要性", ""}, {"feasibility", "可行性", ""}, {"soundness", "科学性", ""}} {
			m.Chosen = p.Typed(m.Name)
			p.Marked = append(p.Marked, m)
		}
	}
	for i, c := range b.Claims {
		v := row(fmt.Sprintf("claim-%d", i+1))
		v.Number, v.Text = i+1, clip(c.Text, 160)
		v.Chosen, v.Reason, v.Note = p.Typed(v.Name), p.Typed(v.Name+"-reason"), p.Typed(v.Name+"-text")
		p.OpenRemarks = p.OpenRemarks || v.Chosen != "" || v.Note != ""
		p.Remarks = append(p.Remarks, v)
	}
}

// name is a person's name, or the login when it is not known.
func name(names map[string]string, login string) string {
	if n := names[login]; n != "" {
		return n
	}
	return login
}
