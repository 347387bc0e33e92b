package segment

import (
	"fmt"
	"slices"
	"strings"
)

// Ref is a place in a law or document that a text names.
type Ref struct {
	Title      string // as written, without book marks; empty when the text names none (also for 本法)
	Article    int    // 第N条
	ArticleSub int    // 之N, 0 for none
	Paragraph  int    // 款, 0 for none
	Item       int    // 项, 0 for none
	Start, End int    // where the text says so, in bytes, the title included
}

// Label is the official form of the place: 第一百条之一第二款第（三）项.
func (r Ref) Label() string {
	out := "第" + ChineseNumeral(r.Article) + "条"
	if r.ArticleSub > 0 {
		out += "之" + ChineseNumeral(r.ArticleSub)
	}
	if r.Paragraph > 0 {
		out += "第" + ChineseNumeral(r.Paragraph) + "款"
	}
	if r.Item > 0 {
		out += "第（" + ChineseNumeral(r.Item) + "）项"
	}
	return out
}

// Terms gives the term of the place and of the wider places it lies in, as
// Segmenter.Terms writes them: 第100条, 第100条第2款.
func (r Ref) Terms() []string {
	at := fmt.Sprintf("第%d条", r.Article)
	if r.ArticleSub > 0 {
		at += fmt.Sprintf("之%d", r.ArticleSub)
	}
	out := []string{at}
	if r.Paragraph > 0 {
		at += fmt.Sprintf("第%d款", r.Paragraph)
		out = append(out, at)
	}
	if r.Item > 0 {
		out = append(out, at+fmt.Sprintf("第%d项", r.Item))
	}
	return out
}

// ParseProvision finds the places that text names, in order. A title holds for
// the places listed after it (《民法典》第一条、第三条第二款和第三款).
func ParseProvision(text string) []Ref {
	m := NormalizeMap(text)
	runes := []rune(m.Text)
	at := make([]int, 0, len(runes)+1)
	for i := range m.Text {
		at = append(at, i)
	}
	at = append(at, len(m.Text))
	var out []Ref
	for i := 0; i < len(runes); i++ {
		if runes[i] != '第' {
			continue
		}
		ref, end, ok := place(runes, i)
		start := i
		switch {
		case ok:
			if title, from := titleBefore(runes, i); title != "" {
				ref.Title, start = title, from
			} else if listed(runes, out, at, m, i) {
				ref.Title = out[len(out)-1].Title
			}
		case listed(runes, out, at, m, i):
			if ref, end, ok = within(runes, i, out[len(out)-1]); !ok {
				continue
			}
		default:
			continue
		}
		ref.Start, ref.End = m.Source(at[start], at[end])
		out = append(out, ref)
		i = end - 1
	}
	return out
}

// place reads 第N条… at i.
func place(text []rune, i int) (ref Ref, end int, ok bool) {
	if ref.Article, end, ok = counted(text, i, '条'); !ok || ref.Article == 0 {
		return ref, i, false
	}
	if end < len(text) && text[end] == '之' {
		if n, e, ok := numeral(text, end+1, false); ok && n > 0 && n < 100 {
			ref.ArticleSub, end = n, e
		}
	}
	end = deeper(text, end, &ref)
	return ref, end, true
}

// deeper reads 第N款 and 第（N）项 where they follow at i.
func deeper(text []rune, i int, ref *Ref) int {
	if n, e, ok := counted(text, skip(text, i), '款'); ok {
		ref.Paragraph, ref.Item, i = n, 0, e
	}
	if n, e, ok := counted(text, skip(text, i), '项'); ok {
		ref.Item, i = n, e
	}
	return i
}

// within reads a bare 第N款 or 第（N）项 that goes on from the place before.
func within(text []rune, i int, last Ref) (Ref, int, bool) {
	end := deeper(text, i, &last)
	return last, end, end > i
}

// counted reads 第 number unit at i, with brackets and blanks allowed around the number.
func counted(text []rune, i int, unit rune) (n, end int, ok bool) {
	if i >= len(text) || text[i] != '第' {
		return 0, i, false
	}
	i = skip(text, i+1)
	open := i < len(text) && (text[i] == '(' || text[i] == '〔')
	if open {
		i = skip(text, i+1)
	}
	if n, end, ok = numeral(text, i, true); !ok {
		return 0, i, false
	}
	end = skip(text, end)
	if open {
		if end >= len(text) || text[end] != ')' && text[end] != '〕' {
			return 0, i, false
		}
		end = skip(text, end+1)
	}
	if end >= len(text) || text[end] != unit {
		return 0, i, false
	}
	return n, end + 1, true
}

