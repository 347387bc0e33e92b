package format

// Page is the size of one page of a paged file, in points of 1/72 inch.
type Page struct{ W, H float32 }

// Box is a rectangle on a page, in points from its top left corner.
type Box struct{ X0, Y0, X1, Y1 float32 }

// Spot says where a piece of a block's text stands: bytes Start to End of it
// on page Page (from 1). A piece never spans two lines.
type Spot struct {
	Start, End int
	Page       int
	Box        Box
}

// glyph is one character as it stands on a page.
type glyph struct {
	r   rune
	box Box
}

// drawn collects a page's glyphs in the order in which the file draws them.
type drawn struct {
	page   Page
	glyphs []glyph
	image  bool // a picture covers much of the page

	media string   // the last picture's id, in an OFD
	parts []string // of the package that are drawn, in an OFD
	area  Box      // of the page, in an OFD
}

func (b Box) height() float32 { return b.Y1 - b.Y0 }
func (b Box) width() float32  { return b.X1 - b.X0 }

func (b Box) union(o Box) Box {
	return Box{min(b.X0, o.X0), min(b.Y0, o.Y0), max(b.X1, o.X1), max(b.Y1, o.Y1)}
}

// overlap is how much of the lower of two boxes' heights both share, from 0 to 1.
func (b Box) overlap(o Box) float32 {
	shared := min(b.Y1, o.Y1) - max(b.Y0, o.Y0)
	if shared <= 0 {
		return 0
	}
	return shared / max(min(b.height(), o.height()), 0.01)
}
