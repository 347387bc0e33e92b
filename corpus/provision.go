package corpus

import (
	"errors"
	"strings"

	"advisor/corpus/format"
	"advisor/segment"
)

// opening is a provision opened by a line.
type opening struct{ label string }

// openProvisions decides which lines open a provision: 条 by default, the
// numbered items 一、二、 of amendments and decisions, or, of an interpretation
// or decision without any, its whole text.
func (c *cutter) openProvisions() {
	if !hasProvisions(c.header) {
		return
	}
	for _, unit := range []string{"条目", "条"} {
		if c.open(c.candidates(unit), unit) {
			return
		}
	}
	if !itemised(c.header) {
		return
	}
	if !c.open(c.candidates("一、"), "条目") {
		c.openWhole()
	}
}

func (c *cutter) open(all []candidate, unit string) bool {
	any := false
	for _, part := range c.restarts(all) {
		for _, got := range chain(part) {
			c.lines[got.line].opens = &opening{label: labelOf(unit, got)}
			any = true
		}
	}
	return any
}

// labelOf writes the one official form of a number, however the text wrote it.
func labelOf(unit string, c candidate) string {
	if unit == "条目" {
		return "条目" + decimal(c.n)
	}
	label := "第" + format.Chinese(c.n) + "条"
	if c.sub > 0 {
		label += "之" + format.Chinese(c.sub)
	}
	return label
}

// candidates lists the lines whose mark might open a provision, weighed by form.
func (c *cutter) candidates(unit string) []candidate {
	var all []candidate
	for i, l := range c.lines {
		if l.mark.unit != unit || l.contents {
			continue
		}
		if w := c.weigh(l); w > 0 {
			all = append(all, candidate{line: i, n: l.mark.n, sub: l.mark.sub, weight: w})
		}
	}
	return all
}

func (c *cutter) weigh(l line) float64 {
	rest := c.after(l)
	switch {
	case quotesParagraph(rest):
		return 0
	case l.kind == format.Heading:
		return formHeading
	case l.mark.unit == "一、", l.mark.unit == "条目":
		return formSpaced
	case l.mark.spaced(c.of(l)):
		if refers(rest) {
			return formBare
		}
		return formSpaced
	case refers(rest):
		return 0
	case mayRefer(rest):
		return formDoubt
	}
	return formBare
}

// quotesParagraph: 第三条第二款所称… speaks of a paragraph, it does not open an article.
func quotesParagraph(rest string) bool {
	after, ok := strings.CutPrefix(rest, "第")
	if !ok {
		return false
	}
	n, end := readNumeral(after, 0)
	return n > 0 && (strings.HasPrefix(after[end:], "款") || strings.HasPrefix(after[end:], "项"))
}

// refers: what follows a number in a reference and hardly ever in an article.
func refers(rest string) bool { return hasAnyPrefix(rest, references) }

func mayRefer(rest string) bool { return hasAnyPrefix(rest, doubtful) }

var (
	references = []string{"规定", "所称", "所列", "所述", "所指", "所规定", "的", "之规定", "、", "，", "。", "；", "）", "》", "”",
		"款", "项", "第", "或者第", "和第", "及第", "至第", "到第", "与第", "以及第", "，第", "—", "-", "～", "~", "修改", "改为", "作为", "删去", "移至", "同时废止"}
	doubtful = []string{"中", "以", "和", "或", "及", "至", "与", "到", "外", "（", "("}
)

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// restarts divides candidates where numbering begins anew: a notice that prints
// two rules, a law with an annex of articles. A 第一条 that the old sequence
// goes on after was a quotation.
func (c *cutter) restarts(all []candidate) [][]candidate {
	var parts [][]candidate
	from := 0
	for i := 1; i < len(all); i++ {
		if all[i].n == 1 && all[i].sub == 0 && all[i].weight >= formSpaced && c.anew(all, i) {
			parts = append(parts, all[from:i])
			from = i
		}
	}
	if from < len(all) {
		parts = append(parts, all[from:])
	}
	return parts
}

func (c *cutter) anew(all []candidate, i int) bool {
	if i+1 < len(all) {
		return all[i+1].n == 2
	}
	for at := all[i].line - 1; at > all[i-1].line; at-- {
		l := c.lines[at]
		if l.kind == format.Heading || c.isAnnex(l) || l.end-l.start < 150 && !strings.ContainsAny(c.of(l), "。；：，") {
			return true
		}
	}
	return false
}

// openWhole makes the whole text after the header one provision, as the
// legislature's database counts a short interpretation or decision.
func (c *cutter) openWhole() {
	at := -1
	for i, l := range c.lines {
		s := c.of(l)
		if strings.HasPrefix(s, "全文 ") {
			at = i
			break
		}
		if at < 0 && l.kind == format.Paragraph && strings.ContainsAny(s, "。：") && !dated(s) {
			at = i
		}
	}
	if at >= 0 {
		c.lines[at].opens = &opening{label: "全文"}
	}
}

// hasProvisions: a case or a report may quote articles, it has none.
func hasProvisions(h Header) bool {
	return h.Kind == "" || h.Kind == Law || h.Kind == Official || h.Kind == Other
}

// itemised: amendments, decisions and interpretations of the legislature count
// their items 一、二、 as articles (条目).
func itemised(h Header) bool {
	switch h.Level {
	case "修正案", "修改决定", "立法解释":
		return true
	}
	if strings.Contains(h.Title, "修正案") && !strings.Contains(h.Title, "《") {
		return true
	}
	amending := strings.Contains(h.Title, "关于修改") || strings.Contains(h.Title, "关于废止")
	if strings.HasSuffix(h.Title, "决定") && amending {
		return true
	}
	legislature := strings.Contains(h.Title, "人民代表大会") || strings.Contains(h.Issuer, "人民代表大会")
	return legislature && (strings.HasSuffix(h.Title, "决定") || strings.HasSuffix(h.Title, "决议") || strings.HasSuffix(h.Title, "的解释"))
}

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

// Within gives the label of a byte of a passage without provision: a passage
// that begins at 二、（三） may go on with （四）.
func Within(label, text string, at int) string {
	out := squeeze(label)
	walk(label, text, func(l string, start, _ int) bool {
		if start > at {
			return false
		}
		out = l
		return true
	})
	return out
}

// walk gives each line of a passage without provision with its label, as
// cutFree counted.
func walk(label, text string, line func(label string, start, end int) bool) {
	var marks [5]string
	enter := func(s string) (end int) {
		m := readMark(s)
		step := steps[m.unit]
		if step == 0 {
			return 0
		}
		marks[step] = squeeze(s[:m.end])
		clear(marks[step+1:])
		return m.end
	}
	for rest := label; rest != ""; {
		n := enter(rest)
		if n == 0 {
			break
		}
		rest = rest[n:]
	}
	for start := 0; start <= len(text); {
		end := strings.IndexByte(text[start:], '\n')
		if end < 0 {
			end = len(text) - start
		}
		enter(text[start : start+end])
		if !line(strings.Join(marks[:], ""), start, start+end) {
			return
		}
		start += end + 1
	}
}
