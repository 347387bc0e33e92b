// Package segment turns Chinese text into terms: normalised words, character
// bigrams and official tokens (document numbers, articles, dates, sums,
// offices, titles). Nobody outside this room knows how words are found.
//
// Words are those of gse's dictionary, chosen as gse chooses them without its
// hidden Markov model. Its dictionary lies in zh.lexicon in a form that needs
// no loading; the tests hold both cutters side by side.
package segment

import (
	_ "embed"
	"strings"
	"sync"
	"sync/atomic"
)

//go:generate go test -run TestDictionaryFile -update .

//go:embed zh.lexicon
var dictionary string

// Segmenter cuts text into words and terms. It is safe for concurrent use.
type Segmenter struct {
	words *lexicon
	local atomic.Pointer[lexicon] // the office's own words; swapped whole, never changed
}

var built = sync.OnceValues(func() (*Segmenter, error) {
	x, err := readLexicon(dictionary)
	return &Segmenter{words: x}, err
})

// Default gives the Segmenter with the built-in dictionary, made once and shared.
func Default() (*Segmenter, error) { return built() }

// localDistance makes a local word as likely as a common one, so that it wins
// over the pieces it would otherwise be cut into.
const localDistance = 8

// With gives a Segmenter that also knows the given words.
func (s *Segmenter) With(words []string) *Segmenter {
	out := &Segmenter{words: s.words}
	out.Learn(words)
	return out
}

// Learn replaces the local words, at once for every later call.
func (s *Segmenter) Learn(words []string) {
	var list []entry
	for _, w := range words {
		runes := []rune(lower(strings.TrimSpace(Normalize(w))))
		if len(runes) > 1 {
			list = append(list, entry{runes, localDistance})
		}
	}
	if len(list) == 0 {
		s.local.Store(nil)
		return
	}
	s.local.Store(compile(list))
}

// Words gives the words of text in order, in lower case, without blanks and punctuation.
func (s *Segmenter) Words(text string) []string {
	l := lattices.Get().(*lattice)
	defer l.done()
	l.read(Normalize(text))
	l.cut(s.words, s.local.Load())
	out := make([]string, 0, len(l.ends))
	for i, start := 0, 0; i < len(l.ends); i++ {
		end := int(l.ends[i])
		if l.word(start, end) {
			out = append(out, l.slice(start, end))
		}
		start = end
	}
	return out
}

// Terms gives every term of text, as the index of passages wants them: words,
// the shorter words inside long ones, "_" and two characters for each pair of
// neighbours, and official tokens. The terms share memory with one another;
// who keeps a few of many clones them.
func (s *Segmenter) Terms(text string) []string { return s.AppendTerms(nil, text) }

// AppendTerms is Terms into the caller's slice.
func (s *Segmenter) AppendTerms(dst []string, text string) []string {
	return s.terms(dst, text, false)
}

// QueryTerms gives the terms of a question: words, pairs and official tokens,
// without courtesy. The shorter words inside long ones are for passages alone,
// where a short question must find them; asked for, they cost 0.5 points of
// nDCG on STARD and on policy questions. Dropping question words costs as much.
// Where nothing is left it gives everything.
func (s *Segmenter) QueryTerms(text string) []string {
	if out := s.terms(nil, text, true); len(out) > 0 {
		return out
	}
	return s.terms(nil, text, false)
}

func (s *Segmenter) terms(dst []string, text string, query bool) []string {
	l := lattices.Get().(*lattice)
	defer l.done()
	l.read(Normalize(text))
	l.cut(s.words, s.local.Load())
	if dst == nil {
		dst = make([]string, 0, 2*len(l.runes))
	}
	for i, start := 0, 0; i < len(l.ends); i++ {
		end := int(l.ends[i])
		switch {
		case !l.word(start, end):
		case query && stops[l.slice(start, end)]:
			l.drop(start, end)
		case query:
			dst = append(dst, l.slice(start, end))
		default:
			dst = s.inner(append(dst, l.slice(start, end)), l, start, end)
		}
		start = end
	}
	dst = l.bigrams(dst)
	l.official(func(o span) { dst = append(dst, o.term) })
	return dst
}

// longestSub keeps one long word from giving a term for each of its parts.
const longestSub = 6

// inner appends the dictionary's shorter words inside the word from start to
// end: who asks for 法院 must find 人民法院.
func (s *Segmenter) inner(dst []string, l *lattice, start, end int) []string {
	if end-start < 3 || l.kinds[start] != han {
		return dst
	}
	for i := start; i+1 < end; i++ {
		node := uint32(root)
		for j := i; j < min(end, i+longestSub) && node != 0; j++ {
			cell, ok := s.words.step(node, s.words.code(l.runes[j]))
			if !ok {
				break
			}
			node = uint32(cell >> 32)
			if uint16(cell>>16) != 0 && j > i && (i > start || j+1 < end) {
				dst = append(dst, l.slice(i, j+1))
			}
		}
	}
	return dst
}

// drop marks characters as not there.
func (l *lattice) drop(start, end int) {
	for ; start < end; start++ {
		l.kinds[start] = mark
	}
}

// bigrams appends "_" and each pair of neighbouring Chinese characters. They
// are cut from one string, which is one allocation instead of hundreds.
func (l *lattice) bigrams(dst []string) []string {
	l.pairs, l.sizes = l.pairs[:0], l.sizes[:0]
	for i := 1; i < len(l.runes); i++ {
		if l.kinds[i] == han && l.kinds[i-1] == han {
			from := len(l.pairs)
			l.pairs = append(append(l.pairs, '_'), l.slice(i-1, i+1)...)
			l.sizes = append(l.sizes, uint8(len(l.pairs)-from))
		}
	}
	all := string(l.pairs)
	for _, n := range l.sizes {
		dst = append(dst, all[:n])
		all = all[n:]
	}
	return dst
}

// largeLattice is the size, in characters, above which a lattice is not kept.
const largeLattice = 1 << 20

func (l *lattice) done() {
	l.text = ""
	if cap(l.runes) <= largeLattice {
		lattices.Put(l)
	}
}
