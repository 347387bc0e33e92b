// Package format reads files: one reader a file type, each giving the same
// stream of blocks in reading order. Readers are bounded in memory, size and
// depth; what they refuse, they refuse with a sentence for people.
package format

import (
	"bytes"
	"context"
	"io"
	"path"
	"strconv"
	"strings"

	"advisor/internal/problem"
)

// The kinds of block.
const (
	Heading   = "heading"
	Paragraph = "paragraph"
	Row       = "row"
)

// Block is one heading, paragraph or table row. Text has no line break.
type Block struct {
	Kind  string
	Level int // of a heading, from 1
	Text  string
	Spots []Spot // where the text stands, in files that have pages
}

// File is a file as read: its blocks, and what its format says of it.
type File struct {
	Blocks []Block
	Title  string            // as the format declares it, not guessed
	Pages  []Page            // of a file that has pages
	Doubts []string          // what may be amiss, in sentences for people
	Meta   map[string]string // front matter; "name": the file's name without extension
}

// Limits of one file. An official document of a million characters is three
// megabytes; these leave room and keep a hostile file from filling memory: the
// text is held some six times over between reading and the database's commit.
const (
	maxText   = 16 << 20 // bytes of text, as a file and as read
	maxPacked = 64 << 20 // bytes of a packed file (DOCX, XLSX), pictures included
	maxBlocks = 400_000
)

type reading func(ctx context.Context, data []byte, out *sink) error

// Read reads a file by its extension and content. A refusal is a problem.Problem.
func Read(ctx context.Context, name string, r io.ReaderAt, size int64) (*File, error) {
	out := &sink{name: path.Base(strings.ReplaceAll(name, "\\", "/")), file: &File{Meta: map[string]string{}}}
	out.file.Meta["name"] = strings.TrimSuffix(out.name, path.Ext(out.name))
	if err := read(ctx, r, size, out); err != nil {
		return nil, err
	}
	if len(out.file.Blocks) == 0 {
		return nil, out.refuse("empty-file", "文件里没有文字", "请确认文件内容；扫描件须先识别出文字")
	}
	return out.file, nil
}

// Readable says whether there is a reader for a file of this name. Some need
// an outside program, and say so when it is not there.
func Readable(name string) bool { return family(extension(name)) != "" }

// The families of files: how they lie on disk.
const (
	textual = "textual" // read whole
	packed  = "packed"  // a ZIP of XML parts
	paged   = "paged"   // PDF
	foreign = "foreign" // LibreOffice turns it into one of the others
)

func family(ext string) string {
	switch ext {
	case "md", "markdown", "txt", "text", "html", "htm", "xhtml", "csv", "tsv", "eml", "mht", "mhtml":
		return textual
	case "docx", "docm", "dotx", "xlsx", "xlsm", "pptx", "pptm", "ppsx", "ofd":
		return packed
	case "pdf":
		return paged
	case "doc", "dot", "wps", "wpt", "rtf", "odt", "uot", "xls", "et", "ods", "ppt", "pps", "dps", "odp":
		return foreign
	}
	return ""
}

func read(ctx context.Context, r io.ReaderAt, size int64, out *sink) error {
	if size == 0 {
		return out.refuse("empty-file", "文件是空的", "请确认文件已完整保存")
	}
	ext := extension(out.name)
	kind := family(ext)
	if kind == "" {
		return out.refuse("file-type", "还不能读取这种类型的文件"+unreadable[ext], "请另存为 DOCX、PDF、OFD、XLSX、HTML 或文本文件后再导入")
	}
	head := make([]byte, min(size, 1024))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return out.refuse("unreadable", "读取时出错", "请检查文件所在的磁盘").Because(err)
	}
	ext, err := seen(head, ext, r, size, out)
	if err != nil {
		return err
	}
	switch family(ext) {
	case paged:
		if size > maxPaged {
			return out.tooLarge(maxPaged)
		}
		return readPDF(ctx, r, size, out)
	case packed:
		return readPacked(ctx, r, size, ext, out)
	case foreign:
		return readForeign(ctx, r, size, ext, out)
	}
	if size > maxText {
		return out.tooLarge(maxText)
	}
	data := make([]byte, size)
	if n, err := r.ReadAt(data, 0); int64(n) < size {
		return out.refuse("unreadable", "文件没有读完整", "请检查文件所在的磁盘").Because(err)
	}
	return reader(ext)(ctx, data, out)
}

// unreadable are types that people try and that cannot be read, by their names.
var unreadable = map[string]string{"caj": "（CAJ）", "ceb": "（CEB）", "jpg": "（图片）", "jpeg": "（图片）", "png": "（图片）", "tif": "（图片）", "tiff": "（图片）",
	"bmp": "（图片）", "7z": "（7z 压缩包）", "rar": "（RAR 压缩包）", "exe": "（程序）", "mp3": "（音频）", "mp4": "（视频）"}

