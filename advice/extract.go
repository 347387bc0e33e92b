package advice

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"advisor/corpus"
	"advisor/retrieval"
	"advisor/segment"
)

// What an extract may hold. Five quotes are what people read; a 款 longer than
// mostQuoted characters is quoted by its sentences.
const (
	mostClaims  = 5
	mostQuoted  = 160
	readHits    = 40  // are weighed
	searchHits  = 60  // are asked for: some may not be cited
	leastOfBest = 0.3 // a hit scoring less than this share of the best is not offered
	// an approved precedent scoring more than this share of the best stands first
	leastPrecedent = 0.6
)

// The extractive drafter's own sentences. They say nothing about the law.
const (
	neutral      = "结论：依据以下原文，请结合具体情况判断。"
	conflicting  = "结论：所引规定之间不一致，适用哪一条请由有权机关确定；在此之前不宜据此作出决定。"
	withApproved = "结论：已有经专家审议通过的先例，列在第一条；请对照以下原文，结合具体情况判断。"
)

// extract picks the few stretches of the hits that answer and quotes them word
// for word. Hits are in the order in which they answer; all are visible to the asker.
func (a *Advisor) extract(question string, on corpus.Date, terms []retrieval.Term, hits []retrieval.Hit) Body {
	b := Body{Question: question, Conclusion: neutral, Label: Label, On: on}
	picked := a.pick(question, terms, hits)
	for _, p := range picked {
		b.Claims = append(b.Claims, p.claim())
	}
	if len(picked) > 0 && picked[0].hit.Kind == corpus.Precedent {
		b.Conclusion = withApproved
	}
	b.Unknown = doubtsAbout(b.Claims)
	return b
}

// doubtsAbout names the documents whose force could not be made out.
func doubtsAbout(claims []Claim) []string {
	var out []string
	for _, c := range claims {
		for _, q := range c.Citations {
			line := inMarks(q.Title) + "的施行日期没有登记，引用前请核实是否现行有效"
			if q.Status == corpus.Unknown && !slices.Contains(out, line) {
				out = append(out, line)
			}
		}
	}
	return out
}

// pick is a stretch chosen from a hit.
type pick struct {
	hit   retrieval.Hit
	quote string
	lead  string // the sentence that introduces a list, when quote is an item of it
	score float64
}

func (p pick) claim() Claim {
	c := Claim{Support: Quoted, Role: roleOf(p.hit.Kind, p.quote)}
	if p.lead != "" {
		c.Citations = append(c.Citations, cite(p.hit, p.lead))
	}
	c.Citations = append(c.Citations, cite(p.hit, p.quote))
	c.Text = quotedText(c.Citations)
	return c
}

func cite(h retrieval.Hit, quote string) Citation {
	if _, isArticle := parsePlace(h.Provision); !isArticle {
		if at, _, ok := find(h.Text, quote); ok { // a passage of a 公文 may hold several （一）
			h.Provision = corpus.Within(h.Provision, h.Text, at)
		}
	}
	return Citation{DocumentID: h.DocumentID, VersionID: h.VersionID, PassageID: h.PassageID, Title: h.Title,
		DocNumber: h.DocNumber, Provision: h.Provision, Quote: quote, Status: h.Status, Level: h.Level, Kind: h.Kind,
		Effective: h.Effective, Repealed: h.Repealed}
}

// pick chooses the best stretch of each of the best hits, and beside it, where
// the question has several parts, the stretch of the same provision that
// answers another part.
func (a *Advisor) pick(question string, terms []retrieval.Term, hits []retrieval.Hit) []pick {
	hits = citable(hits)
	if len(hits) == 0 {
		return nil
	}
	w := weigh(terms)
	best := 0.0
	for _, h := range hits {
		best = max(best, h.Score)
	}
	var all []pick
	for _, h := range hits {
		p := a.bestStretch(h, w)
		if p.quote == "" || best > 0 && h.Score < leastOfBest*best {
			continue
		}
		if h.Kind == corpus.Precedent && h.Score > leastPrecedent*best {
			all = append([]pick{p}, all...) // what the committee approved comes first
			continue
		}
		all = append(all, p)
	}
	return a.beside(parts(question), w, distinct(all))
}

