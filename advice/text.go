package advice

import (
	"fmt"
	"slices"
	"strings"

	"advisor/corpus"
)

// Text renders the body in Chinese as the chat's plain answer, the label first.
// Claims keep the number by which they are voted on; those that could not be
// verified come last, under a heading that says so.
func (b Body) Text() string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s\n\n问题：%s\n\n%s\n", b.Label, b.Question, b.Conclusion)
	for i, c := range b.Claims {
		if c.Support != Unsupported {
			writeClaim(&w, i+1, c)
		}
	}
	for _, s := range b.sections() {
		writeList(&w, s.Head, s.Items)
	}
	b.writeDoubts(&w)
	return w.String()
}

// Section is a heading with its lines.
type Section struct {
	Head  string
	Items []string
}

// Sections are the body's parts beside its claims, as people read them, without
// the empty ones. A decline's are what was looked for, what is needed and where
// to turn.
func (b Body) Sections() []Section {
	return slices.DeleteFunc(b.sections(), func(s Section) bool { return len(s.Items) == 0 })
}

func (b Body) sections() []Section {
	return []Section{
		{"可选方案", b.Options}, {"办理程序", b.Procedure},
		{"涉及的部门", b.departmentLines()}, {"相似案例与差异", b.caseLines()}, {"规定之间不一致", b.conflictLines()},
		{"尚不清楚", b.Unknown}, {"可以向谁核实", b.TurnTo},
	}
}

func (b Body) departmentLines() []string {
	var out []string
	for _, d := range b.Departments {
		out = append(out, fmt.Sprintf("%s：%s（见第 %d 条）", d.Part, d.Name, d.Claim))
	}
	return out
}

func (b Body) caseLines() []string {
	var out []string
	for _, c := range b.Cases {
		line := fmt.Sprintf("%s（见第 %d 条）", inMarks(c.Title), c.Claim)
		if len(c.Alike) > 0 {
			line += "；相同之处：" + strings.Join(c.Alike, "、")
		}
		if len(c.Differs) > 0 {
			line += "；摘录没有提到：" + strings.Join(c.Differs, "、")
		}
		out = append(out, line)
	}
	return out
}

func (b Body) conflictLines() []string {
	var out []string
	for _, c := range b.Conflicts {
		out = append(out, fmt.Sprintf("第 %d 条与第 %d 条：%s不一致，适用哪一条请由有权机关确定", c.First, c.Second, c.Over))
	}
	return out
}

func writeClaim(w *strings.Builder, n int, c Claim) {
	if c.Support == Quoted && len(c.Citations) > 0 {
		fmt.Fprintf(w, "\n%d. 【%s】%s\n   “%s”\n", n, c.role(), c.Citations[0].Place(), oneLine(c.Text))
		return
	}
	fmt.Fprintf(w, "\n%d. 【%s】%s\n", n, c.role(), oneLine(c.Text))
	for _, q := range c.Citations {
		fmt.Fprintf(w, "   见%s：“%s”\n", q.Place(), oneLine(q.Quote))
	}
}

func (c Claim) role() string {
	if c.Role == "" {
		return Basis
	}
	return c.Role
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

// Place is the citation as people write it: 《云川市公共数据管理办法》第十条第二款［现行有效］.
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
