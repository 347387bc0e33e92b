package web

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/corpus"
)

type documentPage struct {
	Page
	Heading, Facts, Status, Scope string
	On                            string // the day asked about, "" for today
	Note                          string // why it is no basis
	Outline                       []outlineEntry
	Blocks                        []block
	Timeline                      []moment
	Versions                      []versionView
	Ties                          []tieView
	Cited                         []citedView
	CitedMore                     bool
	Keeper                        bool
	Document, Version             string
	EndedBy, Name                 string // the text that ends this version by its own words, and what it calls it
	Cut                           bool   // the text is too long to show whole
	Original                      string // where the kept file is shown
}

type outlineEntry struct {
	Anchor, Name string
	Deep         bool
}

// block is one line of a document: a heading, or a line of text. Anchor is its
// article's where it is the first line; Places are the 款 and 项 it begins.
type block struct {
	Level         int
	Anchor, Label string
	Places        []string
	Cited         int // how often other documents refer to the article
	Hit           bool
	Runs          []textRun
}

// textRun is a stretch of a line: plain, marked, or a reference that leads on.
type textRun struct {
	Text, Href string
	Mark       bool
}

type moment struct{ Name, Date, Tone, Href, By string }

type versionView struct {
	Name, Href, Status, Detail, Compare string
	Current                             bool
}

// tieView is a document that this one rests on, changes or ends, or the reverse.
type tieView struct{ Words, Title, Href, Detail string }

// citedView is a document that refers to this one, with its places.
type citedView struct {
	Title, Href, Status string
	Places              []citedPlace
}

type citedPlace struct{ Words, Href string }

const (
	// maxLines keeps a page from growing beyond what a browser can show.
	maxLines = 20000
	// maxCited is how many references to a document are read.
	maxCited = 300
)

func (s *Server) document(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return errNoDocument
	}
	q := r.URL.Query()
	version, _ := strconv.ParseInt(q.Get("v"), 10, 64) // without one: the version in force
	on, given, err := s.day(r)
	if err != nil {
		return err
	}
	history, err := s.rooms.Library.Versions(r.Context(), actor.ID, id, on)
	if err != nil {
		return noDocument(err)
	}
	if version == 0 {
		version = inForce(history)
	}
	v, err := s.rooms.Library.Version(r.Context(), actor.ID, version)
	if err != nil {
		return noDocument(err)
	}
	if v.DocumentID != id {
		return errNoDocument
	}
	around, err := s.rooms.Library.Around(r.Context(), actor.ID, id, v.ID, on, maxCited)
	if err != nil {
		return err
	}
	page := documentPage{Page: s.page(r, actor, "corpus", v.Title), Heading: v.Title, Status: v.Status(on), Facts: facts(v.DocNumber, v.Issuer, v.Level),
		Document: strconv.FormatInt(id, 10), Version: strconv.FormatInt(v.ID, 10), Keeper: actor.Has(accounts.Keeper) || actor.Has(accounts.Admin)}
	if given {
		page.On = string(on)
	}
	if page.Scope, err = s.whoSees(r, actor, v.Scope); err != nil {
		return err
	}
	page.Note = noBasis(v, history, on)
	for _, h := range history {
		if h.VersionID == v.ID && h.EndedBy != "" {
			page.EndedBy, page.Name = h.EndedBy, corpus.LookupName(v.Title)
		}
	}
	text := layout{v: v, links: around.Links, on: page.On}
	text.from, text.to = locate(v, q.Get("p"), q.Get("q"))
	if text.from < 0 && q.Get("p") != "" {
		text.from, text.to = placeOf(v, q.Get("p"))
	}
	text.lay()
	text.count(around.Cited)
	page.Blocks, page.Outline, page.Cut = text.blocks, text.outline, text.cut
	if page.Original, err = s.originalLink(r, actor, v.ID, text.from, text.to); err != nil {
		return err
	}
	page.Timeline = timeline(v, history, on)
	page.Versions = viewVersions(id, history, v.ID)
	page.Ties = viewTies(around.Ties)
	page.Cited, page.CitedMore = viewCited(around.Cited), len(around.Cited) == maxCited
	return s.show(w, http.StatusOK, "document", page)
}

// originalLink leads to the page of the file itself, with the same words marked;
// empty where no file was kept.
func (s *Server) originalLink(r *http.Request, actor accounts.Account, version int64, from, to int) (string, error) {
	kept, err := s.rooms.Library.HasOriginal(r.Context(), actor.ID, version)
	if err != nil || !kept {
		return "", err
	}
	link := fmt.Sprintf("/corpus/versions/%d/original", version)
	if from >= 0 {
		link += fmt.Sprintf("?start=%d&end=%d", from, to)
	}
	return link, nil
}

