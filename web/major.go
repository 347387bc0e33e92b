package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/experts"
	"advisor/internal/problem"
)

// majorView is what a major decision (tier 2) has beside its votes, and the
// forms of what may be done now.
type majorView struct {
	Labels   []labelRow
	Comments []commentRow
	Meetings []meetingRow
	Missing  []string
	Due      string

	CanLabel, CanComment, CanRefer, CanFind, CanMeet, CanDecide, CanAgain, CanRecuse, CanDelegate, CanAnswer bool
}

type labelRow struct{ Name, Result, Text, Tone string }

type commentRow struct {
	Number                    int
	From, Text, As, Why, Tone string
}

type meetingRow struct {
	Title, Record, Decision, Reason string
	Members                         []attendeeRow
}

type attendeeRow struct{ Name, View, Said string }

var labelNames = map[experts.Kind]string{experts.Public: "公众参与", experts.Hearing: "听证", experts.Risk: "风险评估", experts.Fair: "公平竞争审查", experts.Lawful: "合法性审查", experts.Evidence: "其他材料"}

var resultNames = map[string]string{"done": "已完成", "exempt": "依法不适用", "low": "低风险", "medium": "中风险", "high": "高风险", "uncontrollable": "风险不可控",
	"passed": "通过", "not-concerned": "不涉及", "failed": "未通过", "cleared": "合法", "cleared-with-risk": "合法，有风险提示", "sent-back": "退回修改", "attached": "已附"}

var (
	decisionNames = map[experts.Decision]string{experts.Adopt: "通过", experts.Refuse: "不予通过", experts.Revise: "修改后再议", experts.Postpone: "暂缓"}
	viewNames     = map[string]string{"for": "同意", "against": "不同意", "abstain": "保留意见"}
	adoptionNames = map[experts.Adoption]string{experts.Adopted: "采纳", experts.PartAdopt: "部分采纳", experts.NotAdopted: "不采纳"}
)

// viewMajor gives nil when there is nothing of it to show.
func viewMajor(v experts.View) *majorView {
	may := func(e experts.Event) bool { return slices.Contains(v.Acts, e) }
	m := &majorView{Missing: v.Missing, CanLabel: may(experts.Label), CanComment: may(experts.Comment), CanRefer: may(experts.Refer), CanFind: may(experts.Legal),
		CanMeet: may(experts.Meet), CanDecide: may(experts.Decide), CanAgain: may(experts.Again), CanRecuse: may(experts.Recuse), CanDelegate: may(experts.Delegate)}
	m.CanAnswer = m.CanComment
	if v.Due != nil {
		m.Due = when(*v.Due)
	}
	for _, l := range v.Labels {
		tone := "ok"
		if slices.Contains([]string{"high", "uncontrollable", "failed", "sent-back"}, l.Result) {
			tone = "stop"
		}
		m.Labels = append(m.Labels, labelRow{labelNames[l.Kind], resultNames[l.Result], l.Text, tone})
	}
	for _, c := range v.Comments {
		row := commentRow{Number: c.Number, From: c.From, Text: c.Text, As: "待答复", Tone: "wait"}
		if c.As != "" {
			row.As, row.Why, row.Tone = adoptionNames[c.As], c.Reason, "ok"
		}
		m.Comments = append(m.Comments, row)
	}
	for _, x := range v.Meetings {
		row := meetingRow{Title: strings.TrimSpace(x.Kind + " " + x.Date + " " + x.Place), Record: x.Record, Decision: decisionNames[x.Decision], Reason: x.Reason}
		for _, a := range x.Members {
			name := strings.TrimSpace(a.Post + " " + a.Name)
			if a.Head {
				name += "（末位发言）"
			}
			view := viewNames[a.View]
			if a.Absent {
				view = "缺席"
			}
			row.Members = append(row.Members, attendeeRow{name, view, a.Said})
		}
		m.Meetings = append(m.Meetings, row)
	}
	return m
}

// Shown says whether there is anything to show or do.
func (m *majorView) Shown() bool {
	return m != nil && (len(m.Labels)+len(m.Comments)+len(m.Meetings)+len(m.Missing) > 0 || m.Office() || m.CanFind || m.CanDecide)
}

// Office says whether the office has a form here.
func (m *majorView) Office() bool { return m.CanLabel || m.CanComment || m.CanRefer || m.CanMeet }

func (s *Server) again(r *http.Request, actor accounts.Account, id int64) error {
	_, err := s.rooms.Desk.Again(r.Context(), actor, id)
	return err
}

func (s *Server) recuse(r *http.Request, actor accounts.Account, id int64) error {
	_, err := s.rooms.Desk.Recuse(r.Context(), actor, id, tidy(r.PostFormValue("expert")), r.PostFormValue("text"))
	return err
}

