package corpus

import (
	"strings"
	"unicode/utf8"

	"advisor/corpus/format"
)

// The levels of a 公文, from high to low, below the structural headings.
var steps = map[string]int{"一、": 1, "（一）": 2, "1.": 3, "（1）": 4}

// cutFree cuts lines outside provisions: paragraphs are joined to passages of
// moderate size that begin anew at 一、 and mostly at （一）, so that the
// headings above a passage are true for all of it.
func (c *cutter) cutFree(lines []line) {
	f := free{cutter: c}
	for _, l := range lines {
		f.take(l)
	}
	f.flush()
}

// free is the open passage and the headings above it.
type free struct {
	*cutter
	start, end int
	chars      int
	body       bool // more than headings
	label      string
	context    string
	heads      [5]string // titles of the open steps; 0: the last unnumbered heading
	marks      [5]string
}

func (f *free) take(l line) {
	chars := utf8.RuneCountInString(f.of(l))
	step := steps[l.mark.unit]
	head := l.kind == format.Heading || l.heading
	if f.ends(l, step, head, chars) {
		f.flush()
	}
	if step > 0 || head && squeeze(f.of(l)) != squeeze(f.header.Title) {
		f.enter(l, step)
	}
	if chars > mostChars {
		f.flush()
		for _, piece := range sentences(f.text, l.start, l.end) {
			f.open(l)
			f.start, f.end, f.body = piece[0], piece[1], true
			f.flush()
		}
		return
	}
	if f.chars == 0 {
		f.start = l.start
	}
	if !f.body { // headings alone take the address of what they lead to
		f.open(l)
	}
	f.end = l.end
	f.chars += chars
	f.body = f.body || !head && (step == 0 || chars > 30)
}

// ends says whether the open passage is complete before this line.
func (f *free) ends(l line, step int, head bool, chars int) bool {
	switch {
	case f.chars == 0:
		return false
	case f.chars+chars > mostChars:
		return true
	case l.kind == format.Row && f.header.Kind == DutyList:
		return true
	case head || step == 1:
		return f.body
	case step == 2:
		return f.body && f.chars >= someChars
	}
	return false
}

// enter opens a heading and closes those below it.
func (f *free) enter(l line, step int) {
	title := f.of(l)
	if i := strings.IndexAny(title, "。：；"); i > 0 {
		title = title[:i]
	}
	f.heads[step] = shorten(title, 30)
	f.marks[step] = strings.TrimSpace(f.text[l.start : l.start+l.mark.end])
	if step == 0 {
		f.marks[0] = ""
	}
	for i := step + 1; i < len(f.heads); i++ {
		f.heads[i], f.marks[i] = "", ""
	}
}

func (f *free) open(l line) {
	f.context = f.cutter.context(l.path)
	for i, head := range f.heads {
		if head != "" && i < 3 {
			f.context += " " + head
		}
	}
	f.label = strings.Join(f.marks[1:], "")
}

func (f *free) flush() {
	if f.end > f.start {
		f.add(Passage{ProvisionOrd: -1, Label: f.label, Context: f.context, Start: f.start, End: f.end})
	}
	f.start, f.end, f.chars, f.body = 0, 0, 0, false
}