// whoSees says for whom a scope is open.
func (s *Server) whoSees(r *http.Request, actor accounts.Account, scope string) (string, error) {
	if scope == accounts.PublicScope {
		return "本单位全部登录人员", nil
	}
	all, err := s.rooms.Accounts.Scopes(r.Context(), actor)
	if err != nil {
		return "", err
	}
	for _, sc := range all {
		if sc.Name == scope && sc.Label != "" {
			return "仅限“" + sc.Label + "”范围内的人员", nil
		}
	}
	return "仅限“" + scope + "”范围内的人员", nil
}

// noBasis says why a version must not be relied on, on the day.
func noBasis(v corpus.VersionView, history []corpus.ShownVersion, on corpus.Date) string {
	switch v.Status(on) {
	case corpus.NotYet:
		return "本版本自 " + string(v.Effective) + " 起施行，此前不得作为依据。"
	case corpus.Ended:
		since := "本版本已失效，不得作为依据。"
		if v.Repealed != "" {
			since = "本版本已于 " + string(v.Repealed) + " 失效，此后不得作为依据。"
		}
		for _, h := range history {
			if h.VersionID == v.ID && h.EndedBy != "" {
				return since + "据《" + h.EndedBy + "》废止（由正文认定）。"
			}
			if h.VersionID == v.ID && h.Ground != "" {
				return since + "依据：" + h.Ground + "。"
			}
		}
		return since
	}
	return ""
}

// inForce picks the version in force, or the newest when none is.
func inForce(history []corpus.ShownVersion) int64 {
	for _, h := range history {
		if h.Status == corpus.InForce {
			return h.VersionID
		}
	}
	if len(history) == 0 {
		return 0
	}
	return history[0].VersionID
}

func facts(parts ...string) string {
	var given []string
	for _, p := range parts {
		if p != "" {
			given = append(given, p)
		}
	}
	return strings.Join(given, " · ")
}

func viewVersions(document int64, history []corpus.ShownVersion, shown int64) (out []versionView) {
	days := map[corpus.Date]int{}
	for _, h := range history {
		days[h.Effective]++
	}
	for _, h := range history {
		v := versionView{Name: string(h.Effective) + " 起", Status: h.Status, Current: h.VersionID == shown, Href: fmt.Sprintf("/corpus/%d?v=%d", document, h.VersionID)}
		if h.Effective == "" {
			v.Name = "施行日期未注明"
		}
		if days[h.Effective] > 1 { // the parts of one text, each a file of its own
			v.Name = strings.TrimSuffix(path.Base(h.Path), path.Ext(h.Path))
		}
		v.Detail = h.DocNumber
		if h.Articles > 0 {
			v.Detail = facts(v.Detail, fmt.Sprintf("%d 条", h.Articles))
		}
		if !v.Current {
			v.Compare = fmt.Sprintf("/corpus/%d/compare?a=%d&b=%d", document, h.VersionID, shown)
		}
		out = append(out, v)
	}
	return out
}

// timeline is the life of the document: made, in force, changed, over.
func timeline(v corpus.VersionView, history []corpus.ShownVersion, on corpus.Date) (moments []moment) {
	add := func(m moment, d corpus.Date) {
		if d != "" {
			if d > on {
				m.Tone = ""
			}
			m.Date = string(d)
			moments = append(moments, m)
		}
	}
	for i := len(history) - 1; i >= 0; i-- { // oldest first
		h := history[i]
		href := fmt.Sprintf("/corpus/%d?v=%d", v.DocumentID, h.VersionID)
		if h.VersionID == v.ID {
			href = ""
			add(moment{Name: "发布"}, v.Issued)
			add(moment{Name: "施行（本版本）", Tone: "on"}, v.Effective)
		} else {
			add(moment{Name: "另一版本施行", Href: href}, h.Effective)
		}
		if h.Repealed != "" && (i == 0 || history[i-1].Effective != h.Repealed) {
			by := ""
			if h.EndedByID != 0 {
				href, by = fmt.Sprintf("/corpus/%d", h.EndedByID), "《"+h.EndedBy+"》"
			}
			add(moment{Name: "失效", Tone: "off", Href: href, By: by}, h.Repealed)
		}
	}
	if len(moments) == 0 {
		moments = append(moments, moment{Name: "日期未注明", Date: "检索时标明“效力未注明”"})
	}
	return moments
}

func viewTies(ties []corpus.Tie) (out []tieView) {
	words := map[string][2]string{corpus.Repeals: {"废止了", "被废止，据"}, corpus.Amends: {"修改了", "被修改，据"}, corpus.Basis: {"制定依据", "是其制定依据"}}
	for _, t := range ties {
		if t.State == "refused" || t.Verb == corpus.Basis && !t.Out && len(out) > 40 {
			continue
		}
		v := tieView{Words: words[t.Verb][1], Title: t.Title, Detail: string(t.On)}
		if t.Out {
			v.Words = words[t.Verb][0]
		}
		if t.Part {
			v.Detail = facts("部分内容", v.Detail)
		}
		if t.Verb == corpus.Repeals && t.Confidence < corpus.Certain && t.State == "read" {
			v.Detail = facts("待核", v.Detail)
		}
		if t.DocumentID != 0 {
			v.Href = fmt.Sprintf("/corpus/%d", t.DocumentID)
		}
		out = append(out, v)
	}
	return out
}

