package corpus

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"advisor/corpus/format"
)

// Cutter numbers how files are cut and what is read from them. It is raised with
// every change that cuts some file otherwise: the next import then takes every
// file apart anew, and keeps the passages of those that come out the same.
const Cutter = 2

// CutFile takes a file apart: header, provisions, passages. It is pure. Fields
// set in h override what is read from the text. Every Start and End gives back
// the source: Cut.Text[start:end].
func CutFile(f *format.File, h Header) Cut {
	c := cutter{}
	c.lay(f)
	c.markContents()
	c.header = readHeader(f, c.text, c.lines, h)
	if c.header.Kind == "" && c.tells() {
		c.header.Kind = Case
	}
	c.openProvisions()
	c.walk()
	c.header.Kind = kindOf(c.header, c.lines, len(c.provisions))
	c.cutPassages()
	return Cut{Text: c.text, Header: c.header, Provisions: c.provisions, Passages: c.passages, Warnings: append(c.warnings, f.Doubts...),
		Relations: c.readRelations(), References: c.readReferences(), Note: c.note(), Pages: f.Pages, Spots: c.spots}
}

// tells says whether a file is a case, by the headings that cases have.
func (c *cutter) tells() bool {
	found := 0
	for _, l := range c.lines {
		if l.end-l.start > 90 {
			continue
		}
		s := strings.Trim(squeeze(c.after(l)), "【】：:")
		for _, word := range caseHeadings {
			if s == word {
				found++
			}
		}
	}
	return found >= 2
}

var caseHeadings = []string{"裁判要点", "裁判要旨", "基本案情", "简要案情", "案情简介", "裁判理由", "裁判结果", "判决理由", "判决结果", "典型意义",
	"案例背景", "主要做法", "工作成效", "经验启示", "做法与成效", "背景", "做法", "成效", "启示", "经验与启示", "教训"}

// line is one block of the file where it lies in the text.
type line struct {
	start, end int
	kind       string
	level      int
	mark       mark
	contents   bool     // part of the table of contents
	opens      *opening // the provision it opens
	provision  int      // the provision it belongs to, -1 for none
	heading    bool     // a structural heading: 第二章 总则
	path       []string // the headings above it, shared between lines
}

// cutter holds a file while it is taken apart.
type cutter struct {
	text       string
	lines      []line
	header     Header
	provisions []Provision
	passages   []Passage
	warnings   []string
	spots      []format.Spot
}

// lay puts the blocks one under another and reads each line's mark.
func (c *cutter) lay(f *format.File) {
	size := 0
	for _, b := range f.Blocks {
		size += len(b.Text) + 1
	}
	var text strings.Builder
	text.Grow(size)
	c.lines = make([]line, 0, len(f.Blocks))
	for _, b := range f.Blocks {
		if text.Len() > 0 {
			text.WriteByte('\n')
		}
		l := line{start: text.Len(), kind: b.Kind, level: b.Level, provision: -1}
		text.WriteString(b.Text)
		l.end = text.Len()
		for _, s := range b.Spots {
			s.Start, s.End = s.Start+l.start, s.End+l.start
			c.spots = append(c.spots, s)
		}
		if b.Kind != format.Row {
			l.mark = readMark(b.Text)
		}
		c.lines = append(c.lines, l)
	}
	c.text = text.String()
}

func (c *cutter) of(l line) string { return c.text[l.start:l.end] }

// after is the line's text after its mark.
func (c *cutter) after(l line) string { return c.text[l.start+l.mark.rest : l.end] }

// markContents finds a table of contents: from the line 目录 to where its first
// entry comes again as the heading it names. Its entries open nothing.
func (c *cutter) markContents() {
	for i, l := range c.lines {
		if l.end-l.start > 30 || squeeze(c.of(l)) != "目录" || i+1 >= len(c.lines) {
			continue
		}
		first := entry(c.of(c.lines[i+1]))
		end := i + 1
		for j := i + 2; j < len(c.lines); j++ {
			if first != "" && entry(c.of(c.lines[j])) == first {
				end = j
				break
			}
		}
		if end == i+1 {
			for end < len(c.lines) && c.lines[end].mark.unit != "条" && c.isHeading(c.lines[end]) {
				end++
			}
		}
		for j := i; j < end; j++ {
			c.lines[j].contents = true
		}
		return
	}
}

