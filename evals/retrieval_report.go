package evals

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"slices"
	"strings"
)

//go:embed retrieval_report.html
var reportPage string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"add":     func(a, b int) int { return a + b },
	"join":    strings.Join,
	"score":   func(f float64) string { return fmt.Sprintf("%.3f", f) },
	"missing": func(rank int) bool { return rank == 0 || rank > 10 },
}).Parse(reportPage))

// WriteHTML writes a page of the questions, the worst first: what was wanted
// and where it came, what stood before it, and why that was found.
func (r Run) WriteHTML(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	sorted := slices.Clone(r.Questions)
	slices.SortStableFunc(sorted, func(a, b Outcome) int { return cmp.Compare(a.NDCG10, b.NDCG10) })
	lost := 0
	for _, q := range sorted {
		if q.Recall10 < 1 {
			lost++
		}
	}
	err = reportTemplate.Execute(f, struct {
		Report    Report
		Questions []Outcome
		Lost      int
	}{r.Report, sorted, lost})
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
