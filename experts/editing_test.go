package experts_test

import (
	"slices"
	"testing"

	"advisor/advice"
	"advisor/experts"
)

// threeClaims is a text with claims that can be edited one by one.
func threeClaims() advice.Body {
	b := body("能否共享公共数据？")
	for _, text := range []string{"数据提供部门应当在五个工作日内答复。", "逾期不答复的，由主管部门督办。"} {
		c := b.Claims[0]
		c.Text = text
		c.Citations = slices.Clone(c.Citations)
		c.Citations[0].Quote = text
		b.Claims = append(b.Claims, c)
	}
	return b
}

func (d *desk) reviewOf(b advice.Body) experts.View {
	d.t.Helper()
	v, err := d.Submit(d.t.Context(), d.asker, d.draft(b, advice.Drafted))
	if err != nil {
		d.t.Fatalf("submit: %v", err)
	}
	v = d.ok(d.Route(d.t.Context(), d.secretary, v.ReviewID, []string{"expert1", "expert2", "expert3"}))
	for _, e := range d.members[:3] {
		v = d.ok(d.Declare(d.t.Context(), e, v.ReviewID, "none"))
	}
	return v
}

// changed is a copy of a text with its nth claim rewritten.
func changed(b advice.Body, n int, text string) advice.Body {
	b.Claims = slices.Clone(b.Claims)
	b.Claims[n-1].Text = text
	return b
}

func (d *desk) remark(v experts.View, claim, score int, by int) {
	d.t.Helper()
	d.ok(d.Vote(d.t.Context(), d.members[by-1], v.ReviewID, experts.Ballot{Hash: v.Hash, Score: score, Reason: "unclear", Claim: &claim}))
}

func TestAnEditOfTheFormKeepsEveryVote(t *testing.T) {
	d := newDesk(t)
	v := d.reviewOf(threeClaims())
	d.remark(v, 2, -1, 1)
	d.votes(v, 2, d.members[0], d.members[1])
	v = d.ok(d.Show(t.Context(), d.members[2], v.ReviewID))
	if v.Tally != nil {
		t.Fatal("the third member sees a count before voting")
	}
	tidy := changed(*v.Draft, 2, "数据提供部门 应当在五个工作日内答复。 ")
	v = d.ok(d.Edit(t.Context(), d.members[2], v.ReviewID, v.Hash, tidy, "去掉多余空格"))
	if v.State != experts.Deliberating && v.State != experts.Round1 || v.Round != 1 || v.Revision != 2 {
		t.Fatalf("want round 1 to go on with revision 2, got %s, round %d, revision %d", v.State, v.Round, v.Revision)
	}
	v = d.ok(d.Show(t.Context(), d.secretary, v.ReviewID))
	if v.Tally == nil || v.Tally.For != 2 {
		t.Fatalf("want both votes standing, got %+v", v.Tally)
	}
	_, err := d.Vote(t.Context(), d.members[2], v.ReviewID, experts.Ballot{Hash: v.Hash, Score: 2})
	d.refused("own-edit", err)
	_, err = d.Vote(t.Context(), d.members[0], v.ReviewID, experts.Ballot{Hash: v.Hash, Score: -2, Reason: "unclear"})
	if err == nil {
		t.Error("a member whose vote was carried over voted again")
	}
	if n := d.count(`select count(*) from ballot where carried_from is not null`); n != 3 {
		t.Errorf("want two votes and a remark carried over, got %d", n)
	}
	v = d.ok(d.Close(t.Context(), d.chair, v.ReviewID))
	if _, err := d.Apply(t.Context(), d.decider, v.ReviewID, v.Hash); err != nil {
		t.Fatalf("apply: %v", err)
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want the log to know the carried ballots, got %+v", r.Problems)
	}
}

// After an edit of substance exactly the votes stand that depended on nothing that changed.
func TestAnEditOutdatesExactlyWhatDependedOnIt(t *testing.T) {
	d := newDesk(t)
	v := d.reviewOf(threeClaims())
	d.remark(v, 1, 1, 1)
	d.remark(v, 2, -1, 1)
	d.remark(v, 3, 2, 2)
	d.votes(v, 1, d.members[0], d.members[1])
	v = d.ok(d.Show(t.Context(), d.members[2], v.ReviewID))
	now := changed(*v.Draft, 2, "数据提供部门应当在十个工作日内答复。")
	now.Claims = now.Claims[1:] // the first goes, so the third moves up
	v = d.ok(d.Edit(t.Context(), d.members[2], v.ReviewID, v.Hash, now, "期限有误"))
	if v.State != experts.Round2 || v.Round != 2 {
		t.Fatalf("want a second round, got %s %d", v.State, v.Round)
	}
	type kept struct {
		Account int64
		Claim   int
		Score   int
	}
	var got []kept
	pool, _ := d.db.Owner(t.Context())
	rows, err := pool.Query(t.Context(), `select account_id, coalesce(claim, 0), score from ballot where hash = $1`, v.Hash)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var k kept
		if err := rows.Scan(&k.Account, &k.Claim, &k.Score); err != nil {
			t.Fatal(err)
		}
		got = append(got, k)
	}
	if want := []kept{{d.members[1].ID, 2, 2}}; !slices.Equal(got, want) {
		t.Errorf("want only the remark on the untouched claim, under its new number: %v, got %v", want, got)
	}
	for _, e := range d.members[:2] {
		if v := d.ok(d.Show(t.Context(), e, v.ReviewID)); v.Turn != experts.Vote {
			t.Errorf("want %s asked to vote again, got %q", e.Login, v.Turn)
		}
	}
}

func TestTwoEditsAtOnce(t *testing.T) {
	d := newDesk(t)
	v := d.reviewOf(threeClaims())
	v = d.ok(d.Show(t.Context(), d.members[0], v.ReviewID))
	first, base := v.Hash, *v.Draft
	d.ok(d.Edit(t.Context(), d.members[0], v.ReviewID, first, changed(base, 1, "公共数据应当依法共享。"), ""))
	mine := changed(base, 3, "逾期不答复的，由市大数据中心督办。")
	_, err := d.Edit(t.Context(), d.members[1], v.ReviewID, first, mine, "")
	d.refused("stale-hash", err)
	v = d.ok(d.Merge(t.Context(), d.members[1], v.ReviewID, first, mine, "写明督办单位"))
	if v.Draft.Claims[2].Text != mine.Claims[2].Text {
		t.Errorf("want both changes in the text, got %+v", v.Draft.Claims)
	}
	_, err = d.Merge(t.Context(), d.members[2], v.ReviewID, first, changed(base, 3, "逾期不答复的，视为同意。"), "")
	d.refused("edit-conflict", err)
	if r := d.verify(); !r.OK {
		t.Errorf("log and tables differ: %+v", r.Problems)
	}
}
