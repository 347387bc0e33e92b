package segment

import (
	"fmt"
	"strconv"
	"strings"
)

// span is an official token and the characters it was read from.
type span struct {
	term       string
	start, end int
}

// official calls emit for each official token of the lattice's text: document
// numbers, provisions, dates, sums, titles and offices, each in one spelling.
func (l *lattice) official(emit func(span)) {
	t := l.runes
	for i := 0; i < len(t); i++ {
		switch r := t[i]; r {
		case '第':
			if ref, end, ok := place(t, i); ok {
				for _, term := range ref.Terms() {
					emit(span{term, i, end})
				}
				i = end - 1
			} else if term, end, ok := ordinal(t, i); ok {
				emit(span{term, max(0, i-1), end})
				i = end - 1
			}
		case '《':
			if end := closeMark(t, i); end > 0 {
				emit(span{"《" + Title(string(t[i+1:end])) + "》", i, end + 1})
			}
		case '〔', '[', '【', '(':
			if s, ok := docNumber(t, i); ok {
				emit(s)
				emit(span{s.term[strings.Index(s.term, "〔"):], s.start, s.end})
			}
		default:
			if startsNumber(t, i) {
				if s, ok := quantity(t, i); ok {
					emit(s)
					i = s.end - 1
				} else {
					i = pastNumber(t, i) - 1
				}
			}
		}
	}
	l.offices(emit)
}

// Title gives a name's searchable form: without blanks and the state's name.
func Title(name string) string {
	name = strings.ToLower(strings.Join(strings.Fields(name), ""))
	if rest := strings.TrimPrefix(name, "中华人民共和国"); len(rest) > len("法") {
		return rest
	}
	return name
}

func closeMark(text []rune, i int) int {
	depth := 0
	for j := i; j < len(text) && j-i < 4*longestTitle; j++ {
		switch text[j] {
		case '《':
			depth++
		case '》':
			if depth--; depth == 0 {
				return j
			}
		case '\n':
			return -1
		}
	}
	return -1
}

// closing gives the bracket that closes an opening one.
var closing = map[rune]rune{'〔': '〕', '[': ']', '【': '】', '(': ')'}

const longestMaker = 14 // characters of an office's code before the bracket

// docNumber reads 国发〔2024〕5号, in any brackets, around the bracket at i.
func docNumber(text []rune, i int) (span, bool) {
	year, end, ok := numeral(text, skip(text, i+1), false)
	if !ok || year < 1900 || year > 2199 {
		return span{}, false
	}
	if end < len(text) && text[end] == '年' {
		end++
	}
	end = skip(text, end)
	if end >= len(text) || text[end] != closing[text[i]] {
		return span{}, false
	}
	end = skip(text, end+1)
	if end < len(text) && text[end] == '第' {
		end = skip(text, end+1)
	}
	n, end, ok := numeral(text, end, false)
	if end = skip(text, end); !ok || end >= len(text) || text[end] != '号' {
		return span{}, false
	}
	from := maker(text, i)
	return span{fmt.Sprintf("%s〔%d〕%d号", string(text[from:i]), year, n), from, end + 1}, true
}

// maker finds where the office's code before the bracket at i begins.
func maker(text []rune, i int) int {
	from := i
	for from > 0 && i-from < longestMaker && (kindOf(text[from-1]) == han || kindOf(text[from-1]) == latin) {
		from--
	}
	code := string(text[from:i])
	for _, lead := range makerLeads {
		if at := strings.LastIndex(code, lead); at >= 0 {
			code = code[at+len(lead):]
		}
	}
	return i - len([]rune(code))
}

// makerLeads are words before a document number that are no part of it.
var makerLeads = []string{"根据", "依照", "按照", "依据", "参照", "文号", "印发", "转发", "以及", "见", "和", "与", "的", "为"}

// ordinal reads 令第656号 at its 第.
func ordinal(text []rune, i int) (string, int, bool) {
	n, end, ok := counted(text, i, '号')
	if !ok {
		return "", i, false
	}
	if i > 0 && text[i-1] == '令' || end < len(text) && text[end] == '令' {
		return fmt.Sprintf("令第%d号", n), end, true
	}
	return "", i, false
}

// startsNumber tells whether a number begins at i (and does not go on from before).
func startsNumber(text []rune, i int) bool {
	return numeric(text[i]) && (i == 0 || !numeric(text[i-1]))
}

func numeric(r rune) bool {
	if r < 0x80 {
		return r >= '0' && r <= '9'
	}
	switch r {
	case '〇', '零', '一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '百', '千', '两', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖', '拾', '佰', '仟', '廿':
		return true
	}
	return false
}

func pastNumber(text []rune, i int) int {
	for i < len(text) && numeric(text[i]) {
		i++
	}
	return i
}

// quantity reads the date or the sum of money that begins at i.
func quantity(text []rune, i int) (span, bool) {
	n, end, ok := numeral(text, i, false)
	if !ok || end >= len(text) {
		return span{}, false
	}
	switch text[end] {
	case '年', '-', '/', '.':
		if s, ok := date(text, i, n, end); ok {
			return s, true
		}
	}
	return money(text, i)
}

// date reads 2024年5月1日, 2024-5-1, 二〇二四年五月: the year ends at end.
func date(text []rune, start, year, end int) (span, bool) {
	if year < 1900 || year > 2199 {
		return span{}, false
	}
	sep := text[end]
	month, end, ok := numeral(text, skip(text, end+1), false)
	if !ok || month < 1 || month > 12 || end >= len(text) {
		return span{}, false
	}
	want := sep
	if sep == '年' {
		want = '月'
	}
	if text[end] != want {
		return span{}, false
	}
	day, stop, ok := numeral(text, skip(text, end+1), false)
	if !ok || day < 1 || day > 31 {
		if sep != '年' {
			return span{}, false
		}
		return span{fmt.Sprintf("%04d-%02d", year, month), start, end + 1}, true
	}
	if stop < len(text) && (text[stop] == '日' || text[stop] == '号') {
		stop++
	} else if sep == '年' {
		return span{fmt.Sprintf("%04d-%02d", year, month), start, end + 1}, true
	}
	return span{fmt.Sprintf("%04d-%02d-%02d", year, month, day), start, stop}, true
}

// money reads 3.5万元 and 五千元 in whole yuan (分 and 角 are left out).
func money(text []rune, i int) (span, bool) {
	end, fraction := i, 0.0
	n, end, ok := numeral(text, i, false)
	if !ok {
		return span{}, false
	}
	if end+1 < len(text) && (text[end] == '.' || text[end] == ',') {
		from := end
		for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] == '.' || text[end] == ',') {
			end++
		}
		whole := strings.ReplaceAll(strconv.Itoa(n)+string(text[from:end]), ",", "")
		var err error
		if fraction, err = strconv.ParseFloat(whole, 64); err != nil {
			return span{}, false
		}
		n = 0
	}
	sum := float64(n) + fraction
	for end < len(text) && (groups[text[end]] != 0 || tens[text[end]] != 0) {
		sum *= float64(groups[text[end]] + tens[text[end]])
		end++
	}
	if end >= len(text) || text[end] != '元' || sum < 1 || sum > largest {
		return span{}, false
	}
	return span{strconv.FormatInt(int64(sum), 10) + "元", i, end + 1}, true
}
