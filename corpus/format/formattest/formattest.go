// Package formattest writes small files in the formats that corpus/format
// reads: the same text as PDF, OFD, DOCX and so on, for tests. The files are
// plain on purpose and complete enough for any reader of their kind.
package formattest

import (
	"archive/zip"
	"bytes"
	"html"
	"strings"
	"unicode/utf8"
)

// Text is a document as its author thinks of it.
type Text struct {
	Title string
	Lines []string // paragraphs; one that begins with 第X章 is set as a heading
}

// Plain is the text as it stands, a paragraph a line.
func (t Text) Plain() string { return t.Title + "\n" + strings.Join(t.Lines, "\n") + "\n" }

// Markdown is the text as Markdown.
func (t Text) Markdown() []byte {
	var b strings.Builder
	b.WriteString("# " + t.Title + "\n\n")
	for _, l := range t.Lines {
		if chapter(l) {
			l = "## " + l
		}
		b.WriteString(l + "\n\n")
	}
	return []byte(b.String())
}

// HTML is the text as a web page.
func (t Text) HTML() []byte {
	var b strings.Builder
	b.WriteString("<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>" + html.EscapeString(t.Title) + "</title></head><body><h1>" + html.EscapeString(t.Title) + "</h1>")
	for _, l := range t.Lines {
		tag := "p"
		if chapter(l) {
			tag = "h2"
		}
		b.WriteString("<" + tag + ">" + html.EscapeString(l) + "</" + tag + ">\n")
	}
	return []byte(b.String() + "</body></html>")
}

// DOCX is the text as Word would save it.
func (t Text) DOCX() []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`)
	for i, l := range append([]string{t.Title}, t.Lines...) {
		style := ""
		if i == 0 || chapter(l) {
			style = `<w:pPr><w:outlineLvl w:val="0"/></w:pPr>`
		}
		b.WriteString(`<w:p>` + style + `<w:r><w:t xml:space="preserve">` + html.EscapeString(l) + `</w:t></w:r></w:p>`)
	}
	return Zip(map[string]string{"word/document.xml": b.String() + `</w:body></w:document>`})
}

// Zip packs parts into an archive.
func Zip(parts map[string]string) []byte {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, body := range parts {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(body))
		}
		if err != nil {
			panic(err) // memory does not fail
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

func chapter(l string) bool {
	r := []rune(l)
	for i := 1; i < min(len(r), 8) && r[0] == '第'; i++ {
		if r[i] == '章' {
			return true
		}
	}
	return false
}

// Line is a line as it is set on a page.
type Line struct {
	Text string
	X, Y float64 // of its beginning, in points from the top left
	Size float64
}

// The page that Set sets: A4, 28 characters of 16 points a line, 22 lines.
const (
	PageWidth  = 595
	PageHeight = 842
	left       = 80
	size       = 16
	perLine    = 28
	perPage    = 22
	pitch      = 30
)

// Set sets a text on pages as a 公文 is: a large title in the middle, first
// lines indented by two characters, a running head and a page number.
func (t Text) Set() [][]Line {
	var pages [][]Line
	row := 0
	put := func(l Line) {
		if row%perPage == 0 {
			n := string(rune('0' + (len(pages)+1)/10%10))
			if n == "0" {
				n = ""
			}
			pages = append(pages, []Line{{"云川市人民政府公报", 400, 40, 9}, {"— " + n + string(rune('0'+(len(pages)+1)%10)) + " —", 280, 800, 12}})
		}
		l.Y = 90 + float64(row%perPage)*pitch
		pages[len(pages)-1] = append(pages[len(pages)-1], l)
		row++
	}
	for _, l := range wrap(t.Title, 20, 20) {
		put(Line{Text: l, X: (PageWidth - 22*width(l)) / 2, Size: 22})
	}
	for _, l := range t.Lines {
		if chapter(l) {
			put(Line{Text: l, X: (PageWidth - size*width(l)) / 2, Size: size})
			continue
		}
		for i, part := range wrap(l, perLine-2, perLine) {
			x := float64(left)
			if i == 0 {
				x += 2 * size
			}
			put(Line{Text: part, X: x, Size: size})
		}
	}
	return pages
}

// width is a text's width in characters; Latin ones take half.
func width(s string) float64 {
	n := 0.0
	for _, r := range s {
		if r < 0x2e80 {
			n += 0.5
		} else {
			n++
		}
	}
	return n
}

// wrap breaks a paragraph into lines; closing marks do not begin one.
func wrap(s string, first, rest float64) []string {
	var lines []string
	most, from, w := first, 0, 0.0
	for i, r := range s {
		step := 1.0
		if r < 0x2e80 {
			step = 0.5
		}
		if w+step > most && !strings.ContainsRune("，。；：、）》”", r) {
			lines = append(lines, strings.TrimRight(s[from:i], " "))
			from, w, most = i, 0, rest
		}
		w += step
	}
	if rest := s[from:]; utf8.RuneCountInString(rest) > 0 {
		lines = append(lines, rest)
	}
	return lines
}
