package experts_test

import (
	"strings"
	"testing"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/advice"
	"advisor/experts"
)

// major is a desk whose reviews are major decisions, with a legal officer.
func newMajor(t testing.TB) (d *desk, legal accounts.Account) {
	d = newDesk(t)
	legal = accountstest.Make(t, accounts.New(d.db, d.now), "legal", accounts.Legal)
	p := experts.Presets()[2].Policy
	p.Dissent = false
	if err := d.SetPolicy(t.Context(), d.chair, p); err != nil {
		t.Fatal(err)
	}
	if err := d.SetCommittee(t.Context(), d.secretary, experts.Committee{Name: "云川市专家顾问委员会", Tier: 2}); err != nil {
		t.Fatal(err)
	}
	return d, legal
}

func marks(n int) *experts.Marks {
	return &experts.Marks{Necessity: n, Feasibility: n, Soundness: n}
}

func (d *desk) rated(v experts.View, n int, by ...accounts.Account) experts.View {
	d.t.Helper()
	for _, e := range by {
		v = d.ok(d.Vote(d.t.Context(), e, v.ReviewID, experts.Ballot{Hash: v.Hash, Score: (n - 5) / 2, Reason: "unclear", Text: "理由", Marks: marks(n)}))
	}
	return v
}

// approvedMajor is a major decision that its panel approved.
func (d *desk) approvedMajor() experts.View {
	d.t.Helper()
	ctx := d.t.Context()
	v := d.ok(d.Submit(ctx, d.asker, d.draft(body("是否建设统一数据平台？"), advice.Drafted)))
	v = d.ok(d.Route(ctx, d.secretary, v.ReviewID, nil))
	for _, e := range d.members {
		v = d.ok(d.Declare(ctx, e, v.ReviewID, "none"))
	}
	v = d.rated(v, 8, d.members...)
	return d.ok(d.Close(ctx, d.chair, v.ReviewID))
}

func (d *desk) labelled(v experts.View) experts.View {
	d.t.Helper()
	for _, m := range []experts.Mark{
		{Kind: experts.Public, Result: "done", Text: "政府网站公开征求意见", From: "2026-01-20", Until: "2026-02-25"},
		{Kind: experts.Risk, Result: "medium", Text: "风险点两处，措施与预案见报告"},
		{Kind: experts.Fair, Result: "passed", Text: "未发现排除、限制竞争的内容"},
	} {
		v = d.ok(d.Label(d.t.Context(), d.secretary, v.ReviewID, m))
	}
	return v
}

func finding(v experts.View, result experts.Finding) experts.Mark {
	return experts.Mark{Hash: v.Hash, Result: string(result), Text: "审查意见", Power: "符合法定权限", Process: "程序齐备", Content: "内容合法"}
}

func meeting(v experts.View, against ...string) experts.Meeting {
	m := experts.Meeting{Hash: v.Hash, Kind: "市政府常务会议", Date: "2026-03-20", Place: "第一会议室", Record: "承办单位汇报后讨论"}
	for _, name := range []string{"甲副市长", "乙副市长", "丙副市长", "丁秘书长"} {
		a := experts.Attendee{Name: name, Post: "组成人员", View: "for"}
		for _, x := range against {
			if x == name {
				a.View, a.Said = "against", "投入过大，我不同意现在上马"
			}
		}
		m.Members = append(m.Members, a)
	}
	m.Members = append(m.Members, experts.Attendee{Name: "市长", Post: "市长", Head: true, View: "for"})
	return m
}

