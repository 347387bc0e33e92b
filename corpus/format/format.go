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
}

// File is a file as read: its blocks, and what its format says of it.
type File struct {
	Blocks []Block
	Title  string            // as the format declares it, not guessed
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

// Readable says whether there is a reader for a file of this name.
func Readable(name string) bool {
	switch extension(name) {
	case "md", "markdown", "txt", "text", "html", "htm", "docx", "xlsx":
		return true
	}
	return false
}

func read(ctx context.Context, r io.ReaderAt, size int64, out *sink) error {
	if size == 0 {
		return out.refuse("empty-file", "文件是空的", "请确认文件已完整保存")
	}
	ext := extension(out.name)
	if !Readable(out.name) {
		return out.refuse("file-type", "还不能读取这种类型的文件", "请另存为 DOCX、HTML、Markdown 或文本文件后再导入")
	}
	head := make([]byte, min(size, 8))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return out.refuse("unreadable", "读取时出错", "请检查文件所在的磁盘").Because(err)
	}
	if bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")) {
		return out.refuse("file-type", "这是旧版 Office 文件或加了密码的文件", "请用 Office 或 WPS 打开，去掉密码，另存为 DOCX 或 XLSX 后再导入")
	}
	packed := ext == "docx" || ext == "xlsx"
	if zipped := bytes.HasPrefix(head, []byte("PK\x03\x04")); zipped != packed {
		return out.mismatch(packed, ext)
	}
	if packed {
		return readPacked(ctx, r, size, ext, out)
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

func reader(ext string) reading {
	switch ext {
	case "md", "markdown":
		return readMarkdown
	case "html", "htm":
		return readHTML
	}
	return readText
}

func extension(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}

// sink collects blocks, and refuses what grows past the limits.
type sink struct {
	name string
	file *File
	size int
}

func (s *sink) add(kind string, level int, text string) error {
	text = clean(text)
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
	s.file.Blocks = append(s.file.Blocks, Block{Kind: kind, Level: level, Text: text})
	return nil
}

func (s *sink) refuse(code, why, do string) *problem.Problem {
	return problem.New(problem.Invalid, code, "未能读取文件“"+s.name+"”", why, do)
}

func (s *sink) tooLarge(limit int) *problem.Problem {
	return s.refuse("too-large", "文件超过 "+megabytes(limit)+" 的上限", "请拆成几个文件后再导入")
}

func (s *sink) mismatch(packed bool, ext string) *problem.Problem {
	if packed {
		return s.refuse("broken-file", "文件内容不是 "+strings.ToUpper(ext)+" 格式，可能已损坏或改过扩展名", "请重新取得文件，或用 Office 打开后另存")
	}
	return s.refuse("broken-file", "扩展名是 ."+ext+"，内容却是压缩文件", "请改回原来的扩展名，或解压后再导入")
}

func megabytes(n int) string { return strconv.Itoa(n>>20) + " MB" }
