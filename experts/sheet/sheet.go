// Package sheet reads and writes a table as an XLSX workbook that is safe to
// open: every cell is text, a cell that looks like a formula is still text, and
// a workbook with formulas, macros or links outside is refused.
package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// most bounds what is read: rosters have hundreds of lines.
const (
	mostRows = 5000
	mostCell = 2000
)

// Write makes a workbook of one sheet; the first row is its header.
func Write(name string, rows [][]string) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName("Sheet1", name); err != nil {
		return nil, fmt.Errorf("name the sheet: %w", err)
	}
	// 49 is the number format “text”: what is typed over a cell stays text too.
	text, err := f.NewStyle(&excelize.Style{NumFmt: 49})
	if err != nil {
		return nil, fmt.Errorf("make the text style: %w", err)
	}
	for i, row := range rows {
		for j, cell := range row {
			at, err := excelize.CoordinatesToCellName(j+1, i+1)
			if err == nil {
				err = f.SetCellStr(name, at, guarded(cell))
			}
			if err == nil {
				err = f.SetCellStyle(name, at, at, text)
			}
			if err != nil {
				return nil, fmt.Errorf("write cell: %w", err)
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return nil, fmt.Errorf("write workbook: %w", err)
	}
	return b.Bytes(), nil
}

// guarded puts an apostrophe before what a spreadsheet could take for a formula,
// so that it stays harmless even when somebody saves the sheet as CSV.
func guarded(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", []rune(cell)[0]) {
		return "'" + cell
	}
	return cell
}

// Read gives the rows of a workbook's first sheet, without the empty ones at its
// end. The errors are sentences for people.
func Read(file []byte) ([][]string, error) {
	f, err := excelize.OpenReader(bytes.NewReader(file), excelize.Options{UnzipSizeLimit: 64 << 20, UnzipXMLSizeLimit: 32 << 20})
	if err != nil {
		return nil, errors.New("不是能读的 XLSX 表格，或者展开后过大")
	}
	defer f.Close()
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		return nil, errors.New("表格是空的")
	}
	rows, err := f.GetRows(sheets[0])
	if err != nil {
		return nil, errors.New("表格内容读不出来")
	}
	if len(rows) > mostRows {
		return nil, fmt.Errorf("超过 %d 行", mostRows)
	}
	for i, row := range rows {
		for j := range row {
			at, err := excelize.CoordinatesToCellName(j+1, i+1)
			if err != nil {
				return nil, errors.New("列数过多")
			}
			if formula, err := f.GetCellFormula(sheets[0], at); err != nil || formula != "" {
				return nil, fmt.Errorf("单元格 %s 是公式，请改为文字", at)
			}
			row[j] = strings.TrimSpace(strings.TrimPrefix(row[j], "'"))
			if len(row[j]) > mostCell {
				return nil, fmt.Errorf("单元格 %s 过长", at)
			}
		}
	}
	return rows, nil
}
