package format

import (
	"context"
	"encoding/xml"
	"path"
	"strconv"
	"strings"
)

// readPPTX reads the slides in their order: the title as a heading, each
// paragraph, tables as rows, and the speaker's notes.
func readPPTX(ctx context.Context, p *pack) error {
	slides, err := p.slides(ctx)
	if err != nil {
		return err
	}
	for n, part := range slides {
		s := slide{out: p.out, number: n + 1}
		if err := s.read(ctx, p, part); err != nil {
			return err
		}
		notes, err := p.target(ctx, part, "notesSlide")
		if err != nil {
			return err
		}
		if notes != "" {
			if err := (&slide{out: p.out, number: n + 1, notes: true}).read(ctx, p, notes); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pack) slides(ctx context.Context) ([]string, error) {
	if !p.has("ppt/presentation.xml") {
		return nil, p.out.refuse("broken-file", "压缩包里没有演示文稿", "请重新取得文件，或用 Office 打开后另存")
	}
	targets, err := p.relations(ctx, "ppt/presentation.xml")
	if err != nil {
		return nil, err
	}
	var all []string
	for tok, err := range p.tokens(ctx, "ppt/presentation.xml") {
		if err != nil {
			return all, err
		}
		if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "sldId" && len(all) < 5000 {
			for _, a := range e.Attr { // r:id; id is something else
				if a.Name.Local == "id" && a.Name.Space == "r" {
					all = append(all, targets[a.Value].part)
				}
			}
		}
	}
	return all, nil
}

type relation struct{ part, kind string }

// relations are what a part refers to inside the package, by id. What lies
// outside is never fetched.
func (p *pack) relations(ctx context.Context, name string) (map[string]relation, error) {
	all := map[string]relation{}
	for tok, err := range p.tokens(ctx, path.Join(path.Dir(name), "_rels", path.Base(name)+".rels")) {
		if err != nil {
			return all, err
		}
		if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "Relationship" && attr(e, "TargetMode") != "External" && len(all) < maxEntries {
			all[attr(e, "Id")] = relation{within(path.Dir(name), attr(e, "Target")), path.Base(attr(e, "Type"))}
		}
	}
	return all, nil
}

func (p *pack) target(ctx context.Context, name, kind string) (string, error) {
	all, err := p.relations(ctx, name)
	for _, r := range all {
		if r.kind == kind {
			return r.part, err
		}
	}
	return "", err
}

// slide is one slide, or its notes, while it is read.
type slide struct {
	out    *sink
	number int
	notes  bool
	title  bool // the open shape is the title
	skip   bool // the open shape is a number, date or picture of the slide
	text   strings.Builder
	inText bool
	tab    *table
	cells  []string
	cell   strings.Builder
}

func (s *slide) read(ctx context.Context, p *pack, name string) error {
	for tok, err := range p.tokens(ctx, name) {
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if t.Name.Local == "sld" && attr(t, "show") == "0" { // hidden
				return nil
			}
			s.start(t)
		case xml.CharData:
			if s.inText {
				s.text.Write(t)
			}
		case xml.EndElement:
			if err := s.end(t.Name.Local); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *slide) start(e xml.StartElement) {
	switch e.Name.Local {
	case "sp":
		s.title, s.skip = false, false
	case "ph":
		kind := attr(e, "type")
		s.title = kind == "title" || kind == "ctrTitle"
		s.skip = kind == "sldNum" || kind == "dt" || kind == "ftr" || kind == "hdr" || kind == "sldImg"
	case "t":
		s.inText = true
	case "br":
		s.text.WriteByte(' ')
	case "tbl":
		s.tab = &table{}
	case "tr":
		s.cells = nil
	case "tc":
		s.cell.Reset()
	}
}

func (s *slide) end(name string) error {
	switch name {
	case "t":
		s.inText = false
	case "p":
		return s.paragraph()
	case "tc":
		if len(s.cells) < maxColumns {
			s.cells = append(s.cells, strings.TrimSpace(s.cell.String()))
		}
	case "tr":
		if s.tab != nil {
			return s.out.add(Row, 0, s.tab.row(s.cells))
		}
	case "tbl":
		s.tab = nil
	}
	return nil
}

func (s *slide) paragraph() error {
	text := s.text.String()
	s.text.Reset()
	switch {
	case s.skip || clean(text) == "":
		return nil
	case s.tab != nil:
		s.cell.WriteString(" " + text)
		return nil
	case s.title:
		return s.out.add(Heading, 2, text)
	case s.notes:
		return s.out.add(Paragraph, 0, "（第 "+strconv.Itoa(s.number)+" 页备注）"+text)
	}
	return s.out.add(Paragraph, 0, text)
}
