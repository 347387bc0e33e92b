package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/experts"
)

type boardPage struct {
	Page
	Tiles   []tile
	Pressed []pressedRow
	Loads   []loadRow
	Stale   int
}

type tile struct {
	Name, Tone string
	Count      int
	Href       string
}

type pressedRow struct {
	ID, Title, State, Tone, Since, Due, Next string
	Overdue                                  bool
}

type loadRow struct {
	Name  string
	Open  int
	Share int
}

// boardStates are the tiles, in the order of a review's way.
var boardStates = []experts.State{experts.Screened, experts.Routed, experts.Round1, experts.Deliberating, experts.Round2, experts.Stalled,
	experts.Approved, experts.ApprovedEdited, experts.Legality, experts.Deliberated, experts.Decided, experts.Applied, experts.Stale, experts.Suspended}

// board is the office's and the chair's view of everything under way.
func (s *Server) board(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	b, err := s.rooms.Desk.Board(r.Context(), actor)
	if err != nil {
		return err
	}
	page := boardPage{Page: s.page(r, actor, "reviews", "审议总览"), Stale: b.Stale}
	for _, st := range boardStates {
		if n := b.States[st]; n > 0 {
			page.Tiles = append(page.Tiles, tile{experts.Word(st), tone(st), n, "/reviews?state=" + string(st)})
		}
	}
	for _, p := range b.Pressed {
		row := pressedRow{ID: strconv.FormatInt(p.ReviewID, 10), Title: clip(p.Title, 60), State: experts.Word(p.State), Tone: tone(p.State), Since: when(p.Since), Next: p.Next, Overdue: p.Overdue}
		if p.Due != nil {
			row.Due = when(*p.Due)
		}
		if row.Title == "" {
			row.Title = "（您无权查阅内容）"
		}
		page.Pressed = append(page.Pressed, row)
	}
	most := 1
	for _, l := range b.Loads {
		most = max(most, l.Open)
	}
	for _, l := range b.Loads {
		page.Loads = append(page.Loads, loadRow{l.Name, l.Open, 100 * l.Open / most})
	}
	return s.show(w, http.StatusOK, "board", page)
}

type learnedPage struct {
	Page
	Agreement []figure
	Caught    string
	Kinds     []figure
	Drafts    []draftFigures
	Experts   []expertFigures
	Cases     map[string]int
}

type figure struct{ Name, Value, Note string }

type draftFigures struct{ Name, Reviews, Approved, Unedited, Distance, Reasons string }

type expertFigures struct{ Name, Seats, Open, Ballots, Minutes, Late, Caught, Recusals string }

// learned shows what the committee's work tells about the machine and about itself.
func (s *Server) learned(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	l, err := s.rooms.Desk.Learned(r.Context(), actor)
	if err != nil {
		return err
	}
	page := learnedPage{Page: s.page(r, actor, "reviews", "审议统计"), Cases: l.Cases, Caught: rate(l.Caught)}
	for _, m := range []struct{ key, name, note string }{{"nominal", "赞成、中立、反对", "只看方向"}, {"ordinal", "五级分值（按次序）", "相邻分值算作接近"}, {"interval", "五级分值（按差距）", "差两级比差一级远"}} {
		a := l.Agreement[m.key]
		f := figure{m.name, "样本不足", fmt.Sprintf("%s；%d 件，%d 张票", m.note, a.Units, a.Values)}
		if a.Enough {
			f.Value = fmt.Sprintf("α = %.3f（95%% 区间 %.3f 至 %.3f）", a.Alpha, a.Low, a.High)
		}
		page.Agreement = append(page.Agreement, f)
	}
	for _, k := range l.Calibration {
		page.Kinds = append(page.Kinds, figure{seedWords[k.Kind], rate(k.Rate), ""})
	}
	for _, d := range l.Drafts {
		name := "摘录"
		if d.Model != "" {
			name = d.Model
		}
		if d.Prompt != "" {
			name += " · " + clip(d.Prompt, 24)
		}
		page.Drafts = append(page.Drafts, draftFigures{name, fmt.Sprint(d.Reviews), rate(d.Approved), rate(d.Unedited), fmt.Sprintf("%.0f%%", 100*d.Distance), reasonCounts(d.Reasons)})
	}
	for _, e := range l.Experts {
		f := expertFigures{e.Name, fmt.Sprint(e.Seats), fmt.Sprint(e.Open), fmt.Sprint(e.Ballots), "—", rate(e.Late), rate(e.Caught), fmt.Sprint(e.Recusals)}
		if e.Minutes > 0 {
			f.Minutes = fmt.Sprintf("%.0f 分钟", e.Minutes)
		}
		page.Experts = append(page.Experts, f)
	}
	return s.show(w, http.StatusOK, "learned", page)
}

var seedWords = map[string]string{"number": "数字、期限", "modal": "应当与可以", "party": "主体", "provision": "条款号", "negation": "肯定与否定", "repealed": "引用失效条文", "other": "其他"}

// rate writes a share with its interval; of nothing, a dash.
func rate(r experts.Rate) string {
	if r.Of == 0 {
		return "—"
	}
	return fmt.Sprintf("%d/%d（%.0f%%，区间 %.0f%% 至 %.0f%%）", r.Hits, r.Of, 100*r.Share, 100*r.Low, 100*r.High)
}

// reasonCounts lists the reasons given, most frequent first.
func reasonCounts(reasons map[string]int) string {
	words := map[string]string{}
	for _, c := range experts.ReasonWords {
		words[c.Code] = c.Words
	}
	codes := make([]string, 0, len(reasons))
	for code := range reasons {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b string) int { return cmp.Or(reasons[b]-reasons[a], strings.Compare(a, b)) })
	var list []string
	for _, code := range codes {
		word := words[code]
		if word == "" {
			word = code
		}
		list = append(list, fmt.Sprintf("%s %d", word, reasons[code]))
	}
	return strings.Join(list, "、")
}
