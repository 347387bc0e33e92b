package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/internal/problem"
)

type doubtsPage struct {
	Page
	Total  int
	Kinds  []choice
	Code   string
	Rows   []doubtRow
	Next   string
	Filter bool
}

type doubtRow struct {
	corpus.Doubtful
	Href   string
	Doubts []doubtView
}

type doubtView struct {
	corpus.Doubt
	Kind    string
	Version string
	NeedsOn bool // the end's day must be given: no text says it
}

var doubtNames = []choice{{Code: corpus.DoubtNote, Words: "题注写有已失效"}, {Code: corpus.DoubtRepeal, Words: "似已被废止"}, {Code: corpus.DoubtBasis, Words: "依据已废止"},
	{Code: corpus.DoubtNewer, Words: "有更晚的同类文件"}, {Code: corpus.DoubtAmended, Words: "已被修改"}, {Code: corpus.DoubtPart, Words: "部分被废止"},
	{Code: corpus.DoubtNoDate, Words: "日期未注明"}, {Code: corpus.DoubtTrial, Words: "试行已久"}, {Code: corpus.DoubtOld, Words: "久未清理"}}

func doubtName(code string) string {
	for _, c := range doubtNames {
		if c.Code == code {
			return c.Words
		}
	}
	return code
}

// doubts lists the documents whose validity a records keeper should look at.
func (s *Server) doubts(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	return s.showDoubts(w, r, actor, nil)
}

func (s *Server) showDoubts(w http.ResponseWriter, r *http.Request, actor accounts.Account, p *problem.Problem) error {
	all, err := s.rooms.Library.Doubts(r.Context(), actor.ID, corpus.Today(s.rooms.Now()))
	if err != nil {
		return err
	}
	page := doubtsPage{Page: s.page(r, actor, "corpus", "效力待核"), Total: len(all), Code: r.FormValue("code")}
	page.Problem = p
	page.Filter = page.Code != ""
	for _, c := range doubtNames {
		if n := len(corpus.OfCode(all, c.Code)); n > 0 {
			page.Kinds = append(page.Kinds, choice{Code: c.Code, Words: fmt.Sprintf("%s（%d）", c.Words, n), On: c.Code == page.Code})
		}
	}
	all = corpus.OfCode(all, page.Code)
	from, _ := strconv.Atoi(r.FormValue("from")) // a broken place starts at the beginning
	from = min(max(from, 0), len(all))
	if len(all) > from+pageSize {
		page.Next = "/corpus/doubts?" + url.Values{"code": {page.Code}, "from": {strconv.Itoa(from + pageSize)}}.Encode()
		all = all[:from+pageSize]
	}
	for _, d := range all[from:] {
		row := doubtRow{Doubtful: d, Href: fmt.Sprintf("/corpus/%d?v=%d", d.DocumentID, d.VersionID)}
		for _, x := range d.Doubts {
			row.Doubts = append(row.Doubts, doubtView{x, doubtName(x.Code), strconv.FormatInt(d.VersionID, 10), x.Code != corpus.DoubtRepeal})
		}
		page.Rows = append(page.Rows, row)
	}
	return s.show(w, problem.HTTP(errOrNil(p)), "doubts", page)
}

// answerDoubt takes a keeper's answer from the list.
func (s *Server) answerDoubt(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	if err := s.answer(r, actor, r.PostFormValue("doubt"), r.PostFormValue("name")); err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		return s.showDoubts(w, r, actor, p)
	}
	return see(w, r, "/corpus/doubts?"+url.Values{"code": {r.PostFormValue("code")}, "done": {"validity"}}.Encode())
}

// setValidity takes a keeper's word about a version from its page.
func (s *Server) setValidity(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	code := corpus.DoubtKeeper
	if r.PostFormValue("name") != "" {
		code = corpus.DoubtRepeal
	}
	if err := s.answer(r, actor, code, r.PostFormValue("name")); err != nil {
		return err
	}
	return see(w, r, "/corpus/"+url.PathEscape(r.PathValue("id"))+"?"+url.Values{"v": {r.PostFormValue("version")}, "done": {"validity"}}.Encode())
}

func (s *Server) answer(r *http.Request, actor accounts.Account, code, name string) error {
	version, err := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	if err != nil {
		return errNoDocument
	}
	on, err := corpus.ParseDate(strings.TrimSpace(r.PostFormValue("on")))
	if err != nil {
		return problem.New(problem.Invalid, "bad-date", "日期无法识别", "“"+clip(r.PostFormValue("on"), 20)+"”不是一个日期", "请按 2026-11-23 的样子填写").Because(err)
	}
	a := corpus.Answer{VersionID: version, Code: code, Name: name, Ended: r.PostFormValue("answer") != "stands", On: on, Ground: r.PostFormValue("ground")}
	return noDocument(s.rooms.Library.Answer(r.Context(), actor.ID, s.rooms.Now(), a))
}
