package audit_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"advisor/audit"
	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
)

func witness(t *testing.T, d *db.DB, dir string) (audit.Witness, *audit.Key) {
	t.Helper()
	key, err := audit.OpenKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	return audit.Witness{DB: d, Key: key, Now: time.Now}, key
}

func receiptOf(t *testing.T, d *db.DB, key *audit.Key, seq int64) []byte {
	t.Helper()
	var file []byte
	err := d.Work(t.Context(), func(tx pgx.Tx) error {
		keys, err := key.Publics()
		if err != nil {
			return err
		}
		r, err := audit.NewReceipt(t.Context(), tx, seq, keys...)
		if err != nil {
			return err
		}
		file, err = r.File()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func code(err error) string {
	var p *problem.Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}

func TestKeyThatOthersMayReadIsRefused(t *testing.T) {
	dir := t.TempDir()
	if _, err := audit.OpenKey(dir); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "audit.key")
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o644} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := audit.OpenKey(dir); code(err) != "key-open" {
			t.Errorf("mode %o: want the key refused, got %v", mode, err)
		}
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.OpenKey(dir); err != nil {
		t.Errorf("mode 600: %v", err)
	}
}

func TestRotationKeepsOldReceiptsValid(t *testing.T) {
	d, dir := dbtest.New(t), t.TempDir()
	w, key := witness(t, d, dir)
	appendN(t, d, 4)
	if _, err := w.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, old := receiptOf(t, d, key, 2), key.Public()
	var actor int64
	pool, _ := d.Owner(t.Context())
	if err := pool.QueryRow(t.Context(), `insert into account (login, name) values ('keykeeper', '管钥') returning id`).Scan(&actor); err != nil {
		t.Fatal(err)
	}
	succession, err := w.Rotate(t.Context(), actor)
	if err != nil {
		t.Fatal(err)
	}
	_, fresh := witness(t, d, dir)
	if fresh.Public() == old || fresh.Origin() != key.Origin() {
		t.Fatalf("want another key of the same log, got %s after %s", fresh.Public(), old)
	}
	after := receiptOf(t, d, fresh, 3)
	for name, c := range map[string]struct {
		file []byte
		key  string
		ok   bool
	}{"old receipt, old key": {before, old, true}, "new receipt, new key": {after, fresh.Public(), true},
		"old receipt, new key": {before, fresh.Public(), false}, "new receipt, old key": {after, old, false}} {
		if _, err := audit.VerifyReceipt(c.file, c.key); (err == nil) != c.ok {
			t.Errorf("%s: want valid %v, got %v", name, c.ok, err)
		}
	}
	if next, err := audit.Succeed(succession, []string{old}); err != nil || next != fresh.Public() {
		t.Errorf("want the succession to lead to the new key, got %q, %v", next, err)
	}
	stranger, err := audit.OpenKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Succeed(bytes.ReplaceAll(succession, []byte(fresh.Public()), []byte(stranger.Public())), []string{old}); code(err) != "bad-succession" {
		t.Errorf("want a forged succession refused, got %v", err)
	}
	// A program that was running all along goes on, with the new key.
	appendN(t, d, 2)
	if _, err := w.Checkpoint(t.Context()); err != nil {
		t.Errorf("signing after a rotation: %v", err)
	}
	keys, err := fresh.Publics()
	if err != nil || len(keys) != 2 {
		t.Fatalf("want two public keys kept, got %v, %v", keys, err)
	}
	if r := verify(t, d, audit.Options{Keys: keys}); !r.OK {
		t.Errorf("want the log sound under both keys, got %+v", r.Problems)
	}
}

// The witness on another machine: what it refuses, and that it refuses nothing else.
func TestWitness(t *testing.T) {
	d, dir := dbtest.New(t), t.TempDir()
	w, key := witness(t, d, dir)
	kept := audit.Kept{Dir: t.TempDir(), Keys: []string{key.Public()}}
	proof := func(older, newer int64) (tlog.TreeProof, error) {
		p, _, err := w.Proof(t.Context(), 1, older, newer)
		return p, err
	}
	take := func() error {
		c, err := w.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = kept.Accept([]byte(c.Note), proof)
		return err
	}
	owner(t, d, `insert into account (id, login, name) overriding system value values (1, 'witness', '见证')`)
	for range 3 {
		appendN(t, d, 3)
		if err := take(); err != nil {
			t.Fatalf("want a growing log kept, got %v", err)
		}
	}
	if err := take(); err != nil {
		t.Fatalf("want the same checkpoint taken again, got %v", err)
	}
	other, err := audit.OpenKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := sign(t, d, key)
	if _, err := (audit.Kept{Dir: t.TempDir(), Keys: []string{other.Public()}}).Accept([]byte(c.Note), proof); code(err) != "bad-checkpoint" {
		t.Errorf("want a stranger's signature refused, got %v", err)
	}
	// The keeper of the database, who has the key too, rewrites and signs anew.
	owner(t, d, edit+`4`)
	recompute(t, d)
	owner(t, d, `delete from audit_checkpoint`)
	if err := take(); code(err) != "log-forked" {
		t.Errorf("want the fork of the same size refused, got %v", err)
	}
	appendN(t, d, 2)
	if err := take(); code(err) != "log-forked" {
		t.Errorf("want the grown fork refused, got %v", err)
	}
	owner(t, d, `delete from audit_leaf where seq >= 5`)
	recompute(t, d)
	owner(t, d, `delete from audit_checkpoint`)
	if err := take(); code(err) != "log-shrunk" {
		t.Errorf("want the shrunken log refused, got %v", err)
	}
	if files, _ := filepath.Glob(filepath.Join(kept.Dir, "refused-*")); len(files) != 3 {
		t.Errorf("want what was refused kept as evidence, got %v", files)
	}
	if last, err := kept.Latest(); err != nil || last.Size != 9 {
		t.Errorf("want the last good checkpoint still kept, got %d, %v", last.Size, err)
	}
}

func TestExportIsVerifiedWithoutTheDatabase(t *testing.T) {
	d, key := dbtest.New(t), openKey(t)
	appendN(t, d, 7)
	kept := sign(t, d, key)
	appendN(t, d, 2)
	pool, err := d.Auditor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if n, err := audit.Export(t.Context(), pool, &out); err != nil || n != 9 {
		t.Fatalf("want nine leaves, got %d, %v", n, err)
	}
	for name, c := range map[string]struct {
		log string
		ok  bool
	}{
		"as it is":      {out.String(), true},
		"a word edited": {strings.Replace(out.String(), "review/12", "review/13", 1), false},
		"cut short":     {strings.Join(strings.SplitAfter(out.String(), "\n")[:5], ""), false},
		"two swapped":   {swap(out.String()), false},
	} {
		r, err := audit.VerifyExport(strings.NewReader(c.log), []byte(kept.Note), []string{key.Public()})
		if err != nil || r.OK != c.ok {
			t.Errorf("%s: want ok %v, got %+v, %v", name, c.ok, r, err)
		}
	}
}

func swap(log string) string {
	lines := strings.SplitAfter(log, "\n")
	lines[1], lines[2] = lines[2], lines[1]
	return strings.Join(lines, "")
}
