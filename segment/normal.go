package segment

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Normalize gives text in one spelling: NFKC (so full-width becomes plain),
// without invisible characters (zero-width, bidirectional marks, tags,
// variation selectors), line ends as \n, broken UTF-8 as U+FFFD.
func Normalize(text string) string {
	if out, ok := plain(text); ok {
		return out
	}
	return NormalizeMap(text).Text
}

// Mapped is normalised text that remembers where each byte came from.
type Mapped struct {
	Text   string
	source []int32 // for each byte of Text, and one past it, the byte in the source
}

// Source turns a span of the normalised text into the span of the source it came from.
func (m Mapped) Source(start, end int) (int, int) {
	if end <= start {
		return int(m.source[start]), int(m.source[start])
	}
	return int(m.source[start]), int(m.source[end])
}

// NormalizeMap is Normalize keeping the way back to the source's offsets.
func NormalizeMap(text string) Mapped {
	// Invisible characters go first: one between a letter and its accent would
	// otherwise keep them apart, and normalising twice would give another text.
	kept := make([]byte, 0, len(text))
	from := make([]int32, 0, len(text)+1)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r = visible(r, text[i+size:]); r >= 0 {
			n := len(kept)
			kept = utf8.AppendRune(kept, r)
			for range len(kept) - n {
				from = append(from, int32(i))
			}
		}
		i += size
	}
	from = append(from, int32(len(text)))
	return compose(kept, from)
}

// compose applies NFKC to kept, whose bytes came from the given places.
func compose(kept []byte, from []int32) Mapped {
	var out strings.Builder
	source := make([]int32, 0, len(kept)+1)
	var it norm.Iter
	it.Init(norm.NFKC, kept)
	for !it.Done() {
		at := it.Pos()
		piece := it.Next()
		out.Write(piece)
		for k := range piece {
			// Within a piece that kept its length byte for byte, offsets stay exact.
			if len(piece) == it.Pos()-at {
				source = append(source, from[at+k])
			} else {
				source = append(source, from[at])
			}
		}
	}
	return Mapped{Text: out.String(), source: append(source, from[len(kept)])}
}

// visible gives the rune to keep for r, or -1 for none.
func visible(r rune, rest string) rune {
	switch {
	case r == '\r':
		if strings.HasPrefix(rest, "\n") {
			return -1
		}
		return '\n'
	case r == '\n' || r == '\t':
		return r
	case r == '\u0085', r == '\u2028', r == '\u2029':
		return '\n'
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r),
		r == '\u115f', r == '\u1160', r == '\u3164', r == '\uffa0', r == '\u034f', r == '\u17b4', r == '\u17b5', r >= 0xE0000 && r < 0xE1000:
		return -1
	}
	return r
}

// plain normalises the ordinary case, where only full-width forms change.
// It gives up (false) on the first character that needs the whole procedure.
func plain(text string) (string, bool) {
	i := 0
	for i < len(text) { // the longest part that is already normal
		c := text[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
				return "", false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if !settled(r) {
			if foldWide(r) < 0 {
				return "", false
			}
			break
		}
		i += size
	}
	if i == len(text) {
		return text, true
	}
	out := make([]byte, i, len(text))
	copy(out, text)
	for i < len(text) {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		} else if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return "", false
		}
		if r < utf8.RuneSelf || settled(r) {
			out = append(out, text[i:i+size]...)
		} else if f := foldWide(r); f >= 0 {
			out = append(out, byte(f))
		} else {
			return "", false
		}
		i += size
	}
	return string(out), true
}

// settled tells the characters that every normalisation leaves alone and that
// nothing before them can merge with.
func settled(r rune) bool {
	return r >= 0x4E00 && r <= 0x9FFF || r >= 0x3001 && r <= 0x3029 ||
		r == '“' || r == '”' || r == '‘' || r == '’' || r == '—' || r == '·' || r == '○'
}

// foldWide gives the ASCII character of a full-width one, or -1.
func foldWide(r rune) rune {
	if r >= 0xFF01 && r <= 0xFF5E {
		return r - 0xFEE0
	}
	if r == 0x3000 {
		return ' '
	}
	return -1
}