// entry is what a line of a table of contents and its heading have in common:
// no white space, no leader dots, no page number.
func entry(s string) string {
	if len(s) > 300 {
		return ""
	}
	return strings.TrimRight(squeeze(s), ".…·-—0123456789()（）")
}

// squeeze drops all white space.
func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

// Structural headings from high to low. A heading closes those of its rank and below.
var ranks = map[string]int{"编": 1, "篇": 1, "部分": 1, "分编": 2, "章": 3, "节": 4}

// isHeading says whether a line is a structural heading: a short title without
// the marks of a sentence. "第三章规定的程序适用于…" is not one.
func (c *cutter) isHeading(l line) bool {
	if ranks[l.mark.unit] == 0 {
		return false
	}
	title := c.after(l)
	if l.kind == format.Heading {
		return true
	}
	if utf8.RuneCountInString(title) > 40 || strings.ContainsAny(title, "。；，：、") && !l.mark.spaced(c.of(l)) || strings.ContainsAny(title, "。；") {
		return false
	}
	return l.mark.spaced(c.of(l)) || !refers(title)
}

// walk goes through the lines once: headings make the path, openings start a
// provision, which runs to the next opening, heading or annex.
func (c *cutter) walk() {
	var path []string
	var rank []int
	open := -1
	for i := range c.lines {
		l := &c.lines[i]
		r := 0
		switch {
		case l.contents:
			continue
		case l.opens != nil:
			c.provisions = append(c.provisions, Provision{Ord: len(c.provisions), Path: path, Label: l.opens.label, Start: l.start})
			open = len(c.provisions) - 1
		case c.amends():
		case c.isHeading(*l):
			r = ranks[l.mark.unit]
		case c.isAnnex(*l):
			r = -1
		case c.isNamed(*l):
			r = ranks["章"]
		}
		if r != 0 {
			open = -1
			keep := 0
			for keep < len(rank) && r > 0 && rank[keep] < r && rank[keep] > 0 {
				keep++
			}
			path = append(append([]string(nil), path[:keep]...), c.title(*l))
			rank = append(append([]int(nil), rank[:keep]...), r)
			l.heading = r > 0
		}
		l.path, l.provision = path, open
		if open >= 0 {
			c.provisions[open].End = l.end
		}
	}
}

// amends: an amendment or decision quotes the headings of what it changes.
func (c *cutter) amends() bool { return itemised(c.header) }

// isAnnex says whether an annex begins here: 附件, 附件1, 附录：….
func (c *cutter) isAnnex(l line) bool {
	if l.end-l.start > 120 {
		return false
	}
	s := squeeze(c.of(l))
	if s == "附" || s == "附：" || s == "附:" {
		return true
	}
	for _, word := range []string{"附件", "附录", "附表"} {
		if rest, ok := strings.CutPrefix(s, word); ok && !strings.ContainsAny(s, "。；，") {
			_, at := readNumeral(rest, 0)
			rest = rest[at:]
			if rest == "" || at > 0 || strings.HasPrefix(rest, "：") || strings.HasPrefix(rest, ":") {
				return true
			}
		}
	}
	return false
}

// isNamed says whether a line is a heading without a number.
func (c *cutter) isNamed(l line) bool {
	if l.end-l.start > 40 || l.mark.unit != "" {
		return false
	}
	switch squeeze(c.of(l)) {
	case "总则", "附则", "序言":
		return true
	}
	return false
}

// title writes a heading as a path shows it: 第二章 总则.
func (c *cutter) title(l line) string {
	if ranks[l.mark.unit] == 0 {
		return shorten(squeeze(c.of(l)), 40)
	}
	number := "第" + format.Chinese(l.mark.n) + l.mark.unit
	if name := squeeze(c.after(l)); name != "" {
		return number + " " + shorten(name, 40)
	}
	return number
}

func shorten(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return s[:i]
		}
		n++
	}
	return s
}

var noteOver = regexp.MustCompile(`(?:已经?|现已)(?:废止|失效|被修改|被取代)|历史版本|^[（(]?(?:本\p{Han}{2,4})?废止[)）]?$`)

// note finds, under the title, a remark that the text is over.
func (c *cutter) note() string {
	for i, l := range c.lines {
		if i > 12 || l.mark.unit != "" && i > 0 {
			break
		}
		if l.end-l.start > 200 || strings.Contains(c.of(l), "《") {
			continue
		}
		if m := noteOver.FindString(c.of(l)); m != "" {
			return m
		}
	}
	return ""
}
