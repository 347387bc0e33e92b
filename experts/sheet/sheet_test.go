package sheet

import (
	"reflect"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

func TestRoundTrip(t *testing.T) {
	want := [][]string{{"账号", "姓名"}, {"a", "甲、乙"}, {"=1+1", "@SUM(A1)"}, {"-2", "+3"}, {"", "末行"}}
	file, err := Write("名册", want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(file)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("want %q back, got %q, %v", want, got, err)
	}
	f, err := excelize.OpenReader(strings.NewReader(string(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range []string{"A3", "B3", "A4", "B4"} {
		formula, _ := f.GetCellFormula("名册", cell)
		if value, err := f.GetCellValue("名册", cell); err != nil || formula != "" || value[0] != '\'' {
			t.Errorf("%s: want harmless text, got %q with formula %q", cell, value, formula)
		}
	}
}

func TestFormulasAreRefused(t *testing.T) {
	f := excelize.NewFile()
	if err := f.SetCellFormula("Sheet1", "B2", `HYPERLINK("http://x","y")`); err != nil {
		t.Fatal(err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read(b.Bytes()); err == nil || !strings.Contains(err.Error(), "B2") {
		t.Errorf("want the formula in B2 refused, got %v", err)
	}
	if _, err := Read([]byte("PK\x03\x04 no workbook")); err == nil {
		t.Error("want a broken file refused")
	}
}
