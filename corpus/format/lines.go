package format

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// run is a stretch of characters on one line without a wide gap.
type run struct {
	text string
	box  Box
	em   float32 // height of its characters: the type size, nearly
	page int
}

// wideGap, in characters, is where a line falls apart into cells or columns.
// Two full-width spaces, as between 第一章 and its name, do not reach it.
const wideGap = 2.6

// runs turns a page's glyphs into stretches, in reading order: from the top,
// from the left, a column before the next.
func (s *drawn) runs(number int) []run {
	var open []glyph
	var all []run
	end := func() {
		if r, ok := makeRun(open, number); ok {
			all = append(all, r)
		}
		open = open[:0]
	}
	for _, g := range s.glyphs {
		if n := len(open); n > 0 && !follows(open[n-1], g) {
			end()
		}
		open = append(open, g)
	}
	end()
	x := columns(all, s.page)
	if x == 0 {
		return joinRuns(all)
	}
	var left, right, cross []run
	for _, r := range all {
		switch {
		case r.box.X1 <= x:
			left = append(left, r)
		case r.box.X0 >= x:
			right = append(right, r)
		default:
			cross = append(cross, r)
		}
	}
	all = append(append(joinRuns(left), joinRuns(right)...), joinRuns(cross)...)
	slices.SortStableFunc(all, func(a, b run) int { return cmp.Compare(a.box.Y0, b.box.Y0) })
	return inColumns(all, x)
}

// follows says whether b stands to the right of a on the same line, near it.
func follows(a, b glyph) bool {
	em := max(a.box.height(), b.box.height())
	gap := b.box.X0 - a.box.X1
	return a.box.overlap(b.box) > 0.5 && gap < wideGap*em && gap > -0.6*em
}

func makeRun(glyphs []glyph, page int) (run, bool) {
	for len(glyphs) > 0 && unicode.IsSpace(glyphs[0].r) {
		glyphs = glyphs[1:]
	}
	for n := len(glyphs); n > 0 && unicode.IsSpace(glyphs[n-1].r); n = len(glyphs) {
		glyphs = glyphs[:n-1]
	}
	if len(glyphs) == 0 {
		return run{}, false
	}
	r := run{box: glyphs[0].box, page: page}
	heights := make([]float32, 0, len(glyphs))
	var b strings.Builder
	blank, usual := false, usualGap(glyphs)
	last := glyphs[0]
	for i, g := range glyphs {
		if unicode.IsSpace(g.r) {
			blank = true
			continue
		}
		if i > 0 && spaced(last, g, blank, usual) {
			b.WriteByte(' ')
		}
		b.WriteRune(g.r)
		r.box = r.box.union(g.box)
		heights = append(heights, g.box.height())
		last, blank = g, false
	}
	slices.Sort(heights)
	r.em = max(heights[len(heights)/2], 1)
	r.text = b.String()
	return r, true
}

// spaced says whether a reader sees a space between two characters. Justified
// lines are stretched a little between all their characters: usual is by how much.
func spaced(a, b glyph, blank bool, usual float32) bool {
	em := max(a.box.height(), b.box.height())
	gap := b.box.X0 - a.box.X1
	wide, other := a.r >= 0x2e80, b.r >= 0x2e80
	if wide && other {
		gap = pitch(a, b) - em
	}
	switch {
	case blank:
		return gap > 0.1*em
	case pointed(a.r) || pointed(b.r): // set narrower than its square
		return gap > em
	case wide && other:
		return gap > max(usual, 0)+0.17*em
	case !wide && !other:
		return gap > 0.2*em
	}
	return gap > max(usual, 0)+0.5*em // programs set Chinese and Latin apart by a quarter
}

// pitch is the distance between the middles of two characters. Some boxes are
// those of the ink, not of the square that a Chinese character stands in.
func pitch(a, b glyph) float32 { return (b.box.X0 + b.box.X1 - a.box.X0 - a.box.X1) / 2 }

