package experts_test

import (
	"testing"
	"time"

	"advisor/experts"
)

// at is the same desk on another day.
func (d *desk) at(day string) *experts.Desk {
	d.t.Helper()
	now, err := time.Parse("2006-01-02 15:04", day)
	if err != nil {
		d.t.Fatal(err)
	}
	return experts.New(experts.Config{DB: d.db, Check: d.sources, Key: d.key, Now: func() time.Time { return now }})
}

func (d *desk) ticked(day string, want int) {
	d.t.Helper()
	if n, err := d.at(day).Tick(d.t.Context()); err != nil || n != want {
		d.t.Errorf("%s: want the clock to act %d times, got %d, %v", day, want, n, err)
	}
}

func (d *desk) events(review int64, event experts.Event) (n int) {
	return d.count(`select count(*) from review_event where review_id = $1 and event = $2`, review, string(event))
}

// TestOverdueStallsAndNeverApproves: a review with every ballot in favour but one
// missing is reminded of once, then stalls; the office may resume it.
func TestOverdueStallsAndNeverApproves(t *testing.T) {
	d := newDesk(t) // the second of March 2026, a Monday
	v := d.declared()
	v = d.votes(v, 2, d.members[0], d.members[1])
	if v.Due == nil || v.Due.UTC().Format("2006-01-02 15:04") != "2026-03-09 15:59" {
		t.Fatalf("want five working days, until the evening of 9 March, got %v", v.Due)
	}
	d.ticked("2026-03-05 02:00", 0)
	d.ticked("2026-03-06 02:00", 1)
	d.ticked("2026-03-06 02:01", 0) // reminded once
	d.ticked("2026-03-09 15:00", 0)
	d.ticked("2026-03-09 16:01", 1)
	d.ticked("2026-03-10 16:01", 0)
	v = d.ok(d.Show(t.Context(), d.secretary, v.ReviewID))
	if v.State != experts.Stalled || d.events(v.ReviewID, experts.Remind) != 1 || d.events(v.ReviewID, experts.Expire) != 1 {
		t.Fatalf("want it reminded of once and stalled, got %s", v.State)
	}
	v = d.ok(d.Route(t.Context(), d.secretary, v.ReviewID, nil))
	if v.State != experts.Round1 || v.Due == nil {
		t.Errorf("want it resumed with a new clock, got %s, %v", v.State, v.Due)
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}

// TestWhoNeverDeclaresIsReplaced: two of three declare; the third lapses and the
// roster's next is seated by the clock.
func TestWhoNeverDeclaresIsReplaced(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	v := d.routed()
	for _, e := range d.members[:2] {
		v = d.ok(d.Declare(ctx, e, v.ReviewID, "none"))
	}
	d.ticked("2026-03-05 16:01", 1)
	v = d.ok(d.Show(ctx, d.secretary, v.ReviewID))
	if v.State != experts.Routed || len(v.Panel) != 4 || d.events(v.ReviewID, experts.Substitute) != 1 {
		t.Fatalf("want a substitute seated, got %s, %+v", v.State, v.Panel)
	}
	_, err := d.Declare(ctx, d.members[2], v.ReviewID, "none")
	d.refused("lapsed", err)
	for _, m := range d.members[3:] {
		if m.Login == v.Panel[3].Expert {
			v = d.ok(d.Declare(ctx, m, v.ReviewID, "none"))
		}
	}
	if v.State != experts.Round1 {
		t.Errorf("want the round open, got %s", v.State)
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}

// TestNobodyLeftToReplaceStalls: the same with an empty bench.
func TestNobodyLeftToReplaceStalls(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	for _, login := range []string{"expert4", "expert5"} {
		if err := d.RemoveExpert(ctx, d.secretary, login); err != nil {
			t.Fatal(err)
		}
	}
	v := d.routed()
	d.ticked("2026-03-05 16:01", 1)
	if v = d.ok(d.Show(ctx, d.secretary, v.ReviewID)); v.State != experts.Stalled {
		t.Errorf("want it stalled, got %s", v.State)
	}
}
