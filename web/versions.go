package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/internal/problem"
	"advisor/segment"
)

type comparePage struct {
	Page
	Document, Heading string
	A, B              versionView
	Summary, Swap     string
	Rows              []compareRow
}

// compareRow is a provision that differs, or some that do not, folded away.
type compareRow struct {
	Kind, Tone, Name string
	Parts            []part
	Folded           string
	Same             []string
}

// compareVersions shows two versions of a document provision by provision.
func (s *Server) compareVersions(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return errNoDocument
	}
	a, err := s.versionOf(r, actor, id, "a")
	if err != nil {
		return err
	}
	b, err := s.versionOf(r, actor, id, "b")
	if err != nil {
		return err
	}
	on := corpus.Today(s.rooms.Now())
	page := comparePage{Page: s.page(r, actor, "corpus", b.Title+" 版本对照"), Document: strconv.FormatInt(id, 10), Heading: b.Title,
		A: named(a, on), B: named(b, on), Swap: fmt.Sprintf("/corpus/%d/compare?a=%d&b=%d", id, b.ID, a.ID)}
	page.Rows, page.Summary = compareProvisions(pieces(a), pieces(b), s.rooms.Segmenter.Words)
	return s.show(w, http.StatusOK, "compare", page)
}

func (s *Server) versionOf(r *http.Request, actor accounts.Account, document int64, field string) (corpus.VersionView, error) {
	n, err := strconv.ParseInt(r.URL.Query().Get(field), 10, 64)
	if err != nil {
		return corpus.VersionView{}, problem.New(problem.Invalid, "bad-version", "没有对照", "没有写明要对照的两个版本", "请从文件页的“版本”里选择")
	}
	v, err := s.rooms.Library.Version(r.Context(), actor.ID, n)
	if err != nil {
		return v, noDocument(err)
	}
	if v.DocumentID != document {
		return v, errNoDocument
	}
	return v, nil
}

func named(v corpus.VersionView, on corpus.Date) versionView {
	name := string(v.Effective) + " 起施行"
	if v.Effective == "" {
		name = "施行日期未注明"
	}
	return versionView{Name: facts(name, v.DocNumber), Status: v.Status(on), Href: fmt.Sprintf("/corpus/%d?v=%d", v.DocumentID, v.ID)}
}

// piece is a provision, or a paragraph of a text without any.
type piece struct{ label, text string }

func pieces(v corpus.VersionView) (out []piece) {
	for _, p := range v.Provisions {
		if p.End <= len(v.Text) {
			out = append(out, piece{p.Label, strings.TrimSpace(v.Text[p.Start:p.End])})
		}
	}
	if len(out) == 0 {
		for _, s := range paragraphs(v.Text) {
			out = append(out, piece{"", s})
		}
	}
	return out
}

// body is a provision's text without its number, which changes when others are
// put before it.
func (p piece) body() string {
	text := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(p.text), p.label))
	return strings.Join(strings.Fields(text), "")
}

// pair matches the provisions of two versions: equal texts first, in order, then
// between those what has most words in common, whatever its number.
func pair(a, b []piece) (with []int) {
	with = make([]int, len(b)) // the a of each b, -1 for a new one
	for i := range with {
		with[i] = -1
	}
	x, y := make([]string, len(a)), make([]string, len(b))
	for i, p := range a {
		x[i] = p.body()
	}
	for i, p := range b {
		y[i] = p.body()
	}
	i, j := 0, 0
	from, to := 0, 0
	fill := func() {
		pairAlike(x, y, from, i, to, j, with)
	}
	for _, e := range script(x, y) {
		switch e.kind {
		case "del":
			i++
		case "ins":
			j++
		default:
			fill()
			with[j] = i
			i, j = i+1, j+1
			from, to = i, j
		}
	}
	fill()
	return with
}

// leastAlike is the least share of common bigrams that makes two texts versions of
// one provision; below it one was struck and the other is new.
const leastAlike = 0.3

// pairAlike matches b[to:j] to a[from:i], keeping their order.
func pairAlike(a, b []string, from, i, to, j int, with []int) {
	for n := to; n < j; n++ {
		best, score := -1, leastAlike
		for m := from; m < min(i, from+40); m++ {
			if s := segment.Likeness(a[m], b[n]); s > score {
				best, score = m, s
			}
		}
		if best >= 0 {
			with[n] = best
			from = best + 1
		}
	}
}

// compareProvisions lists what changed, in the order of the later text.
func compareProvisions(a, b []piece, words func(string) []string) (rows []compareRow, summary string) {
	with := pair(a, b)
	taken := make([]bool, len(a))
	for _, i := range with {
		if i >= 0 {
			taken[i] = true
		}
	}
	added, changed, struck, moved := 0, 0, 0, 0
	var same []string
	flush := func() {
		if len(same) > 0 {
			rows = append(rows, compareRow{Folded: fmt.Sprintf("%d 条未变", len(same)), Same: same})
			same = nil
		}
	}
	next := 0 // the first of a not yet shown
	strike := func(until int) {
		for ; next < until; next++ {
			if !taken[next] {
				flush()
				struck++
				rows = append(rows, compareRow{Kind: "删去", Tone: "stop", Name: a[next].label, Parts: []part{{Runs: []run{{"del", a[next].text}}}}})
			}
		}
	}
	for j, p := range b {
		i := with[j]
		if i < 0 {
			flush()
			added++
			rows = append(rows, compareRow{Kind: "新增", Tone: "ok", Name: p.label, Parts: []part{{Runs: []run{{"ins", p.text}}}}})
			continue
		}
		strike(i)
		next = max(next, i+1)
		switch {
		case a[i].text == p.text:
			same = append(same, p.text)
		case a[i].body() == p.body():
			flush()
			moved++
			rows = append(rows, compareRow{Kind: "仅条号改变", Name: a[i].label + " → " + p.label})
		default:
			flush()
			changed++
			name := p.label
			if a[i].label != p.label {
				name = a[i].label + " → " + p.label
			}
			rows = append(rows, compareRow{Kind: "修改", Tone: "wait", Name: name, Parts: compare(a[i].text, p.text, words)})
		}
	}
	strike(len(a))
	flush()
	return rows, fmt.Sprintf("新增 %d 条，修改 %d 条，删去 %d 条，仅条号改变 %d 条", added, changed, struck, moved)
}
