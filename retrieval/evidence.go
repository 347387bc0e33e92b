package retrieval

import "strings"

// maxReasons is how many terms a hit names as its reason.
const maxReasons = 8

// reasons gives the question's most telling terms in a passage. Bigrams inside
// a word already named are left out.
func (s *search) reasons(c candidate) []string {
	_, has := s.view.scoreOf(c.part, c.local, s.terms, s.filter)
	out := make([]string, 0, maxReasons)
	for _, bigrams := range []bool{false, true} {
		for _, i := range has {
			t, isBigram := strings.CutPrefix(s.terms[i].text, "_")
			if isBigram != bigrams || len(out) == maxReasons || within(out, t) {
				continue
			}
			out = append(out, t)
		}
	}
	return out
}

func within(named []string, t string) bool {
	for _, n := range named {
		if strings.Contains(n, t) {
			return true
		}
	}
	return false
}

// evidence sums up how well the hits answer the question. It looks at hits in
// the order shown, of which the first ten count.
func (s *search) evidence(hits []Hit) Evidence {
	e := Evidence{Terms: s.said()}
	idf := s.idf()
	if idf > 0 {
		for _, t := range s.terms {
			if t.df > 0 && !t.meant {
				e.Known += float64(t.weight) / idf
			}
		}
	}
	covered := make([]bool, len(s.terms))
	for n, h := range hits[:min(10, len(hits))] {
		share := s.cover(h, covered, n < 5) / max(idf, 1e-9)
		e.Coverage, e.Lexical, e.Cosine = max(e.Coverage, share), max(e.Lexical, h.Why.Lexical/max(idf, 1e-9)), max(e.Cosine, h.Why.Cosine)
		if share >= 0.5 {
			e.Strong++
		}
		if h.Why.Named {
			e.Named++
		}
		if n == 9 && hits[0].Score > 0 {
			e.Margin = (hits[0].Score - h.Score) / hits[0].Score
		}
	}
	for i, c := range covered {
		if c && idf > 0 {
			e.CoverageTop += float64(s.terms[i].weight) / idf
		}
	}
	return e
}

// cover adds up the idf of the terms in a hit, and marks them when asked.
func (s *search) cover(h Hit, covered []bool, mark bool) (sum float64) {
	p, local, ok := s.view.locate(h.PassageID)
	if !ok {
		return 0
	}
	_, has := s.view.scoreOf(p, local, s.terms, s.filter)
	for _, i := range has {
		if s.terms[i].meant {
			continue
		}
		sum += float64(s.terms[i].weight)
		covered[i] = covered[i] || mark
	}
	return sum
}
