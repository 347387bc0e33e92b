package advice

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"advisor/segment"
)

// canon writes words that mean the same in official texts in one way, so that a
// claim in other words is compared by what it says.
func canon(text string) string {
	return mustShort.ReplaceAllString(sameWords.Replace(segment.Normalize(text)), "${1}应当${2}")
}

var sameWords = strings.NewReplacer(
	"不可以", "不得", "不能", "不得", "不准", "不得", "不许", "不得", "禁止", "不得", "严禁", "不得",
	"必须", "应当", "务必", "应当",
	"依照", "按照", "依据", "按照", "根据", "按照",
	"以及", "和", "或者", "或", "并且", "并", "如果", "", "倘若", "",
	"之前", "以前", "之后", "以后", "回复", "答复", "递交", "提交", "期满", "届满", "立即", "立刻")

// 应 alone means 应当, but not in 应用, 应急, 相应 and their like.
var mustShort = regexp.MustCompile(`(^|[^相适反响对供效回感呼顺])应([^当用急诉聘届试变邀征\n]|$)`)

// Words that leave nothing out. A claim with one that its text has not says more than the text.
var limitless = regexp.MustCompile(`一律|所有|一切|任何|全部|各类|每次|全国|没有例外|无一例外|不论|无论|任意|随时|永久|终身|无条件|无需|不需要?|不必|免于|视为|当然|自动|直接`)

func unlimited(claim, cited string) string {
	for _, w := range limitless.FindAllString(claim, -1) {
		if !strings.Contains(cited, w) {
			return w
		}
	}
	return ""
}

// generic are parties that only the word before them tells apart: 审批机关, 申报单位.
var generic = wordSet(`机关 部门 单位 机构 人员 企业 组织 中心 委员会`)

// stranger finds a party in a claim that its text does not name.
func stranger(seg *segment.Segmenter, claim, cited string) string {
	text := strings.ToLower(flat(cited))
	last := ""
	for _, w := range seg.Words(claim) {
		prev := last
		last = strings.Clone(w)
		if utf8.RuneCountInString(w) < 2 || !actor.MatchString(w) || harmless[w] {
			continue
		}
		if !strings.Contains(text, w) {
			return w
		}
		if generic[w] && utf8.RuneCountInString(prev) > 1 && !harmless[prev] && !numeric(prev) && !strings.Contains(text, prev+w) && strings.Contains(strings.ToLower(flat(claim)), prev+w) {
			return prev + w
		}
	}
	return ""
}

// content is how many characters of a clause's words say something.
func content(seg *segment.Segmenter, clause string) (n int) {
	for _, w := range seg.Words(clause) {
		if k := utf8.RuneCountInString(w); k > 1 && !harmless[w] && !numeric(w) {
			n += k
		}
	}
	return n
}

// What a rule says may stand under a condition: a clause ending in 的, or one
// that begins with 经 or 除. leastCondition is the share of it that must be said
// along with the rule.
var conditional = regexp.MustCompile(`^[^，；。]{4,40}的$|^除[^，；。]{2,40}外$`)

const leastCondition = 0.35

// ruled is a clause of a text with the conditions that its sentence puts before it.
type ruled struct {
	clause     string
	conditions []string
}

func rules(cited string) (out []ruled) {
	for _, sentence := range strings.FieldsFunc(cited, func(r rune) bool { return strings.ContainsRune("。；;\n", r) }) {
		var conditions []string
		for _, p := range strings.FieldsFunc(sentence, func(r rune) bool { return strings.ContainsRune("，,：:", r) }) {
			if p = strings.TrimSpace(p); conditional.MatchString(p) {
				conditions = append(conditions, p)
				continue
			}
			out = append(out, ruled{p, conditions})
		}
	}
	return out
}

// conditionDropped finds a condition under which the text puts what a claim says,
// and which the claim leaves out. Where the text says the same twice, one of its
// conditions is enough.
func conditionDropped(claim, cited string) string {
	all := rules(cited)
	for _, c := range clauses(claim) {
		if utf8.RuneCountInString(flat(c)) <= 4 || conditional.MatchString(strings.TrimSpace(c)) {
			continue
		}
		best := 0.0
		for _, r := range all {
			best = max(best, overlap(c, r.clause))
		}
		if best < sameClause {
			continue
		}
		dropped := ""
		for _, r := range all {
			if overlap(c, r.clause) < best-0.02 {
				continue
			}
			if dropped = missing(r.conditions, claim); dropped == "" {
				break
			}
		}
		if dropped != "" {
			return dropped
		}
	}
	return ""
}

// missing gives the last of the conditions when a claim says none of them.
func missing(conditions []string, claim string) (last string) {
	for _, c := range conditions {
		if overlap(c, claim) >= leastCondition {
			return ""
		}
		last = c
	}
	return last
}
