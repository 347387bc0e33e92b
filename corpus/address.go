package corpus

import (
	"errors"
	"strings"

	"advisor/corpus/format"
	"advisor/segment"
)

// ErrNotFound: there is no such document, version or provision, or none that
// the acting account may see.
var ErrNotFound = errors.New("corpus: not found")

// Address says in which 款 and 项 of an article a byte of its text lies, both
// counted from 1; item is 0 outside items, and paragraph 0 when the article has
// only one.
func Address(provision string, at int) (paragraph, item int) {
	spans, paras := addresses(provision, linesOf(provision))
	for _, s := range spans {
		if at < s.start {
			break
		}
		paragraph, item = s.para, s.item
	}
	if paras < 2 {
		paragraph = 0
	}
	return paragraph, item
}

// Part finds a 款 or 项 in an article's text; 0 leaves one open. An article of
// one 款 is addressed without it.
func Part(provision string, paragraph, item int) (start, end int, ok bool) {
	spans, _ := addresses(provision, linesOf(provision))
	for _, s := range spans {
		if s.para != max(paragraph, 1) || item > 0 && s.item != item {
			if ok {
				break
			}
			continue
		}
		if !ok {
			start, ok = s.start, true
		}
		end = s.end
	}
	if paragraph == 0 && item == 0 {
		return 0, len(provision), true
	}
	return start, end, ok
}

// linesOf reads an article's text as lines, as CutFile did.
func linesOf(text string) []line {
	var lines []line
	for at := 0; at <= len(text); {
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text) - at
		}
		l := line{start: at, end: at + end, mark: readMark(text[at : at+end])}
		if strings.Contains(text[at:at+end], " | ") {
			l.kind = format.Row
		}
		lines = append(lines, l)
		at += end + 1
	}
	return lines
}

// splitLabel divides 第十条第二款第（三）项 into the provision's label and the
// address within it.
func splitLabel(label string) (provision string, paragraph, item int) {
	label = squeeze(label)
	if m := readMark(label); m.unit == "条" || m.unit == "条目" {
		provision = labelOf(m.unit, candidate{n: m.n, sub: m.sub})
		for _, ref := range segment.ParseProvision(label) {
			paragraph, item = max(paragraph, ref.Paragraph), max(item, ref.Item)
		}
		return provision, paragraph, item
	}
	return label, 0, 0
}
