package format

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxMarks bounds the combining marks on one character: real text has at most
// a few, a hostile one a million, which costs every later step dearly.
const maxMarks = 4

// clean makes a block's text safe to show and search: NFC, no control or
// invisible characters (zero-width, bidirectional overrides, tags), no outer
// space. Most text passes through untouched and uncopied.
func clean(text string) string {
	text = strings.TrimFunc(text, space)
	dirty, compose := look(text)
	if dirty {
		text = strings.TrimFunc(scrub(text), space)
	}
	if compose && !norm.NFC.IsNormalString(text) {
		text = norm.NFC.String(text)
	}
	return text
}

func space(r rune) bool { return unicode.IsSpace(r) || invisible(r) }

// look says in one pass whether a text has anything to scrub, and whether it
// has characters that composition might change: most Chinese text has neither.
func look(text string) (dirty, compose bool) {
	for _, r := range text {
		switch {
		case r >= 0x20 && r < 0x7f, r >= 0x4e00 && r < 0xa000, r >= 0x3000 && r < 0x3040:
		case r < 0x20 || r < 0xa1 || r == utf8.RuneError || invisible(r):
			dirty = true
		case r >= 0x300 && r < 0x2000, r >= 0x20d0 && r < 0x2150, r >= 0x3040 && r < 0x3100, r >= 0xac00 && r < 0xfb50, r >= 0x10000:
			compose = true
			dirty = dirty || unicode.Is(unicode.Mn, r)
		}
	}
	return dirty, compose
}

func scrub(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	marks := 0
	for _, r := range text {
		if unicode.Is(unicode.Mn, r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		switch {
		case r == '\t' || r == '\n' || r == '\r' || r == 0x85 || r == 0xa0:
			b.WriteByte(' ')
		case r < 0x20 || r == 0x7f || invisible(r):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unify turns the radicals that PDF fonts give out in place of characters back
// into those: ⾃ is drawn as 自 and meant so.
func unify(r rune) rune {
	if r < 0x2e80 || r > 0x2fd5 && r < 0xf900 || r > 0xfaff {
		return r
	}
	plain := []rune(norm.NFKC.String(string(r)))
	if len(plain) == 1 {
		return plain[0]
	}
	return r
}

// invisible characters change how text reads or is matched without being seen.
func invisible(r rune) bool {
	switch {
	case r < 0xad:
		return false
	case r == 0xad, r == 0x61c, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e,
		r >= 0x2060 && r <= 0x206f, r == 0xfeff, r >= 0xfff9 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe0fff:
		return true
	}
	return r >= 0xfe00 && r <= 0xfe0f
}
