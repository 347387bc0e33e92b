package advice

import (
	"strings"

	"advisor/corpus"
	"advisor/retrieval"
	"advisor/segment"
)

// answerable decides whether what was found can carry an answer at all, by the
// evidence of the whole question's search or of any of its parts'. It is asked
// before any model is called.
func answerable(question string, evidence []retrieval.Evidence) bool {
	named := 0
	for _, e := range evidence {
		named += e.Named
	}
	if named > 0 {
		return true // the question names a provision, and it is there
	}
	if namesProvision(question) {
		return false // it names one, and it is not
	}
	for _, e := range evidence {
		if confidence(e) >= leastConfidence {
			return true
		}
	}
	return false
}

// namesProvision says whether a question names an article of a named document.
func namesProvision(question string) bool {
	for _, r := range segment.ParseProvision(question) {
		if r.Title != "" && r.Article > 0 {
			return true
		}
	}
	return false
}

const leastConfidence = 0.5

func confidence(e retrieval.Evidence) float64 { return e.Known }

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
