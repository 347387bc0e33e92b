package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/internal/problem"
	"advisor/retrieval"
)

// pageSize is how many rows a list shows at a time.
const pageSize = 50

type corpusPage struct {
	Page
	Total, Query, Kind string
	On, Took, Next     string
	Kinds              []choice
	Hits               []hitView
	Named, Documents   []rowView
	Filtered           bool
	Keeps              bool // may work at the records desk
	Keeper             bool // may settle what is doubtful
}

type hitView struct {
	Title, Provision, Status, Detail, Href, Why string
	Runs                                        []run
}

type rowView struct {
	corpus.Listed
	ID, KindName, ScopeName string
}

var kinds = []string{corpus.Law, corpus.Official, corpus.Case, corpus.DutyList, corpus.Minutes, corpus.Precedent, corpus.Other}

func kindName(kind string) string {
	switch kind {
	case corpus.Law:
		return "法规"
	case corpus.Official:
		return "公文"
	case corpus.Case:
		return "案例"
	case corpus.DutyList:
		return "清单"
	case corpus.Minutes:
		return "纪要"
	case corpus.Precedent:
		return "已采纳建议"
	}
	return "其他"
}

var errNoDocument = problem.New(problem.NotFound, "no-document", "没有找到这份文件", "编号不对，或者您无权查阅", "请到文件库检索")

// noDocument turns the corpus's "not found" into people's words.
func noDocument(err error) error {
	if errors.Is(err, corpus.ErrNotFound) {
		return errNoDocument.Because(err)
	}
	return err
}

// day is the date that the reader asked about, today when none was given.
func (s *Server) day(r *http.Request) (on corpus.Date, given bool, err error) {
	typed := strings.TrimSpace(r.FormValue("on"))
	if typed == "" {
		return corpus.Today(s.rooms.Now()), false, nil
	}
	if on, err = corpus.ParseDate(typed); err != nil {
		return "", false, problem.New(problem.Invalid, "bad-date", "日期无法识别", "“"+clip(typed, 20)+"”不是一个日期", "请按 2026-11-23 的样子填写").Because(err)
	}
	return on, true, nil
}

func (s *Server) corpus(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	q := r.URL.Query()
	page := corpusPage{Page: s.page(r, actor, "corpus", "文件库"), Query: strings.TrimSpace(q.Get("q")), Kind: q.Get("kind")}
	page.Keeps = s.rooms.Importer != nil && (actor.Has(accounts.Keeper) || actor.Has(accounts.Admin))
	page.Keeper = actor.Has(accounts.Keeper) || actor.Has(accounts.Admin)
	on, given, err := s.day(r)
	if err != nil {
		page.Problem, err = refusal(err)
		if err != nil {
			return err
		}
		on = corpus.Today(s.rooms.Now())
	}
	if given {
		page.On = string(on)
	}
	page.Filtered = page.Kind != "" || page.Query != ""
	for _, k := range kinds {
		page.Kinds = append(page.Kinds, choice{Code: k, Words: kindName(k), On: k == page.Kind})
	}
	if page.Query != "" && page.Problem == nil {
		err = s.search(r.Context(), actor, on, &page)
	} else {
		err = s.documents(r, actor, on, &page)
	}
	if err != nil {
		if page.Problem, err = refusal(err); err != nil {
			return err
		}
	}
	return s.show(w, problem.HTTP(errOrNil(page.Problem)), "corpus", page)
}

// documents fills in one page of the list.
func (s *Server) documents(r *http.Request, actor accounts.Account, on corpus.Date, page *corpusPage) error {
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64) // a broken cursor starts at the beginning
	rows, err := s.rooms.Library.Documents(r.Context(), actor.ID, corpus.Filter{Kind: page.Kind, After: after, Limit: pageSize + 1}, on)
	if err != nil {
		return err
	}
	if len(rows) > pageSize {
		rows = rows[:pageSize]
		next := r.URL.Query()
		next.Set("after", strconv.FormatInt(rows[pageSize-1].DocumentID, 10))
		page.Next = "/corpus?" + next.Encode()
	}
	page.Documents = viewRows(rows)
	return nil
}

func viewRows(rows []corpus.Listed) []rowView {
	views := make([]rowView, len(rows))
	for i, l := range rows {
		views[i] = rowView{Listed: l, ID: strconv.FormatInt(l.DocumentID, 10), KindName: kindName(l.Kind)}
		if l.Scope != accounts.PublicScope {
			views[i].ScopeName = l.Scope
		}
	}
	return views
}

// search fills in what the question finds: documents by name, and passages.
func (s *Server) search(ctx context.Context, actor accounts.Account, on corpus.Date, page *corpusPage) error {
	result, err := s.rooms.Index.Search(ctx, actor, retrieval.Query{Text: page.Query, K: 20, On: on})
	if err != nil {
		return err
	}
	page.Took = fmt.Sprintf("%d 处，用时 %s", len(result.Hits), seconds(result.TookMS))
	for _, h := range result.Hits {
		if page.Kind == "" || h.Kind == page.Kind {
			page.Hits = append(page.Hits, viewHit(h))
		}
	}
	rows, err := s.rooms.Library.Documents(ctx, actor.ID, corpus.Filter{Words: page.Query, Kind: page.Kind, Limit: 8}, on)
	page.Named = viewRows(rows)
	return err
}

func viewHit(h retrieval.Hit) hitView {
	v := hitView{Title: h.Title, Provision: h.Provision, Status: h.Status, Runs: marks(h.Text, h.Why.Terms)}
	var detail []string
	for _, d := range []string{h.DocNumber, h.Issuer} {
		if d != "" {
			detail = append(detail, d)
		}
	}
	if h.Effective != "" {
		detail = append(detail, string(h.Effective)+" 起施行")
	}
	v.Detail = strings.Join(detail, " · ")
	var why []string
	if h.Why.Named {
		why = append(why, "问句点名了本条")
	}
	if h.Why.LexicalRank > 0 {
		why = append(why, fmt.Sprintf("词句相符第 %d 位", h.Why.LexicalRank))
	}
	if h.Why.VectorRank > 0 {
		why = append(why, fmt.Sprintf("语义相近第 %d 位", h.Why.VectorRank))
	}
	v.Why = strings.Join(why, "，")
	q := url.Values{"v": {strconv.FormatInt(h.VersionID, 10)}, "q": {clip(h.Text, 60)}}
	v.Href = fmt.Sprintf("/corpus/%d?%s#%s", h.DocumentID, q.Encode(), url.PathEscape(h.Provision))
	return v
}

// marks highlights every occurrence of the terms. Bigrams carry a leading "_".
func marks(text string, terms []string) []run {
	on := make([]bool, len(text))
	for _, t := range terms {
		t = strings.TrimPrefix(t, "_")
		if t == "" {
			continue
		}
		for at := 0; ; {
			i := strings.Index(text[at:], t)
			if i < 0 {
				break
			}
			for j := at + i; j < at+i+len(t); j++ {
				on[j] = true
			}
			at += i + len(t)
		}
	}
	return runsOf(text, func(i int) bool { return on[i] })
}

// runsOf cuts text where marked changes.
func runsOf(text string, marked func(i int) bool) (runs []run) {
	for at := 0; at < len(text); {
		end := at + 1
		for end < len(text) && marked(end) == marked(at) {
			end++
		}
		kind := ""
		if marked(at) {
			kind = "mark"
		}
		runs = append(runs, run{kind, text[at:end]})
		at = end
	}
	return runs
}
