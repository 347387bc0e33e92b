package web

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"advisor/advice"
	"advisor/chat"
)

// draftView is a draft as the page shows it: its label is part of its frame.
type draftView struct {
	ID, Revision             string
	Frame, Mark, Label       string // the frame's class, sign and words
	Facts, Notice            string
	Declined                 bool
	Conclusion, Reason, Hash string
	Claims, Doubtful         []claimView
	Sections                 []section
	// What the chat shows below.
	CanSubmit                                   bool
	Review, ReviewState, ReviewTone, ReviewNext string
	Steps                                       []stepView
	Rated                                       *chat.Feedback
}

// Reasons are what may be wrong with an answer.
func (*draftView) Reasons() []chat.Reason { return chat.Reasons }

type section struct {
	Name  string
	Items []string
}

type claimView struct {
	Number                     int
	Text, Support, Role, Doubt string
	Cites                      []citeView
}

// citeView is one citation: where it leads, and where its source is shown beside.
type citeView struct {
	Number                                               int
	Title, Provision, Quote, Status, Detail, Href, Panel string
	Field                                                string // its name in the form of changes
}

// standing is how far a draft's text has come; it decides the frame.
type standing struct {
	State  string // a review's state, "" when nobody asked for one
	Number string // of the application or, before that, of the review
	Date   string
	Edited bool // experts changed the machine's text
}

// frame gives the frame of a text: amber while it is a machine's or not yet
// decided, green once approved, red when refused or when its basis fell away.
func (st standing) frame(label string) (class, mark, words string) {
	switch st.State {
	case "approved", "approved-edited":
		return "approved", "✓", fmt.Sprintf("专家审议通过 · 审议 #%s · %s", st.Number, st.Date)
	case "applied":
		return "approved", "✓", fmt.Sprintf("已采纳落实 · 台账第 %s 号 · %s", st.Number, st.Date)
	case "stale":
		return "stale", "✕", "依据已失效 · 须重新审议"
	case "suspended":
		return "stale", "✕", "已中止执行"
	case "rejected":
		return "refused", "✕", "已被专家组否决 · 不得采用"
	}
	if st.Edited {
		return "machine", "◇", "专家修改稿 · 尚未通过审议"
	}
	if label == "" {
		label = advice.Label
	}
	return "machine", "◇", label
}

// viewBody makes the page's view of a text.
func viewBody(id int64, revision int, hash string, b advice.Body, st standing) *draftView {
	v := &draftView{ID: strconv.FormatInt(id, 10), Revision: strconv.Itoa(revision), Hash: hash, Conclusion: b.Conclusion}
	v.Frame, v.Mark, v.Label = st.frame(b.Label)
	n, documents := 0, map[int64]bool{}
	for i, c := range b.Claims {
		cv := claimView{Number: i + 1, Text: c.Text, Support: c.Support, Role: c.Role, Doubt: c.Doubt}
		for j, cite := range c.Citations {
			n++
			documents[cite.DocumentID] = true
			cv.Cites = append(cv.Cites, viewCite(n, fmt.Sprintf("cite-%d-%d", i+1, j+1), cite))
		}
		if c.Support == advice.Quoted && len(c.Citations) > 0 && c.Text == c.Citations[0].Quote {
			cv.Text = "" // the quotation says it already
		}
		if c.Support == advice.Unsupported {
			v.Doubtful = append(v.Doubtful, cv)
		} else {
			v.Claims = append(v.Claims, cv)
		}
	}
	for _, sec := range b.Sections() {
		v.Sections = append(v.Sections, section{sec.Head, sec.Items})
	}
	if n > 0 {
		v.Facts = fmt.Sprintf("%d 处依据 · %d 份文件", n, len(documents))
		if b.On != "" {
			v.Facts += " · 按 " + string(b.On) + " 的规定"
		}
	}
	return v
}

// viewAnswer is viewBody for what the chat got.
func viewAnswer(a advice.Answer, st standing) *draftView {
	v := viewBody(a.DraftID, a.Revision, a.Hash, a.Body, st)
	v.Notice = a.Notice
	v.Declined = a.Status == advice.Declined
	if v.Declined {
		v.Reason, v.Label, v.Mark = a.Reason, "不予作答 · 文件库中没有足够依据", "◇"
		if v.Conclusion == "" {
			v.Conclusion = "本次不予作答"
		}
	}
	var facts []string
	if v.Facts != "" {
		facts = append(facts, v.Facts)
	}
	if a.TookMS > 0 {
		facts = append(facts, "用时 "+seconds(a.TookMS))
	}
	if a.Drafter == advice.Model && a.Model != "" {
		facts = append(facts, "模型 "+a.Model)
	}
	v.Facts = strings.Join(facts, " · ")
	return v
}

func seconds(ms float64) string {
	if ms < 1000 {
		return fmt.Sprintf("%.0f 毫秒", ms)
	}
	return fmt.Sprintf("%.1f 秒", ms/1000)
}

func viewCite(n int, field string, c advice.Citation) citeView {
	v := citeView{Number: n, Field: field, Title: c.Title, Provision: c.Provision, Quote: c.Quote, Status: c.Status}
	var detail []string
	if c.DocNumber != "" {
		detail = append(detail, c.DocNumber)
	}
	if c.Effective != "" {
		detail = append(detail, string(c.Effective)+" 起施行")
	}
	if c.Repealed != "" {
		detail = append(detail, string(c.Repealed)+" 失效")
	}
	v.Detail = strings.Join(detail, " · ")
	q := url.Values{"v": {strconv.FormatInt(c.VersionID, 10)}, "q": {clip(c.Quote, 300)}, "p": {c.Provision}}
	v.Panel = "/source?" + q.Encode()
	q.Del("p")
	v.Href = fmt.Sprintf("/corpus/%d?%s#%s", c.DocumentID, q.Encode(), url.PathEscape(article(c.Provision)))
	return v
}

// article is a provision without its 款 and 项: the anchor on the document's page.
func article(provision string) string {
	i := strings.Index(provision, "条")
	if i < 0 {
		return provision
	}
	end := i + len("条")
	if rest := provision[end:]; strings.HasPrefix(rest, "之") {
		for _, r := range rest {
			if !strings.ContainsRune("之一二三四五六七八九十百", r) {
				break
			}
			end += len(string(r))
		}
	}
	// 条目3 of an amendment keeps its number.
	if strings.HasPrefix(provision[i:], "条目") {
		return provision
	}
	return provision[:end]
}

// clip keeps the first n characters.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n])
}
