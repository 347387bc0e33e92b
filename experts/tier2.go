package experts

import (
	"fmt"
	"slices"
	"time"

	"advisor/corpus"
	"advisor/experts/calendar"
)

// Kind is what a label is about: the duties that the statute puts beside the
// experts' votes. No vote sets a label and no label is a vote.
type Kind string

// The labels.
const (
	Public   Kind = "public"   // 公众参与，第十四至十八条
	Hearing  Kind = "hearing"  // 听证，第十六条
	Risk     Kind = "risk"     // 风险评估，第二十二至二十四条
	Fair     Kind = "fair"     // 公平竞争审查，第二十九条
	Lawful   Kind = "legality" // 合法性审查，第二十五至二十八条
	Evidence Kind = "evidence" // 其他材料，第二十九条第六项
)

// labelResults are the results that each label can have.
var labelResults = map[Kind][]string{
	Public:   {"done", "exempt"},
	Hearing:  {"done", "exempt"},
	Risk:     {"low", "medium", "high", "uncontrollable", "exempt"},
	Fair:     {"passed", "not-concerned", "failed"},
	Lawful:   {string(Cleared), string(ClearedWithRisk), string(SentBack)},
	Evidence: {"attached"},
}

// Finding is what the legal section found of one text.
type Finding string

// The findings.
const (
	Cleared         Finding = "cleared"
	ClearedWithRisk Finding = "cleared-with-risk"
	SentBack        Finding = "sent-back"
)

func (f Finding) clears() bool { return f == Cleared || f == ClearedWithRisk }

// Decision is what the head decided after the deliberation.
type Decision string

// The decisions.
const (
	Adopt    Decision = "adopt"
	Refuse   Decision = "refuse"
	Revise   Decision = "revise"
	Postpone Decision = "postpone"
)

// Mark is one label on a review. The latest of a kind counts; that of the legal
// section only for the text it names.
type Mark struct {
	Kind    Kind   `json:"kind"`
	Result  string `json:"result"`
	Hash    string `json:"hash"`
	Account int64  `json:"-"`
	Text    string `json:"text"`
	From    string `json:"from,omitempty"`  // a period, or when papers were sent
	Until   string `json:"until,omitempty"` // its end, or when the hearing was held
	Short   string `json:"short,omitempty"` // why a statutory period was cut short
	Power   string `json:"power,omitempty"` // the three questions of article 27
	Process string `json:"process,omitempty"`
	Content string `json:"content,omitempty"`
	Paper   int64  `json:"paper,string,omitempty"`
}

// label is the latest of a kind, nil when there is none.
func (c *Case) label(kind Kind) *Mark {
	for i := len(c.Labels) - 1; i >= 0; i-- {
		if m := &c.Labels[i]; m.Kind == kind && (kind != Lawful || m.Hash == c.Hash) {
			return m
		}
	}
	return nil
}

func (c *Case) finding() Finding {
	if m := c.label(Lawful); m != nil {
		return Finding(m.Result)
	}
	return ""
}

// missing lists what the statute wants on record before the legal section is asked.
func (c *Case) missing() (lack []string) {
	for _, need := range c.Policy.Needs {
		m := c.label(Kind(need))
		switch {
		case Kind(need) == Lawful:
		case m == nil:
			lack = append(lack, "尚无"+LabelWord(Kind(need))+"的记载")
		case m.Kind == Risk && m.Result == "uncontrollable":
			lack = append(lack, "风险评估认为风险不可控，应当先调整草案再行评估")
		case m.Kind == Fair && m.Result == "failed":
			lack = append(lack, "公平竞争审查未通过")
		}
	}
	if n := c.unansweredComments(); n > 0 {
		lack = append(lack, fmt.Sprintf("有 %d 条公众意见尚未说明采纳情况", n))
	}
	return lack
}

func (c *Case) unansweredComments() (n int) {
	for _, p := range c.Comments {
		if p.As == "" {
			n++
		}
	}
	return n
}

// answered says that every opinion has its disposition: article 29 wants the
// adoption of experts' and the public's opinions reported to the meeting.
func (c *Case) answered() bool {
	return c.unansweredComments() == 0 && !slices.ContainsFunc(c.Opinions, func(o Opinion) bool { return o.As == "" })
}

