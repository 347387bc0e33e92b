package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"advisor/internal/problem"
)

// action does a command's work once its flags are read.
type action func(ctx context.Context, e *env, args []string) error

// command is one subcommand. setup declares its flags and returns its action.
type command struct {
	name, usage, does string
	setup             func(f *flags) action
}

// inputs are the flags that every command knows.
type inputs struct {
	json, scratch, help bool
	as, home            string
}

// flags is a flag set that accepts flags after positional arguments too, as
// people write them: advisor import docs --scope public.
type flags struct {
	*flag.FlagSet
	args []string
}

func newFlags(name string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError)}
	f.SetOutput(io.Discard)
	return f
}

func (f *flags) common() *inputs {
	in := &inputs{}
	f.BoolVar(&in.json, "json", false, "标准输出只打印一个 JSON 对象")
	f.StringVar(&in.as, "as", "admin", "以哪个账号办理")
	f.BoolVar(&in.scratch, "scratch", false, "使用用完即弃的数据库")
	f.StringVar(&in.home, "home", "", "数据目录，优先于 ADVISOR_HOME")
	f.BoolVar(&in.help, "help", false, "显示用法")
	f.BoolVar(&in.help, "h", false, "显示用法")
	return in
}

// parse reads flags and positional arguments in any order. After "--" all is positional.
func (f *flags) parse(args []string) error {
	for len(args) > 0 {
		if err := f.Parse(args); err != nil {
			return problem.New(problem.Invalid, "usage", "没有看懂命令 "+f.Name()+" 的选项", err.Error(), "用 advisor "+f.Name()+" --help 查看用法")
		}
		rest := f.Args()
		if n := len(args) - len(rest); n > 0 && args[n-1] == "--" {
			f.args = append(f.args, rest...)
			return nil
		}
		if len(rest) == 0 {
			return nil
		}
		f.args = append(f.args, rest[0])
		args = rest[1:]
	}
	return nil
}

func (f *flags) printOptions(w io.Writer) {
	f.VisitAll(func(o *flag.Flag) { fmt.Fprintf(w, "  --%-14s %s\n", o.Name, o.Usage) })
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// find takes the longest command name at the start of args: "review vote" before "review".
func find(args []string) (*command, []string) {
	if len(args) == 0 {
		return nil, nil
	}
	for i := range commands() {
		c := commands()[i]
		words := strings.Fields(c.name)
		if len(args) >= len(words) && strings.Join(args[:len(words)], " ") == c.name {
			return &c, args[len(words):]
		}
	}
	return nil, nil
}

// overview lists every command in one line.
func overview() string {
	var b strings.Builder
	b.WriteString("双智（advisor）：机器智能与专家智慧融合的政务决策辅助\n\n用法：advisor 命令 [参数] [选项]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-22s %s\n", c.name, c.does)
	}
	b.WriteString("\n每个命令加 --help 查看用法；advisor help config 列出全部设置。\n")
	return b.String()
}

// noCommand is the answer to a command line that names none of the commands.
func noCommand(args []string) error {
	if len(args) == 0 {
		return problem.New(problem.Invalid, "usage", "没有给出命令", "命令行为空", "例如 advisor demo；用 advisor help 查看全部命令")
	}
	return problem.New(problem.Invalid, "usage", "没有命令 "+args[0], "名称不在命令表中", "用 advisor help 查看全部命令")
}

// print writes v as the one JSON object, or calls people to write it as text.
func (e *env) print(v any, people func(w io.Writer)) error {
	e.printed = true
	if e.in.json {
		enc := json.NewEncoder(e.stdout)
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	}
	people(e.stdout)
	return nil
}

// one takes exactly one positional argument.
func one(args []string, what string) (string, error) {
	if len(args) != 1 {
		return "", problem.New(problem.Invalid, "usage", "需要且只需要一个"+what, fmt.Sprintf("给出了 %d 个", len(args)), "用 --help 查看用法")
	}
	return args[0], nil
}

// oneID takes exactly one positional argument, an identifier.
func oneID(args []string, what string) (int64, error) {
	s, err := one(args, what+"编号")
	if err != nil {
		return 0, err
	}
	return id(s, what)
}

// id reads an opaque identifier; outsiders get them as strings.
func id(s, what string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return 0, problem.New(problem.NotFound, "not-found", "没有找到编号为 "+s+" 的"+what, "编号不存在", "请核对编号")
	}
	return n, nil
}
