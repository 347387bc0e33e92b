package localpg

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// furnish gives a cluster its roles, its extension and the office's database.
// It changes nothing that is already there. The owner is no superuser, so it
// can neither reach the server's files nor run programs; the extension is made
// in template1 by the superuser and every new database has it.
func (s *Server) furnish(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.Conn(Superuser, "template1"))
	if err != nil {
		return fmt.Errorf("connect to new cluster: %w", err)
	}
	defer conn.Close(ctx)
	var made bool
	if err := conn.QueryRow(ctx, `select exists (select from pg_database where datname = $1)`, Database).Scan(&made); err != nil {
		return fmt.Errorf("look for database: %w", err)
	}
	if made { // made last, so all else is there
		return nil
	}
	for _, statement := range []string{
		`create extension if not exists vector`,
		`do $$ begin
		   if not exists (select from pg_roles where rolname = 'advisor_owner') then create role advisor_owner login createdb; end if;
		   if not exists (select from pg_roles where rolname = 'advisor_app') then create role advisor_app login; end if;
		   if not exists (select from pg_roles where rolname = 'advisor_worker') then create role advisor_worker login bypassrls; end if;
		   if not exists (select from pg_roles where rolname = 'advisor_auditor') then create role advisor_auditor login; end if;
		 end $$`,
		`create database ` + Database + ` owner advisor_owner`,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("furnish cluster: %w", err)
		}
	}
	return nil
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
