package corpus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/corpus"
	"advisor/corpus/format"
	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/internal/problem"
)

const today = corpus.Date("2026-06-01")

func now() time.Time { return time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC) }

// house is an office with a records keeper.
type house struct {
	*testing.T
	db     *db.DB
	people *accounts.Store
	keeper accounts.Account
}

func open(t *testing.T) house {
	t.Helper()
	d := dbtest.New(t)
	people := accounts.New(d, now)
	return house{T: t, db: d, people: people, keeper: accountstest.MakeScoped(t, people, "keeper", []string{"inner"}, "keeper")}
}

func cut(t testing.TB, text string, h corpus.Header) corpus.Cut {
	t.Helper()
	f, err := format.Read(t.Context(), "x.md", strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	return corpus.CutFile(f, h)
}

func (h house) save(as accounts.Account, scope, path string, c corpus.Cut) (s corpus.Saved, err error) {
	h.Helper()
	err = h.db.As(h.Context(), as.ID, func(tx pgx.Tx) error {
		if s, err = corpus.Save(h.Context(), tx, as.ID, scope, path, "hash of "+c.Text, c); err != nil {
			return err
		}
		return corpus.Announce(h.Context(), tx, now(), as.ID, s)
	})
	return s, err
}

func (h house) must(scope, path string, c corpus.Cut) corpus.Saved {
	h.Helper()
	s, err := h.save(h.keeper, scope, path, c)
	if err != nil {
		h.Fatalf("save %s: %v", path, err)
	}
	return s
}

func (h house) read(as accounts.Account, fn func(ctx context.Context, tx pgx.Tx) error) {
	h.Helper()
	if err := h.db.Read(h.Context(), as.ID, func(tx pgx.Tx) error { return fn(h.Context(), tx) }); err != nil {
		h.Fatal(err)
	}
}

func (h house) hash(as accounts.Account) (sum string) {
	h.Helper()
	h.read(as, func(ctx context.Context, tx pgx.Tx) (err error) {
		sum, err = corpus.Hash(ctx, tx)
		return err
	})
	return sum
}

func measure(year int, effective corpus.Date, extra string) (string, corpus.Header) {
	text := "# 云川市公共数据管理办法\n## 第一章 总则\n第一条 为了规范公共数据管理，制定本办法。\n第二条 共享申请应当说明用途。\n有下列情形之一的，不予受理：\n（一）用途不明的；\n（二）" + extra + "。"
	return text, corpus.Header{Level: "规范性文件", DocNumber: fmt.Sprintf("云政发〔%d〕8号", year), Issuer: "云川市人民政府", Issued: effective, Effective: effective}
}

func (h house) measure(year int, effective corpus.Date, extra string) corpus.Cut {
	text, header := measure(year, effective, extra)
	return cut(h, text, header)
}

func TestSaveTwice(t *testing.T) {
	h := open(t)
	first := h.must("public", "a.md", h.measure(2023, "2023-07-01", "材料不全的"))
	if first.Change != corpus.Added || len(first.Passages) == 0 || first.Passages[0].ID == 0 {
		t.Fatalf("want an added version with passages, got %+v", first)
	}
	again := h.must("public", "a.md", h.measure(2023, "2023-07-01", "材料不全的"))
	if again.Change != corpus.Unchanged || again.VersionID != first.VersionID {
		t.Errorf("want the same version unchanged, got %+v", again)
	}
	sum := h.hash(h.keeper)
	third := h.must("public", "a.md", h.measure(2023, "2023-07-01", "不属于职权范围的"))
	if third.Change != corpus.Updated || third.VersionID != first.VersionID || h.hash(h.keeper) == sum {
		t.Errorf("want the version updated in place and another hash, got %+v", third)
	}
	h.read(h.keeper, func(ctx context.Context, tx pgx.Tx) error {
		known, err := corpus.Known(ctx, tx, "public", []string{"a.md", "b.md"})
		if err != nil {
			return err
		}
		if len(known) != 1 || !strings.Contains(known["a.md"], "职权范围") {
			t.Errorf("want the last hash of a.md alone, got %v", known)
		}
		views, err := corpus.PassagesByID(ctx, tx, []int64{third.Passages[1].ID, -1, third.Passages[0].ID})
		if err != nil {
			return err
		}
		if len(views) != 2 || views[0].ID != third.Passages[1].ID || views[0].Status(today) != corpus.InForce {
			t.Errorf("want two passages in the order asked for, in force, got %+v", views)
		}
		p, err := corpus.ProvisionAt(ctx, tx, third.VersionID, "第二条第二款第（二）项")
		if err != nil {
			return err
		}
		if p.Text != "（二）不属于职权范围的。" || p.Label != "第二条第二款第（二）项" {
			t.Errorf("want the item's own text, got %q: %q", p.Label, p.Text)
		}
		if _, err := corpus.ProvisionAt(ctx, tx, third.VersionID, "第九条"); !errors.Is(err, corpus.ErrNotFound) {
			t.Errorf("want ErrNotFound for an article that is not there, got %v", err)
		}
		return nil
	})
	h.log(2, third.VersionID)
}

// log checks that so many leaves name a document and the feed holds as many rows of the version.
func (h house) log(want int, version int64) {
	h.Helper()
	var leaves, rows int
	err := h.db.Work(h.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(h.Context(), `select (select count(distinct seq) from corpus_change), count(*) from corpus_change where version_id = $1`, version).Scan(&leaves, &rows)
	})
	if err != nil || leaves != want || rows != want {
		h.Errorf("want %d changes announced, got %d leaves, %d rows, %v", want, leaves, rows, err)
	}
}

