package evals

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/embed/static"
	"advisor/intake"
	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/retrieval"
	"advisor/sample"
	"advisor/segment"
)

var update = flag.Bool("update", false, "write the golden rankings anew")

// shown is how many hits of each question the golden file holds.
const shown = 5

// TestGoldenRankings keeps, for each question of the sample city, what search
// shows first. A change of ranking shows as a difference of this file, which a
// reviewer reads; the sums at its top must not fall unnoticed either.
// Refresh with: go test ./evals -run Golden -update
func TestGoldenRankings(t *testing.T) {
	index, actor, paths := sampleCity(t)
	questions, err := sample.Questions()
	if err != nil {
		t.Fatal(err)
	}
	var body strings.Builder
	var at1, at5, at10, reciprocal float64
	n := 0
	for _, q := range questions {
		if len(q.Expect) == 0 {
			continue
		}
		r, err := index.Search(t.Context(), actor, retrieval.Query{Text: q.Text, On: day(t, q.On)})
		if err != nil {
			t.Fatal(err)
		}
		var ranks []int
		fmt.Fprintf(&body, "\n%s %s\n", q.ID, q.Text)
		for i, h := range r.Hits {
			wanted := expected(q, paths[h.VersionID], h.Provision)
			if wanted {
				ranks = append(ranks, i+1)
			}
			if i < shown {
				fmt.Fprintf(&body, "  %d %s《%s》%s %s\n", i+1, mark(wanted), h.Title, h.Provision, strings.Join(h.Why.Terms[:min(4, len(h.Why.Terms))], " "))
			}
		}
		for _, e := range q.Expect {
			if !among(e, r.Hits, paths) {
				fmt.Fprintf(&body, "  - 未见 %s %s\n", e.Path, e.Label)
			}
		}
		n++
		at1, at5, at10 = at1+within(ranks, 1), at5+within(ranks, 5), at10+within(ranks, 10)
		if len(ranks) > 0 {
			reciprocal += 1 / float64(ranks[0])
		}
	}
	if n == 0 {
		t.Fatal("want questions that expect something")
	}
	f := float64(n)
	got := fmt.Sprintf("%d questions: recall@1 %.3f recall@5 %.3f recall@10 %.3f MRR %.3f (share with a wanted provision)\n%s", n, at1/f, at5/f, at10/f, reciprocal/f, body.String())
	file := filepath.Join("testdata", "golden-rankings.txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("rankings have changed; read the difference after: go test ./evals -run Golden -update\n%s", firstDifference(string(want), got))
	}
}

func mark(wanted bool) string {
	if wanted {
		return "✓ "
	}
	return ""
}

// within is 1 when one of the ranks is at most k.
func within(ranks []int, k int) float64 {
	if len(ranks) > 0 && ranks[0] <= k {
		return 1
	}
	return 0
}

// expected tells whether a hit lies in a provision that the question expects, or holds it.
func expected(q sample.Question, path, label string) bool {
	for _, e := range q.Expect {
		if strings.HasSuffix(path, e.Path) && (strings.HasPrefix(label, e.Label) || label != "" && strings.HasPrefix(e.Label, label)) {
			return true
		}
	}
	return false
}

func among(e sample.Provision, hits []retrieval.Hit, paths map[int64]string) bool {
	for _, h := range hits {
		if expected(sample.Question{Expect: []sample.Provision{e}}, paths[h.VersionID], h.Provision) {
			return true
		}
	}
	return false
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d:\n want %s\n got  %s", i+1, w[i], g[i])
		}
	}
	return fmt.Sprintf("want %d lines, got %d", len(w), len(g))
}

func day(t *testing.T, s string) corpus.Date {
	t.Helper()
	if s == "" {
		return "2026-06-01" // rankings must not change with the calendar
	}
	d, err := corpus.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sampleCity is the sample city's corpus, searchable by an administrator.
func sampleCity(t *testing.T) (*retrieval.Index, accounts.Account, map[int64]string) {
	t.Helper()
	return sampleCityOn(t, dbtest.New(t))
}

func sampleCityOn(t *testing.T, d *db.DB) (*retrieval.Index, accounts.Account, map[int64]string) {
	t.Helper()
	people := accounts.New(d, time.Now)
	actor, err := people.Local(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	office, err := sample.Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range office.Scopes {
		if err := people.AddScope(t.Context(), actor, accounts.Scope{Name: x.Name, Label: x.Label}); err != nil {
			t.Fatal(err)
		}
	}
	cutter, err := segment.Default()
	if err != nil {
		t.Fatal(err)
	}
	model, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	index, err := retrieval.Open(t.Context(), d, model, cutter, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	manifest, err := sample.Unpack(dir)
	if err != nil {
		t.Fatal(err)
	}
	importer := intake.New(d, index, time.Now, nil)
	if _, err := importer.Import(t.Context(), actor, intake.Options{Scope: accounts.PublicScope, Manifest: manifest}); err != nil {
		t.Fatal(err)
	}
	b := Bench{DB: d, Index: index, Importer: importer, Actor: actor}
	paths, err := b.paths(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return index, actor, paths
}