// seen looks at what a file begins with, for many carry the wrong extension: a
// .doc may be a web page, a .wps a DOCX. It gives the extension to go by.
func seen(head []byte, ext string, r io.ReaderAt, size int64, out *sink) (string, error) {
	start := bytes.TrimLeft(head, "\xef\xbb\xbf \r\n\t")
	kind := family(ext)
	switch {
	case bytes.Contains(head, []byte("%PDF-")) && kind != textual:
		return "pdf", nil
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return oldOffice(r, size, ext, out)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		if kind == foreign && (ext[0] != 'o' && ext != "uot") {
			return "docx", nil
		}
		if kind == textual || kind == paged {
			return "", out.refuse("broken-file", "扩展名是 ."+ext+"，内容却是压缩文件", "请改回原来的扩展名，或解压后再导入")
		}
		return ext, nil
	case kind == packed:
		return "", out.refuse("broken-file", "文件内容不是 "+strings.ToUpper(ext)+" 格式，可能已损坏或改过扩展名", "请重新取得文件，或用 Office 打开后另存")
	case kind == paged:
		return "", out.refuse("broken-file", "文件内容不是 PDF 格式，可能已损坏或改过扩展名", "请重新取得文件")
	case kind == foreign && bytes.HasPrefix(start, []byte("{\\rtf")):
		return "rtf", nil
	case kind == foreign && (hasFold(start, "<!doctype html") || hasFold(start, "<html")):
		return "html", nil
	case kind == foreign: // text under an office program's extension
		return "txt", nil
	}
	return ext, nil
}

func hasFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && strings.EqualFold(string(b[:len(prefix)]), prefix)
}

// oldOffice tells what an OLE container is: an old Office file, or a new one
// under a password.
func oldOffice(r io.ReaderAt, size int64, ext string, out *sink) (string, error) {
	wide := func(s string) []byte {
		var b []byte
		for _, c := range s {
			b = append(b, byte(c), 0)
		}
		return b
	}
	buf := make([]byte, 1<<16)
	for at := int64(0); at < min(size, 64<<20); at += 1<<16 - 64 {
		n, err := r.ReadAt(buf, at)
		if bytes.Contains(buf[:n], wide("EncryptedPackage")) {
			return "", out.refuse("encrypted", "文件加了密码", "请去掉密码后再导入")
		}
		if err != nil {
			break
		}
	}
	if size < 1536 {
		return "", out.refuse("broken-file", "旧版 Office 文件不完整", "请重新取得文件")
	}
	switch family(ext) {
	case foreign:
		return ext, nil
	case packed:
		switch ext[0] {
		case 'x':
			return "xls", nil
		case 'p':
			return "ppt", nil
		case 'd':
			return "doc", nil
		}
	}
	return "", out.refuse("broken-file", "扩展名是 ."+ext+"，内容却是旧版 Office 文件", "请改回原来的扩展名")
}

func reader(ext string) reading {
	switch ext {
	case "md", "markdown":
		return readMarkdown
	case "html", "htm", "xhtml":
		return readHTML
	case "csv", "tsv":
		return readCSV
	case "eml", "mht", "mhtml":
		return readMail
	}
	return readText
}

func extension(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}

// sink collects blocks, and refuses what grows past the limits.
type sink struct {
	name  string
	file  *File
	size  int
	depth int // how many files this one lies in
}

func (s *sink) add(kind string, level int, text string) error {
	return s.addAt(kind, level, text, nil)
}

// addAt adds a block whose text stands at spots. Where cleaning changes the
// text, they no longer fit piece by piece and then speak of the whole.
func (s *sink) addAt(kind string, level int, text string, spots []Spot) error {
	whole := text
	text = clean(text)
	for i := range spots {
		if text != whole || spots[i].End == 0 {
			spots[i].Start, spots[i].End = 0, len(text)
		}
	}
	if text == "" {
		return nil
	}
	s.size += len(text) + 1
	if s.size > maxText {
		return s.tooLarge(maxText)
	}
	if len(s.file.Blocks) >= maxBlocks {
		return s.refuse("too-large", "段落超过四十万个", "请拆成几个文件后再导入")
	}
	s.file.Blocks = append(s.file.Blocks, Block{Kind: kind, Level: level, Text: text, Spots: spots})
	return nil
}

func (s *sink) refuse(code, why, do string) *problem.Problem {
	return problem.New(problem.Invalid, code, "未能读取文件“"+s.name+"”", why, do)
}

func (s *sink) tooLarge(limit int) *problem.Problem {
	return s.refuse("too-large", "文件超过 "+megabytes(limit)+" 的上限", "请拆成几个文件后再导入")
}

func megabytes(n int) string { return strconv.Itoa(n>>20) + " MB" }
