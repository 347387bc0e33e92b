// Package db holds the connection pools of the four roles and the one
// transaction helper that carries the acting account into row-level security.
package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"advisor/internal/problem"
)

// Config names the database for each role. App is required; the others are
// refused when asked for and empty.
type Config struct {
	Owner, App, Worker, Auditor string
	Conns                       int // of the app role; zero: 12. The worker gets half, the others two.
	Log                         *slog.Logger
}

// DB is the office's database as each of the roles sees it.
type DB struct {
	cfg         Config
	app, worker *pgxpool.Pool

	mu             sync.Mutex
	owner, auditor *pgxpool.Pool
}

// Open makes the pools. It does not connect yet; Check does.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.Conns == 0 {
		cfg.Conns = 12
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	d := &DB{cfg: cfg}
	var err error
	if d.app, err = pool(ctx, cfg.App, "app", cfg.Conns); err != nil {
		return nil, err
	}
	if cfg.Worker != "" {
		if d.worker, err = pool(ctx, cfg.Worker, "worker", (cfg.Conns+1)/2); err != nil {
			d.app.Close()
			return nil, err
		}
	}
	return d, nil
}

// Close ends every connection.
func (d *DB) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range []*pgxpool.Pool{d.app, d.worker, d.owner, d.auditor} {
		if p != nil {
			p.Close()
		}
	}
}

func pool(ctx context.Context, url, role string, conns int) (*pgxpool.Pool, error) {
	if url == "" {
		return nil, noURL(role)
	}
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, problem.New(problem.Invalid, "database-url", "连接数据库", role+" 角色的连接地址写法有误", "地址形如 postgres://用户@主机/库名")
	}
	cfg.MaxConns = int32(conns)
	cfg.MaxConnIdleTime = 5 * time.Minute
	cfg.ConnConfig.RuntimeParams["application_name"] = "advisor"
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	if role == "owner" {
		cfg.AfterConnect = calmOldVector
	}
	p, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open pool of %s: %w", role, err)
	}
	return p, nil
}

func noURL(role string) error {
	names := map[string]string{"app": "ADVISOR_DATABASE_URL", "owner": "ADVISOR_DATABASE_OWNER_URL", "worker": "ADVISOR_DATABASE_WORKER_URL", "auditor": "ADVISOR_DATABASE_AUDITOR_URL"}
	return problem.New(problem.Invalid, "database-url", "连接数据库", "没有给出 "+role+" 角色的连接地址", "请设置 "+names[role])
}

// Owner is the pool of the role that owns the tables.
func (d *DB) Owner(ctx context.Context) (*pgxpool.Pool, error) {
	return d.onDemand(ctx, &d.owner, d.cfg.Owner, "owner")
}

// Auditor is the pool of the role that reads the log.
func (d *DB) Auditor(ctx context.Context) (*pgxpool.Pool, error) {
	return d.onDemand(ctx, &d.auditor, d.cfg.Auditor, "auditor")
}

// Worker is the pool of the role that sees every scope. Beside Work it is for
// the job queue and for LISTEN, which need connections of their own.
func (d *DB) Worker() (*pgxpool.Pool, error) {
	if d.worker == nil {
		return nil, noURL("worker")
	}
	return d.worker, nil
}

func (d *DB) onDemand(ctx context.Context, p **pgxpool.Pool, url, role string) (*pgxpool.Pool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if *p == nil {
		made, err := pool(context.WithoutCancel(ctx), url, role, 4)
		if err != nil {
			return nil, err
		}
		*p = made
	}
	return *p, nil
}

// As runs fn in a transaction on behalf of account, under row-level security.
// Account 0 is nobody and sees nothing. fn may run again when PostgreSQL asks
// for a retry, so it must do nothing outside its transaction.
func (d *DB) As(ctx context.Context, account int64, fn func(pgx.Tx) error) error {
	return d.as(ctx, account, "begin", fn)
}

// Read is As in a transaction that can change nothing.
func (d *DB) Read(ctx context.Context, account int64, fn func(pgx.Tx) error) error {
	return d.as(ctx, account, "begin read only", fn)
}

// as begins the transaction and names the acting account in one message, which
// saves a round trip. Local to the transaction: a pooled connection never keeps it.
func (d *DB) as(ctx context.Context, account int64, begin string, fn func(pgx.Tx) error) error {
	if account != 0 {
		begin += "; set local advisor.account = '" + strconv.FormatInt(account, 10) + "'"
	}
	return inTx(ctx, d.app, pgx.TxOptions{BeginQuery: begin}, fn)
}

// Work runs fn in a transaction of the worker role, which no row-level policy
// holds back. Its statements are listed in docs/operations.md.
func (d *DB) Work(ctx context.Context, fn func(pgx.Tx) error) error {
	if d.worker == nil {
		return noURL("worker")
	}
	return inTx(ctx, d.worker, pgx.TxOptions{}, fn)
}

// attempts is how often a transaction that lost to another is run in all.
const attempts = 4

func inTx(ctx context.Context, pool *pgxpool.Pool, opts pgx.TxOptions, fn func(pgx.Tx) error) error {
	for try := 1; ; try++ {
		err := once(ctx, pool, opts, fn)
		if err == nil || try == attempts || !Is(err, serialization) && !Is(err, deadlock) {
			return explain(err)
		}
		pause(ctx, time.Duration(try*try)*5*time.Millisecond)
	}
}

func once(ctx context.Context, pool *pgxpool.Pool, opts pgx.TxOptions, fn func(pgx.Tx) error) error {
	tx, err := begin(ctx, pool, opts)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	// A no-op after commit; not under ctx, so that a cancelled call leaves no
	// transaction open.
	defer tx.Rollback(context.WithoutCancel(ctx))
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// begin is patient, because nothing has been done yet.
func begin(ctx context.Context, pool *pgxpool.Pool, opts pgx.TxOptions) (pgx.Tx, error) {
	return patiently(ctx, func() (pgx.Tx, error) { return pool.BeginTx(ctx, opts) })
}

// Connect makes a single connection outside the pools, for what is done once:
// migrating, making a database, running beside a pool.
func Connect(ctx context.Context, url string) (*pgx.Conn, error) {
	conn, err := patiently(ctx, func() (*pgx.Conn, error) { return pgx.Connect(ctx, url) })
	if err != nil {
		return nil, fmt.Errorf("connect to database: %w", err)
	}
	return conn, nil
}

// patiently tries again for up to five seconds while the database is
// restarting or has no connection left.
func patiently[T any](ctx context.Context, try func() (T, error)) (T, error) {
	for until := time.Now().Add(5 * time.Second); ; {
		v, err := try()
		if err == nil || ctx.Err() != nil || time.Now().After(until) || !away(err) {
			return v, err
		}
		pause(ctx, 50*time.Millisecond)
	}
}

// away says that the error means no database just now, not a wrong one.
func away(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code == "57P03" || refused.Code == "57P01" || refused.Code == "57P02" || refused.Code == "53300"
	}
	return true
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
