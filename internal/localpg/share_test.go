package localpg_test

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/internal/localpg"
	"advisor/internal/localpg/fetch"
	"advisor/internal/problem"
)

func TestTwentyProgramsAtOnceShareOneServer(t *testing.T) {
	for name, c := range users(t) {
		t.Run(name, func(t *testing.T) {
			home := c.home(t)
			all := make([]*program, 20)
			for i := range all {
				all[i] = launch(t, home, c.as)
			}
			for _, p := range all {
				must(t, p.ready())
				if p.pid != all[0].pid || p.socket != all[0].socket {
					t.Errorf("want one server %d on %s, got %d on %s", all[0].pid, all[0].socket, p.pid, p.socket)
				}
			}
			if n := postmasters(t, all[0].socket); n != 1 {
				t.Errorf("want 1 server process, got %d", n)
			}
			var left sync.WaitGroup
			for _, p := range all {
				left.Go(func() {
					if err := p.leave(); err != nil {
						t.Errorf("leave: %v", err)
					}
				})
			}
			left.Wait()
			// Two that leave in the same instant may each take the other for one who stays; the guard then acts.
			within(t, 10*time.Second, "the server stopped", func() bool { return !running(home) })
			if _, err := os.Stat(filepath.Join(home, "postgres", "data", "postmaster.pid")); err == nil {
				t.Error("want a clean stop, got a pid file left behind")
			}
		})
	}
}

type who struct {
	as   *syscall.Credential
	home func(*testing.T) string
}

// users are us and, when we are root, an ordinary user as well, with a home of its own.
func users(t *testing.T) map[string]who {
	t.Helper()
	all := map[string]who{"as ourselves": {nil, newHome}}
	if os.Geteuid() != 0 {
		return all
	}
	u, err := user.Lookup("nobody")
	must(t, err)
	uid, err := strconv.Atoi(u.Uid)
	must(t, err)
	gid, err := strconv.Atoi(u.Gid)
	must(t, err)
	all["as an ordinary user"] = who{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, func(t *testing.T) string {
		bin(t)
		dir, err := os.MkdirTemp("", "localpg-home-")
		must(t, err)
		t.Cleanup(func() { os.RemoveAll(dir) })
		must(t, os.Chown(dir, uid, gid))
		return filepath.Join(dir, "home")
	}}
	return all
}

func TestTheLastToLeaveStopsTheServer(t *testing.T) {
	home := newHome(t)
	first, second := launch(t, home, nil), open(t, home)
	must(t, first.ready())
	must(t, first.leave())
	if got := query(t, second, "advisor_app", `select current_user`); got != "advisor_app" {
		t.Errorf("want the server still there for the second, got %q", got)
	}
	must(t, second.Close())
	if running(home) {
		t.Error("want the server stopped when Close returns")
	}
	if _, err := os.Stat(second.Socket()); err == nil {
		t.Error("want the socket's folder removed")
	}
	must(t, second.Close()) // again: nothing
}

func TestAnotherMajorIsRefusedAndLeftAlone(t *testing.T) {
	home := newHome(t)
	version := filepath.Join(home, "postgres", "data", "PG_VERSION")
	conf := filepath.Join(home, "postgres", "data", "postgresql.conf")
	must(t, os.WriteFile(version, []byte("15\n"), 0o600))
	before, err := os.ReadFile(conf)
	must(t, err)
	_, err = localpg.Open(t.Context(), localpg.Config{Home: home, Bin: bin(t)})
	if p := problem.As(err); p.Code != "pg-major" || p.Kind != problem.Refused {
		t.Errorf("want pg-major, got %v", err)
	}
	after, err := os.ReadFile(conf)
	must(t, err)
	if string(before) != string(after) || running(home) {
		t.Error("want the data left alone")
	}
}

func TestAForeignFolderIsNoCluster(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	must(t, os.MkdirAll(filepath.Join(home, "postgres", "data"), 0o700))
	must(t, os.WriteFile(filepath.Join(home, "postgres", "data", "diary"), []byte("x"), 0o600))
	_, err := localpg.Open(t.Context(), localpg.Config{Home: home, Bin: bin(t)})
	if err == nil {
		t.Fatal("want a refusal")
	}
	if b, err := os.ReadFile(filepath.Join(home, "postgres", "data", "diary")); err != nil || string(b) != "x" {
		t.Error("want the folder's content untouched")
	}
}

