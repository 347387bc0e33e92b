package advice

import (
	"regexp"
	"strings"

	"advisor/segment"
)

// line is one line of an article or paragraph: which 款 and 项 it belongs to,
// counted as lawyers do. What follows a list of items is a new 款; 1. and （1）
// belong to the item above.
type line struct {
	start, end int // bytes, without the article's own mark
	para, item int
}

var (
	articleMark = regexp.MustCompile(`^[ \t\x{3000}]*(第[一二三四五六七八九十百千零〇○\d ]+条(之[一二三四五六七八九十]+)?|条目\d+)[ \t\x{3000}]*(【[^】\n]*】[ \t\x{3000}]*)?`)
	itemMark    = regexp.MustCompile(`^[ \t\x{3000}]*[（(]([一二三四五六七八九十百]+)[）)]`)
	subMark     = regexp.MustCompile(`^[ \t\x{3000}]*([（(]?[0-9]+[）)]|[0-9]+[.．、])`)
)

// readLines divides a text. base is where counting starts, for a passage that
// begins in the middle of an article.
func readLines(text string, base place) []line {
	var out []line
	para, item := max(base.para, 1)-1, 0
	if base.inside() {
		para, item = max(base.para, 1), base.item
	}
	for start := 0; start <= len(text); {
		end := len(text)
		if i := strings.IndexByte(text[start:], '\n'); i >= 0 {
			end = start + i
		}
		l := line{start: start, end: end}
		if len(out) == 0 {
			l.start += len(articleMark.FindString(text[start:end]))
		}
		body := text[l.start:l.end]
		m := itemMark.FindStringSubmatch(body)
		first := len(out) == 0 && base.inside()
		switch {
		case strings.TrimSpace(body) == "":
			start = end + 1
			if len(out) == 0 {
				out = append(out, line{start: l.start, end: l.start, para: 0})
			}
			continue
		case m != nil && para > 0:
			item, _ = segment.Numeral(m[1])
		case subMark.MatchString(body) && para > 0, first:
		default:
			para, item = para+1, 0
		}
		l.para, l.item = max(para, 1), item
		out = append(out, l)
		start = end + 1
	}
	return trimEmpty(out)
}

func trimEmpty(lines []line) []line {
	out := lines[:0]
	for _, l := range lines {
		if l.end > l.start {
			out = append(out, l)
		}
	}
	return out
}

// place is an official address taken apart: 第十条第二款第（三）项 within an
// article, or the whole label where it is of another form.
type place struct {
	article    string // 第十条, 第一百二十条之一, 条目3, or any other label
	para, item int    // 0: not named
}

func (p place) inside() bool { return p.para > 0 || p.item > 0 }

var placeForm = regexp.MustCompile(`^(.*?(?:条(?:之[一二三四五六七八九十]+)?|条目\d+))(?:第([一二三四五六七八九十百\d]+)款)?(?:第?[（(]?([一二三四五六七八九十百\d]+)[）)]?项)?$`)

func parsePlace(label string) place {
	m := placeForm.FindStringSubmatch(segment.Normalize(label))
	if m == nil {
		return place{article: label}
	}
	p := place{article: m[1]}
	p.para, _ = segment.Numeral(m[2])
	p.item, _ = segment.Numeral(m[3])
	return p
}

// part gives the stretch of an article's text that a place names; ok is false
// when the article has no such 款 or 项.
func part(text string, p place) (string, bool) {
	if !p.inside() {
		return text, true
	}
	start, end := -1, 0
	for _, l := range readLines(text, place{}) {
		if (p.para == 0 || l.para == p.para) && (p.item == 0 || l.item == p.item) {
			if start < 0 {
				start = l.start
			}
			end = l.end
		}
	}
	if start < 0 {
		return "", false
	}
	return text[start:end], true
}

// address is the shortest official form of where in an article a quote stands:
// 款 only where there are several. A quote over several 款 has the article's own.
func address(article, text, quote string) string {
	lines := readLines(text, place{})
	if len(lines) == 0 {
		return article
	}
	whole := flat(quote)
	several := lines[len(lines)-1].para > 1
	for i := len(lines) - 1; i >= 0; i-- { // the narrowest place that holds it
		l := lines[i]
		if l.item == 0 {
			continue
		}
		if at, ok := part(text, place{para: l.para, item: l.item}); ok && strings.Contains(flat(at), whole) {
			return article + paraName(l.para, several) + "第（" + segment.ChineseNumeral(l.item) + "）项"
		}
	}
	for _, l := range lines {
		if at, ok := part(text, place{para: l.para}); ok && strings.Contains(flat(at), whole) {
			return article + paraName(l.para, several)
		}
	}
	return article
}

func paraName(n int, several bool) string {
	if !several {
		return ""
	}
	return "第" + segment.ChineseNumeral(n) + "款"
}

// flat is text as quotes are compared: normalised, without white space.
func flat(text string) string { return strings.Join(strings.Fields(segment.Normalize(text)), "") }