func (s *Server) delegate(r *http.Request, actor accounts.Account, id int64) error {
	_, err := s.rooms.Desk.Delegate(r.Context(), actor, id, tidy(r.PostFormValue("to")))
	return err
}

func mark(r *http.Request) experts.Mark {
	return experts.Mark{Kind: experts.Kind(r.PostFormValue("kind")), Result: r.PostFormValue("result"), Hash: r.PostFormValue("hash"), Text: tidy(r.PostFormValue("text")),
		From: tidy(r.PostFormValue("from")), Until: tidy(r.PostFormValue("until")), Short: tidy(r.PostFormValue("short")),
		Power: tidy(r.PostFormValue("power")), Process: tidy(r.PostFormValue("process")), Content: tidy(r.PostFormValue("content"))}
}

func (s *Server) label(r *http.Request, actor accounts.Account, id int64) error {
	// One choice names kind and result together, so that no pair can be wrong.
	m := mark(r)
	if kind, result, ok := strings.Cut(r.PostFormValue("label"), ":"); ok {
		m.Kind, m.Result = experts.Kind(kind), result
	}
	_, err := s.rooms.Desk.Label(r.Context(), actor, id, m)
	return err
}

func (s *Server) comment(r *http.Request, actor accounts.Account, id int64) error {
	if typed := r.PostFormValue("number"); typed != "" {
		n, err := strconv.Atoi(typed)
		if err != nil {
			return problem.New(problem.NotFound, "no-comment", "没有受理", "没有这一条公众意见", "请核对序号")
		}
		_, err = s.rooms.Desk.AnswerComment(r.Context(), actor, id, n, experts.Adoption(r.PostFormValue("as")), r.PostFormValue("reason"))
		return err
	}
	_, err := s.rooms.Desk.Comment(r.Context(), actor, id, tidy(r.PostFormValue("from")), r.PostFormValue("text"))
	return err
}

func (s *Server) refer(r *http.Request, actor accounts.Account, id int64) error {
	days, _ := strconv.Atoi(tidy(r.PostFormValue("workdays"))) // none: as the policy has it; the room refuses what is not lawful
	_, err := s.rooms.Desk.Refer(r.Context(), actor, id, r.PostFormValue("hash"), days, r.PostFormValue("short"))
	return err
}

func (s *Server) legality(r *http.Request, actor accounts.Account, id int64) error {
	m := mark(r)
	m.Kind = experts.Lawful
	_, err := s.rooms.Desk.Find(r.Context(), actor, id, m)
	return err
}

func (s *Server) meeting(r *http.Request, actor accounts.Account, id int64) error {
	m := experts.Meeting{Hash: r.PostFormValue("hash"), Kind: r.PostFormValue("kind"), Date: tidy(r.PostFormValue("date")), Place: tidy(r.PostFormValue("place")), Record: tidy(r.PostFormValue("record"))}
	for _, line := range items(r.PostFormValue("members")) {
		m.Members = append(m.Members, attendee(line))
	}
	_, err := s.rooms.Desk.Meet(r.Context(), actor, id, m)
	return err
}

// attendee reads one line: 职务 姓名｜同意、不同意、保留或缺席｜原话. The head is the last line.
func attendee(line string) experts.Attendee {
	parts := strings.FieldsFunc(line, func(c rune) bool { return c == '|' || c == '｜' })
	for len(parts) < 3 {
		parts = append(parts, "")
	}
	a := experts.Attendee{Said: strings.TrimSpace(parts[2])}
	words := strings.Fields(parts[0])
	if len(words) > 0 {
		a.Name, a.Post = words[len(words)-1], strings.Join(words[:len(words)-1], " ")
	}
	if post, ok := strings.CutSuffix(a.Post, "（行政首长）"); ok {
		a.Post, a.Head = post, true
	}
	switch word := strings.TrimSpace(parts[1]); {
	case word == "缺席":
		a.Absent = true
	case strings.HasPrefix(word, "不同意"):
		a.View = "against"
	case strings.HasPrefix(word, "同意"):
		a.View = "for"
	case strings.HasPrefix(word, "保留"):
		a.View = "abstain"
	}
	return a
}

func (s *Server) decide(r *http.Request, actor accounts.Account, id int64) error {
	_, err := s.rooms.Desk.Decide(r.Context(), actor, id, r.PostFormValue("hash"), experts.Decision(r.PostFormValue("decision")), r.PostFormValue("reason"))
	return err
}

// ratings reads the ratings of the three dimensions; nil when none was given.
func ratings(r *http.Request) *experts.Marks {
	number := func(name string) int { n, _ := strconv.Atoi(r.PostFormValue(name)); return n } // what is no number is refused as out of range
	if r.PostFormValue("necessity") == "" && r.PostFormValue("feasibility") == "" && r.PostFormValue("soundness") == "" {
		return nil
	}
	return &experts.Marks{Necessity: number("necessity"), Feasibility: number("feasibility"), Soundness: number("soundness")}
}