func pointed(r rune) bool { return r >= 0x3001 && r < 0x3020 || r >= 0xff00 && unicode.IsPunct(r) }

// usualGap is the middle of the gaps between Chinese characters.
func usualGap(glyphs []glyph) float32 {
	var gaps []float32
	for i := 1; i < len(glyphs); i++ {
		if glyphs[i-1].r >= 0x2e80 && glyphs[i].r >= 0x2e80 {
			gaps = append(gaps, pitch(glyphs[i-1], glyphs[i])-max(glyphs[i-1].box.height(), glyphs[i].box.height()))
		}
	}
	if len(gaps) < 4 {
		return 0
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

// joinRuns puts together what stands on one line but was drawn in pieces, in
// another order or with changes of font between.
func joinRuns(all []run) []run {
	slices.SortStableFunc(all, func(a, b run) int { return cmp.Compare(a.box.Y0, b.box.Y0) })
	out := all[:0:0]
	for i := 0; i < len(all); {
		band, box := []run{all[i]}, all[i].box
		j := i + 1
		for ; j < len(all) && all[j].box.overlap(box) > 0.5; j++ {
			band = append(band, all[j])
			box.Y1 = max(box.Y1, min(all[j].box.Y1, box.Y0+1.2*all[i].em))
		}
		out = append(out, joinBand(band)...)
		i = j
	}
	return out
}

func joinBand(band []run) []run {
	slices.SortStableFunc(band, func(a, b run) int { return cmp.Compare(a.box.X0, b.box.X0) })
	out := band[:1:1]
	for _, r := range band[1:] {
		last := &out[len(out)-1]
		em := max(last.em, r.em)
		gap := r.box.X0 - last.box.X1
		if gap >= wideGap*em || gap < -0.6*em {
			out = append(out, r)
			continue
		}
		last.text += between(last.text, r.text, gap/em) + r.text
		last.box = last.box.union(r.box)
		if r.box.width() > last.box.width()/2 {
			last.em = r.em
		}
	}
	return out
}

// between gives the space that belongs between two pieces of a line.
func between(a, b string, gap float32) string {
	if gap > 0.6 || gap > 0.22 && latinEnd(a) && latinStart(b) {
		return " "
	}
	return ""
}

// columns finds the gutter between two columns of prose: a place near the
// middle that hardly any stretch crosses, with long lines on both sides. Cells
// of a table are short, so a table has none.
func columns(all []run, page Page) float32 {
	for _, at := range []float32{0.5, 0.48, 0.52, 0.46, 0.54} {
		x := page.W * at
		left, right, cross, leftChars, rightChars := 0, 0, 0, 0, 0
		for _, r := range all {
			switch {
			case r.box.X1 <= x:
				left++
				leftChars += len(r.text)
			case r.box.X0 >= x:
				right++
				rightChars += len(r.text)
			default:
				cross++
			}
		}
		if left >= 10 && right >= 6 && cross*5 <= left && leftChars/left >= 30 && rightChars/right >= 30 {
			return x
		}
	}
	return 0
}

// inColumns reads from one stretch that crosses the gutter to the next: first
// the left, then the right of what lies between.
func inColumns(all []run, x float32) []run {
	out := make([]run, 0, len(all))
	var right []run
	for _, r := range all {
		switch {
		case r.box.X1 <= x:
			out = append(out, r)
		case r.box.X0 >= x:
			right = append(right, r)
		default:
			out = append(append(out, right...), r)
			right = nil
		}
	}
	return append(out, right...)
}

func latinEnd(s string) bool {
	r := []rune(s[max(0, len(s)-4):])
	return len(r) > 0 && latin(r[len(r)-1])
}

func latinStart(s string) bool {
	for _, r := range s {
		return latin(r)
	}
	return false
}

func latin(r rune) bool { return r < 0x2e80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
