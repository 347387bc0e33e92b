package experts_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/advice"
	"advisor/audit"
	"advisor/experts"
	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// sources stands in for the corpus: it knows which versions are repealed and
// takes every quote for true that does not say 伪造.
type sources struct {
	mu       sync.Mutex
	repealed map[int64]bool
}

func (s *sources) repeal(version int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repealed[version] = true
}

func (s *sources) Check(_ context.Context, _ pgx.Tx, b advice.Body) (advice.Body, []advice.Finding, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var findings []advice.Finding
	b.Claims = slices.Clone(b.Claims)
	for i, c := range b.Claims {
		c.Citations = slices.Clone(c.Citations)
		for j := range c.Citations {
			c.Citations[j].Status = "in_force"
			if s.repealed[c.Citations[j].VersionID] {
				c.Citations[j].Status = "repealed"
				findings = append(findings, advice.Finding{Claim: i, Code: "repealed", Text: "已经废止"})
			}
			if strings.Contains(c.Citations[j].Quote, "伪造") {
				findings = append(findings, advice.Finding{Claim: i, Code: "quote-not-in-source", Text: "引文不在原文中"})
			}
		}
		if len(c.Citations) == 0 {
			findings = append(findings, advice.Finding{Claim: i, Code: "uncited", Text: "没有引用依据"})
		}
		b.Claims[i] = c
	}
	return b, findings, nil
}

// desk is a committee of five experts, an office and an asker, on a fresh database.
type desk struct {
	*experts.Desk
	t                                testing.TB
	db                               *db.DB
	key                              *audit.Key
	sources                          *sources
	asker, secretary, chair, decider accounts.Account
	members                          []accounts.Account // e1 … e5
	stranger                         accounts.Account   // an expert's account that is never seated: not on the roster
	now                              func() time.Time
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	var mu sync.Mutex
	clock := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	d := &desk{t: t, db: dbtest.New(t), sources: &sources{repealed: map[int64]bool{}}, now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		clock = clock.Add(time.Second)
		return clock
	}}
	var err error
	if d.key, err = audit.OpenKey(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	store := accounts.New(d.db, d.now)
	d.Desk = experts.New(experts.Config{DB: d.db, Check: d.sources, Key: d.key, Now: d.now})
	d.asker = accountstest.Make(t, store, "wangmin", accounts.Asker)
	d.secretary = accountstest.Make(t, store, "secretary", accounts.Secretary)
	d.chair = accountstest.Make(t, store, "chair", accounts.Chair)
	d.decider = accountstest.Make(t, store, "decider", accounts.Decider)
	d.stranger = accountstest.Make(t, store, "stranger", accounts.Expert)
	for i := range 5 {
		e := accountstest.Make(t, store, fmt.Sprintf("expert%d", i+1), accounts.Expert)
		// The accounts' helper gives everybody one department; experts come from elsewhere.
		d.owner(`update account set department = $2 where id = $1`, e.ID, fmt.Sprintf("外单位%d", i+1))
		e.Department = fmt.Sprintf("外单位%d", i+1)
		_, err := d.AddExpert(t.Context(), d.secretary, experts.Expert{Login: e.Login, Kind: "vertical", Organisation: "东岭省厅", Domains: []string{"数据", "法制"}[i%2 : i%2+1]})
		if err != nil {
			t.Fatalf("add expert: %v", err)
		}
		d.members = append(d.members, e)
	}
	return d
}

func (d *desk) owner(sql string, args ...any) {
	d.t.Helper()
	pool, err := d.db.Owner(d.t.Context())
	if err == nil {
		_, err = pool.Exec(d.t.Context(), sql, args...)
	}
	if err != nil {
		d.t.Fatalf("%s: %v", sql, err)
	}
}

func body(question string) advice.Body {
	return advice.Body{Question: question, Conclusion: "可以共享", Label: advice.Label, Claims: []advice.Claim{
		{Text: "公共数据应当共享。", Support: advice.Quoted, Role: advice.Basis,
			Citations: []advice.Citation{{DocumentID: 1, VersionID: 11, Title: "云川市公共数据管理办法", Provision: "第十条", Quote: "公共数据应当共享。"}}}}}
}

