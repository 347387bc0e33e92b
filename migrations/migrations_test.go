package migrations_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"advisor/internal/db/dbtest"
	"advisor/migrations"
)

func TestUpDownUp(t *testing.T) {
	ctx, cfg := t.Context(), dbtest.Empty(t)
	if err := migrations.Up(ctx, cfg.Owner); err != nil {
		t.Fatal(err)
	}
	first := shape(t, cfg.Owner)
	if err := migrations.Reset(ctx, cfg.Owner); err != nil {
		t.Fatal(err)
	}
	if left := shape(t, cfg.Owner); len(left) != 0 {
		t.Errorf("want nothing left after going down, got %v", left)
	}
	if err := migrations.Up(ctx, cfg.Owner); err != nil {
		t.Fatal(err)
	}
	if n, err := migrations.Pending(ctx, cfg.Owner); n != 0 || err != nil {
		t.Errorf("want nothing pending, got %d, %v", n, err)
	}
	if second := shape(t, cfg.Owner); len(first) == 0 || len(first) != len(second) {
		t.Errorf("want the same columns twice, got %d and %d", len(first), len(second))
	}
}

func TestTwoProgramsMigrateAtOnce(t *testing.T) {
	cfg := dbtest.Empty(t)
	errs := make(chan error)
	for range 4 {
		go func() { errs <- migrations.Up(context.Background(), cfg.Owner) }()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// shape lists our tables' columns and functions with who may do what.
func shape(t *testing.T, url string) []string {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `
select table_schema || '.' || table_name || '.' || column_name from information_schema.columns
 where table_schema in ('public', 'river') and table_name <> 'river_migration'
union all
select 'policy ' || tablename || '.' || policyname from pg_policies
union all
select 'function ' || proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where n.nspname = 'public' and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return names
}
