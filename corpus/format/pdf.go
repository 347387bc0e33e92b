package format

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"

	"advisor/internal/problem"
)

// Limits of a paged file.
const (
	maxPaged     = 256 << 20 // bytes; scans are large, and are read piece by piece
	maxPages     = 20_000
	maxPageChars = 60_000 // characters on one page
	maxPDFTime   = 4 * time.Minute
	maxScanTime  = 15 * time.Minute // for text recognition, once the rest is read
)

// readPDF reads a PDF by its text layer, page by page, so that memory holds one
// page's characters at a time. Pages that are pictures go to text recognition
// where it is installed.
func readPDF(ctx context.Context, r io.ReaderAt, size int64, out *sink) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limit := time.AfterFunc(maxPDFTime, func() { cancel(errSlow) })
	defer limit.Stop()
	f, err := openPDF(ctx, r, size)
	if err != nil {
		return out.pdfProblem(ctx, err)
	}
	defer f.close()
	f.more = func() { limit.Reset(maxScanTime) }
	if err := f.read(ctx, out); err != nil {
		return out.pdfProblem(ctx, err)
	}
	return nil
}

var errSlow = errors.New("reading took too long")

// pdfProblem puts what went wrong into words for people.
func (s *sink) pdfProblem(ctx context.Context, err error) error {
	var known *problem.Problem
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(context.Cause(ctx), errSlow):
		return s.refuse("too-slow", "读取时间超过上限仍未完成", "请用其他软件打开后另存为新的 PDF，或拆成几个文件").Because(err)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, pdferrors.ErrPassword), errors.Is(err, pdferrors.ErrSecurity):
		return s.refuse("encrypted", "文件加了密码", "请去掉密码后再导入").Because(err)
	}
	return s.refuse("broken-file", "PDF 已损坏或不完整", "请重新取得文件，或用其他软件打开后另存为 PDF").Because(err)
}

// pdfFile is an open PDF in an instance of the reader of its own.
type pdfFile struct {
	pdfium.Pdfium
	doc   references.FPDF_DOCUMENT
	pages int
	stop  func() bool
	done  func()
	more  func() // gives more time
}

func openPDF(ctx context.Context, r io.ReaderAt, size int64) (*pdfFile, error) {
	instance, release, err := borrow(ctx)
	if err != nil {
		return nil, err
	}
	f := &pdfFile{Pdfium: instance, done: release}
	// A call that does not come back, as on an endless loop, ends with ctx.
	f.stop = context.AfterFunc(ctx, func() { _ = instance.Kill() })
	opened, err := instance.OpenDocument(&requests.OpenDocument{FileReader: io.NewSectionReader(r, 0, size), FileReaderSize: size})
	if err != nil {
		f.close()
		return nil, err
	}
	f.doc = opened.Document
	count, err := instance.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: f.doc})
	if err != nil {
		f.close()
		return nil, err
	}
	f.pages = count.PageCount
	return f, nil
}

func (f *pdfFile) close() {
	if f.stop() {
		_ = f.Close() // the instance goes whole, with all its memory
	}
	f.done()
}

func (f *pdfFile) read(ctx context.Context, out *sink) error {
	switch {
	case f.pages == 0:
		return errors.New("no pages")
	case f.pages > maxPages:
		return out.refuse("too-large", "页数超过 "+strconv.Itoa(maxPages)+" 页", "请拆成几个文件后再导入")
	}
	l := layout{out: out}
	var scanned []int
	for n := range f.pages {
		if err := ctx.Err(); err != nil {
			return err
		}
		s, err := f.sheet(n)
		if err != nil {
			return fmt.Errorf("page %d: %w", n+1, err)
		}
		if len(s.glyphs) < 8 && s.image {
			scanned = append(scanned, n)
		}
		if err := l.add(s); err != nil {
			return err
		}
	}
	if len(scanned) > 0 {
		f.more()
		if err := f.recognise(ctx, &l, scanned); err != nil {
			return err
		}
	}
	return l.finish(ctx)
}

// sheet takes the characters of page n, from 0.
func (f *pdfFile) sheet(n int) (*drawn, error) {
	loaded, err := f.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: f.doc, Index: n})
	if err != nil {
		return nil, err
	}
	page := requests.Page{ByReference: &loaded.Page}
	defer func() { _, _ = f.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: loaded.Page}) }()
	view, err := f.view(page)
	if err != nil {
		return nil, err
	}
	s := &drawn{page: view.page}
	text, err := f.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: page})
	if err != nil {
		return nil, err
	}
	defer func() { _, _ = f.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: text.TextPage}) }()
	count, err := f.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: text.TextPage})
	if err != nil {
		return nil, err
	}
	for i := range min(count.Count, maxPageChars) {
		if err := f.char(s, text.TextPage, i, view); err != nil {
			return nil, err
		}
	}
	if len(s.glyphs) < 8 {
		s.image, err = f.hasPicture(page, view)
	}
	return s, err
}