// mark puts a label on the review. The statute's periods may be cut short only
// with a reason.
func (c *Case) mark(m Mark) error {
	if err := c.clear(m.Account); err != nil {
		return err
	}
	if err := c.place(Label); err != nil {
		return err
	}
	results, known := labelResults[m.Kind]
	switch {
	case !known || m.Kind == Lawful:
		return badLabel
	case !slices.Contains(results, m.Result):
		return badLabel.Because(fmt.Errorf("%s", m.Result))
	case m.Text == "":
		return textNeeded
	}
	if err := m.period(); err != nil {
		return err
	}
	m.Hash = c.Hash
	c.Labels = append(c.Labels, m)
	return c.step(Label)
}

// The statute's periods, articles 15, 16 and 26.
const (
	publicDays   = 30 // calendar days of public comment
	hearingDays  = 7  // calendar days from the papers to the hearing
	legalityDays = 7  // working days for the legal section
)

func (m Mark) period() error {
	least := map[Kind]int{Public: publicDays, Hearing: hearingDays}[m.Kind]
	if least == 0 || m.Result != "done" {
		return nil
	}
	from, err := time.ParseInLocation(time.DateOnly, m.From, corpus.Zone)
	until, err2 := time.ParseInLocation(time.DateOnly, m.Until, corpus.Zone)
	if err != nil || err2 != nil || until.Before(from) {
		return badPeriod
	}
	if calendar.Days(from, until) < least && m.Short == "" {
		return shortened.because(fmt.Sprintf("%s一般不少于 %d 日，现为 %d 日", LabelWord(m.Kind), least, calendar.Days(from, until)))
	}
	return nil
}

// refer sends the approved text to the legal section, with the day its finding
// is due. Less than seven working days need a reason.
func (c *Case) refer(account int64, hash string, workdays int, short string) error {
	if err := c.clear(account); err != nil {
		return err
	}
	if err := c.place(Refer); err != nil {
		return err
	}
	if err := c.present(hash); err != nil {
		return err
	}
	if lack := c.missing(); len(lack) > 0 {
		return notReady.because(sentence(lack))
	}
	if workdays < legalityDays && short == "" {
		return shortened.because(fmt.Sprintf("合法性审查一般不少于 %d 个工作日，现为 %d 个", legalityDays, workdays))
	}
	if workdays < 1 {
		return badPeriod
	}
	return c.step(Refer)
}

// find records the legal section's finding on exactly the text it read. Whoever
// sits on the panel, asked or wrote the text cannot give it.
func (c *Case) find(m Mark) error {
	if err := c.place(Legal); err != nil {
		return err
	}
	for _, s := range c.Seats {
		if c.same(s.Account, m.Account) {
			return legalOnPanel
		}
	}
	if c.same(m.Account, c.Asker) || c.same(m.Account, c.Author) && !c.Machine {
		return legalOnPanel
	}
	if err := c.present(m.Hash); err != nil {
		return err
	}
	m.Kind = Lawful
	switch {
	case !slices.Contains(labelResults[Lawful], m.Result):
		return badLabel.Because(fmt.Errorf("%s", m.Result))
	case m.Text == "" || m.Power == "" || m.Process == "" || m.Content == "":
		return threeQuestions
	}
	c.Labels = append(c.Labels, m)
	return c.step(Legal)
}

// Meeting is the record of one deliberation on one text.
type Meeting struct {
	Number    int        `json:"number"`
	Hash      string     `json:"hash"`
	Kind      string     `json:"kind"` // 常务会议 or 全体会议
	Date      string     `json:"date"`
	Place     string     `json:"place"`
	Members   []Attendee `json:"members"` // in the order in which they spoke; the absent anywhere
	Record    string     `json:"record"`
	Paper     int64      `json:"paper,string,omitempty"` // the signed minutes
	EnteredBy int64      `json:"-"`
	Decision  Decision   `json:"decision"`
	Reason    string     `json:"reason"`
	Against   bool       `json:"against_majority"`
	DecidedBy int64      `json:"-"`
}

// Attendee is one member of the deciding body.
type Attendee struct {
	Name   string `json:"name"`
	Post   string `json:"post"`
	Absent bool   `json:"absent,omitempty"`
	Head   bool   `json:"head,omitempty"`
	View   string `json:"view"` // for, against, abstain
	Said   string `json:"said"` // as spoken; needed from whoever is against
}

