package localpg_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/internal/localpg"
	"advisor/internal/localpg/fetch"
)

// With this variable set the test program is a participant: it opens the home
// named by it, says so, and leaves when its input ends.
const participant = "LOCALPG_TEST_HOME"

func TestMain(m *testing.M) {
	if home := os.Getenv(participant); home != "" {
		if err := participate(home); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if scratch != "" {
		os.RemoveAll(scratch)
	}
	os.Exit(code)
}

func participate(home string) error {
	s, err := localpg.Open(context.Background(), localpg.Config{Home: home, Bin: os.Getenv("LOCALPG_TEST_BIN")})
	if err != nil {
		return err
	}
	fmt.Println("up", s.PID(), s.Socket())
	io.Copy(io.Discard, os.Stdin)
	return s.Close()
}

// scratch is a folder that every user may walk to; the programs and a ready
// cluster to copy lie there, because initdb would take most of the time.
var scratch string

var runtimeDir = sync.OnceValues(func() (string, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return "", err
	}
	dir, err := fetch.Runtime(context.Background(), filepath.Join(root, ".cache"), fetch.Platform(runtime.GOOS+"/"+runtime.GOARCH), os.Stderr)
	if err != nil {
		return "", err
	}
	if scratch, err = os.MkdirTemp("", "localpg-test-"); err != nil {
		return "", err
	}
	to := filepath.Join(scratch, "runtime")
	if out, err := exec.Command("sh", "-c", `chmod 755 "$1" && cp -R "$2" "$3" && cp "$4" "$1/test" && chmod 755 "$1/test"`, "sh", scratch, dir, to, os.Args[0]).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return to, nil
})

var template = sync.OnceValues(func() (string, error) {
	home := filepath.Join(scratch, "template")
	s, err := localpg.Open(context.Background(), localpg.Config{Home: home, Bin: filepath.Join(scratch, "runtime", fetch.Bin)})
	if err != nil {
		return "", err
	}
	return home, s.Close()
})

func bin(t *testing.T) string {
	t.Helper()
	dir, err := runtimeDir()
	must(t, err)
	return filepath.Join(dir, fetch.Bin)
}

// newHome gives a home with a cluster that has never been attached to. It lies
// in a private folder, as homes of tests and trials do.
func newHome(t *testing.T) string {
	t.Helper()
	bin(t)
	from, err := template()
	must(t, err)
	home := filepath.Join(t.TempDir(), "home")
	if out, err := exec.Command("cp", "-a", from, home).CombinedOutput(); err != nil {
		t.Fatalf("copy cluster: %v: %s", err, out)
	}
	return home
}

func open(t *testing.T, home string) *localpg.Server {
	t.Helper()
	s, err := localpg.Open(t.Context(), localpg.Config{Home: home, Bin: bin(t), Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// program is a participant in a process of its own.
type program struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	pid    int // of the server
	socket string
}

func launch(t *testing.T, home string, as *syscall.Credential) *program {
	t.Helper()
	p := &program{cmd: exec.Command(filepath.Join(filepath.Dir(filepath.Clean(filepath.Join(bin(t), "../../.."))), "test"))}
	p.cmd.Env = append(os.Environ(), participant+"="+home, "LOCALPG_TEST_BIN="+bin(t))
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	p.cmd.Dir, p.cmd.Stderr = "/", os.Stderr
	in, err := p.cmd.StdinPipe()
	must(t, err)
	out, err := p.cmd.StdoutPipe()
	must(t, err)
	p.in, p.out = in, bufio.NewScanner(out)
	must(t, p.cmd.Start())
	t.Cleanup(func() { p.cmd.Process.Kill(); p.cmd.Wait() })
	return p
}

// ready waits until the participant is attached.
func (p *program) ready() error {
	if !p.out.Scan() {
		return errors.New("participant ended without a word")
	}
	words := strings.Fields(p.out.Text())
	if len(words) != 3 || words[0] != "up" {
		return errors.New(p.out.Text())
	}
	p.socket = words[2]
	var err error
	p.pid, err = strconv.Atoi(words[1])
	return err
}

func (p *program) leave() error {
	p.in.Close()
	return p.cmd.Wait()
}

func (p *program) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// running says whether any process of the home's server is left: they hold its lock.
func running(home string) bool {
	f, err := os.OpenFile(filepath.Join(home, "postgres", "server"), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil
}

// postmasters counts the servers whose command line names the socket folder.
func postmasters(t *testing.T, socket string) (n int) {
	t.Helper()
	out, err := exec.Command("ps", "-eo", "args").Output()
	must(t, err)
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "/postgres -D") && strings.Contains(line, "unix_socket_directories="+socket) {
			n++
		}
	}
	return n
}

func query(t *testing.T, s *localpg.Server, role, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.Conn(role, localpg.Database))
	must(t, err)
	defer conn.Close(context.Background())
	var got string
	must(t, conn.QueryRow(t.Context(), sql).Scan(&got))
	return got
}

// within polls for a condition.
func within(t *testing.T, limit time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	for !ok() {
		if time.Since(begin) > limit {
			t.Fatalf("want %s within %v", what, limit)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(begin)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
