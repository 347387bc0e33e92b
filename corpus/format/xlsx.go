package format

import (
	"context"
	"encoding/xml"
	"sort"
	"strconv"
	"strings"
	"time"
)

// readXLSX reads each sheet as a table: a heading with the sheet's name when
// there are several, then its rows, the header repeated with each. Formulas are
// read as the values last computed.
func readXLSX(ctx context.Context, p *pack) error {
	b := book{pack: p}
	if err := b.sharedStrings(ctx); err != nil {
		return err
	}
	if err := b.dateStyles(ctx); err != nil {
		return err
	}
	sheets, err := b.sheets(ctx)
	if err != nil {
		return err
	}
	for _, s := range sheets {
		if len(sheets) > 1 {
			if err := p.out.add(Heading, 1, s.name); err != nil {
				return err
			}
		}
		if err := b.readSheet(ctx, s.part); err != nil {
			return err
		}
	}
	return nil
}

type book struct {
	*pack
	strings []string
	size    int
	dates   map[int]bool // cell styles that show a number as a date
	old     bool         // days are counted from 1904
}

type sheet struct{ name, id, part string }

const maxColumns = 256

func (b *book) sharedStrings(ctx context.Context) error {
	body, err := b.open("xl/sharedstrings.xml")
	if err != nil || body == nil {
		return err
	}
	defer body.close()
	var text strings.Builder
	inText := false
	for {
		tok, err := body.next(ctx)
		if err != nil || tok == nil {
			return err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "si":
				text.Reset()
			case "rPh": // how a word is read aloud, not the word
				if err := body.skip(ctx); err != nil {
					return err
				}
			case "t":
				inText = true
			}
		case xml.CharData:
			if inText {
				text.Write(t)
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "t":
				inText = false
			case "si":
				if b.size += text.Len() + 16; b.size > maxText {
					return b.out.tooLarge(maxText)
				}
				b.strings = append(b.strings, text.String())
			}
		}
	}
}

// dateStyles finds the cell styles that show dates.
func (b *book) dateStyles(ctx context.Context) error {
	b.dates = map[int]bool{}
	custom, inCells, n := map[string]bool{}, false, 0
	for tok, err := range b.tokens(ctx, "xl/styles.xml") {
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "numFmt":
				custom[attr(t, "numFmtId")] = strings.ContainsAny(attr(t, "formatCode"), "yY年")
			case "cellXfs":
				inCells = true
			case "xf":
				if inCells {
					id := small(attr(t, "numFmtId"))
					b.dates[n] = custom[attr(t, "numFmtId")] || id >= 14 && id <= 17 || id == 22 || id >= 27 && id <= 31 || id >= 50 && id <= 58
					n++
				}
			}
		case xml.EndElement:
			inCells = inCells && t.Name.Local != "cellXfs"
		}
	}
	return nil
}

// sheets lists the visible sheets in the workbook's order.
func (b *book) sheets(ctx context.Context) ([]sheet, error) {
	if !b.has("xl/workbook.xml") {
		return nil, b.out.refuse("broken-file", "压缩包里没有工作簿", "请重新取得文件，或用 Office 打开后另存")
	}
	var all []sheet
	for tok, err := range b.tokens(ctx, "xl/workbook.xml") {
		if err != nil {
			return nil, err
		}
		t, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		if t.Name.Local == "workbookPr" {
			b.old = attr(t, "date1904") == "1" || attr(t, "date1904") == "true"
		}
		if state := attr(t, "state"); t.Name.Local == "sheet" && (state == "" || state == "visible") && len(all) < 1000 {
			id := ""
			for _, a := range t.Attr { // r:id; sheetId is something else
				if a.Name.Local == "id" {
					id = a.Value
				}
			}
			all = append(all, sheet{name: attr(t, "name"), id: id})
		}
	}
	return b.locate(ctx, all)
}

// locate finds each sheet's part by the workbook's relations.
func (b *book) locate(ctx context.Context, all []sheet) ([]sheet, error) {
	if !b.has("xl/_rels/workbook.xml.rels") {
		return b.byName(all), nil
	}
	targets, err := b.relations(ctx, "xl/workbook.xml")
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].part = targets[all[i].id].part
	}
	return all, nil
}

func (b *book) byName(all []sheet) []sheet {
	var parts []string
	for name := range b.parts {
		if strings.HasPrefix(name, "xl/worksheets/sheet") {
			parts = append(parts, name)
		}
	}
	sort.Strings(parts)
	for i := range all {
		if i < len(parts) {
			all[i].part = parts[i]
		}
	}
	return all
}

func (b *book) readSheet(ctx context.Context, name string) error {
	var tab table
	var cells []string
	var c cell
	inValue := false
	for tok, err := range b.tokens(ctx, name) {
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "row":
				cells = cells[:0]
			case "c":
				c = cell{column: column(attr(t, "r"), len(cells)), kind: attr(t, "t"), style: small(attr(t, "s"))}
			case "v", "t":
				inValue = true
			}
		case xml.CharData:
			if inValue {
				c.text += string(t)
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "v", "t":
				inValue = false
			case "c":
				cells = place(cells, c.column, b.value(c))
			case "row":
				if err := b.out.add(Row, 0, rowOf(&tab, cells)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// rowOf turns a row into text. Title lines above the header stand alone in
// their row; they do not make a header.
func rowOf(tab *table, cells []string) string {
	filled := 0
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			filled++
		}
	}
	if !tab.seen && filled < 2 {
		return bare(cells)
	}
	return tab.row(append([]string(nil), cells...))
}

type cell struct {
	column, style int
	kind, text    string
}

func (b *book) value(c cell) string {
	switch c.kind {
	case "s":
		if n := small(c.text); n < len(b.strings) {
			return b.strings[n]
		}
		return ""
	case "b":
		if c.text == "1" {
			return "是"
		}
		return "否"
	case "", "n":
		if n, err := strconv.ParseFloat(c.text, 64); err == nil {
			return b.show(n, c)
		}
	}
	return c.text
}

// show writes a number as people see it: dates as dates, and no noise of
// binary fractions.
func (b *book) show(n float64, c cell) string {
	if b.dates[c.style] && n > 0 && n < 3_000_000 {
		days := int(n)
		if b.old {
			days += 1462
		}
		return time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, days).Format(time.DateOnly)
	}
	if short, err := strconv.ParseFloat(strconv.FormatFloat(n, 'g', 15, 64), 64); err == nil {
		n = short
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

func place(cells []string, at int, text string) []string {
	if at >= maxColumns {
		return cells
	}
	for len(cells) <= at {
		cells = append(cells, "")
	}
	cells[at] = text
	return cells
}

// column reads the letters of a cell's address: B7 is column 1.
func column(ref string, next int) int {
	n := 0
	for _, r := range ref {
		if r < 'A' || r > 'Z' {
			break
		}
		if n = n*26 + int(r-'A') + 1; n > 1<<20 {
			break
		}
	}
	if n == 0 {
		return next
	}
	return n - 1
}
