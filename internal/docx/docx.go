// Package docx writes small Word documents as offices expect them: a title,
// headings, paragraphs and quotations in the faces of official papers, a header
// and footer on every page, and properties that say where the text comes from.
// It writes text only: nothing in it can run, link or load.
package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// The kinds of paragraph.
const (
	Title   = "Title"
	Heading = "Heading1"
	Body    = "Normal"
	Quote   = "Quote"
	Notice  = "Notice" // a label: framed, in colour
	Small   = "Small"
	Struck  = "Struck" // shown, and not valid
)

// Document is what is to be written.
type Document struct {
	Title   string
	Creator string
	Header  string // on every page
	Footer  string // before the page's number
	At      time.Time
	// Properties are kept in the file beside the text, where programs find them.
	Properties []Property
	Paragraphs []Paragraph
}

// Property is one custom property.
type Property struct{ Name, Value string }

// Paragraph is one paragraph. Its line breaks stay.
type Paragraph struct{ Kind, Text string }

// Add appends a paragraph, unless it is empty.
func (d *Document) Add(kind, text string) {
	if strings.TrimSpace(text) != "" {
		d.Paragraphs = append(d.Paragraphs, Paragraph{kind, text})
	}
}

// Bytes is the file.
func (d Document) Bytes() ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, part := range []struct{ name, text string }{
		{"[Content_Types].xml", contentTypes}, {"_rels/.rels", packageParts}, {"word/_rels/document.xml.rels", documentParts},
		{"word/styles.xml", styles}, {"word/document.xml", d.document()}, {"word/header1.xml", d.header()}, {"word/footer1.xml", d.footer()},
		{"docProps/core.xml", d.core()}, {"docProps/custom.xml", d.custom()},
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate, Modified: d.At.UTC()})
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", part.name, err)
		}
		if _, err := w.Write([]byte(part.text)); err != nil {
			return nil, fmt.Errorf("write %s: %w", part.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	return b.Bytes(), nil
}

// escape makes text safe inside XML; what XML cannot hold becomes U+FFFD.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(strings.ToValidUTF8(s, "\uFFFD"))) // a Builder takes everything
	return b.String()
}

const declaration = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

const wordSpace = ` xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`

func (d Document) document() string {
	var b strings.Builder
	b.WriteString(declaration + `<w:document` + wordSpace + `><w:body>`)
	for _, p := range d.Paragraphs {
		b.WriteString(paragraph(p.Kind, p.Text))
	}
	// A4 with the margins of official papers.
	b.WriteString(`<w:sectPr><w:headerReference w:type="default" r:id="rId2"/><w:footerReference w:type="default" r:id="rId3"/>` +
		`<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="2098" w:right="1474" w:bottom="1984" w:left="1587" w:header="851" w:footer="992" w:gutter="0"/></w:sectPr></w:body></w:document>`)
	return b.String()
}

func paragraph(kind, text string) string {
	return `<w:p><w:pPr><w:pStyle w:val="` + kind + `"/></w:pPr>` + runs(text) + `</w:p>`
}

func runs(text string) string {
	var b strings.Builder
	b.WriteString(`<w:r>`)
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteString(`<w:br/>`)
		}
		b.WriteString(`<w:t xml:space="preserve">` + escape(line) + `</w:t>`)
	}
	b.WriteString(`</w:r>`)
	return b.String()
}

func (d Document) header() string {
	return declaration + `<w:hdr` + wordSpace + `>` + paragraph("Small", d.Header) + `</w:hdr>`
}

func (d Document) footer() string {
	return declaration + `<w:ftr` + wordSpace + `><w:p><w:pPr><w:pStyle w:val="Small"/></w:pPr>` + runs(d.Footer+"　第 ") +
		`<w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple>` + runs(" 页") + `</w:p></w:ftr>`
}

func (d Document) core() string {
	at := d.At.UTC().Format(time.RFC3339)
	return declaration + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
		`<dc:title>` + escape(d.Title) + `</dc:title><dc:creator>` + escape(d.Creator) + `</dc:creator><dc:language>zh-CN</dc:language>` +
		`<dcterms:created xsi:type="dcterms:W3CDTF">` + at + `</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">` + at + `</dcterms:modified></cp:coreProperties>`
}

func (d Document) custom() string {
	var b strings.Builder
	b.WriteString(declaration + `<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">`)
	for i, p := range d.Properties {
		fmt.Fprintf(&b, `<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="%d" name="%s"><vt:lpwstr>%s</vt:lpwstr></property>`, i+2, escape(p.Name), escape(p.Value))
	}
	b.WriteString(`</Properties>`)
	return b.String()
}
