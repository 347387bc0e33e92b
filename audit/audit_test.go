package audit_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"advisor/audit"
	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
)

var now = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

const clerk = 7 // any acting account will do: the log has no people of its own

// appendN appends n leaves, each in its own transaction.
func appendN(t testing.TB, d *db.DB, n int) {
	t.Helper()
	for i := range n {
		err := d.As(t.Context(), clerk, func(tx pgx.Tx) error {
			_, err := audit.Append(t.Context(), tx, now, audit.Leaf{Kind: "review.vote", Actor: clerk, Subject: "review/12", Data: map[string]any{"score": 1, "panel": i}})
			return err
		})
		if err != nil {
			t.Fatalf("append: %v", err)
		}
	}
}

func openKey(t testing.TB) *audit.Key {
	t.Helper()
	key, err := audit.OpenKey(t.TempDir())
	if err != nil {
		t.Fatalf("make a key: %v", err)
	}
	return key
}

func sign(t testing.TB, d *db.DB, key *audit.Key) (c audit.Checkpoint) {
	t.Helper()
	err := d.Work(t.Context(), func(tx pgx.Tx) (err error) {
		c, err = audit.Sign(t.Context(), tx, key, now)
		return err
	})
	if err != nil {
		t.Fatalf("sign: %v", err)
	}
	return c
}

func verify(t testing.TB, d *db.DB, o audit.Options) audit.Report {
	t.Helper()
	pool, err := d.Auditor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := audit.Verify(t.Context(), pool, o)
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	return r
}

// owner runs statements as the one role that can tamper.
func owner(t testing.TB, d *db.DB, sql string, args ...any) {
	t.Helper()
	pool, err := d.Owner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestAppendIsGaplessUnderConcurrency(t *testing.T) {
	d := dbtest.New(t)
	const writers, each = 32, 5
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				err := d.As(t.Context(), clerk, func(tx pgx.Tx) error {
					if _, err := audit.Append(t.Context(), tx, now, audit.Leaf{Kind: "test.kind", Actor: int64(w), Subject: "test/1"}); err != nil {
						return err
					}
					if i == 2 { // a rolled-back append must leave no hole
						return fmt.Errorf("roll back")
					}
					return nil
				})
				if err != nil && i != 2 {
					t.Errorf("append: %v", err)
				}
			}
		})
	}
	wg.Wait()
	report := verify(t, d, audit.Options{})
	if want := int64(writers * (each - 1)); !report.OK || report.Size != want {
		t.Errorf("want a sound log of %d leaves, got %+v", want, report)
	}
}

func TestRootIsTlogsOwn(t *testing.T) {
	d := dbtest.New(t)
	appendN(t, d, 37)
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(idx []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range idx {
			out = append(out, hashes[i])
		}
		return out, nil
	})
	pool, _ := d.Auditor(t.Context())
	for seq := range int64(37) {
		var body string
		if err := pool.QueryRow(t.Context(), `select body from audit_leaf where seq = $1`, seq).Scan(&body); err != nil {
			t.Fatal(err)
		}
		more, err := tlog.StoredHashes(seq, []byte(body), reader)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, more...)
	}
	want, err := tlog.TreeHash(37, reader)
	if err != nil {
		t.Fatal(err)
	}
	if got := verify(t, d, audit.Options{}).Root; got != want.String() {
		t.Errorf("want root %s, got %s", want, got)
	}
	if sign(t, d, openKey(t)).Root != want {
		t.Error("the checkpoint signs another root than tlog computes")
	}
}

func TestEmptyLog(t *testing.T) {
	d := dbtest.New(t)
	if r := verify(t, d, audit.Options{}); !r.OK || r.Size != 0 {
		t.Errorf("want an empty sound log, got %+v", r)
	}
	err := d.Work(t.Context(), func(tx pgx.Tx) error {
		_, err := audit.Sign(t.Context(), tx, openKey(t), now)
		return err
	})
	if problem.As(err).Code != "empty-log" {
		t.Errorf("want a refusal to sign nothing, got %v", err)
	}
}

func TestRights(t *testing.T) {
	d := dbtest.New(t)
	appendN(t, d, 3)
	sign(t, d, openKey(t))
	for _, sql := range []string{
		`update audit_leaf set body = 'x'`, `delete from audit_leaf`, `update audit_node set hash = hash`,
		`delete from audit_node`, `truncate audit_leaf`, `insert into audit_checkpoint values (9, 'x', now())`, `delete from audit_checkpoint`,
	} {
		err := d.As(t.Context(), clerk, func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), sql); return err })
		if problem.As(err).Code != "no-right" {
			t.Errorf("app ran %q: %v", sql, err)
		}
		err = d.Work(t.Context(), func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), sql); return err })
		if !strings.HasPrefix(sql, "insert") && (problem.As(err).Code != "no-right") {
			t.Errorf("worker ran %q: %v", sql, err)
		}
	}
}

