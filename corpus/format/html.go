package format

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// readHTML reads a page by its tokens, without a tree: depth costs nothing.
// Scripts, styles and what the page hides are dropped.
func readHTML(ctx context.Context, data []byte, out *sink) error {
	text, err := decode(data, out)
	if err != nil {
		return err
	}
	p := page{out: out, tokens: html.NewTokenizer(strings.NewReader(text))}
	for i := 0; ; i++ {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		kind := p.tokens.Next()
		if kind == html.ErrorToken {
			if !errors.Is(p.tokens.Err(), io.EOF) {
				return out.refuse("broken-file", "网页内容不完整", "请重新保存网页").Because(p.tokens.Err())
			}
			return p.flush()
		}
		if err := p.take(kind); err != nil {
			return err
		}
	}
}

// page is what is open at a point of the stream.
type page struct {
	out     *sink
	tokens  *html.Tokenizer
	text    bytes.Buffer // of the open block
	heading int          // level of the open heading, 0 for none
	skip    atom.Atom    // the element whose content is dropped …
	depth   int          // … and how many of its name are open inside
	title   bool
	tables  []*pageTable
	lists   []int // next number of each open list, -1 for bullets
}

type pageTable struct {
	table
	cells []string
	cell  bool
}

func (p *page) take(kind html.TokenType) error {
	if kind == html.TextToken {
		p.words(string(p.tokens.Text()))
		return nil
	}
	if kind != html.StartTagToken && kind != html.EndTagToken && kind != html.SelfClosingTagToken {
		return nil
	}
	name, attrs := p.tokens.TagName()
	tag := atom.Lookup(name)
	if p.skip != 0 {
		p.inSkipped(kind, tag)
		return nil
	}
	if kind == html.EndTagToken {
		return p.end(tag)
	}
	hidden := attrs && p.hidden()
	if !void[tag] && kind == html.StartTagToken && (hidden || dropped[tag]) {
		p.skip, p.depth = tag, 1
		return nil
	}
	return p.start(tag)
}

var (
	void = map[atom.Atom]bool{0: true, atom.Br: true, atom.Img: true, atom.Input: true, atom.Hr: true, atom.Meta: true,
		atom.Link: true, atom.Wbr: true, atom.Col: true, atom.Base: true, atom.Area: true, atom.Embed: true, atom.Source: true, atom.Track: true}
	dropped = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Template: true, atom.Svg: true,
		atom.Iframe: true, atom.Object: true, atom.Select: true, atom.Button: true, atom.Nav: true, atom.Textarea: true}
	block = map[atom.Atom]bool{atom.P: true, atom.Div: true, atom.Section: true, atom.Article: true, atom.Header: true, atom.Footer: true,
		atom.Main: true, atom.Aside: true, atom.Blockquote: true, atom.Pre: true, atom.Li: true, atom.Ul: true, atom.Ol: true, atom.Dl: true,
		atom.Dt: true, atom.Dd: true, atom.Form: true, atom.Hr: true, atom.Br: true, atom.Center: true, atom.Body: true, atom.Figure: true, atom.Caption: true}
	headings = map[atom.Atom]int{atom.H1: 1, atom.H2: 2, atom.H3: 3, atom.H4: 4, atom.H5: 5, atom.H6: 6}
)

func (p *page) inSkipped(kind html.TokenType, tag atom.Atom) {
	if tag != p.skip {
		return
	}
	if kind == html.StartTagToken {
		p.depth++
	} else if kind == html.EndTagToken {
		p.depth--
	}
	if p.depth == 0 {
		p.skip = 0
	}
}

func (p *page) hidden() bool {
	hides := false
	for more := true; more; {
		var key, value []byte
		key, value, more = p.tokens.TagAttr()
		switch string(key) {
		case "hidden":
			hides = true
		case "aria-hidden":
			hides = hides || string(value) == "true"
		case "style":
			style := strings.ToLower(strings.Join(strings.Fields(string(value)), ""))
			hides = hides || strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden")
		}
	}
	return hides
}

func (p *page) start(tag atom.Atom) error {
	if t := p.table(); t != nil && t.cell && tag != atom.Table && tag != atom.Tr && tag != atom.Td && tag != atom.Th {
		p.text.WriteByte(' ') // whatever is inside a cell is its text
		return nil
	}
	if level := headings[tag]; level > 0 {
		err := p.flush()
		p.heading = level
		return err
	}
	switch tag {
	case atom.Title:
		p.title = true
	case atom.Table:
		err := p.flush()
		if len(p.tables) < 64 {
			p.tables = append(p.tables, &pageTable{})
		}
		return err
	case atom.Tr:
		return p.endRow()
	case atom.Td, atom.Th:
		p.endCell()
		if t := p.table(); t != nil {
			t.cell = true
			p.text.Reset()
		}
	case atom.Ol, atom.Ul:
		return p.openList(tag)
	case atom.Li:
		return p.item()
	}
	if block[tag] {
		return p.flush()
	}
	return nil
}

func (p *page) end(tag atom.Atom) error {
	switch tag {
	case atom.Title:
		p.title = false
	case atom.Td, atom.Th:
		p.endCell()
	case atom.Tr:
		return p.endRow()
	case atom.Table:
		err := p.endRow()
		if len(p.tables) > 0 {
			p.tables = p.tables[:len(p.tables)-1]
		}
		return err
	case atom.Ol, atom.Ul:
		if len(p.lists) > 0 {
			p.lists = p.lists[:len(p.lists)-1]
		}
	}
	if t := p.table(); t != nil && t.cell {
		p.text.WriteByte(' ')
		return nil
	}
	if headings[tag] > 0 || block[tag] {
		return p.flush()
	}
	return nil
}

func (p *page) openList(tag atom.Atom) error {
	next := -1
	if tag == atom.Ol {
		next = 1
	}
	if len(p.lists) < 64 {
		p.lists = append(p.lists, next)
	}
	return p.flush()
}

// item opens a list item; a numbered list's number is text that readers see.
func (p *page) item() error {
	if err := p.flush(); err != nil {
		return err
	}
	if n := len(p.lists); n > 0 && p.lists[n-1] > 0 {
		p.text.WriteString(strconv.Itoa(p.lists[n-1]) + ". ")
		p.lists[n-1]++
	}
	return nil
}

func (p *page) words(text string) {
	switch {
	case p.skip != 0:
	case p.title:
		p.out.file.Title = clean(p.out.file.Title + text)
	default:
		p.text.WriteString(strings.Map(func(r rune) rune {
			if r == '\n' || r == '\r' || r == '\t' {
				return ' '
			}
			return r
		}, text))
	}
}

// flush ends the open block.
func (p *page) flush() error {
	text := p.text.String()
	p.text.Reset()
	level := p.heading
	p.heading = 0
	if level > 0 {
		return p.out.add(Heading, level, text)
	}
	return p.out.add(Paragraph, 0, text)
}

func (p *page) table() *pageTable {
	if len(p.tables) == 0 {
		return nil
	}
	return p.tables[len(p.tables)-1]
}

func (p *page) endCell() {
	if t := p.table(); t != nil && t.cell {
		t.cells = append(t.cells, strings.Join(strings.Fields(p.text.String()), " "))
		t.cell = false
		p.text.Reset()
	}
}

func (p *page) endRow() error {
	p.endCell()
	t := p.table()
	if t == nil || len(t.cells) == 0 {
		return nil
	}
	cells := t.cells
	t.cells = nil
	return p.out.add(Row, 0, t.row(cells))
}
