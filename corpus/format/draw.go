package format

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"html"
	"image/png"
	"io"
	"strings"
	"time"

	"archive/zip"
)

// maxDrawTime is for one page.
const maxDrawTime = 20 * time.Second

// Draw gives a picture of one page of a paged file, from 1: a PNG of a PDF's,
// width pixels wide, an SVG of an OFD's. kind is its media type.
func Draw(ctx context.Context, name string, r io.ReaderAt, size int64, page, width int) (data []byte, kind string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, maxDrawTime, errSlow)
	defer cancel()
	out := &sink{name: name, file: &File{Meta: map[string]string{}}}
	head := make([]byte, min(size, 1024))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, "", err
	}
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		data, err = drawOFD(ctx, r, size, page, out)
		return data, "image/svg+xml", err
	}
	f, err := openPDF(ctx, r, size)
	if err != nil {
		return nil, "", out.pdfProblem(ctx, err)
	}
	defer f.close()
	if page < 1 || page > f.pages {
		return nil, "", fmt.Errorf("no page %d of %d", page, f.pages)
	}
	drawn, err := f.coloured(page-1, max(100, min(width, 2400)))
	if err != nil {
		return nil, "", out.pdfProblem(ctx, err)
	}
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, drawn)
	return b.Bytes(), "image/png", err
}

func drawOFD(ctx context.Context, r io.ReaderAt, size int64, page int, out *sink) ([]byte, error) {
	if size > maxPacked || entries(r, size) > maxEntries {
		return nil, out.tooLarge(maxPacked)
	}
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, out.broken(err)
	}
	o, err := openOFD(ctx, packOf(archive, out))
	if err != nil {
		return nil, err
	}
	if page < 1 || page > len(o.pages) {
		return nil, fmt.Errorf("no page %d of %d", page, len(o.pages))
	}
	return o.svg(ctx, o.pages[page-1])
}

// maxSVG bounds a drawn page.
const maxSVG = 8 << 20

// svg draws a page: its text in the reader's own fonts at the places the file
// gives, lines and pictures.
func (o *ofd) svg(ctx context.Context, name string) ([]byte, error) {
	s, err := o.drawn(ctx, name)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 %.2f %.2f" width="%.2f" height="%.2f"><rect width="100%%" height="100%%" fill="#fff"/><g font-family="FangSong,STFangsong,SimSun,Noto Serif CJK SC,serif">`, s.page.W, s.page.H, s.page.W, s.page.H)
	view := ofdPage{ofd: o, to: &drawn{page: s.page}, area: s.area}
	view.draw = func(ob object, code xml.StartElement, text string) {
		if b.Len() < maxSVG {
			view.svgText(&b, ob, text)
		}
	}
	view.drawn = func(e xml.StartElement, fill, stroke, data string) {
		if b.Len() < maxSVG {
			view.svgObject(&b, e, fill, stroke, data)
		}
	}
	for _, part := range s.parts {
		if err := view.take(ctx, part); err != nil {
			return nil, err
		}
	}
	b.WriteString("</g></svg>")
	return []byte(b.String()), nil
}

func (v *ofdPage) svgText(b *strings.Builder, o object, text string) {
	chars := []rune(text)
	if o.hidden || len(chars) == 0 || len(chars) > 4096 {
		return
	}
	xs, ys := v.places(chars)
	var x, y strings.Builder
	for i := range chars {
		fmt.Fprintf(&x, "%.3f ", xs[i])
		fmt.Fprintf(&y, "%.3f ", ys[i])
	}
	m := o.matrix
	weight := ""
	if o.weight {
		weight = ` font-weight="bold"`
	}
	fmt.Fprintf(b, `<text xml:space="preserve" transform="matrix(%.4f %.4f %.4f %.4f %.3f %.3f)" font-size="%.3f"%s x="%s" y="%s">%s</text>`,
		m[0]*mm, m[1]*mm, m[2]*mm, m[3]*mm, o.bounds.X0+m[4]*mm, o.bounds.Y0+m[5]*mm, o.size, weight, strings.TrimSpace(x.String()), strings.TrimSpace(y.String()), html.EscapeString(visible(text)))
}

// visible keeps what XML may hold.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0xfffe || r == 0xffff || invisible(r) {
			return ' '
		}
		return r
	}, s)
}

// svgObject draws a line or a picture.
func (v *ofdPage) svgObject(b *strings.Builder, e xml.StartElement, fill, stroke, data string) {
	box, ok := boxOf(attr(e, "Boundary"))
	if !ok || attr(e, "Visible") == "false" {
		return
	}
	x, y := box.X0-v.area.X0, box.Y0-v.area.Y0
	if e.Name.Local == "ImageObject" {
		if href := v.href(attr(e, "ResourceID")); href != "" {
			fmt.Fprintf(b, `<image x="%.2f" y="%.2f" width="%.2f" height="%.2f" preserveAspectRatio="none" xlink:href="%s"/>`, x, y, box.width(), box.height(), href)
		}
		return
	}
	path := pathOf(data)
	if path == "" {
		return
	}
	m := [6]float32{1, 0, 0, 1, 0, 0}
	if n := numbers(attr(e, "CTM"), 6); len(n) == 6 {
		copy(m[:], n)
	}
	inside, line := "none", "none"
	if attr(e, "Fill") == "true" {
		inside = colour(fill)
	}
	if attr(e, "Stroke") != "false" {
		line = colour(stroke)
	}
	fmt.Fprintf(b, `<path transform="matrix(%.4f %.4f %.4f %.4f %.3f %.3f)" d="%s" fill="%s" stroke="%s" stroke-width="%.3f"/>`,
		m[0]*mm, m[1]*mm, m[2]*mm, m[3]*mm, x+m[4]*mm, y+m[5]*mm, path, inside, line, number(attr(e, "LineWidth"), 0.353))
}

// href gives a picture as an address of its own bytes.
func (v *ofdPage) href(id string) string {
	f := v.parts[strings.ToLower(v.media[id])]
	if f == nil || f.UncompressedSize64 > 4<<20 {
		return ""
	}
	body, err := f.Open()
	if err != nil {
		return ""
	}
	defer func() { _ = body.Close() }()
	data, err := io.ReadAll(io.LimitReader(body, 4<<20))
	kind := ""
	switch {
	case err != nil:
	case bytes.HasPrefix(data, []byte("\x89PNG")):
		kind = "image/png"
	case bytes.HasPrefix(data, []byte("\xff\xd8")):
		kind = "image/jpeg"
	}
	if kind == "" {
		return ""
	}
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)
}

// pathOf turns an OFD path (M S L Q B A C) into an SVG one, numbers checked.
func pathOf(data string) string {
	if len(data) > 1<<18 {
		return ""
	}
	var b strings.Builder
	for _, f := range strings.Fields(data) {
		switch f {
		case "S":
			f = "M"
		case "B":
			f = "C"
		case "C":
			f = "Z"
		case "M", "L", "Q", "A":
		default:
			f = fmt.Sprintf("%.3f", number(f, 0))
		}
		b.WriteString(f + " ")
	}
	return strings.TrimSpace(b.String())
}

// colour reads "r g b"; black when there is none.
func colour(s string) string {
	n := numbers(s, 3)
	if len(n) != 3 {
		return "#000"
	}
	return fmt.Sprintf("rgb(%d,%d,%d)", int(n[0])&255, int(n[1])&255, int(n[2])&255)
}
