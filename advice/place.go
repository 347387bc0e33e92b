package advice

import (
	"regexp"
	"strings"
	"unicode"

	"advisor/corpus"
	"advisor/segment"
)

// place is an official address taken apart: 第十条第二款第（三）项 within an
// article, or the whole label where it is of another form.
type place struct {
	article    string // 第十条, 第一百二十条之一, 条目3, or any other label
	para, item int    // 0: not named
}

func (p place) inside() bool { return p.para > 0 || p.item > 0 }

var placeForm = regexp.MustCompile(`^(第[一二三四五六七八九十百千零〇\d]+条(?:之[一二三四五六七八九十]+)?|条目\d+)(?:第([一二三四五六七八九十百\d]+)款)?(?:第?[（(]?([一二三四五六七八九十百\d]+)[）)]?项)?$`)

// parsePlace takes a label apart; isArticle says whether it names an article.
func parsePlace(label string) (p place, isArticle bool) {
	m := placeForm.FindStringSubmatch(flat(label))
	if m == nil {
		return place{article: label}, false
	}
	p.article = m[1]
	p.para, _ = segment.Numeral(m[2])
	p.item, _ = segment.Numeral(m[3])
	return p, true
}

// part gives the stretch of an article's text that a place names; ok is false
// when the article has no such 款 or 项.
func part(text string, p place) (string, bool) {
	if !p.inside() {
		return text, true
	}
	start, end, ok := corpus.Part(text, p.para, p.item)
	if !ok {
		return "", false
	}
	return text[start:end], true
}

// address is the shortest official form of where in an article a quote stands:
// 款 only where there are several. A quote over several 项 or 款 has the address
// of what holds them all.
func address(article, text, quote string) string {
	start, end, ok := find(text, quote)
	if !ok {
		return article
	}
	para, item := corpus.Address(text, start)
	lastPara, lastItem := corpus.Address(text, end-1)
	if para != lastPara {
		return article
	}
	if para > 0 {
		article += "第" + segment.ChineseNumeral(para) + "款"
	}
	if item > 0 && item == lastItem {
		article += "第（" + segment.ChineseNumeral(item) + "）项"
	}
	return article
}

// flat is text as quotes are compared: normalised, without white space.
func flat(text string) string { return strings.Join(strings.Fields(segment.Normalize(text)), "") }

// find gives the bytes of text at which a quote stands, compared as flat does.
func find(text, quote string) (start, end int, ok bool) {
	want := flat(quote)
	if want == "" {
		return 0, 0, false
	}
	m := segment.NormalizeMap(text)
	var kept strings.Builder
	var from []int // for each byte kept, where it lies in m.Text
	for i, r := range m.Text {
		if unicode.IsSpace(r) {
			continue
		}
		kept.WriteRune(r)
		for k := range kept.Len() - len(from) {
			from = append(from, i+k)
		}
	}
	at := strings.Index(kept.String(), want)
	if at < 0 {
		return 0, 0, false
	}
	start, end = m.Source(from[at], from[at+len(want)-1]+1)
	return start, max(end, start+1), true
}

// line is one line of a passage, without the article's own mark.
type line struct {
	text string
	item bool // （一）, or 1. below one: introduced by the words above it
}

var (
	articleMark = regexp.MustCompile(`^[ \t\x{3000}]*(第[一二三四五六七八九十百千零〇○\d ]+条(之[一二三四五六七八九十]+)?|条目[\d]+)[ \t\x{3000}]*(【[^】\n]*】[ \t\x{3000}]*)?`)
	itemMark    = regexp.MustCompile(`^[ \t\x{3000}]*([（(][一二三四五六七八九十百0-9]+[）)]|[0-9]+[.．、])`)
)

func lines(text string, isArticle bool) []line {
	var out []line
	for i, s := range strings.Split(text, "\n") {
		if i == 0 && isArticle {
			s = s[len(articleMark.FindString(s)):]
		}
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, line{text: s, item: itemMark.MatchString(s)})
		}
	}
	return out
}
