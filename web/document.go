package web

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/corpus"
)

type documentPage struct {
	Page
	Heading, Facts, Status, Scope string
	Outline                       []outlineEntry
	Blocks                        []block
	Timeline                      []moment
	Versions                      []versionView
	Cut                           bool // the text is too long to show whole
}

type outlineEntry struct {
	Anchor, Name string
	Deep         bool
}

// block is one line of a document: a heading, an article's first line (with its anchor), or any other.
type block struct {
	Level         int
	Anchor, Label string
	Hit           bool
	Runs          []run
}

type moment struct{ Name, Date, Tone string }

type versionView struct {
	Name, Href, Status, Detail string
	Current                    bool
}

// maxLines keeps a page from growing beyond what a browser can show.
const maxLines = 20000

func (s *Server) document(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return errNoDocument
	}
	version, _ := strconv.ParseInt(r.URL.Query().Get("v"), 10, 64) // without one: the version in force
	on := corpus.Today(s.rooms.Now())
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
	page := documentPage{Page: s.page(r, actor, "corpus", v.Title), Heading: v.Title, Status: v.Status(on), Facts: facts(v.DocNumber, v.Issuer, v.Level)}
	if v.Scope != accounts.PublicScope {
		page.Scope = v.Scope
	}
	page.Blocks, page.Outline, page.Cut = lay(v, r.URL.Query().Get("q"))
	page.Timeline = timeline(v, on)
	days := map[corpus.Date]int{}
	for _, h := range history {
		days[h.Effective]++
	}
	for _, h := range history {
		vv := viewVersion(id, h, v.ID)
		if days[h.Effective] > 1 { // the parts of one text, each a file of its own
			vv.Name = strings.TrimSuffix(path.Base(h.Path), path.Ext(h.Path))
		}
		page.Versions = append(page.Versions, vv)
	}
	return s.show(w, http.StatusOK, "document", page)
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

func viewVersion(document int64, h corpus.ShownVersion, shown int64) versionView {
	v := versionView{Name: string(h.Effective) + " 起", Status: h.Status, Current: h.VersionID == shown, Href: fmt.Sprintf("/corpus/%d?v=%d", document, h.VersionID)}
	if h.Effective == "" {
		v.Name = "施行日期未注明"
	}
	v.Detail = h.DocNumber
	if h.Articles > 0 {
		v.Detail = facts(v.Detail, fmt.Sprintf("%d 条", h.Articles))
	}
	return v
}

func timeline(v corpus.VersionView, on corpus.Date) (moments []moment) {
	add := func(name string, d corpus.Date, tone string) {
		if d != "" {
			if d > on {
				tone = ""
			}
			moments = append(moments, moment{name, string(d), tone})
		}
	}
	add("发布", v.Issued, "")
	add("施行", v.Effective, "on")
	add("失效", v.Repealed, "off")
	if len(moments) == 0 {
		moments = append(moments, moment{"日期未注明", "检索时标明“效力未注明”", ""})
	}
	return moments
}

var headingLine = regexp.MustCompile(`^\s*第[〇零一二三四五六七八九十百千0-9]+(分编|编|章|节)(\s|　|$)`)

// lay cuts a version into lines with anchors at articles and highlights quote.
func lay(v corpus.VersionView, quote string) (blocks []block, outline []outlineEntry, cut bool) {
	from, to := locate(v, "", quote)
	next, headings := 0, false
	for at := 0; at < len(v.Text); {
		end := len(v.Text)
		if i := strings.IndexByte(v.Text[at:], '\n'); i >= 0 {
			end = at + i
		}
		line := v.Text[at:end]
		if len(blocks) >= maxLines {
			return blocks, outline, true
		}
		b := block{}
		for next < len(v.Provisions) && v.Provisions[next].Start < end {
			if v.Provisions[next].Start >= at && b.Anchor == "" {
				b.Anchor = v.Provisions[next].Label
				outline = append(outline, outlineEntry{Anchor: b.Anchor, Name: b.Anchor, Deep: true})
			}
			next++
		}
		switch {
		case strings.TrimSpace(line) == "":
		case b.Anchor == "" && len(line) < 120 && headingLine.MatchString(line):
			b.Level, b.Label = 2, strings.TrimSpace(line)
			b.Anchor = fmt.Sprintf("h%d", at)
			headings = true
			outline = append(outline, outlineEntry{Anchor: b.Anchor, Name: b.Label})
			blocks = append(blocks, b)
		default:
			b.Hit = from < end && to > at
			start := at
			b.Runs = runsOf(line, func(i int) bool { return start+i >= from && start+i < to })
			blocks = append(blocks, b)
		}
		at = end + 1
	}
	if headings && len(outline) > 60 { // a code's thousand articles do not fit beside it; its chapters do
		var short []outlineEntry
		for _, e := range outline {
			if !e.Deep {
				short = append(short, e)
			}
		}
		outline = short
	}
	return blocks, outline, false
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
