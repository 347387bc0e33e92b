package advice

import (
	"fmt"
	"strings"

	"advisor/retrieval"
)

// Mind is something a new draft has to mind, because an earlier one went back
// for it: a reviewer's reason, and what may not be cited again.
type Mind struct {
	Code   string   // the reason's code
	Words  string   // the code in words
	Text   string   // the reviewer's own
	Claim  string   // the sentence it was about, empty for the whole text
	Barred []Barred // provisions that may not be a basis again
}

// Barred is a provision of a version; an empty provision bars the version.
type Barred struct {
	VersionID int64  `json:"version_id,string"`
	Provision string `json:"provision"`
}

// unbarred leaves out what the reasons of a return bar. It works on what was
// found, so that neither drafter, with a model or without, can cite it again.
func unbarred(hits []retrieval.Hit, minding []Mind) []retrieval.Hit {
	if len(minding) == 0 {
		return hits
	}
	var out []retrieval.Hit
	for _, h := range hits {
		if !isBarred(h, minding) {
			out = append(out, h)
		}
	}
	return out
}

func isBarred(h retrieval.Hit, minding []Mind) bool {
	for _, m := range minding {
		for _, b := range m.Barred {
			// A passage may be a whole article, the bar one clause of it, or the other way round.
			if h.VersionID == b.VersionID && (strings.HasPrefix(h.Provision, b.Provision) || h.Provision != "" && strings.HasPrefix(b.Provision, h.Provision)) {
				return true
			}
		}
	}
	return false
}

// minded is the question as a model is shown it: with what went wrong before.
// The reviewers' words are material like the question itself, inside its block.
func (q Ask) minded() string {
	if len(q.Minding) == 0 {
		return q.Whole
	}
	var b strings.Builder
	b.WriteString(q.Whole + "\n上一稿被专家退回，新稿必须逐条改正：")
	for i, m := range q.Minding {
		fmt.Fprintf(&b, "\n%d. %s：%s", i+1, m.Words, oneLine(m.Text))
		if m.Claim != "" {
			fmt.Fprintf(&b, "（针对“%s”）", clip(oneLine(m.Claim), 120))
		}
	}
	return b.String()
}
