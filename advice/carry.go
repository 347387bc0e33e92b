package advice

import (
	"strings"
	"unicode/utf8"

	"advisor/segment"
)

// leastCarried is the share of a claim's words that its cited text must hold,
// and leastAligned how much two clauses must share to speak of the same thing.
// Both were set on true statements paraphrased from statutes and on false ones
// made from them by changing a number, a modal word, an office or a denial.
const (
	leastCarried = 0.6
	leastAligned = 0.5
)

// uncarried says what of a claim its cited text does not carry: a code and a
// sentence for people, both empty when it carries all of it.
func uncarried(seg *segment.Segmenter, claim, cited string) (code, doubt string) {
	held := map[string]bool{}
	for _, f := range factsOf(seg, cited) {
		held[f.kind+f.key] = true
	}
	for _, f := range factsOf(seg, claim) {
		if !held[f.kind+f.key] && !strings.Contains(flat(cited), flat(f.as)) {
			return "fact-not-carried", "所引原文中没有“" + f.as + "”"
		}
	}
	if code, doubt = misaligned(seg, claim, cited); code != "" {
		return code, doubt
	}
	if share := carriedShare(seg, claim, cited); share < leastCarried {
		return "not-carried", "所引原文没有说到这层意思"
	}
	return "", ""
}

// misaligned compares each clause of a claim with the clause of the cited text
// that speaks of the same thing: what is elsewhere in the text does not carry it.
func misaligned(seg *segment.Segmenter, claim, cited string) (code, doubt string) {
	sources := clauses(cited)
	for _, c := range clauses(claim) {
		s, share := nearest(c, sources)
		if share < leastAligned {
			continue
		}
		if polarity(c)%2 != polarity(s)%2 {
			return "negation", "所引原文是“" + s + "”，肯定与否定不一致"
		}
		mine, theirs := factsOf(seg, c), factsOf(seg, s)
		for _, f := range mine {
			if contradicts(f, theirs) {
				return "fact-not-carried", "所引原文是“" + s + "”，与“" + f.as + "”不一致"
			}
		}
		for _, f := range theirs { // 不得 left out or softened
			if f.kind == "情态" && contradicts(f, mine) {
				return "modal", "所引原文是“" + s + "”，“" + f.as + "”的语气不一致"
			}
		}
	}
	return "", ""
}

// contradicts says that others have facts of f's kind and unit, and not f.
func contradicts(f fact, others []fact) bool {
	if f.kind != "数字" && f.kind != "情态" && f.kind != "机关" {
		return false
	}
	found := false
	for _, o := range others {
		if o.kind != f.kind || f.kind == "数字" && unitOf(o.key) != unitOf(f.key) {
			continue
		}
		if o.key == f.key {
			return false
		}
		found = true
	}
	return found
}

func unitOf(key string) string { return strings.TrimLeft(key, "0123456789.") }

func clauses(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("，。；：！？,;:!?\n", r) })
}

// nearest gives the clause that shares most character pairs with c.
func nearest(c string, sources []string) (best string, share float64) {
	for _, s := range sources {
		if v := overlap(c, s); v > share {
			best, share = s, v
		}
	}
	return best, share
}

// overlap is the share of a's character pairs that b has.
func overlap(a, b string) float64 {
	have := map[[2]rune]bool{}
	for p := range pairs(b) {
		have[p] = true
	}
	n, all := 0, 0
	for p := range pairs(a) {
		all++
		if have[p] {
			n++
		}
	}
	if all == 0 {
		return 0
	}
	return float64(n) / float64(all)
}

func pairs(text string) func(func([2]rune) bool) {
	return func(yield func([2]rune) bool) {
		var last rune
		for _, r := range flat(text) {
			if last != 0 && !yield([2]rune{last, r}) {
				return
			}
			last = r
		}
	}
}

// carriedShare is how much of a claim, in characters of its words, the cited text holds.
func carriedShare(seg *segment.Segmenter, claim, cited string) float64 {
	text := strings.ToLower(flat(cited))
	all, held := 0, 0
	for _, w := range seg.Words(claim) {
		n := utf8.RuneCountInString(w)
		if n < 2 {
			continue // single characters are mostly grammar
		}
		all += n
		if strings.Contains(text, w) {
			held += n
		}
	}
	if all == 0 {
		return 0
	}
	return float64(held) / float64(all)
}
