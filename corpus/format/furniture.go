package format

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Furniture is what a page carries beside its text: running heads and feet,
// page numbers. It stands at the edge, above or below everything else.
const (
	edge = 0.14 // share of a page's height at top and bottom
	most = 4    // lines of furniture at each end
)

// repeated is where on its page, and as what, a stretch comes again.
type repeated struct {
	words string // digits as #
	y     int
}

// dropFurniture takes away, at the edges of pages, what comes again on many
// pages at the same height, and page numbers.
func (l *layout) dropFurniture() {
	seen, numbers := map[repeated]int{}, 0
	for n, page := range l.runs {
		for _, at := range l.edges(n) {
			seen[placeOf(page[at])]++
			if pageNumber(page[at].text) {
				numbers++
			}
		}
	}
	need := max(2, len(l.runs)*2/5)
	for n, page := range l.runs {
		drop := map[int]bool{}
		for _, at := range l.edges(n) {
			r := page[at]
			again := seen[placeOf(r)] >= need && !furnitureSays(r.text)
			if again || pageNumber(r.text) && (numbers*2 > len(l.runs) || dashed(r.text)) {
				drop[at] = true
			}
		}
		if len(drop) == 0 {
			continue
		}
		kept := page[:0]
		for i, r := range page {
			if !drop[i] {
				kept = append(kept, r)
			}
		}
		l.runs[n] = kept
	}
}

// furnitureSays keeps a line that opens a provision: forms and lists repeat
// their first lines from page to page, and those are text.
func furnitureSays(s string) bool { return strings.HasPrefix(mark(s), "第") }

// edges lists the stretches at the top and bottom of a page.
func (l *layout) edges(n int) []int {
	page, h := l.runs[n], l.pages[n].H
	var all []int
	for i, r := range page {
		if r.box.Y1 < h*edge && i < 2*most || r.box.Y0 > h*(1-edge) && i >= len(page)-2*most {
			all = append(all, i)
		}
	}
	return all
}

func placeOf(r run) repeated {
	words := strings.Map(func(c rune) rune {
		switch {
		case unicode.IsDigit(c):
			return '#'
		case unicode.IsSpace(c):
			return -1
		}
		return c
	}, r.text)
	for strings.Contains(words, "##") {
		words = strings.ReplaceAll(words, "##", "#")
	}
	return repeated{words, int(r.box.Y0/6 + 0.5)}
}

// pageNumber recognises 12, — 12 —, 第 12 页, 第12页 共30页, 12/30, Page 12.
func pageNumber(s string) bool {
	if utf8.RuneCountInString(s) > 24 {
		return false
	}
	digits := 0
	rest := strings.Map(func(c rune) rune {
		switch {
		case unicode.IsDigit(c):
			digits++
			return -1
		case unicode.IsSpace(c) || strings.ContainsRune("-—–－―─_·•.()（）〔〕[]/／|", c):
			return -1
		}
		return c
	}, s)
	switch rest {
	case "":
		return digits > 0 && digits <= 8
	case "第页", "第页共页", "第页，共页", "第页,共页", "页", "共页", "Page", "page", "P", "p", "Pageof", "Pof":
		return digits > 0
	}
	return false
}

// dashed is a page number as 公文 set it: — 1 —. It is one even on a single page.
func dashed(s string) bool {
	s = strings.TrimSpace(s)
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	dash := "-—–－―─"
	return strings.ContainsRune(dash, first) && strings.ContainsRune(dash, last) || strings.HasPrefix(s, "第") && strings.Contains(s, "页")
}
