package format_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"
	"unicode/utf8"

	"advisor/corpus/format"
	"advisor/corpus/format/formattest"
	"advisor/internal/problem"
)

// sane checks what every reader promises of any bytes whatever: blocks of valid
// text with places that fit, or a refusal in words for people; in bounded time.
func sane(t *testing.T, name string, data []byte) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	f, err := format.Read(ctx, name, bytes.NewReader(data), int64(len(data)))
	var p *problem.Problem
	if err != nil {
		if !errors.As(err, &p) {
			t.Fatalf("want a refusal for people, got %v", err)
		}
		return
	}
	if len(f.Blocks) == 0 {
		t.Fatal("read without a block")
	}
	for _, b := range f.Blocks {
		if b.Text == "" || !utf8.ValidString(b.Text) || bytes.ContainsAny([]byte(b.Text), "\n\r\x00") {
			t.Fatalf("block %q", b.Text)
		}
		for _, s := range b.Spots {
			if s.Start < 0 || s.End > len(b.Text) || s.Start >= s.End || s.Page < 1 || s.Page > len(f.Pages) {
				t.Fatalf("spot %+v in %q", s, b.Text)
			}
		}
	}
}

func FuzzPDF(f *testing.F) {
	f.Add(parkingText.PDF())
	f.Add([]byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj"))
	f.Fuzz(func(t *testing.T, data []byte) { sane(t, "a.pdf", data) })
}

// parkingText is short, so that a fuzzer's changes hit something that matters.
var parkingText = formattest.Text{Title: "云川市停车办法", Lines: []string{"第一条　停车收费。", "第二条　本办法自公布之日起施行。"}}

// FuzzOFDPage changes the page inside a sound package.
func FuzzOFDPage(f *testing.F) {
	f.Add(`<ofd:Layer><ofd:TextObject Boundary="20 20 100 5" Size="5" CTM="1 0 0 1 0 0"><ofd:TextCode X="0" Y="4" DeltaX="g 3 5 1 2">第一条 甲乙丙</ofd:TextCode></ofd:TextObject></ofd:Layer>`)
	f.Add(`<ofd:TextObject Boundary="1e9 -5 0 0" Size="NaN"><ofd:TextCode DeltaX="g 999999999 0.1" DeltaY="g g g">甲</ofd:TextCode>`)
	f.Fuzz(func(t *testing.T, content string) {
		sane(t, "a.ofd", formattest.Zip(map[string]string{
			"OFD.xml": `<OFD><DocBody><DocRoot>D/Document.xml</DocRoot></DocBody></OFD>`, "D/Document.xml": `<Document><Pages><Page ID="1" BaseLoc="P.xml"/></Pages></Document>`,
			"D/P.xml": `<Page><Content>` + content + `</Content></Page>`}))
	})
}

// FuzzPacked changes the main part of each kind of package.
func FuzzPacked(f *testing.F) {
	f.Add(wordOpen+`<w:p><w:r><w:t>第一条 甲</w:t></w:r></w:p></w:body></w:document>`, `<sld><sp><txBody><p><r><t>甲</t></r></p></txBody></sp></sld>`, `<worksheet><row><c r="A1" t="inlineStr"><is><t>甲</t></is></c></row></worksheet>`)
	f.Fuzz(func(t *testing.T, word, slide, sheet string) {
		sane(t, "a.docx", formattest.Zip(map[string]string{"word/document.xml": word}))
		sane(t, "a.pptx", formattest.Zip(map[string]string{"ppt/presentation.xml": `<p><sldId r:id="a"/></p>`, "ppt/slides/s.xml": slide,
			"ppt/_rels/presentation.xml.rels": `<R><Relationship Id="a" Type="x/slide" Target="slides/s.xml"/></R>`}))
		sane(t, "a.xlsx", formattest.Zip(map[string]string{"xl/workbook.xml": `<workbook><sheets><sheet name="a" r:id="a"/></sheets></workbook>`, "xl/worksheets/sheet1.xml": sheet,
			"xl/_rels/workbook.xml.rels": `<R><Relationship Id="a" Target="worksheets/sheet1.xml"/></R>`}))
	})
}

// FuzzTextual reads the same bytes as each kind of text.
func FuzzTextual(f *testing.F) {
	for _, seed := range [][]byte{[]byte("第一条 甲\n乙"), parkingText.HTML(), parkingText.Markdown(), []byte("甲,乙\n\"丙\n丁\",戊"), []byte("\xff\xfe\x32\x4e"),
		[]byte("Subject: =?gb2312?B?u+G8xw==?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; filename=a.md\r\nContent-Transfer-Encoding: base64\r\n\r\n55Sy\r\n--b--")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{"a.txt", "a.md", "a.html", "a.csv", "a.eml"} {
			sane(t, name, data)
		}
	})
}
