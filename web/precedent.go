package web

import (
	"net/http"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/retrieval"
)

// precedentKind is the kind of document that an applied recommendation becomes.
const precedentKind = "precedent"

// A precedent is offered when its question and the one asked share so much of
// their telling characters; of those found, at most so many.
const (
	alikeEnough    = 0.55
	mostPrecedents = 2
)

// precedentView is what was approved before on such a question, and how it stands now.
type precedentView struct {
	Title, Href, Approved, Ledger, State, Tone string
	Stands                                     bool
}

var precedentStates = map[string][2]string{
	"applied": {"依据仍然有效", "ok"}, "stale": {"依据已失效，须重新审议", "stop"}, "suspended": {"已中止执行", "stop"},
	"superseded": {"已由新的决定代替", "stop"}, "retired": {"已停止使用", "stop"},
}

// precedents are approved recommendations that answer a question like this one,
// those whose grounds stand first. They are offered beside the answer and are
// no part of it: whether the case is the same is for people to say. What came
// of this very question, own, is none.
func (s *Server) precedents(r *http.Request, actor accounts.Account, question string, own int64) ([]precedentView, error) {
	found, err := s.rooms.Index.Search(r.Context(), actor, retrieval.Query{Text: question, K: 40})
	if err != nil {
		return nil, err
	}
	var good, fallen []precedentView
	seen := map[int64]bool{}
	for _, h := range found.Hits {
		if h.Kind != precedentKind || seen[h.DocumentID] || alike(question, h.Title) < alikeEnough {
			continue
		}
		seen[h.DocumentID] = true
		v, err := s.precedent(r, actor, h)
		if err != nil {
			return nil, err
		}
		if own != 0 && v.Ledger == strconv.FormatInt(own, 10) {
			continue
		}
		if v.Stands {
			good = append(good, v)
		} else {
			fallen = append(fallen, v)
		}
	}
	all := append(good, fallen...)
	return all[:min(len(all), mostPrecedents)], nil
}

func (s *Server) precedent(r *http.Request, actor accounts.Account, h retrieval.Hit) (precedentView, error) {
	v := precedentView{Title: strings.Trim(h.Title, "《》"), Href: "/corpus/" + strconv.FormatInt(h.DocumentID, 10), Approved: string(h.Effective), State: "已采纳建议", Tone: "act", Stands: h.Status == corpus.InForce}
	versions, err := s.rooms.Library.Versions(r.Context(), actor.ID, h.DocumentID, corpus.Today(s.rooms.Now()))
	if err != nil {
		return v, err
	}
	for _, ver := range versions {
		number, ok := strings.CutPrefix(ver.Path, "precedent/")
		id, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil || ver.VersionID != h.VersionID {
			continue
		}
		a, err := s.rooms.Desk.Application(r.Context(), actor, id)
		if _, other := refusal(err); err != nil {
			return v, other // not for this reader: the document's own words remain
		}
		v.Ledger, v.Approved = number, when(a.AppliedAt)
		if words, ok := precedentStates[a.State]; ok {
			v.State, v.Tone = words[0], words[1]
		}
		v.Stands = v.Stands && a.State == "applied"
	}
	return v, nil
}

// alike is the share of the shorter question's character pairs that the other
// has too. A title holds the first forty characters of its question.
func alike(a, b string) float64 {
	x, y := pairs(a), pairs(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(x) == 0 {
		return 0
	}
	n := 0
	for p := range x {
		if y[p] {
			n++
		}
	}
	return float64(n) / float64(len(x))
}

var telling = strings.NewReplacer("？", "", "?", "", "，", "", "。", "", "、", "", "；", "", "吗", "", "呢", "", "请问", "", "我们", "", "的", "", "了", "", "…", "", "《", "", "》", "", " ", "", "\n", "")

func pairs(s string) map[string]bool {
	r := []rune(telling.Replace(s))
	out := map[string]bool{}
	for i := 0; i+1 < len(r); i++ {
		out[string(r[i:i+2])] = true
	}
	return out
}
