package format

import (
	"context"
	"fmt"
	"image"
	_ "image/jpeg" // pictures in an OFD
	_ "image/png"
	"io"
	"strconv"
	"strings"
)

type picture = image.Image

const (
	maxScanned = 400        // pages read by text recognition in one file
	maxPixels  = 64_000_000 // of one picture
)

// recognise reads the pages of a file that are pictures. Without text
// recognition a file that is mostly pictures is refused, never taken in empty.
func recognise(ctx context.Context, l *layout, scanned []int, pages int, draw func(n int) (picture, error)) error {
	tool, err := findTesseract(ctx)
	if err != nil {
		if len(scanned)*2 >= pages {
			return l.out.refuse("scan", "这是扫描件，"+pagesNamed(scanned)+"没有文字层，本机也没有安装文字识别程序（Tesseract 及 chi_sim 语言包）",
				"请安装 tesseract-ocr 和 tesseract-ocr-chi-sim，或用其他软件识别出文字后再导入").Because(err)
		}
		l.out.file.Doubts = append(l.out.file.Doubts, pagesNamed(scanned)+"是图片，其中的文字没有读出")
		return nil
	}
	if len(scanned) > maxScanned {
		return l.out.refuse("too-large", "扫描页超过 "+strconv.Itoa(maxScanned)+" 页", "请拆成几个文件后再导入")
	}
	for _, n := range scanned {
		picture, err := draw(n)
		if err != nil {
			return fmt.Errorf("draw page %d: %w", n+1, err)
		}
		s, err := tool.read(ctx, picture, l.pages[n])
		if err != nil {
			return fmt.Errorf("recognise page %d: %w", n+1, err)
		}
		l.replace(n, s)
	}
	l.out.file.Doubts = append(l.out.file.Doubts, pagesNamed(scanned)+"的文字由 Tesseract 识别而来，可能有错，请核对原件")
	return nil
}

// photo decodes a picture that lies in a package.
func (o *ofd) photo(name string) (picture, error) {
	f := o.parts[strings.ToLower(name)]
	if f == nil {
		return nil, fmt.Errorf("no picture %q", name)
	}
	body, err := f.Open()
	if err != nil {
		return nil, err
	}
	head, _, err := image.DecodeConfig(io.LimitReader(body, maxPart))
	_ = body.Close()
	if err != nil {
		return nil, err
	}
	if head.Width*head.Height > maxPixels {
		return nil, fmt.Errorf("picture of %d × %d", head.Width, head.Height)
	}
	if body, err = f.Open(); err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	decoded, _, err := image.Decode(io.LimitReader(body, maxPart))
	return decoded, err
}

// pagesNamed names pages, counted from 0, for people.
func pagesNamed(pages []int) string {
	var names []string
	for i := 0; i < len(pages); {
		j := i
		for j+1 < len(pages) && pages[j+1] == pages[j]+1 {
			j++
		}
		name := strconv.Itoa(pages[i] + 1)
		if j > i {
			name += "—" + strconv.Itoa(pages[j]+1)
		}
		if names = append(names, name); len(names) == 8 && j+1 < len(pages) {
			return "第 " + strings.Join(names, "、") + " 页等"
		}
		i = j + 1
	}
	return "第 " + strings.Join(names, "、") + " 页"
}