// check says whether the record shows a lawful deliberation (article 30).
func (m Meeting) check() error {
	heads, present := 0, 0
	last := -1
	for i, a := range m.Members {
		switch {
		case a.Name == "":
			return badMeeting.because("有出席人员没有写姓名")
		case a.Absent:
			if a.Head {
				return badMeeting.because("行政首长缺席，不能作出决定")
			}
			continue
		case a.View != "for" && a.View != "against" && a.View != "abstain":
			return badMeeting.because(a.Name + "没有表明意见：会议组成人员应当充分发表意见")
		case a.View == "against" && a.Said == "":
			return badMeeting.because(a.Name + "持不同意见，其原话没有载明")
		}
		present++
		last = i
		if a.Head {
			heads++
		}
	}
	switch {
	case m.Kind == "" || m.Record == "":
		return badMeeting.because("没有写明会议名称或者讨论情况")
	case heads != 1:
		return badMeeting.because("应当有且只有一位行政首长")
	case !m.Members[last].Head:
		return badMeeting.because("行政首长应当最后发表意见")
	case present*2 <= len(m.Members):
		return badMeeting.because(fmt.Sprintf("应当有半数以上组成人员到会，现为 %d 人中的 %d 人", len(m.Members), present))
	}
	if _, err := time.Parse(time.DateOnly, m.Date); err != nil {
		return badMeeting.because("会议日期应写作 2026-01-01")
	}
	return nil
}

// majority is the view of more than half of those present beside the head; empty when there is none.
func (m Meeting) majority() string {
	count, present := map[string]int{}, 0
	for _, a := range m.Members {
		if !a.Absent && !a.Head {
			present++
			count[a.View]++
		}
	}
	for _, view := range []string{"for", "against"} {
		if count[view]*2 > present {
			return view
		}
	}
	return ""
}

// meet puts the deliberation on record.
func (c *Case) meet(m Meeting) error {
	if err := c.clear(m.EnteredBy); err != nil {
		return err
	}
	if err := c.place(Meet); err != nil {
		return err
	}
	if err := c.present(m.Hash); err != nil {
		return err
	}
	if err := m.check(); err != nil {
		return err
	}
	if !c.answered() {
		return unanswered
	}
	m.Number, m.Decision, m.Reason = len(c.Meetings)+1, "", ""
	c.Meetings = append(c.Meetings, m)
	return c.step(Meet)
}

// decide is the head's decision on the record that somebody else entered, which
// it thereby confirms. A decision against the majority says why.
func (c *Case) decide(account int64, hash string, d Decision, reason string) error {
	if err := c.clear(account); err != nil {
		return err
	}
	if err := c.place(Decide); err != nil {
		return err
	}
	if err := c.present(hash); err != nil {
		return err
	}
	m := &c.Meetings[len(c.Meetings)-1]
	if c.same(m.EnteredBy, account) {
		return ownRecord
	}
	against := d == Adopt && m.majority() == "against" || d == Refuse && m.majority() == "for"
	switch {
	case d != Adopt && d != Refuse && d != Revise && d != Postpone:
		return badDecision
	case against && reason == "":
		return againstMajority
	case d != Adopt && reason == "":
		return textNeeded
	}
	m.Decision, m.Reason, m.Against, m.DecidedBy = d, reason, against, account
	return c.step(Decide)
}

func (c *Case) decision() Decision {
	if n := len(c.Meetings); n > 0 && c.Meetings[n-1].Hash == c.Hash {
		return c.Meetings[n-1].Decision
	}
	return ""
}

// PublicComment is something the public said, and what became of it.
type PublicComment struct {
	Number int      `json:"number"`
	From   string   `json:"from"`
	Text   string   `json:"text"`
	As     Adoption `json:"adopted"`
	Reason string   `json:"reason"`
}

var labelWords = map[Kind]string{Public: "公开征求意见", Hearing: "听证", Risk: "风险评估", Fair: "公平竞争审查", Lawful: "合法性审查", Evidence: "其他材料"}

// LabelWord is a label's kind as people read it.
func LabelWord(k Kind) string { return labelWords[k] }

var resultWords = map[string]string{
	"done": "已履行", "exempt": "依法不适用", "low": "低风险", "medium": "中风险", "high": "高风险，可控", "uncontrollable": "风险不可控",
	"passed": "通过", "not-concerned": "不涉及市场主体经济活动", "failed": "未通过", "cleared": "合法", "cleared-with-risk": "可以提交讨论，须明示法律风险",
	"sent-back": "退回修改", "attached": "已附", "adopt": "通过", "refuse": "不予通过", "revise": "修改后再议", "postpone": "暂缓", "for": "同意", "against": "不同意", "abstain": "弃权",
	"yes": "采纳", "partly": "部分采纳", "no": "不采纳",
}

// ResultWord is a result, view, decision or disposition as people read it.
func ResultWord(r string) string { return resultWords[r] }
