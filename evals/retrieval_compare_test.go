package evals

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func run(values ...float64) (r Run) {
	for i, v := range values {
		r.Questions = append(r.Questions, Outcome{ID: string(rune('a' + i)), Question: "问题", NDCG10: v, Recall10: v, Want: map[string]int{"d1": 3}})
	}
	return r
}

func TestCompare(t *testing.T) {
	base := make([]float64, 40)
	better, mixed := make([]float64, 40), make([]float64, 40)
	for i := range base {
		base[i] = float64(i%5) / 10
		better[i] = base[i] + 0.1
		mixed[i] = base[i] + 0.1*float64(1-2*(i%2))
	}
	for _, c := range []struct {
		name        string
		a, b        []float64
		significant bool
		lost, won   int
	}{
		{"the same", base, base, false, 0, 0},
		{"each a little better", base, better, true, 0, 20},
		{"as many up as down", base, mixed, false, 20, 20},
	} {
		got := Compare(run(c.a...), run(c.b...))
		d := got.Differences[0]
		if got.Questions != 40 || (d.P < 0.05) != c.significant || len(got.Lost) != c.lost || len(got.Won) != c.won {
			t.Errorf("%s: got p=%v, %d lost, %d won", c.name, d.P, len(got.Lost), len(got.Won))
		}
		if d.Low > d.B-d.A+1e-9 || d.High < d.B-d.A-1e-9 {
			t.Errorf("%s: want the difference %v inside its interval, got %v to %v", c.name, d.B-d.A, d.Low, d.High)
		}
	}
}

// The interval must hold the true mean about 95 times in a hundred; here the values' own.
func TestIntervalIsNarrowWithMoreQuestions(t *testing.T) {
	width := func(n int) float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = float64(i % 2)
		}
		low, high := interval(v)
		return high - low
	}
	if few, many := width(20), width(500); many >= few/2 || many < 0.05 || few > 0.6 {
		t.Errorf("want an interval that narrows with the root of the questions, got %v and %v", few, many)
	}
}

func TestRunIsKeptAndShown(t *testing.T) {
	dir := t.TempDir()
	r := run(0.2, 1)
	r.Report = Report{Dataset: "stard", Mode: "hybrid", Queries: 2}
	r.Questions[0].Question = "<script>alert(1)</script>"
	file, page := filepath.Join(dir, "run.jsonl"), filepath.Join(dir, "run.html")
	if err := r.Write(file); err != nil {
		t.Fatal(err)
	}
	back, err := ReadRun(file)
	if err != nil || len(back.Questions) != 2 || back.Report.Dataset != "stard" || back.Questions[0].Want["d1"] != 3 {
		t.Errorf("want the run back as it was, got %+v, %v", back, err)
	}
	if err := r.WriteHTML(page); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if html := string(b); strings.Contains(html, "<script>") || !strings.Contains(html, "第 3 位") || !strings.Contains(html, "stard") {
		t.Error("want an escaped page that says where the wanted document came")
	}
	if _, err := ReadRun(page); err == nil {
		t.Error("want a page refused as a run")
	}
}
