package evals

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"advisor/accounts"
	"advisor/advice"
	"advisor/internal/db/dbtest"
	"advisor/sample"
	"advisor/segment"
)

// TestGoldenDrafts keeps what the offline drafter makes of the sample city's
// questions: whether it answers, and what it cites first. Whoever changes search,
// ranking or declining refreshes it with -update and reads the difference.
func TestGoldenDrafts(t *testing.T) {
	d := dbtest.New(t)
	index, actor, _ := sampleCityOn(t, d)
	cutter, err := segment.Default()
	if err != nil {
		t.Fatal(err)
	}
	day := func() time.Time { return time.Date(2026, 8, 1, 2, 0, 0, 0, time.UTC) }
	asker := advice.New(d, index, nil, cutter, day, slog.New(slog.DiscardHandler))
	file := filepath.Join(t.TempDir(), "questions.jsonl")
	if err := sample.WriteQuestions(file); err != nil {
		t.Fatal(err)
	}
	questions, err := ReadDraftQuestions(file)
	if err != nil {
		t.Fatal(err)
	}
	run, err := Bench{DB: d, Index: index, Actor: actor}.Drafts(t.Context(), asker, questions, func(string) (accounts.Account, bool) { return actor, false }, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, o := range run.Questions {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", o.ID, o.Status, mark(o.Found || o.Decline && o.Status == advice.Declined), strings.Join(o.Cited[:min(1, len(o.Cited))], ""))
	}
	const golden = "testdata/golden-drafts.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Error(firstDifference(string(want), b.String()))
	}
	r := run.Report
	if r.Questions < 150 || r.ShouldDecline < 40 || r.QuotesExact < 1 || r.NotInForce > 0 || r.Found < 0.9 || r.WronglyDeclined > 0.1 || r.RightlyDeclined < 0.85 {
		t.Errorf("report = %+v", r)
	}
}
