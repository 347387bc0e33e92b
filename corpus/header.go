package corpus

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"advisor/corpus/format"
)

// readHeader reads what the text says of itself; what given states wins.
func readHeader(f *format.File, text string, lines []line, given Header) Header {
	r := headerReader{text: text, lines: lines}
	h := given
	for _, d := range []*Date{&h.Issued, &h.Effective, &h.Repealed} { // a bare year is no date
		if _, err := ParseDate(string(*d)); err != nil {
			*d = ""
		}
	}
	fill(&h.Title, r.title(f))
	top, tail := r.top(), r.tail()
	fill(&h.DocNumber, docNumber(top))
	fill(&h.Issuer, r.issuer(h.Title, top))
	if h.Issued == "" {
		h.Issued = r.issued(top, tail)
	}
	if h.Issued == "" { // 甲办法(2014-04-23).docx: keepers write it where the text leaves it out
		if m := nameDated.FindStringSubmatch(f.Meta["name"]); m != nil {
			h.Issued, _ = ParseDate(m[1])
		}
	}
	if h.Effective == "" {
		h.Effective = r.effective(top, h.Issued)
		if h.Effective < h.Issued && hasAny(strings.Join(top, ""), "修正", "修订") {
			h.Effective = "" // the closing clause is the first version's; this text holds from when it was issued
		}
	}
	if h.Repealed == "" {
		h.Repealed = r.expiry(h.Effective)
	}
	fill(&h.Level, levelOf(h))
	fill(&h.Kind, kindByName(h))
	return h
}

