package format

import (
	"context"
	"html"
	"strings"
)

// readMarkdown reads Markdown as official texts use it: each line a paragraph
// (a 款 often stands on a line of its own without an empty one before it),
// headings, tables; marks of emphasis, links and comments are dropped.
func readMarkdown(ctx context.Context, data []byte, out *sink) error {
	text, err := decode(data, out)
	if err != nil {
		return err
	}
	text = frontMatter(text, out.file.Meta)
	text = withoutComments(text)
	var tab table
	for line := range lines(text) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := markdownLine(line, &tab, out); err != nil {
			return err
		}
	}
	return nil
}

func markdownLine(line string, tab *table, out *sink) error {
	line = strings.TrimFunc(line, space)
	for strings.HasPrefix(line, ">") {
		line = strings.TrimFunc(line[1:], space)
	}
	if strings.HasPrefix(line, "|") {
		if cells := pipes(line); !rule(strings.Join(cells, "")) {
			return out.add(Row, 0, tab.row(cells))
		}
		return nil
	}
	if line == "" || rule(line) || strings.HasPrefix(line, "```") {
		return nil
	}
	*tab = table{}
	if level := strings.IndexFunc(line, func(r rune) bool { return r != '#' }); level > 0 && level <= 6 && line[level] == ' ' {
		return out.add(Heading, level, inline(strings.TrimRight(line[level:], "# ")))
	}
	if strings.Trim(line, "#") == "" {
		return nil
	}
	for _, bullet := range []string{"- ", "* ", "+ "} {
		line = strings.TrimPrefix(line, bullet)
	}
	return out.add(Paragraph, 0, inline(line))
}

// rule says whether a line only draws: -----, ***, | --- |, +---+.
func rule(line string) bool {
	return line != "" && strings.Trim(line, "-=*_ :|+─━│┃┌┐└┘├┤┬┴┼") == ""
}

func pipes(line string) []string {
	line = strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|")
	cells := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
	for i, cell := range cells {
		cells[i] = inline(strings.ReplaceAll(cell, "\x00", "|"))
	}
	return cells
}

// inline drops the marks inside a line.
func inline(line string) string {
	if !strings.ContainsAny(line, "*`[<&\\") {
		return line
	}
	line = strings.ReplaceAll(strings.ReplaceAll(line, "**", ""), "`", "")
	for _, br := range []string{"<br>", "<br/>", "<br />"} {
		line = strings.ReplaceAll(line, br, " ")
	}
	line = links(line)
	if strings.Contains(line, `\`) {
		line = unescape(line)
	}
	return html.UnescapeString(line)
}

// links keeps the words of [words](address) and of ![words](address).
func links(line string) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(line, '[')
		if open < 0 {
			break
		}
		mid := strings.Index(line[open:], "](")
		if mid < 0 {
			break
		}
		end := strings.IndexByte(line[open+mid:], ')')
		if end < 0 {
			break
		}
		b.WriteString(strings.TrimSuffix(line[:open], "!"))
		b.WriteString(line[open+1 : open+mid])
		line = line[open+mid+end+1:]
	}
	b.WriteString(line)
	return b.String()
}

func unescape(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' && i+1 < len(line) && strings.IndexByte("\\`*_{}[]()#+-.!|<>~", line[i+1]) >= 0 {
			i++
		}
		b.WriteByte(line[i])
	}
	return b.String()
}

func withoutComments(text string) string {
	if !strings.Contains(text, "<!--") {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for {
		open := strings.Index(text, "<!--")
		if open < 0 {
			break
		}
		b.WriteString(text[:open])
		end := strings.Index(text[open+4:], "-->")
		if end < 0 { // never closed: the rest is text, not comment
			text = text[open+4:]
			break
		}
		text = text[open+4+end+3:]
	}
	b.WriteString(text)
	return b.String()
}

// frontMatter takes the key: value lines between two --- at the very start.
func frontMatter(text string, meta map[string]string) string {
	rest, ok := strings.CutPrefix(text, "---\n")
	if !ok {
		return text
	}
	head, body, ok := strings.Cut(rest, "\n---\n")
	if !ok || len(head) > 8192 {
		return text
	}
	for line := range lines(head) {
		if key, value, ok := strings.Cut(line, ":"); ok {
			meta[strings.TrimSpace(key)] = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return body
}
