package format_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"advisor/corpus/format"
	"advisor/corpus/format/formattest"
	"advisor/internal/problem"
	"advisor/internal/torture"
)

// What one hostile file may cost at most.
const (
	// Resident memory, the test's own included; the race detector's shadow
	// memory takes several times what it watches.
	mostMemory = (500 + raced*1500) << 20
	mostTime   = 30 * time.Second // of a processor
)

// attack reads a hostile file: it must be refused in words for people, or read,
// within the bounds of time and memory.
func attack(t *testing.T, name string, data []byte, tries, failures *int) error {
	t.Helper()
	*tries++
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak counts from here
	began := processorTime()
	_, err := format.Read(t.Context(), name, bytes.NewReader(data), int64(len(data)))
	took := processorTime() - began
	var p *problem.Problem
	if peak := peakMemory(); peak > mostMemory || took > mostTime || err != nil && !errors.As(err, &p) {
		*failures++
		t.Errorf("%s: %v, %d MB, %v", name, took.Round(time.Millisecond), peak>>20, err)
	}
	t.Logf("%-40s %8v %5d MB  %v", name, took.Round(time.Millisecond), peakMemory()>>20, err)
	return err
}

func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func peakMemory() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmHWM:" {
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			return kb << 10
		}
	}
	return 0
}

func mustRefuse(t *testing.T, name string, data []byte, tries, failures *int) {
	t.Helper()
	if err := attack(t, name, data, tries, failures); err == nil {
		*failures++
		t.Errorf("%s: want it refused", name)
	}
}

const wordOpen = `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`

