package format_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"advisor/corpus/format"
	"advisor/corpus/format/formattest"
)

// measure is invented: a rule of the fictional 云川市 with what trips readers up.
var measure = formattest.Text{
	Title: "云川市公共停车场管理和收费若干规定",
	Lines: slices.Concat([]string{
		"第一章　总则",
		"第一条　为了规范公共停车场的建设、使用和收费，保护停车人和经营者的合法权益，根据有关法律、法规，结合本市实际，制定本规定。",
		"第二条　本市行政区域内公共停车场的规划、建设、使用、收费及其监督管理，适用本规定。",
		"第十条规定的情形除外的说明由市交通运输主管部门会同市发展和改革、公安、自然资源等部门另行制定，报市人民政府批准后公布施行。",
		"第三条　公共停车场应当遵守下列规定：",
		"（一）在醒目位置公示收费标准、计费方式和监督电话12345；",
		"（二）不得擅自停用或者改作他用；",
		"（三）为新能源汽车配置充电设施，比例不低于10%。",
		"第二章　收费",
	}, articles(4, 40)),
}

func articles(from, to int) (lines []string) {
	numerals := []string{"", "一", "二", "三", "四", "五", "六", "七", "八", "九"}
	for n := from; n <= to; n++ {
		label := numerals[n%10]
		if n >= 10 {
			label = strings.TrimPrefix(numerals[n/10], "一") + "十" + label
		}
		lines = append(lines, "第"+label+"条　公共停车场收费实行分类、分区管理，"+strings.Repeat("具体标准由价格主管部门制定，", n%5)+"并向社会公布。",
			"停车时间不足三十分钟的，免收停车费。")
	}
	return lines
}

func readPaged(t *testing.T, name string, data []byte) *format.File {
	t.Helper()
	f, err := format.Read(t.Context(), name, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestPagedFilesGiveBackTheirParagraphs(t *testing.T) {
	for _, tc := range []struct {
		name string
		data []byte
	}{{"a.pdf", measure.PDF()}, {"a.ofd", measure.OFD()}} {
		t.Run(tc.name, func(t *testing.T) {
			f := readPaged(t, tc.name, tc.data)
			var got []string
			for _, b := range f.Blocks {
				got = append(got, strings.Join(strings.Fields(b.Text), ""))
			}
			var want []string
			for _, l := range append([]string{measure.Title}, measure.Lines...) {
				want = append(want, strings.Join(strings.Fields(l), ""))
			}
			if !slices.Equal(want, got) {
				t.Errorf("want %d paragraphs without running heads and page numbers\n%s\ngot %d\n%s", len(want), strings.Join(want, "\n"), len(got), strings.Join(got, "\n"))
			}
			if len(f.Pages) != len(measure.Set()) {
				t.Errorf("want %d pages, got %d", len(measure.Set()), len(f.Pages))
			}
			spotsFit(t, f)
		})
	}
}

// spotsFit checks that every piece of text says where it stands, on its page.
func spotsFit(t *testing.T, f *format.File) {
	t.Helper()
	for _, b := range f.Blocks {
		at := 0
		for _, s := range b.Spots {
			if s.Start < at || s.End <= s.Start || s.End > len(b.Text) || s.Page < 1 || s.Page > len(f.Pages) {
				t.Fatalf("spot %+v does not fit %q", s, b.Text)
			}
			p := f.Pages[s.Page-1]
			if s.Box.X0 < 0 || s.Box.Y0 < 0 || s.Box.X1 > p.W || s.Box.Y1 > p.H || s.Box.X0 >= s.Box.X1 || s.Box.Y0 >= s.Box.Y1 {
				t.Fatalf("spot %+v lies outside its page %+v", s, p)
			}
			at = s.End
		}
		if len(b.Spots) == 0 || at != len(b.Text) {
			t.Fatalf("want all of %q to be placed, got %+v", b.Text, b.Spots)
		}
	}
}

func TestPlacesAreTheSameInPDFAndOFD(t *testing.T) {
	a, b := readPaged(t, "a.pdf", measure.PDF()), readPaged(t, "a.ofd", measure.OFD())
	if len(a.Blocks) != len(b.Blocks) {
		t.Fatalf("want as many blocks, got %d and %d", len(a.Blocks), len(b.Blocks))
	}
	for i := range a.Blocks {
		x, y := a.Blocks[i].Spots, b.Blocks[i].Spots
		for j := range x {
			if j >= len(y) || x[j].Page != y[j].Page || far(x[j].Box.X0, y[j].Box.X0) || far(x[j].Box.Y0, y[j].Box.Y0) {
				t.Fatalf("%q: want the same place, got %+v and %+v", a.Blocks[i].Text, x, y)
			}
		}
	}
}

func far(a, b float32) bool { return a-b > 4 || b-a > 4 }

func TestTwoColumnsAreReadOneAfterTheOther(t *testing.T) {
	var page []formattest.Line
	for i := range 20 {
		y := 80 + float64(i)*28
		page = append(page, formattest.Line{Text: "左栏第" + string(rune('一'+i)) + "行文字写满整行", X: 60, Y: y, Size: 14},
			formattest.Line{Text: "右栏第" + string(rune('一'+i)) + "行文字写满整行", X: 320, Y: y, Size: 14})
	}
	f := readPaged(t, "a.pdf", formattest.PDF([][]formattest.Line{page}))
	var all strings.Builder
	for _, b := range f.Blocks {
		all.WriteString(b.Text)
	}
	if text := all.String(); strings.LastIndex(text, "左栏") > strings.Index(text, "右栏") {
		t.Errorf("want the left column before the right, got %s", text)
	}
}

func TestTableRowsKeepTheirHeader(t *testing.T) {
	var page []formattest.Line
	for i, row := range [][3]string{{"部门", "事项", "时限"}, {"市财政局", "预算审核", "5个工作日"}, {"市民政局", "社会救助审批", "20个工作日"}} {
		for j, cell := range row {
			page = append(page, formattest.Line{Text: cell, X: 80 + float64(j)*160, Y: 100 + float64(i)*30, Size: 14})
		}
	}
	f := readPaged(t, "a.pdf", formattest.PDF([][]formattest.Line{page}))
	var got []string
	for _, b := range f.Blocks {
		got = append(got, b.Kind+" "+b.Text)
	}
	want := []string{"row 部门 | 事项 | 时限", "row 部门：市财政局；事项：预算审核；时限：5个工作日", "row 部门：市民政局；事项：社会救助审批；时限：20个工作日"}
	if !slices.Equal(want, got) {
		t.Errorf("want %q, got %q", want, got)
	}
}
