package formattest

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
)

// PDF is the text as a PDF.
func (t Text) PDF() []byte { return PDF(t.Set()) }

// PDF draws lines on pages in a font that every reader of Chinese PDFs knows
// without its being embedded.
func PDF(pages [][]Line) []byte {
	var f pdfWriter
	f.WriteString("%PDF-1.7\n%\xe4\xba\x91\n")
	kids := make([]string, len(pages))
	for i := range pages {
		kids[i] = fmt.Sprintf("%d 0 R", 6+2*i)
	}
	f.object(1, "<</Type/Catalog/Pages 2 0 R>>")
	f.object(2, fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(pages), strings.Join(kids, " ")))
	f.object(3, "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UTF16-H/DescendantFonts[4 0 R]>>")
	f.object(4, "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 4>>/FontDescriptor 5 0 R/DW 1000/W[1 95 500]>>")
	f.object(5, "<</Type/FontDescriptor/FontName/STSong-Light/Flags 4/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 93>>")
	for i, page := range pages {
		f.object(6+2*i, fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>", PageWidth, PageHeight, 7+2*i))
		var b strings.Builder
		for _, l := range page {
			fmt.Fprintf(&b, "BT /F %g Tf 1 0 0 1 %.2f %.2f Tm <%s> Tj ET\n", l.Size, l.X, PageHeight-l.Y-0.88*l.Size, wide(l.Text))
		}
		f.object(7+2*i, fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", b.Len(), b.String()))
	}
	return f.end()
}

// wide is UTF-16 in hexadecimal.
func wide(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String()
}

type pdfWriter struct {
	bytes.Buffer
	at map[int]int
	n  int
}

func (f *pdfWriter) object(n int, body string) {
	if f.at == nil {
		f.at = map[int]int{}
	}
	f.at[n] = f.Len()
	f.n = max(f.n, n)
	fmt.Fprintf(f, "%d 0 obj\n%s\nendobj\n", n, body)
}

func (f *pdfWriter) end() []byte {
	start := f.Len()
	fmt.Fprintf(f, "xref\n0 %d\n0000000000 65535 f \n", f.n+1)
	for i := 1; i <= f.n; i++ {
		if at, ok := f.at[i]; ok {
			fmt.Fprintf(f, "%010d 00000 n \n", at)
		} else {
			f.WriteString("0000000000 00001 f \n")
		}
	}
	fmt.Fprintf(f, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", f.n+1, start)
	return f.Bytes()
}

// Objects writes a PDF from its numbered objects, sound or not.
func Objects(objects map[int]string) []byte {
	var f pdfWriter
	f.WriteString("%PDF-1.7\n")
	for n := 1; n <= len(objects); n++ {
		f.object(n, objects[n])
	}
	return f.end()
}
