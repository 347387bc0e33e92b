package web

import (
	"net/http"
	"strings"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/internal/problem"
)

type dictionaryPage struct {
	Page
	Kinds   []choice
	Entries []entryView
	Term    string // what was typed and refused
	Means   string
	Note    string
}

type entryView struct {
	Kind, KindName, Term, Means, Note, At string
}

var entryKinds = []choice{{Code: corpus.Synonym, Words: "同义说法"}, {Code: corpus.Word, Words: "专有词"}, {Code: corpus.Department, Words: "部门名称"}}

// dictionary is the office's own words: what is not to be taken apart, what
// departments are also called, what people say for what documents say.
func (s *Server) dictionary(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	return s.showDictionary(w, r, actor, nil)
}

func (s *Server) showDictionary(w http.ResponseWriter, r *http.Request, actor accounts.Account, refused *problem.Problem) error {
	page := dictionaryPage{Page: s.page(r, actor, "corpus", "词典"), Kinds: entryKinds}
	if refused != nil {
		page.Problem = refused
		page.Term, page.Means, page.Note = r.PostFormValue("term"), r.PostFormValue("means"), r.PostFormValue("note")
	}
	all, err := s.rooms.Dictionary.List(r.Context(), actor, "")
	if err != nil {
		return err
	}
	for _, e := range all {
		v := entryView{Kind: e.Kind, Term: e.Term, Means: strings.Join(e.Means, "、"), Note: e.Note, At: when(e.At)}
		for _, k := range entryKinds {
			if k.Code == e.Kind {
				v.KindName = k.Words
			}
		}
		page.Entries = append(page.Entries, v)
	}
	return s.show(w, problem.HTTP(errOrNil(refused)), "dictionary", page)
}

func (s *Server) putEntry(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	means := strings.FieldsFunc(r.PostFormValue("means"), func(c rune) bool { return strings.ContainsRune("、，,；;\n", c) })
	for i := range means {
		means[i] = strings.TrimSpace(means[i])
	}
	_, err := s.rooms.Dictionary.Put(r.Context(), actor, corpus.Entry{Kind: r.PostFormValue("kind"), Term: strings.TrimSpace(r.PostFormValue("term")), Means: means, Note: strings.TrimSpace(r.PostFormValue("note"))})
	if err != nil {
		p, other := refusal(err)
		if other != nil {
			return other
		}
		return s.showDictionary(w, r, actor, p)
	}
	return see(w, r, "/corpus/records/dictionary?done=saved")
}

func (s *Server) removeEntry(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	if err := s.rooms.Dictionary.Remove(r.Context(), actor, r.PostFormValue("kind"), r.PostFormValue("term")); err != nil {
		return err
	}
	return see(w, r, "/corpus/records/dictionary?done=saved")
}