func TestMajorDecision(t *testing.T) {
	d, legal := newMajor(t)
	ctx := t.Context()
	v := d.approvedMajor()
	if v.State != experts.Approved || v.Tier != 2 {
		t.Fatalf("want a major decision approved by its panel, got %s, tier %d", v.State, v.Tier)
	}
	_, err := d.Apply(ctx, d.decider, v.ReviewID, v.Hash)
	d.refused("not-decided", err)
	_, err = d.Refer(ctx, d.secretary, v.ReviewID, v.Hash, 0, "")
	d.refused("not-ready", err)

	label := func(m experts.Mark) error { _, err := d.Label(ctx, d.secretary, v.ReviewID, m); return err }
	d.refused("shortened", label(experts.Mark{Kind: experts.Public, Result: "done", Text: "公示", From: "2026-02-01", Until: "2026-02-20"}))
	d.refused("bad-period", label(experts.Mark{Kind: experts.Public, Result: "done", Text: "公示", From: "2026-02-01", Until: "2026-01-01"}))
	d.refused("shortened", label(experts.Mark{Kind: experts.Hearing, Result: "done", Text: "听证", From: "2026-02-01", Until: "2026-02-05"}))
	d.refused("bad-label", label(experts.Mark{Kind: experts.Lawful, Result: "cleared", Text: "合法"}))
	d.refused("bad-label", label(experts.Mark{Kind: experts.Risk, Result: "cleared", Text: "x"}))
	v = d.labelled(v)
	v = d.ok(d.Comment(ctx, d.secretary, v.ReviewID, "某企业", "建议分期建设"))
	_, err = d.Refer(ctx, d.secretary, v.ReviewID, v.Hash, 0, "")
	d.refused("not-ready", err)
	v = d.ok(d.AnswerComment(ctx, d.secretary, v.ReviewID, 1, experts.PartAdopt, "列入二期"))
	_, err = d.Refer(ctx, d.secretary, v.ReviewID, v.Hash, 3, "")
	d.refused("shortened", err)
	v = d.ok(d.Refer(ctx, d.secretary, v.ReviewID, v.Hash, 0, ""))
	if v.State != experts.Legality || v.Due == nil || v.Due.Format("2006-01-02") != "2026-03-11" {
		t.Fatalf("want it before the legal section with seven working days from 2 March, got %s, %v", v.State, v.Due)
	}

	_, err = d.Find(ctx, d.members[0], v.ReviewID, finding(v, experts.Cleared))
	d.refused("not-allowed", err)
	_, err = d.Find(ctx, d.chair, v.ReviewID, finding(v, experts.Cleared))
	d.refused("not-allowed", err)
	_, err = d.Meet(ctx, d.secretary, v.ReviewID, meeting(v))
	d.refused("not-now", err)
	short := finding(v, experts.Cleared)
	short.Process = ""
	_, err = d.Find(ctx, legal, v.ReviewID, short)
	d.refused("three-questions", err)
	if got := d.ok(d.Show(ctx, legal, v.ReviewID)); got.Draft == nil || got.Turn != experts.Legal {
		t.Errorf("want the legal officer to read the text and be waited for, got %v, turn %q", got.Draft, got.Turn)
	}

	// Sent back: the same text is not approved again, an edit is.
	v = d.ok(d.Find(ctx, legal, v.ReviewID, finding(v, experts.SentBack)))
	if v.State != experts.Deliberating {
		t.Fatalf("want it back with the panel, got %s", v.State)
	}
	_, err = d.Close(ctx, d.chair, v.ReviewID)
	d.refused("policy-unmet", err)
	v = d.ok(d.Show(ctx, d.members[0], v.ReviewID))
	edited := *v.Draft
	edited.Conclusion = "可以建设，须报财政评审"
	v = d.ok(d.Edit(ctx, d.members[0], v.ReviewID, v.Hash, edited, "按审查意见修改"))
	v = d.rated(v, 8, d.members[1:]...)
	v = d.ok(d.Close(ctx, d.chair, v.ReviewID))
	v = d.ok(d.Refer(ctx, d.secretary, v.ReviewID, v.Hash, 0, ""))
	v = d.ok(d.Find(ctx, legal, v.ReviewID, finding(v, experts.ClearedWithRisk)))
	if v.State != experts.Legality {
		t.Fatalf("want it cleared and waiting for the meeting, got %s", v.State)
	}

	bad := func(want string, change func(*experts.Meeting)) {
		t.Helper()
		m := meeting(v, "乙副市长")
		change(&m)
		_, err := d.Meet(ctx, d.secretary, v.ReviewID, m)
		d.refused(want, err)
	}
	bad("bad-meeting", func(m *experts.Meeting) { m.Members[0], m.Members[4] = m.Members[4], m.Members[0] }) // the head spoke first
	bad("bad-meeting", func(m *experts.Meeting) { m.Members[1].Said = "" })
	bad("bad-meeting", func(m *experts.Meeting) {
		m.Members[0].Absent, m.Members[1].Absent, m.Members[2].Absent = true, true, true
	})
	bad("bad-meeting", func(m *experts.Meeting) { m.Members[4].Absent = true })
	bad("bad-meeting", func(m *experts.Meeting) { m.Members[2].View = "" })
	bad("stale-hash", func(m *experts.Meeting) { m.Hash = "sha256:" + strings.Repeat("0", 64) })
	v = d.ok(d.Meet(ctx, d.secretary, v.ReviewID, meeting(v, "甲副市长", "乙副市长", "丙副市长")))
	if v.State != experts.Deliberated {
		t.Fatalf("want the deliberation on record, got %s", v.State)
	}
	_, err = d.Apply(ctx, d.decider, v.ReviewID, v.Hash)
	d.refused("not-decided", err)
	_, err = d.Decide(ctx, d.secretary, v.ReviewID, v.Hash, experts.Adopt, "")
	d.refused("not-allowed", err)
	_, err = d.Decide(ctx, d.decider, v.ReviewID, v.Hash, experts.Adopt, "")
	d.refused("against-majority", err)
	v = d.ok(d.Decide(ctx, d.decider, v.ReviewID, v.Hash, experts.Adopt, "已落实资金来源，分期实施"))
	if v.State != experts.Decided || len(v.Meetings) != 1 || !v.Meetings[0].Against || v.Meetings[0].Members[0].Said == "" {
		t.Fatalf("want it adopted against the majority with the dissent as spoken, got %s, %+v", v.State, v.Meetings)
	}
	if _, err := d.Apply(ctx, d.decider, v.ReviewID, v.Hash); err != nil {
		t.Fatalf("apply: %v", err)
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}

// TestNoStatementSkipsTheLegalSection tries with SQL what the rules would refuse.
func TestNoStatementSkipsTheLegalSection(t *testing.T) {
	d, legal := newMajor(t)
	v := d.labelled(d.approvedMajor())
	pool, err := d.db.Owner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v = d.ok(d.Refer(t.Context(), d.secretary, v.ReviewID, v.Hash, 0, ""))
	for name, sql := range map[string]string{
		"deliberated uncleared": `update review set state = 'deliberated'`,
		"applied at once":       `update review set state = 'applied'`,
		"cleared by the chair":  `insert into review_label (review_id, kind, result, hash, body, salt, set_by, at) select id, 'legality', 'cleared', hash, '{}', '0123456789abcdef', (select id from account where login = 'chair'), now() from review`,
		"another text cleared":  `insert into review_label (review_id, kind, result, hash, body, salt, set_by, at) select id, 'legality', 'cleared', 'sha256:x', '{}', '0123456789abcdef', (select id from account where login = 'legal'), now() from review`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s: the database let it pass", name)
		}
	}
	d.ok(d.Find(t.Context(), legal, v.ReviewID, finding(v, experts.Cleared)))
	for name, sql := range map[string]string{
		"deliberated without a meeting": `update review set state = 'deliberated'`,
		"adopted at once":               `update review set state = 'adopted'`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s: the database let it pass", name)
		}
	}
}

