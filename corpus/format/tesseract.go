package format

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
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
	s := &drawn{page: page}
	scale := page.W / max(float32(picture.Bounds().Dx()), 1)
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := s.word(lines.Text(), scale); err != nil {
			return nil, err
		}
	}
	return s, lines.Err()
}

// word takes a line of the table: level, page, block, paragraph, line, word,
// left, top, width, height, confidence, text. A word's characters share its box.
func (s *drawn) word(row string, scale float32) error {
	cells := strings.Split(row, "\t")
	if len(cells) != 12 || cells[0] == "level" {
		return nil
	}
	var at [4]float32
	for i, cell := range cells[6:10] {
		n, err := strconv.Atoi(cell)
		if err != nil {
			return fmt.Errorf("word's place %q: %w", cell, err)
		}
		at[i] = float32(n) * scale
	}
	if cells[0] == "4" { // a line: its height is that of its characters
		s.lineTop, s.lineEnd = at[1], at[1]+at[3]
		return nil
	}
	text := []rune(strings.TrimSpace(cells[11]))
	if cells[0] != "5" || len(text) == 0 {
		return nil
	}
	step := at[2] / float32(len(text))
	for i, r := range text {
		x := at[0] + float32(i)*step
		s.glyphs = append(s.glyphs, glyph{r, Box{x, s.lineTop, x + step, s.lineEnd}})
	}
	return nil
}
