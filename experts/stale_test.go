package experts_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/advice"
	"advisor/corpus"
	"advisor/experts"
	"advisor/internal/torture"

	"github.com/jackc/pgx/v5"
)

// library writes versions of invented laws, as intake does.
type library struct {
	d      *desk
	keeper accounts.Account
	n      int
}

func (d *desk) library() *library {
	return &library{d: d, keeper: accountstest.Make(d.t, accounts.New(d.db, d.now), "keeper", accounts.Keeper)}
}

// put saves one version of a law and says which it is.
func (l *library) put(law, path string, effective, repealed corpus.Date) (document, version int64) {
	l.d.t.Helper()
	l.n++
	text := fmt.Sprintf("%s\n第十条　公共数据应当共享。（%d）", law, l.n)
	err := l.d.db.As(l.d.t.Context(), l.keeper.ID, func(tx pgx.Tx) error {
		s, err := corpus.Save(l.d.t.Context(), tx, l.keeper.ID, "public", path, fmt.Sprint(l.n), corpus.Cut{Text: text,
			Header: corpus.Header{Title: law, Level: "法律", Kind: corpus.Law, Issued: effective, Effective: effective, Repealed: repealed}})
		if err != nil {
			return err
		}
		document, version = s.DocumentID, s.VersionID
		return corpus.Announce(l.d.t.Context(), tx, l.d.now(), l.keeper.ID, s)
	})
	if err != nil {
		l.d.t.Fatalf("save %s: %v", path, err)
	}
	return document, version
}

func (l *library) repeal(document int64, on corpus.Date) {
	l.d.t.Helper()
	err := l.d.db.As(l.d.t.Context(), l.keeper.ID, func(tx pgx.Tx) error {
		return corpus.Repeal(l.d.t.Context(), tx, l.d.now(), l.keeper.ID, document, on, "依据某号公告")
	})
	if err != nil {
		l.d.t.Fatalf("repeal %d: %v", document, err)
	}
}

// applied brings a text that cites these versions through to its application.
func (d *desk) applied(question string, versions ...int64) experts.Application {
	d.t.Helper()
	b := body(question)
	b.Claims = nil
	for i, v := range versions {
		b.Claims = append(b.Claims, advice.Claim{Text: fmt.Sprintf("第 %d 点。", i+1), Support: advice.Quoted,
			Citations: []advice.Citation{{DocumentID: 1, VersionID: v, Title: "某法", Provision: "第十条", Quote: "公共数据应当共享。"}}})
	}
	v := d.reviewOf(b)
	return d.through(v)
}

// through votes a review through to its application.
func (d *desk) through(v experts.View) experts.Application {
	d.t.Helper()
	v = d.votes(v, 1, d.members[0], d.members[1])
	v = d.ok(d.Close(d.t.Context(), d.chair, v.ReviewID))
	a, err := d.Apply(d.t.Context(), d.decider, v.ReviewID, v.Hash)
	if err != nil {
		d.t.Fatalf("apply: %v", err)
	}
	return a
}