func TestDisagreementIsVotedOnTwice(t *testing.T) {
	d, _ := newMajor(t)
	ctx := t.Context()
	v := d.ok(d.Submit(ctx, d.asker, d.draft(body("是否收费？"), advice.Drafted)))
	v = d.ok(d.Route(ctx, d.secretary, v.ReviewID, nil))
	for _, e := range d.members {
		v = d.ok(d.Declare(ctx, e, v.ReviewID, "none"))
	}
	_, err := d.Vote(ctx, d.members[0], v.ReviewID, experts.Ballot{Hash: v.Hash, Score: 1})
	d.refused("marks-needed", err)
	_, err = d.Vote(ctx, d.members[0], v.ReviewID, experts.Ballot{Hash: v.Hash, Score: 1, Marks: marks(10)})
	d.refused("bad-marks", err)
	v = d.rated(v, 9, d.members[:3]...)
	v = d.rated(v, 3, d.members[3:]...)
	if v.State != experts.Deliberating || v.Tally == nil || !v.Tally.Dispute || !v.Tally.Merit["necessity"].Disagree {
		t.Fatalf("want the disagreement seen, got %s, %+v", v.State, v.Tally)
	}
	_, err = d.Close(ctx, d.chair, v.ReviewID)
	d.refused("policy-unmet", err)
	v = d.ok(d.Again(ctx, d.chair, v.ReviewID))
	if v.State != experts.Round2 || v.Round != 2 || v.Revision != 1 {
		t.Fatalf("want a second round on the same text, got %s, round %d, revision %d", v.State, v.Round, v.Revision)
	}
	for _, e := range d.members {
		if got := d.ok(d.Show(ctx, e, v.ReviewID)); got.Turn != experts.Vote {
			t.Errorf("%s is not asked to vote again", e.Login)
		}
	}
	v = d.rated(v, 9, d.members[:3]...)
	v = d.rated(v, 3, d.members[3:]...)
	_, err = d.Again(ctx, d.chair, v.ReviewID)
	d.refused("no-dispute", err)
	// Twice voted, it may be approved; that it is uncertain stays visible.
	v = d.ok(d.Close(ctx, d.chair, v.ReviewID))
	if v.State != experts.Approved || v.Tally.Merit["soundness"].Outcome != "uncertain" {
		t.Errorf("want it approved and said to be uncertain, got %s, %+v", v.State, v.Tally)
	}
}

