package audit_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"advisor/audit"
	"advisor/internal/db"
	"advisor/internal/db/dbtest"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
)

var update = flag.Bool("update", false, "write docs/attacks.md anew")

// recompute rebuilds every stored hash from the leaves as they now are: what an
// attacker with the owner's rights and this source code can do.
func recompute(t testing.TB, d *db.DB) {
	t.Helper()
	pool, _ := d.Owner(t.Context())
	rows, err := pool.Query(t.Context(), `select body from audit_leaf order by seq`)
	if err != nil {
		t.Fatal(err)
	}
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(idx []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range idx {
			out = append(out, hashes[i])
		}
		return out, nil
	})
	var size int64
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			t.Fatal(err)
		}
		more, err := tlog.StoredHashes(size, []byte(body), reader)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, more...)
		size++
	}
	owner(t, d, `delete from audit_node`)
	for i, h := range hashes {
		owner(t, d, `insert into audit_node (idx, hash) values ($1, $2)`, i, h[:])
	}
}

const edit = `update audit_leaf set body = replace(body, 'review/12', 'review/13') where seq = `

// TestAttacks is the table of what is caught, and of what cannot be. Each
// attack is on a log of 20 leaves with checkpoints of the log's own at 5 and 10
// and one kept elsewhere, at 15.
func TestAttacks(t *testing.T) {
	type find struct {
		seq  int64
		word string
	}
	attacks := []struct {
		name   string
		attack func(t *testing.T, d *db.DB)
		alone  *find // found by the database's own tables; nil is a miss
		kept   *find // found with the checkpoint kept elsewhere
	}{
		{"nothing", func(*testing.T, *db.DB) {}, nil, nil},
		{"one leaf edited, hashes left", func(t *testing.T, d *db.DB) { owner(t, d, edit+`3`) },
			&find{3, "被改动"}, &find{3, "被改动"}},
		{"one leaf edited, everything recomputed", func(t *testing.T, d *db.DB) { owner(t, d, edit+`7`); recompute(t, d) },
			&find{5, "第 5 条至第 9 条"}, &find{5, "被改写"}},
		{"the same, own checkpoints removed too", func(t *testing.T, d *db.DB) {
			owner(t, d, edit+`7`)
			recompute(t, d)
			owner(t, d, `delete from audit_checkpoint`)
		}, nil, &find{0, "第 0 条至第 14 条"}},
		{"one row deleted, the rest moved up and recomputed, own checkpoints removed", func(t *testing.T, d *db.DB) {
			owner(t, d, `delete from audit_leaf where seq = 4`)
			for seq := 5; seq < 20; seq++ {
				owner(t, d, `update audit_leaf set seq = $1 where seq = $2`, seq-1, seq)
			}
			recompute(t, d)
			owner(t, d, `delete from audit_checkpoint`)
		}, nil, &find{0, "被改写"}},
		{"one row deleted", func(t *testing.T, d *db.DB) { owner(t, d, `delete from audit_leaf where seq = 4`) },
			&find{4, "被删除"}, &find{4, "被删除"}},
		{"last row deleted, its hashes left", func(t *testing.T, d *db.DB) { owner(t, d, `delete from audit_leaf where seq = 19`) },
			&find{19, "被删除"}, &find{19, "被删除"}},
		{"cut back to 8 with hashes, own later checkpoint left", func(t *testing.T, d *db.DB) {
			owner(t, d, `delete from audit_leaf where seq >= 8`)
			recompute(t, d)
		}, &find{8, "被截短"}, &find{8, "被截短"}},
		{"cut back to 12 with hashes", func(t *testing.T, d *db.DB) {
			owner(t, d, `delete from audit_leaf where seq >= 12`)
			recompute(t, d)
		}, nil, &find{12, "被截短"}},
		{"all rewritten, own checkpoints removed", func(t *testing.T, d *db.DB) {
			owner(t, d, `update audit_leaf set body = replace(body, 'vote', 'veto')`)
			recompute(t, d)
			owner(t, d, `delete from audit_checkpoint`)
		}, nil, &find{0, "被改写"}},
		{"all emptied", func(t *testing.T, d *db.DB) { owner(t, d, `truncate audit_leaf, audit_node, audit_checkpoint`) },
			nil, &find{0, "被截短"}},
		{"a stored hash flipped", func(t *testing.T, d *db.DB) {
			owner(t, d, `update audit_node set hash = set_byte(hash, 0, get_byte(hash, 0) # 1) where idx = 2`)
		}, &find{1, "散列"}, &find{1, "散列"}},
		{"a leaf planted far away", func(t *testing.T, d *db.DB) {
			owner(t, d, `insert into audit_leaf values (1000000000000, '{}')`)
		}, &find{21, "插到了远处"}, &find{21, "插到了远处"}},
		{"own checkpoint edited", func(t *testing.T, d *db.DB) {
			owner(t, d, `update audit_checkpoint set note = replace(note, E'\n10\n', E'\n11\n') where size = 10`)
		}, &find{-1, "签名无效"}, &find{-1, "签名无效"}},
		{"edited after the last outside checkpoint, recomputed", func(t *testing.T, d *db.DB) { owner(t, d, edit+`17`); recompute(t, d) },
			nil, nil}, // the honest miss: nobody else holds anything that covers leaf 17
	}
	var table strings.Builder
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			row := []string{a.name}
			d, key := dbtest.New(t), openKey(t)
			appendN(t, d, 5)
			sign(t, d, key)
			appendN(t, d, 5)
			sign(t, d, key)
			appendN(t, d, 5)
			kept := sign(t, d, key)
			owner(t, d, `delete from audit_checkpoint where size = 15`) // only elsewhere
			appendN(t, d, 5)
			a.attack(t, d)
			keys := []string{key.Public()}
			for _, way := range []struct {
				name string
				o    audit.Options
				want *find
			}{
				{"alone", audit.Options{Keys: keys}, a.alone},
				{"against a kept checkpoint", audit.Options{Keys: keys, Checkpoint: []byte(kept.Note)}, a.kept},
			} {
				report := verify(t, d, way.o)
				found := slices.ContainsFunc(report.Problems, func(p audit.Problem) bool {
					return way.want != nil && p.Seq == way.want.seq && strings.Contains(p.What, way.want.word)
				})
				if report.OK != (way.want == nil) || !report.OK && !found {
					t.Errorf("%s: want %+v, got %+v", way.name, way.want, report.Problems)
				}
				t.Logf("%-26s %s", way.name, outcome(report))
				row = append(row, outcome(report))
			}
			row = append(row, atWitness(t, d, key, kept))
			fmt.Fprintf(&table, "| %s |\n", strings.Join(row, " | "))
		})
	}
	keepTable(t, table.String())
}

