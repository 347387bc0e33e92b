package format

import (
	"context"
	"strings"
	"unicode/utf8"
)

// readText reads plain text: a line is a paragraph, unless the file was hard
// wrapped, as old printouts are; then lines are joined again.
func readText(ctx context.Context, data []byte, out *sink) error {
	text, err := decode(data, out)
	if err != nil {
		return err
	}
	wrap := wrapped(text)
	var open strings.Builder
	for line := range lines(text) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if wrap > 0 && utf8.RuneCountInString(line) >= wrap && !ends(line) {
			open.WriteString(strings.TrimRight(line, " \t"))
			continue
		}
		if open.Len() > 0 {
			open.WriteString(line)
			line = open.String()
			open.Reset()
		}
		if err := out.add(Paragraph, 0, line); err != nil {
			return err
		}
	}
	return out.add(Paragraph, 0, open.String())
}

// lines yields the lines of a text, whichever line break it uses.
func lines(text string) func(func(string) bool) {
	return func(yield func(string) bool) {
		from := 0
		for i := 0; i < len(text); {
			n := breakAt(text, i)
			if n == 0 {
				i++
				continue
			}
			if !yield(text[from:i]) {
				return
			}
			i += n
			from = i
		}
		if from < len(text) {
			yield(text[from:])
		}
	}
}

// breakAt gives the length of the line break at i, 0 for none: LF, VT, FF, CR,
// NEL, and the line and paragraph separators.
func breakAt(text string, i int) int {
	switch c := text[i]; {
	case c >= '\n' && c <= '\r':
		return 1
	case c == 0xc2 && strings.HasPrefix(text[i:], "\u0085"):
		return 2
	case c == 0xe2 && (strings.HasPrefix(text[i:], "\u2028") || strings.HasPrefix(text[i:], "\u2029")):
		return 3
	}
	return 0
}

// wrapped finds the width, in characters, at which a text was hard wrapped: the
// width within two of which lie most of its lines that end inside a sentence,
// and which none exceeds. 0 when lines are whole paragraphs.
func wrapped(text string) int {
	widths, inside, longest, seen := map[int]int{}, 0, 0, 0
	for line := range lines(text) {
		line = strings.TrimRight(line, " \t　")
		n := utf8.RuneCountInString(line)
		if n == 0 {
			continue
		}
		if seen++; seen > 2000 {
			break
		}
		longest = max(longest, n)
		if n >= 20 && !ends(line) {
			inside++
			widths[n]++
		}
	}
	near := widths[longest] + widths[longest-1] + widths[longest-2]
	if longest < 20 || longest > 100 || inside < 8 || near*10 < inside*8 || inside*3 < seen {
		return 0
	}
	return longest - 2
}

func ends(line string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(line, " \t　”’）)"))
	return strings.ContainsRune("。；：！？.;:!?", r)
}
