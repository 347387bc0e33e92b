package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"advisor/accounts"
	"advisor/advice"
	"advisor/chat"
	"advisor/corpus"
	"advisor/experts"
	"advisor/internal/problem"
	"advisor/web/api"
)

type chatPage struct {
	Page
	Conversation  string
	Conversations int
	Groups        []talkGroup
	Turns         []turnView
	Find          string // words that the list is narrowed by
	Typed, On     string
	Examples      []string
	HasCorpus     bool
}

type talkGroup struct {
	Name  string
	Items []talkEntry
}

type talkEntry struct {
	ID, Title string
	Current   bool
}

type turnView struct {
	QuestionID, Question, When, On, Whole string
	Running                               bool
	Failure                               *problem.Problem
	Draft                                 *draftView
	Precedents                            []precedentView
}

// lookedUp is for how many of a conversation's last turns precedents are looked up.
const lookedUp = 3

var examples = []string{"企业完成信用修复后，原行政处罚信息还能继续公示吗？", "部门之间共享数据，要经过哪些程序、多长时间答复？", "社区自建的小程序，立项前要做什么审查？"}

func (s *Server) chat(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	return s.showChat(w, r, actor, r.PathValue("id"), r.URL.Query().Get("q"), nil)
}

// showChat shows a conversation, or the beginning of one, after a refusal with
// its words and the question that was typed.
func (s *Server) showChat(w http.ResponseWriter, r *http.Request, actor accounts.Account, conversation, typed string, p *problem.Problem) error {
	find := clip(strings.TrimSpace(r.URL.Query().Get("find")), 200)
	all, err := s.rooms.Chat.Find(r.Context(), actor, find)
	if err != nil {
		return err
	}
	page := chatPage{Find: find, Page: s.page(r, actor, "chat", "提问"), Conversation: conversation, Conversations: len(all), Typed: typed,
		Examples: examples, HasCorpus: s.rooms.Index.Passages() > 0}
	page.Problem = p
	if on := r.FormValue("on"); p != nil {
		page.On = clip(on, 10)
	}
	page.Groups = byDay(all, conversation, s.rooms.Now())
	if conversation != "" {
		id, err := strconv.ParseInt(conversation, 10, 64)
		if err != nil {
			return problem.New(problem.NotFound, "no-conversation", "没有找到这次对话", "它不存在，或者不是您的", "请在对话列表中查看")
		}
		if page.Turns, err = s.turns(r, actor, id); err != nil {
			return err
		}
		if len(page.Turns) > 0 {
			page.Title = clip(page.Turns[0].Question, 24)
		}
	}
	return s.show(w, problem.HTTP(errOrNil(p)), "chat", page)
}

// byDay sorts conversations as people remember them.
func byDay(all []chat.Conversation, current string, now time.Time) []talkGroup {
	groups := []talkGroup{{Name: "今天"}, {Name: "近七天"}, {Name: "更早"}}
	today := now.In(corpus.Zone).Format(time.DateOnly)
	for _, c := range all {
		e := talkEntry{ID: strconv.FormatInt(c.ID, 10), Title: clip(c.Title, 60)}
		e.Current = e.ID == current
		g := 2
		switch {
		case c.At.In(corpus.Zone).Format(time.DateOnly) == today:
			g = 0
		case now.Sub(c.At) < 7*24*time.Hour:
			g = 1
		}
		groups[g].Items = append(groups[g].Items, e)
	}
	var filled []talkGroup
	for _, g := range groups {
		if len(g.Items) > 0 {
			filled = append(filled, g)
		}
	}
	return filled
}

func (s *Server) turns(r *http.Request, actor accounts.Account, conversation int64) ([]turnView, error) {
	turns, err := s.rooms.Chat.Turns(r.Context(), actor, conversation)
	if err != nil {
		return nil, err
	}
	var drafts []int64
	for _, t := range turns {
		if t.Answer != nil {
			drafts = append(drafts, t.Answer.DraftID)
		}
	}
	reviews, err := s.rooms.Desk.OfDrafts(r.Context(), actor, drafts)
	if err != nil {
		return nil, err
	}
	rated, err := s.rooms.Chat.Rated(r.Context(), actor, drafts)
	if err != nil {
		return nil, err
	}
	views := make([]turnView, len(turns))
	for i, t := range turns {
		views[i] = turnView{QuestionID: strconv.FormatInt(t.QuestionID, 10), Question: t.Text, When: when(t.At), Running: t.Running, Failure: t.Failure}
		if t.Whole != t.Text {
			views[i].Whole = t.Whole
		}
		if t.On != "" && t.On != corpus.Today(t.At) {
			views[i].On = string(t.On)
		}
		if t.Answer == nil {
			continue
		}
		if views[i].Draft, err = s.answerView(r, actor, *t.Answer, reviews[t.Answer.DraftID].ReviewID); err != nil {
			return nil, err
		}
		if f, ok := rated[t.Answer.DraftID]; ok {
			views[i].Draft.Rated = &f
		}
		if i < len(turns)-lookedUp {
			continue
		}
		if views[i].Precedents, err = s.precedents(r, actor, t.Answer.Question, reviews[t.Answer.DraftID].ApplicationID); err != nil {
			return nil, err
		}
	}
	return views, nil
}

