package localpg

import (
	"context"
	"fmt"

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
