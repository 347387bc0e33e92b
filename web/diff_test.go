package web

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func sides(runs []run) (before, after string) {
	for _, r := range runs {
		if r.Kind != "ins" {
			before += r.Text
		}
		if r.Kind != "del" {
			after += r.Text
		}
	}
	return before, after
}

func runes(s string) []string { return strings.Split(s, "") }

// Whatever the texts, the difference gives back both.
func TestCompareWordsGivesBackBothSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("数据共享应当三七个工作日内。A1")), 0, 60, -1)
		before, after := text.Draw(t, "before"), text.Draw(t, "after")
		gotBefore, gotAfter := sides(compareWords(before, after, runes))
		if gotBefore != before || gotAfter != after {
			t.Fatalf("want %q and %q back, got %q and %q", before, after, gotBefore, gotAfter)
		}
	})
}

func TestScriptIsShortest(t *testing.T) {
	lcs := func(a, b []string) int {
		row := make([]int, len(b)+1)
		for i := range a {
			diag := 0
			for j := range b {
				up := row[j+1]
				if a[i] == b[j] {
					row[j+1] = diag + 1
				} else {
					row[j+1] = max(row[j+1], row[j])
				}
				diag = up
			}
		}
		return row[len(b)]
	}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"甲", "乙", "丙", "丁"}), 0, 40)
		a, b := words.Draw(t, "a"), words.Draw(t, "b")
		same := 0
		for _, s := range script(a, b) {
			if s.kind == "" {
				same++
			}
		}
		if want := lcs(a, b); same != want {
			t.Fatalf("want %d words kept, got %d (%v, %v)", want, same, a, b)
		}
	})
}

func TestCompareFoldsWhatDidNotChange(t *testing.T) {
	before := "结论：可以公示。\n第一条不变。\n第二条不变。\n自收到之日起七个工作日内撤下。"
	after := "结论：不应公示。\n第一条不变。\n第二条不变。\n自收到之日起三个工作日内撤下。"
	parts := compare(before, after, runes)
	if len(parts) != 3 || len(parts[1].Folded) != 2 {
		t.Fatalf("want a change, two folded paragraphs, a change; got %+v", parts)
	}
	want := []run{{"", "自收到之日起"}, {"del", "七"}, {"ins", "三"}, {"", "个工作日内撤下。"}}
	for i, r := range parts[2].Runs {
		if i >= len(want) || r != want[i] {
			t.Errorf("want %v, got %v", want, parts[2].Runs)
			break
		}
	}
}

func TestCompareOfHugeStrangersEnds(t *testing.T) {
	before, after := strings.Repeat("甲乙", 20000), strings.Repeat("丙丁", 20000)
	runs := compareWords(before, after, runes)
	if b, a := sides(runs); b != before || a != after {
		t.Error("want both texts back")
	}
}
