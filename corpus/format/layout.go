package format

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"
)

// layout turns pages of characters back into the paragraphs that were typed:
// running heads and page numbers go, lines are joined, tables become rows.
type layout struct {
	out     *sink
	pages   []Page
	runs    [][]run // by page
	size    int
	body    float32 // type size of the body text
	left    float32 // the body's margins
	right   float32
	edge    map[side]Box // the margins of all pages
	open    paragraph
	indents bool // some paragraph begins with an indented line
}

// add takes a page; its characters are let go.
func (l *layout) add(s *drawn) error {
	l.pages = append(l.pages, s.page)
	runs := s.runs(len(l.pages))
	kept := runs[:0]
	for _, r := range runs {
		if r.text = clean(r.text); r.text != "" {
			kept = append(kept, r)
			l.size += len(r.text) + 1
		}
	}
	if l.size > maxText {
		return l.out.tooLarge(maxText)
	}
	l.runs = append(l.runs, slices.Clip(kept))
	return nil
}

// replace gives page n, from 0, the characters of s.
func (l *layout) replace(n int, s *drawn) {
	l.runs[n] = l.runs[n][:0]
	for _, r := range s.runs(n + 1) {
		if r.text = clean(r.text); r.text != "" {
			l.runs[n] = append(l.runs[n], r)
		}
	}
}

// finish gives the blocks out.
func (l *layout) finish(ctx context.Context) error {
	l.out.file.Pages = l.pages
	l.dropFurniture()
	l.measure()
	for n, page := range l.runs {
		if err := ctx.Err(); err != nil {
			return err
		}
		l.turn(n)
		if err := l.page(page); err != nil {
			return err
		}
		l.runs[n] = nil
	}
	return l.flush()
}

// measure finds the type size of the body: that of most characters. And
// whether paragraphs begin indented, as official texts do.
func (l *layout) measure() {
	sizes := map[float32]int{}
	for _, page := range l.runs {
		for _, r := range page {
			sizes[round(r.em)] += utf8.RuneCountInString(r.text)
		}
	}
	most := 0
	for size, n := range sizes {
		if n > most || n == most && size < l.body {
			l.body, most = size, n
		}
	}
	indented, flush := 0, 0
	l.margins()
	for n, page := range l.runs {
		l.turn(n)
		for _, r := range page {
			switch {
			case mark(r.text) == "" || abs(r.em-l.body) > 0.2*l.body:
			case r.box.X0 > l.left+0.8*l.body:
				indented++
			default:
				flush++
			}
		}
	}
	l.indents = indented >= 3 && indented > 2*flush
}

func round(f float32) float32 { return float32(int(f*2+0.5)) / 2 }

func abs(f float32) float32 { return max(f, -f) }

// side is a set of pages that share their margins: left and right pages of
// a book differ, and a page lying across differs from one that stands.
type side struct {
	odd   bool
	width int
}

// margins finds where the lines of the body begin and end: the leftmost place
// where a twentieth of the text begins, and the rightmost where it ends.
func (l *layout) margins() {
	type ends struct {
		starts, stops map[int]int
		chars         int
	}
	seen := map[side]*ends{}
	for n, page := range l.runs {
		key := l.sideOf(n)
		e := seen[key]
		if e == nil {
			e = &ends{starts: map[int]int{}, stops: map[int]int{}}
			seen[key] = e
		}
		for _, r := range page {
			if c := utf8.RuneCountInString(r.text); c >= 6 && abs(r.em-l.body) <= 0.2*l.body {
				e.starts[int(r.box.X0/3)] += c
				e.stops[int(r.box.X1/3)] += c
				e.chars += c
			}
		}
	}
	l.edge = map[side]Box{}
	for key, e := range seen {
		b := Box{X0: -1}
		for _, at := range sortedKeys(e.starts) {
			if b.X0 < 0 && (e.starts[at]+e.starts[at+1])*20 >= e.chars {
				b.X0 = float32(at) * 3
			}
		}
		sum := 0
		for _, at := range slices.Backward(sortedKeys(e.stops)) {
			if sum += e.stops[at]; sum*20 >= e.chars {
				b.X1 = float32(at+1) * 3
				break
			}
		}
		l.edge[key] = b
	}
}

func (l *layout) sideOf(n int) side {
	return side{odd: n%2 == 0, width: int(l.pages[n].W / 10)}
}