func skip(text []rune, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	return i
}

// listed tells whether only a joining word lies between the last place and i.
func listed(text []rune, out []Ref, at []int, m Mapped, i int) bool {
	if len(out) == 0 {
		return false
	}
	j := i
	for j > 0 && i-j < 4 && strings.ContainsRune("、和及与或至到,-~ 者", text[j-1]) {
		j--
	}
	from, _ := m.Source(at[j], at[i])
	return from == out[len(out)-1].End
}

const longestTitle = 60

// lawEnds are the words a law's or document's name ends with.
var lawEnds = []string{"法", "条例", "规定", "办法", "细则", "规则", "解释", "决定", "章程", "法典", "通则", "准则", "规程", "规范", "意见", "通知", "批复", "公约", "总则", "修正案", "纲要", "标准", "制度"}

// leads are words that stand before a name and are no part of it.
var leads = []string{"根据", "依照", "按照", "依据", "违反", "参照", "符合", "请问", "以及", "触犯", "涉嫌", "结合", "援引", "查询", "什么是", "对照", "还有", "同时"}

// selves point at the document they stand in.
var selves = []string{"本", "该", "此", "上述", "前述", "新", "旧", "同"}

// titleBefore finds the name that ends right before i, and where it begins.
func titleBefore(text []rune, i int) (string, int) {
	for i > 0 && (text[i-1] == ' ' || text[i-1] == '的' || text[i-1] == '中') {
		i--
	}
	i = beforeNote(text, i)
	if i > 0 && text[i-1] == '》' {
		open := openMark(text, i-1)
		if open < 0 {
			return "", i
		}
		return strings.TrimSpace(string(text[open+1 : i-1])), open
	}
	i, year := beforeYear(text, i)
	from := i
	for from > 0 && i-from < longestTitle && kindOf(text[from-1]) == han {
		from--
	}
	name := string(text[from:i])
	for _, lead := range leads {
		if at := strings.LastIndex(name, lead); at >= 0 {
			name = name[at+len(lead):]
		}
	}
	for _, self := range selves {
		if rest, ok := strings.CutPrefix(name, self); ok && slices.Contains(lawEnds, rest) {
			return "", i
		}
	}
	if !endsLikeLaw(name) {
		return "", i
	}
	start := i - len([]rune(name))
	if strings.HasSuffix(name, "修正案") {
		name += year // 宪法修正案2004年: amendments of one law differ by their year
	}
	return name, start
}

// beforeYear steps back over a year after a title: 宪法修正案(2004年), 修正案2004年.
func beforeYear(text []rune, i int) (end int, year string) {
	j := i
	if j > 0 && text[j-1] == ')' {
		j--
	}
	if j == 0 || text[j-1] != '年' {
		return i, ""
	}
	digits := j - 1
	for digits > 0 && text[digits-1] >= '0' && text[digits-1] <= '9' {
		digits--
	}
	if j-1-digits != 4 {
		return i, ""
	}
	year = string(text[digits:j])
	if j < i {
		if digits == 0 || text[digits-1] != '(' {
			return i, ""
		}
		digits--
	}
	return digits, year
}

// beforeNote steps back over a bracketed note after a title: 《民法典》(2020年).
func beforeNote(text []rune, i int) int {
	if i == 0 || text[i-1] != ')' {
		return i
	}
	for j := i - 2; j > 0 && i-j < 30; j-- {
		if text[j] == '(' {
			if text[j-1] == '》' {
				return j
			}
			return i
		}
	}
	return i
}

// openMark finds the 《 that belongs to the 》 at i, or -1.
func openMark(text []rune, i int) int {
	depth := 0
	for j := i; j >= 0 && i-j < 4*longestTitle; j-- {
		switch text[j] {
		case '》':
			depth++
		case '《':
			if depth--; depth == 0 {
				return j
			}
		case '\n':
			return -1
		}
	}
	return -1
}

func endsLikeLaw(name string) bool {
	if len(name) <= len("法") {
		return false
	}
	return slices.ContainsFunc(lawEnds, func(end string) bool { return strings.HasSuffix(name, end) })
}
