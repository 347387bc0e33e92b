package format

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// outside is one run of an outside program on an untrusted file: in a folder of
// its own, with an empty environment, a limit of time, memory and output, and
// a process group that ends as a whole.
type outside struct {
	path  string
	args  []string
	in    io.Reader
	dir   string // where it works; empty: the system's temporary folder
	limit time.Duration
}

const (
	maxOutside = 64 << 20 // bytes of output kept
	maxMemory  = 3 << 20  // KiB of address space
)

// lookPath finds a program in the usual places even when PATH is poor.
func lookPath(names ...string) (string, error) {
	for _, name := range names {
		if p, err := exec.LookPath(name); err == nil {
			return p, nil
		}
		for _, dir := range []string{"/usr/bin", "/usr/local/bin", "/opt/libreoffice/program", "/usr/lib/libreoffice/program", "/Applications/LibreOffice.app/Contents/MacOS"} {
			p := filepath.Join(dir, name)
			if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
				return p, nil
			}
		}
	}
	return "", fmt.Errorf("not installed: %s", strings.Join(names, ", "))
}

// run runs it: without a network when the system allows that, else with
// proxies that lead nowhere.
func (o outside) run(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, o.limit, errSlow)
	defer cancel()
	out, words := &bounded{left: maxOutside}, &bounded{left: 4096}
	cmd := o.command(ctx, false)
	cmd.Stdout, cmd.Stderr = out, words
	err := cmd.Start()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EACCES) {
		cmd = o.command(ctx, true)
		cmd.Stdout, cmd.Stderr = out, words
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(o.path), err)
	}
	err = cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // whatever it left behind
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(o.path), errors.Join(err, context.Cause(ctx)), strings.TrimSpace(words.String()))
	}
	return out.Bytes(), nil
}

func (o outside) command(ctx context.Context, network bool) *exec.Cmd {
	// The shell only sets the limits and becomes the program.
	script := fmt.Sprintf(`ulimit -v %d 2>/dev/null; ulimit -c 0; ulimit -f %d 2>/dev/null; exec "$0" "$@"`, maxMemory, 1<<20)
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", script, o.path}, o.args...)...)
	cmd.Stdin, cmd.Dir = o.in, o.dir
	if cmd.Dir == "" {
		cmd.Dir = os.TempDir()
	}
	nowhere := "http://127.0.0.1:9"
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + cmd.Dir, "TMPDIR=" + cmd.Dir, "LANG=C.UTF-8", "OMP_THREAD_LIMIT=1",
		"SAL_USE_VCLPLUGIN=svp", "http_proxy=" + nowhere, "https_proxy=" + nowhere, "ftp_proxy=" + nowhere}
	cmd.SysProcAttr = isolated(network)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// bounded keeps what fits and lets the rest pass.
type bounded struct {
	bytes.Buffer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.left -= n
	_, _ = b.Buffer.Write(p[:n])
	return len(p), nil
}
