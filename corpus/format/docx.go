package format

import (
	"context"
	"encoding/xml"
	"strings"
)

// readDOCX reads a Word or WPS document in reading order: headings by style,
// the numbers that Word generates, tables as rows; tracked changes as accepted;
// hidden text and the table of contents' own entries left out.
func readDOCX(ctx context.Context, p *pack) error {
	styles, err := readStyles(ctx, p)
	if err != nil {
		return err
	}
	numbers, err := readNumbering(ctx, p)
	if err != nil {
		return err
	}
	body, err := p.open("word/document.xml")
	if err != nil {
		return err
	}
	if body == nil {
		return p.out.refuse("broken-file", "压缩包里没有 Word 正文", "请重新取得文件，或用 Office 打开后另存")
	}
	defer body.close()
	d := document{out: p.out, part: body, styles: styles, numbers: numbers}
	for {
		tok, err := body.next(ctx)
		if err != nil || tok == nil {
			return err
		}
		if err := d.take(ctx, tok); err != nil {
			return err
		}
	}
}

// document is what is open at a point of the stream. Text boxes nest
// paragraphs in paragraphs, tables nest tables in cells: hence the stacks.
type document struct {
	out     *sink
	part    *part
	styles  map[string]style
	numbers *numbering
	paras   []*para
	tables  []*wordTable
	inText  bool
	hidden  bool // the open run is hidden text
}

type para struct {
	style   string
	numID   string
	level   int
	outline int // 1-based, 0 for none
	text    strings.Builder
	count   bool // its number was given out already: a line break opened a second line
}

type wordTable struct {
	table
	cells, above []string
	text         strings.Builder
	span         int
	merged       bool // continues the cell above
}

func (d *document) take(ctx context.Context, tok xml.Token) error {
	switch t := tok.(type) {
	case xml.StartElement:
		return d.start(ctx, t)
	case xml.CharData:
		if p := d.para(); d.inText && !d.hidden && p != nil {
			p.text.Write(t)
		}
	case xml.EndElement:
		return d.end(t.Name.Local)
	}
	return nil
}

func (d *document) start(ctx context.Context, e xml.StartElement) error {
	if e.Name.Space == "a" || e.Name.Space == "pic" { // drawings have their own p, r and t
		return nil
	}
	switch e.Name.Local {
	case "del", "moveFrom", "delText", "instrText", "Fallback", "pPrChange", "rPrChange", "tblPrChange", "sectPr", "rt":
		return d.part.skip(ctx)
	case "p":
		d.paras = append(d.paras, &para{level: -1})
	case "r":
		d.hidden = false
	case "vanish":
		d.hidden = on(e)
	case "t":
		d.inText = true
	case "tab", "ptab":
		d.write(" ")
	case "noBreakHyphen":
		d.write("-")
	case "br", "cr":
		return d.newline(attr(e, "type"))
	case "pStyle", "ilvl", "numId", "outlineLvl":
		if p := d.para(); p != nil {
			p.property(e.Name.Local, attr(e, "val"))
		}
	case "tbl", "tr", "tc", "gridSpan", "vMerge":
		d.tableStart(e)
	}
	return nil
}

func (p *para) property(name, value string) {
	switch name {
	case "pStyle":
		p.style = value
	case "ilvl":
		p.level = small(value)
	case "numId":
		p.numID = value
	case "outlineLvl":
		p.outline = small(value) + 1
	}
}

func (d *document) tableStart(e xml.StartElement) {
	if e.Name.Local == "tbl" {
		d.tables = append(d.tables, &wordTable{})
	}
	t := d.table()
	if t == nil {
		return
	}
	switch e.Name.Local {
	case "tr":
		t.above, t.cells = t.cells, nil
	case "tc":
		t.text.Reset()
		t.span, t.merged = 1, false
	case "gridSpan":
		t.span = min(max(small(attr(e, "val")), 1), 64)
	case "vMerge":
		t.merged = attr(e, "val") != "restart"
	}
}

func (d *document) end(name string) error {
	switch name {
	case "t":
		d.inText = false
	case "p":
		return d.endPara()
	case "tc":
		if t := d.table(); t != nil {
			t.endCell()
		}
	case "tr":
		if t := d.table(); t != nil && len(t.cells) > 0 {
			return d.row(t)
		}
	case "tbl":
		if len(d.tables) > 0 {
			d.tables = d.tables[:len(d.tables)-1]
		}
	}
	return nil
}

// row gives a table's row out; a table inside a cell is text of that cell.
func (d *document) row(t *wordTable) error {
	text := t.row(append([]string(nil), t.cells...))
	if len(d.tables) > 1 {
		d.tables[len(d.tables)-2].text.WriteString(" " + text)
		return nil
	}
	return d.out.add(Row, 0, text)
}

func (t *wordTable) endCell() {
	text := strings.TrimSpace(t.text.String())
	if at := len(t.cells); t.merged && text == "" && at < len(t.above) {
		text = t.above[at]
	}
	t.cells = append(t.cells, text)
	for ; t.span > 1; t.span-- {
		t.cells = append(t.cells, "")
	}
}

func (d *document) para() *para {
	if len(d.paras) == 0 {
		return nil
	}
	return d.paras[len(d.paras)-1]
}

func (d *document) table() *wordTable {
	if len(d.tables) == 0 {
		return nil
	}
	return d.tables[len(d.tables)-1]
}

func (d *document) write(text string) {
	if p := d.para(); p != nil && !d.hidden {
		p.text.WriteString(text)
	}
}

// newline ends a line inside a paragraph: what people see as two lines are two
// blocks. Page and column breaks are not text.
func (d *document) newline(kind string) error {
	p := d.para()
	if p == nil || kind != "" && kind != "textWrapping" {
		return nil
	}
	return d.give(p)
}

func (d *document) endPara() error {
	p := d.para()
	if p == nil {
		return nil
	}
	d.paras = d.paras[:len(d.paras)-1]
	return d.give(p)
}

// give hands the open line of a paragraph out, with its generated number.
func (d *document) give(p *para) error {
	text := p.text.String()
	p.text.Reset()
	if clean(text) == "" {
		return nil
	}
	look := d.styles[p.style]
	if look.contents {
		return nil
	}
	if !p.count {
		text = d.number(p, look) + text
		p.count = true
	}
	if t := d.table(); t != nil {
		t.text.WriteString(" " + text)
		return nil
	}
	level := p.outline
	if level == 0 {
		level = look.outline
	}
	if level > 0 && level <= 9 && len(text) <= 360 {
		return d.out.add(Heading, level, text)
	}
	return d.out.add(Paragraph, 0, text)
}

func (d *document) number(p *para, look style) string {
	id, level := p.numID, p.level
	if id == "" {
		id = look.numID
		if level < 0 {
			level = look.level
		}
	}
	return d.numbers.next(id, max(level, 0))
}

func on(e xml.StartElement) bool {
	v := attr(e, "val")
	return v != "0" && v != "false" && v != "off"
}

// small reads a small whole number; 0 for anything else.
func small(s string) int {
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' || n > 1<<20 {
			return 0
		}
		n = n*10 + int(r-'0')
	}
	return n
}