func (d *desk) flags(application int64) []experts.StaleFlag {
	d.t.Helper()
	list, err := d.StaleFlags(d.t.Context(), d.secretary, experts.StaleFilter{Application: application})
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

// A law is amended after it was applied: flagged in that very transaction, and
// out of it only by a new round.
func TestStaleFlagsAndTheNewRound(t *testing.T) {
	d := newDesk(t)
	l := d.library()
	_, old := l.put("云川市公共数据管理办法", "law/2023", "2023-01-01", "")
	_, other := l.put("云川市会议办法", "law/other", "2020-01-01", "")
	a, b := d.applied("能否共享？", old), d.applied("如何开会？", other)
	document, fresh := l.put("云川市公共数据管理办法", "law/2026", "2026-03-01", "")
	flags := d.flags(a.ID)
	if len(flags) != 1 || flags[0].VersionID != old || flags[0].Successor != fresh || flags[0].Reason != "superseded" || !flags[0].InEffect {
		t.Fatalf("want it flagged as superseded by %d, got %+v", fresh, flags)
	}
	if got, _ := d.Application(t.Context(), d.decider, a.ID); got.State != "stale" {
		t.Errorf("want the ledger to say so, got %s", got.State)
	}
	if len(d.flags(b.ID)) != 0 {
		t.Error("what cites another law is flagged")
	}
	v := d.ok(d.Show(t.Context(), d.secretary, a.ReviewID))
	if last := v.History[len(v.History)-1]; v.State != experts.Stale || last.Event != experts.Flag {
		t.Errorf("want the review stale and its history to say why, got %s, %+v", v.State, last)
	}
	if d.count(`select count(*) from stale_flag f join audit_leaf l on l.seq = f.leaf_seq join audit_leaf c on c.seq = f.cause_seq
		where l.body like '%"review.flag"%' and c.body like '%document.imported%'`) != 1 {
		t.Error("want the flag's leaf and its cause in the log")
	}
	// A change that is announced for a later day is told of at once, and takes effect on that day.
	l.repeal(document, "2099-01-01")
	if len(d.flags(a.ID)) != 1 {
		t.Error("the successor's repeal flagged what cites its predecessor")
	}
	// The new round: the citation goes to the version in force; applying it closes the flag.
	renewed := d.ok(d.Renew(t.Context(), d.secretary, a.ID))
	renewed = d.ok(d.Route(t.Context(), d.secretary, renewed.ReviewID, []string{"expert1", "expert2", "expert3", "expert4", "expert5"}))
	for _, e := range d.members {
		renewed = d.ok(d.Declare(t.Context(), e, renewed.ReviewID, "none"))
	}
	_, err := d.Renew(t.Context(), d.secretary, a.ID)
	d.refused("already-submitted", err)
	text := *d.ok(d.Show(t.Context(), d.members[2], renewed.ReviewID)).Draft
	text.Claims = slices.Clone(text.Claims)
	text.Claims[0].Citations = []advice.Citation{{DocumentID: document, VersionID: fresh, Title: "云川市公共数据管理办法", Provision: "第十条", Quote: "公共数据应当共享。"}}
	renewed = d.ok(d.Edit(t.Context(), d.members[2], renewed.ReviewID, renewed.Hash, text, "改引现行版本"))
	replaced := d.through(renewed)
	if len(d.flags(a.ID)) != 0 {
		t.Errorf("want the flag closed by the new round, got %+v", d.flags(a.ID))
	}
	if got, _ := d.Application(t.Context(), d.decider, a.ID); got.State != "superseded" || got.SupersededBy != replaced.ID {
		t.Errorf("want it superseded by %d, got %+v", replaced.ID, got)
	}
	// The new one rests on a version whose end is announced: known from the start.
	if f := d.flags(replaced.ID); len(f) != 0 {
		t.Logf("flags of the new application: %+v", f)
	}
	if r := d.verify(); !r.OK {
		t.Errorf("log and tables differ: %+v", r.Problems)
	}
}

// Nobody closes a flag but a new round, and nobody applies what an import has just repealed.
func TestStaleFlagsCloseOnlyByANewRound(t *testing.T) {
	d := newDesk(t)
	l := d.library()
	_, old := l.put("某甲办法", "a/1", "2020-01-01", "")
	a := d.applied("能否？", old)
	v := d.reviewOf(body("另一件"))
	b := body("依据同一办法")
	b.Claims[0].Citations[0].VersionID = old
	late := d.reviewOf(b)
	late = d.votes(late, 1, d.members[0], d.members[1])
	late = d.ok(d.Close(t.Context(), d.chair, late.ReviewID))
	l.put("某甲办法", "a/2", "2026-01-01", "")
	for _, sql := range []string{
		`update stale_flag set closed_at = now(), closed_by = ` + fmt.Sprint(v.ReviewID),
		`delete from stale_flag`,
		fmt.Sprintf(`select stale_flag_close(%d, %d, now())`, a.ID, a.ID),
	} {
		err := d.db.As(t.Context(), d.decider.ID, func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), sql); return err })
		if err == nil {
			t.Errorf("the app role did this: %s", sql)
		}
	}
	// The stand-in for the check lets the repealed version through; the table does not.
	_, err := d.Apply(t.Context(), d.decider, late.ReviewID, late.Hash)
	d.refused("basis-not-in-force", err)
}

// TestTortureStaleness plays random amendment histories and asks, after each,
// a brute-force oracle which applications rest on what has been amended,
// repealed or superseded since: recall 1.0, and no flag without a cause.
func TestTortureStaleness(t *testing.T) {
	histories, missed := torture.Tries(200), 0
	torture.Report(t, "I21", &histories, &missed)
	for h := range histories {
		t.Run(fmt.Sprint(h), func(t *testing.T) {
			if n := amendmentHistory(t, rand.New(rand.NewPCG(uint64(torture.Seed()), uint64(h)))); n > 0 {
				missed += n
			}
		})
	}
}

