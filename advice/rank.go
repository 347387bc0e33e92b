package advice

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"

	"advisor/corpus"
	"advisor/retrieval"
	"advisor/segment"
)

// want is a question's terms as they are looked for in a text: words and
// character pairs with the weight they had in the search.
type want struct {
	text   string
	weight float64
	pair   bool
	known  bool
}

// wants takes the terms apart; total is the sum of their weights, never 0.
func wants(terms []retrieval.Term) (all []want, total float64) {
	for _, t := range terms {
		text, pair := strings.CutPrefix(t.Text, "_")
		all = append(all, want{text, t.Weight, pair, t.Known})
		total += t.Weight
	}
	return all, max(total, 1e-9)
}

// held is the weight of the terms that a normalised text has.
func held(text string, all []want) (sum float64) {
	for _, t := range all {
		if strings.Contains(text, t.text) {
			sum += t.weight
		}
	}
	return sum
}

// look is a hit as the drafter weighs it.
type look struct {
	hit      retrieval.Hit
	title    string  // without the state's name
	text     string  // normalised
	cover    float64 // share of the question in it
	sentence float64 // the same, of its best sentence
}

func look1(h retrieval.Hit, all []want, total float64) look {
	l := look{hit: h, title: segment.Title(h.Title), text: segment.Normalize(h.Text)}
	l.cover = held(l.text, all) / total
	for _, s := range strings.FieldsFunc(l.text, func(r rune) bool { return strings.ContainsRune("。；！？\n", r) }) {
		l.sentence = max(l.sentence, held(s, all)/total)
	}
	return l
}

// looks weighs the first hits.
func looks(hits []retrieval.Hit, all []want, total float64) []look {
	out := make([]look, min(len(hits), readHits))
	for i := range out {
		out[i] = look1(hits[i], all, total)
	}
	return out
}

// ranked gives the hits that may be cited in the order in which they answer.
func ranked(question, home string, terms []retrieval.Term, hits []retrieval.Hit) []retrieval.Hit {
	all, total := wants(terms)
	var out []retrieval.Hit
	for _, l := range order(looks(citable(hits), all, total), question, home) {
		out = append(out, l.hit)
	}
	return out
}

// order puts the hits in the order in which they answer: what search thought of
// them, how much of the question stands in one sentence, how many provisions of
// the same document were found beside it, and what kind of law it is.
//
// Weights are those of a listwise logistic fit over 1,233 lay questions asked of
// the whole corpus, five-fold: an article of the gold set among the first five
// from 53.0 to 58.3 of 100, share of gold in the first three from 17.5 to 19.7.
func order(ls []look, question, home string) []look {
	if len(ls) == 0 {
		return ls
	}
	siblings := map[string]int{}
	var best, lexical, cosine float64
	for i, l := range ls {
		if i < 20 {
			siblings[l.title]++
		}
		best, lexical, cosine = max(best, l.hit.Score), max(lexical, l.hit.Why.Lexical), max(cosine, l.hit.Why.Cosine)
	}
	worth := make(map[int64]float64, len(ls))
	for _, l := range ls {
		worth[l.hit.PassageID] = weightScore*l.hit.Score/max(best, 1e-9) + weightWords*l.hit.Why.Lexical/max(lexical, 1e-9) +
			weightCosine*(l.hit.Why.Cosine-cosine) + weightSentence*l.sentence + weightCover*l.cover +
			weightSiblings*math.Log1p(float64(siblings[l.title])) + standingOf(l.hit, question, home)
	}
	out := slices.Clone(ls)
	slices.SortStableFunc(out, func(x, y look) int { return cmp.Compare(worth[y.hit.PassageID], worth[x.hit.PassageID]) })
	return out
}

const (
	weightScore, weightWords, weightCosine       = 1.5, 1.0, 6.0
	weightSentence, weightCover, weightSiblings  = 3.0, 3.0, 0.6
	primaryLaw, interpretation, elsewhere, alike = 2.2, 0.9, -3.5, -2.5
)

// standingOf is what a kind of document adds: national law before what courts
// say of it; rules of another place, and cases, only behind them.
func standingOf(h retrieval.Hit, question, home string) float64 {
	switch {
	case h.Kind == corpus.Case:
		return alike
	case h.Kind == corpus.Precedent:
		return primaryLaw
	case foreign(h, question, home):
		return elsewhere
	case strings.Contains(h.Level, "法律") || strings.Contains(h.Level, "宪法"):
		return primaryLaw
	case strings.Contains(h.Level, "司法解释"):
		return interpretation
	}
	return 0
}

var placeName = regexp.MustCompile(`^[\p{Han}]{2,8}?(?:省|市|自治区|自治州|自治县|县|区)`)

// foreign says that a document is a local one of a place that is neither the
// office's nor named in the question.
func foreign(h retrieval.Hit, question, home string) bool {
	if !strings.Contains(h.Level, "地方") && !strings.Contains(h.Level, "市级") {
		return false
	}
	place := placeName.FindString(h.Title)
	if place == "" {
		place = placeName.FindString(h.Issuer)
	}
	return place == "" || !strings.HasPrefix(home, place) && !strings.Contains(question, strings.TrimRight(place, "省市县区"))
}