// deepest is how many picks are looked at again for the question's other parts,
// and leastOfPart the share of a part's weight that a further stretch must hold.
const (
	deepest     = 2
	leastOfPart = 0.4
)

// beside puts after each of the first picks the stretches of its passage that
// answer the question's parts better than the pick does.
func (a *Advisor) beside(parts []string, w map[string]float64, picks []pick) []pick {
	if len(parts) < 2 {
		return picks
	}
	var out []pick
	for i, p := range picks {
		out = append(out, p)
		for _, part := range parts {
			if i >= deepest {
				break
			}
			other := a.bestStretch(p.hit, a.only(part, w))
			if other.score >= leastOfPart && !slices.ContainsFunc(out, func(o pick) bool {
				return repeats(o.quote, other.quote) || o.lead != "" && repeats(o.lead, other.quote)
			}) {
				out = append(out, other)
			}
		}
	}
	return out[:min(len(out), mostClaims)]
}

// only leaves the weights of the terms in a part of the question.
func (a *Advisor) only(part string, w map[string]float64) map[string]float64 {
	out := map[string]float64{}
	for _, t := range a.seg.QueryTerms(part) {
		if v, ok := w[t]; ok {
			out[t] = v
		}
	}
	return out
}

func weigh(terms []retrieval.Term) map[string]float64 {
	w := make(map[string]float64, len(terms))
	for _, t := range terms {
		w[t.Text] = t.Weight
	}
	return w
}

// parts are the questions within a question.
func parts(question string) []string {
	var out []string
	for _, p := range strings.FieldsFunc(question, func(r rune) bool { return strings.ContainsRune("？?；;。！!\n", r) }) {
		if utf8.RuneCountInString(p) >= 4 {
			out = append(out, p)
		}
	}
	return out[:min(len(out), 4)]
}

// citable leaves the hits that may be a basis: in force or, marked, of unknown
// force, of public scope and at most one other, which is the first's.
func citable(hits []retrieval.Hit) []retrieval.Hit {
	scope := draftScope(hits)
	var out []retrieval.Hit
	for _, h := range hits {
		if h.Status != corpus.InForce && h.Status != corpus.Unknown {
			continue
		}
		if h.Scope == publicScope || h.Scope == scope {
			out = append(out, h)
		}
	}
	return out
}

const publicScope = "public"

// draftScope is the scope of the first hit that is not public: a draft quotes
// at most one such scope, so that whoever may see that scope may see the draft.
func draftScope(hits []retrieval.Hit) string {
	for _, h := range hits {
		if h.Scope != publicScope && (h.Status == corpus.InForce || h.Status == corpus.Unknown) {
			return h.Scope
		}
	}
	return publicScope
}

// distinct keeps the best pick of each provision, and of two picks of which one
// repeats the other the shorter: an amendment repeats the clause that it changed.
func distinct(all []pick) []pick {
	var out []pick
	seen := map[string]bool{}
	for _, p := range all {
		from, _ := parsePlace(p.hit.Provision)
		at := segment.Title(p.hit.Title) + "/" + from.article
		if p.hit.Provision == "" {
			at = p.quote
		}
		if seen[at] {
			continue
		}
		seen[at] = true
		if i := slices.IndexFunc(out, func(o pick) bool { return repeats(o.quote, p.quote) }); i >= 0 {
			if len(flat(p.quote)) < len(flat(out[i].quote)) {
				out[i] = p
			}
			continue
		}
		if len(out) < mostClaims {
			out = append(out, p)
		}
	}
	return out
}

// repeats says that one of two quotes holds the other.
func repeats(a, b string) bool {
	a, b = flat(a), flat(b)
	return strings.Contains(a, b) || strings.Contains(b, a)
}

