package experts_test

import (
	"context"
	"slices"
	"testing"

	"advisor/accounts"
	"advisor/advice"
	"advisor/experts"

	"github.com/jackc/pgx/v5"
)

// A seeded error goes through a review like any other, is counted, and is
// applied by nobody.
func TestCalibration(t *testing.T) {
	d := newDesk(t)
	office := d.secretary
	asked := d.asker
	d.asker = office // the item is the office's own draft
	draft := d.draft(threeClaims(), advice.Drafted)
	d.asker = asked
	_, err := d.Calibrate(t.Context(), d.members[0], draft, 2, "number", "x")
	d.refused("not-allowed", err)
	_, err = d.Calibrate(t.Context(), office, draft, 9, "number", "x")
	d.refused("bad-seed", err)
	v := d.ok(d.Calibrate(t.Context(), office, draft, 2, "number", "数据提供部门应当在十五个工作日内答复。"))
	v = d.ok(d.Route(t.Context(), d.chair, v.ReviewID, []string{"expert1", "expert2", "expert3"}))
	for _, e := range d.members[:3] {
		v = d.ok(d.Declare(t.Context(), e, v.ReviewID, "none"))
	}
	if n := d.countAs(d.members[0], `select count(*) from calibration`); n != 0 {
		t.Error("a member of the panel can tell a calibration item")
	}
	d.remark(v, 2, -1, 1) // one sees it
	d.votes(v, 1, d.members[0], d.members[1], d.members[2])
	v = d.ok(d.Close(t.Context(), d.chair, v.ReviewID))
	_, err = d.Apply(t.Context(), d.decider, v.ReviewID, v.Hash)
	d.refused("calibration", err)
	l, err := d.Learned(t.Context(), d.chair)
	if err != nil {
		t.Fatal(err)
	}
	if l.Caught.Hits != 1 || l.Caught.Of != 3 {
		t.Errorf("want one of three to have caught it, got %+v", l.Caught)
	}
	if _, err := d.Learned(t.Context(), d.members[0]); err == nil {
		t.Error("want the figures kept from the members")
	}
	if r := d.verify(); !r.OK {
		t.Errorf("log and tables differ: %+v", r.Problems)
	}
}

func (d *desk) countAs(a accounts.Account, sql string) (n int) {
	d.t.Helper()
	err := d.db.As(d.t.Context(), a.ID, func(tx pgx.Tx) error { return tx.QueryRow(d.t.Context(), sql).Scan(&n) })
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

// What an item measures never serves as an example.
func TestCasesAreEitherExamplesOrEvaluation(t *testing.T) {
	d := newDesk(t)
	for _, q := range []string{"能否共享甲？", "能否共享乙？", "能否共享丙？", "能否共享丁？", "能否共享戊？"} {
		d.applied(q, 11)
	}
	l, err := d.Learned(t.Context(), d.secretary)
	if err != nil {
		t.Fatal(err)
	}
	if l.Cases["evaluation"]+l.Cases["example"] != 5 || l.Cases["evaluation"] == 0 || l.Cases["example"] == 0 {
		t.Errorf("want five cases on the two sides, got %v", l.Cases)
	}
	if len(l.Drafts) == 0 || l.Drafts[0].Approved.Hits != 5 || l.Drafts[0].Unedited.Hits != 5 {
		t.Errorf("want five drafts approved as they were, got %+v", l.Drafts)
	}
	if d.count(`select count(*) from (select application_id from case_use group by application_id having count(*) > 1) x`) != 0 {
		t.Error("a case is on both sides")
	}
}

// What was returned to the machine comes back mended or says that it is not.
type redrafter struct {
	d    *desk
	body advice.Body
	got  advice.Ask
}

func (m *redrafter) Ask(_ context.Context, _ accounts.Account, q advice.Ask, _ func(advice.Event)) (advice.Answer, error) {
	m.got = q
	return advice.Answer{DraftID: m.d.draft(m.body, advice.Drafted), Status: advice.Drafted, Body: m.body}, nil
}

func TestRedraftReportsWhatItObeyed(t *testing.T) {
	d := newDesk(t)
	v := d.reviewOf(threeClaims())
	wrong := 3
	d.ok(d.Vote(t.Context(), d.members[0], v.ReviewID, experts.Ballot{Hash: v.Hash, Score: -1, Reason: "basis-wrong", Text: "引错了条款", Claim: &wrong}))
	unclear := 2
	d.ok(d.Vote(t.Context(), d.members[1], v.ReviewID, experts.Ballot{Hash: v.Hash, Score: -1, Reason: "unclear", Text: "说不清", Claim: &unclear}))
	v = d.ok(d.Return(t.Context(), d.chair, v.ReviewID, "machine", "procedure", "写明办理程序"))
	next := threeClaims()
	next.Claims = slices.Clone(next.Claims)[:2]
	next.Claims[0].Citations[0].Provision, next.Claims[1].Citations[0].Provision = "第九条", "第九条"
	m := &redrafter{d: d, body: next}
	_, err := d.Redraft(t.Context(), d.members[0], v.ReviewID, m)
	d.refused("not-asker", err)
	r, err := d.Redraft(t.Context(), d.asker, v.ReviewID, m)
	if err != nil {
		t.Fatal(err)
	}
	var results []string
	for _, o := range r.Report {
		results = append(results, o.Code+" "+o.Result)
	}
	want := []string{"procedure not", "basis-wrong obeyed", "unclear not"}
	slices.Sort(results)
	slices.Sort(want)
	if !slices.Equal(results, want) {
		t.Errorf("want %v, got %v", want, results)
	}
	if len(m.got.Minding) != 3 {
		t.Errorf("want the reasons handed to the machine, got %+v", m.got.Minding)
	}
	from, again, err := d.RedraftOf(t.Context(), d.asker, r.Answer.DraftID)
	if err != nil || from != v.ReviewID || len(again) != 3 {
		t.Errorf("want the report kept with the draft, got %d, %+v, %v", from, again, err)
	}
}