func TestDelegation(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	v := d.routed() // expert1 数据, expert2 法制, expert3 数据; free: expert4 法制, expert5 数据
	d.ok(d.Declare(ctx, d.members[0], v.ReviewID, "none"))
	_, err := d.Delegate(ctx, d.members[0], v.ReviewID, "expert2")
	d.refused("already-seated", err)
	_, err = d.Delegate(ctx, d.members[0], v.ReviewID, "expert4")
	d.refused("other-field", err)
	_, err = d.Delegate(ctx, d.members[0], v.ReviewID, "stranger")
	d.refused("not-expert", err)
	v = d.ok(d.Delegate(ctx, d.members[0], v.ReviewID, "expert5"))
	if len(v.Panel) != 4 || v.State != experts.Routed {
		t.Fatalf("want the delegate seated and asked, got %s, %+v", v.State, v.Panel)
	}
	_, err = d.Vote(ctx, d.members[0], v.ReviewID, experts.Ballot{Hash: v.Hash, Score: 1})
	d.refused("delegated", err)
	_, err = d.Vote(ctx, d.members[4], v.ReviewID, experts.Ballot{Hash: v.Hash, Score: 1})
	d.refused("undeclared", err)
	_, err = d.Delegate(ctx, d.members[4], v.ReviewID, "expert4")
	d.refused("one-step", err)
	for _, e := range []accounts.Account{d.members[4], d.members[1], d.members[2]} {
		v = d.ok(d.Declare(ctx, e, v.ReviewID, "none"))
	}
	v = d.votes(v, 1, d.members[4], d.members[1], d.members[2])
	if v = d.ok(d.Close(ctx, d.chair, v.ReviewID)); v.State != experts.Approved || v.Tally.Ballots != 3 {
		t.Errorf("want it approved by three, got %s, %+v", v.State, v.Tally)
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}

func TestTheOfficeFindsAConflict(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	v := d.declared()
	v = d.votes(v, 1, d.members[:3]...)
	_, err := d.Recuse(ctx, d.members[0], v.ReviewID, "expert2", "持股")
	d.refused("not-allowed", err)
	_, err = d.Recuse(ctx, d.secretary, v.ReviewID, "expert2", "")
	d.refused("text-needed", err)
	_, err = d.Recuse(ctx, d.secretary, v.ReviewID, "expert5", "持股")
	d.refused("not-seated", err)
	v = d.ok(d.Close(ctx, d.chair, v.ReviewID))
	if _, err := d.Apply(ctx, d.decider, v.ReviewID, v.Hash); err != nil {
		t.Fatal(err)
	}
	v = d.ok(d.Recuse(ctx, d.secretary, v.ReviewID, "expert2", "查明持有受益企业股份"))
	if v.State != experts.Stale || v.Tally.Ballots != 2 {
		t.Errorf("want the ballot removed and the application flagged, got %s, %+v", v.State, v.Tally)
	}
	if got := d.ok(d.Show(ctx, d.members[1], v.ReviewID)); got.Draft != nil {
		t.Error("a recused member still reads the draft")
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}

func TestEnteredFromPaper(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	v := d.declared()
	b := experts.Ballot{Hash: v.Hash, Score: -2, Reason: "risk", Text: "线下会议发言"}
	_, err := d.Enter(ctx, d.secretary, v.ReviewID, "expert1", b, 0)
	d.refused("paper-needed", err)
	paper, err := d.Attach(ctx, d.secretary, v.ReviewID, "签字意见.pdf", "application/pdf", []byte("%PDF-1.4"))
	if err != nil {
		t.Fatal(err)
	}
	entry, err := d.Enter(ctx, d.secretary, v.ReviewID, "expert1", b, paper)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.ok(d.Show(ctx, d.secretary, v.ReviewID)); got.State != experts.Round1 || len(got.Entries) != 1 {
		t.Fatalf("want it waiting to be confirmed, got %s, %+v", got.State, got.Entries)
	}
	other := d.ok(d.Show(ctx, d.members[1], v.ReviewID))
	if len(other.Entries) != 0 || len(other.History) >= len(d.ok(d.Show(ctx, d.secretary, v.ReviewID)).History) {
		t.Error("a member learns of a ballot entered for another before the own vote")
	}
	_, err = d.Confirm(ctx, d.secretary, v.ReviewID, entry)
	d.refused("own-entry", err)
	_, err = d.Confirm(ctx, d.members[1], v.ReviewID, entry)
	d.refused("no-entry", err)
	d.ok(d.Confirm(ctx, d.chair, v.ReviewID, entry))
	_, err = d.Confirm(ctx, d.chair, v.ReviewID, entry)
	d.refused("no-entry", err)
	_, err = d.Vote(ctx, d.members[0], v.ReviewID, experts.Ballot{Hash: v.Hash, Score: 2})
	d.refused("already-voted", err)
	v = d.votes(v, 1, d.members[1], d.members[2])
	if v.State != experts.Deliberating || len(v.Opinions) != 1 || v.Tally.Against != 1 {
		t.Errorf("want the entered ballot counted and its objection to be answered, got %s, %+v", v.State, v.Tally)
	}
	name, _, bytes, err := d.Paper(ctx, d.secretary, paper)
	if err != nil || name != "签字意见.pdf" || string(bytes) != "%PDF-1.4" {
		t.Errorf("want the original kept, got %q, %v", name, err)
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}
