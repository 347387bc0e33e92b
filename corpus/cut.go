package corpus

import (
	"strings"

	"advisor/corpus/format"
)

// CutFile takes a file apart: header, provisions, passages. It is pure. Fields
// set in h override what is read from the text. Every Start and End gives back
// the source: Cut.Text[start:end].
func CutFile(f *format.File, h Header) Cut {
	c := Cut{Header: h}
	var text strings.Builder
	for i, b := range f.Blocks {
		if i > 0 {
			text.WriteByte('\n')
		}
		start := text.Len()
		text.WriteString(b.Text)
		c.Passages = append(c.Passages, Passage{Ord: i, ProvisionOrd: -1, Context: h.Title, Start: start, End: text.Len()})
	}
	c.Text = text.String()
	return c
}
