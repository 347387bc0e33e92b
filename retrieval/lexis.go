package retrieval

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"advisor/corpus"
	"advisor/segment"
)

// lexis is how texts become terms at one moment: the segmenter with the
// office's own words, and what else a question means by its words. It never
// changes; a changed dictionary makes a new one. The view carries the one that
// its passages were cut with, so a question is always cut as they were.
type lexis struct {
	seq      int64 // of the dictionary's change that is in it; unread: not read yet
	cutter   *segment.Segmenter
	words    []string // the office's own, sorted
	synonyms map[string][]string
}

// unread makes sync read the dictionary.
const unread = -2

// synonymWeight is what a term counts that the question did not say itself. By
// words alone STARD's dev nDCG@10 (recall@100) was 0.382 (0.683) without, 0.386
// (0.694) with 0.2, 0.391 (0.705) with 0.5, 0.388 (0.709) with 1.
const synonymWeight = 0.5

func newLexis(base *segment.Segmenter, words []string) *lexis {
	return &lexis{seq: unread, cutter: base.With(words), words: words, synonyms: builtInSynonyms()}
}

// lexisOf takes the dictionary in. The names of a department all mean one another.
func lexisOf(base *segment.Segmenter, seq int64, entries []corpus.Entry) *lexis {
	var words []string
	own := make(map[string][]string)
	for _, e := range entries {
		names := append([]string{e.Term}, e.Means...)
		if e.Kind != corpus.Synonym {
			words = append(words, names...)
		}
		for i, name := range names {
			if e.Kind == corpus.Department || i == 0 && e.Kind == corpus.Synonym {
				own[name] = append(own[name], slices.Concat(names[:i], names[i+1:])...)
			}
		}
	}
	slices.Sort(words)
	l := newLexis(base, slices.Compact(words))
	l.seq = seq
	if len(own) > 0 {
		all := make(map[string][]string, len(l.synonyms)+len(own))
		for _, from := range []map[string][]string{l.synonyms, own} {
			for k, v := range from {
				all[k] = append(slices.Clone(all[k]), v...)
			}
		}
		l.synonyms = all
	}
	return l
}

//go:embed synonyms.txt
var synonymList string

// builtInSynonyms reads the list that comes with the program.
var builtInSynonyms = sync.OnceValue(func() map[string][]string {
	out := make(map[string][]string)
	for line := range strings.Lines(synonymList) {
		said, meant, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(said, "#") {
			continue
		}
		for _, s := range strings.Fields(said) {
			out[s] = append(out[s], strings.Fields(meant)...)
		}
	}
	return out
})

// longestSaid bounds, in characters, what is looked up.
const longestSaid = 12

// meant gives what the question means beside its own words: for each thing
// said, the longest first, what documents say instead.
func (l *lexis) meant(question string) (out []string) {
	text := []rune(strings.ToLower(segment.Normalize(question)))
	for i := 0; i < len(text); i++ {
		for n := min(longestSaid, len(text)-i); n >= 2; n-- {
			if other, ok := l.synonyms[string(text[i:i+n])]; ok {
				out = append(out, other...)
				i += n - 1
				break
			}
		}
	}
	return out
}

// queryTerms gives the terms of a question, and those of what it means besides.
func (l *lexis) queryTerms(question string) (own, besides []string) {
	own = l.cutter.QueryTerms(question)
	for _, m := range l.meant(question) {
		besides = append(besides, l.cutter.QueryTerms(m)...)
	}
	return own, besides
}
