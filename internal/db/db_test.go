package db_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/internal/problem"
)

func TestRowsFollowTheActingAccount(t *testing.T) {
	ctx, d := t.Context(), dbtest.New(t)
	var id int64
	must(t, d.Work(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `insert into account (login, name) values ('li.si', '李四') returning id`).Scan(&id)
	}))
	for _, c := range []struct {
		name    string
		account int64
		want    int
	}{{"nobody sees nothing", 0, 0}, {"an account sees accounts", id, 1}, {"nobody after somebody on the same connection", 0, 0}} {
		got := -1
		must(t, d.Read(ctx, c.account, func(tx pgx.Tx) error { return tx.QueryRow(ctx, `select count(*) from account`).Scan(&got) }))
		if got != c.want {
			t.Errorf("%s: want %d rows, got %d", c.name, c.want, got)
		}
	}
}

func TestReadChangesNothing(t *testing.T) {
	ctx, d := t.Context(), dbtest.New(t)
	err := d.Read(ctx, 1, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update account set name = ''`)
		return err
	})
	if !db.Is(err, "25006") {
		t.Errorf("want read-only refusal, got %v", err)
	}
}

func TestFailedWorkLeavesNothing(t *testing.T) {
	ctx, d := t.Context(), dbtest.New(t)
	stop := errors.New("stop")
	err := d.Work(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `insert into account (login, name) values ('wang.wu', '王五')`); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatalf("want the function's own error, got %v", err)
	}
	var n int
	must(t, d.Work(ctx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, `select count(*) from account`).Scan(&n) }))
	if n != 0 {
		t.Errorf("want no row, got %d", n)
	}
}

// Two transactions take two rows crosswise: PostgreSQL ends one of them, which
// must then succeed by itself.
func TestDeadlockIsTriedAgain(t *testing.T) {
	ctx, d := t.Context(), dbtest.New(t)
	must(t, d.Work(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into account (login, name) values ('aa', 'a'), ('bb', 'b')`)
		return err
	}))
	var both, meet sync.WaitGroup
	meet.Add(2)
	errs := make([]error, 2)
	for i, order := range [][2]string{{"aa", "bb"}, {"bb", "aa"}} {
		first := true
		both.Go(func() {
			errs[i] = d.Work(ctx, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, `update account set failed_logins = failed_logins + 1 where login = $1`, order[0]); err != nil {
					return err
				}
				if first {
					first = false
					meet.Done()
					meet.Wait()
				}
				_, err := tx.Exec(ctx, `update account set failed_logins = failed_logins + 1 where login = $1`, order[1])
				return err
			})
		})
	}
	both.Wait()
	must(t, errors.Join(errs...))
	var sum int
	must(t, d.Work(ctx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, `select sum(failed_logins) from account`).Scan(&sum) }))
	if sum != 4 {
		t.Errorf("want 4 changes, got %d", sum)
	}
}

func TestMissingGrantIsRefusedInPlainWords(t *testing.T) {
	ctx, d := t.Context(), dbtest.New(t)
	err := d.As(ctx, 1, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select password_hash from account`)
		return err
	})
	var p *problem.Problem
	var cause *pgconn.PgError
	if !errors.As(err, &p) || p.Kind != problem.Refused || !errors.As(err, &cause) {
		t.Errorf("want a refusal with its cause, got %v", err)
	}
}

func TestStartRefusesARoleThatPoliciesDoNotHold(t *testing.T) {
	ctx, cfg := t.Context(), dbtest.Config(t)
	for _, c := range []struct{ name, url, code string }{
		{"app", cfg.App, ""},
		{"owner of the tables", cfg.Owner, "unsafe-role"},
		{"bypasses", cfg.Worker, "unsafe-role"},
	} {
		d, err := db.Open(ctx, db.Config{App: c.url})
		must(t, err)
		report, err := d.Start(ctx)
		d.Close()
		var p *problem.Problem
		errors.As(err, &p)
		if got := ""; (p != nil && p.Code != c.code) || (p == nil) != (c.code == "") {
			t.Errorf("%s: want %q, got %v%s", c.name, c.code, err, got)
		}
		if c.code == "" && (report.Pgvector == "" || report.Postgres == "" || len(report.Warnings) != 0) {
			t.Errorf("%s: incomplete report %+v", c.name, report)
		}
	}
}

func TestMissingURLNamesTheVariable(t *testing.T) {
	_, err := db.Open(context.Background(), db.Config{})
	if p := problem.As(err); p.Code != "database-url" {
		t.Errorf("want database-url, got %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
