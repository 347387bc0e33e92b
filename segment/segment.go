// Package segment turns Chinese text into terms: normalised words, character
// bigrams and official tokens (document numbers, articles, dates, amounts,
// offices, titles). Nobody outside this room knows how words are found.
package segment

import (
	"strings"
	"sync"
	"unicode"

	"github.com/go-ego/gse"
)

// Segmenter cuts text into words and terms. It is safe for concurrent use.
type Segmenter struct{ cutter *gse.Segmenter }

var built = sync.OnceValues(build)

// Default gives the built-in Segmenter, built once and shared.
func Default() (*Segmenter, error) { return built() }

func build() (*Segmenter, error) {
	g := &gse.Segmenter{SkipLog: true, NotLoadHMM: true}
	if err := g.LoadDictEmbed("zh_s"); err != nil {
		return nil, err
	}
	return &Segmenter{cutter: g}, nil
}

// Words gives the dictionary words of text in order, without blanks and punctuation.
func (s *Segmenter) Words(text string) []string {
	var out []string
	for _, w := range s.cutter.Cut(Normalize(text)) {
		if strings.ContainsFunc(w, wordy) {
			out = append(out, w)
		}
	}
	return out
}

// Terms gives every term of text, for passages and their index.
func (s *Segmenter) Terms(text string) []string {
	out := s.Words(text)
	last := rune(0)
	for _, r := range Normalize(text) {
		if !unicode.Is(unicode.Han, r) {
			last = 0
			continue
		}
		if last != 0 {
			out = append(out, "_"+string([]rune{last, r}))
		}
		last = r
	}
	return out
}

// QueryTerms gives the terms of a question, without courtesy and question words.
func (s *Segmenter) QueryTerms(text string) []string { return s.Terms(text) }

func wordy(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }
