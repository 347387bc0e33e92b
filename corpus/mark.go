package corpus

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// mark is what a line begins with: 第十条, 第一百二十条之一, 条目三, 第二章, 一、,
// （一）, 1., （1）.
type mark struct {
	unit   string // 条 条目 编 分编 章 节 部分 一、 （一） 1. （1）; empty for none
	n, sub int    // 第n条之sub
	end    int    // where the mark ends in the line
	rest   int    // where the text after it begins
}

// spaced says whether white space, or the line's end, divides mark and text.
func (m mark) spaced(line string) bool { return m.rest > m.end || m.end == len(line) }

// readMark reads the mark at the start of a line. Numerals may be Chinese,
// Arabic or full-width, with spaces inside: 第 一百二十 条.
func readMark(line string) mark {
	at := skipSpace(line, 0)
	r, n := utf8.DecodeRuneInString(line[at:])
	var m mark
	switch {
	case r == '第':
		m = readOrdinal(line, at+n)
	case r == '条' && strings.HasPrefix(line[at:], "条目"):
		m.n, m.end = plainNumeral(line, at+len("条目"))
		m.unit = "条目"
	case r == '（' || r == '(':
		m = readBracketed(line, at+n)
	case numeric(r):
		m = readCounted(line, at, r)
	}
	if m.unit == "" || m.n == 0 {
		return mark{}
	}
	m.rest = skipSpace(line, m.end)
	return m
}

var ordinals = []string{"条", "分编", "编", "章", "节", "部分", "篇"}

func readOrdinal(line string, at int) mark {
	number, at := readNumeral(line, at)
	if number == 0 {
		return mark{}
	}
	for _, unit := range ordinals {
		if !strings.HasPrefix(line[at:], unit) {
			continue
		}
		m := mark{unit: unit, n: number, end: at + len(unit)}
		if sub, ok := strings.CutPrefix(line[m.end:], "之"); ok && unit == "条" {
			from := len(line) - len(sub)
			if n, end := readNumeral(line, from); n > 0 && !strings.HasPrefix(line[end:], "般") && !strings.HasPrefix(line[end:], "切") {
				m.sub, m.end = n, end
			}
		}
		return m
	}
	return mark{}
}

func readBracketed(line string, at int) mark {
	number, end := plainNumeral(line, skipSpace(line, at))
	r, n := utf8.DecodeRuneInString(line[skipSpace(line, end):])
	end = skipSpace(line, end)
	if number == 0 || r != '）' && r != ')' {
		return mark{}
	}
	first, _ := utf8.DecodeRuneInString(line[skipSpace(line, at):])
	if digit(first) >= 0 && first < 0x4e00 {
		return mark{unit: "（1）", n: number, end: end + n}
	}
	return mark{unit: "（一）", n: number, end: end + n}
}

func readCounted(line string, at int, first rune) mark {
	number, end := plainNumeral(line, at)
	r, n := utf8.DecodeRuneInString(line[end:])
	if first >= 0x4e00 && first < 0xff00 || first == '〇' {
		if r == '、' || r == '．' {
			return mark{unit: "一、", n: number, end: end + n}
		}
		return mark{}
	}
	if r == '.' || r == '．' || r == '、' {
		next, _ := utf8.DecodeRuneInString(line[end+n:])
		if digit(next) < 0 || next >= 0x4e00 { // 1.5 is a number
			return mark{unit: "1.", n: number, end: end + n}
		}
	}
	return mark{}
}

// readNumeral reads a whole number from at on, and where it ends; 0 for none.
// It may be written with spaces inside and before what it counts: 第 一 百 条.
func readNumeral(line string, at int) (n, end int) { return numeralAt(line, at, skipSpace) }

// plainNumeral reads one without spaces: in 条目二 1993年 only 二 counts.
func plainNumeral(line string, at int) (n, end int) {
	return numeralAt(line, at, func(_ string, at int) int { return at })
}

func numeralAt(line string, at int, over func(string, int) int) (n, end int) {
	section, digits, seen := 0, 0, false
	end = at
	for i := over(line, at); i < len(line); {
		r, size := utf8.DecodeRuneInString(line[i:])
		if d := digit(r); d >= 0 {
			digits = digits*10 + d
		} else if u := unit(r); u > 0 {
			section += max(digits, 1) * u
			digits = 0
		} else {
			break
		}
		if section+digits > 99_999 {
			return 0, at
		}
		seen = true
		i += size
		end = i
		i = over(line, i)
	}
	if !seen {
		return 0, at
	}
	if after := over(line, end); after > end {
		if r, _ := utf8.DecodeRuneInString(line[after:]); strings.ContainsRune("条章节编分部篇", r) {
			end = after
		}
	}
	return section + digits, end
}

func digit(r rune) int {
	switch {
	case r >= '0' && r <= '9':
		return int(r - '0')
	case r >= '０' && r <= '９':
		return int(r - '０')
	}
	switch r {
	case '〇', '○', '零', 'Ｏ':
		return 0
	case '一':
		return 1
	case '二':
		return 2
	case '三':
		return 3
	case '四':
		return 4
	case '五':
		return 5
	case '六':
		return 6
	case '七':
		return 7
	case '八':
		return 8
	case '九':
		return 9
	}
	return -1
}

func unit(r rune) int {
	switch r {
	case '十':
		return 10
	case '百':
		return 100
	case '千':
		return 1000
	}
	return 0
}

func numeric(r rune) bool { return digit(r) >= 0 || unit(r) > 0 }

func skipSpace(line string, at int) int {
	for at < len(line) {
		if c := line[at]; c == ' ' || c == '\t' {
			at++
			continue
		} else if c < utf8.RuneSelf {
			return at
		}
		r, n := utf8.DecodeRuneInString(line[at:])
		if !unicode.IsSpace(r) {
			return at
		}
		at += n
	}
	return at
}
