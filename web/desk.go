package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"advisor/accounts"
	"advisor/advice"
	"advisor/experts"
)

// nextItem is the next review that waits for the reader, after the present one in the queue.
func nextItem(groups []reviewGroup, id string) string {
	for _, item := range groups[0].Items {
		if item.ID != id {
			return item.ID
		}
	}
	return ""
}

// scribbled gives a form what was typed into it before and not sent, unless the
// form has just come back with a refusal.
func (s *Server) scribbled(r *http.Request, actor accounts.Account, review int64, page *reviewPage) error {
	kept, err := s.rooms.Desk.Scribbles(r.Context(), actor, review)
	if err != nil {
		return err
	}
	if page.typed != nil {
		return nil
	}
	page.typed = url.Values{}
	form := "vote:"
	if r.URL.Query().Get("edit") == "1" {
		form = "edit:"
	}
	for field, text := range kept.Fields {
		if name, ok := strings.CutPrefix(field, form); ok {
			page.typed.Set(name, text)
			page.Kept = true
			page.KeptHash = kept.Hash[field]
		}
	}
	return nil
}

// scribble keeps what is being typed. It answers nothing: the page goes on.
func (s *Server) scribble(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := reviewID(r)
	if err != nil {
		return err
	}
	form := r.PostFormValue("form")
	if form != "vote" && form != "edit" && form != "opinion" {
		return errNoReview
	}
	fields := map[string]string{}
	for name, values := range r.PostForm {
		if name != "form" && name != "hash" && len(values) > 0 {
			fields[name] = values[0]
		}
	}
	if err := s.rooms.Desk.Scribble(r.Context(), actor, id, form, r.PostFormValue("hash"), fields); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// stage is one step of a review's way in plain words, for whoever asked.
type stage struct{ Name, Mark string }

// stages tell the way of a review: what is done, where it stands, what is to come.
func stages(v experts.View) []stage {
	names := []string{"已提交", "组成专家组", "专家申报", "专家表决", "审议通过", "采纳落实"}
	reached := map[experts.State]int{experts.Screened: 1, experts.Routed: 2, experts.Round1: 3, experts.Deliberating: 3, experts.Round2: 3,
		experts.Approved: 5, experts.ApprovedEdited: 5, experts.Applied: 6}
	if v.Tier == 2 {
		names = []string{"已提交", "组成专家组", "专家申报", "专家论证", "合法性审查", "集体讨论决定", "采纳落实"}
		reached = map[experts.State]int{experts.Screened: 1, experts.Routed: 2, experts.Round1: 3, experts.Deliberating: 3, experts.Round2: 3,
			experts.Approved: 4, experts.ApprovedEdited: 4, experts.Legality: 4, experts.Deliberated: 5, experts.Decided: 6, experts.Applied: 7}
	}
	at, ok := reached[v.State]
	if !ok {
		return nil
	}
	list := make([]stage, len(names))
	for i, n := range names {
		list[i] = stage{n, map[bool]string{true: "done", false: ""}[i < at]}
		if i == at {
			list[i].Mark = "now"
		}
	}
	return list
}

// author is one who wrote words of the present text, and how much of it.
type author struct {
	Name  string
	Class string
	Share int
}

// writtenBy is a run of the present text with whose it is.
type writtenBy struct{ Text, Class, Title string }

// authorship says of every word of the present text in which revision it came
// in, following the words from revision to revision.
func authorship(revisions []advice.Revision, name func(advice.Revision) string, cut func(string) []string) (authors []author, paragraphs [][]writtenBy) {
	if len(revisions) < 2 {
		return nil, nil
	}
	type token struct {
		text string
		by   int
	}
	var now []token
	for by, rev := range revisions {
		var words []string
		for _, line := range strings.SplitAfter(plain(rev.Body), "\n") {
			words = append(words, split(line, cut)...)
		}
		if by == 0 {
			for _, w := range words {
				now = append(now, token{w, 0})
			}
			continue
		}
		before := make([]string, len(now))
		for i, t := range now {
			before[i] = t.text
		}
		var next []token
		at := 0
		for _, e := range script(before, words) {
			switch e.kind {
			case "":
				next = append(next, now[at])
				at++
			case "del":
				at++
			case "ins":
				next = append(next, token{e.word, by})
			}
		}
		now = next
	}
	sum, all := map[string]int{}, 0
	var order []string
	var line []writtenBy
	for _, t := range now {
		who := name(revisions[t.by])
		if sum[who] == 0 && !slices.Contains(order, who) {
			order = append(order, who)
		}
		n := len([]rune(strings.TrimSpace(t.text)))
		sum[who] += n
		all += n
		class := fmt.Sprintf("by-%d", slices.Index(order, who)%6)
		if revisions[t.by].Machine {
			class = ""
		}
		text, ends := strings.CutSuffix(t.text, "\n")
		if k := len(line); k > 0 && line[k-1].Class == class {
			line[k-1].Text += text
		} else if text != "" {
			line = append(line, writtenBy{text, class, fmt.Sprintf("%s · v%d", who, revisions[t.by].Number)})
		}
		if ends {
			paragraphs, line = append(paragraphs, line), nil
		}
	}
	if len(line) > 0 {
		paragraphs = append(paragraphs, line)
	}
	for i, who := range order {
		class := fmt.Sprintf("by-%d", i%6)
		if who == "机器" {
			class = ""
		}
		authors = append(authors, author{who, class, (100*sum[who] + all/2) / max(all, 1)})
	}
	return authors, paragraphs
}

// redraft has the machine draft again what was returned to it, and leads to the
// new draft in the asker's conversation.
func (s *Server) redraft(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := reviewID(r)
	if err != nil {
		return err
	}
	made, err := s.rooms.Desk.Redraft(r.Context(), actor, id, s.rooms.Advisor)
	if err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		return s.showReview(w, r, actor, p, nil)
	}
	return see(w, r, fmt.Sprintf("/chat/%d?done=redrafted", made.Answer.ConversationID))
}

// obeyedRow is one reason of a return and what the next draft did with it.
type obeyedRow struct{ Text, Words, Tone, Why string }

// fillRedraft adds what the machine made of the reasons for which an earlier
// draft went back, on the review of the new one.
func (s *Server) fillRedraft(r *http.Request, actor accounts.Account, v experts.View, page *reviewPage) error {
	page.CanRedraft = v.State == experts.Returned && v.Asker == actor.Login && returnedToMachine(v)
	review, list, err := s.rooms.Desk.RedraftOf(r.Context(), actor, v.DraftID)
	if err != nil {
		return err
	}
	if review != 0 {
		page.RedraftOf = fmt.Sprint(review)
	}
	words := map[string][2]string{experts.Kept: {"已照办", "ok"}, experts.NotKept: {"未照办", "stop"}, experts.Unknown: {"须由专家判断", "wait"}}
	for _, o := range list {
		text := o.Text
		if o.Claim != "" {
			text += "（针对“" + clip(o.Claim, 60) + "”）"
		}
		page.Obeyed = append(page.Obeyed, obeyedRow{text, words[o.Result][0], words[o.Result][1], o.Why})
	}
	return nil
}

func returnedToMachine(v experts.View) bool {
	for _, h := range v.History {
		if h.Event == experts.Return && h.Data["returned_to"] == "machine" {
			return true
		}
	}
	return false
}
