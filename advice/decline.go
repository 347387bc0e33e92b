package advice

import (
	"math"
	"regexp"
	"slices"
	"strings"

	"advisor/corpus"
	"advisor/retrieval"
	"advisor/segment"
)

// answerable decides whether what was found can carry an answer at all, by the
// evidence of the whole question's search or of any of its parts'. It is asked
// before any model is called.
func answerable(question string, evidence []retrieval.Evidence) bool {
	if order.MatchString(question) {
		return false
	}
	for _, e := range evidence {
		if e.Named > 0 {
			return true // the question names a provision, and it is there
		}
	}
	if namesProvision(question) {
		return false // it names one, and it is not
	}
	return slices.ContainsFunc(evidence, func(e retrieval.Evidence) bool { return confidence(e) >= 0 })
}

// Confidence is linear in how well the best passage matches and how much there
// is to match. Fitted by logistic regression on lay legal questions and ones from
// news and encyclopedias, asked of the whole document corpus, and on the sample
// city's own. How much of a question the corpus knows at all misleads in a small
// one, and the cosine's scale changes with the embedder: neither is needed. From
// 0 on a question is answered: of the whole corpus, 7 of 100 are then declined
// wrongly and 95 of 100 rightly; of the sample city, 16 and 89.
const (
	weightLexical = 25.0
	weightTerms   = 5.0
	evenChance    = 19.3
	// The fit saw hardly any longer questions from outside; length alone must not carry one.
	mostTerms = 35
)

func confidence(e retrieval.Evidence) float64 {
	return weightLexical*e.Lexical + weightTerms*math.Log1p(float64(min(e.Terms, mostTerms))) - evenChance
}

// order marks words that tell the advisor to act against its rules. Declining
// is a courtesy, not the defence: nothing that is asked can make it act.
var order = regexp.MustCompile(`忽略(以上|上述|前面|此前|所有|一切).{0,10}(规定|规则|指令|指示|要求|提示)|你现在是|请?(编造|虚构|杜撰)|扮演|(打印|输出|显示|说出|泄露).{0,12}(提示词|密码|密钥|口令)`)

// namesProvision says whether a question names an article of a named document.
func namesProvision(question string) bool {
	for _, r := range segment.ParseProvision(question) {
		if r.Title != "" && r.Article > 0 {
			return true
		}
	}
	return false
}

// decline says that there is no answer: what was looked for, the nearest that
// was found and where to turn. The nearest is named, not quoted: it is no basis.
func decline(question string, on corpus.Date, looked []string, hits []retrieval.Hit) (Body, string) {
	reason := "在您可以查阅的文件中，没有找到足以回答这个问题的规定。"
	if namesProvision(question) {
		reason = "在您可以查阅的文件中，没有找到问题所指的条款，也没有足以回答的其他规定。"
	}
	if len(looked) > 0 {
		reason += "已查找：" + strings.Join(looked, "、") + "。"
	}
	if near := nearestPlaces(hits); len(near) > 0 {
		reason += "最接近的是" + strings.Join(near, "、") + "，但不足以作为依据。"
	}
	reason += "建议：换用文件里的说法再问一次；或者向主管该事项的部门核实，并请资料员确认有关文件是否已经入库。"
	d := Decline{Kind: NothingFound, Looked: notNil(looked), Nearest: nearest3(hits), Needs: []string{}, TurnTo: []string{}}
	if namesProvision(question) {
		d.Kind = NamedMissing
	}
	return Body{Question: question, Conclusion: "不予作答：" + reason, Label: Label, On: on, Verdict: Unfounded, Decline: &d}, reason
}

func nearest3(hits []retrieval.Hit) []Near {
	out := []Near{}
	for _, h := range hits[:min(len(hits), 3)] {
		out = append(out, Near{DocumentID: h.DocumentID, VersionID: h.VersionID, Title: h.Title, Provision: h.Provision, Status: h.Status})
	}
	return out
}

func nearestPlaces(hits []retrieval.Hit) []string {
	var out []string
	for _, h := range hits {
		s := inMarks(h.Title) + strings.TrimRight(h.Provision, "、.")
		if h.Status == corpus.Ended || h.Status == corpus.NotYet {
			s += "（" + StatusName(h.Status) + "）"
		}
		if len(out) < 3 {
			out = append(out, s)
		}
	}
	return out
}

// lookedFor is the question's telling words, as people would list them.
func (a *Advisor) lookedFor(question string) []string {
	var out []string
	seen := map[string]bool{}
	for _, t := range a.seg.QueryTerms(question) {
		t = strings.Clone(t)
		if strings.HasPrefix(t, "_") || strings.Contains(t, ":") || len([]rune(t)) < 2 || seen[t] || len(out) == 8 {
			continue
		}
		seen[t] = true
		out = append(out, t)
	}
	return out
}
