package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The workbooks are kept beside their tables; they must not drift apart.
func TestWorkbooksAreUpToDate(t *testing.T) {
	for _, l := range lists {
		rows, err := readTable(l.table)
		if err != nil {
			t.Fatal(err)
		}
		want, err := workbook(l.sheet, []string{notice, l.title, l.number}, rows)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("..", "corpus", "lists", l.workbook))
		if err != nil || !bytes.Equal(want, got) {
			t.Errorf("%s is not what its table gives: go run ./sample/lists", l.workbook)
		}
	}
}

func TestListsAreLongEnough(t *testing.T) {
	for table, want := range map[string]int{"duties.tsv": 120, "systems.tsv": 60} {
		rows, err := readTable(table)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(rows) - 1; got != want {
			t.Errorf("%s: want %d rows, got %d", table, want, got)
		}
	}
}
