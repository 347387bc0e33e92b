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
		for len(text) > 0 {
			i := strings.IndexAny(text, "\n\r\v\f\u0085\u2028\u2029")
			if i < 0 {
				yield(text)
				return
			}
			if !yield(text[:i]) {
				return
			}
			_, n := utf8.DecodeRuneInString(text[i:])
			text = text[i+n:]
		}
	}
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
