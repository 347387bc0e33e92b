package experts

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"advisor/internal/db/dbtest"

	"github.com/jackc/pgx/v5"
)

var update = flag.Bool("update", false, "draw docs/state-machine.md anew")

const drawing = "../docs/state-machine.md"

// TestDrawing keeps the drawing what the table says.
func TestDrawing(t *testing.T) {
	want := drawn()
	if *update {
		if err := os.WriteFile(drawing, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(drawing)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the table of transitions draws; run go test ./experts -run Drawing -update", drawing)
	}
}

func drawn() string {
	var b strings.Builder
	b.WriteString(`# The states of a review

Drawn from the table in ` + "`experts/state.go`" + ` by ` + "`go test ./experts -run Drawing -update`" + `; a test fails when they differ.
Only moves are drawn. What leaves a review where it is (a remark, an answer, a further ballot) is in the table below.

` + "```mermaid" + `
stateDiagram-v2
    [*] --> drafted
`)
	names := map[State]string{}
	for _, t := range transitions {
		names[t.from], names[t.to] = id(t.from), id(t.to)
	}
	for _, s := range slices.Sorted(maps.Keys(names)) {
		if names[s] != string(s) {
			fmt.Fprintf(&b, "    state %q as %s\n", s, names[s])
		}
	}
	edges := map[[2]State][]string{}
	var order [][2]State
	for _, t := range transitions {
		key := [2]State{t.from, t.to}
		if t.from == t.to {
			continue
		}
		if edges[key] == nil {
			order = append(order, key)
		}
		if !slices.Contains(edges[key], string(t.on)) {
			edges[key] = append(edges[key], string(t.on))
		}
	}
	for _, key := range order {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", id(key[0]), id(key[1]), strings.Join(edges[key], ", "))
	}
	for _, s := range slices.Sorted(maps.Keys(names)) {
		if s.Ended() {
			fmt.Fprintf(&b, "    %s --> [*]\n", id(s))
		}
	}
	b.WriteString("```\n\n| state | 中文 | on | if | to |\n|---|---|---|---|---|\n")
	for _, t := range transitions {
		fmt.Fprintf(&b, "| %s | %s | %s (%s) | %s | %s |\n", t.from, Word(t.from), t.on, ActWord(t.on), t.if_.words, t.to)
	}
	b.WriteString(`
Rows of one state and event are tried in order; the first whose condition holds is taken, and when none holds the event is refused.
` + "`declared`" + ` is passed through: that nobody is left to declare opens the round in the same transaction. Were it the first ballot that
opened it, the state would tell the others that a ballot is in. ` + "`expire`" + ` is the clock's; it stalls and never approves.
`)
	return b.String()
}

func id(s State) string { return strings.ReplaceAll(string(s), "-", "_") }

// TestTheTableIsSound checks what must hold of the table itself.
func TestTheTableIsSound(t *testing.T) {
	for _, tr := range transitions {
		approves := tr.to == Approved || tr.to == ApprovedEdited
		if approves && tr.from != tr.to && tr.on != Close {
			t.Errorf("%s approves from %s: only close may", tr.on, tr.from)
		}
		gate := tr.on == Apply && (tr.from == Approved || tr.from == ApprovedEdited || tr.from == Decided)
		back := tr.on == Resume && tr.from == Suspended || tr.on == Reaffirm && tr.from == Stale
		if tr.to == Applied && tr.from != Applied && !gate && !back {
			t.Errorf("%s from %s leads to applied", tr.on, tr.from)
		}
		if tr.on == Expire && tr.to != Stalled {
			t.Errorf("time passing leads from %s to %s", tr.from, tr.to)
		}
		if tr.from.Ended() {
			t.Errorf("%s leads out of %s, which has ended", tr.on, tr.from)
		}
		if Word(tr.from) == "" || Word(tr.to) == "" || ActWord(tr.on) == "" {
			t.Errorf("%s, %s or %s has no Chinese", tr.from, tr.on, tr.to)
		}
	}
	// Tier 2 (invariant 12): no finding, no deliberation; no deliberation, no decision; none of it, no application.
	full := Facts{Panel: true, Declared: true, AllIn: true, Met: true, Major: true, Ready: true, Answered: true, Renewed: true}
	for _, c := range []struct {
		from  State
		on    Event
		facts func(*Facts)
	}{
		{Legality, Meet, func(*Facts) {}},
		{Legality, Meet, func(f *Facts) { f.Finding = SentBack }},
		{Legality, Meet, func(f *Facts) { f.Finding, f.Answered = Cleared, false }},
		{Deliberated, Decide, func(f *Facts) { f.Decision = Adopt }},
		{Decided, Apply, func(f *Facts) { f.Finding = Cleared }},
		{Approved, Apply, func(f *Facts) { f.Finding, f.Decision = Cleared, Adopt }},
		{ApprovedEdited, Apply, func(f *Facts) { f.Finding, f.Decision = Cleared, Adopt }},
		{Approved, Refer, func(f *Facts) { f.Ready = false }},
		{Stale, Reaffirm, func(f *Facts) { f.Renewed = false }},
	} {
		f := full
		c.facts(&f)
		if next, err := Next(c.from, c.on, f); err == nil {
			t.Errorf("%s in %s leads to %s with %+v", c.on, c.from, next, f)
		}
	}
	for _, f := range []Facts{{}, {Panel: true}, {Panel: true, Declared: true, AllIn: true}} {
		for _, s := range []State{Round1, Deliberating, Round2} {
			if next, err := Next(s, Close, f); err == nil {
				t.Errorf("close in %s without the policy met leads to %s", s, next)
			}
		}
	}
}

// TestDatabaseKnowsTheSameSteps compares review_step with the table. States that
// are only passed through do not rest in the database: their steps are joined.
func TestDatabaseKnowsTheSameSteps(t *testing.T) {
	want := map[[2]State]bool{}
	for _, a := range transitions {
		if a.from == a.to || a.from == Drafted || a.from == Declared {
			continue
		}
		if a.to != Declared {
			want[[2]State{a.from, a.to}] = true
			continue
		}
		for _, b := range transitions {
			if b.from == Declared {
				want[[2]State{a.from, b.to}] = true
			}
		}
	}
	d := dbtest.New(t)
	got := map[[2]State]bool{}
	pool, err := d.Owner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := pool.Query(t.Context(), `select from_state, to_state from review_step`)
	if err != nil {
		t.Fatal(err)
	}
	var pair [2]State
	if _, err := pgx.ForEachRow(rows, []any{&pair[0], &pair[1]}, func() error { got[pair] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	for p := range want {
		if !got[p] {
			t.Errorf("the database does not know the step %s → %s", p[0], p[1])
		}
	}
	for p := range got {
		if !want[p] {
			t.Errorf("the database allows the step %s → %s, which is not in the table", p[0], p[1])
		}
	}
}
