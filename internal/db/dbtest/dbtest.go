// Package dbtest gives each test a fresh database on a real PostgreSQL: cloned
// from a migrated template in a cluster that all test programs of the checkout
// share. Nothing needs installing; it works as root too.
package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/internal/db"
	"advisor/internal/localpg"
	"advisor/internal/localpg/fetch"
	"advisor/migrations"
)

// settings trade durability for speed: a test database lives seconds.
var settings = map[string]string{
	"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
	"autovacuum": "off", "max_wal_size": "2GB",
}

// linger is how long the cluster outlives the last test program.
const linger = 20 * time.Second

type cluster struct {
	server   *localpg.Server
	template string
}

// The cluster is opened by a program's first test and left when it exits; its
// guard stops it when nobody is left.
var open = sync.OnceValues(start)

var count atomic.Int64

// New gives a migrated, empty database with all four roles. It is dropped when
// the test ends.
func New(t testing.TB) *db.DB {
	t.Helper()
	cfg := Config(t)
	d, err := db.Open(context.Background(), cfg)
	if err != nil {
		t.Fatalf("open test database: %v", err)
	}
	t.Cleanup(d.Close)
	return d
}

// Config is New for those who open the database themselves.
func Config(t testing.TB) db.Config {
	t.Helper()
	c, err := open()
	if err != nil {
		t.Fatalf("start test cluster: %v", err)
	}
	return c.clone(t, c.template)
}

// Empty gives a database without any of our tables, for tests of migrations.
func Empty(t testing.TB) db.Config {
	t.Helper()
	c, err := open()
	if err != nil {
		t.Fatalf("start test cluster: %v", err)
	}
	return c.clone(t, "template1")
}

func (c *cluster) clone(t testing.TB, template string) db.Config {
	t.Helper()
	name := fmt.Sprintf("t_%d_%d", os.Getpid(), count.Add(1))
	if err := c.make(context.Background(), name, template); err != nil {
		t.Fatalf("make test database: %v", err)
	}
	t.Cleanup(func() {
		err := c.super(context.Background(), func(conn *pgx.Conn) error {
			_, err := conn.Exec(context.Background(), `drop database if exists `+name+` with (force)`)
			return err
		})
		if err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	return db.Config{
		Owner: c.server.Conn("advisor_owner", name), App: c.server.Conn("advisor_app", name),
		Worker: c.server.Conn("advisor_worker", name), Auditor: c.server.Conn("advisor_auditor", name),
	}
}

// make copies a template. Copies of one template exclude each other only for a
// moment; PostgreSQL answers object_in_use when they meet.
func (c *cluster) make(ctx context.Context, name, template string) error {
	return c.super(ctx, func(conn *pgx.Conn) error {
		for try := 0; ; try++ {
			_, err := conn.Exec(ctx, `create database `+name+` owner advisor_owner template `+template+` strategy file_copy`)
			if !db.Is(err, "55006") || try == 200 {
				return err
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
}

func (c *cluster) super(ctx context.Context, fn func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, c.server.Conn(localpg.Superuser, "postgres"))
	if err != nil {
		return fmt.Errorf("connect to test cluster: %w", err)
	}
	defer conn.Close(ctx)
	return fn(conn)
}

func start() (*cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	root, err := checkout()
	if err != nil {
		return nil, err
	}
	cache := filepath.Join(root, ".cache")
	dir, err := fetch.Runtime(ctx, cache, fetch.Platform(runtime.GOOS+"/"+runtime.GOARCH), os.Stderr)
	if err != nil {
		return nil, err
	}
	server, err := localpg.Open(ctx, localpg.Config{
		Home: filepath.Join(cache, "test-"+strconv.Itoa(os.Geteuid())), Bin: filepath.Join(dir, fetch.Bin), Settings: settings, Linger: linger})
	if err != nil {
		return nil, err
	}
	c := &cluster{server: server}
	if err := c.prepare(ctx); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	return c, nil
}

// prepare makes the template for these migrations unless it is there, and drops
// what killed tests and older migrations left.
func (c *cluster) prepare(ctx context.Context) error {
	hash, err := migrations.Hash()
	if err != nil {
		return err
	}
	c.template = "m_" + hash[:16]
	return c.super(ctx, func(conn *pgx.Conn) error {
		// One test program at a time; the session's end releases it.
		if _, err := conn.Exec(ctx, `select pg_advisory_lock(1)`); err != nil {
			return fmt.Errorf("lock template: %w", err)
		}
		if err := sweep(ctx, conn); err != nil {
			return err
		}
		var made bool
		if err := conn.QueryRow(ctx, `select exists (select from pg_database where datname = $1)`, c.template).Scan(&made); err != nil {
			return fmt.Errorf("look for template: %w", err)
		}
		if made {
			return nil
		}
		return c.migrate(ctx, conn)
	})
}

// migrate makes the template under another name and renames, so that a template is
// whole or not there.
func (c *cluster) migrate(ctx context.Context, conn *pgx.Conn) error {
	const half = "m_unfinished"
	for _, statement := range []string{`drop database if exists ` + half + ` with (force)`, `create database ` + half + ` owner advisor_owner`} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("make template: %w", err)
		}
	}
	if err := migrations.Up(ctx, c.server.Conn("advisor_owner", half)); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `alter database `+half+` rename to `+c.template); err != nil {
		return fmt.Errorf("name template: %w", err)
	}
	return nil
}

// sweep drops the databases of test programs that are no longer there.
func sweep(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `select datname from pg_database where datname like 't\_%'`)
	if err != nil {
		return fmt.Errorf("list test databases: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list test databases: %w", err)
	}
	for _, name := range names {
		parts := strings.Split(name, "_")
		if pid, err := strconv.Atoi(parts[1]); err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			if _, err := conn.Exec(ctx, `drop database if exists `+pgx.Identifier{name}.Sanitize()+` with (force)`); err != nil {
				return fmt.Errorf("drop old test database: %w", err)
			}
		}
	}
	return nil
}

// checkout is the folder of go.mod above the test's own.
func checkout() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find checkout: %w", err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("no go.mod above the test")
}