// atWitness is what a witness says that holds the checkpoint of 15 leaves and is
// shown the log, signed anew: the attacker of this column has the key as well.
func atWitness(t *testing.T, d *db.DB, key *audit.Key, kept audit.Checkpoint) string {
	t.Helper()
	k := audit.Kept{Dir: t.TempDir(), Keys: []string{key.Public()}}
	none := func(int64, int64) (tlog.TreeProof, error) { return nil, nil }
	if _, err := k.Accept([]byte(kept.Note), none); err != nil {
		t.Fatal(err)
	}
	var proofs = func(older, newer int64) (p tlog.TreeProof, err error) {
		err = d.Read(t.Context(), 1, func(tx pgx.Tx) error { p, err = audit.Consistency(t.Context(), tx, older, newer); return err })
		return p, err
	}
	owner(t, d, `insert into account (id, login, name) overriding system value values (1, 'watcher', '见证') on conflict do nothing`)
	owner(t, d, `delete from audit_checkpoint`)
	var c audit.Checkpoint
	err := d.Work(t.Context(), func(tx pgx.Tx) (err error) {
		c, err = audit.Sign(t.Context(), tx, key, time.Now())
		return err
	})
	if err != nil {
		return "caught: it cannot be signed (" + code(err) + ")"
	}
	if _, err := k.Accept([]byte(c.Note), proofs); err != nil {
		return "caught: " + code(err)
	}
	return "nothing found"
}

const attacksFile = "../docs/attacks.md"

const attacksHead = `# What the log catches, and what it cannot

Written by audit's TestAttacks, which keeps it true (` + "`go test ./audit -run TestAttacks -update`" + `). Each attack is on a log of 20
records with checkpoints of its own at 5 and 10 and one that somebody else keeps, at 15. The attacker owns the database
and this source code. Columns: what ` + "`audit verify`" + ` finds with the database's own tables alone, what it finds with the
checkpoint kept elsewhere, and what a witness on another machine says when the attacker, who now has the signing key as
well, signs what is left.

So what may be promised: nobody without the key can make a new valid checkpoint; history before the last checkpoint
that *somebody else* holds cannot be rewritten unnoticed, not even with database and key; a receipt proves offline that
its record is in the log. What may not be promised: that a record was true or complete when it was written; anything
after the last checkpoint held elsewhere; that deletion is prevented (it is found); that the times are right.

| attack | verify, alone | verify, against the kept checkpoint | witness |
|---|---|---|---|
`

func keepTable(t *testing.T, rows string) {
	t.Helper()
	want := attacksHead + rows
	if *update {
		if err := os.WriteFile(attacksFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(attacksFile)
	if err != nil || string(got) != want {
		t.Errorf("docs/attacks.md is not what the attacks gave (%v); run with -update and read the difference", err)
	}
	t.Log("\n" + rows)
}

func outcome(r audit.Report) string {
	if r.OK {
		return "nothing found"
	}
	return r.Problems[0].What
}

func TestResignedLogIsCaughtByTheKeptCheckpoint(t *testing.T) {
	d, key := dbtest.New(t), openKey(t)
	appendN(t, d, 6)
	kept := sign(t, d, key)
	owner(t, d, edit+`2`)
	recompute(t, d)
	owner(t, d, `delete from audit_checkpoint`)
	sign(t, d, key) // the attacker has the signing key as well
	report := verify(t, d, audit.Options{Keys: []string{key.Public()}, Checkpoint: []byte(kept.Note)})
	if report.OK || !strings.Contains(report.Problems[0].What, "重签") {
		t.Errorf("want two signatures for one size named, got %+v", report)
	}
}

func TestVerifyWhileOthersAppend(t *testing.T) {
	d, key := dbtest.New(t), openKey(t)
	appendN(t, d, 3)
	done := make(chan struct{})
	go func() { defer close(done); appendN(t, d, 60) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		sign(t, d, key)
		if r := verify(t, d, audit.Options{Keys: []string{key.Public()}}); !r.OK {
			t.Fatalf("want a sound log at every moment, got %+v", r)
		}
	}
}
