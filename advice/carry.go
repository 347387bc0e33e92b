package advice

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"advisor/segment"
)

// leastCarried is the share of a claim's words that its cited text must hold;
// leastAligned how much of a clause another must hold to speak of the same
// thing, and sameClause to be that very clause, altered or not.
//
// Measured by TestBentClaims on 300 sentences of the sample city: of 1,986 false
// statements 99.2 of 100 are caught (81.8 before canon.go), of 1,851 true ones
// 99.7 kept (94.7). On 300 of statutes that had no part in it: 98.8 and 100.
const (
	leastCarried = 0.75
	leastClause  = 0.6
	leastAligned = 0.5
	sameClause   = 0.7
)

// uncarried says what of a claim its cited text does not carry: a code and a
// sentence for people, both empty when it carries all of it.
func uncarried(seg *segment.Segmenter, claim, cited string) (code, doubt string) {
	claim, cited = canon(claim), canon(cited)
	held := map[string]bool{}
	for _, f := range factsOf(seg, cited) {
		held[f.kind+f.key] = true
	}
	for _, f := range factsOf(seg, claim) {
		if !f.vague && !held[f.kind+f.key] && !strings.Contains(flat(cited), flat(f.as)) {
			return "fact-not-carried", "所引原文中没有“" + f.as + "”"
		}
	}
	if code, doubt = misaligned(seg, claim, cited); code != "" {
		return code, doubt
	}
	if share := carriedShare(seg, claim, cited); share < leastCarried {
		return "not-carried", "所引原文没有说到这层意思"
	}
	if w := unlimited(claim, cited); w != "" {
		return "scope-widened", "所引原文没有说“" + w + "”"
	}
	if w := stranger(seg, claim, cited); w != "" {
		return "party-not-carried", "所引原文没有提到“" + w + "”"
	}
	for _, c := range clauses(claim) {
		if content(seg, c) > 2 && carriedShare(seg, c, cited) < leastClause {
			return "not-carried", "所引原文没有说到“" + c + "”"
		}
	}
	if c := conditionDropped(claim, cited); c != "" {
		return "condition-dropped", "所引原文以“" + c + "”为条件"
	}
	return "", ""
}

// misaligned compares each clause of a claim with the clause of the cited text
// that speaks of the same thing: what is elsewhere in the text does not carry it.
func misaligned(seg *segment.Segmenter, claim, cited string) (code, doubt string) {
	sources := clauses(cited)
	for _, c := range clauses(claim) {
		at, share := nearest(c, sources)
		if share < leastAligned {
			continue
		}
		s := sources[at]
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
		if w := replaced(seg, c, s); w != "" {
			return "party-not-carried", "所引原文是“" + s + "”，说的不是“" + w + "”"
		}
		if share < sameClause {
			continue
		}
		if code, doubt = altered(seg, c, s, strings.Join(sources[max(at-1, 0):min(at+2, len(sources))], "，")); code != "" {
			return code, doubt
		}
	}
	return "", ""
}

// altered compares a clause with the one it was taken from: a word that is not
// there or beside it was put in, and a denial that is gone was taken out.
func altered(seg *segment.Segmenter, c, s, around string) (code, doubt string) {
	for _, w := range seg.Words(c) {
		if !strings.Contains(strings.ToLower(flat(around)), w) && !harmless[w] && !numeric(w) {
			return "word-not-carried", "所引原文是“" + s + "”，没有“" + w + "”"
		}
	}
	if denied := differ(c, s); denied != "" {
		return "negation", "所引原文是“" + s + "”，“" + denied + "”的肯定与否定不一致"
	}
	return "", ""
}

// differ finds a character that one clause denies (不服, 未成年) more often than
// the other, which has it as often.
func differ(a, b string) string {
	for _, side := range [][2]string{{flat(a), flat(b)}, {flat(b), flat(a)}} {
		for d, n := range denials(side[0]) {
			tail := string([]rune(d)[1:])
			if strings.Count(side[1], d) < n && strings.Count(side[1], tail) >= strings.Count(side[0], tail) {
				return d
			}
		}
	}
	return ""
}

func denials(text string) map[string]int {
	out := map[string]int{}
	for p := range pairs(text) {
		if strings.ContainsRune("不未无非", p[0]) {
			out[string(p[:])]++
		}
	}
	return out
}

// replaced finds a party or office that a clause names more often than its
// source does, while one of the source's is missing.
func replaced(seg *segment.Segmenter, c, s string) string {
	mine, theirs := actors(seg, c), actors(seg, s)
	missing := false
	for w, n := range theirs {
		missing = missing || mine[w] < n && !strings.Contains(c, w)
	}
	for w, n := range mine {
		if missing && theirs[w] < n && strings.Count(s, w) < n {
			return w
		}
	}
	return ""
}

var actor = regexp.MustCompile(`(机关|部门|法院|检察院|政府|委员会|局|厅|机构|单位|企业|公司|个人|公民|法人|组织|协会|国务院|中心|办事处|专家|委员|者|人|员|警|庭|站|所)$`)

func actors(seg *segment.Segmenter, text string) map[string]int {
	out := map[string]int{}
	for _, w := range seg.Words(text) {
		if utf8.RuneCountInString(w) > 1 && actor.MatchString(w) {
			out[w]++
		}
	}
	return out
}

// numeric words are compared as facts, in whatever spelling.
func numeric(w string) bool {
	_, ok := segment.Numeral(w)
	return ok || strings.ContainsAny(w, "0123456789")
}

// harmless words join a claim to its text and say nothing of their own.
var harmless = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`根据 按照 依照 依据 规定 有关 相关 情况 情形 情况下 的话 要求 应当 应 必须 须 可以 可 需要 需 进行 属于 以及 并且 并 或者 或 如果 若 因此 此外 同时
		其中 对于 对 关于 上述 该 本 此 即 就 也 都 均 已 了 的 地 得 在 于 之 其 时 是 为 有 会 要 将 把 被 由 向 与 和 及 等 者 而 则 且 从 自 到 至 中 里 上 下 后 内 起 这 那 这样 这种 条件 条件下 原则 上是
		也就是说 说明 明确 是指 通过 具体 包括 第 条 款 项 天 个`) {
		out[w] = true
	}
	return out
}()

// contradicts says that others have facts of f's kind and unit, and not f.
func contradicts(f fact, others []fact) bool {
	if f.vague || f.kind != "数字" && f.kind != "情态" && f.kind != "机关" && f.kind != "方向" {
		return false
	}
	found := false
	for _, o := range others {
		if o.vague || o.kind != f.kind || (f.kind == "数字" || f.kind == "方向") && unitOf(o.key) != unitOf(f.key) {
			continue
		}
		if o.key == f.key {
			return false
		}
		found = true
	}
	return found
}

// unitOf is what two facts must share to contradict one another: 日 of 60日, 界 of 上界.
func unitOf(key string) string { return strings.TrimLeft(key, "0123456789.上下前后内外") }

func clauses(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("，。；：！？,;:!?\n", r) })
}

// nearest gives the place of the clause that shares most character pairs with c.
func nearest(c string, sources []string) (at int, share float64) {
	for i, s := range sources {
		if v := overlap(c, s); v > share {
			at, share = i, v
		}
	}
	return at, share
}

// overlap is the share of a's character pairs that b has.
func overlap(a, b string) float64 {
	have := map[[2]rune]bool{}
	for p := range pairs(spelled(b)) {
		have[p] = true
	}
	n, all := 0, 0
	for p := range pairs(spelled(a)) {
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
		if n < 2 || numeric(w) || harmless[w] {
			continue // single characters are mostly grammar, numbers are compared as facts
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