// draft stores a question and the machine's answer to it.
func (d *desk) draft(b advice.Body, status string) (id int64) {
	d.t.Helper()
	err := d.db.As(d.t.Context(), d.asker.ID, func(tx pgx.Tx) error {
		ctx := d.t.Context()
		var conversation, question int64
		if err := tx.QueryRow(ctx, `insert into conversation (account_id, created_at, touched_at) values ($1, now(), now()) returning id`, d.asker.ID).Scan(&conversation); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `insert into question (conversation_id, account_id, text, on_date, asked_at) values ($1, $2, $3, now(), now()) returning id`, conversation, d.asker.ID, b.Question).Scan(&question); err != nil {
			return err
		}
		reason := ""
		if status == advice.Declined {
			reason = "没有依据"
		}
		if err := tx.QueryRow(ctx, `insert into draft (question_id, account_id, scope, status, reason, drafter, created_at) values ($1, $2, 'public', $3, $4, 'extractive', now()) returning id`,
			question, d.asker.ID, status, reason).Scan(&id); err != nil {
			return err
		}
		r, err := advice.AddRevision(ctx, tx, id, advice.NewRevision{Body: b, Author: d.asker.ID, Machine: true, At: d.now()})
		if err != nil {
			return err
		}
		_, err = audit.Append(ctx, tx, d.now(), audit.Leaf{Kind: "draft.created", Actor: d.asker.ID, Subject: audit.Subject("draft", id),
			Data: map[string]any{"hash": r.Hash, "body": r.Digest()}})
		return err
	})
	if err != nil {
		d.t.Fatalf("store a draft: %v", err)
	}
	return id
}

// routed opens a review with e1, e2 and e3 on its panel.
func (d *desk) routed() experts.View {
	d.t.Helper()
	v, err := d.Submit(d.t.Context(), d.asker, d.draft(body("能否共享公共数据？"), advice.Drafted))
	if err != nil {
		d.t.Fatalf("submit: %v", err)
	}
	return d.ok(d.Route(d.t.Context(), d.secretary, v.ReviewID, []string{"expert1", "expert2", "expert3"}))
}

// declared is routed with nothing standing against anybody.
func (d *desk) declared() experts.View {
	d.t.Helper()
	v := d.routed()
	for _, e := range d.members[:3] {
		v = d.ok(d.Declare(d.t.Context(), e, v.ReviewID, "none"))
	}
	return v
}

func (d *desk) ok(v experts.View, err error) experts.View {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("want it done, got %v", err)
	}
	return v
}

func (d *desk) votes(v experts.View, score int, by ...accounts.Account) experts.View {
	d.t.Helper()
	for _, e := range by {
		v = d.ok(d.Vote(d.t.Context(), e, v.ReviewID, experts.Ballot{Hash: v.Hash, Score: score, Reason: "unclear"}))
	}
	return v
}

func (d *desk) refused(want string, err error) {
	d.t.Helper()
	if err == nil {
		d.t.Errorf("want refusal %s, got none", want)
	} else if got := problem.As(err).Code; got != want {
		d.t.Errorf("want refusal %s, got %s: %v", want, got, err)
	}
}

