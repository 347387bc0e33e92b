package format

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"path"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
)

const (
	maxParts   = 200 // of one message
	maxNesting = 4   // files in files
)

// readMail reads a message: subject, sender and date, the body, and the
// attachments as its parts.
func readMail(ctx context.Context, data []byte, out *sink) error {
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return out.refuse("broken-file", "邮件格式有误", "请重新导出邮件").Because(err)
	}
	words := mime.WordDecoder{CharsetReader: charset}
	for _, name := range []string{"Subject", "From", "To", "Date"} {
		value, err := words.DecodeHeader(m.Header.Get(name))
		if err != nil {
			value = m.Header.Get(name)
		}
		switch {
		case value == "":
		case name == "Subject":
			out.file.Title = clean(value)
			err = out.add(Heading, 1, value)
		default:
			err = out.add(Paragraph, 0, map[string]string{"From": "发件人：", "To": "收件人：", "Date": "日期："}[name]+value)
		}
		if err != nil {
			return err
		}
	}
	l := letter{out: out}
	if err := l.part(ctx, textproto.MIMEHeader(m.Header), m.Body, 0); err != nil {
		return err
	}
	return l.finish(ctx)
}

// letter gathers the parts of a message: of several renderings of the body the
// plain one counts.
type letter struct {
	out      *sink
	plain    []byte
	page     []byte
	attached []attachment
	parts    int
}

type attachment struct {
	name string
	data []byte
}

func (l *letter) part(ctx context.Context, head textproto.MIMEHeader, body io.Reader, depth int) error {
	if l.parts++; l.parts > maxParts || depth > 8 {
		return l.out.refuse("too-large", "邮件的附件过多或嵌套过深", "请把附件另存后分别导入")
	}
	kind, params, err := mime.ParseMediaType(head.Get("Content-Type"))
	if err != nil {
		kind, params = "text/plain", nil
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err == io.EOF || err != nil && l.parts > 1 {
				return ctx.Err()
			}
			if err != nil {
				return l.out.refuse("broken-file", "邮件格式有误", "请重新导出邮件").Because(err)
			}
			if err := l.part(ctx, p.Header, p, depth+1); err != nil {
				return err
			}
		}
	}
	data, err := io.ReadAll(io.LimitReader(decodeTransfer(head.Get("Content-Transfer-Encoding"), body), maxText))
	if err != nil && len(data) == 0 {
		return l.out.refuse("broken-file", "邮件的附件已损坏", "请重新导出邮件").Because(err)
	}
	l.keep(head, kind, params, data)
	return nil
}

func (l *letter) keep(head textproto.MIMEHeader, kind string, params map[string]string, data []byte) {
	_, disposition, _ := mime.ParseMediaType(head.Get("Content-Disposition"))
	name := disposition["filename"]
	if name == "" {
		name = params["name"]
	}
	words := mime.WordDecoder{CharsetReader: charset}
	if plain, err := words.DecodeHeader(name); err == nil {
		name = plain
	}
	switch {
	case name != "":
		l.attached = append(l.attached, attachment{name, data})
	case kind == "text/plain" && l.plain == nil:
		l.plain = recode(data, params["charset"])
	case kind == "text/html" && l.page == nil:
		l.page = recode(data, params["charset"])
	case kind == "message/rfc822":
		l.attached = append(l.attached, attachment{"邮件.eml", data})
	}
}

func (l *letter) finish(ctx context.Context) error {
	var err error
	switch {
	case len(bytes.TrimSpace(l.plain)) > 0:
		err = readText(ctx, l.plain, l.out)
	case l.page != nil:
		err = readHTML(ctx, l.page, l.out)
	}
	for n := 0; err == nil && n < len(l.attached); n++ {
		err = l.out.attach(ctx, l.attached[n])
	}
	return err
}

// attach reads a file that lies in this one and adds its blocks as a part. One
// that cannot be read costs only itself, and is named.
func (s *sink) attach(ctx context.Context, a attachment) error {
	name := clean(path.Base(strings.ReplaceAll(a.name, "\\", "/")))
	if !Readable(name) {
		if unreadable[extension(name)] == "（图片）" { // mostly a signature's emblem
			return nil
		}
		s.file.Doubts = append(s.file.Doubts, "附件“"+name+"”的类型不能读取")
		return nil
	}
	if s.depth >= maxNesting {
		return s.refuse("too-large", "附件嵌套过深", "请把附件另存后分别导入")
	}
	inner := &sink{name: name, file: &File{Meta: map[string]string{}}, depth: s.depth + 1, size: s.size}
	if err := read(ctx, bytes.NewReader(a.data), int64(len(a.data)), inner); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.file.Doubts = append(s.file.Doubts, "附件“"+name+"”没有读出："+plainly(err))
		return nil
	}
	if err := s.add(Heading, 1, "附件："+strings.TrimSuffix(name, path.Ext(name))); err != nil {
		return err
	}
	for _, b := range inner.file.Blocks {
		if err := s.add(b.Kind, b.Level, b.Text); err != nil {
			return err
		}
	}
	s.file.Doubts = append(s.file.Doubts, inner.file.Doubts...)
	return nil
}

func decodeTransfer(how string, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(how)) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, &alphabet{body})
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	}
	return body
}

// alphabet lets only base64's own characters through.
type alphabet struct{ in io.Reader }

func (a *alphabet) Read(p []byte) (int, error) {
	for {
		n, err := a.in.Read(p)
		kept := 0
		for _, c := range p[:n] {
			if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '=' {
				p[kept] = c
				kept++
			}
		}
		if kept > 0 || err != nil {
			return kept, err
		}
	}
}

func charset(name string, in io.Reader) (io.Reader, error) {
	enc, err := htmlindex.Get(name)
	if err != nil {
		return in, nil // decode finds out
	}
	return enc.NewDecoder().Reader(in), nil
}

func recode(data []byte, name string) []byte {
	if enc, err := htmlindex.Get(name); err == nil {
		if plain, err := enc.NewDecoder().Bytes(data); err == nil {
			return plain
		}
	}
	return data
}
