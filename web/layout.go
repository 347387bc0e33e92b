package web

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"advisor/corpus"
)

var headingLine = regexp.MustCompile(`^\s*第[〇零一二三四五六七八九十百千0-9]+(分编|编|章|节)(\s|　|$)`)

// layout lays a version out in lines, with an anchor at every 条, 款 and 项,
// what was asked for marked and its references as links.
type layout struct {
	v        corpus.VersionView
	links    []corpus.Link
	on       string
	from, to int // what is marked; an empty stretch before the text for nothing

	blocks  []block
	outline []outlineEntry
	cut     bool
	anchors map[string]bool
}

func (l *layout) lay() {
	l.anchors = map[string]bool{}
	lines := l.addresses()
	for at := 0; at < len(l.v.Text); {
		end := len(l.v.Text)
		if i := strings.IndexByte(l.v.Text[at:], '\n'); i >= 0 {
			end = at + i
		}
		if len(l.blocks) >= maxLines {
			l.cut = true
			return
		}
		l.line(at, end, lines[at])
		at = end + 1
	}
	l.shorten()
}

// place is what a line begins: an article, or a 款 or 项 of one.
type place struct{ article, part string }

// addresses gives, by the byte a line begins at, what it begins.
func (l *layout) addresses() map[int]place {
	out := map[int]place{}
	for _, p := range l.v.Provisions {
		if p.End > len(l.v.Text) {
			continue
		}
		for i, line := range corpus.Lines(l.v.Text[p.Start:p.End]) {
			x := place{}
			if i == 0 {
				x.article = p.Label
			}
			if line.Address != "" {
				x.part = p.Label + line.Address
			}
			if x != (place{}) {
				out[p.Start+line.Start] = x
			}
		}
	}
	for _, x := range out {
		l.anchors[x.article], l.anchors[x.part] = true, true
	}
	return out
}

func (l *layout) line(at, end int, begins place) {
	line := l.v.Text[at:end]
	b := block{Anchor: begins.article}
	if begins.part != "" {
		b.Places = []string{begins.part}
	}
	switch {
	case strings.TrimSpace(line) == "":
		return
	case b.Anchor == "" && len(line) < 120 && headingLine.MatchString(line):
		b.Level, b.Label, b.Anchor = 2, strings.TrimSpace(line), fmt.Sprintf("h%d", at)
		l.outline = append(l.outline, outlineEntry{Anchor: b.Anchor, Name: b.Label})
	default:
		if b.Anchor != "" {
			if l.has(b.Anchor) { // the second 第一条 of a notice that prints two rules
				b.Anchor = fmt.Sprintf("%s-%d", b.Anchor, at)
			}
			l.outline = append(l.outline, outlineEntry{Anchor: b.Anchor, Name: begins.article, Deep: true})
		}
		b.Hit = l.from < end && l.to > at
		b.Runs = l.runs(at, end)
	}
	l.blocks = append(l.blocks, b)
}

func (l *layout) has(anchor string) bool {
	return slices.ContainsFunc(l.outline, func(e outlineEntry) bool { return e.Deep && e.Anchor == anchor })
}

// runs cuts a line where a mark or a reference begins or ends.
func (l *layout) runs(at, end int) (out []textRun) {
	cuts := []int{at, end}
	for _, x := range []int{l.from, l.to} {
		if x > at && x < end {
			cuts = append(cuts, x)
		}
	}
	for len(l.links) > 0 && l.links[0].Start < at {
		l.links = l.links[1:]
	}
	var here []corpus.Link
	for _, k := range l.links {
		if k.Start >= end {
			break
		}
		if k.End <= end {
			here = append(here, k)
			cuts = append(cuts, k.Start, k.End)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	for i := 0; i+1 < len(cuts); i++ {
		r := textRun{Text: l.v.Text[cuts[i]:cuts[i+1]], Mark: cuts[i] >= l.from && cuts[i] < l.to}
		for _, k := range here {
			if cuts[i] >= k.Start && cuts[i] < k.End {
				r.Href = l.leads(k)
			}
		}
		out = append(out, r)
	}
	return out
}

// leads is where a reference leads, "" when there is nothing there.
func (l *layout) leads(k corpus.Link) string {
	if k.DocumentID == 0 || k.DocumentID == l.v.DocumentID {
		for _, anchor := range []string{k.Label, k.Article} {
			if l.anchors[anchor] {
				return "#" + url.PathEscape(anchor)
			}
		}
		return ""
	}
	q := url.Values{"p": {k.Label}}
	if l.on != "" {
		q.Set("on", l.on)
	}
	return fmt.Sprintf("/corpus/%d?%s#%s", k.DocumentID, q.Encode(), url.PathEscape(k.Article))
}

// shorten leaves only the chapters of a code in the outline: its thousand
// articles do not fit beside it.
func (l *layout) shorten() {
	if len(l.outline) <= 60 {
		return
	}
	if short := slices.DeleteFunc(slices.Clone(l.outline), func(e outlineEntry) bool { return e.Deep }); len(short) > 0 {
		l.outline = short
	}
}

// count writes at each article how often other documents refer to it.
func (l *layout) count(cited []corpus.Citing) {
	times := map[string]int{}
	for _, c := range cited {
		times[c.Article]++
	}
	for i := range l.blocks {
		if b := &l.blocks[i]; b.Level == 0 && b.Anchor != "" {
			b.Cited = times[b.Anchor]
		}
	}
}

// placeOf is where a provision, or a part of one, stands in a version.
func placeOf(v corpus.VersionView, label string) (from, to int) {
	for _, p := range v.Provisions {
		if p.Label != article(label) || p.End > len(v.Text) {
			continue
		}
		at := -1
		end := 0
		for _, line := range corpus.Lines(v.Text[p.Start:p.End]) {
			switch {
			case p.Label+line.Address == label && label != p.Label:
				at, end = line.Start, line.End
			case at >= 0 && line.Address == "":
				end = line.End
			case at >= 0:
				return p.Start + at, p.Start + end
			}
		}
		if at >= 0 {
			return p.Start + at, p.Start + end
		}
		return p.Start, p.End
	}
	return -1, -1
}
