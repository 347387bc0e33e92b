package experts

import (
	"fmt"
	"slices"

	"advisor/internal/problem"
)

// clocks are the working days that presets give each stage. Seven for the legal
// section is the statute's (article 26); the others are what an office can keep.
func clocks() map[string]int {
	return map[string]int{"route": 2, "declare": 2, "round": 5, "discuss": 5, "legality": legalityDays, "decide": 10}
}

// presets are the policies an office starts with. Tier 1's third of the
// department and odd number follow the local rules quoted in reference/REVIEW.md
// §3.1; two of three is the smallest quorum that survives one member's edit.
// Tier 2 follows the statute: rated on its three dimensions, a seat for dissent
// (article 20), the other duties on record before the legal section is asked.
var presets = []Policy{
	{Tier: 0, Name: "一名专家审定", Panel: 1, Odd: true, Share: 0, Quorum: 1, Approvals: 1, AnswerAt: -2, Clocks: clocks()},
	{Tier: 1, Name: "专家组审议", Panel: 3, Odd: true, Share: 34, Quorum: 2, Approvals: 2, AnswerAt: -2, Clocks: clocks()},
	{Tier: 2, Name: "重大行政决策", Panel: 5, Odd: true, Share: 33, Quorum: 4, Approvals: 3, AnswerAt: -2, Dissent: true, Marks: true, SecondRound: true,
		Claims: true, Needs: []string{"public", "risk", "fair", "legality"}, Clocks: clocks()},
}

// Preset is a policy that local rules elsewhere suggest, to start from.
type Preset struct {
	Code   string `json:"code"`
	Words  string `json:"words"`
	Policy Policy `json:"policy"`
}

// Presets are the policies that an office may take over, from the local rules
// quoted in reference/REVIEW.md §3.1.
func Presets() []Preset {
	odd5 := Policy{Tier: 1, Name: "单数五人，本部门不超过三分之一", Panel: 5, Odd: true, Share: 33, Quorum: 3, Approvals: 3, AnswerAt: -2, SecondRound: true, Clocks: clocks()}
	three := Policy{Tier: 1, Name: "三人以上", Panel: 3, Share: 50, Quorum: 2, Approvals: 2, AnswerAt: -2, Clocks: clocks()}
	half := Policy{Tier: 1, Name: "五人，有隶属关系的不超过二分之一", Panel: 5, Share: 50, Quorum: 3, Approvals: 3, AnswerAt: -2, SecondRound: true, Clocks: clocks()}
	everyOpinion := odd5
	everyOpinion.Name, everyOpinion.AnswerAt = "每条反对意见都书面说明", -1
	drawn := presets[2]
	drawn.Name, drawn.Draw = "重大行政决策，随机抽取专家", true
	return []Preset{
		{"default-0", "默认：一名专家", presets[0]}, {"default-1", "默认：专家组", presets[1]}, {"default-2", "默认：重大行政决策", presets[2]},
		{"odd-five", "单数、五人以上、本部门不超过三分之一（同类地方规定见于浙江某市）", odd5}, {"three", "三人以上（某市规定）", three},
		{"half", "有隶属关系的专家不超过二分之一（某市规定）", half}, {"every-opinion", "不采纳的意见逐条说明（某市规定）", everyOpinion},
		{"drawn", "重大决策随机抽取专家", drawn},
	}
}

// stages are the stages that have a clock, with their words.
var stages = []struct{ code, words string }{
	{"route", "组成专家组"}, {"declare", "申报"}, {"round", "表决"}, {"discuss", "讨论"}, {"legality", "合法性审查"}, {"decide", "集体讨论决定"},
}

// Check says whether the policy can be followed at all.
func (p Policy) Check() error {
	why := ""
	switch {
	case p.Tier < 0 || p.Tier > 2:
		why = "审议级别只有 0（一名专家）、1（专家组）和 2（重大决策）三级"
	case p.Panel < 1 || p.Panel > 25:
		why = "专家组人数应在 1 至 25 之间"
	case p.Odd && p.Panel%2 == 0:
		why = "要求人数为单数，所定人数却是双数"
	case p.Quorum < 1 || p.Quorum > p.Panel:
		why = "法定票数应在 1 与专家组人数之间"
	case p.Approvals < 1 || p.Approvals > p.Quorum:
		why = "赞成票数应在 1 与法定票数之间"
	case p.Share < 0 || p.Share > 100:
		why = "本部门专家占比应在 0 至 100 之间"
	case p.AnswerAt > 0 || p.AnswerAt < -2:
		why = "须书面答复的分值应是 0、-1 或 -2"
	case len(p.Domains) > p.Panel || len(p.Domains) > 8:
		why = "所需领域比专家组人数还多，或者超过 8 个"
	case p.Tier == 2 && !slices.Contains(p.Needs, string(Lawful)):
		why = "重大决策必须经合法性审查（条例第二十五条）"
	default:
		why = p.checkData()
	}
	if why == "" {
		return nil
	}
	return problem.New(problem.Invalid, "bad-policy", "审议规则未保存", why, "请修改后重试")
}

func (p Policy) checkData() string {
	for _, need := range p.Needs {
		if _, ok := labelResults[Kind(need)]; !ok {
			return "没有“" + need + "”这种程序"
		}
	}
	for stage, days := range p.Clocks {
		if !slices.ContainsFunc(stages, func(s struct{ code, words string }) bool { return s.code == stage }) {
			return "没有“" + stage + "”这个环节"
		}
		if days < 1 || days > 250 {
			return fmt.Sprintf("“%s”的期限应在 1 至 250 个工作日之间", stage)
		}
	}
	return ""
}
