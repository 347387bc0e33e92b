package format

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tesseract is the installed text recognition, an outside program.
type tesseract struct{ path string }

const perScan = 2 * time.Minute // for one page

// findTesseract finds the program with its data for simplified Chinese.
func findTesseract(ctx context.Context) (tesseract, error) {
	path, err := lookPath("tesseract")
	if err != nil {
		return tesseract{}, err
	}
	out, err := outside{path: path, args: []string{"--list-langs"}, limit: 10 * time.Second}.run(ctx)
	if err != nil {
		return tesseract{}, err
	}
	for line := range strings.Lines(string(out)) {
		if strings.TrimSpace(line) == "chi_sim" {
			return tesseract{path}, nil
		}
	}
	return tesseract{}, errors.New("tesseract has no chi_sim")
}

// read recognises the characters of a page's picture.
func (t tesseract) read(ctx context.Context, picture image.Image, page Page) (*drawn, error) {
	var in bytes.Buffer
	if err := png.Encode(&in, picture); err != nil {
		return nil, err
	}
	out, err := outside{path: t.path, args: []string{"stdin", "stdout", "-l", "chi_sim", "--dpi", "300", "--psm", "3", "tsv"}, in: &in, limit: perScan}.run(ctx)
	if err != nil {
		return nil, err
	}
	scale := page.W / max(float32(picture.Bounds().Dx()), 1)
	var read []scannedLine
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if read, err = takeWord(read, lines.Text(), scale); err != nil {
			return nil, err
		}
	}
	s := &drawn{page: page}
	s.spread(read)
	return s, lines.Err()
}

// scannedLine is a line as it was recognised.
type scannedLine struct {
	text strings.Builder
	box  Box
}

// takeWord takes a row of the table: level, page, block, paragraph, line, word,
// left, top, width, height, confidence, text. Level 4 opens a line, 5 is a word.
func takeWord(read []scannedLine, row string, scale float32) ([]scannedLine, error) {
	cells := strings.Split(row, "\t")
	if len(cells) != 12 || cells[0] != "4" && cells[0] != "5" {
		return read, nil
	}
	var at [4]float32
	for i, cell := range cells[6:10] {
		n, err := strconv.Atoi(cell)
		if err != nil {
			return nil, fmt.Errorf("word's place %q: %w", cell, err)
		}
		at[i] = float32(n) * scale
	}
	if cells[0] == "4" {
		return append(read, scannedLine{box: Box{at[0], at[1], at[0] + at[2], at[1] + at[3]}}), nil
	}
	if n := len(read); n > 0 {
		text := strings.TrimSpace(cells[11])
		if line := &read[n-1].text; latinEnd(line.String()) && latinStart(text) {
			line.WriteByte(' ')
		}
		read[n-1].text.WriteString(text)
	}
	return read, nil
}

// spread lays the characters of lines evenly out. A line's height is that of
// its ink and says little; most lines of a page are of one size.
func (s *drawn) spread(read []scannedLine) {
	var heights []float32
	for _, l := range read {
		heights = append(heights, l.box.height())
	}
	slices.Sort(heights)
	for i := range read {
		l := &read[i]
		if usual := heights[len(heights)/2]; l.box.height() > 0.6*usual && l.box.height() < 1.3*usual {
			l.box.Y1 = l.box.Y0 + usual
		}
		total := float32(0)
		for _, r := range l.text.String() {
			total += share(r)
		}
		x := l.box.X0
		for _, r := range l.text.String() {
			step := l.box.width() * share(r) / max(total, 1)
			s.glyphs = append(s.glyphs, glyph{r, Box{x, l.box.Y0, x + step, l.box.Y1}})
			x += step
		}
	}
}

// share is the width of a character, a Chinese one being 1.
func share(r rune) float32 {
	if r < 0x2e80 {
		return 0.5
	}
	return 1
}
