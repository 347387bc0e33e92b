package advice

import (
	"fmt"
	"strings"

	"advisor/segment"
)

// Markdown renders the body with headings and numbered claims, the label first.
// Everything that came from elsewhere is escaped: it cannot become a heading, a
// link or an image.
func (b Body) Markdown() string {
	var w strings.Builder
	fmt.Fprintf(&w, "> **%s**\n\n## 问题\n\n%s\n\n## 结论\n\n%s\n", marked(b.Label), marked(b.Question), marked(b.Conclusion))
	if n := b.standing(); n > 0 {
		w.WriteString("\n## 依据\n\n")
	}
	for i, c := range b.Claims {
		if c.Support == Unsupported {
			continue
		}
		fmt.Fprintf(&w, "%d. **%s** %s\n", i+1, marked(c.role()), marked(c.Text))
		for _, q := range c.Citations {
			fmt.Fprintf(&w, "   - %s", marked(q.Place()))
			if c.Support != Quoted {
				fmt.Fprintf(&w, "：“%s”", marked(q.Quote))
			}
			w.WriteByte('\n')
		}
	}
	for _, s := range b.Sections() {
		fmt.Fprintf(&w, "\n## %s\n\n", s.Head)
		for _, item := range s.Items {
			fmt.Fprintf(&w, "- %s\n", marked(item))
		}
	}
	b.markDoubts(&w)
	return w.String()
}

func (b Body) markDoubts(w *strings.Builder) {
	if b.standing() == len(b.Claims) {
		return
	}
	w.WriteString("\n## 未能核实的说法（不能作为依据）\n\n")
	for _, c := range b.Claims {
		if c.Support == Unsupported {
			fmt.Fprintf(w, "- ~~%s~~ %s\n", marked(c.Text), marked(c.Doubt))
		}
	}
}

// standing is how many claims stand.
func (b Body) standing() (n int) {
	for _, c := range b.Claims {
		if c.Support != Unsupported {
			n++
		}
	}
	return n
}

var markdownEscape = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;",
	"#", `\#`, "|", `\|`, "~", `\~`, "!", `\!`)

// marked is one line of text that Markdown shows as it is.
func marked(s string) string { return markdownEscape.Replace(oneLine(s)) }

// Proposal renders the body as a 建议稿: title, opinion, the steps and the
// departments, and at its end a numbered list of grounds to which each opinion
// points. What could not be verified is no part of it.
func (b Body) Proposal() string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s\n\n关于“%s”的建议稿\n\n一、请示事项\n%s\n\n二、初步意见\n%s\n", b.Label, clip(strings.TrimRight(oneLine(b.Question), "？?。"), 60), oneLine(b.Question), oneLine(b.Conclusion))
	grounds, at := b.grounds()
	head := 2
	section := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		head++
		fmt.Fprintf(&w, "\n%s、%s\n", segment.ChineseNumeral(head), title)
		for i, l := range lines {
			fmt.Fprintf(&w, "（%s）%s\n", segment.ChineseNumeral(i+1), oneLine(l))
		}
	}
	section("理由", b.opinions(at))
	for _, s := range b.Sections() {
		section(s.Head, s.Items)
	}
	if len(grounds) > 0 {
		head++
		fmt.Fprintf(&w, "\n%s、依据目录\n", segment.ChineseNumeral(head))
		for i, g := range grounds {
			fmt.Fprintf(&w, "[%d] %s\n    “%s”\n", i+1, g.Place(), oneLine(g.Quote))
		}
	}
	return w.String()
}

// grounds are the citations of the claims that stand, each once, and where in
// the list each claim's are.
func (b Body) grounds() (list []Citation, at [][]int) {
	at = make([][]int, len(b.Claims))
	seen := map[string]int{}
	for i, c := range b.Claims {
		if c.Support == Unsupported {
			continue
		}
		for _, q := range c.Citations {
			key := fmt.Sprint(q.VersionID, q.Provision, q.Quote)
			if seen[key] == 0 {
				list = append(list, q)
				seen[key] = len(list)
			}
			at[i] = append(at[i], seen[key])
		}
	}
	return list, at
}

func (b Body) opinions(at [][]int) []string {
	var out []string
	for i, c := range b.Claims {
		if c.Support == Unsupported {
			continue
		}
		marks := ""
		for _, n := range at[i] {
			marks += fmt.Sprintf("[%d]", n)
		}
		text := c.Text
		if c.Support == Quoted && len(c.Citations) > 0 {
			text = strings.SplitN(c.Citations[0].Place(), "［", 2)[0] + "规定：“" + c.Text + "”"
		}
		out = append(out, "【"+c.role()+"】"+text+marks)
	}
	return out
}

// In gives the answer as text, markdown or proposal (建议稿).
func (a Answer) In(format string) string {
	switch format {
	case "markdown":
		return a.Body.Markdown()
	case "proposal":
		return a.Body.Proposal()
	}
	return a.Text
}
