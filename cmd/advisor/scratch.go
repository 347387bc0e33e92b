package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"

	"advisor/internal/db"
	"advisor/internal/problem"
)

// scratch replaces the database by a throw-away one on the same server, with
// index and keys in a temporary folder; all of it goes when the command ends.
func (e *env) scratch(ctx context.Context) error {
	if e.conn.Owner == "" {
		return problem.New(problem.Invalid, "no-owner", "未能建立用完即弃的数据库", "没有设置 ADVISOR_DATABASE_OWNER_URL", "请设置后重试")
	}
	name := "scratch_" + strings.ToLower(rand.Text()[:12])
	main := e.conn.Owner
	if err := statement(ctx, main, "create database "+name); err != nil {
		return fmt.Errorf("make the scratch database: %w", err)
	}
	e.onClose(func() error {
		// The command's own context may be cancelled already; the database must go all the same.
		// Without force first: only so does PostgreSQL send an autovacuum worker away that is
		// not the owner's to end. What stays behind is swept at the next start.
		ctx := context.WithoutCancel(ctx)
		if err := statement(ctx, main, "drop database if exists "+name); err == nil {
			return nil
		}
		if err := statement(ctx, main, "drop database if exists "+name+" with (force)"); err != nil {
			e.log.Warn("scratch database stays behind", "database", name, "error", err)
		}
		return nil
	})
	dir, err := os.MkdirTemp("", "advisor-scratch-")
	if err != nil {
		return fmt.Errorf("make the scratch folder: %w", err)
	}
	e.onClose(func() error { return os.RemoveAll(dir) })
	e.cfg.Home = dir
	c := db.Config{Log: e.log}
	for _, u := range []struct{ from, to *string }{{&e.conn.Owner, &c.Owner}, {&e.conn.App, &c.App}, {&e.conn.Worker, &c.Worker}, {&e.conn.Auditor, &c.Auditor}} {
		*u.to = inDatabase(*u.from, name)
	}
	e.conn = c
	return nil
}

// inDatabase gives a connection string, URL or keywords, for another database.
func inDatabase(conn, name string) string {
	if u, err := url.Parse(conn); err == nil && u.Scheme != "" {
		u.Path = "/" + name
		q := u.Query()
		q.Del("dbname")
		u.RawQuery = q.Encode()
		return u.String()
	}
	if conn == "" {
		return ""
	}
	return conn + " dbname=" + name
}

func statement(ctx context.Context, conn, sql string) error {
	c, err := pgx.Connect(ctx, conn)
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	_, err = c.Exec(ctx, sql)
	return err
}