func (d *desk) verify(o ...func(*audit.Options)) audit.Report {
	d.t.Helper()
	pool, err := d.db.Auditor(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	options := audit.Options{Keys: []string{d.key.Public()}, Books: []audit.Books{experts.NewBooks(), experts.NewReplay()}}
	r, err := audit.Verify(d.t.Context(), pool, options)
	if err != nil {
		d.t.Fatalf("verify: %v", err)
	}
	return r
}

func TestStraightLine(t *testing.T) {
	d := newDesk(t)
	v := d.declared()
	if v.State != experts.Round1 {
		t.Fatalf("want the round open when all have declared, got %s", v.State)
	}
	v = d.votes(v, 1, d.members[0])
	edited := *v.Draft
	edited.Conclusion = "可以共享，须先登记"
	v = d.ok(d.Edit(t.Context(), d.members[2], v.ReviewID, v.Hash, edited, "补充登记"))
	if v.State != experts.Round2 || v.Revision != 2 || v.Round != 2 {
		t.Fatalf("want a second round on revision 2, got %s, round %d, revision %d", v.State, v.Round, v.Revision)
	}
	v = d.votes(v, 2, d.members[0], d.members[1])
	v = d.ok(d.Close(t.Context(), d.chair, v.ReviewID))
	if v.State != experts.ApprovedEdited || v.Tally == nil || v.Tally.For != 2 {
		t.Fatalf("want it approved as edited by two, got %s, %+v", v.State, v.Tally)
	}
	a, err := d.Apply(t.Context(), d.decider, v.ReviewID, v.Hash)
	if err != nil {
		t.Fatalf("apply: %v", err)
	}
	file, err := d.Receipt(t.Context(), d.asker, a.ID)
	if err != nil {
		t.Fatalf("receipt: %v", err)
	}
	proved, err := audit.VerifyReceipt(file, d.key.Public())
	if err != nil || proved.Leaf.Kind != "review.apply" || proved.Leaf.Data["hash"] != v.Hash {
		t.Errorf("want a receipt for the applied hash, got %+v, %v", proved, err)
	}
	err = d.db.Work(t.Context(), func(tx pgx.Tx) error {
		p, err := d.Precedent(t.Context(), tx, a.ID)
		if err == nil && (!strings.Contains(p.Text, "须先登记") || p.Header.Kind != "precedent" || p.ImportPath != fmt.Sprintf("precedent/%d", a.ID)) {
			t.Errorf("want the applied text as a precedent, got %+v", p)
		}
		return err
	})
	if err != nil {
		t.Errorf("precedent: %v", err)
	}
	if a, err = d.Suspend(t.Context(), d.decider, a.ID, "上级要求暂停"); err != nil || a.State != "suspended" {
		t.Errorf("want it suspended, got %+v, %v", a, err)
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}

func TestRefusals(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	e := d.members

	declined := d.draft(body("不予作答的问题"), advice.Declined)
	_, err := d.Submit(ctx, d.asker, declined)
	d.refused("declined-draft", err)
	_, err = d.Submit(ctx, d.asker, 9999)
	d.refused("no-draft", err)
	bare := body("没有引用")
	bare.Claims[0].Citations = nil
	_, err = d.Submit(ctx, d.asker, d.draft(bare, advice.Drafted))
	d.refused("not-screened", err)
	d.sources.repeal(99)
	old := body("依据已废止")
	old.Claims[0].Citations[0].VersionID = 99
	_, err = d.Submit(ctx, d.asker, d.draft(old, advice.Drafted))
	d.refused("not-screened", err)

	v := d.routed()
	_, err = d.Submit(ctx, d.asker, v.DraftID)
	d.refused("already-submitted", err)
	_, err = d.Route(ctx, d.asker, v.ReviewID, nil)
	d.refused("not-allowed", err)
	_, err = d.Show(ctx, e[0], 9999)
	d.refused("no-review", err)

	vote := func(by accounts.Account, b experts.Ballot) error {
		_, err := d.Vote(ctx, by, v.ReviewID, b)
		return err
	}
	d.refused("undeclared", vote(e[0], experts.Ballot{Hash: v.Hash, Score: 1}))
	d.refused("not-on-panel", vote(d.stranger, experts.Ballot{Hash: v.Hash, Score: 1}))
	d.ok(d.Declare(ctx, e[0], v.ReviewID, "none"))
	d.ok(d.Declare(ctx, e[1], v.ReviewID, "none"))
	d.ok(d.Declare(ctx, e[2], v.ReviewID, "曾为当事人提供咨询"))
	d.refused("conflict-declared", vote(e[2], experts.Ballot{Hash: v.Hash, Score: 1}))
	_, err = d.Declare(ctx, e[2], v.ReviewID, "none")
	d.refused("conflict-declared", err)
	_, err = d.Edit(ctx, e[2], v.ReviewID, v.Hash, body("能否共享公共数据？"), "")
	d.refused("conflict-declared", err)
	d.refused("bad-score", vote(e[0], experts.Ballot{Hash: v.Hash, Score: 3}))
	d.refused("reason-needed", vote(e[0], experts.Ballot{Hash: v.Hash, Score: -1}))
	d.refused("bad-reason", vote(e[0], experts.Ballot{Hash: v.Hash, Score: -1, Reason: "Not A Code"}))
	d.refused("stale-hash", vote(e[0], experts.Ballot{Hash: "sha256:" + strings.Repeat("0", 64), Score: 1}))

	v = d.ok(d.Show(ctx, e[0], v.ReviewID))
	substitute := v.Panel[3].Expert
	for _, m := range d.members[3:] {
		if m.Login == substitute {
			d.ok(d.Declare(ctx, m, v.ReviewID, "none"))
		}
	}
	edited := *v.Draft
	edited.Conclusion = "可以，须登记"
	was := v.Hash
	_, err = d.Edit(ctx, e[0], v.ReviewID, v.Hash, *v.Draft, "")
	d.refused("nothing-changed", err)
	forged := edited
	forged.Claims = []advice.Claim{{Text: "x", Support: advice.Quoted, Citations: []advice.Citation{{Quote: "伪造"}}}}
	_, err = d.Edit(ctx, e[0], v.ReviewID, v.Hash, forged, "")
	d.refused("bad-citation", err)
	v = d.ok(d.Edit(ctx, e[0], v.ReviewID, v.Hash, edited, "补充"))
	d.refused("own-edit", vote(e[0], experts.Ballot{Hash: v.Hash, Score: 1}))
	err = vote(e[1], experts.Ballot{Hash: was, Score: 1})
	d.refused("stale-hash", err)
	if p := problem.As(err); p.What != "表决没有受理" || p.Now != v.Hash || problem.Exit(err) != 3 || problem.HTTP(err) != 409 {
		t.Errorf("want the present hash named, status 3 and 409, got %q, %d, %d", p.Now, problem.Exit(err), problem.HTTP(err))
	}
	_, err = d.Edit(ctx, e[1], v.ReviewID, was, edited, "")
	d.refused("stale-hash", err)
	d.votes(v, -2, e[1])
	d.refused("already-voted", vote(e[1], experts.Ballot{Hash: v.Hash, Score: 2}))
	_, err = d.Close(ctx, e[1], v.ReviewID)
	d.refused("not-allowed", err)
	_, err = d.Close(ctx, d.chair, v.ReviewID)
	d.refused("policy-unmet", err)
	_, err = d.Apply(ctx, d.decider, v.ReviewID, v.Hash)
	d.refused("not-approved", err)
	_, err = d.Apply(ctx, d.asker, v.ReviewID, v.Hash)
	d.refused("not-allowed", err)
	_, err = d.Withdraw(ctx, e[1], v.ReviewID, "")
	d.refused("not-asker", err)
	_, err = d.Reject(ctx, d.chair, v.ReviewID, "", "")
	d.refused("reason-needed", err)
	_, err = d.Return(ctx, d.chair, v.ReviewID, "nowhere", "unclear", "x")
	d.refused("bad-return", err)
	_, err = d.Dispose(ctx, d.chair, v.ReviewID, 7, experts.Adopted, "x")
	d.refused("no-opinion", err)
	_, err = d.Dispose(ctx, d.chair, v.ReviewID, 1, "maybe", "x")
	d.refused("bad-adoption", err)
	v = d.ok(d.Reject(ctx, d.chair, v.ReviewID, "unclear", "不宜"))
	_, err = d.Submit(ctx, d.asker, v.DraftID)
	d.refused("rejected-before", err)

	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
	d.logged("refused.vote", "stale-hash", "own-edit", "conflict-declared", "not-on-panel", "undeclared", "already-voted")
	d.logged("refused.apply", "not-approved", "not-allowed")
}

// logged insists that refused attempts of a kind stand in the log with these codes.
func (d *desk) logged(kind string, codes ...string) {
	d.t.Helper()
	err := d.db.Read(d.t.Context(), d.secretary.ID, func(tx pgx.Tx) error {
		list, err := audit.Log(d.t.Context(), tx, 0, 10_000)
		for _, code := range codes {
			if !slices.ContainsFunc(list, func(e audit.Entry) bool { return e.Kind == kind && e.Data["code"] == code }) {
				d.t.Errorf("want a leaf %s with code %s", kind, code)
			}
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestStrongObjectionBlocksUntilAnswered(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	v := d.declared()
	d.votes(v, 2, d.members[0], d.members[1])
	v = d.votes(v, -2, d.members[2])
	if v.State != experts.Deliberating || len(v.Opinions) != 1 || !v.Opinions[0].Strong {
		t.Fatalf("want all ballots open and one objection, got %s, %+v", v.State, v.Opinions)
	}
	_, err := d.Close(ctx, d.secretary, v.ReviewID)
	d.refused("policy-unmet", err)
	d.ok(d.Dispose(ctx, d.secretary, v.ReviewID, 1, experts.NotAdopted, "与现行规定不符，理由见附件"))
	_, err = d.Dispose(ctx, d.secretary, v.ReviewID, 1, experts.Adopted, "改主意")
	d.refused("already-disposed", err)
	if v = d.ok(d.Close(ctx, d.secretary, v.ReviewID)); v.State != experts.Approved {
		t.Errorf("want the machine's text approved, got %s", v.State)
	}
}

func TestMaterialOpensOnlyAfterADeclaration(t *testing.T) {
	d := newDesk(t)
	v := d.routed()
	if got := d.ok(d.Show(t.Context(), d.members[0], v.ReviewID)); got.Draft != nil {
		t.Error("an undeclared member reads the draft")
	}
	if got := d.ok(d.Show(t.Context(), d.stranger, v.ReviewID)); got.Draft != nil {
		t.Error("an expert off the panel reads the draft")
	}
	if got := d.ok(d.Declare(t.Context(), d.members[0], v.ReviewID, "none")); got.Draft == nil {
		t.Error("a declared member cannot read the draft")
	}
	got := d.ok(d.Declare(t.Context(), d.members[1], v.ReviewID, "与提问人系亲属"))
	if got.Draft != nil {
		t.Error("a recused member reads the draft")
	}
	if len(got.Panel) != 4 || got.State != experts.Routed {
		t.Errorf("want a substitute seated and the panel still to declare, got %s, %+v", got.State, got.Panel)
	}
}

func TestRecusalWithoutSubstituteStalls(t *testing.T) {
	d := newDesk(t)
	for _, login := range []string{"expert4", "expert5"} {
		if err := d.RemoveExpert(t.Context(), d.secretary, login); err != nil {
			t.Fatal(err)
		}
	}
	v := d.routed()
	v = d.ok(d.Declare(t.Context(), d.members[0], v.ReviewID, "参与过起草"))
	if v.State != experts.Stalled {
		t.Fatalf("want it stalled, got %s", v.State)
	}
	_, err := d.Route(t.Context(), d.secretary, v.ReviewID, nil)
	d.refused("panel-unmet", err)
	if _, err := d.AddExpert(t.Context(), d.secretary, experts.Expert{Login: "expert4", Kind: "university"}); err != nil {
		t.Fatal(err)
	}
	if v = d.ok(d.Route(t.Context(), d.secretary, v.ReviewID, nil)); v.State != experts.Routed {
		t.Errorf("want it resumed, got %s", v.State)
	}
}

func TestConflictFoundAfterApplyingFlagsIt(t *testing.T) {
	d := newDesk(t)
	v := d.declared()
	d.votes(v, 1, d.members[0], d.members[1])
	v = d.votes(v, 0, d.members[2])
	v = d.ok(d.Close(t.Context(), d.chair, v.ReviewID))
	a, err := d.Apply(t.Context(), d.decider, v.ReviewID, v.Hash)
	if err != nil {
		t.Fatal(err)
	}
	if v = d.ok(d.Declare(t.Context(), d.members[0], v.ReviewID, "事后发现在受益企业任职")); v.State != experts.Stale {
		t.Errorf("want the application flagged, got %s", v.State)
	}
	if a, err = d.Application(t.Context(), d.asker, a.ID); err != nil || a.State != "stale" {
		t.Errorf("want the ledger to say so, got %+v, %v", a, err)
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}

func TestApplyRefusesABasisRepealedSince(t *testing.T) {
	d := newDesk(t)
	v := d.declared()
	v = d.votes(v, 1, d.members[:3]...)
	v = d.ok(d.Close(t.Context(), d.chair, v.ReviewID))
	d.sources.repeal(11)
	_, err := d.Apply(t.Context(), d.decider, v.ReviewID, v.Hash)
	d.refused("basis-not-in-force", err)
}

func TestPolicyIsTheOneItOpenedWith(t *testing.T) {
	d := newDesk(t)
	v := d.declared()
	strict := v.Policy
	strict.Panel, strict.Quorum, strict.Approvals = 5, 5, 5
	if err := d.SetPolicy(t.Context(), d.chair, strict); err != nil {
		t.Fatal(err)
	}
	v = d.votes(v, 1, d.members[:3]...)
	if v = d.ok(d.Close(t.Context(), d.chair, v.ReviewID)); v.State != experts.Approved {
		t.Errorf("want the old policy to hold, got %s", v.State)
	}
	policies, err := d.Policies(t.Context(), d.asker)
	if err != nil || policies[1].Panel != 5 {
		t.Errorf("want the new policy for what comes, got %+v, %v", policies, err)
	}
	strict.Quorum = 9
	d.refused("bad-policy", d.SetPolicy(t.Context(), d.chair, strict))
	d.refused("not-allowed", d.SetPolicy(t.Context(), d.asker, v.Policy))
}

func TestLists(t *testing.T) {
	d := newDesk(t)
	v := d.routed()
	for _, c := range []struct {
		name string
		who  accounts.Account
		f    experts.Filter
		want int
		turn experts.Event
	}{
		{"a member's turn is to declare", d.members[0], experts.Filter{Mine: true}, 1, experts.Declare},
		{"an expert off the panel has none", d.members[4], experts.Filter{Mine: true}, 0, ""},
		{"but may know of it", d.members[4], experts.Filter{}, 1, ""},
		{"the asker's own", d.asker, experts.Filter{Mine: true}, 1, ""},
		{"by state", d.secretary, experts.Filter{State: experts.Round1}, 0, ""},
		{"by draft", d.asker, experts.Filter{Draft: v.DraftID}, 1, ""},
		{"waiting", d.members[1], experts.Filter{Turn: true}, 1, experts.Declare},
	} {
		list, err := d.List(t.Context(), c.who, c.f)
		if err != nil || len(list) != c.want || c.want == 1 && list[0].Turn != c.turn {
			t.Errorf("%s: want %d with turn %q, got %+v, %v", c.name, c.want, c.turn, list, err)
		}
	}
	for _, e := range d.members[:3] {
		d.ok(d.Declare(t.Context(), e, v.ReviewID, "none"))
	}
	list, err := d.List(t.Context(), d.members[0], experts.Filter{Turn: true})
	if err != nil || len(list) != 1 || list[0].Turn != experts.Vote || list[0].Title == "" {
		t.Errorf("want a vote waited for and the question readable, got %+v, %v", list, err)
	}
}

func TestAChairOnThePanelVotesBeforeClosing(t *testing.T) {
	d := newDesk(t)
	store := accounts.New(d.db, d.now)
	both := accountstest.Make(t, store, "chairexpert", accounts.Chair, accounts.Expert)
	d.owner(`update account set department = '外单位' where id = $1`, both.ID)
	if _, err := d.AddExpert(t.Context(), d.secretary, experts.Expert{Login: both.Login, Kind: "lawyer"}); err != nil {
		t.Fatal(err)
	}
	v := d.ok(d.Submit(t.Context(), d.asker, d.draft(body("能否共享？"), advice.Drafted)))
	d.ok(d.Route(t.Context(), d.secretary, v.ReviewID, []string{"expert1", "expert2", both.Login}))
	if got := d.ok(d.Show(t.Context(), both, v.ReviewID)); got.Draft != nil {
		t.Error("a chair on the panel reads the draft before declaring")
	}
	for _, e := range []accounts.Account{d.members[0], d.members[1], both} {
		d.ok(d.Declare(t.Context(), e, v.ReviewID, "none"))
	}
	v = d.votes(d.ok(d.Show(t.Context(), d.members[0], v.ReviewID)), 1, d.members[:2]...)
	got := d.ok(d.Show(t.Context(), both, v.ReviewID))
	if got.Tally != nil || len(got.Ballots) != 0 || got.Panel[0].Voted != nil {
		t.Errorf("a chair on the panel sees ballots before the own: %+v, %+v", got.Tally, got.Ballots)
	}
	_, err := d.Close(t.Context(), both, v.ReviewID)
	d.refused("own-ballot-first", err)
	v = d.votes(v, 1, both)
	if v = d.ok(d.Close(t.Context(), both, v.ReviewID)); v.State != experts.Approved {
		t.Errorf("want it approved, got %s", v.State)
	}
}

func TestOneExpertTier(t *testing.T) {
	d := newDesk(t)
	if err := d.SetCommittee(t.Context(), d.secretary, experts.Committee{Name: "云川市专家顾问委员会", Tier: 0}); err != nil {
		t.Fatal(err)
	}
	v := d.ok(d.Submit(t.Context(), d.asker, d.draft(body("能否共享？"), advice.Drafted)))
	v = d.ok(d.Route(t.Context(), d.secretary, v.ReviewID, nil))
	if v.Tier != 0 || len(v.Panel) != 1 {
		t.Fatalf("want one expert, got tier %d with %d", v.Tier, len(v.Panel))
	}
	i := slices.IndexFunc(d.members, func(a accounts.Account) bool { return a.Login == v.Panel[0].Expert })
	v = d.ok(d.Declare(t.Context(), d.members[i], v.ReviewID, "none"))
	edited := *v.Draft
	edited.Conclusion = "另有意见"
	_, err := d.Edit(t.Context(), d.members[i], v.ReviewID, v.Hash, edited, "")
	d.refused("too-few-left", err) // nobody would be left to vote on it
	v = d.votes(v, 1, d.members[i])
	if v = d.ok(d.Close(t.Context(), d.secretary, v.ReviewID)); v.State != experts.Approved {
		t.Errorf("want it approved by one, got %s", v.State)
	}
}

func TestWhoNeverAnswersDoesNotHoldUpTheOthers(t *testing.T) {
	d := newDesk(t)
	v := d.routed()
	for _, e := range d.members[:2] {
		d.ok(d.Declare(t.Context(), e, v.ReviewID, "none"))
	}
	d.votes(v, 1, d.members[0])
	_, err := d.Close(t.Context(), d.chair, v.ReviewID)
	d.refused("policy-unmet", err)
	v = d.votes(v, 1, d.members[1])
	if v = d.ok(d.Close(t.Context(), d.chair, v.ReviewID)); v.State != experts.Approved {
		t.Errorf("want it approved by the two who answered, got %s", v.State)
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}

func TestReturnedOrWithdrawnMayBeSubmittedAnew(t *testing.T) {
	d := newDesk(t)
	v := d.declared()
	v = d.ok(d.Return(t.Context(), d.members[0], v.ReviewID, "machine", "basis-missing", "请补充时限依据"))
	if v.State != experts.Returned || v.History[len(v.History)-1].Text != "请补充时限依据" {
		t.Fatalf("want it returned with its reason, got %s, %+v", v.State, v.History)
	}
	v = d.ok(d.Submit(t.Context(), d.asker, v.DraftID))
	v = d.ok(d.Withdraw(t.Context(), d.asker, v.ReviewID, "不再需要"))
	if v.State != experts.Withdrawn {
		t.Errorf("want it withdrawn, got %s", v.State)
	}
	d.ok(d.Submit(t.Context(), d.asker, v.DraftID))
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}