func TestVersions(t *testing.T) {
	h := open(t)
	old := h.must("public", "2021.md", h.measure(2021, "2021-03-01", "甲"))
	later := h.must("public", "2025.md", h.measure(2025, "2025-05-01", "乙"))
	between := h.must("public", "2023.md", h.measure(2023, "2023-07-01", "丙"))
	if later.DocumentID != old.DocumentID || between.DocumentID != old.DocumentID {
		t.Fatal("want three versions of one document")
	}
	if len(between.Touched) != 2 {
		t.Errorf("want the new version and the one it ends to be indexed again, got %v", between.Touched)
	}
	h.read(h.keeper, func(ctx context.Context, tx pgx.Tx) error {
		history, err := corpus.History(ctx, tx, old.DocumentID, today)
		if err != nil {
			return err
		}
		var got []string
		for _, v := range history {
			got = append(got, fmt.Sprintf("%s %s %s", v.Path, v.Repealed, v.Status))
		}
		if want := "2025.md  in_force, 2023.md 2025-05-01 repealed, 2021.md 2023-07-01 repealed"; strings.Join(got, ", ") != want {
			t.Errorf("want %s, got %s", want, strings.Join(got, ", "))
		}
		s, err := corpus.Show(ctx, tx, old.DocumentID, 0, "2024-01-01")
		if err != nil {
			return err
		}
		if s.VersionID != between.VersionID || s.DocNumber != "云政发〔2023〕8号" {
			t.Errorf("want the version in force on the day, got %s", s.DocNumber)
		}
		runes := []rune(s.Source)
		for _, p := range s.Provisions {
			if text := string(runes[p.Start:p.End]); !strings.HasPrefix(text, p.Label) {
				t.Errorf("want %s at characters %d–%d, got %q", p.Label, p.Start, p.End, text)
			}
			if len(p.Path) != 1 || p.Path[0] != "第一章" || p.Headings[0] != "第一章 总则" {
				t.Errorf("want the chapter above, got %v, %v", p.Path, p.Headings)
			}
		}
		list, err := corpus.List(ctx, tx, corpus.Filter{Words: "公共数据"}, today)
		if err != nil {
			return err
		}
		if len(list) != 1 || list[0].Versions != 3 || list[0].DocNumber != "云政发〔2025〕8号" || list[0].Status != corpus.InForce {
			t.Errorf("want one document under its newest number, got %+v", list)
		}
		return nil
	})
}

func TestHashIgnoresOrder(t *testing.T) {
	one, two := open(t), open(t)
	one.must("public", "a.md", one.measure(2021, "2021-03-01", "甲"))
	one.must("public", "b.md", one.measure(2023, "2023-07-01", "乙"))
	two.must("public", "b.md", two.measure(2023, "2023-07-01", "丙"))
	two.must("public", "b.md", two.measure(2023, "2023-07-01", "乙"))
	two.must("public", "a.md", two.measure(2021, "2021-03-01", "甲"))
	if a, b := one.hash(one.keeper), two.hash(two.keeper); a != b || !strings.HasPrefix(a, "sha256:") {
		t.Errorf("want one hash for one corpus, got %s and %s", a, b)
	}
}

func TestRepeal(t *testing.T) {
	h := open(t)
	s := h.must("public", "a.md", h.measure(2023, "2023-07-01", "甲"))
	repeal := func(on corpus.Date, ground string) error {
		return h.db.As(h.Context(), h.keeper.ID, func(tx pgx.Tx) error {
			return corpus.Repeal(h.Context(), tx, now(), h.keeper.ID, s.DocumentID, on, ground)
		})
	}
	if err := repeal("2026-01-01", " "); problem.As(err).Kind != problem.Invalid {
		t.Errorf("want a repeal without a ground refused, got %v", err)
	}
	if err := repeal("2026-01-01", "云政发〔2025〕30号"); err != nil {
		t.Fatal(err)
	}
	h.must("public", "a.md", h.measure(2023, "2023-07-01", "改过一个字"))
	h.read(h.keeper, func(ctx context.Context, tx pgx.Tx) error {
		v, err := corpus.VersionByID(ctx, tx, s.VersionID)
		if err == nil && (v.Repealed != "2026-01-01" || v.Status(today) != corpus.Ended || v.Status("2025-12-31") != corpus.InForce) {
			t.Errorf("want the repeal to outlive a new reading of the file, got %+v", v.Validity)
		}
		return err
	})
	h.log(3, s.VersionID)
}