// char adds one character. Letters that stand at a slant are a watermark.
func (f *pdfFile) char(s *drawn, text references.FPDF_TEXTPAGE, i int, v pageView) error {
	code, err := f.FPDFText_GetUnicode(&requests.FPDFText_GetUnicode{TextPage: text, Index: i})
	if err != nil {
		return err
	}
	r := rune(code.Unicode)
	if r == 0 || r == '\r' || r == '\n' || r == 0xfffe {
		return nil
	}
	loose, err := f.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: text, Index: i})
	if err != nil {
		return nil // a character that PDFium made up between two others has no box
	}
	b := v.box(float64(loose.Rect.Left), float64(loose.Rect.Top), float64(loose.Rect.Right), float64(loose.Rect.Bottom))
	if b.height() < 1 || b.width() <= 0 || b.X1 < 0 || b.Y1 < 0 || b.X0 > s.page.W || b.Y0 > s.page.H {
		return nil // nobody sees it
	}
	g := glyph{unify(r), b}
	if n := len(s.glyphs); n == 0 || !follows(s.glyphs[n-1], g) {
		angle, err := f.FPDFText_GetCharAngle(&requests.FPDFText_GetCharAngle{TextPage: text, Index: i})
		if err == nil && slanted(float64(angle.CharAngle)) {
			return nil
		}
	}
	s.glyphs = append(s.glyphs, g)
	return nil
}

func slanted(angle float64) bool {
	quarter := math.Mod(angle, math.Pi/2)
	return min(quarter, math.Pi/2-quarter) > 0.1
}

// pageView turns a page's own coordinates into points from the top left
// corner of the page as people see it: cropped and turned.
type pageView struct {
	page             Page
	a, b, c, d, e, f float64
}

func (f *pdfFile) view(page requests.Page) (pageView, error) {
	size, err := f.GetPageSize(&requests.GetPageSize{Page: page})
	if err != nil {
		return pageView{}, err
	}
	const fine = 64 // device units a point
	v := pageView{page: Page{float32(size.Width), float32(size.Height)}}
	at := func(x, y float64) (float64, float64, error) {
		p, err := f.FPDF_PageToDevice(&requests.FPDF_PageToDevice{Page: page, SizeX: int(size.Width * fine), SizeY: int(size.Height * fine),
			Rotate: enums.FPDF_PAGE_ROTATION_NONE, PageX: x, PageY: y})
		if err != nil {
			return 0, 0, err
		}
		return float64(p.DeviceX) / fine, float64(p.DeviceY) / fine, nil
	}
	x0, y0, err := at(0, 0)
	if err != nil {
		return v, err
	}
	x1, y1, err := at(1000, 0)
	if err != nil {
		return v, err
	}
	x2, y2, err := at(0, 1000)
	v.e, v.f = x0, y0
	v.a, v.b = (x1-x0)/1000, (y1-y0)/1000
	v.c, v.d = (x2-x0)/1000, (y2-y0)/1000
	return v, err
}

func (v pageView) box(x0, y0, x1, y1 float64) Box {
	ax, ay := v.a*x0+v.c*y0+v.e, v.b*x0+v.d*y0+v.f
	bx, by := v.a*x1+v.c*y1+v.e, v.b*x1+v.d*y1+v.f
	return Box{float32(min(ax, bx)), float32(min(ay, by)), float32(max(ax, bx)), float32(max(ay, by))}
}

// hasPicture says whether pictures cover much of a page, as in a scan.
func (f *pdfFile) hasPicture(page requests.Page, v pageView) (bool, error) {
	count, err := f.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: page})
	if err != nil {
		return false, err
	}
	covered := float32(0)
	for i := range min(count.Count, 200) {
		object, err := f.FPDFPage_GetObject(&requests.FPDFPage_GetObject{Page: page, Index: i})
		if err != nil {
			return false, err
		}
		kind, err := f.FPDFPageObj_GetType(&requests.FPDFPageObj_GetType{PageObject: object.PageObject})
		if err != nil || kind.Type != enums.FPDF_PAGEOBJ_IMAGE && kind.Type != enums.FPDF_PAGEOBJ_FORM && kind.Type != enums.FPDF_PAGEOBJ_PATH {
			continue
		}
		bounds, err := f.FPDFPageObj_GetBounds(&requests.FPDFPageObj_GetBounds{PageObject: object.PageObject})
		if err != nil {
			continue
		}
		b := v.box(float64(bounds.Left), float64(bounds.Top), float64(bounds.Right), float64(bounds.Bottom))
		if kind.Type == enums.FPDF_PAGEOBJ_PATH { // letters turned into outlines
			covered += min(b.width()*b.height(), v.page.W*v.page.H/100)
			continue
		}
		covered += b.width() * b.height()
	}
	return covered > v.page.W*v.page.H*0.3, nil
}

// recognise reads pages that are pictures.
func (f *pdfFile) recognise(ctx context.Context, l *layout, scanned []int) error {
	return recognise(ctx, l, scanned, f.pages, func(n int) (picture, error) { return f.picture(n, 0, 300) })
}