// F22: bombs in packages, entities, relations that lead outside, macros.
func TestTortureF22PackedBombs(t *testing.T) {
	var tries, failures int
	torture.Report(t, "F22", &tries, &failures)
	para := "<w:p><w:r><w:t>" + strings.Repeat("甲", 200) + "</w:t></w:r></w:p>"
	lines := `<!DOCTYPE x [<!ENTITY a0 "哈">`
	for i := 1; i < 10; i++ {
		lines += fmt.Sprintf(`<!ENTITY a%d "%s">`, i, strings.Repeat(fmt.Sprintf("&a%d;", i-1), 10))
	}
	for name, xml := range map[string]string{
		"laughs":   lines + "]>" + wordOpen + "<w:p><w:r><w:t>&a9;</w:t></w:r></w:p></w:body></w:document>",
		"entity":   `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + wordOpen + "<w:p><w:r><w:t>&e;</w:t></w:r></w:p></w:body></w:document>",
		"ratio":    wordOpen + strings.Repeat(para, 60_000) + "</w:body></w:document>",
		"deep":     wordOpen + strings.Repeat("<w:tbl><w:tr><w:tc>", 100_000),
		"unclosed": wordOpen + "<w:p",
	} {
		for part, ext := range map[string]string{"word/document.xml": "docx", "ppt/presentation.xml": "pptx", "OFD.xml": "ofd", "xl/workbook.xml": "xlsx"} {
			mustRefuse(t, name+"."+ext, formattest.Zip(map[string]string{part: xml}), &tries, &failures)
		}
	}
	outside := formattest.Zip(map[string]string{"ppt/presentation.xml": `<p xmlns:r="r"><sldId r:id="a"/><sldId r:id="b"/></p>`,
		"ppt/_rels/presentation.xml.rels": `<R><Relationship Id="a" TargetMode="External" Target="http://169.254.169.254/"/><Relationship Id="b" Target="../../../../etc/passwd"/></R>`})
	mustRefuse(t, "outside.pptx", outside, &tries, &failures)
	many := map[string]string{}
	for i := range torture.Tries(200_000) {
		many[fmt.Sprintf("x/%d", i)] = ""
	}
	mustRefuse(t, "entries.docx", formattest.Zip(many), &tries, &failures)
	inner := formattest.Zip(map[string]string{"word/document.xml": wordOpen})
	mustRefuse(t, "nested.docx", formattest.Zip(map[string]string{"a.zip": string(inner), "b.zip": string(inner)}), &tries, &failures)
}

func stream(body []byte) string {
	return fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(body), body)
}

func flate(in io.Reader) string {
	var b bytes.Buffer
	w, _ := zlib.NewWriterLevel(&b, zlib.BestCompression)
	_, _ = io.Copy(w, in)
	_ = w.Close()
	return fmt.Sprintf("<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream", b.Len(), b.Bytes())
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// F23: loops, deep trees, bombs, encryption, files cut short at any place.
func TestTortureF23HostilePDFs(t *testing.T) {
	var tries, failures int
	torture.Report(t, "F23", &tries, &failures)
	page := "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>"
	tree := func(kids string) map[int]string {
		return map[int]string{1: "<</Type/Catalog/Pages 2 0 R>>", 2: kids, 3: page, 4: stream([]byte("BT ET"))}
	}
	for name, objects := range map[string]map[int]string{
		"pages that are their own kids": tree("<</Type/Pages/Count 5/Kids[2 0 R 2 0 R]>>"),
		"contents that are the page":    {1: "<</Type/Catalog/Pages 2 0 R>>", 2: "<</Type/Pages/Count 1/Kids[3 0 R]>>", 3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents[3 0 R 3 0 R]>>"},
		"a length that is itself":       {1: "<</Type/Catalog/Pages 2 0 R>>", 2: "<</Type/Pages/Count 1/Kids[3 0 R]>>", 3: page, 4: "<</Length 4 0 R>>stream\nBT ET\nendstream"},
		"a count of a milliard":         tree("<</Type/Pages/Count 1000000000/Kids[3 0 R]>>"),
		"no page":                       tree("<</Type/Pages/Count 0/Kids[]>>"),
		"a form that draws itself": {1: "<</Type/Catalog/Pages 2 0 R>>", 2: "<</Type/Pages/Count 1/Kids[3 0 R]>>",
			3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</X 5 0 R>>>>/Contents 4 0 R>>", 4: stream([]byte("/X Do")),
			5: "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>/Length 6>>stream\n/X Do \nendstream"},
		"a bomb of zeros":           {1: "<</Type/Catalog/Pages 2 0 R>>", 2: "<</Type/Pages/Count 1/Kids[3 0 R]>>", 3: page, 4: flate(io.LimitReader(zeros{}, 400<<20))},
		"brackets without end":      tree("<</Type/Pages/Count 1/Kids" + strings.Repeat("[", 200_000) + ">>"),
		"a hundred thousand pages":  tree("<</Type/Pages/Count 100000/Kids[" + strings.Repeat("3 0 R ", 100_000) + "]>>"),
		"a page as large as a city": tree(strings.Replace("<</Type/Pages/Count 1/Kids[3 0 R]/MediaBox[0 0 1e30 1e30]>>", "x", "", 1)),
	} {
		mustRefuse(t, name+".pdf", formattest.Objects(objects), &tries, &failures)
	}
	deep := map[int]string{1: "<</Type/Catalog/Pages 2 0 R>>"}
	for i := 2; i < 5000; i++ {
		deep[i] = fmt.Sprintf("<</Type/Pages/Count 1/Kids[%d 0 R]>>", i+1)
	}
	deep[5000] = page
	mustRefuse(t, "a tree of five thousand storeys.pdf", formattest.Objects(deep), &tries, &failures)
	sealed := bytes.Replace(measure.PDF(), []byte("/Root 1 0 R"), []byte("/Root 1 0 R/Encrypt<</Filter/Standard/V 1/R 2/O<"+strings.Repeat("41", 32)+">/U<"+strings.Repeat("42", 32)+">/P -4>>/ID[<00><00>]"), 1)
	if err := attack(t, "encrypted.pdf", sealed, &tries, &failures); err == nil || !strings.Contains(err.Error(), "密码") {
		t.Errorf("want the password named, got %v", err)
	}
	whole := measure.PDF()
	random := rand.New(rand.NewSource(torture.Seed()))
	for n := range torture.Tries(300) {
		broken := bytes.Clone(whole)
		if n%2 == 0 {
			broken = broken[:random.Intn(len(broken))]
		} else {
			for range 1 + random.Intn(40) {
				broken[random.Intn(len(broken))] = byte(random.Intn(256))
			}
		}
		_ = attack(t, fmt.Sprintf("broken %d.pdf", n), broken, &tries, &failures)
	}
}

// F24: every encoding comes back as it was, or is refused; nothing in between.
func TestTortureF24Encodings(t *testing.T) {
	var tries, failures int
	torture.Report(t, "F24", &tries, &failures)
	random := rand.New(rand.NewSource(torture.Seed()))
	var common []rune // the characters of GB2312's first level, by frequency of nobody
	for hi := byte(0xb0); hi < 0xd8; hi++ {
		for lo := byte(0xa1); lo < 0xff; lo++ {
			if r, _ := simplifiedchinese.GBK.NewDecoder().Bytes([]byte{hi, lo}); len(r) == 3 && string(r) != "\ufffd" {
				common = append(common, []rune(string(r))...)
			}
		}
	}
	traditional := []rune("雲川市人民政府關於進一步加強公共停車場管理工作的通知應當遵守下列規定條件權責會議決定處罰條例國務院備案審查區縣鄉鎮機關單位個體經營者護與發展業務實施細則說明書")
	for n := range torture.Tries(600) {
		source := common
		codings := map[string]encoding.Encoding{"GB18030": simplifiedchinese.GB18030, "GBK": simplifiedchinese.GBK,
			"UTF-16LE": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "UTF-16BE": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
			"UTF-16 with a mark": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)}
		if n%3 == 0 {
			source = traditional
			codings = map[string]encoding.Encoding{"Big5": traditionalchinese.Big5}
		}
		text := sentence(random, source)
		for name, coding := range codings {
			data, err := coding.NewEncoder().Bytes([]byte(text))
			if err != nil {
				continue
			}
			tries++
			f, err := format.Read(t.Context(), "a.txt", bytes.NewReader(data), int64(len(data)))
			var got strings.Builder
			if err == nil {
				for _, b := range f.Blocks {
					got.WriteString(b.Text)
				}
			}
			if err != nil || got.String() != strings.ReplaceAll(text, "\n", "") {
				failures++
				t.Errorf("%s: want %q, got %q, %v", name, text, got.String(), err)
			}
		}
	}
	for name, data := range map[string][]byte{"nul.txt": []byte("甲\x00乙"), "mixed.txt": append([]byte(strings.Repeat("云川市人民政府", 20)), 0xb8, 0xd6, 0xff), "noise.txt": {0xff, 0xfe, 0xfd, 0x80, 0x81}} {
		mustRefuse(t, name, data, &tries, &failures)
	}
}

// sentence writes an invented text of two lines with the marks official ones have.
func sentence(random *rand.Rand, from []rune) string {
	var b strings.Builder
	for line := range 2 {
		if line > 0 {
			b.WriteString("\n")
		}
		for i := range 30 + random.Intn(60) {
			if i%17 == 16 {
				b.WriteString("，")
			}
			b.WriteRune(from[random.Intn(len(from))])
		}
		b.WriteString("。")
	}
	return b.String()
}

// F25: characters that nobody sees or that turn the line are gone from the text.
func TestTortureF25InvisibleCharacters(t *testing.T) {
	var tries, failures int
	torture.Report(t, "F25", &tries, &failures)
	for _, bad := range []string{"\u200b", "\u202e", "\u2066", "\U000e0041", "\ufeff", "\u00ad", "\u2060", "\x07", "\x1b[31m"} {
		tries++
		f := readPaged(t, "a.md", []byte("第一条 停"+strings.Repeat(bad, 1000)+"车场"))
		if got := f.Blocks[0].Text; strings.ContainsAny(got, "\u200b\u202e\u2066\U000e0041\ufeff\u00ad\u2060\x07\x1b") || !strings.HasPrefix(got, "第一条 停") {
			failures++
			t.Errorf("%q is left in %q", bad, got)
		}
	}
	tries++
	f := readPaged(t, "a.txt", []byte("甲"+strings.Repeat("\u0301", 1_000_000)+"乙"))
	if n := len(f.Blocks[0].Text); n > 100 {
		failures++
		t.Errorf("want a million marks cut to a few, got %d bytes", n)
	}
}

// F26: sizes.
func TestTortureF26Sizes(t *testing.T) {
	var tries, failures int
	torture.Report(t, "F26", &tries, &failures)
	mustRefuse(t, "one line of 200 MB.txt", bytes.Repeat([]byte("停"), 200<<20/3), &tries, &failures)
	_ = attack(t, "a line of 15 MB.txt", bytes.Repeat([]byte("停车"), 15<<20/6), &tries, &failures)
	_ = attack(t, "a hundred thousand headings.md", []byte(strings.Repeat("## 第一章 总则\n", 100_000)), &tries, &failures)
	_ = attack(t, "a table of a million cells.csv", []byte(strings.Repeat("甲,乙,丙,丁,戊,己,庚,辛,壬,癸\n", 100_000)), &tries, &failures)
	_ = attack(t, "a row of a million cells.csv", []byte(strings.Repeat("甲,", 1_000_000)+"\n乙,丙"), &tries, &failures)
	_ = attack(t, "a million list levels.html", []byte(strings.Repeat("<ul><li>", 500_000)), &tries, &failures)
	_ = attack(t, "nested mail.eml", []byte(nestedMail(40)), &tries, &failures)
	pages := measure.Set()
	var long [][]formattest.Line
	for len(long) < 1600 {
		long = append(long, pages...)
	}
	if err := attack(t, "1600 pages.pdf", formattest.PDF(long[:torture.Tries(1600)]), &tries, &failures); err != nil {
		t.Errorf("want 1,600 pages read, got %v", err)
	}
}

func nestedMail(depth int) string {
	body := "Content-Type: text/plain\r\n\r\n甲"
	for i := range depth {
		body = fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%s\r\n--b%d--\r\n", i, i, body, i)
	}
	return "Subject: a\r\n" + body
}