// A narrower circle's documents are seen, changed and counted in no wider one.
func TestScopes(t *testing.T) {
	h := open(t)
	asker := accountstest.Make(t, h.people, "asker", "asker")
	s := h.must("inner", "a.md", h.measure(2023, "2023-07-01", "甲"))
	p := h.must("public", "a.md", h.measure(2023, "2023-07-01", "甲"))
	if s.DocumentID == p.DocumentID || s.VersionID == p.VersionID {
		t.Fatal("want one document for each scope")
	}
	h.read(asker, func(ctx context.Context, tx pgx.Tx) error {
		views, err := corpus.PassagesByID(ctx, tx, []int64{s.Passages[0].ID, p.Passages[0].ID})
		if err == nil && (len(views) != 1 || views[0].Scope != "public") {
			t.Errorf("want the public passage alone, got %+v", views)
		}
		if _, err := corpus.VersionByID(ctx, tx, s.VersionID); !errors.Is(err, corpus.ErrNotFound) {
			t.Errorf("want the inner version hidden, got %v", err)
		}
		if _, err := corpus.Show(ctx, tx, s.DocumentID, 0, today); problem.As(err).Kind != problem.NotFound || !errors.Is(err, corpus.ErrNotFound) {
			t.Errorf("want the inner document hidden, got %v", err)
		}
		return err
	})
	h.read(accounts.Account{}, func(ctx context.Context, tx pgx.Tx) error {
		for _, table := range []string{"document", "version", "provision", "passage", "corpus_change"} {
			var n int
			if err := tx.QueryRow(ctx, "select count(*) from "+table).Scan(&n); err != nil || n > 0 {
				t.Errorf("want nobody to see rows of %s, got %d, %v", table, n, err)
			}
		}
		return nil
	})
}

// Who may write: the keeper anything in reach, the deciding official only
// precedents, others nothing.
func TestWriters(t *testing.T) {
	h := open(t)
	asker := accountstest.Make(t, h.people, "asker", "asker")
	decider := accountstest.Make(t, h.people, "decider", "decider")
	rule := h.measure(2023, "2023-07-01", "甲")
	precedent := cut(t, "# 关于某事项的采纳意见\n可以办理。", corpus.Header{Kind: corpus.Precedent})
	for _, tc := range []struct {
		name, scope string
		as          accounts.Account
		what        corpus.Cut
		ok          bool
	}{
		{"an asker a rule", "public", asker, rule, false},
		{"a decider a rule", "public", decider, rule, false},
		{"a decider a precedent", "public", decider, precedent, true},
		{"a decider a precedent out of reach", "inner", decider, precedent, false},
		{"the keeper a rule", "inner", h.keeper, rule, true},
	} {
		if _, err := h.save(tc.as, tc.scope, tc.name, tc.what); (err == nil) != tc.ok {
			t.Errorf("%s: want allowed %v, got %v", tc.name, tc.ok, err)
		}
	}
}

// Versions of one document saved at once settle to what they would one by one.
func TestSaveAtOnce(t *testing.T) {
	h := open(t)
	cuts := make([]corpus.Cut, 8)
	for i := range cuts {
		cuts[i] = h.measure(2015+i, corpus.Date(fmt.Sprintf("%d-01-01", 2015+i)), fmt.Sprint("情形", i))
	}
	var wait sync.WaitGroup
	for i, c := range cuts {
		wait.Go(func() {
			if _, err := h.save(h.keeper, "public", fmt.Sprint(i, ".md"), c); err != nil {
				t.Errorf("save %d: %v", i, err)
			}
		})
	}
	wait.Wait()
	h.read(h.keeper, func(ctx context.Context, tx pgx.Tx) error {
		list, err := corpus.List(ctx, tx, corpus.Filter{}, today)
		if err != nil || len(list) != 1 {
			return fmt.Errorf("want one document, got %d: %w", len(list), err)
		}
		history, err := corpus.History(ctx, tx, list[0].DocumentID, today)
		if err != nil {
			return err
		}
		for i, v := range history {
			want := corpus.Date("")
			if i > 0 {
				want = history[i-1].Effective
			}
			if v.Repealed != want {
				t.Errorf("want %s to end on %q, got %q", v.Path, want, v.Repealed)
			}
		}
		return nil
	})
}
