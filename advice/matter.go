package advice

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"advisor/segment"
)

// matterText has, a line each, pairs of characters and how much more often a
// question put to an office has them than one of general knowledge: the log of
// the ratio, over 1,800 of the former and 1,200 of the latter. 是否 and 应当
// speak for an office's matter, 是谁 and 位于 against it.
//
//go:embed matter.txt
var matterText string

var matterWeights = sync.OnceValue(func() map[string]float64 { return weightsIn(matterText) })

// weightsIn reads lines of a name and a number; others are remarks.
func weightsIn(text string) map[string]float64 {
	out := map[string]float64{}
	for _, l := range strings.Split(text, "\n") {
		name, value, _ := strings.Cut(l, " ")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			out[name] = v
		}
	}
	return out
}

// matterOf says how much a question's wording is that of a matter for an office:
// about 1 where it is, below 0 where it is not. It knows no subject.
func matterOf(question string) (v float64) {
	seen := map[string]bool{}
	var last rune
	for _, r := range segment.Normalize(question) {
		if !unicode.Is(unicode.Han, r) {
			last = 0
			continue
		}
		if last != 0 {
			seen[string([]rune{last, r})] = true
		}
		last = r
	}
	weights := matterWeights()
	for pair := range seen {
		v += weights[pair]
	}
	return v / float64(len(seen)+3)
}
