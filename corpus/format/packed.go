package format

import (
	"archive/zip"
	"context"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"path"
	"strings"

	"advisor/internal/problem"
)

// Limits inside a packed file.
const (
	maxEntries = 10_000
	maxPart    = 48 << 20 // bytes of one part, unpacked; parts are read as a stream
	maxRatio   = 200      // unpacked to packed; Word's own XML reaches 60
	maxDepth   = 200      // open XML elements
)

// readPacked opens a DOCX, XLSX, PPTX or OFD. Only the few parts that hold text are
// unpacked, as streams; packed files inside are never opened.
func readPacked(ctx context.Context, r io.ReaderAt, size int64, ext string, out *sink) error {
	if size > maxPacked {
		return out.tooLarge(maxPacked)
	}
	if entries(r, size) > maxEntries {
		return out.refuse("too-large", "压缩包里的条目超过一万个", "请确认文件来源，用 Office 打开后另存")
	}
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return out.broken(err)
	}
	p := packOf(archive, out)
	if p.parts["encryptedpackage"] != nil {
		return out.refuse("file-type", "文件加了密码", "请去掉密码后再导入")
	}
	err = p.reader(ext)(ctx, p)
	var known *problem.Problem
	if err != nil && !errors.As(err, &known) && ctx.Err() == nil {
		return out.broken(err)
	}
	return err
}

// reader goes by what the package holds, then by its extension: a .wps or
// .doc that is a package is one of the new kinds.
func (p *pack) reader(ext string) func(context.Context, *pack) error {
	switch {
	case p.parts["ofd.xml"] != nil || ext == "ofd":
		return readOFD
	case p.parts["xl/workbook.xml"] != nil || ext == "xlsx" || ext == "xlsm":
		return readXLSX
	case p.parts["ppt/presentation.xml"] != nil || ext == "pptx" || ext == "pptm" || ext == "ppsx":
		return readPPTX
	}
	return readDOCX
}

func (s *sink) broken(err error) error {
	return s.refuse("broken-file", "文件已损坏或不完整", "请重新取得文件，或用 Office 打开后另存").Because(err)
}

// entries counts the headers of the archive's directory before anything is
// built from them: a million entries would cost hundreds of megabytes.
func entries(r io.ReaderAt, size int64) int {
	tail := make([]byte, min(size, 1<<16+22))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return 0
	}
	end := strings.LastIndex(string(tail), "PK\x05\x06")
	if end < 0 || end+22 > len(tail) {
		return 0
	}
	length := int64(binary.LittleEndian.Uint32(tail[end+12:]))
	if binary.LittleEndian.Uint16(tail[end+10:]) == 0xffff || length == 0xffffffff {
		return maxEntries + 1
	}
	at := size - int64(len(tail)) + int64(end) - length
	head := make([]byte, 46)
	for n := 0; ; n++ {
		if _, err := r.ReadAt(head, at); err != nil || string(head[:4]) != "PK\x01\x02" || n > maxEntries {
			return n
		}
		for _, field := range []int{28, 30, 32} {
			at += int64(binary.LittleEndian.Uint16(head[field:]))
		}
		at += 46
	}
}

func packOf(archive *zip.Reader, out *sink) *pack {
	p := &pack{out: out, parts: map[string]*zip.File{}}
	for _, f := range archive.File {
		name := strings.ToLower(strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(f.Name, "\\", "/")), "/"))
		p.parts[name] = f
	}
	return p
}

// pack is an open packed file.
type pack struct {
	out   *sink
	parts map[string]*zip.File
}

// open gives the XML of a part, bounded; nil when there is no such part.
func (p *pack) open(name string) (*part, error) {
	f := p.parts[strings.ToLower(strings.TrimPrefix(name, "/"))]
	if f == nil {
		return nil, nil
	}
	if f.UncompressedSize64 > maxPart || f.UncompressedSize64 > 1<<20 && f.UncompressedSize64 > maxRatio*max(f.CompressedSize64, 1) {
		return nil, p.out.refuse("too-large", "解压后的内容过大，疑似压缩炸弹", "请确认文件来源，用 Office 打开后另存")
	}
	body, err := f.Open()
	if err != nil {
		return nil, err
	}
	dec := xml.NewDecoder(io.LimitReader(body, maxPart))
	dec.Strict = true // and with no Entity table: an entity of the file's own making is an error
	return &part{Decoder: dec, body: body}, nil
}

// has says whether there is such a part.
func (p *pack) has(name string) bool {
	return p.parts[strings.ToLower(strings.TrimPrefix(name, "/"))] != nil
}

// tokens gives a part's tokens one after the other and an error, if any, last;
// nothing when there is no such part.
func (p *pack) tokens(ctx context.Context, name string) iter.Seq2[xml.Token, error] {
	return func(yield func(xml.Token, error) bool) {
		body, err := p.open(name)
		if err != nil {
			yield(nil, err)
			return
		}
		if body == nil {
			return
		}
		defer body.close()
		for {
			tok, err := body.next(ctx)
			if tok == nil && err == nil || !yield(tok, err) || err != nil {
				return
			}
		}
	}
}

// part is the XML of one part as a stream of tokens.
type part struct {
	*xml.Decoder
	body  io.Closer
	depth int
	count int
}

var errDeep = errors.New("XML nested too deeply")

// next gives the next token, nil at the end.
func (p *part) next(ctx context.Context) (xml.Token, error) {
	if p.count++; p.count%1024 == 0 && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	tok, err := p.RawToken()
	if err == io.EOF && p.depth == 0 {
		return nil, nil
	}
	switch tok.(type) {
	case xml.StartElement:
		if p.depth++; p.depth > maxDepth {
			return nil, errDeep
		}
	case xml.EndElement:
		p.depth--
	}
	return tok, err
}

// skip passes over the element whose start was just read.
func (p *part) skip(ctx context.Context) error {
	for depth := p.depth - 1; p.depth > depth; {
		if _, err := p.next(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *part) close() { _ = p.body.Close() }

// attr gives an attribute by its local name.
func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
