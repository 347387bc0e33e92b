package experts_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"advisor/advice"
	"advisor/experts"
)

func TestLessonsTellWhatStoodAndWhatWasStruckOut(t *testing.T) {
	d := newDesk(t)
	b := body("能否共享公共数据？")
	b.Claims[0].Citations[0].PassageID = 101
	b.Claims = append(b.Claims, advice.Claim{Text: "不相干的一条。", Support: advice.Quoted, Role: advice.Basis,
		Citations: []advice.Citation{{DocumentID: 1, VersionID: 11, PassageID: 102, Title: "云川市公共数据管理办法", Provision: "第九条", Quote: "不相干的一条。"}}})
	v, err := d.Submit(t.Context(), d.asker, d.draft(b, advice.Drafted))
	v = d.ok(v, err)
	v = d.ok(d.Route(t.Context(), d.secretary, v.ReviewID, []string{"expert1", "expert2", "expert3"}))
	for _, e := range d.members[:3] {
		v = d.ok(d.Declare(t.Context(), e, v.ReviewID, "none"))
	}
	edited := *v.Draft
	edited.Claims = edited.Claims[:1]
	v = d.ok(d.Edit(t.Context(), d.members[2], v.ReviewID, v.Hash, edited, "删去不相干的依据"))
	lessons := func() (out []experts.Lesson) {
		t.Helper()
		err := d.db.Work(t.Context(), func(tx pgx.Tx) (err error) {
			out, err = experts.Lessons(t.Context(), tx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	v = d.votes(v, 1, d.members[:2]...)
	v = d.ok(d.Close(t.Context(), d.chair, v.ReviewID))
	if got := lessons(); len(got) != 0 {
		t.Fatalf("want nothing learned from what was not applied, got %+v", got)
	}
	a, err := d.Apply(t.Context(), d.decider, v.ReviewID, v.Hash)
	if err != nil {
		t.Fatal(err)
	}
	got := lessons()
	if len(got) != 1 || got[0].Application != a.ID || got[0].Question != b.Question || !slices.Equal(got[0].Stood, []int64{101}) || !slices.Equal(got[0].Struck, []int64{102}) {
		t.Fatalf("want 101 let stand and 102 struck out, got %+v", got)
	}
	if _, err := d.Suspend(t.Context(), d.decider, a.ID, "复核"); err != nil {
		t.Fatal(err)
	}
	if got := lessons(); len(got) != 0 {
		t.Fatalf("want nothing learned from what was suspended, got %+v", got)
	}
}