func viewCited(all []corpus.Citing) (out []citedView) {
	at := map[int64]int{}
	for _, c := range all {
		i, ok := at[c.VersionID]
		if !ok {
			i = len(out)
			at[c.VersionID] = i
			out = append(out, citedView{Title: c.Title, Status: c.Status, Href: fmt.Sprintf("/corpus/%d?v=%d", c.DocumentID, c.VersionID)})
		}
		if len(out[i].Places) < 12 {
			words := c.Label
			if c.From != "" {
				words = c.From + " → " + c.Label
			}
			q := url.Values{"v": {strconv.FormatInt(c.VersionID, 10)}, "p": {c.From}}
			out[i].Places = append(out[i].Places, citedPlace{words, fmt.Sprintf("/corpus/%d?%s#%s", c.DocumentID, q.Encode(), url.PathEscape(c.From))})
		}
	}
	return out
}

// locate finds a quote in a version, within the named article when it is there.
// It gives an empty stretch before the text when the quote is not in it.
func locate(v corpus.VersionView, provision, quote string) (from, to int) {
	if quote == "" {
		return -1, -1
	}
	want := article(provision)
	for _, p := range v.Provisions {
		if p.Label == want && p.End <= len(v.Text) {
			if i := strings.Index(v.Text[p.Start:p.End], quote); i >= 0 {
				return p.Start + i, p.Start + i + len(quote)
			}
		}
	}
	if i := strings.Index(v.Text, quote); i >= 0 {
		return i, i + len(quote)
	}
	return -1, -1
}

type sourcePage struct {
	Page
	Heading, Facts, Status, Href string
	Parts                        []sourcePart
	Missing                      bool
}

type sourcePart struct {
	Dim  bool
	Runs []run
}

// source shows a cited provision between its neighbours: as a part for the
// panel beside, or as a page of its own without script.
func (s *Server) source(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	q := r.URL.Query()
	version, err := strconv.ParseInt(q.Get("v"), 10, 64)
	if err != nil {
		return errNoDocument
	}
	v, err := s.rooms.Library.Version(r.Context(), actor.ID, version)
	if err != nil {
		return noDocument(err)
	}
	page := sourcePage{Page: s.page(r, actor, "corpus", v.Title), Heading: v.Title, Status: v.Status(corpus.Today(s.rooms.Now()))}
	page.Facts = facts(v.DocNumber, v.Issuer, q.Get("p"), since(v.Effective))
	href := url.Values{"v": {q.Get("v")}, "q": {clip(q.Get("q"), 300)}}
	page.Href = fmt.Sprintf("/corpus/%d?%s#%s", v.DocumentID, href.Encode(), url.PathEscape(article(q.Get("p"))))
	from, to := locate(v, q.Get("p"), q.Get("q"))
	page.Missing = from < 0
	page.Parts = around(v, q.Get("p"), from, to)
	if r.Header.Get("X-Part") == "source" {
		return s.showPart(w, http.StatusOK, "source", "source", page)
	}
	return s.show(w, http.StatusOK, "source", page)
}

func since(d corpus.Date) string {
	if d == "" {
		return ""
	}
	return string(d) + " 起施行"
}

// stretch is a part of a version's text.
type stretch struct{ start, end int }

// around gives the stretch that holds the quote, article or line, with one neighbour on each side.
func around(v corpus.VersionView, provision string, from, to int) (parts []sourcePart) {
	var all []stretch
	middle := -1
	for i, p := range v.Provisions {
		all = append(all, stretch{p.Start, p.End})
		if from >= p.Start && from < p.End || from < 0 && p.Label == article(provision) {
			middle = i
		}
	}
	if middle < 0 && from >= 0 { // no articles, or outside of them
		all, middle = lines(v.Text, from, to)
	}
	if middle < 0 {
		return nil
	}
	for i := max(0, middle-1); i < min(len(all), middle+2); i++ {
		start := all[i].start
		text := strings.TrimRight(v.Text[start:all[i].end], "\n ")
		parts = append(parts, sourcePart{Dim: i != middle, Runs: runsOf(text, func(j int) bool { return start+j >= from && start+j < to })})
	}
	return parts
}

// lines are the lines of text that say something; those that share [from, to) are one.
func lines(text string, from, to int) (all []stretch, middle int) {
	middle = -1
	for at := 0; at < len(text); {
		end := len(text)
		if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i
		}
		switch {
		case strings.TrimSpace(text[at:end]) == "":
		case from < end && to > at && middle >= 0:
			all[middle].end = end
		default:
			if from < end && to > at {
				middle = len(all)
			}
			all = append(all, stretch{at, end})
		}
		at = end + 1
	}
	return all, middle
}
