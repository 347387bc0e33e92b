package segment

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// kind is what a character means for cutting.
type kind uint8

const (
	mark   kind = iota // blanks, punctuation, symbols
	latin              // letters and digits that run together into one word
	han                // Chinese characters
	letter             // any other letter or digit, a word by itself unless the dictionary has more
)

// unknown is the distance of a character that is no word (gse's figure).
const unknown = 32

// lattice is the working memory for one text: its characters and the cheapest
// way to each of them. Lattices are reused, since cutting is the hot path of
// an import.
type lattice struct {
	text  string  // normalised, lower case
	runes []rune  // its characters
	at    []int32 // where each begins in text, and one past the end
	kinds []kind
	dist  []float32 // of the cheapest way that ends with this character
	from  []int32   // the first character of the last word on that way
	ends  []int32   // the words found: one past the last character of each
	pairs []byte    // bigrams, one after the other
	sizes []uint8   // and the length of each
}

var lattices = sync.Pool{New: func() any { return new(lattice) }}

// read fills the lattice with text, which must be normalised.
func (l *lattice) read(text string) {
	l.text = lower(text)
	l.runes, l.at, l.kinds = l.runes[:0], l.at[:0], l.kinds[:0]
	for i, r := range l.text {
		l.runes = append(l.runes, r)
		l.at = append(l.at, int32(i))
		l.kinds = append(l.kinds, kindOf(r))
	}
	l.at = append(l.at, int32(len(l.text)))
}

func kindOf(r rune) kind {
	switch {
	case r < utf8.RuneSelf:
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
			return latin
		}
		return mark
	case r >= 0x4E00 && r <= 0x9FFF || r == '〇':
		return han
	case r >= 0x2000 && r <= 0x303F:
		return mark
	case !unicode.IsLetter(r) && !unicode.IsNumber(r):
		return mark
	case r < 0x800: // two bytes: gse joins these, and only these, into runs
		return latin
	case unicode.Is(unicode.Han, r):
		return han
	}
	return letter
}

// lower makes A to Z small, and nothing else, so that lengths stay the same.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// cut finds the cheapest way through the text, the one gse's Cut finds: the
// sums are 32-bit and run from the start of the text, as there, because ties
// and roundings decide between words.
func (l *lattice) cut(words, local *lexicon) {
	n := len(l.runes)
	l.dist, l.from = zeroed(l.dist, n), sized(l.from, n)
	for i := 0; i < n; i = l.unit(i) {
		var base float32
		if i > 0 {
			base = l.dist[i-1]
		}
		single := l.matches(words, i, base)
		if local != nil && l.matches(local, i, base) {
			single = true
		}
		if !single {
			l.offer(i, l.unit(i)-1, base+unknown)
		}
	}
	l.ends = l.ends[:0]
	for i := n - 1; i >= 0; i = int(l.from[i]) - 1 {
		l.ends = append(l.ends, int32(i+1))
	}
	for i, j := 0, len(l.ends)-1; i < j; i, j = i+1, j-1 {
		l.ends[i], l.ends[j] = l.ends[j], l.ends[i]
	}
}

// matches offers every word that begins at i; it tells whether the first unit
// alone is one.
func (l *lattice) matches(x *lexicon, i int, base float32) (single bool) {
	first := l.unit(i)
	node := uint32(root)
	for j := i; j < len(l.runes) && node != 0; j++ {
		cell, ok := x.step(node, x.code(l.runes[j]))
		if !ok {
			return single
		}
		node = uint32(cell >> 32)
		if v := uint16(cell >> 16); v != 0 && l.boundary(j+1) {
			l.offer(i, j, base+x.dist[v])
			single = single || j+1 == first
		}
	}
	return single
}

// offer keeps the word from i to j when it is the cheapest way to end at j.
func (l *lattice) offer(i, j int, dist float32) {
	if l.dist[j] == 0 || l.dist[j] > dist {
		l.dist[j], l.from[j] = dist, int32(i)
	}
}

// unit gives the end of the unit that begins at i: a run of letters and digits
// is never taken apart.
func (l *lattice) unit(i int) int {
	j := i + 1
	if l.kinds[i] == latin {
		for j < len(l.kinds) && l.kinds[j] == latin {
			j++
		}
	}
	return j
}

func (l *lattice) boundary(j int) bool {
	return j == len(l.kinds) || l.kinds[j] != latin || l.kinds[j-1] != latin
}

// slice gives the text of characters i to j.
func (l *lattice) slice(i, j int) string { return l.text[l.at[i]:l.at[j]] }

// word tells whether characters i to j hold anything but punctuation.
func (l *lattice) word(i, j int) bool {
	for ; i < j; i++ {
		if l.kinds[i] != mark {
			return true
		}
	}
	return false
}

func zeroed(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n, n+n/2)
	}
	s = s[:n]
	clear(s)
	return s
}

func sized(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n, n+n/2)
	}
	return s[:n]
}