// turn takes the margins of page n, from 0.
func (l *layout) turn(n int) {
	b := l.edge[l.sideOf(n)]
	l.left, l.right = max(b.X0, 0), b.X1
	for _, r := range l.runs[n] {
		if b.X1 == 0 {
			l.left, l.right = r.box.X0, max(l.right, r.box.X1)
		}
	}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// page goes through a page band by band: stretches side by side are a table's
// row when the next band has them too.
func (l *layout) page(runs []run) error {
	bands := bandsOf(runs)
	for i := 0; i < len(bands); {
		if n := tableAt(bands[i:]); n > 0 {
			if err := l.table(bands[i : i+n]); err != nil {
				return err
			}
			i += n
			continue
		}
		for _, r := range bands[i] {
			if err := l.line(r); err != nil {
				return err
			}
		}
		i++
	}
	return nil
}

// bandsOf gathers the stretches that stand side by side.
func bandsOf(runs []run) [][]run {
	var bands [][]run
	for _, r := range runs {
		n := len(bands)
		if n > 0 {
			last := bands[n-1][len(bands[n-1])-1]
			if r.box.overlap(last.box) > 0.5 && r.box.X0 >= last.box.X1 {
				bands[n-1] = append(bands[n-1], r)
				continue
			}
		}
		bands = append(bands, []run{r})
	}
	return bands
}

// paragraph is the open paragraph: its text, where that stands, and its last line.
type paragraph struct {
	text  strings.Builder
	spots []Spot
	last  run
	first run
	lines int
	mid   bool // centred
}

// line adds a line to the open paragraph or begins the next one.
func (l *layout) line(r run) error {
	mid := l.centred(r)
	if l.open.lines > 0 && l.breaks(r, mid) {
		if err := l.flush(); err != nil {
			return err
		}
	}
	p := &l.open
	if p.lines == 0 {
		p.first, p.mid = r, mid
	} else if latinEnd(p.text.String()) && latinStart(r.text) {
		p.text.WriteByte(' ')
	}
	start := p.text.Len()
	p.text.WriteString(r.text)
	p.spots = append(p.spots, Spot{Start: start, End: p.text.Len(), Page: r.page, Box: r.box})
	p.last = r
	p.lines++
	return nil
}

// breaks says whether a line begins a new paragraph.
func (l *layout) breaks(r run, mid bool) bool {
	p, last := &l.open, l.open.last
	em := max(l.body, 1)
	if abs(r.em-last.em) > 0.15*max(last.em, r.em) {
		return true
	}
	if large := min(r.em, last.em) > 1.18*em; large {
		em = r.em
		if last.box.X1 >= l.right-1.9*em && mark(r.text) == "" { // a title too long for its line
			return r.page != last.page || r.box.Y0-last.box.Y1 > 1.6*em
		}
	}
	if mid != p.mid {
		return true
	}
	next := r.page == last.page && r.box.Y0 >= last.box.Y0-em
	if next && r.box.Y0-last.box.Y1 > 1.6*max(em, r.em) {
		return true
	}
	if mid {
		return mark(r.text) != "" || mark(last.text) != "" && !title(last, r, em)
	}
	short := last.box.X1 < l.right-1.9*em
	indented := r.box.X0 > l.left+0.8*em
	switch {
	case short:
		return true
	case indented:
		// A block that is indented as a whole goes on; a first line is deeper.
		return r.box.X0 > last.box.X0+0.8*em || p.lines == 1 && r.box.X0 > p.first.box.X0-0.5*em || mark(r.text) != ""
	case l.indents:
		return chapter(r.text) && stops(last.text)
	}
	return mark(r.text) != "" && stops(last.text)
}

// title says whether b goes on with the title whose line a is.
func title(a, b run, em float32) bool {
	return b.box.Y0-a.box.Y1 < em && abs(a.em-b.em) < 0.1*a.em
}

// centred says whether a line stands in the middle, clear of both margins.
func (l *layout) centred(r run) bool {
	w := l.pages[r.page-1].W
	from, to := r.box.X0-l.left, l.right-r.box.X1
	if l.right <= l.left {
		from, to = r.box.X0, w-r.box.X1
	}
	return from > 2.5*l.body && to > 2.5*l.body && abs(from-to) < max(1.5*l.body, 0.05*w)
}

// chapter says whether a line is a heading of 编, 章 or 节.
func chapter(s string) bool {
	m := mark(s)
	return strings.HasPrefix(m, "第") && !strings.HasSuffix(m, "条") && !strings.HasSuffix(m, "款") && utf8.RuneCountInString(s) < 40 && !stops(s)
}

func stops(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, "”’）)》 "))
	return strings.ContainsRune("。；：！？;:!?", r)
}

// flush gives the open paragraph out. A short one in larger type is a heading.
func (l *layout) flush() error {
	p := &l.open
	if p.lines == 0 {
		return nil
	}
	kind, level := Paragraph, 0
	text := p.text.String()
	if p.first.em > 1.18*l.body && utf8.RuneCountInString(text) <= 90 && !stops(text) {
		kind, level = Heading, 1
		if mark(text) != "" || p.first.em < 1.35*l.body {
			level = 2
		}
	}
	spots := p.spots
	l.open = paragraph{}
	return l.out.addAt(kind, level, text, spots)
}

// mark gives the numeral that a line begins with, as 第十条, 一、, （一） or 1.;
// empty when it begins with none.
func mark(s string) string {
	r := []rune(s[:min(len(s), 48)])
	i := 0
	numeral := func() bool {
		from := i
		for i < len(r) && (strings.ContainsRune("〇零一二三四五六七八九十百千两０１２３４５６７８９ ", r[i]) || r[i] >= '0' && r[i] <= '9') {
			i++
		}
		return i > from
	}
	switch {
	case len(r) < 2:
		return ""
	case r[0] == '第':
		i = 1
		if numeral() && i < len(r) && strings.ContainsRune("编章节条款篇部", r[i]) {
			return string(r[:i+1])
		}
	case strings.ContainsRune("（(〔", r[0]):
		i = 1
		if numeral() && i < len(r) && strings.ContainsRune("）)〕", r[i]) {
			return string(r[:i+1])
		}
	case numeral() && i < len(r) && i < 7 && strings.ContainsRune("、．.", r[i]):
		if i+1 < len(r) && r[i+1] >= '0' && r[i+1] <= '9' { // 3.5 is a number
			return ""
		}
		return string(r[:i+1])
	}
	return ""
}