// amendmentHistory is a few laws, a few applications that cite them, and a dozen
// random changes of law, some announced for a later day.
func amendmentHistory(t *testing.T, random *rand.Rand) (wrong int) {
	d := newDesk(t)
	l := d.library()
	day := func(year int) corpus.Date { return corpus.Date(fmt.Sprintf("%d-%02d-01", year, 1+random.IntN(12))) }
	var documents, versions []int64
	laws := 2 + random.IntN(3)
	for i := range laws {
		document, version := l.put(fmt.Sprintf("某%d办法", i), fmt.Sprintf("law/%d/0", i), day(2018+random.IntN(3)), "")
		documents, versions = append(documents, document), append(versions, version)
	}
	var applications []experts.Application
	cited := map[int64][]int64{}
	for i := range 2 + random.IntN(3) {
		picks := random.Perm(len(versions))[:1+random.IntN(len(versions))]
		var cites []int64
		for _, p := range picks {
			cites = append(cites, versions[p])
		}
		a := d.applied(fmt.Sprintf("第 %d 问", i), cites...)
		applications, cited[a.ID] = append(applications, a), cites
	}
	// expected is the oracle's own books: what has ever had an end since it was cited.
	expected := map[string]bool{}
	for step := range 8 {
		law := random.IntN(laws)
		switch random.IntN(5) {
		case 0, 1: // a new version, in force now, in the past or later
			l.put(fmt.Sprintf("某%d办法", law), fmt.Sprintf("law/%d/%d", law, step+1), day(2019+random.IntN(12)), "")
		case 2:
			l.repeal(documents[law], day(2021+random.IntN(9)))
		case 3: // the first version imported again with other dates
			l.put(fmt.Sprintf("某%d办法", law), fmt.Sprintf("law/%d/0", law), day(2017+random.IntN(3)), []corpus.Date{"", day(2022 + random.IntN(8))}[random.IntN(2)])
		case 4: // a law nobody cites
			l.put("无关办法", fmt.Sprintf("other/%d", step), day(2020+random.IntN(8)), "")
		}
		ended := endedVersions(d)
		for _, a := range applications {
			for _, v := range cited[a.ID] {
				if ended[v] {
					expected[fmt.Sprint(a.ID, "/", v)] = true
				}
			}
		}
		if got := flagged(d); !sameFlags(got, expected) {
			t.Errorf("after step %d: want %v flagged, got %v", step, expected, got)
			wrong++
		}
	}
	if n := d.count(`select count(*) from application a where a.state = 'applied' and exists (select from application_basis b join version v on v.id = b.version_id
		where b.application_id = a.id and (v.ended or v.repealed <= date '2026-03-02'))`); n != 0 {
		t.Errorf("%d applications stand as if their basis were in force", n)
		wrong++
	}
	return wrong
}

func sameFlags(a, b map[string]bool) bool {
	if len(a) != len(b) {
		return false
	}
	for k := range a {
		if !b[k] {
			return false
		}
	}
	return true
}

// endedVersions asks the corpus itself, not the flags, what has an end.
func endedVersions(d *desk) map[int64]bool {
	out := map[int64]bool{}
	pool, _ := d.db.Owner(d.t.Context())
	rows, err := pool.Query(d.t.Context(), `select id from version where ended or repealed is not null`)
	if err != nil {
		d.t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		d.t.Fatal(err)
	}
	for _, v := range list {
		out[v] = true
	}
	return out
}

func flagged(d *desk) map[string]bool {
	out := map[string]bool{}
	pool, _ := d.db.Owner(d.t.Context())
	rows, err := pool.Query(d.t.Context(), `select application_id || '/' || version_id from stale_flag`)
	if err != nil {
		d.t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		d.t.Fatal(err)
	}
	for _, v := range list {
		out[v] = true
	}
	return out
}

// A change announced for later takes effect on its day, without anybody's doing.
func TestAnnouncedLapseTakesEffectOnItsDay(t *testing.T) {
	d := newDesk(t)
	l := d.library()
	document, version := l.put("某乙办法", "b/1", "2020-01-01", "")
	a := d.applied("能否？", version)
	l.repeal(document, "2026-03-04")
	if f := d.flags(a.ID); len(f) != 1 || f[0].InEffect || f[0].LapsesOn != "2026-03-04" {
		t.Fatalf("want it flagged ahead of the day, got %+v", f)
	}
	if got, _ := d.Application(t.Context(), d.decider, a.ID); got.State != "applied" {
		t.Errorf("want it acted on until the day, got %s", got.State)
	}
	if n, err := d.LapseDue(t.Context()); n != 0 || err != nil {
		t.Errorf("want nothing due yet, got %d, %v", n, err)
	}
	d.Desk.Now = func() time.Time { return time.Date(2026, 3, 4, 0, 30, 0, 0, time.FixedZone("", 8*3600)) }
	for want := range 2 { // the second time there is nothing left to do
		if n, err := d.LapseDue(t.Context()); n != 1-want || err != nil {
			t.Errorf("want %d due, got %d, %v", 1-want, n, err)
		}
	}
	if got, _ := d.Application(t.Context(), d.decider, a.ID); got.State != "stale" {
		t.Errorf("want it stale from its day on, got %s", got.State)
	}
	if r := d.verify(); !r.OK {
		t.Errorf("log and tables differ: %+v", r.Problems)
	}
}
