// Package localpg is the private PostgreSQL that runs when no database is
// configured: one cluster under the program's home, reached through a Unix
// socket only, started by the first program that needs it and stopped by the
// last to leave.
//
// Three lock files under HOME/postgres decide everything, because the kernel
// releases them however a process dies:
//
//	lock    held, briefly, by whoever starts, attaches or stops
//	users   shared by every attached program for as long as it is attached
//	server  held by the server itself and each of its backends (they inherit
//	        the descriptor): while it is taken, no second server can start
package localpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"advisor/internal/problem"
)

// Port is the number in the socket's file name; no TCP port is opened.
const Port = 5432

// Database is the office's database inside the cluster.
const Database = "advisor"

// Superuser is the cluster's bootstrap role, used by this package alone.
const Superuser = "postgres"

// Config says which cluster to open. Home is required.
type Config struct {
	Home     string
	Bin      string            // folder of postgres, initdb, psql; empty: the fetched or bundled ones
	Settings map[string]string // over the package's own; for tests
	Linger   time.Duration     // how long an abandoned server waits for a newcomer; zero: a second
	Log      *slog.Logger
}

// Server is one program's hold on the cluster.
type Server struct {
	cfg   Config
	dir   string // HOME/postgres
	bin   string
	owner account // who the server runs as
	users *os.File

	mu     sync.Mutex
	pid    int
	socket string
	closed bool
	stop   chan struct{} // ends the watcher
	done   chan struct{}
}

// Open attaches to the cluster under cfg.Home, making and starting it first
// where need be. Close must be called; a killed program's hold ends by itself.
func Open(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	home, err := filepath.Abs(cfg.Home)
	if err != nil {
		return nil, fmt.Errorf("find home: %w", err)
	}
	cfg.Home = home
	s := &Server{cfg: cfg, dir: filepath.Join(home, "postgres"), stop: make(chan struct{}), done: make(chan struct{})}
	if s.owner, err = serverAccount(s.data()); err != nil {
		return nil, err
	}
	if err := errors.Join(s.owner.makeHome(home), os.MkdirAll(s.dir, 0o700)); err != nil {
		if known := (*problem.Problem)(nil); errors.As(err, &known) {
			return nil, known
		}
		return nil, problem.New(problem.Failed, "home", "打开数据目录 "+home, "不能在其中建立文件夹", "请检查 ADVISOR_HOME 及其权限").Because(err)
	}
	if s.bin, err = findBin(cfg.Bin); err != nil {
		return nil, err
	}
	lock, err := lockFile(ctx, filepath.Join(s.dir, "lock"), exclusive)
	if err != nil {
		return nil, s.openProblem(err)
	}
	defer lock.Close()
	if s.users, err = lockFile(ctx, filepath.Join(s.dir, "users"), shared); err != nil {
		return nil, s.openProblem(err)
	}
	if err := s.ensure(ctx); err != nil {
		s.users.Close()
		return nil, err
	}
	go s.watch()
	return s, nil
}

func (s *Server) openProblem(err error) error {
	if errors.Is(err, os.ErrPermission) {
		return problem.New(problem.Refused, "home", "打开数据目录 "+s.cfg.Home, "它属于另一个操作系统用户", "请以建立它的用户（或 root）运行，或另设 ADVISOR_HOME").Because(err)
	}
	return err
}

// Close leaves the cluster; the last to leave stops the server and waits for it.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	close(s.stop)
	<-s.done
	defer s.users.Close()
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit+5*time.Second)
	defer cancel()
	lock, err := lockFile(ctx, filepath.Join(s.dir, "lock"), exclusive)
	if err != nil {
		return fmt.Errorf("leave cluster: %w", err)
	}
	defer lock.Close()
	if !s.alone() {
		return nil
	}
	return s.halt(ctx)
}

// alone turns our share of users into sole ownership, which succeeds only when
// nobody else is attached. The guard holds it for a moment when it looks; hence
// the few tries.
func (s *Server) alone() bool {
	for range 10 {
		if tryLock(s.users, exclusive) {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// watch starts the server again when it dies while we are attached.
func (s *Server) watch() {
	defer close(s.done)
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		if alive(s.PID()) {
			continue
		}
		if pid, socket := s.postmaster(); s.ping(context.Background(), socket) == awake {
			s.found(pid, socket) // somebody else has started it, or it lives where we see no processes
			continue
		}
		if err := s.revive(); err != nil {
			s.cfg.Log.Error("private database is down and did not start", "err", err)
		}
	}
}

func (s *Server) revive() error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	go func() {
		select {
		case <-s.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	lock, err := lockFile(ctx, filepath.Join(s.dir, "lock"), exclusive)
	if err != nil {
		return err
	}
	defer lock.Close()
	s.cfg.Log.Warn("private database had stopped; starting it again")
	return s.ensure(ctx)
}

// Conn is the connection string for a role and a database of the cluster.
func (s *Server) Conn(role, database string) string {
	return conn(s.Socket(), role, database)
}

func conn(socket, role, database string) string {
	return fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable", socket, Port, role, database)
}

// Socket is the folder of the Unix socket.
func (s *Server) Socket() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.socket
}

// Bin is the folder of the server's and client's programs.
func (s *Server) Bin() string { return s.bin }

// Psql is the path of the cluster's own client.
func (s *Server) Psql() string { return filepath.Join(s.bin, "psql") }

// Home is the folder that the cluster belongs to.
func (s *Server) Home() string { return s.cfg.Home }

// LogFile is where the server writes.
func (s *Server) LogFile() string { return filepath.Join(s.dir, "server.log") }

// PID is the server's process id as last seen.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pid
}

func (s *Server) found(pid int, socket string) {
	s.mu.Lock()
	s.pid, s.socket = pid, socket
	s.mu.Unlock()
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }
