package format

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// readCSV reads a table of separated values, whichever mark separates them.
func readCSV(ctx context.Context, data []byte, out *sink) error {
	text, err := decode(data, out)
	if err != nil {
		return err
	}
	in := csv.NewReader(strings.NewReader(text))
	in.Comma, in.LazyQuotes, in.FieldsPerRecord, in.ReuseRecord = separator(text), true, -1, true
	var tab table
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return out.refuse("broken-file", "表格的引号或分隔符有误", "请用 Excel 或 WPS 打开，另存为 XLSX 后再导入").Because(err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(cells) > maxColumns {
			cells = cells[:maxColumns]
		}
		if err := out.add(Row, 0, rowOf(&tab, cells)); err != nil {
			return err
		}
	}
}

// separator is the mark that the first lines have most of, outside quotes.
func separator(text string) rune {
	head := []byte(text[:min(len(text), 1<<14)])
	best, most := ',', 0
	for _, mark := range ",\t;|，" {
		n, quoted := 0, false
		for _, r := range bytes.Runes(head) {
			switch {
			case r == '"':
				quoted = !quoted
			case r == mark && !quoted:
				n++
			}
		}
		if n > most {
			best, most = mark, n
		}
	}
	return best
}
