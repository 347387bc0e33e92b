package experts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/audit"
	"advisor/experts"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// crowd is how many people act in the same instant.
const crowd = 64

// together runs n calls at once and counts how they ended, by code; "" is done.
func together(n int, call func(i int) error) map[string]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	ended := map[string]int{}
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			err := call(i)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				ended[""]++
			} else {
				ended[problem.As(err).Code]++
			}
		})
	}
	close(start)
	wg.Wait()
	return ended
}

func (d *desk) count(sql string, args ...any) (n int) {
	d.t.Helper()
	pool, err := d.db.Owner(d.t.Context())
	if err == nil {
		err = pool.QueryRow(d.t.Context(), sql, args...).Scan(&n)
	}
	if err != nil {
		d.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func TestSubmittedManyTimesAtOnceOpensOneReview(t *testing.T) {
	d := newDesk(t)
	draft := d.draft(body("能否共享？"), "drafted")
	ended := together(50, func(int) error { _, err := d.Submit(t.Context(), d.asker, draft); return err })
	if ended[""] != 1 || ended["already-submitted"] != 49 {
		t.Errorf("want one review and 49 told so, got %v", ended)
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}

func TestVotedAndAppliedByManyAtOnce(t *testing.T) {
	d := newDesk(t)
	v := d.declared()
	// Each member presses the button again and again, while the first of them also edits.
	var edits atomic.Int64
	ended := together(crowd, func(i int) error {
		e := d.members[i%3]
		if i%16 == 7 {
			b := body("能否共享公共数据？")
			b.Conclusion = fmt.Sprintf("可以，%d", i)
			_, err := d.Edit(t.Context(), e, v.ReviewID, v.Hash, b, "")
			if err == nil {
				edits.Add(1)
			}
			return err
		}
		_, err := d.Vote(t.Context(), e, v.ReviewID, experts.Ballot{Hash: v.Hash, Score: 1})
		return err
	})
	if edits.Load() != 1 {
		t.Errorf("of several edits of one text want one kept, got %d: %v", edits.Load(), ended)
	}
	if over := d.count(`select count(*) from (select from ballot group by review_id, account_id, round, hash having count(*) > 1) x`); over != 0 {
		t.Errorf("%d members have two ballots on one text", over)
	}
	if votes := d.count(`select count(*) from ballot`); votes != ended[""]-1 {
		t.Errorf("%d ballots were acknowledged, %d are kept", ended[""]-1, votes)
	}

	// Now the second round, and everybody closes and applies at once.
	v = d.ok(d.Show(t.Context(), d.secretary, v.ReviewID))
	for _, e := range d.members[:3] {
		_, err := d.Vote(t.Context(), e, v.ReviewID, experts.Ballot{Hash: v.Hash, Score: 2})
		if err != nil {
			d.refused("own-edit", err)
		}
	}
	closed := together(crowd, func(int) error { _, err := d.Close(t.Context(), d.chair, v.ReviewID); return err })
	if closed[""] != 1 {
		t.Errorf("want the round closed once, got %v", closed)
	}
	applied := together(crowd, func(int) error { _, err := d.Apply(t.Context(), d.decider, v.ReviewID, v.Hash); return err })
	if applied[""] != 1 || applied["already-applied"] != crowd-1 {
		t.Errorf("want it applied once and %d told so, got %v", crowd-1, applied)
	}
	if n := d.count(`select count(*) from application`); n != 1 {
		t.Errorf("want one line in the ledger, got %d", n)
	}
	if n := d.count(`select count(*) from audit_leaf where body like '%"kind":"review.apply"%'`); n != 1 {
		t.Errorf("want one leaf, got %d", n)
	}
	d.logged("refused.apply", "already-applied")
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}

// TestTwoWorlds compares what each viewer is shown in two worlds that differ
// only in how, and whether, another member voted. Before the own ballot is
// sealed nothing may differ.
func TestTwoWorlds(t *testing.T) {
	worlds := []func(d *desk, v experts.View){
		func(*desk, experts.View) {},
		func(d *desk, v experts.View) { d.votes(v, 2, d.members[0]) },
		func(d *desk, v experts.View) {
			d.votes(v, -2, d.members[0])
			d.ok(d.Opinion(d.t.Context(), d.members[0], v.ReviewID, "不可行", nil))
			_, _ = d.Dispose(d.t.Context(), d.secretary, v.ReviewID, 1, experts.NotAdopted, "理由")
		},
	}
	shown := make([]map[string]string, len(worlds))
	for i, happens := range worlds {
		d := newDesk(t)
		v := d.declared()
		happens(d, v)
		shown[i] = map[string]string{}
		for name, viewer := range map[string]accounts.Account{"member": d.members[1], "asker": d.asker, "expert off the panel": d.members[4], "decider": d.decider} {
			shown[i][name] = d.everything(viewer, v)
			if name == "member" {
				_, err := d.Close(t.Context(), viewer, v.ReviewID)
				shown[i]["member closing"] = fmt.Sprint(err)
			}
		}
		if own := d.everything(d.members[0], v); i > 0 && !strings.Contains(own, `"score"`) {
			t.Error("a member does not see the own ballot")
		}
	}
	for name, want := range shown[0] {
		for i, world := range shown[1:] {
			if got := world[name]; got != want {
				at := 0
				for at < min(len(want), len(got)) && want[at] == got[at] {
					at++
				}
				t.Errorf("the %s can tell world %d from world 0: want …%.200s, got …%.200s", name, i+1, want[at:], got[at:])
			}
		}
	}
}

var clock = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[^"]*"`)

// everything is all that the room shows a viewer, but for times.
func (d *desk) everything(viewer accounts.Account, v experts.View) string {
	d.t.Helper()
	ctx := d.t.Context()
	view, err := d.Show(ctx, viewer, v.ReviewID)
	if err != nil {
		d.t.Fatal(err)
	}
	list, err := d.List(ctx, viewer, experts.Filter{})
	if err != nil {
		d.t.Fatal(err)
	}
	standing, err := d.OfDrafts(ctx, viewer, []int64{v.DraftID})
	if err != nil {
		d.t.Fatal(err)
	}
	var rows []string
	err = d.db.Read(ctx, viewer.ID, func(tx pgx.Tx) error {
		for _, table := range []string{"ballot", "opinion", "review", "panel_member", "review_event"} {
			var n int
			if err := tx.QueryRow(ctx, `select count(*) from `+table+` where to_jsonb(`+table+`) ->> 'account_id' is distinct from $1`, fmt.Sprint(viewer.ID)).Scan(&n); err != nil {
				return err
			}
			rows = append(rows, fmt.Sprint(table, n))
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	out, err := json.Marshal([]any{view, list, standing, rows})
	if err != nil {
		d.t.Fatal(err)
	}
	return clock.ReplaceAllString(string(out), "T")
}

// TestTampering changes one row of the committee's own tables behind the log's back.
func TestTampering(t *testing.T) {
	d := newDesk(t)
	v := d.declared()
	d.votes(v, 1, d.members[0], d.members[1])
	v = d.votes(v, -2, d.members[2])
	d.ok(d.Dispose(t.Context(), d.secretary, v.ReviewID, 1, experts.PartAdopt, "理由"))
	v = d.ok(d.Close(t.Context(), d.secretary, v.ReviewID))
	if _, err := d.Apply(t.Context(), d.decider, v.ReviewID, v.Hash); err != nil {
		t.Fatal(err)
	}
	pool, err := d.db.Owner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, sql, want string }{
		{"a text", `update revision set body = replace(body, '可以共享', '不可共享')`, "内容与它的散列不符"},
		{"a mark beside the text", `update revision set body = replace(body, '"role":"依据"', '"role":"程序"')`, "存储的字节"},
		{"a ballot's score", `update ballot set score = 2 where score = 1`, "被改动"},
		{"a ballot's reason", `update ballot set text = 'x' where score = -2`, "被改动"},
		{"a ballot removed", `delete from ballot where score = -2`, "被删除"},
		{"an opinion", `update opinion set text = '同意'`, "意见被改动"},
		{"an answer", `update opinion set adoption = 'yes'`, "采纳情况被改动"},
		{"an opinion removed", `delete from opinion`, "被删除"},
		{"a review's state", `update review set state = 'suspended'`, "审议 1 被改动"},
		{"the ledger", `with a as (delete from case_use), b as (delete from application_basis) delete from application`, "台账第 1 件被删除"},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The owner can switch any guard off; what was done is found all the same.
			tx, err := pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // never kept
			if _, err := tx.Exec(t.Context(), `alter table review disable trigger user`); err != nil {
				t.Fatal(err)
			}
			if tag, err := tx.Exec(t.Context(), c.sql); err != nil || tag.RowsAffected() == 0 {
				t.Fatalf("%v, %v", tag, err)
			}
			report, err := audit.Verify(t.Context(), nested{tx}, audit.Options{Keys: []string{d.key.Public()}, Books: []audit.Books{experts.NewBooks()}})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(report.Problems, func(p audit.Problem) bool { return strings.Contains(p.What, c.want) }) {
				t.Errorf("want %q named, got %+v", c.want, report.Problems)
			}
		})
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}

func TestNobodySeesNothing(t *testing.T) {
	d := newDesk(t)
	v := d.declared()
	d.votes(v, -2, d.members[0])
	d.votes(v, 1, d.members[1])
	for _, table := range []string{"committee", "expert", "review_policy", "review", "panel_member", "declaration", "ballot", "opinion", "review_event", "application", "audit_leaf", "audit_node", "audit_checkpoint"} {
		var n int
		err := d.db.Read(t.Context(), 0, func(tx pgx.Tx) error { return tx.QueryRow(t.Context(), `select count(*) from `+table).Scan(&n) })
		if err != nil || n != 0 {
			t.Errorf("with no acting account %s shows %d rows, %v", table, n, err)
		}
	}
}

func TestScopeHidesReviews(t *testing.T) {
	d := newDesk(t)
	v := d.routed()
	d.owner(`insert into scope (name, label) values ('inner', '内部') on conflict do nothing`)
	d.owner(`update review set scope = 'inner'`)
	d.owner(`update draft set scope = 'inner'`)
	for name, who := range map[string]accounts.Account{"a member without the scope": d.members[0], "the asker without the scope": d.asker, "the office without the scope": d.secretary} {
		if _, err := d.Show(t.Context(), who, v.ReviewID); problem.As(err).Code != "no-review" {
			t.Errorf("%s sees the review: %v", name, err)
		}
	}
	store := accounts.New(d.db, d.now)
	cleared := accountstest.MakeScoped(t, store, "cleared", []string{"inner"}, accounts.Secretary)
	if _, err := d.Show(t.Context(), cleared, v.ReviewID); err != nil {
		t.Errorf("with the scope: %v", err)
	}
	_, err := d.Route(t.Context(), cleared, v.ReviewID, []string{"expert4", "expert5"})
	d.refused("not-expert", err) // they may not see what they would have to read
}

// nested lets a verification run inside a transaction that will be rolled back.
type nested struct{ pgx.Tx }

func (n nested) BeginTx(ctx context.Context, _ pgx.TxOptions) (pgx.Tx, error) { return n.Tx.Begin(ctx) }

// TestAppliedOnceThoughConnectionsDie ends database connections at random while
// many vote, close and apply. Whoever is cut off tries again, as people do.
func TestAppliedOnceThoughConnectionsDie(t *testing.T) {
	d := newDesk(t)
	v := d.declared()
	stop := make(chan struct{})
	var killer sync.WaitGroup
	killer.Go(func() {
		for range 60 {
			select {
			case <-stop:
				return
			default:
			}
			var killed int
			_ = d.db.As(t.Context(), 0, func(tx pgx.Tx) error {
				return tx.QueryRow(t.Context(), `select count(pg_terminate_backend(pid)) from pg_sleep(0.03), (select pid from pg_stat_activity
					where usename = current_user and datname = current_database() and pid <> pg_backend_pid() order by random() limit 2) x`).Scan(&killed)
			})
		}
	})
	until := func(act func() error) error {
		for {
			err := act()
			if p := problem.As(err); err == nil || p.Kind == problem.Refused || p.Kind == problem.Conflict {
				return err
			}
		}
	}
	var wg sync.WaitGroup
	for _, e := range d.members[:3] {
		wg.Go(func() {
			_ = until(func() error {
				_, err := d.Vote(t.Context(), e, v.ReviewID, experts.Ballot{Hash: v.Hash, Score: 1})
				return err
			})
		})
	}
	wg.Wait()
	_ = until(func() error { _, err := d.Close(t.Context(), d.chair, v.ReviewID); return err })
	for range 12 {
		wg.Go(func() {
			_ = until(func() error { _, err := d.Apply(t.Context(), d.decider, v.ReviewID, v.Hash); return err })
		})
	}
	wg.Wait()
	close(stop)
	killer.Wait()
	if n := d.count(`select count(*) from application`); n != 1 {
		t.Errorf("want one line in the ledger, got %d", n)
	}
	if n := d.count(`select count(*) from ballot`); n != 3 {
		t.Errorf("want three ballots, got %d", n)
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}
