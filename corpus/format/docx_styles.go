package format

import (
	"context"
	"encoding/xml"
	"strings"
)

// style is what matters of a paragraph style.
type style struct {
	parent   string
	outline  int // 1-based heading level, 0 for none
	numID    string
	level    int
	contents bool // an entry of the table of contents
}

func readStyles(ctx context.Context, p *pack) (map[string]style, error) {
	styles := map[string]style{}
	id := ""
	var open style
	for tok, err := range p.tokens(ctx, "word/styles.xml") {
		if err != nil {
			return nil, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if t.Name.Local == "style" {
				id, open = attr(t, "styleId"), style{}
			}
			open.property(t)
		case xml.EndElement:
			if t.Name.Local == "style" && len(styles) < 10_000 {
				styles[id] = open
			}
		}
	}
	return inherit(styles), nil
}

func (s *style) property(t xml.StartElement) {
	value := attr(t, "val")
	switch t.Name.Local {
	case "name":
		name := strings.ToLower(value)
		s.contents = strings.HasPrefix(name, "toc ") && name != "toc heading"
		for _, prefix := range []string{"heading ", "标题 "} {
			if level, ok := strings.CutPrefix(name, prefix); ok {
				s.outline = small(level)
			}
		}
		if name == "title" || name == "标题" {
			s.outline = 1
		}
	case "basedOn":
		s.parent = value
	case "outlineLvl":
		if n := small(value); n < 9 {
			s.outline = n + 1
		}
	case "numId":
		s.numID = value
	case "ilvl":
		s.level = small(value)
	}
}

// inherit fills what a style leaves open from the one it is based on; the bound
// on the chain ends loops.
func inherit(styles map[string]style) map[string]style {
	full := make(map[string]style, len(styles))
	for id, s := range styles {
		parent := s.parent
		for i := 0; i < 10 && parent != ""; i++ {
			up := styles[parent]
			if s.outline == 0 {
				s.outline = up.outline
			}
			if s.numID == "" {
				s.numID, s.level = up.numID, max(s.level, up.level)
			}
			parent = up.parent
		}
		full[id] = s
	}
	return full
}