// answerView shows an answer with its review's state; where experts changed the
// text, the text that the state is about.
func (s *Server) answerView(r *http.Request, actor accounts.Account, a advice.Answer, review int64) (*draftView, error) {
	if review == 0 {
		v := viewAnswer(a, standing{})
		v.CanSubmit = a.Status == advice.Drafted
		return v, nil
	}
	rv, err := s.rooms.Desk.Show(r.Context(), actor, review)
	if err != nil {
		return nil, err
	}
	shown, st := stood(a, rv)
	v := viewAnswer(shown, st)
	v.Review, v.ReviewState, v.ReviewTone = strconv.FormatInt(review, 10), experts.Word(rv.State), tone(rv.State)
	v.ReviewNext, v.Steps = rv.Next, steps(rv.State)
	v.CanSubmit = rv.State == experts.Returned
	return v, nil
}

// stood is an answer as its review has left it: where experts changed the text
// and the reader may see that, the text that the state is about.
func stood(a advice.Answer, rv experts.View) (advice.Answer, standing) {
	st := standing{State: string(rv.State), Number: strconv.FormatInt(rv.ReviewID, 10), Date: when(decidedAt(rv)), Edited: rv.Revision > 1}
	if rv.ApplicationID != 0 {
		st.Number = strconv.FormatInt(rv.ApplicationID, 10)
	}
	if rv.Draft != nil {
		a.Body, a.Revision, a.Hash = *rv.Draft, rv.Revision, rv.Hash
	}
	return a, st
}

// stepView is one step of a review's way.
type stepView struct{ Name, Class string }

type leg struct {
	name   string
	states []experts.State
}

// way is the way of a review in the words of the office, with the states in
// which each step is under way.
var way = []leg{
	{"提交", nil}, {"组成专家组", []experts.State{experts.Screened}}, {"申报", []experts.State{experts.Routed}},
	{"专家审议", []experts.State{experts.Declared, experts.Round1, experts.Deliberating, experts.Round2, experts.Stalled}},
	{"采纳落实", []experts.State{experts.Approved, experts.ApprovedEdited, "legality", "deliberated", "adopted"}},
}

// steps shows how far a review has come. One that ended otherwise shows no way:
// its state says it.
func steps(state experts.State) []stepView {
	now := len(way)
	if state != experts.Applied {
		now = slices.IndexFunc(way, func(l leg) bool { return slices.Contains(l.states, state) })
	}
	if now < 0 {
		return nil
	}
	out := make([]stepView, len(way))
	for i, w := range way {
		out[i].Name = w.name
		switch {
		case i < now:
			out[i].Class = "done"
		case i == now:
			out[i].Class = "now"
		}
	}
	return out
}

// asked reads the form of a question.
func (s *Server) asked(r *http.Request) (advice.Ask, error) {
	q := advice.Ask{Text: tidy(r.PostFormValue("question"))}
	q.Whole = tidy(r.PostFormValue("whole"))                                        // of a question asked again: as it was understood
	q.ConversationID, _ = strconv.ParseInt(r.PostFormValue("conversation"), 10, 64) // none: a new conversation
	on, given, err := s.day(r)
	if given {
		q.On = on
	}
	return q, err
}

// ask answers a question without script: the page comes back with the answer.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	q, err := s.asked(r)
	var answer advice.Answer
	if err == nil {
		answer, err = s.rooms.Chat.Ask(r.Context(), actor, q, nil)
	}
	if err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		return s.showChat(w, r, actor, r.PostFormValue("conversation"), q.Text, p)
	}
	return see(w, r, "/chat/"+strconv.FormatInt(answer.ConversationID, 10)+"#q-"+strconv.FormatInt(answer.QuestionID, 10))
}

// startAsk begins a run and says where its events are, for the page's script.
func (s *Server) startAsk(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	q, err := s.asked(r)
	id := ""
	if err == nil {
		id, err = s.rooms.Chat.Start(r.Context(), actor, q)
	}
	if err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		api.WriteProblem(w, p)
		return nil
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, err = w.Write([]byte(`{"ask_id":` + strconv.Quote(strings.TrimSpace(id)) + `}`))
	return err
}