func fill(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

type headerReader struct {
	text  string
	lines []line
}

func (r headerReader) of(l line) string { return r.text[l.start:l.end] }

// top is the text before the first numbered line, at most forty lines.
func (r headerReader) top() []string {
	var top []string
	for i, l := range r.lines {
		if i >= 40 || l.mark.unit != "" && i > 0 {
			break
		}
		if l.end-l.start < 1200 {
			top = append(top, r.of(l))
		}
	}
	return top
}

// tail is the last fifteen lines, where a 公文 is signed and dated.
func (r headerReader) tail() []string {
	var tail []string
	for _, l := range r.lines[max(0, len(r.lines)-15):] {
		if l.end-l.start < 200 {
			tail = append(tail, r.of(l))
		}
	}
	return tail
}

// title: the first level-1 heading, else what the format declares, else the
// first line or two that read as the name of a document, else the file's name.
func (r headerReader) title(f *format.File) string {
	for i, l := range r.lines {
		if i < 12 && l.kind == format.Heading && l.level == 1 && l.mark.unit == "" {
			return tidy(r.of(l))
		}
	}
	if t := r.named(); t != "" {
		return t
	}
	for i, l := range r.lines {
		if i < 5 && l.kind == format.Heading {
			return tidy(r.of(l))
		}
	}
	if t := tidy(f.Title); t != "" && utf8.RuneCountInString(t) <= 80 {
		return t
	}
	return tidy(f.Meta["name"])
}

var nameEnds = regexp.MustCompile(`(法典|法|条例|规定|办法|细则|规则|通知|意见|决定|决议|公告|通告|通报|批复|函|方案|规划|计划|纪要|解释|修正案|标准|规范|制度|清单|目录|指南|章程|准则|要点|报告|请示|议案|措施|预案)([（(][^（()）]{1,20}[)）])?$`)

// named joins the first lines until they end as documents' names do: a long
// title is often broken over two or three lines.
func (r headerReader) named() string {
	for i := range min(len(r.lines), 15) {
		joined := ""
		for j := i; j < min(i+3, len(r.lines)); j++ {
			s := tidy(r.of(r.lines[j]))
			if r.lines[j].mark.unit != "" || utf8.RuneCountInString(s) > 60 || strings.ContainsAny(s, "。；：！？") {
				break
			}
			joined += strings.ReplaceAll(s, " ", "")
			if nameEnds.MatchString(joined) && utf8.RuneCountInString(joined) >= 3 && utf8.RuneCountInString(joined) <= 100 {
				return joined
			}
			if docNumber([]string{s}) != "" || dated(s) {
				break
			}
		}
	}
	return ""
}

// tidy makes white space single, and drops it from letter-spaced titles: 关 于 印 发.
func tidy(s string) string {
	fields := strings.Fields(s)
	if len(fields) > 3 && utf8.RuneCountInString(strings.Join(fields, "")) < 2*len(fields) {
		return strings.Join(fields, "")
	}
	return strings.Join(fields, " ")
}

var (
	numberYear  = regexp.MustCompile(`[\p{Han}]{1,14}[〔\[［【（(](?:19|20)\d{2}[〕\]］】）)]第?\d{1,5}号`)
	numberOrder = regexp.MustCompile(`(?:[\p{Han}]{2,20}令)?第?[\p{Nd}一二三四五六七八九十百零〇]{1,6}号令?`)
)

// docNumber finds a 文号: 云政发〔2025〕3号, 国务院令第711号.
func docNumber(lines []string) string {
	for _, s := range lines {
		if !strings.Contains(s, "号") {
			continue
		}
		for _, field := range strings.Fields(s) { // after the issuer's name: 云川市人民政府 云政发〔2025〕3号
			if numberYear.FindString(field) == field && field != "" {
				return field
			}
		}
		s = squeeze(s)
		if utf8.RuneCountInString(s) > 80 {
			continue
		}
		if at := numberYear.FindStringIndex(s); at != nil && (at[0] == 0 || strings.HasSuffix(s, s[at[0]:at[1]]) || at[1]-at[0] > len(s)/2) {
			return s[at[0]:at[1]]
		}
	}
	for _, s := range lines {
		if s = squeeze(s); strings.Contains(s, "令") && utf8.RuneCountInString(s) < 60 {
			if m := numberOrder.FindString(s); strings.Contains(m, "令") {
				if i := strings.LastIndex(m, "中华人民共和国"); i > 0 {
					m = m[i:]
				}
				return strings.TrimPrefix(m, "日")
			}
		}
	}
	return ""
}

var issuers = regexp.MustCompile(`^(?:中共)?[\p{Han}、]{2,30}?(?:委员会|人民政府办公厅|人民政府办公室|人民政府|国务院办公厅|国务院|人民法院|人民检察院|办公厅|办公室|人民代表大会|管理局|总局|局|部|厅|委|中心|领导小组)`)

// congress finds a local legislature: 海州市第三届人民代表大会常务委员会.
var congress = regexp.MustCompile(`([\p{Han}]{2,10}?[省市县区州旗])(?:第[一二三四五六七八九十]{1,3}届)?(人民代表大会(?:常务委员会)?)`)

// issuedBy: 2024年3月20日云川市行政审批局印发; 发文机关：云川市行政审批局.
var issuedBy = regexp.MustCompile(`(?:\d日\s*|(?:发文机关|发布机关|制定机关|编写单位|印发单位)[：:]\s*)([\p{Han}、]{3,60}?)(?:印发|发布|公布|颁布|[\s，；）]|$)`)

// issuer: who signs, or whom the title or the note below it names.
func (r headerReader) issuer(title string, top []string) string {
	if before, _, ok := strings.Cut(title, "关于"); ok && utf8.RuneCountInString(before) >= 2 && issuers.MatchString(before) {
		for _, act := range []string{"转发", "批转", "印发"} { // 某办公室转发某局关于…的通知
			before, _, _ = strings.Cut(before, act)
		}
		return before
	}
	for _, s := range top {
		for _, body := range []string{"全国人民代表大会常务委员会", "全国人民代表大会", "最高人民法院", "最高人民检察院"} {
			if dated(s) && strings.Contains(s, body) {
				return body
			}
		}
		if m := congress.FindStringSubmatch(s); m != nil && dated(s) {
			return strings.TrimLeft(m[1], "日经由") + m[2]
		}
		if dated(s) && strings.Contains(s, "国务院") {
			return "国务院"
		}
		for _, m := range issuedBy.FindAllStringSubmatch(s, 3) {
			if issuers.MatchString(m[1]) {
				return m[1]
			}
		}
		if s = squeeze(s); strings.HasSuffix(s, "文件") && issuers.MatchString(s) {
			return strings.TrimSuffix(s, "文件")
		}
	}
	return r.signature()
}

// signature is the line above the date at the end.
func (r headerReader) signature() string {
	tail := r.tail()
	for i := len(tail) - 1; i > 0; i-- {
		if d, rest := leadingDate(squeeze(tail[i])); d == "" || rest != "" {
			continue
		}
		if s := squeeze(tail[i-1]); issuers.FindString(s) != "" && utf8.RuneCountInString(s) <= 40 && !strings.ContainsAny(s, "。，；") {
			return s
		}
	}
	return ""
}

// levelOf ranks a document by who made it and what it calls itself.
func levelOf(h Header) string {
	name := parenthetical.ReplaceAllString(h.Title, "")
	congress := strings.Contains(h.Issuer, "人民代表大会")
	switch {
	case strings.HasPrefix(h.Issuer, "全国人民代表大会"):
		return "法律"
	case congress && nameEnds.MatchString(name):
		return "地方性法规"
	case h.Issuer == "国务院" && (strings.HasSuffix(name, "条例") || strings.Contains(h.DocNumber, "令")):
		return "行政法规"
	case strings.HasPrefix(h.Issuer, "最高人民法院"), strings.HasPrefix(h.Issuer, "最高人民检察院"):
		return "司法解释"
	case strings.Contains(h.DocNumber, "人民政府令"):
		return "地方政府规章"
	case strings.Contains(h.DocNumber, "部令"), strings.Contains(h.DocNumber, "局令"), strings.Contains(h.DocNumber, "委员会令"):
		return "部门规章"
	case numberYear.MatchString(h.DocNumber):
		return "规范性文件"
	case !congress && strings.HasPrefix(name, "中华人民共和国") && strings.HasSuffix(name, "法"):
		return "法律"
	}
	return ""
}

// kindByName tells the kinds that the name gives away.
func kindByName(h Header) string {
	for _, word := range []string{"纪要", "会议记录"} {
		if strings.HasSuffix(parenthetical.ReplaceAllString(h.Title, ""), word) {
			return Minutes
		}
	}
	switch {
	case strings.Contains(h.Level, "案例"), strings.HasSuffix(h.Title, "案例"), strings.HasPrefix(h.Title, "案例"):
		return Case
	case strings.Contains(h.Level, "工作报告"):
		return Official
	}
	return ""
}

// kindOf settles what the name left open.
func kindOf(h Header, lines []line, provisions int) string {
	rows := 0
	for _, l := range lines {
		if l.kind == format.Row {
			rows++
		}
	}
	switch {
	case h.Kind != "":
		return h.Kind
	case rows > 3 && rows*10 >= len(lines)*6:
		return DutyList
	case provisions > 0:
		return Law
	case h.DocNumber != "" || h.Level != "" || nameEnds.MatchString(h.Title):
		return Official
	}
	return Other
}

var nameDated = regexp.MustCompile(`[（(](\d{4}-\d{2}-\d{2})[)）]$`)

var parenthetical = regexp.MustCompile(`[（(][^（()）]*[)）]$`)