func TestAnUnfinishedFirstTryIsForgotten(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	half := filepath.Join(home, "postgres", "data.new-123", "base")
	must(t, os.MkdirAll(half, 0o700))
	must(t, os.WriteFile(filepath.Join(half, "1"), []byte("half"), 0o600))
	s := open(t, home)
	if got := query(t, s, "advisor_owner", `select count(*)::text from pg_database where datname = 'advisor'`); got != "1" {
		t.Errorf("want the office's database, got %s", got)
	}
}

func TestTheClusterIsDurableSmallAndClosed(t *testing.T) {
	s := open(t, newHome(t))
	for name, want := range map[string]string{"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on",
		"listen_addresses": "", "shared_buffers": "64MB", "server_encoding": "UTF8", "max_connections": "250"} {
		if got := query(t, s, "advisor_app", `select current_setting('`+name+`')`); got != want {
			t.Errorf("%s: want %q, got %q", name, want, got)
		}
	}
	const roles = `select string_agg(rolname || case when rolsuper then ' super' else '' end || case when rolbypassrls then ' bypass' else '' end, ', ' order by rolname)
from pg_roles where rolname like 'advisor%'`
	if got, want := query(t, s, "advisor_app", roles), "advisor_app, advisor_auditor, advisor_owner, advisor_worker bypass"; got != want {
		t.Errorf("roles: want %s, got %s", want, got)
	}
	info, err := os.Stat(s.Socket())
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("want the socket's folder closed to others, got %v", info.Mode())
	}
}

// When we are root the server runs as somebody else, who owns nothing but the data.
func TestTheServerIsNotRoot(t *testing.T) {
	s := open(t, newHome(t))
	info, err := os.Stat(filepath.Join(s.Home(), "postgres", "data"))
	must(t, err)
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid == 0 {
		t.Error("want data of another uid than root's")
	}
}

func TestOtherUsersAreTurnedAway(t *testing.T) {
	s := open(t, newHome(t))
	stranger, ok := users(t)["as an ordinary user"]
	if !ok { // we are ordinary ourselves: a name that the map does not hold is refused just the same
		if _, err := pgx.Connect(t.Context(), s.Conn("stranger", localpg.Database)); err == nil {
			t.Error("want a role outside the map refused")
		}
		return
	}
	p := launch(t, s.Home(), stranger.as)
	if err := p.ready(); err == nil {
		t.Error("want another user refused")
	}
}

// As root from a checkout that nobody else may read: the programs are copied to
// where the server's user reaches them.
func TestProgramsUnderAClosedFolder(t *testing.T) {
	closed := filepath.Join(t.TempDir(), "closed")
	must(t, os.Mkdir(closed, 0o700))
	must(t, os.CopyFS(filepath.Join(closed, "runtime"), os.DirFS(filepath.Clean(filepath.Join(bin(t), "../../..")))))
	home := filepath.Join(scratch, "outer", "home") // strangers may walk to where it will be made
	s, err := localpg.Open(t.Context(), localpg.Config{Home: home, Bin: filepath.Join(closed, "runtime", fetch.Bin)})
	must(t, err)
	defer s.Close()
	if got := query(t, s, "advisor_app", `select '1'`); got != "1" {
		t.Errorf("want a working server, got %q", got)
	}
	if copied := strings.HasPrefix(s.Bin(), home); copied != (os.Geteuid() == 0) {
		t.Errorf("want a copy in the home only for root, got %s", s.Bin())
	}
	for _, dir := range []string{home, filepath.Dir(home)} {
		info, err := os.Stat(dir)
		must(t, err)
		if info.Mode().Perm()&0o007 != 0 {
			t.Errorf("want %s closed to strangers, got %v", dir, info.Mode())
		}
	}
}

func TestScratchOfKilledProgramsIsSwept(t *testing.T) {
	home := newHome(t)
	s := open(t, home)
	conn, err := pgx.Connect(t.Context(), s.Conn("advisor_owner", localpg.Database))
	must(t, err)
	_, err = conn.Exec(t.Context(), `create database scratch_left`)
	must(t, err)
	must(t, conn.Close(t.Context()))
	const count = `select count(*)::text from pg_database where datname = 'scratch_left'`
	second := open(t, home) // beside another it stays
	if got := query(t, second, "advisor_app", count); got != "1" {
		t.Errorf("want it kept while somebody is attached, got %s", got)
	}
	must(t, second.Close())
	must(t, s.Close())
	if got := query(t, open(t, home), "advisor_app", count); got != "0" {
		t.Errorf("want it gone after a new start, got %s", got)
	}
}
