// Package migrations holds the numbered SQL files, embedded, and runs them.
// Grants and row-level policies travel with the tables they belong to. goose
// keeps its table in a schema of its own, and so does River.
package migrations

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"advisor/internal/db"
)

// FS holds the goose SQL files.
//
//go:embed *.sql
var FS embed.FS

// River is the schema of the job queue's tables.
const River = "river"

// riverVersion is the River schema version that the code was written for; a
// newer library must not migrate further by itself.
const riverVersion = 8

// lockKey keeps two programs from migrating one database at the same time; the
// number is arbitrary ("advisor" in ASCII) and must never change.
const lockKey = 0x61647669736f72

// State is one migration and when it was applied; zero when it was not.
type State struct {
	Version int64
	Name    string
	Applied time.Time
}

// Up brings the database at url, taken as the owner, to the newest schema.
// Every command calls it, so being there already costs one short query.
func Up(ctx context.Context, url string) error {
	if done, err := upToDate(ctx, url); done || err != nil {
		return err
	}
	return run(ctx, url, func(ctx context.Context, pool *pgxpool.Pool, p *goose.Provider) error {
		if err := riverTo(ctx, pool, rivermigrate.DirectionUp, riverVersion); err != nil {
			return err
		}
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("migrate up: %w", err)
		}
		return nil
	})
}

func upToDate(ctx context.Context, url string) (bool, error) {
	names, err := fs.Glob(FS, "*.sql")
	if err != nil {
		return false, fmt.Errorf("list migrations: %w", err)
	}
	conn, err := db.Connect(ctx, url)
	if err != nil {
		return false, err
	}
	defer conn.Close(ctx)
	var ours, rivers int
	err = conn.QueryRow(ctx, `
select (select count(distinct version_id) from goose.version where is_applied and version_id > 0),
       (select coalesce(max(version), 0) from river.river_migration)`).Scan(&ours, &rivers)
	// An error here is a database without those tables; migrating will tell.
	return err == nil && ours >= len(names) && rivers >= riverVersion, nil
}

// Down undoes the newest migration.
func Down(ctx context.Context, url string) error {
	return run(ctx, url, func(ctx context.Context, _ *pgxpool.Pool, p *goose.Provider) error {
		if _, err := p.Down(ctx); err != nil && !errors.Is(err, goose.ErrNoNextVersion) {
			return fmt.Errorf("migrate down: %w", err)
		}
		return nil
	})
}

// Reset undoes everything, River's tables included.
func Reset(ctx context.Context, url string) error {
	return run(ctx, url, func(ctx context.Context, pool *pgxpool.Pool, p *goose.Provider) error {
		if _, err := p.DownTo(ctx, 0); err != nil {
			return fmt.Errorf("migrate down to nothing: %w", err)
		}
		return riverTo(ctx, pool, rivermigrate.DirectionDown, -1)
	})
}

// Status lists every migration in order.
func Status(ctx context.Context, url string) ([]State, error) {
	var states []State
	err := run(ctx, url, func(ctx context.Context, _ *pgxpool.Pool, p *goose.Provider) error {
		all, err := p.Status(ctx)
		if err != nil {
			return fmt.Errorf("read migration status: %w", err)
		}
		for _, m := range all {
			states = append(states, State{m.Source.Version, m.Source.Path, m.AppliedAt})
		}
		return nil
	})
	return states, err
}

// Pending says how many migrations the database still lacks.
func Pending(ctx context.Context, url string) (int, error) {
	all, err := Status(ctx, url)
	n := 0
	for _, s := range all {
		if s.Applied.IsZero() {
			n++
		}
	}
	return n, err
}

// Hash names the schema these files make.
func Hash() (string, error) {
	h := sha256.New()
	names, err := fs.Glob(FS, "*.sql")
	if err != nil {
		return "", fmt.Errorf("list migrations: %w", err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(FS, name)
		if err != nil {
			return "", fmt.Errorf("read migration: %w", err)
		}
		fmt.Fprintf(h, "%s %d %d\n%s", name, len(b), riverVersion, b)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// run opens url, takes the migration lock for as long as fn runs, and hands it
// the two ways in: a pool for River, a provider for our own files.
func run(ctx context.Context, url string, fn func(context.Context, *pgxpool.Pool, *goose.Provider) error) error {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return fmt.Errorf("open database for migration: %w", err)
	}
	defer pool.Close()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect for migration: %w", err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `select pg_advisory_lock($1)`, int64(lockKey)); err != nil {
		return fmt.Errorf("take migration lock: %w", err)
	}
	defer conn.Exec(context.WithoutCancel(ctx), `select pg_advisory_unlock($1)`, int64(lockKey))
	if _, err := conn.Exec(ctx, `create schema if not exists goose; create schema if not exists river`); err != nil {
		return fmt.Errorf("make schemas for migration tables: %w", err)
	}
	std := stdlib.OpenDBFromPool(pool)
	defer std.Close()
	p, err := provider(std)
	if err != nil {
		return err
	}
	return fn(ctx, pool, p)
}

func provider(std *sql.DB) (*goose.Provider, error) {
	// Out of order is allowed: rooms number their files independently.
	p, err := goose.NewProvider(goose.DialectPostgres, std, FS,
		goose.WithTableName("goose.version"), goose.WithAllowOutofOrder(true), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}

func riverTo(ctx context.Context, pool *pgxpool.Pool, direction rivermigrate.Direction, version int) error {
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: River, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("prepare queue's migrations: %w", err)
	}
	if _, err := m.Migrate(ctx, direction, &rivermigrate.MigrateOpts{TargetVersion: version}); err != nil {
		return fmt.Errorf("migrate queue's tables: %w", err)
	}
	return nil
}
