package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// furnish gives a cluster its roles, its extension and the office's database.
// It changes nothing that is already there. The owner is no superuser, so it
// can neither reach the server's files nor run programs; the extension is made
// in template1 by the superuser and every new database has it. A file beside
// the data says that it was done to the end.
func (s *Server) furnish(ctx context.Context) error {
	finished := filepath.Join(s.data(), "furnished")
	if _, err := os.Stat(finished); err == nil {
		return nil
	}
	conn, err := pgx.Connect(ctx, s.Conn(Superuser, "template1"))
	if err != nil {
		return fmt.Errorf("connect to new cluster: %w", err)
	}
	defer conn.Close(ctx)
	for _, statement := range []string{
		`create extension if not exists vector`,
		`do $$ begin
		   if not exists (select from pg_roles where rolname = 'advisor_owner') then create role advisor_owner login createdb; end if;
		   if not exists (select from pg_roles where rolname = 'advisor_app') then create role advisor_app login; end if;
		   if not exists (select from pg_roles where rolname = 'advisor_worker') then create role advisor_worker login bypassrls; end if;
		   if not exists (select from pg_roles where rolname = 'advisor_auditor') then create role advisor_auditor login; end if;
		 end $$`,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("furnish cluster: %w", err)
		}
	}
	if err := makeDatabase(ctx, conn); err != nil {
		return err
	}
	if err := os.WriteFile(finished, nil, 0o600); err != nil {
		return fmt.Errorf("mark cluster as furnished: %w", err)
	}
	return s.owner.own(finished)
}

// makeDatabase waits for a template that the session of a killed program still
// holds for a moment.
func makeDatabase(ctx context.Context, conn *pgx.Conn) error {
	var made bool
	if err := conn.QueryRow(ctx, `select exists (select from pg_database where datname = $1)`, Database).Scan(&made); err != nil {
		return fmt.Errorf("look for database: %w", err)
	}
	if made {
		return nil
	}
	for {
		_, err := conn.Exec(ctx, `create database `+Database+` owner advisor_owner`)
		var refused *pgconn.PgError
		if err == nil || errors.As(err, &refused) && refused.Code == "42P04" { // there: the killed program's session went on to make it
			return nil
		}
		if refused == nil || refused.Code != "55006" || ctx.Err() != nil {
			return fmt.Errorf("make database: %w", err)
		}
		pause(ctx, 20*time.Millisecond)
	}
}

// sweep drops the throw-away databases of killed programs. Only who starts the
// server alone may: beside others they may be in use.
func (s *Server) sweep(ctx context.Context) error {
	if !s.alone() {
		return s.rejoin(ctx)
	}
	if err := s.rejoin(ctx); err != nil { // we still hold lock: nobody new comes in
		return err
	}
	conn, err := pgx.Connect(ctx, s.Conn(Superuser, "postgres"))
	if err != nil {
		return fmt.Errorf("connect to drop scratch databases: %w", err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `select datname from pg_database where datname like 'scratch\_%'`)
	if err != nil {
		return fmt.Errorf("list scratch databases: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list scratch databases: %w", err)
	}
	for _, name := range names {
		if _, err := conn.Exec(ctx, `drop database if exists `+pgx.Identifier{name}.Sanitize()+` with (force)`); err != nil {
			return fmt.Errorf("drop scratch database: %w", err)
		}
	}
	return nil
}

// rejoin takes our share of users again after alone.
func (s *Server) rejoin(ctx context.Context) error {
	for !tryLock(s.users, shared) {
		if pause(ctx, 5*time.Millisecond); ctx.Err() != nil {
			return fmt.Errorf("share the cluster: %w", ctx.Err())
		}
	}
	return nil
}