func TestSignRefusesACorruptLog(t *testing.T) {
	d, key := dbtest.New(t), openKey(t)
	appendN(t, d, 5)
	sign(t, d, key)
	appendN(t, d, 5)
	owner(t, d, `update audit_leaf set body = replace(body, 'review/12', 'review/13') where seq = 7`)
	err := d.Work(t.Context(), func(tx pgx.Tx) error { _, err := audit.Sign(t.Context(), tx, key, now); return err })
	if problem.As(err).Code != "log-corrupt" {
		t.Errorf("want a refusal to sign a changed leaf, got %v", err)
	}
}

func TestReceipt(t *testing.T) {
	d, key := dbtest.New(t), openKey(t)
	appendN(t, d, 9)
	sign(t, d, key)
	var r audit.Receipt
	err := d.As(t.Context(), clerk, func(tx pgx.Tx) (err error) {
		r, err = audit.NewReceipt(t.Context(), tx, 4, key.Public())
		return err
	})
	if err != nil {
		t.Fatalf("receipt: %v", err)
	}
	file, err := r.File()
	if err != nil {
		t.Fatal(err)
	}
	proved, err := audit.VerifyReceipt(file, key.Public())
	if err != nil || proved.Seq != 4 || proved.Leaf.Subject != "review/12" || proved.Leaf.Kind != "review.vote" {
		t.Errorf("want leaf 4 proved, got %+v, %v", proved, err)
	}
	forged := r
	forged.Leaf = strings.Replace(r.Leaf, `"score":1`, `"score":2`, 1)
	moved := r
	moved.Seq = 5
	for name, bad := range map[string]audit.Receipt{"leaf changed": forged, "another place": moved} {
		file, _ := bad.File()
		if _, err := audit.VerifyReceipt(file, key.Public()); problem.As(err).Code != "bad-receipt" {
			t.Errorf("%s: want bad-receipt, got %v", name, err)
		}
	}
	if _, err := audit.VerifyReceipt(file, openKey(t).Public()); problem.As(err).Code != "bad-receipt" {
		t.Errorf("a stranger's key: want bad-receipt, got %v", err)
	}
	if _, err := audit.VerifyReceipt([]byte("{"), key.Public()); problem.As(err).Code != "bad-receipt" {
		t.Errorf("half a file: want bad-receipt, got %v", err)
	}
	if _, err := audit.VerifyReceipt(file, "nonsense"); problem.As(err).Code != "bad-key" {
		t.Errorf("want bad-key, got %v", err)
	}
}

func TestReceiptNeedsACheckpointAfterIt(t *testing.T) {
	d, key := dbtest.New(t), openKey(t)
	appendN(t, d, 2)
	sign(t, d, key)
	appendN(t, d, 1)
	for seq, want := range map[int64]string{2: "not-yet-signed", 3: "no-leaf"} {
		err := d.As(t.Context(), clerk, func(tx pgx.Tx) error {
			_, err := audit.NewReceipt(t.Context(), tx, seq, key.Public())
			return err
		})
		if problem.As(err).Code != want {
			t.Errorf("leaf %d: want %s, got %v", seq, want, err)
		}
	}
}

func TestKeyIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	keys := make([]string, 16)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			if key, err := audit.OpenKey(dir); err == nil {
				keys[i] = key.Public()
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k == "" || k != keys[0] {
			t.Fatalf("want one key for all, got %q and %q", keys[0], k)
		}
	}
	public, err := audit.PublicKeys(dir)
	if err != nil || len(public) != 1 || public[0] != keys[0] {
		t.Errorf("want the public key beside it, got %v, %v", public, err)
	}
}

func TestAppendRefusesWhatItCannotHold(t *testing.T) {
	d := dbtest.New(t)
	for name, leaf := range map[string]audit.Leaf{
		"no kind": {Subject: "review/1"},
		"too big": {Kind: "test.kind", Subject: "review/1", Data: map[string]any{"x": strings.Repeat("x", 20<<10)}},
	} {
		err := d.As(t.Context(), clerk, func(tx pgx.Tx) error {
			_, err := audit.Append(context.Background(), tx, now, leaf)
			return err
		})
		if err == nil {
			t.Errorf("%s: appended", name)
		}
	}
}
