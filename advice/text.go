package advice

import (
	"fmt"
	"strings"

	"advisor/corpus"
)

// Text renders the body in Chinese, the label first. Claims that could not be
// verified come last, under a heading that says so.
func (b Body) Text() string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s\n\n问题：%s\n\n%s\n", b.Label, b.Question, b.Conclusion)
	n := 0
	for _, c := range b.Claims {
		if c.Support != Unsupported {
			n++
			writeClaim(&w, n, c)
		}
	}
	writeList(&w, "可选方案", b.Options)
	writeList(&w, "办理程序", b.Procedure)
	writeList(&w, "尚不清楚", b.Unknown)
	b.writeDoubts(&w)
	return w.String()
}

func writeClaim(w *strings.Builder, n int, c Claim) {
	role := c.Role
	if role == "" {
		role = Basis
	}
	if c.Support == Quoted && len(c.Citations) > 0 {
		fmt.Fprintf(w, "\n%d. 【%s】%s\n   “%s”\n", n, role, c.Citations[0].Place(), oneLine(c.Text))
		return
	}
	fmt.Fprintf(w, "\n%d. 【%s】%s\n", n, role, oneLine(c.Text))
	for _, q := range c.Citations {
		fmt.Fprintf(w, "   见%s：“%s”\n", q.Place(), oneLine(q.Quote))
	}
}

func (b Body) writeDoubts(w *strings.Builder) {
	head := false
	for _, c := range b.Claims {
		if c.Support != Unsupported {
			continue
		}
		if !head {
			w.WriteString("\n以下说法未能核实，不能作为依据\n")
			head = true
		}
		fmt.Fprintf(w, "× %s", oneLine(c.Text))
		if c.Doubt != "" {
			fmt.Fprintf(w, "（%s）", c.Doubt)
		}
		w.WriteByte('\n')
	}
}

func writeList(w *strings.Builder, head string, items []string) {
	if len(items) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", head)
	for _, s := range items {
		fmt.Fprintf(w, "- %s\n", oneLine(s))
	}
}

// Place is the citation as people write it: 《云川市公共数据管理办法》第十条第二款（现行有效）.
func (c Citation) Place() string {
	s := inMarks(c.Title)
	if c.DocNumber != "" {
		s += "（" + c.DocNumber + "）"
	}
	return s + strings.TrimRight(c.Provision, "、.") + "［" + c.force() + "］"
}

// force says how the cited version stands. One that was in force on the day
// asked about, and has an end, is not called so as if it still were.
func (c Citation) force() string {
	if c.Status == corpus.InForce && c.Repealed != "" {
		return "有效，" + string(c.Repealed) + "起失效"
	}
	return StatusName(c.Status)
}

// inMarks puts a title between book marks, once; those inside it become single.
func inMarks(title string) string {
	if inner, ok := strings.CutPrefix(title, "《"); ok && strings.Index(inner, "》") == len(inner)-len("》") {
		title = strings.TrimSuffix(inner, "》")
	}
	return "《" + strings.NewReplacer("《", "〈", "》", "〉").Replace(title) + "》"
}

// StatusName is how a status is called by people.
func StatusName(status string) string {
	switch status {
	case corpus.InForce:
		return "现行有效"
	case corpus.Ended:
		return "已废止"
	case corpus.NotYet:
		return "尚未施行"
	}
	return "效力待核"
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
