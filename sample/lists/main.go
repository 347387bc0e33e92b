// Command lists writes the sample's duty and system lists as XLSX workbooks
// from the tables beside it, which people edit:
//
//	go run ./sample/lists
//
// The same table gives the same bytes.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const notice = "【虚构样例】云川市、海州市、东岭省及表中机构、系统、文号均为虚构；本表仅供软件演示和测试使用，不具有法律效力。"

// lists are the workbooks: the table each comes from and what stands above it.
var lists = []struct{ table, workbook, title, number, sheet string }{
	{"duties.tsv", "duties.xlsx", "云川市部门权责清单（2025年版）", "云政发〔2025〕20号", "权责清单"},
	{"systems.tsv", "systems.xlsx", "省市已建和统建系统目录（2025年第三季度）", "云数发〔2025〕11号", "系统目录"},
}

func main() {
	if err := write("sample"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// write writes every list below the sample's folder.
func write(sample string) error {
	for _, l := range lists {
		rows, err := readTable(filepath.Join(sample, "lists", l.table))
		if err != nil {
			return err
		}
		above := []string{notice, l.title, l.number}
		b, err := workbook(l.sheet, above, rows)
		if err != nil {
			return fmt.Errorf("make %s: %w", l.workbook, err)
		}
		if err := os.WriteFile(filepath.Join(sample, "corpus", "lists", l.workbook), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
