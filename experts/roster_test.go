package experts_test

import (
	"slices"
	"strings"
	"testing"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/advice"
	"advisor/experts"
	"advisor/experts/sheet"
)

func (d *desk) submitted(question string) experts.View {
	d.t.Helper()
	return d.ok(d.Submit(d.t.Context(), d.asker, d.draft(body(question), advice.Drafted)))
}

func seatedLogins(v experts.View) (logins []string) {
	for _, m := range v.Panel {
		logins = append(logins, m.Expert)
	}
	return logins
}

func TestDrawnByLot(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	p := experts.Presets()[1].Policy
	p.Draw = true
	if err := d.SetPolicy(ctx, d.chair, p); err != nil {
		t.Fatal(err)
	}
	v := d.submitted("由谁论证？")
	_, err := d.Route(ctx, d.secretary, v.ReviewID, nil)
	d.refused("draw-first", err)
	_, err = d.Route(ctx, d.secretary, v.ReviewID, []string{"expert1", "expert2", "expert3"})
	d.refused("draw-first", err)
	_, err = d.FreezeDraw(ctx, d.secretary, v.ReviewID)
	d.refused("draw-order", err)
	office, err := d.SealDraw(ctx, d.secretary, v.ReviewID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.SealDraw(ctx, d.chair, v.ReviewID) // the office has one voice
	d.refused("draw-order", err)
	_, err = d.SealDraw(ctx, d.members[0], v.ReviewID)
	d.refused("not-allowed", err)
	asker, err := d.SealDraw(ctx, d.asker, v.ReviewID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.OpenDraw(ctx, d.asker, v.ReviewID, asker) // not before the pool is frozen
	d.refused("draw-order", err)
	d.ok(d.FreezeDraw(ctx, d.secretary, v.ReviewID))
	_, err = d.OpenDraw(ctx, d.asker, v.ReviewID, office)
	d.refused("draw-secret", err)
	d.ok(d.OpenDraw(ctx, d.asker, v.ReviewID, asker))
	_, err = d.Route(ctx, d.secretary, v.ReviewID, nil)
	d.refused("draw-first", err)
	d.ok(d.OpenDraw(ctx, d.secretary, v.ReviewID, office))
	v = d.ok(d.Route(ctx, d.secretary, v.ReviewID, nil))
	r, err := d.Drawn(ctx, d.asker, v.ReviewID)
	if err != nil || len(r.Panel) != 3 {
		t.Fatalf("want a record of the draw, got %+v, %v", r, err)
	}
	for _, m := range d.members {
		if slices.Contains(r.Panel, m.ID) != slices.Contains(seatedLogins(v), m.Login) {
			t.Errorf("the panel is not the one drawn: %v, %v", r.Panel, seatedLogins(v))
		}
	}
	if err := experts.VerifyDraw(r); err != nil {
		t.Errorf("want the draw verified, got %v", err)
	}
	for name, change := range map[string]func(*experts.DrawRecord){
		"another pool":   func(r *experts.DrawRecord) { r.Pool = r.Pool[1:] },
		"another secret": func(r *experts.DrawRecord) { r.Secrets = []string{r.Secrets[0], "x"} },
		"another panel":  func(r *experts.DrawRecord) { r.Panel = []int64{r.Panel[1], r.Panel[0], r.Panel[2]} },
		"one side only":  func(r *experts.DrawRecord) { r.Commitments, r.Secrets = r.Commitments[:1], r.Secrets[:1] },
	} {
		changed := r
		change(&changed)
		if experts.VerifyDraw(changed) == nil {
			t.Errorf("%s: want it found", name)
		}
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}

func TestKnownInterestsAndLoadDecideWhoIsAsked(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	add := func(i experts.Interest) {
		t.Helper()
		if _, err := d.AddInterest(ctx, d.secretary, i); err != nil {
			t.Fatal(err)
		}
	}
	add(experts.Interest{Expert: "expert1", Kind: "project", About: "统一平台", What: "承建单位顾问"})
	add(experts.Interest{Expert: "expert2", Kind: "kin", With: "wangmin", What: "亲属"})
	add(experts.Interest{Expert: "expert3", Kind: "cowork", With: "wangmin", What: "曾共事", Until: "2020-01-01"}) // long past
	v := d.submitted("统一平台可否续建？")
	v = d.ok(d.Route(ctx, d.secretary, v.ReviewID, nil))
	if got := seatedLogins(v); slices.Contains(got, "expert1") || slices.Contains(got, "expert2") || len(got) != 3 {
		t.Errorf("want those without a known interest seated, got %v", got)
	}
	if list, err := d.Interests(ctx, d.members[2], ""); err != nil || len(list) != 1 {
		t.Errorf("want an expert to see the own interests only, got %+v, %v", list, err)
	}
	// Another matter: the three have one review each in hand, so the others come first.
	v = d.submitted("另一事项？")
	p, err := d.Propose(ctx, d.secretary, v.ReviewID)
	if err != nil || len(p.Barred) == 0 || !slices.ContainsFunc(p.Barred, func(x experts.Proposed) bool { return x.Expert == "expert2" && strings.Contains(x.Why, "亲属") }) {
		t.Fatalf("want the barred named with the reason, got %+v, %v", p, err)
	}
	if !slices.ContainsFunc(p.Seats, func(x experts.Proposed) bool { return x.Expert == "expert1" }) {
		t.Errorf("want the one with nothing in hand asked, got %+v", p.Seats)
	}
	// What cannot be met is named.
	strict := v.Policy
	strict.Domains = []string{"气象"}
	if err := d.SetPolicy(ctx, d.chair, strict); err != nil {
		t.Fatal(err)
	}
	v = d.submitted("气象灾害预警如何发布？")
	_, err = d.Route(ctx, d.secretary, v.ReviewID, nil)
	d.refused("panel-unmet", err)
	if p, err := d.Propose(ctx, d.secretary, v.ReviewID); err != nil || len(p.Unmet) != 1 || !strings.Contains(p.Unmet[0], "气象") {
		t.Errorf("want the one rule that cannot be met named, got %+v, %v", p, err)
	}
}

func TestCommitteesByOrgan(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	if err := d.SetCommittee(ctx, d.secretary, experts.Committee{Name: "市专委会", Tier: 1}); err != nil {
		t.Fatal(err)
	}
	department := d.asker.Department
	if err := d.SetCommittee(ctx, d.secretary, experts.Committee{Name: "本局专委会", Organ: "本局", Departments: []string{department}, Tier: 0}); err != nil {
		t.Fatal(err)
	}
	list, err := d.Committees(ctx, d.asker)
	if err != nil || len(list) != 2 || list[0].Name != "市专委会" {
		t.Fatalf("want two committees, got %+v, %v", list, err)
	}
	own := experts.Presets()[0].Policy
	own.Committee, own.Name = list[1].ID, "本局规则"
	if err := d.SetPolicy(ctx, d.secretary, own); err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddExpert(ctx, d.secretary, experts.Expert{Login: "expert4", Kind: "lawyer", Committees: []int64{list[1].ID}}); err != nil {
		t.Fatal(err)
	}
	for _, login := range []string{"expert1", "expert2", "expert3", "expert5"} {
		if _, err := d.AddExpert(ctx, d.secretary, experts.Expert{Login: login, Kind: "vertical", Committees: []int64{list[0].ID}}); err != nil {
			t.Fatal(err)
		}
	}
	v := d.submitted("本局事项？")
	v = d.ok(d.Route(ctx, d.secretary, v.ReviewID, nil))
	if v.Tier != 0 || v.Policy.Name != "本局规则" || len(v.Panel) != 1 || v.Panel[0].Expert != "expert4" {
		t.Errorf("want the organ's own committee, policy and expert, got tier %d, %s, %v", v.Tier, v.Policy.Name, seatedLogins(v))
	}
}

func TestInvitation(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	offer := experts.Expert{Login: "stranger", Kind: "university", Organisation: "东岭大学", Domains: []string{"数据"}, Until: "2027-12-31"}
	d.refused("not-allowed", d.Invite(ctx, d.asker, offer, ""))
	if err := d.Invite(ctx, d.secretary, offer, "聘期两年"); err != nil {
		t.Fatal(err)
	}
	d.refused("no-invitation", d.AnswerInvitation(ctx, d.members[0], true))
	if err := d.AnswerInvitation(ctx, d.stranger, true); err != nil {
		t.Fatal(err)
	}
	list, err := d.Experts(ctx, d.secretary)
	if err != nil || len(list) != 6 || list[0].Login != "stranger" && !slices.ContainsFunc(list, func(e experts.Expert) bool { return e.Login == "stranger" && e.Until == "2027-12-31" && e.Active }) {
		t.Errorf("want the invited on the roster, got %+v, %v", list, err)
	}
	d.refused("not-allowed", d.LeaveRoster(ctx, d.asker, "stranger", "x"))
	if err := d.LeaveRoster(ctx, d.secretary, "stranger", "考核不合格"); err != nil {
		t.Fatal(err)
	}
	notes, err := d.Notes(ctx, d.stranger, "stranger")
	if err != nil || len(notes) != 1 || notes[0].Kind != "exit" {
		t.Errorf("want the exit in the record, got %+v, %v", notes, err)
	}
}

func TestOnePersonTwoAccounts(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	v := d.declared() // expert1, expert2, expert3
	v = d.votes(v, 1, d.members[:3]...)
	if v.Tally.Ballots != 3 {
		t.Fatalf("want three ballots, got %+v", v.Tally)
	}
	if err := d.MergeAccounts(ctx, d.secretary, "expert2", "expert1"); err != nil {
		t.Fatal(err)
	}
	if v = d.ok(d.Show(ctx, d.secretary, v.ReviewID)); v.Tally.Ballots != 2 {
		t.Errorf("want one ballot of one person counted, got %+v", v.Tally)
	}
	_, err := d.Close(ctx, d.chair, v.ReviewID)
	d.refused("policy-unmet", err) // two are no panel of three
	second := accountstest.Make(t, accounts.New(d.db, d.now), "wangmin2", accounts.Expert)
	if _, err := d.AddExpert(ctx, d.secretary, experts.Expert{Login: "wangmin2", Kind: "lawyer"}); err != nil {
		t.Fatal(err)
	}
	if err := d.MergeAccounts(ctx, d.secretary, second.Login, "wangmin"); err != nil {
		t.Fatal(err)
	}
	v = d.submitted("自己的问题？")
	_, err = d.Route(ctx, d.secretary, v.ReviewID, []string{"wangmin2", "expert4", "expert5"})
	d.refused("asker-on-panel", err)
}

func TestRosterBySpreadsheet(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	file, err := d.ExportRoster(ctx, d.secretary)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := sheet.Read(file)
	if err != nil || len(rows) != 6 || rows[1][0] != "expert1" {
		t.Fatalf("want five experts in the sheet, got %v, %v", rows, err)
	}
	rows[1][5], rows[1][8], rows[1][6] = "气象、数据", "2", "2026-01-01"
	rows[2][10] = "否"
	rows = append(rows, []string{"stranger", "", "高校院所", "东岭大学", "教授", "法制", "", "", "", "是", "是"})
	changed, err := sheet.Write("专家名册", rows)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := d.ImportRoster(ctx, d.secretary, changed, true); err != nil || r.Added != 1 || r.Changed != 4 || r.Left != 1 {
		t.Errorf("preview: want 1 added, 4 changed, 1 left, got %+v, %v", r, err)
	}
	r, err := d.ImportRoster(ctx, d.secretary, changed, false)
	if err != nil || r.Added != 1 || len(r.Wrong) != 0 {
		t.Fatalf("want it taken over, got %+v, %v", r, err)
	}
	list, err := d.Experts(ctx, d.secretary)
	if err != nil || len(list) != 6 {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Login == "expert1" && (e.MaxLoad != 2 || !slices.Equal(e.Domains, []string{"气象", "数据"})) || e.Login == "expert2" && e.Active || e.Login == "stranger" && !e.Dissent {
			t.Errorf("not taken over: %+v", e)
		}
	}
	rows = append(rows, []string{"nobody", "", "律师"}, []string{"expert3", "", "律师"})
	wrong, err := sheet.Write("专家名册", rows)
	if err != nil {
		t.Fatal(err)
	}
	rows[1][5] = "改"
	r, err = d.ImportRoster(ctx, d.secretary, wrong, false)
	if err != nil || len(r.Wrong) != 1 || !strings.Contains(r.Wrong[0], "重复") {
		t.Errorf("want the double line named, got %+v, %v", r, err)
	}
	wrong, _ = sheet.Write("专家名册", [][]string{{"账号", "来源"}, {"nobody", "律师"}, {"expert1", "律师"}})
	r, err = d.ImportRoster(ctx, d.secretary, wrong, false)
	if err != nil || len(r.Wrong) != 1 || !strings.Contains(r.Wrong[0], "nobody") {
		t.Errorf("want the unknown account named and nothing taken, got %+v, %v", r, err)
	}
	_, err = d.ExportRoster(ctx, d.asker)
	d.refused("not-allowed", err)
	if verified := d.verify(); !verified.OK {
		t.Errorf("want log and tables to agree, got %+v", verified.Problems)
	}
}

func TestPolicyDryRun(t *testing.T) {
	d := newDesk(t)
	v := d.declared()
	v = d.votes(v, 1, d.members[0], d.members[1])
	v = d.votes(v, 0, d.members[2])
	d.ok(d.Close(t.Context(), d.chair, v.ReviewID))
	strict := v.Policy
	strict.Panel, strict.Quorum, strict.Approvals = 5, 3, 3
	trials, err := d.TryPolicy(t.Context(), d.secretary, strict, 10)
	if err != nil || len(trials) != 1 || !trials[0].Was || trials[0].Would || len(trials[0].Lack) == 0 {
		t.Errorf("want the past review to fail under the stricter policy, got %+v, %v", trials, err)
	}
	if now := d.ok(d.Show(t.Context(), d.secretary, v.ReviewID)); now.Policy.Panel != 3 || now.State != experts.Approved {
		t.Error("a dry run changed the review")
	}
}
