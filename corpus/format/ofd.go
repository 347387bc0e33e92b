package format

import (
	"context"
	"encoding/xml"
	"path"
	"strconv"
	"strings"
)

// mm is a millimetre, in which OFD measures, in points.
const mm = 72 / 25.4

// readOFD reads a document of GB/T 33190: each page's text where it stands, that
// of the page's template included. Annotations, seals and attachments are not text.
func readOFD(ctx context.Context, p *pack) error {
	o, err := openOFD(ctx, p)
	if err != nil {
		return err
	}
	l := layout{out: p.out}
	var pictures []int
	for n, page := range o.pages {
		s, err := o.drawn(ctx, page)
		if err != nil {
			return err
		}
		if len(s.glyphs) < 8 && s.image {
			pictures = append(pictures, n)
		}
		if err := l.add(s); err != nil {
			return err
		}
	}
	if err := o.recognise(ctx, &l, pictures); err != nil {
		return err
	}
	return l.finish(ctx)
}

// ofd is an open OFD: what its pages share.
type ofd struct {
	*pack
	root      string // folder of the document
	area      Box
	templates map[string]string // part by id
	media     map[string]string // picture's part by id
	pages     []string          // parts, in reading order
}

// within resolves a location inside the package: absolute, or relative to a folder.
func within(dir, loc string) string {
	loc = strings.TrimSpace(strings.ReplaceAll(loc, "\\", "/"))
	if strings.HasPrefix(loc, "/") {
		return strings.TrimPrefix(path.Clean(loc), "/")
	}
	return strings.TrimPrefix(path.Clean("/"+path.Join(dir, loc)), "/")
}

