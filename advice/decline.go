package advice

import (
	"fmt"
	"strings"

	"advisor/corpus"
	"advisor/retrieval"
)

// answerable decides whether what was found can carry an answer at all. It is
// asked before any model is called. The limits are tuned so that questions from
// outside any office are declined and questions with a basis are not; the
// figures stand in docs/decisions.
func answerable(e retrieval.Evidence, usable int) bool {
	if usable == 0 {
		return false
	}
	if e.Named > 0 {
		return true // the question names a provision, and it is there
	}
	return e.Coverage >= leastCoverage && e.Known >= leastKnown
}

const (
	leastCoverage = 0.35
	leastKnown    = 0.5
)

// decline says that there is no answer: what was looked for, the nearest that
// was found and where to turn. The nearest is named, not quoted: it is no basis.
func decline(question string, on corpus.Date, looked []string, hits []retrieval.Hit) (Body, string) {
	reason := "在您可以查阅的文件中，没有找到足以回答这个问题的规定。"
	if len(looked) > 0 {
		reason += "已查找：" + strings.Join(looked, "、") + "。"
	}
	if near := nearestPlaces(hits); len(near) > 0 {
		reason += "最接近的是" + strings.Join(near, "、") + "，但不足以作为依据。"
	}
	reason += "建议：换用文件里的说法再问一次；或者向主管该事项的部门核实，并请资料员确认有关文件是否已经入库。"
	return Body{Question: question, Conclusion: "不予作答：" + reason, Label: Label, On: on}, reason
}

func nearestPlaces(hits []retrieval.Hit) []string {
	var out []string
	for _, h := range hits {
		s := fmt.Sprintf("《%s》%s", strings.Trim(h.Title, "《》"), h.Provision)
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
