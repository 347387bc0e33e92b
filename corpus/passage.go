package corpus

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"advisor/corpus/format"
)

// A passage holds about this many characters at most: an average article is
// 110, and one in fifty exceeds 450. Longer ones blur what a hit is about.
const (
	mostChars = 450
	someChars = 200 // enough to stand alone before a new （一）
)

// cutPassages cuts each provision, and the lines between provisions.
func (c *cutter) cutPassages() {
	c.passages = make([]Passage, 0, len(c.provisions)+8)
	for i := 0; i < len(c.lines); {
		from := i
		at := c.lines[i].provision
		for i < len(c.lines) && c.lines[i].provision == at && c.lines[i].contents == c.lines[from].contents {
			i++
		}
		switch {
		case c.lines[from].contents:
		case at >= 0:
			c.cutProvision(c.provisions[at], c.lines[from:i])
		default:
			c.cutFree(c.lines[from:i])
		}
	}
}

// unit is the smallest thing a passage is made of: a 款 or 项, or a sentence of
// one that is too long.
type span struct {
	start, end int
	para, item int // which 款 and 项, 0 for none
	first      bool
	chars      int
}

// addresses finds the 款 and 项 of an article from its lines. What follows a
// list of items is a new 款; 1. and （1） belong to the item above.
func addresses(text string, lines []line) (spans []span, paras int) {
	item := 0
	for i, l := range lines {
		first := false
		switch {
		case l.kind == format.Row:
		case i > 0 && l.mark.unit == "（一）" && (l.mark.n == 1 || l.mark.n == item+1) && paras > 0:
			item, first = l.mark.n, true
		case i > 0 && (l.mark.unit == "1." || l.mark.unit == "（1）") && paras > 0:
		case i == 0 && bareTitle(text[l.start+l.mark.rest:l.end]):
		default:
			paras, item, first = paras+1, 0, true
		}
		spans = append(spans, span{start: l.start, end: l.end, para: max(paras, 1), item: item, first: first})
	}
	return spans, max(paras, 1)
}

// bareTitle: a 第十条 that stands alone, or with only 【its heading】, on its line.
func bareTitle(rest string) bool {
	return rest == "" || strings.HasPrefix(rest, "【") && strings.HasSuffix(rest, "】")
}

func (c *cutter) cutProvision(p Provision, lines []line) {
	spans, paras := addresses(c.text, lines)
	context := c.context(p.Path)
	if utf8.RuneCountInString(c.text[p.Start:p.End]) <= mostChars {
		c.add(Passage{ProvisionOrd: p.Ord, Label: p.Label, Context: context, Start: p.Start, End: p.End})
		return
	}
	for i, group := range c.pack(c.split(spans)) {
		label := p.Label
		if i > 0 {
			label += address(group, paras)
		}
		c.add(Passage{ProvisionOrd: p.Ord, Label: label, Context: context, Start: group.start, End: group.end})
	}
}

// address is the shortest official form of a place within an article: 款 only
// when there are several.
func address(s span, paras int) string {
	label := ""
	if paras > 1 {
		label = "第" + format.Chinese(s.para) + "款"
	}
	if s.item > 0 {
		label += "第（" + format.Chinese(s.item) + "）项"
	}
	return label
}

// split divides what is too long at the ends of sentences, or, where there are
// none, anywhere between characters.
func (c *cutter) split(spans []span) []span {
	var out []span
	for _, s := range spans {
		s.chars = utf8.RuneCountInString(c.text[s.start:s.end])
		if s.chars <= mostChars {
			out = append(out, s)
			continue
		}
		for _, piece := range sentences(c.text, s.start, s.end) {
			cut := s
			cut.start, cut.end = piece[0], piece[1]
			cut.first = s.first && cut.start == s.start
			cut.chars = utf8.RuneCountInString(c.text[cut.start:cut.end])
			out = append(out, cut)
		}
	}
	return out
}

// sentences cuts text[start:end] into pieces of at most mostChars characters,
// after the last end of a sentence that fits.
func sentences(text string, start, end int) [][2]int {
	var out [][2]int
	from, good, chars, since := start, 0, 0, 0
	for i := start; i < end; {
		r, n := utf8.DecodeRuneInString(text[i:end])
		i += n
		chars++
		since++
		if strings.ContainsRune("。；！？;", r) {
			good, since = i, 0
		}
		if chars < mostChars {
			continue
		}
		if good <= from {
			good, since = i, 0
		}
		out = append(out, [2]int{from, good})
		from, chars = good, since
	}
	if from < end {
		out = append(out, [2]int{from, end})
	}
	return out
}

// pack joins neighbouring spans while they fit together; each group keeps the
// address of its first. A 款 that introduces a list goes with the list.
func (c *cutter) pack(spans []span) []span {
	var out []span
	for _, s := range spans {
		leads := s.first && strings.HasSuffix(c.text[s.start:s.end], "：") && len(out) > 0 && out[len(out)-1].chars > someChars/2
		if n := len(out); n > 0 && out[n-1].chars+s.chars <= mostChars && !leads {
			out[n-1].end = s.end
			out[n-1].chars += s.chars
			continue
		}
		out = append(out, s)
	}
	return out
}

func (c *cutter) context(path []string) string {
	if len(path) == 0 {
		return c.header.Title
	}
	return c.header.Title + " " + strings.Join(path, " ")
}

func (c *cutter) add(p Passage) {
	for p.Start < p.End && c.text[p.Start] == '\n' {
		p.Start++
	}
	if strings.TrimSpace(c.text[p.Start:p.End]) == "" {
		return
	}
	p.Ord = len(c.passages)
	c.passages = append(c.passages, p)
}

func decimal(n int) string { return strconv.Itoa(n) }