func openOFD(ctx context.Context, p *pack) (*ofd, error) {
	o := &ofd{pack: p, templates: map[string]string{}, media: map[string]string{}, area: Box{0, 0, 210 * mm, 297 * mm}}
	if p.parts["encryptions.xml"] != nil || p.parts["encryptentries.dat"] != nil {
		return nil, p.out.refuse("encrypted", "文件加了密", "请解密后再导入")
	}
	document := ""
	err := o.each(ctx, "OFD.xml", func(e xml.StartElement, text string) error {
		switch e.Name.Local {
		case "DocRoot":
			if document == "" {
				document = within("", text)
			}
		case "Title":
			if p.out.file.Title == "" {
				p.out.file.Title = clean(text)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if p.parts[strings.ToLower(document)] == nil {
		return nil, p.out.refuse("broken-file", "压缩包里没有 OFD 正文", "请重新取得文件，或用 OFD 阅读器打开后另存")
	}
	o.root = path.Dir(document)
	return o, o.document(ctx, document)
}

func (o *ofd) document(ctx context.Context, name string) error {
	var resources []string
	err := o.each(ctx, name, func(e xml.StartElement, text string) error {
		switch e.Name.Local {
		case "PhysicalBox":
			if b, ok := boxOf(text); ok {
				o.area = b
			}
		case "TemplatePage":
			o.templates[attr(e, "ID")] = within(o.root, attr(e, "BaseLoc"))
		case "Page":
			if len(o.pages) >= maxPages {
				return o.out.refuse("too-large", "页数超过 "+strconv.Itoa(maxPages)+" 页", "请拆成几个文件后再导入")
			}
			o.pages = append(o.pages, within(o.root, attr(e, "BaseLoc")))
		case "PublicRes", "DocumentRes":
			resources = append(resources, within(o.root, text))
		}
		return nil
	})
	for _, r := range resources[:min(len(resources), 16)] {
		if err == nil {
			err = o.resources(ctx, r)
		}
	}
	return err
}

// resources notes where the pictures lie.
func (o *ofd) resources(ctx context.Context, name string) error {
	base, id := path.Dir(name), ""
	return o.each(ctx, name, func(e xml.StartElement, text string) error {
		switch e.Name.Local {
		case "Res":
			base = within(path.Dir(name), attr(e, "BaseLoc"))
		case "MultiMedia":
			id = attr(e, "ID")
		case "MediaFile":
			if id != "" && len(o.media) < maxEntries {
				o.media[id] = within(base, text)
			}
		}
		return nil
	})
}

// each calls fn for every element of a part with the text directly in it. fn
// is called at the element's end; a missing part has no elements.
func (o *ofd) each(ctx context.Context, name string, fn func(e xml.StartElement, text string) error) error {
	var open []xml.StartElement
	var text strings.Builder
	for tok, err := range o.tokens(ctx, name) {
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			text.Reset()
			open = append(open, t.Copy())
			if t.Name.Local == "Res" || t.Name.Local == "MultiMedia" { // hold what others lie in
				if err := fn(t, ""); err != nil {
					return err
				}
			}
		case xml.CharData:
			if text.Len() < 1<<16 {
				text.Write(t)
			}
		case xml.EndElement:
			if n := len(open); n > 0 {
				e := open[n-1]
				open = open[:n-1]
				if e.Name.Local != "Res" && e.Name.Local != "MultiMedia" {
					if err := fn(e, text.String()); err != nil {
						return err
					}
				}
			}
			text.Reset()
		}
	}
	return nil
}

// drawn takes the characters of a page and of its templates.
func (o *ofd) drawn(ctx context.Context, name string) (*drawn, error) {
	s := &drawn{}
	view := ofdPage{ofd: o, to: s, area: o.area}
	var templates []string
	err := o.each(ctx, name, func(e xml.StartElement, text string) error {
		switch e.Name.Local {
		case "PhysicalBox":
			if b, ok := boxOf(text); ok {
				view.area = b
			}
		case "Template":
			if part := o.templates[attr(e, "TemplateID")]; part != "" && len(templates) < 8 {
				templates = append(templates, part)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.page, s.area = Page{view.area.width(), view.area.height()}, view.area
	s.parts = append(templates, name)
	for _, part := range s.parts {
		if err := view.take(ctx, part); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// ofdPage takes what stands on a page.
type ofdPage struct {
	*ofd
	to     *drawn
	area   Box
	object object
	inCode bool
	code   xml.StartElement
	text   strings.Builder
	cover  float32
	draw   func(o object, code xml.StartElement, text string)  // told of every stretch of text, to draw it
	drawn  func(e xml.StartElement, fill, stroke, data string) // told of every path and picture
	shape  xml.StartElement                                    // the open path
	fill   string                                              // its colours
	stroke string
}

// object is the open TextObject.
type object struct {
	bounds Box // in points
	matrix [6]float32
	size   float32 // in millimetres
	scale  float32 // of widths
	hidden bool
	weight bool
}

func (v *ofdPage) take(ctx context.Context, name string) error {
	for tok, err := range v.tokens(ctx, name) {
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "TextObject":
				v.object = objectOf(t, v.area)
			case "TextCode":
				v.inCode, v.code = true, t.Copy()
				v.text.Reset()
			case "PathObject":
				v.shape, v.fill, v.stroke = t.Copy(), "", ""
			case "FillColor":
				v.fill = attr(t, "Value")
			case "StrokeColor":
				v.stroke = attr(t, "Value")
			case "AbbreviatedData":
				v.inCode = true
				v.text.Reset()
			case "ImageObject":
				if v.drawn != nil {
					v.drawn(t, "", "", "")
				}
				if b, ok := boxOf(attr(t, "Boundary")); ok {
					v.cover += b.width() * b.height()
					v.to.media = attr(t, "ResourceID")
				}
			}
		case xml.CharData:
			if v.inCode && v.text.Len() < 1<<16 {
				v.text.Write(t)
			}
		case xml.EndElement:
			switch {
			case t.Name.Local == "AbbreviatedData":
				v.inCode = false
			case t.Name.Local == "PathObject" && v.drawn != nil:
				v.drawn(v.shape, v.fill, v.stroke, v.text.String())
			case t.Name.Local == "TextCode" && v.inCode:
				v.inCode = false
				if err := v.codeEnd(); err != nil {
					return err
				}
			}
		}
		v.to.image = v.cover > v.to.page.W*v.to.page.H*0.3
	}
	return nil
}

func objectOf(e xml.StartElement, area Box) object {
	o := object{matrix: [6]float32{1, 0, 0, 1, 0, 0}, size: number(attr(e, "Size"), 3), scale: 1, hidden: attr(e, "Visible") == "false"}
	o.bounds, _ = boxOf(attr(e, "Boundary"))
	o.bounds.X0 -= area.X0
	o.bounds.Y0 -= area.Y0
	if m := numbers(attr(e, "CTM"), 6); len(m) == 6 {
		copy(o.matrix[:], m)
	}
	o.scale = number(attr(e, "HScale"), 1)
	o.weight = number(attr(e, "Weight"), 400) > 500
	return o
}

// at turns a point of the object, in millimetres, into one of the page.
func (o object) at(x, y float32) (float32, float32) {
	m := o.matrix
	return o.bounds.X0 + (m[0]*x+m[2]*y+m[4])*mm, o.bounds.Y0 + (m[1]*x+m[3]*y+m[5])*mm
}

// codeEnd adds a stretch of characters. Those at a slant are a watermark.
func (v *ofdPage) codeEnd() error {
	o := v.object
	if o.hidden || o.size <= 0 {
		return nil
	}
	if v.draw != nil {
		v.draw(o, v.code, v.text.String())
		return nil
	}
	if abs(o.matrix[1]) > 0.05*abs(o.matrix[0]) && abs(o.matrix[0]) > 0.05*abs(o.matrix[1]) {
		return nil
	}
	chars := []rune(v.text.String())
	if len(v.to.glyphs)+len(chars) > maxPageChars {
		return v.out.refuse("too-large", "一页上的文字过多", "请确认文件来源，用 OFD 阅读器打开后另存")
	}
	xs, ys := v.places(chars)
	for i, r := range chars {
		adv := o.size * o.scale
		if r < 0x2e80 {
			adv /= 2
		}
		if i+1 < len(chars) && ys[i+1] == ys[i] && xs[i+1] > xs[i] {
			adv = min(adv, xs[i+1]-xs[i])
		}
		ax, ay := o.at(xs[i], ys[i]-0.88*o.size)
		bx, by := o.at(xs[i]+adv, ys[i]+0.12*o.size)
		b := Box{min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)}
		if b.height() < 1 || b.X1 < 0 || b.Y1 < 0 || b.X0 > v.to.page.W || b.Y0 > v.to.page.H {
			continue
		}
		v.to.glyphs = append(v.to.glyphs, glyph{unify(r), b})
	}
	return nil
}

// places gives where each character of the open TextCode begins, in the
// object's millimetres: from X and Y on by DeltaX and DeltaY, or by its width.
func (v *ofdPage) places(chars []rune) (xs, ys []float32) {
	x, y := number(attr(v.code, "X"), 0), number(attr(v.code, "Y"), v.object.size)
	dx, dy := deltas(attr(v.code, "DeltaX"), len(chars)), deltas(attr(v.code, "DeltaY"), len(chars))
	for i, r := range chars {
		xs, ys = append(xs, x), append(ys, y)
		switch {
		case i < len(dx):
			x += dx[i]
		case len(dx) == 0 && len(dy) == 0:
			adv := v.object.size * v.object.scale
			if r < 0x2e80 {
				adv /= 2
			}
			x += adv
		}
		if i < len(dy) {
			y += dy[i]
		}
	}
	return xs, ys
}

// deltas reads a list of distances, at most n: "g 3 4.5" is three times 4.5.
func deltas(s string, n int) []float32 {
	var out []float32
	fields := strings.Fields(s)
	for i := 0; i < len(fields) && len(out) < n; i++ {
		if fields[i] == "g" && i+2 < len(fields) {
			times, step := small(fields[i+1]), number(fields[i+2], 0)
			for range min(times, n-len(out)) {
				out = append(out, step)
			}
			i += 2
			continue
		}
		out = append(out, number(fields[i], 0))
	}
	return out
}

func number(s string, otherwise float32) float32 {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 32)
	if err != nil || f != f || f > 1e6 || f < -1e6 {
		return otherwise
	}
	return float32(f)
}

func numbers(s string, most int) []float32 {
	var out []float32
	for _, f := range strings.Fields(s) {
		if len(out) == most {
			break
		}
		out = append(out, number(f, 0))
	}
	return out
}

// boxOf reads "x y width height" in millimetres.
func boxOf(s string) (Box, bool) {
	n := numbers(s, 4)
	if len(n) != 4 || n[2] <= 0 || n[3] <= 0 || n[2] > 5000 || n[3] > 5000 {
		return Box{}, false
	}
	return Box{n[0] * mm, n[1] * mm, (n[0] + n[2]) * mm, (n[1] + n[3]) * mm}, true
}

// recognise reads pages that are pictures, or refuses the file.
func (o *ofd) recognise(ctx context.Context, l *layout, pages []int) error {
	if len(pages) == 0 {
		return nil
	}
	return recognise(ctx, l, pages, len(o.pages), func(n int) (picture, error) {
		s, err := o.drawn(ctx, o.pages[n])
		if err != nil {
			return nil, err
		}
		return o.photo(o.media[s.media])
	})
}
