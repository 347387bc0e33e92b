package format

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"advisor/internal/problem"
)

func readBytes(t testing.TB, name string, data []byte) (*File, error) {
	t.Helper()
	return Read(t.Context(), name, bytes.NewReader(data), int64(len(data)))
}

func texts(f *File) []string {
	var out []string
	for _, b := range f.Blocks {
		mark := ""
		if b.Kind == Heading {
			mark = strings.Repeat("#", b.Level) + " "
		}
		if b.Kind == Row {
			mark = "| "
		}
		out = append(out, mark+b.Text)
	}
	return out
}

func check(t *testing.T, f *File, err error, want ...string) {
	t.Helper()
	if err != nil {
		t.Fatalf("want blocks, got %v", err)
	}
	if got := texts(f); !slices.Equal(want, got) {
		t.Errorf("want blocks\n%s\ngot\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}

func TestMarkdown(t *testing.T) {
	f, err := readBytes(t, "a.md", []byte("---\ntitle: 办法\n---\n# 云川市**网格**办法 #\n<!-- 说明\n一 -->\n第一条 甲见[附表](a.md)。\n接着一款&amp;\n\n| 部门 | 事项 |\n|---|---|\n| 财政局 | 预算 |\n| 民政局 | |\n\n- 条目\n> 引文\n---\n##\n"))
	check(t, f, err, "# 云川市网格办法", "第一条 甲见附表。", "接着一款&", "| 部门 | 事项", "| 部门：财政局；事项：预算", "| 部门：民政局", "条目", "引文")
	if f.Meta["title"] != "办法" || f.Meta["name"] != "a" {
		t.Errorf("want front matter and name, got %v", f.Meta)
	}
}

func TestTextEncodings(t *testing.T) {
	const text = "云川市人民政府关于做好防汛工作的通知\n各街道：应当加强值守，确保安全。镕堃喆𠮷"
	encode := func(e interface {
		Bytes([]byte) ([]byte, error)
	}, s string) []byte {
		b, err := e.Bytes([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	bmp := strings.TrimSuffix(text, "𠮷")
	traditional := "雲川市人民政府關於防汛工作的通知\n應當加強值守，確保安全。規定的條件是這樣的。"
	for _, tc := range []struct {
		name string
		data []byte
		want string
	}{
		{"UTF-8", []byte(text), text},
		{"UTF-8 with a mark, CRLF", []byte("\xef\xbb\xbf" + strings.ReplaceAll(text, "\n", "\r\n")), text},
		{"GB18030 with four-byte characters", encode(simplifiedchinese.GB18030.NewEncoder(), text), text},
		{"GBK", encode(simplifiedchinese.GBK.NewEncoder(), bmp), bmp},
		{"UTF-16LE with a mark", encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder(), text), text},
		{"UTF-16BE without a mark", encode(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder(), text), text},
		{"Big5", encode(traditionalchinese.Big5.NewEncoder(), traditional), traditional},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := readBytes(t, "a.txt", tc.data)
			check(t, f, err, strings.Split(tc.want, "\n")...)
		})
	}
}

func TestTextCleaned(t *testing.T) {
	f, err := readBytes(t, "a.txt", []byte("\u200b第\u200b一\u202e条\u00a0甲\U000e0041乙\x07"+strings.Repeat("\u0301", 1000)+"\u2028e\u0301"))
	check(t, f, err, "第一条 甲乙"+strings.Repeat("\u0301", maxMarks), "é")
}

func TestTextUnwrapped(t *testing.T) {
	para := strings.Repeat("各有关部门要按照职责分工抓好落实并及时报告工作进展情况，", 12) + "完。"
	var wrapped strings.Builder
	for i, r := range []rune(para) {
		if i > 0 && i%38 == 0 {
			wrapped.WriteByte('\n')
		}
		wrapped.WriteRune(r)
	}
	f, err := readBytes(t, "a.txt", []byte("一、总体要求\n"+wrapped.String()+"\n二、重点任务\n"+wrapped.String()))
	check(t, f, err, "一、总体要求", para, "二、重点任务", para)
}

func TestHTML(t *testing.T) {
	f, err := readBytes(t, "a.html", []byte(`<!doctype html><html><head><title>办法 - 云川市</title><style>p{}</style></head><body>
<nav>首页</nav><h1>云川市网格办法</h1><script>alert("x")</script><p style="display: none">看不见</p><div hidden><p>也看不见<b>吧</b></p></div>
<p>第一条 为了<b>规范</b>管理&amp;服务，<br>制定本办法。</p><ol><li>甲</li><li>乙</li></ol>
<table><tr><th>部门</th><th>事项</th></tr><tr><td><p>财政局</p></td><td>预算</td></tr></table></body></html>`))
	check(t, f, err, "# 云川市网格办法", "第一条 为了规范管理&服务，", "制定本办法。", "1. 甲", "2. 乙", "| 部门 | 事项", "| 部门：财政局；事项：预算")
	if f.Title != "办法 - 云川市" {
		t.Errorf("want the page's title, got %q", f.Title)
	}
	deep := strings.Repeat("<div><table><tr><td><ol>", 20_000) + "深处"
	f, err = readBytes(t, "a.htm", []byte(deep))
	check(t, f, err, "深处")
}

// packFile builds a packed file from its parts.
func packFile(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, body := range parts {
		head := &zip.FileHeader{Name: name, Method: zip.Deflate}
		if body == "" {
			head.Method = zip.Store
		}
		f, err := w.CreateHeader(head)
		if err == nil {
			_, err = io.WriteString(f, body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

const (
	wordHead = `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`
	wordTail = `</w:body></w:document>`
)

func p(props, text string) string {
	return `<w:p><w:pPr>` + props + `</w:pPr><w:r><w:t xml:space="preserve">` + text + `</w:t></w:r></w:p>`
}

func numbered(id, level int) string {
	return fmt.Sprintf(`<w:numPr><w:ilvl w:val="%d"/><w:numId w:val="%d"/></w:numPr>`, level, id)
}

func TestDOCX(t *testing.T) {
	numbering := `<w:numbering xmlns:w="x"><w:abstractNum w:abstractNumId="0">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCountingThousand"/><w:lvlText w:val="第%1条"/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:suff w:val="nothing"/><w:lvlText w:val="（%2）"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:suff w:val="nothing"/><w:lvlText w:val="%1、"/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:isLgl/><w:suff w:val="nothing"/><w:lvlText w:val="%1.%2 "/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1261"/></w:lvlOverride></w:num></w:numbering>`
	styles := `<w:styles xmlns:w="x"><w:style w:styleId="1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="2"><w:name w:val="章"/><w:basedOn w:val="1"/></w:style><w:style w:styleId="T"><w:name w:val="toc 1"/></w:style>
<w:style w:styleId="N"><w:name w:val="条"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style></w:styles>`
	body := wordHead +
		p(`<w:pStyle w:val="T"/>`, "第一章 总则 1") + p(`<w:pStyle w:val="2"/>`, "第一章 总则") +
		p(`<w:pStyle w:val="N"/>`, "为了规范管理，制定本办法。") + p(numbered(1, 0), "有下列情形的：") + p(numbered(1, 1), "甲；") + p(numbered(1, 1), "乙。") +
		p(numbered(1, 0), "另行规定。") + p(numbered(1, 1), "重新数起。") + p(numbered(2, 0), "总体要求") + p(numbered(2, 1), "目标") + p(numbered(3, 0), "很后面。") +
		`<w:p><w:r><w:t>保留</w:t></w:r><w:del><w:r><w:delText>删去</w:delText></w:r></w:del><w:ins><w:r><w:t>加上</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t>隐藏</w:t></w:r><w:r><w:br/><w:t>换行</w:t></w:r></w:p>` +
		`<w:tbl><w:tr><w:tc><w:p><w:r><w:t>部门</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>事项</w:t></w:r></w:p></w:tc></w:tr>` +
		`<w:tr><w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr><w:p><w:r><w:t>财政局</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>预算</w:t></w:r></w:p></w:tc></w:tr>` +
		`<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc><w:tc><w:p><w:r><w:t>决算</w:t></w:r></w:p></w:tc></w:tr></w:tbl>` + wordTail
	f, err := readBytes(t, "办法.docx", packFile(t, map[string]string{"word/document.xml": body, "word/numbering.xml": numbering, "word/styles.xml": styles}))
	check(t, f, err, "# 第一章 总则", "第一条 为了规范管理，制定本办法。", "第二条 有下列情形的：", "（一）甲；", "（二）乙。", "第三条 另行规定。", "（一）重新数起。",
		"一、总体要求", "1.1 目标", "第一千二百六十一条 很后面。", "保留加上", "换行", "| 部门 | 事项", "| 部门：财政局；事项：预算", "| 部门：财政局；事项：决算")
}

func TestXLSX(t *testing.T) {
	parts := map[string]string{
		"xl/workbook.xml":            `<workbook xmlns:r="r"><sheets><sheet name="清单" sheetId="7" r:id="rId1"/><sheet name="藏" sheetId="2" state="hidden" r:id="rId2"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Target="worksheets/sheet9.xml"/><Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/></Relationships>`,
		"xl/sharedStrings.xml":       `<sst><si><t>部门</t></si><si><r><t>事</t></r><r><t>项</t></r><rPh><t>shi</t></rPh></si></sst>`,
		"xl/styles.xml":              `<styleSheet><numFmts><numFmt numFmtId="170" formatCode="yyyy-mm-dd"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>`,
		"xl/worksheets/sheet9.xml": `<worksheet><sheetData><row><c r="A1" t="inlineStr"><is><t>权责清单</t></is></c></row>
<row><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c><c r="C2" t="inlineStr"><is><t>起</t></is></c></row>
<row><c r="A3" t="str"><v>财政局</v></c><c r="C3" s="1"><v>45000</v></c></row><row><c r="A4"><f>1+2</f><v>0.30000000000000004</v></c><c r="B4" t="b"><v>1</v></c></row></sheetData></worksheet>`,
		"xl/worksheets/sheet2.xml": `<worksheet><sheetData><row><c r="A1"><v>1</v></c></row></sheetData></worksheet>`,
	}
	f, err := readBytes(t, "清单.xlsx", packFile(t, parts))
	check(t, f, err, "| 权责清单", "| 部门 | 事项 | 起", "| 部门：财政局；起：2023-03-15", "| 部门：0.3；事项：是")
}

// zeros is a long file that takes no room.
type zeros int64

func (z zeros) ReadAt(b []byte, at int64) (int, error) {
	for i := range b {
		b[i] = 'a'
	}
	return len(b), nil
}

func TestRefusals(t *testing.T) {
	doc := func(body string) []byte {
		return packFile(t, map[string]string{"word/document.xml": body})
	}
	many := map[string]string{"word/document.xml": wordHead + p("", "甲") + wordTail}
	for i := range maxEntries + 5 {
		many[fmt.Sprintf("x/%d", i)] = ""
	}
	whole := doc(wordHead + p("", "甲") + wordTail)
	for _, tc := range []struct {
		name, file string
		data       []byte
		code       string
	}{
		{"empty", "a.md", nil, "empty-file"},
		{"only white space", "a.txt", []byte(" \n\u200b\n　"), "empty-file"},
		{"NUL bytes", "a.txt", []byte("云川\x00\x00\x01市"), "not-text"},
		{"damaged UTF-8", "a.txt", []byte(strings.Repeat("云川市人民政府", 10) + "\xe4\xba" + "通知"), "encoding"},
		{"no encoding at all", "a.txt", []byte("\xff\xff\xfe\x81\x00\xff\xff\xff\xff"), "not-text"},
		{"unknown type", "a.caj", []byte("%PDF-1.7"), "file-type"},
		{"PDF cut short", "a.pdf", []byte("%PDF-1.7"), "broken-file"},
		{"text called PDF", "a.pdf", []byte("云川市人民政府"), "broken-file"},
		{"old Word", "a.docx", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "broken-file"},
		{"encrypted Word", "a.docx", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 2000) + "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"), "encrypted"},
		{"text called DOCX", "a.docx", []byte("云川市人民政府"), "broken-file"},
		{"DOCX called text", "a.txt", whole, "broken-file"},
		{"cut short", "a.docx", whole[:len(whole)-40], "broken-file"},
		{"zip without Word in it", "a.docx", packFile(t, map[string]string{"x": "y"}), "broken-file"},
		{"broken XML", "a.docx", doc(wordHead + "<w:p><w:r>"), "broken-file"},
		{"entities of its own", "a.docx", doc(`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>` + wordHead + p("", "&b;") + wordTail), "broken-file"},
		{"external entity", "a.docx", doc(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + wordHead + p("", "&e;") + wordTail), "broken-file"},
		{"bomb", "a.docx", doc(wordHead + p("", strings.Repeat("甲", 1<<20)) + wordTail), "too-large"},
		{"deep", "a.docx", doc(wordHead + strings.Repeat("<w:p>", 5000) + "甲" + wordTail), "broken-file"},
		{"many entries", "a.docx", packFile(t, many), "too-large"},
		{"bomb in a sheet", "a.xlsx", packFile(t, map[string]string{"xl/workbook.xml": "<workbook/>", "xl/sharedStrings.xml": "<sst>" + strings.Repeat(" ", 3<<20) + "</sst>"}), "too-large"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := readBytes(t, tc.file, tc.data)
			refused(t, f, err, tc.code)
		})
	}
	f, err := Read(t.Context(), "大.txt", zeros(0), 200<<20)
	refused(t, f, err, "too-large")
}

func refused(t *testing.T, f *File, err error, code string) {
	t.Helper()
	var why *problem.Problem
	if !errors.As(err, &why) {
		t.Fatalf("want a refusal with code %s, got %v, %v", code, f, err)
	}
	if why.Code != code || why.Why == "" || why.Do == "" {
		t.Errorf("want code %s with a reason and a way out, got %q: %s", code, why.Code, why)
	}
}

// The largest text that is taken, in one line, must not cost many times its size.
func TestLongLine(t *testing.T) {
	data := bytes.Repeat([]byte("云川市"), maxText/9)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := readBytes(t, "a.txt", data)
	runtime.ReadMemStats(&after)
	if err != nil || len(f.Blocks) != 1 {
		t.Fatalf("want one block, got %v", err)
	}
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 6*maxText {
		t.Errorf("want at most six times the text allocated, got %d MB", spent>>20)
	}
}

func TestNumeral(t *testing.T) {
	for n, want := range map[int]string{1: "一", 10: "十", 12: "十二", 20: "二十", 101: "一百零一", 110: "一百一十", 1001: "一千零一", 1260: "一千二百六十", 12000: "12000", 0: "0"} {
		if got := Chinese(n); got != want {
			t.Errorf("want %d as %s, got %s", n, want, got)
		}
	}
	for form, want := range map[string]string{"upperRoman": "XIV", "lowerLetter": "n", "decimalEnclosedCircle": "⑭", "decimalZero": "14", "chineseLegalSimplified": "拾肆", "ideographDigital": "一四", "decimalFullWidth": "１４"} {
		if got := numeral(form, 14); got != want {
			t.Errorf("want 14 in %s as %s, got %s", form, want, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("a.md", []byte("# 甲\n| a | b |\n|--|--|\n<!-- x"))
	f.Add("a.txt", []byte("甲\xb5\xda\xd2\xbb\xcc\xf5"))
	f.Add("a.html", []byte("<table><tr><td>甲<table><tr><td>乙</table><p hidden>丙<ol><li>丁"))
	f.Add("a.docx", packFile(f, map[string]string{"word/document.xml": wordHead + p(numbered(1, 0), "甲") + wordTail}))
	f.Add("a.xlsx", packFile(f, map[string]string{"xl/workbook.xml": `<workbook><sheets><sheet name="甲" r:id="a"/></sheets></workbook>`, "xl/worksheets/sheet1.xml": `<worksheet><row><c r="A1"><v>1</v></c></row></worksheet>`}))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		sane(t, filepath.Base("x"+name), data)
	})
}

// FuzzPackedPart feeds the XML readers directly; the zip around it would keep
// the fuzzer from reaching them.
func FuzzPackedPart(f *testing.F) {
	f.Add("a.docx", "word/document.xml", []byte(wordHead+p(numbered(1, 0), "甲")+"<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>"+wordTail))
	f.Add("a.docx", "word/numbering.xml", []byte(`<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:lvlText w:val="%1"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>`))
	f.Add("a.xlsx", "xl/worksheets/sheet1.xml", []byte(`<worksheet><row><c r="ZZZZZZ9" s="3" t="s"><v>99999999999</v></c></row></worksheet>`))
	f.Fuzz(func(t *testing.T, name, part string, xml []byte) {
		parts := map[string]string{
			"word/document.xml": wordHead + p(numbered(1, 0), "甲") + p(numbered(1, 8), "乙") + wordTail,
			"xl/workbook.xml":   `<workbook><sheets><sheet name="甲" id="a"/></sheets></workbook>`,
		}
		if part == "" || len(part) > 100 || strings.HasSuffix(part, "/") || strings.ContainsAny(part, "\x00\\") {
			return
		}
		parts[part] = string(xml)
		sane(t, name, packFile(t, parts))
	})
}

func sane(t *testing.T, name string, data []byte) {
	file, err := readBytes(t, name, data)
	if err != nil {
		var why *problem.Problem
		if !errors.As(err, &why) {
			t.Fatalf("refused %q without a sentence: %v", name, err)
		}
		return
	}
	for _, b := range file.Blocks {
		if b.Text == "" || strings.ContainsAny(b.Text, "\n\r\x00") || strings.ToValidUTF8(b.Text, "") != b.Text {
			t.Fatalf("a block that is not one line of text: %q", b.Text)
		}
	}
}
