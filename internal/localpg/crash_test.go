package localpg_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"advisor/internal/db"
	"advisor/internal/localpg"
)

func TestAKilledProgramDoesNotCount(t *testing.T) {
	home := newHome(t)
	victim, rest := launch(t, home, nil), open(t, home)
	must(t, victim.ready())
	victim.kill()
	if got := query(t, rest, "advisor_app", `select '1'`); got != "1" {
		t.Errorf("want the server there, got %q", got)
	}
	must(t, rest.Close())
	// A killed program's hold ends when the kernel has taken it apart, which may
	// be after Close has looked; then the guard stops the server.
	within(t, 15*time.Second, "the server stopped with the last living program", func() bool { return !running(home) })
}

func TestTheGuardStopsAnAbandonedServer(t *testing.T) {
	home := newHome(t)
	only := launch(t, home, nil)
	must(t, only.ready())
	only.kill()
	within(t, 15*time.Second, "the abandoned server stopped", func() bool { return !running(home) })
	s := open(t, home) // and nothing is broken
	if got := query(t, s, "advisor_app", `select '1'`); got != "1" {
		t.Errorf("want a working server, got %q", got)
	}
}

func TestEverybodyKilledAtOnce(t *testing.T) {
	home := newHome(t)
	only := launch(t, home, nil)
	must(t, only.ready())
	must(t, syscall.Kill(only.pid, syscall.SIGKILL))
	only.kill()
	s := open(t, home)
	if s.PID() == only.pid {
		t.Error("want a new server")
	}
	if got := query(t, s, "advisor_app", `select '1'`); got != "1" {
		t.Errorf("want a working server, got %q", got)
	}
}

// F3: the server is killed under load. Everything acknowledged is there
// afterwards, and writing goes on within five seconds.
func TestAKilledServerComesBackWithEveryAcknowledgedWrite(t *testing.T) {
	home := newHome(t)
	s := open(t, home)
	owner, err := pgxpool.New(t.Context(), s.Conn("advisor_owner", localpg.Database))
	must(t, err)
	defer owner.Close()
	_, err = owner.Exec(t.Context(), `create table ledger (n bigint primary key); grant select, insert on ledger to advisor_app`)
	must(t, err)
	d, err := db.Open(t.Context(), db.Config{App: s.Conn("advisor_app", localpg.Database)})
	must(t, err)
	defer d.Close()

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var acknowledged atomic.Int64 // every n up to this was acknowledged
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := int64(1); ctx.Err() == nil; {
			err := d.As(ctx, 1, func(tx pgx.Tx) error {
				// A commit whose answer was lost may have happened; saying it again changes nothing.
				_, err := tx.Exec(ctx, `insert into ledger (n) values ($1) on conflict do nothing`, n)
				return err
			})
			if err == nil {
				acknowledged.Store(n)
				n++
			}
		}
	}()
	for round := range 3 {
		within(t, 20*time.Second, "some writes", func() bool { return acknowledged.Load() > int64(round+1)*20 })
		pid := s.PID()
		must(t, syscall.Kill(pid, syscall.SIGKILL))
		took := within(t, 30*time.Second, "a new server", func() bool { return s.PID() != pid })
		at := acknowledged.Load()
		took += within(t, 30*time.Second, "writing to go on", func() bool { return acknowledged.Load() > at+2 })
		t.Logf("round %d: writing again after %v", round, took.Round(time.Millisecond))
		if took > 5*time.Second {
			t.Errorf("round %d: want writing again within 5 s, got %v", round, took)
		}
	}
	cancel()
	<-done
	want := acknowledged.Load()
	if got := query(t, s, "advisor_app", fmt.Sprintf(`select count(*)::text from ledger where n <= %d`, want)); got != strconv.FormatInt(want, 10) {
		t.Errorf("want %d acknowledged rows, got %s", want, got)
	}
}

func TestAServerWithoutItsSocketIsReplaced(t *testing.T) {
	home := newHome(t)
	first := open(t, home)
	pid := first.PID()
	must(t, os.RemoveAll(first.Socket()))
	second := open(t, home)
	if second.PID() == pid {
		t.Error("want a new server")
	}
	within(t, 10*time.Second, "the first to follow", func() bool { return first.PID() == second.PID() })
	if got := query(t, first, "advisor_app", `select '1'`); got != "1" {
		t.Errorf("want it reachable for the first as well, got %q", got)
	}
}

// After a power cut the pid file may name a number that a stranger has now.
func TestAStalePidFileOfALivingStranger(t *testing.T) {
	home := newHome(t)
	stale := filepath.Join(home, "postgres", "data", "postmaster.pid")
	must(t, os.WriteFile(stale, fmt.Appendf(nil, "%d\n%s\n1\n5432\n/tmp/nowhere\n", os.Getpid(), home), 0o600))
	s := open(t, home)
	if s.PID() == os.Getpid() {
		t.Error("want a server of its own")
	}
	if got := query(t, s, "advisor_app", `select '1'`); got != "1" {
		t.Errorf("want a working server, got %q", got)
	}
}

// Who started the server may have been killed before roles and database were
// made; whoever attaches then makes them.
func TestAttachingFinishesAnUnfurnishedCluster(t *testing.T) {
	home := newHome(t)
	first := open(t, home)
	conn, err := pgx.Connect(t.Context(), first.Conn(localpg.Superuser, "postgres"))
	must(t, err)
	defer conn.Close(context.Background())
	for _, sql := range []string{`drop database advisor`, `drop role advisor_app`} {
		_, err := conn.Exec(t.Context(), sql)
		must(t, err)
	}
	must(t, os.Remove(filepath.Join(home, "postgres", "data", "furnished")))
	second := open(t, home)
	if second.PID() != first.PID() {
		t.Error("want the running server")
	}
	if got := query(t, second, "advisor_app", `select current_user`); got != "advisor_app" {
		t.Errorf("want role and database there, got %q", got)
	}
}

// A first program killed at any moment of making the cluster leaves nothing
// that the next one trips over.
func TestAFirstProgramKilledAtAnyMoment(t *testing.T) {
	bin(t)
	begin := time.Now()
	s, err := localpg.Open(t.Context(), localpg.Config{Home: filepath.Join(t.TempDir(), "home"), Bin: bin(t)})
	must(t, err)
	whole := time.Since(begin)
	must(t, s.Close())
	chance := rand.New(rand.NewPCG(1, 2))
	for try := range 4 {
		home := filepath.Join(t.TempDir(), "home")
		victim := launch(t, home, nil)
		after := time.Duration(chance.Int64N(int64(whole)))
		if try%2 == 1 { // the end is where roles and database are made
			after = whole - after/8
		}
		time.Sleep(after) // the moment is what is being tried
		victim.kill()
		s := open(t, home)
		for _, role := range []string{"advisor_owner", "advisor_app", "advisor_worker", "advisor_auditor"} {
			if got := query(t, s, role, `select extname from pg_extension where extname = 'vector'`); got != "vector" {
				t.Errorf("killed after %v: want %s to find the extension, got %q", after, role, got)
			}
		}
		must(t, s.Close())
	}
}
