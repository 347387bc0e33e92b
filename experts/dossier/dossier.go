// Package dossier lays out a file of record for print, as HTML and as DOCX, the
// same bytes whenever it is made from the same content. It knows nothing of
// reviews: what belongs in it and in which order is its caller's matter.
package dossier

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"strings"
)

// Document is a file of record.
type Document struct {
	Title   string
	Lines   []string // below the title
	Receipt string   // stands on every page, beside the document's own hash
	Parts   []Part
}

// Part is one numbered part and the provision that asks for it.
type Part struct {
	Heading string
	Basis   string
	Blocks  []Block
}

// Block is a paragraph, a quotation as spoken, or a table with its header row.
type Block struct {
	Text  string
	Quote bool
	Rows  [][]string
}

// Say adds a paragraph.
func (p *Part) Say(format string, args ...any) {
	p.Blocks = append(p.Blocks, Block{Text: fmt.Sprintf(format, args...)})
}

// Quote adds words as they were spoken or written.
func (p *Part) Quote(text string) { p.Blocks = append(p.Blocks, Block{Text: text, Quote: true}) }

// Table adds a table; one without lines below its header is left out.
func (p *Part) Table(rows [][]string) {
	if len(rows) > 1 {
		p.Blocks = append(p.Blocks, Block{Rows: rows})
	}
}

// Hash is that of the content; removing one word changes it.
func (d Document) Hash() string {
	body, err := json.Marshal(d)
	if err != nil {
		panic("dossier: encode strings: " + err.Error()) // strings always encode
	}
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// foot is the line on every page.
func (d Document) foot() string { return d.Receipt + "　卷宗散列 " + d.Hash() }

var page = template.Must(template.New("").Parse(`<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{{.Title}}</title>
<style>
@page{size:A4;margin:25mm 20mm 28mm}
body{font:16px/1.75 "FangSong","STFangsong","Noto Serif CJK SC",serif;color:#1d2129;max-width:46em;margin:0 auto;padding:1em 1em 4em}
h1{font:700 26px/1.4 "Noto Serif CJK SC",serif;text-align:center}h2{font:700 19px/1.5 "Microsoft YaHei","Noto Sans CJK SC",sans-serif;margin:2em 0 .3em;break-after:avoid}
.lines{text-align:center}.basis{color:#555;font-size:14px;margin:0 0 .6em}p{margin:.3em 0;white-space:pre-wrap;overflow-wrap:anywhere}
blockquote{margin:.4em 0 .4em 1em;padding-left:.8em;border-left:3px solid #888;white-space:pre-wrap;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;margin:.5em 0;font-size:14px}td,th{border:1px solid #777;padding:3px 6px;vertical-align:top;text-align:left;overflow-wrap:anywhere}thead{display:table-header-group}tr{break-inside:avoid}
footer{position:fixed;bottom:0;left:0;right:0;background:#fff;border-top:1px solid #999;font:11px/1.5 monospace;text-align:center;padding:2px 8px;overflow-wrap:anywhere}
</style></head><body>
<h1>{{.Title}}</h1>{{range .Lines}}<p class="lines">{{.}}</p>{{end}}
{{range .Parts}}<section><h2>{{.Heading}}</h2>{{with .Basis}}<p class="basis">{{.}}</p>{{end}}
{{range .Blocks}}{{if .Rows}}<table>{{range $i, $row := .Rows}}{{if eq $i 0}}<thead><tr>{{range $row}}<th>{{.}}</th>{{end}}</tr></thead><tbody>{{else}}<tr>{{range $row}}<td>{{.}}</td>{{end}}</tr>{{end}}{{end}}</tbody></table>{{else if .Quote}}<blockquote>{{.Text}}</blockquote>{{else}}<p>{{.Text}}</p>{{end}}
{{end}}</section>
{{end}}<footer>{{.Foot}}</footer></body></html>
`))

// HTML is the dossier as a page to read and print.
func (d Document) HTML() ([]byte, error) {
	var b bytes.Buffer
	err := page.Execute(&b, struct {
		Document
		Foot string
	}{d, d.foot()})
	if err != nil {
		return nil, fmt.Errorf("lay out the dossier: %w", err)
	}
	return b.Bytes(), nil
}

// DOCX is the dossier for an office's word processor. The archive carries no
// times, so the bytes do not change from day to day.
func (d Document) DOCX() ([]byte, error) {
	var body strings.Builder
	body.WriteString(para("Title", d.Title))
	for _, l := range d.Lines {
		body.WriteString(para("Lines", l))
	}
	for _, p := range d.Parts {
		body.WriteString(para("Heading1", p.Heading))
		if p.Basis != "" {
			body.WriteString(para("Basis", p.Basis))
		}
		for _, b := range p.Blocks {
			body.WriteString(block(b))
		}
	}
	files := [][2]string{
		{"[Content_Types].xml", contentTypes}, {"_rels/.rels", rels}, {"word/_rels/document.xml.rels", documentRels}, {"word/styles.xml", styles},
		{"word/footer1.xml", head + `<w:ftr ` + ns + `>` + para("Footer", d.foot()) + `</w:ftr>`},
		{"word/document.xml", head + `<w:document ` + ns + ` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><w:body>` + body.String() +
			`<w:sectPr><w:footerReference w:type="default" r:id="rId2"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1418" w:right="1134" w:bottom="1588" w:left="1134" w:header="720" w:footer="720" w:gutter="0"/></w:sectPr></w:body></w:document>`},
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f[0], Method: zip.Deflate})
		if err == nil {
			_, err = w.Write([]byte(f[1]))
		}
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", f[0], err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("pack the dossier: %w", err)
	}
	return out.Bytes(), nil
}

