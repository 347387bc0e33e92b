package experts

import (
	"fmt"
	"slices"
	"strings"

	"advisor/internal/problem"
)

// Policy is what a tier asks of a panel and of an approval. It is data: offices
// differ, and the statute leaves the figures to them. A review keeps the policy
// it opened with.
type Policy struct {
	Tier      int      `json:"tier"`
	Name      string   `json:"name"`
	Panel     int      `json:"panel"`            // members at least
	Odd       bool     `json:"odd"`              // an odd number of them
	Share     int      `json:"department_share"` // of every hundred members, at most so many from the asking department
	Domains   []string `json:"domains,omitempty"`
	Quorum    int      `json:"quorum"`            // counted ballots at least
	Approvals int      `json:"approvals"`         // of which in favour at least
	AnswerAt  int      `json:"answer_at"`         // an objection this strong blocks until it is answered in writing; 0 for none
	Reasons   []string `json:"reasons,omitempty"` // the codes a refusal may name; none listed: any
}

// presets are the policies an office starts with. Tier 1's third of the
// department and odd number follow the local rules quoted in reference/REVIEW.md
// §3.1; two of three is the smallest quorum that survives one member's edit.
var presets = []Policy{
	{Tier: 0, Name: "一名专家审定", Panel: 1, Odd: true, Share: 0, Quorum: 1, Approvals: 1, AnswerAt: -2},
	{Tier: 1, Name: "专家组审议", Panel: 3, Odd: true, Share: 34, Quorum: 2, Approvals: 2, AnswerAt: -2},
}

// Check says whether the policy can be followed at all.
func (p Policy) Check() error {
	why := ""
	switch {
	case p.Tier != 0 && p.Tier != 1:
		why = "目前只有 0（一名专家）和 1（专家组）两级"
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
	case len(p.Domains) > p.Panel:
		why = "所需领域比专家组人数还多"
	default:
		return nil
	}
	return problem.New(problem.Invalid, "bad-policy", "审议规则未保存", why, "请修改后重试")
}

// unmet lists the rules of composition that the seats break, in words; none
// means that the panel is lawful.
func (p Policy) unmet(seats []Seat, department string) []string {
	var broken []string
	if len(seats) < p.Panel {
		broken = append(broken, fmt.Sprintf("专家组应有 %d 人，现有 %d 人", p.Panel, len(seats)))
	}
	if p.Odd && len(seats)%2 == 0 {
		broken = append(broken, fmt.Sprintf("专家组人数应为单数，现为 %d 人", len(seats)))
	}
	if own := ofDepartment(seats, department); own*100 > p.Share*len(seats) {
		broken = append(broken, fmt.Sprintf("提问部门的专家应不超过 %d%%，现为 %d 人中的 %d 人", p.Share, len(seats), own))
	}
	for _, domain := range p.Domains {
		if !slices.ContainsFunc(seats, func(s Seat) bool { return slices.Contains(s.Domains, domain) }) {
			broken = append(broken, "缺少“"+domain+"”领域的专家")
		}
	}
	return broken
}

func ofDepartment(seats []Seat, department string) (n int) {
	for _, s := range seats {
		if department != "" && s.Department == department {
			n++
		}
	}
	return n
}

// Tally is the count of the ballots on the present text in the present round.
type Tally struct {
	For     int  `json:"for"`
	Neutral int  `json:"neutral"`
	Against int  `json:"against"`
	Ballots int  `json:"ballots"`
	Quorum  int  `json:"quorum"`
	Needed  int  `json:"needed"`
	Open    int  `json:"unanswered"` // strong objections not yet answered in writing
	Met     bool `json:"met"`
}

// lacking lists what an approval still lacks; none means that the policy is met.
func (p Policy) lacking(t Tally) []string {
	var lack []string
	if t.Ballots < p.Quorum {
		lack = append(lack, fmt.Sprintf("有效表决票应有 %d 张，现有 %d 张", p.Quorum, t.Ballots))
	}
	if t.For < p.Approvals {
		lack = append(lack, fmt.Sprintf("赞成票应有 %d 张，现有 %d 张", p.Approvals, t.For))
	}
	if t.For <= t.Against {
		lack = append(lack, fmt.Sprintf("赞成 %d 票未多于反对 %d 票", t.For, t.Against))
	}
	if t.Open > 0 {
		lack = append(lack, fmt.Sprintf("有 %d 条强烈反对意见尚未书面答复", t.Open))
	}
	return lack
}

func sentence(parts []string) string { return strings.Join(parts, "；") }

// maxTries bounds the search for a panel; rosters of dozens stay far below it.
const maxTries = 200_000

// fill finds the fewest candidates that, added to the seats, satisfy the
// policy, preferring those who come first. Candidates come sorted by how well
// they fit and how little they have to do.
func fill(p Policy, department string, seats, candidates []Seat) ([]Seat, bool) {
	tries := 0
	for more := max(p.Panel-len(seats), 0); more <= len(candidates) && more <= p.Panel+2; more++ {
		if found, ok := choose(p, department, seats, candidates, nil, more, &tries); ok {
			return found, true
		}
	}
	return nil, false
}

// choose picks n candidates in order, backing off when what it picked cannot do.
func choose(p Policy, department string, seats, candidates, picked []Seat, n int, tries *int) ([]Seat, bool) {
	*tries++
	if *tries > maxTries || n > len(candidates) {
		return nil, false
	}
	all := append(append([]Seat{}, seats...), picked...)
	if n == 0 {
		return picked, len(p.unmet(all, department)) == 0
	}
	// More of the asking department than the whole panel may hold cannot be mended by adding others.
	if ofDepartment(all, department)*100 > p.Share*(len(all)+n) {
		return nil, false
	}
	for i, c := range candidates {
		if found, ok := choose(p, department, seats, candidates[i+1:], append(picked[:len(picked):len(picked)], c), n-1, tries); ok {
			return found, true
		}
	}
	return nil, false
}
