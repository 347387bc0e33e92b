package segment

import "strings"

// largest bounds what a numeral may mean; more is no number of an article or a sum.
const largest = 1 << 50

var (
	digits = map[rune]int{
		'〇': 0, '零': 0, '○': 0, '一': 1, '二': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9,
		'两': 2, '壹': 1, '贰': 2, '叁': 3, '肆': 4, '伍': 5, '陆': 6, '柒': 7, '捌': 8, '玖': 9,
	}
	tens   = map[rune]int{'十': 10, '百': 100, '千': 1000, '拾': 10, '佰': 100, '仟': 1000}
	groups = map[rune]int{'万': 1e4, '亿': 1e8}
	joined = map[rune]int{'廿': 20, '卅': 30, '卌': 40}
)

// Numeral reads a whole number in Chinese or Arabic digits, full-width or
// spaced: 一百零二, 二〇二四, 廿一, １０２.
func Numeral(text string) (int, bool) {
	runes := []rune(strings.TrimSpace(Normalize(text)))
	n, end, ok := numeral(runes, 0, true)
	return n, ok && end == len(runes)
}

// ChineseNumeral writes n as statutes do: 一百零二. It writes 0 as 〇.
func ChineseNumeral(n int) string {
	const names = "〇一二三四五六七八九"
	digit := []rune(names)
	switch {
	case n < 0:
		return "负" + ChineseNumeral(-n)
	case n < 10:
		return string(digit[n])
	case n < 20:
		return "十" + strings.TrimPrefix(ChineseNumeral(n%10), "〇")
	}
	for _, u := range []struct {
		size int
		name string
	}{{1e8, "亿"}, {1e4, "万"}, {1000, "千"}, {100, "百"}, {10, "十"}} {
		if n < u.size {
			continue
		}
		head, rest := ChineseNumeral(n/u.size)+u.name, n%u.size
		switch {
		case rest == 0:
			return head
		case rest < u.size/10:
			return head + "零" + full(rest)
		}
		return head + full(rest)
	}
	return ""
}

// full writes 10 to 19 inside a longer number: 一百一十.
func full(n int) string {
	if n >= 10 && n < 20 {
		return "一" + ChineseNumeral(n)
	}
	return ChineseNumeral(n)
}

// numeral reads a number that begins at i and gives where it ends. With spaced,
// blanks between its characters do not end it.
func numeral(text []rune, i int, spaced bool) (n, end int, ok bool) {
	var c counter
	end = i
	for ; i < len(text); i++ {
		if spaced && (text[i] == ' ' || text[i] == '\t') && end > 0 {
			continue
		}
		if !c.take(text[i]) {
			break
		}
		end = i + 1
	}
	n = c.whole + c.group + c.last
	return n, end, c.any && n < largest && !c.over
}

// counter adds up a numeral character by character.
type counter struct {
	whole, group, last int  // closed groups (万, 亿), the open one, the open digits
	run                bool // the last character was a digit
	any, over          bool
}

func (c *counter) take(r rune) bool {
	d, digit := digits[r]
	if r >= '0' && r <= '9' {
		d, digit = int(r-'0'), true
	}
	switch {
	case digit && c.run:
		c.last = c.last*10 + d
	case digit:
		c.last = d
	case joined[r] != 0 && !c.run:
		c.group, c.last = c.group+joined[r], 0
	case tens[r] != 0:
		if c.last == 0 {
			c.last = 1
		}
		c.group, c.last = c.group+c.last*tens[r], 0
	case r == '亿' && c.any:
		c.whole, c.group, c.last = (c.whole+c.group+c.last)*groups[r], 0, 0
	case r == '万' && c.any:
		c.whole, c.group, c.last = c.whole+(c.group+c.last)*groups[r], 0, 0
	default:
		return false
	}
	c.any, c.run = true, digit
	if c.last > largest || c.group > largest || c.whole > largest {
		c.last, c.group, c.whole, c.over = 0, 0, 0, true
	}
	return true
}