func block(b Block) string {
	switch {
	case b.Rows != nil:
		return table(b.Rows)
	case b.Quote:
		return para("Quote", b.Text)
	}
	return para("Normal", b.Text)
}

// para is one paragraph; the text's own lines become line breaks.
func para(style, text string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<w:p><w:pPr><w:pStyle w:val="%s"/></w:pPr>`, style)
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteString(`<w:r><w:br/></w:r>`)
		}
		b.WriteString(`<w:r><w:t xml:space="preserve">` + escape(line) + `</w:t></w:r>`)
	}
	return b.String() + `</w:p>`
}

func table(rows [][]string) string {
	var b strings.Builder
	b.WriteString(`<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>`)
	for _, side := range []string{"top", "left", "bottom", "right", "insideH", "insideV"} {
		fmt.Fprintf(&b, `<w:%s w:val="single" w:sz="4" w:space="0" w:color="777777"/>`, side)
	}
	b.WriteString(`</w:tblBorders></w:tblPr><w:tblGrid>` + strings.Repeat(`<w:gridCol/>`, len(rows[0])) + `</w:tblGrid>`)
	for i, row := range rows {
		b.WriteString(`<w:tr>`)
		if i == 0 {
			b.WriteString(`<w:trPr><w:tblHeader/></w:trPr>`)
		}
		for _, cell := range row {
			b.WriteString(`<w:tc><w:tcPr/>` + para("Cell", cell) + `</w:tc>`)
		}
		b.WriteString(`</w:tr>`)
	}
	return b.String() + `</w:tbl>` + para("Normal", "")
}

// escape keeps out what XML cannot hold.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}

const (
	head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	ns   = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"`

	contentTypes = head + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/><Override PartName="/word/footer1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/></Types>`
	rels         = head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`
	documentRels = head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer" Target="footer1.xml"/></Relationships>`
	styles       = head + `<w:styles ` + ns + `><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="FangSong" w:eastAsia="仿宋" w:hAnsi="FangSong"/><w:sz w:val="28"/></w:rPr></w:rPrDefault></w:docDefaults>` +
		`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>` +
		`<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:pPr><w:jc w:val="center"/></w:pPr><w:rPr><w:b/><w:sz w:val="40"/></w:rPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="Lines"><w:name w:val="Lines"/><w:pPr><w:jc w:val="center"/></w:pPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:pPr><w:keepNext/><w:spacing w:before="360"/><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:rFonts w:eastAsia="黑体"/><w:b/><w:sz w:val="32"/></w:rPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="Basis"><w:name w:val="Basis"/><w:rPr><w:color w:val="555555"/><w:sz w:val="22"/></w:rPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="Quote"><w:name w:val="Quote"/><w:pPr><w:ind w:left="480"/></w:pPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="Cell"><w:name w:val="Cell"/><w:rPr><w:sz w:val="21"/></w:rPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="Footer"><w:name w:val="footer"/><w:pPr><w:jc w:val="center"/></w:pPr><w:rPr><w:sz w:val="14"/></w:rPr></w:style></w:styles>`
)
