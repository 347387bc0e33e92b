package localpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"advisor/internal/problem"
)

// Starting may replay half a gigabyte of log after a crash; stopping writes a
// checkpoint.
const (
	startLimit = 2 * time.Minute
	stopLimit  = 30 * time.Second
)

func (s *Server) serverLock() string { return filepath.Join(s.dir, "server") }

// ensure leaves a server running and accepting connections. The caller holds lock.
func (s *Server) ensure(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	var err error
	if s.owner, err = serverAccount(s.data()); err != nil {
		return err
	}
	if err := s.reach(); err != nil {
		return err
	}
	if s.attach(ctx) {
		return s.furnish(ctx) // who started it may have been killed before
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	if err := s.furnish(ctx); err != nil {
		return err
	}
	return s.sweep(ctx)
}

// attach says whether a running server answers on its socket.
func (s *Server) attach(ctx context.Context) bool {
	if free(s.serverLock()) {
		return false
	}
	for ctx.Err() == nil {
		pid, socket := s.postmaster()
		switch state := s.ping(ctx, socket); {
		case state == awake:
			s.found(pid, socket)
			return true
		case state == asleep || !alive(pid):
			return false
		}
		pause(ctx, 20*time.Millisecond)
	}
	return false
}

// settle waits until nothing of an earlier server is left: the backends of a
// killed postmaster, or a server whose socket somebody has removed, which it ends.
func (s *Server) settle(ctx context.Context) error {
	for n := 0; !free(s.serverLock()); n++ {
		if pid, socket := s.postmaster(); n%500 == 0 && alive(pid) && isServer(pid, socket) {
			s.cfg.Log.Warn("private database has lost its socket; ending it", "pid", pid)
			syscall.Kill(pid, []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT}[min(n, 1)])
		}
		if pause(ctx, 20*time.Millisecond); ctx.Err() != nil {
			return problem.New(problem.Failed, "pg-busy", "启动私有数据库", "同一数据目录上还有一个数据库进程没有结束", "请稍后重试；仍不成功时请管理员检查 "+s.dir)
		}
	}
	// Nobody holds the server lock, so whatever process has that number now is not ours.
	if err := os.Remove(filepath.Join(s.data(), "postmaster.pid")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove stale pid file: %w", err)
	}
	return nil
}

// start runs the server, which inherits the server lock, and waits for it.
func (s *Server) start(ctx context.Context) error {
	socket, err := s.chooseSocket()
	if err != nil {
		return err
	}
	lock, err := lockFile(ctx, s.serverLock(), exclusive)
	if err != nil {
		return err
	}
	defer lock.Close() // the server and its backends keep it
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open server log: %w", err)
	}
	defer log.Close()
	path, dir, err := s.door(s.data())
	if err != nil {
		return err
	}
	if dir == nil { // keep number 4 for the lock
		if dir, err = os.Open(os.DevNull); err != nil {
			return fmt.Errorf("open null device: %w", err)
		}
	}
	defer dir.Close()
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), "-D", path, "-p", strconv.Itoa(Port), "-c", "unix_socket_directories="+socket)
	cmd.SysProcAttr, cmd.Dir, cmd.Env = s.owner.attr(), "/", environment()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{dir, lock}
	if err := cmd.Start(); err != nil {
		return problem.New(problem.Failed, "pg-start", "启动私有数据库", "数据库程序不能运行", "请检查 "+s.bin+" 的权限").Because(err)
	}
	died := make(chan struct{})
	go func() { cmd.Wait(); close(died) }() // reaps it whenever it ends
	for {
		if s.ping(ctx, socket) == awake {
			s.found(cmd.Process.Pid, socket)
			s.guard()
			return nil
		}
		select {
		case <-died:
			return problem.New(problem.Failed, "pg-start", "启动私有数据库", "数据库没有启动："+s.lastWords(), "请按原因处理后重试；详细记录在 "+s.LogFile())
		case <-ctx.Done():
			return problem.New(problem.Failed, "pg-start", "启动私有数据库", "等待超时", "请稍后重试；详细记录在 "+s.LogFile()).Because(ctx.Err())
		case <-time.After(15 * time.Millisecond):
		}
	}
}