// bestStretch finds the stretch of a hit that holds most of the question, by
// the weights with which it was searched.
func (a *Advisor) bestStretch(h retrieval.Hit, w map[string]float64) pick {
	best := pick{hit: h}
	total := 0.0
	for _, v := range w {
		total += v
	}
	_, isArticle := parsePlace(h.Provision)
	for _, s := range stretches(h.Text, isArticle) {
		got := 0.0
		seen := map[string]bool{}
		for _, t := range a.seg.Terms(s.lead + "\n" + s.text) {
			if v, ok := w[t]; ok && !seen[t] {
				seen[t] = true
				got += v
			}
		}
		score := got / max(total, 1e-9)
		if cues.MatchString(s.text) {
			score += 0.02 // of two alike, the one that says what to do
		}
		if best.quote == "" || score > best.score {
			best.quote, best.lead, best.score = s.text, s.lead, score
		}
	}
	return best
}

var cues = regexp.MustCompile(`应当|不得|可以|必须|禁止|除外|以内|日内|负责|由`)

// stretch is what can be quoted: a 款, an item with the words that introduce
// it, or a sentence of one that is too long.
type stretch struct{ text, lead string }

func stretches(text string, isArticle bool) []stretch {
	var out []stretch
	lead := ""
	for _, l := range lines(text, isArticle) {
		if !l.item {
			lead = ""
			if strings.HasSuffix(l.text, "：") || strings.HasSuffix(l.text, ":") {
				lead = lastSentence(l.text)
			}
		}
		if !l.item && !strings.ContainsAny(l.text, "。；，：;,:") {
			continue // a heading says nothing
		}
		for _, s := range sentences(l.text) {
			if asks(s.text) {
				continue
			}
			if l.item {
				s.lead = lead
			}
			out = append(out, s)
		}
	}
	return out
}

// asks says that words put a question, as a guide's headings and the first line
// of a precedent do: they are no answer to another.
func asks(words string) bool {
	return strings.HasSuffix(words, "？") || strings.HasSuffix(words, "?") || strings.HasPrefix(words, "问题：")
}

// sentences cuts a 款 that is too long to quote whole; a 但书 stays with what it limits.
func sentences(words string) []stretch {
	if utf8.RuneCountInString(words) <= mostQuoted {
		return []stretch{{text: words}}
	}
	var out []stretch
	from := 0
	for i, r := range words {
		end := i + utf8.RuneLen(r)
		if !strings.ContainsRune("。；！？", r) || strings.HasPrefix(words[end:], "但") || strings.HasPrefix(words[end:], "”") {
			continue
		}
		if utf8.RuneCountInString(words[from:end]) >= 8 {
			out = append(out, stretch{text: strings.TrimSpace(words[from:end])})
			from = end
		}
	}
	if rest := strings.TrimSpace(words[from:]); utf8.RuneCountInString(rest) >= leastQuote {
		out = append(out, stretch{text: rest})
	}
	return out
}

// lastSentence is the sentence before a list's colon.
func lastSentence(words string) string {
	body := strings.TrimRight(words, "：:")
	if i := strings.LastIndexAny(body, "。；"); i >= 0 {
		words = words[i+len("。"):]
	}
	if utf8.RuneCountInString(words) > mostQuoted {
		return ""
	}
	return words
}

var (
	deadlineCue  = regexp.MustCompile(`(自|从|于).{0,30}(日|月|年)(起|内|前)|[〇一二三四五六七八九十百\d]+个?(工作日|日|天|个?月|年)(以?内|以前|届满)|期限(为|是|不超过)|逾期`)
	exceptionCue = regexp.MustCompile(`但是?[，,]|^但|但(法律|有|应当|不|可以)|除外|不适用|另有规定|例外`)
	procedureCue = regexp.MustCompile(`申请|受理|审核|审查|审批|报.{0,20}(批准|备案|审批)|备案|公示|提交|送达|会同|征求.{0,12}意见|登记|办理|签订|听证|程序`)
)

// roleOf says what a quote is good for, by the words in it.
func roleOf(kind, quote string) string {
	switch {
	case kind == corpus.Precedent || kind == corpus.Case:
		return CaseLike
	case exceptionCue.MatchString(quote):
		return Exception
	case deadlineCue.MatchString(quote):
		return Deadline
	case procedureCue.MatchString(quote):
		return Procedure
	}
	return Basis
}
