package format

import (
	"strings"
	"unicode/utf8"
)

// table turns rows of cells into text. When the first row reads as a header,
// each later row repeats it, so that a row found alone still says what its
// cells are: 部门：财政局；事项：….
type table struct {
	head []string
	seen bool
}

func (t *table) row(cells []string) string {
	for i, cell := range cells {
		cells[i] = clean(cell)
	}
	if !t.seen {
		if named(cells) < 2 { // a title or a note above the table
			return bare(cells)
		}
		t.seen = true
		if header(cells) {
			t.head = append([]string(nil), cells...)
		}
		return bare(cells)
	}
	if t.head == nil || len(cells) > len(t.head) {
		return bare(cells)
	}
	var parts []string
	for i, cell := range cells {
		if cell != "" {
			parts = append(parts, t.head[i]+"："+cell)
		}
	}
	return strings.Join(parts, "；")
}

func bare(cells []string) string {
	var parts []string
	for _, cell := range cells {
		if cell != "" {
			parts = append(parts, cell)
		}
	}
	return strings.Join(parts, " | ")
}

func named(cells []string) int {
	n := 0
	for _, cell := range cells {
		if cell != "" {
			n++
		}
	}
	return n
}

// header says whether a row names columns: two or more, all named, short and different.
func header(cells []string) bool {
	names := map[string]bool{}
	for _, cell := range cells {
		if cell == "" || utf8.RuneCountInString(cell) > 20 || names[cell] || strings.ContainsAny(cell, "。；;") {
			return false
		}
		names[cell] = true
	}
	return len(cells) >= 2
}
