// Command advisor is the program of 双智: one binary that keeps the database,
// imports documents, answers questions, runs the committee's reviews and serves
// the pages. One file a subcommand; open.go opens the rooms in reading order.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // Asia/Shanghai, also on machines without zone files

	"advisor/internal/problem"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	e := &env{in: &inputs{}, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}
	err := run(ctx, e, os.Args[1:])
	stop()
	os.Exit(e.report(err))
}

// run finds the command that args name and runs it.
func run(ctx context.Context, e *env, args []string) (err error) {
	c, rest := find(args)
	if c == nil {
		return noCommand(args)
	}
	f := newFlags(c.name)
	in := f.common()
	do := c.setup(f)
	if err := f.parse(rest); err != nil {
		return err
	}
	if in.help {
		fmt.Fprintf(e.stdout, "%s\n\n  advisor %s %s\n\n", c.does, c.name, c.usage)
		f.printOptions(e.stdout)
		return nil
	}
	e.in = in
	if e.cfg, err = loadConfig(e.getenv, in); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	return do(ctx, e, f.args)
}

// report prints err for people, or as the error object of INTERFACE.md §3, and
// gives the exit status.
func (e *env) report(err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, context.Canceled) {
		err = problem.New(problem.Failed, "interrupted", "已按要求停止", "收到中断信号", "已完成的部分都已保存，重新执行同一命令即可继续")
	}
	p := problem.As(err)
	if e.in.json && !e.printed {
		_ = json.NewEncoder(e.stdout).Encode(map[string]*problem.Problem{"error": p})
	}
	if !errors.Is(err, errQuiet) {
		fmt.Fprintln(e.stderr, p.Error())
	}
	return problem.Exit(err)
}

// errQuiet marks an outcome whose details are printed already: only the exit
// status is still owed.
var errQuiet = errors.New("already reported")

// quiet gives the exit status of kind without another word.
func quiet(kind problem.Kind) error {
	return problem.New(kind, "reported", "", "", "").Because(errQuiet)
}