// halt stops the server and waits until the last of its processes has ended.
// The caller holds lock and is alone.
func (s *Server) halt(ctx context.Context) error {
	pid, socket := s.postmaster()
	if alive(pid) && !free(s.serverLock()) {
		syscall.Kill(pid, syscall.SIGINT) // fast: ends sessions, writes a checkpoint
	}
	limit := time.Now().Add(stopLimit)
	for !free(s.serverLock()) {
		if time.Now().After(limit) {
			syscall.Kill(pid, syscall.SIGQUIT) // immediate: recovers at the next start
			limit = time.Now().Add(stopLimit)
		}
		if pause(ctx, 5*time.Millisecond); ctx.Err() != nil {
			return fmt.Errorf("stop private database: %w", ctx.Err())
		}
	}
	if socket != "" {
		os.Remove(socket) // empty now
	}
	return nil
}

// postmaster reads the server's number and socket folder from its pid file.
func (s *Server) postmaster() (pid int, socket string) {
	b, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return 0, ""
	}
	lines := strings.Split(string(b), "\n")
	if pid, err = strconv.Atoi(strings.TrimSpace(lines[0])); err != nil || pid < 2 {
		return 0, ""
	}
	if len(lines) > 4 {
		socket = strings.TrimSpace(lines[4])
	}
	return pid, socket
}

func alive(pid int) bool {
	if pid < 2 {
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// isServer says whether pid's command line is that of the server of this
// socket folder, so that a number used again by a stranger is never signalled.
func isServer(pid int, socket string) bool {
	line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil {
		line, err = exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	}
	return err == nil && socket != "" && bytes.Contains(line, []byte("unix_socket_directories="+socket))
}

type state int

const (
	asleep state = iota
	waking
	awake
)

// ping asks the server for its state. Only a missing or deaf socket counts as
// asleep: a server that is merely slow must never be taken for a dead one.
func (s *Server) ping(ctx context.Context, socket string) state {
	if socket == "" {
		return waking // the pid file is not complete yet
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := pgconn.Connect(ctx, conn(socket, Superuser, "postgres"))
	if err == nil {
		c.Close(ctx)
		return awake
	}
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && refused.Code == "53300": // too many connections
		return awake
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ECONNREFUSED):
		return asleep
	}
	return waking // starting up, shutting down, or out of breath
}

// guard starts a small shell that outlives us: when every attached program is
// gone, also by kill -9, it stops the server. Without flock(1) there is none,
// and an abandoned server waits for the next program to stop it.
func (s *Server) guard() {
	if runtime.GOOS != "linux" {
		return
	}
	if _, err := exec.LookPath("flock"); err != nil {
		return
	}
	users, err := os.Open(filepath.Join(s.dir, "users"))
	if err != nil {
		return
	}
	defer users.Close()
	server, err := os.Open(s.serverLock())
	if err != nil {
		return
	}
	defer server.Close()
	linger := max(s.cfg.Linger, time.Second)
	cmd := exec.Command("sh", "-c", guardScript, "advisor-guard", strconv.Itoa(int(linger.Seconds())), filepath.Join(s.data(), "postmaster.pid"))
	cmd.SysProcAttr, cmd.Dir, cmd.Env = &syscall.SysProcAttr{Setsid: true}, "/", environment()
	cmd.ExtraFiles = []*os.File{users, server}
	if err := cmd.Start(); err != nil {
		s.cfg.Log.Warn("no guard for the private database", "err", err)
		return
	}
	go cmd.Wait()
}

// Descriptor 3 is users, 4 is the server's lock.
const guardScript = `while :; do
  flock -x 3 || exit
  flock -n -x 4 && exit
  flock -u 3
  sleep "$1"
  flock -n -x 3 || continue
  kill -INT "$(head -n 1 "$2")"
  flock -x 4
  exit
done`

// lastWords are the server log's last lines that say something went wrong.
func (s *Server) lastWords() string {
	f, err := os.Open(s.LogFile())
	if err != nil {
		return "没有留下记录"
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, 64<<10))
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.Contains(lines[i], "FATAL") || strings.Contains(lines[i], "PANIC") || strings.Contains(lines[i], "ERROR") {
			return lines[i]
		}
	}
	return lines[len(lines)-1]
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
