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

// found is what one search gave to decide on: that of the whole question, or of
// a part of it.
type found struct {
	evidence retrieval.Evidence
	signs    signs
}

// refusal decides from the question alone whether it may be worked on: the kind
// of the decline, or nothing. It is asked before any search and any model.
func (a *Advisor) refusal(question string) string {
	switch {
	case classified.MatchString(question):
		return SecretText
	case privateIn(question) != "":
		return PersonalText
	case bidding.MatchString(question):
		return OrderText
	case a.needsFacts(question):
		return NeedsFacts
	}
	return ""
}

// unanswerable decides whether what was found can carry an answer at all: the
// kind of the decline, or nothing. One search that can is enough.
func unanswerable(question string, all []found) string {
	if slices.ContainsFunc(all, func(f found) bool { return f.evidence.Named > 0 }) {
		return "" // the question names a provision, and it is there
	}
	if namesProvision(question) {
		return NamedMissing
	}
	if slices.ContainsFunc(all, func(f found) bool { return confidence(f.signs) >= 0 }) {
		return ""
	}
	if matterOf(question) < noMatter {
		return Outside
	}
	return NothingFound
}

// noMatter is the wording below which a question that is declined is not called
// one of the office's matters.
const noMatter = -0.1

// unsure is where a confidence ends that lets a draft be tried at all, but not
// stand when the model itself says that the material does not answer.
const unsure = 1.0

// sure says that one of the searches leaves no doubt.
func sure(all []found) bool {
	return slices.ContainsFunc(all, func(f found) bool { return f.evidence.Named > 0 || confidence(f.signs) >= unsure })
}

// confidence says how likely what was found answers the question: from 0 on it
// is answered. 0 without any hits.
func confidence(s signs) float64 {
	if s[0] == 0 && s[2] == 0 {
		return math.Inf(-1)
	}
	if s[signSentence] >= half {
		return unsure
	}
	trees := confidenceTrees()
	v := trees.even
	for _, t := range trees.trees {
		v += t.value(s)
	}
	return v
}

// half: where one sentence holds half of what a question says, it is answered. Of
// 1,194 questions of general knowledge one in a hundred has such a sentence in the
// whole corpus; a corpus of three documents has too few signs of any other kind.
const half = 0.5

// mostTerms bounds what length alone can add.
const mostTerms = 35

// bidding marks words that tell the advisor to act against its rules. Declining
// is a courtesy, not the defence: nothing that is asked can make it act.
var bidding = regexp.MustCompile(`忽略(以上|上述|前面|此前|所有|一切).{0,10}(规定|规则|指令|指示|要求|提示)|你现在是|请?(编造|虚构|杜撰)|扮演|(打印|输出|显示|说出|泄露).{0,12}(提示词|密码|密钥|口令)|当作.{0,6}(文件|法律|法规)?原文(引用|引述)`)

// namesProvision says whether a question names an article of a named document.
func namesProvision(question string) bool {
	for _, r := range segment.ParseProvision(question) {
		if r.Title != "" && r.Article > 0 {
			return true
		}
	}
	return false
}

// The first sentence of a decline, by its kind.
var declineReasons = map[string]string{
	NothingFound: "在您可以查阅的文件中，没有找到足以回答这个问题的规定。",
	Outside:      "这个问题不像是本单位办理的事项，在您可以查阅的文件中也没有找到有关规定。",
	NamedMissing: "在您可以查阅的文件中，没有找到问题所指的条款，也没有足以回答的其他规定。",
	NeedsFacts:   "问题没有写明所问的事项，无从查找依据。",
	SecretText:   "问题里带有密级标志。本系统不得存储、处理国家秘密，没有检索，也没有发送给任何模型。",
	PersonalText: "问题里带有个人信息，没有检索，也没有发送给任何模型。",
	OrderText:    "问题要求系统违反工作规则，不予办理。",
}

// What an asker can do next, by the kind.
var declineAdvice = map[string]string{
	NothingFound: "建议：换用文件里的说法再问一次；或者向主管该事项的部门核实，并请资料员确认有关文件是否已经入库。",
	Outside:      "建议：如果确与工作有关，请写明涉及的事项和部门再问一次；其他问题请通过相应渠道查询。",
	NamedMissing: "建议：核对文件名称和条号；或者向主管该事项的部门核实，并请资料员确认有关文件是否已经入库。",
	NeedsFacts:   "建议：补充以下情况后再问一次。",
	SecretText:   "建议：立即停止在本系统处理该内容，按保密规定向本单位保密工作机构报告。",
	PersonalText: "建议：去掉号码，用“当事人”“某企业”代替后再问一次。",
	OrderText:    "建议：直接写明要问的事项，需要变通的请提请专家顾问委员会审议。",
}

// factsWanted are what a question without a matter is asked for.
var factsWanted = []string{"要办理或者判断的是哪一事项？", "涉及哪些部门、企业或者个人（写身份，不写姓名和号码）？", "发生在什么时间，现在办到哪一步？"}

// decline says that there is no answer: what was looked for, the nearest that
// was found and where to turn. The nearest is named, not quoted: it is no basis.
func decline(kind, question string, on corpus.Date, looked []string, hits []retrieval.Hit) (Body, string) {
	b := Body{Question: question, Label: Label, On: on, Verdict: Unfounded}
	d := Decline{Kind: kind, Looked: notNil(looked), Nearest: nearest3(hits), Needs: []string{}, TurnTo: turnTo(kind, hits)}
	reason := declineReasons[kind]
	if kind == PersonalText {
		reason = strings.Replace(reason, "个人信息", "个人信息（"+privateIn(question)+"）", 1)
	}
	if len(looked) > 0 {
		reason += "已查找：" + strings.Join(looked, "、") + "。"
	}
	if near := nearestPlaces(hits); len(near) > 0 {
		reason += "最接近的是" + strings.Join(near, "、") + "，但不足以作为依据。"
	}
	reason += declineAdvice[kind]
	if kind == NeedsFacts {
		d.Needs = notNil(factsWanted)
		b.Unknown = notNil(factsWanted)
	}
	b.Conclusion, b.Decline, b.TurnTo = "不予作答："+reason, &d, d.TurnTo
	return b, reason
}

// turnTo names offices that the nearest provisions put in charge.
func turnTo(kind string, hits []retrieval.Hit) []string {
	if kind == SecretText {
		return []string{"本单位保密工作机构"}
	}
	var b Body
	for _, h := range hits[:min(len(hits), 3)] {
		b.addDepartments(0, h.Text)
	}
	out := []string{}
	for _, d := range b.Departments {
		if d.Part == "主管" && !slices.Contains(out, d.Name) && len(out) < 3 {
			out = append(out, d.Name)
		}
	}
	return out
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
	for _, h := range hits[:min(len(hits), 3)] {
		s := inMarks(h.Title) + strings.TrimRight(h.Provision, "、.")
		if h.Status == corpus.Ended || h.Status == corpus.NotYet {
			s += "（" + StatusName(h.Status) + "）"
		}
		out = append(out, s)
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
