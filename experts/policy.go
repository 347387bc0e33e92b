package experts

import (
	"fmt"
	"slices"
	"strings"

	"advisor/experts/consensus"
)

// Policy is what a tier asks of a panel and of an approval. It is data: offices
// differ, and the statute leaves the figures to them. A review keeps the policy
// it opened with.
type Policy struct {
	Tier      int      `json:"tier"`
	Committee int64    `json:"committee,string,omitempty"` // 0: of every committee that has none of its own
	Name      string   `json:"name"`
	Panel     int      `json:"panel"`            // members at least
	Odd       bool     `json:"odd"`              // an odd number of them
	Share     int      `json:"department_share"` // of every hundred members, at most so many from the asking department
	Domains   []string `json:"domains,omitempty"`
	Quorum    int      `json:"quorum"`            // counted ballots at least
	Approvals int      `json:"approvals"`         // of which in favour at least
	AnswerAt  int      `json:"answer_at"`         // an objection this strong blocks until it is answered in writing; 0 for none
	Reasons   []string `json:"reasons,omitempty"` // the codes a refusal may name; none listed: any

	Dissent     bool           `json:"dissent_seat,omitempty"` // one seat for somebody known to hold other views
	Open        bool           `json:"open,omitempty"`         // ballots of the first round lie open from the start
	Marks       bool           `json:"marks,omitempty"`        // ballots rate necessity, feasibility and soundness from 1 to 9
	SecondRound bool           `json:"second_round,omitempty"` // ratings that disagree are voted on once more
	Claims      bool           `json:"claims,omitempty"`       // a claim with more against than for it blocks
	Draw        bool           `json:"draw,omitempty"`         // the panel is drawn by lot, verifiably
	Needs       []string       `json:"needs,omitempty"`        // labels that a major decision needs
	Clocks      map[string]int `json:"clocks,omitempty"`       // working days for each stage
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
	if p.Dissent && !slices.ContainsFunc(seats, func(s Seat) bool { return s.Dissent }) {
		broken = append(broken, "缺少持不同意见的专家")
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

	Merit   map[string]consensus.Result `json:"merit,omitempty"`  // by dimension, where the policy wants ratings
	Claims  []int                       `json:"claims,omitempty"` // claims with more against than for them
	Dispute bool                        `json:"dispute"`          // to be voted on once more
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
	for _, d := range dimensions {
		if t.Merit[d.code].Outcome == consensus.Inappropriate {
			lack = append(lack, d.words+"的评分中位数在 3 分以下")
		}
	}
	if t.Dispute {
		lack = append(lack, "意见分歧，应当讨论后再次表决")
	}
	for _, n := range t.Claims {
		lack = append(lack, fmt.Sprintf("第 %d 条论断反对多于赞成", n))
	}
	if t.Open > 0 {
		lack = append(lack, fmt.Sprintf("有 %d 条强烈反对意见尚未书面答复", t.Open))
	}
	return lack
}

func sentence(parts []string) string { return strings.Join(parts, "；") }
