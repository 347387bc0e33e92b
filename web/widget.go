package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/internal/problem"
)

// widgetPage is the chat as another site of the office shows it in a frame.
type widgetPage struct {
	Page
	Conversation, Typed, More string
	Turns                     []turnView
	SignIn                    bool
}

var errNoWidget = problem.New(problem.NotFound, "no-widget", "没有开放嵌入", "没有设置可以嵌入本系统的网站", "请由管理员设置 ADVISOR_WIDGET_ORIGINS")

// framed lets the listed sites, and no other, show this answer in a frame. All
// else of the policy stays as it is everywhere.
func (s *Server) framed(w http.ResponseWriter) error {
	if len(s.rooms.WidgetOrigins) == 0 {
		return errNoWidget
	}
	h := w.Header()
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "frame-ancestors 'none'", "frame-ancestors "+strings.Join(s.rooms.WidgetOrigins, " "), 1))
	h.Del("X-Frame-Options") // it knows no list; browsers that know the policy go by that
	h.Set("Cross-Origin-Opener-Policy", "unsafe-none")
	return nil
}

// WidgetOrigins reads a list of sites that may embed the chat: scheme, host and port each.
func WidgetOrigins(list string) ([]string, bool) {
	var out []string
	for _, o := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsAny(u.Host, "*;'\"") || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
			return nil, false
		}
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out, true
}

func (s *Server) widget(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	if err := s.framed(w); err != nil {
		return err
	}
	return s.showWidget(w, r, actor, r.URL.Query().Get("c"), "", nil)
}

func (s *Server) showWidget(w http.ResponseWriter, r *http.Request, actor accounts.Account, conversation, typed string, p *problem.Problem) error {
	page := widgetPage{Page: Page{Title: "提问", Section: "widget", Problem: p}, Conversation: conversation, Typed: typed, More: "/chat", SignIn: actor.ID == 0 || actor.MustChange}
	if page.SignIn {
		return s.showPart(w, http.StatusOK, "widget", "widget", page)
	}
	if id, err := strconv.ParseInt(conversation, 10, 64); err == nil {
		turns, err := s.turns(r, actor, id)
		if err != nil {
			return err
		}
		page.Turns, page.More = turns[max(0, len(turns)-lookedUp):], "/chat/"+conversation
	}
	return s.showPart(w, problem.HTTP(errOrNil(p)), "widget", "widget", page)
}

// askWidget answers a question asked in the frame.
func (s *Server) askWidget(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	if err := s.framed(w); err != nil {
		return err
	}
	q, err := s.asked(r)
	if err == nil {
		answer, asking := s.rooms.Chat.Ask(r.Context(), actor, q, nil)
		if asking == nil {
			return see(w, r, "/widget?c="+strconv.FormatInt(answer.ConversationID, 10))
		}
		err = asking
	}
	p, err := refusal(err)
	if err != nil {
		return err
	}
	return s.showWidget(w, r, actor, r.PostFormValue("conversation"), q.Text, p)
}

// widgetScript puts the frame where a site's page names it.
func (s *Server) widgetScript(w http.ResponseWriter, r *http.Request, _ accounts.Account) error {
	if len(s.rooms.WidgetOrigins) == 0 {
		return errNoWidget
	}
	h := w.Header()
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // a script for other sites, with nothing secret in it
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	_, err := w.Write(s.assets["widget.js"].body)
	return err
}
