package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/jackc/pgx/v5"

	"advisor/internal/localpg"
	"advisor/internal/problem"
	"advisor/migrations"
)

// checkup is the JSON shape of doctor.
type checkup struct {
	Home     string            `json:"home"`
	Socket   string            `json:"socket"`
	Port     int               `json:"port"`
	Database string            `json:"database"`
	Postgres string            `json:"postgres"`
	Pgvector string            `json:"pgvector"`
	Roles    map[string]string `json:"roles"`
	Checks   []check           `json:"checks"`
}

type check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	What string `json:"what"`
}

func doctorCommand(*flags) action {
	return func(ctx context.Context, e *env, _ []string) error {
		c := checkup{Home: e.cfg.Home}
		add := func(name string, err error, fine string) bool {
			if err != nil {
				fine = problem.As(err).Error()
			}
			c.Checks = append(c.Checks, check{name, err == nil, fine})
			return err == nil
		}
		if add("database", e.openDB(ctx), "数据库可用") {
			c.Database, c.Postgres, c.Pgvector = e.started.Database, e.started.Postgres, e.started.Pgvector
			c.Roles = e.roles()
			if e.pg != nil {
				c.Socket, c.Port = e.pg.Socket(), localpg.Port
			}
			for _, w := range e.started.Warnings {
				c.Checks = append(c.Checks, check{"pgvector", true, w})
			}
			c.Checks = append(c.Checks, check{"row-security", true, "应用角色不拥有数据表，行级权限有效"})
			_, err := e.open(ctx)
			add("account", err, "以账号 "+e.in.as+" 办理")
			_, _, err = e.index(ctx)
			add("index", err, "检索索引可用")
		}
		if err := e.print(c, func(w io.Writer) { printCheckup(w, c) }); err != nil {
			return err
		}
		for _, k := range c.Checks {
			if !k.OK {
				return quiet(problem.Failed)
			}
		}
		return nil
	}
}

// roles says which database user each role is.
func (e *env) roles() map[string]string {
	m := map[string]string{}
	for role, url := range map[string]string{"owner": e.conn.Owner, "app": e.conn.App, "worker": e.conn.Worker, "auditor": e.conn.Auditor} {
		if c, err := pgx.ParseConfig(url); url != "" && err == nil {
			m[role] = c.User
		}
	}
	return m
}

func printCheckup(w io.Writer, c checkup) {
	fmt.Fprintf(w, "数据目录 %s\n套接字   %s（%d）\n数据库   %s，PostgreSQL %s，pgvector %s\n", c.Home, c.Socket, c.Port, c.Database, c.Postgres, c.Pgvector)
	for _, k := range c.Checks {
		mark := "✓"
		if !k.OK {
			mark = "✗"
		}
		fmt.Fprintf(w, "%s %-14s %s\n", mark, k.Name, k.What)
	}
}

func migrateCommand(*flags) action {
	return func(ctx context.Context, e *env, args []string) error {
		what, err := one(args, "动作：up、down 或 status")
		if err != nil {
			return err
		}
		if err := e.connect(ctx); err != nil {
			return err
		}
		if e.conn.Owner == "" {
			return problem.New(problem.Invalid, "no-owner", "未能升级数据库结构", "没有设置 ADVISOR_DATABASE_OWNER_URL", "请设置后重试")
		}
		switch what {
		case "up":
			err = migrations.Up(ctx, e.conn.Owner)
		case "down":
			err = migrations.Down(ctx, e.conn.Owner)
		case "status":
		default:
			err = problem.New(problem.Invalid, "usage", "没有动作 "+what, "只有 up、down、status", "例如 advisor migrate status")
		}
		if err != nil {
			return err
		}
		states, err := migrations.Status(ctx, e.conn.Owner)
		if err != nil {
			return err
		}
		return e.print(map[string]any{"migrations": states}, func(w io.Writer) {
			for _, s := range states {
				fmt.Fprintf(w, "%5d  %-10s %s\n", s.Version, applied(s), s.Name)
			}
		})
	}
}

func applied(s migrations.State) string {
	if s.Applied.IsZero() {
		return "未执行"
	}
	return "已执行"
}

// psqlCommand opens the client that came with the database binaries; with an
// external database the one on PATH.
func psqlCommand(f *flags) action {
	role := f.String("role", "app", "app、owner、worker 或 auditor")
	return func(ctx context.Context, e *env, args []string) error {
		if err := e.openDB(ctx); err != nil {
			return err
		}
		url, ok := map[string]string{"app": e.conn.App, "owner": e.conn.Owner, "worker": e.conn.Worker, "auditor": e.conn.Auditor}[*role]
		if !ok || url == "" {
			return problem.New(problem.Invalid, "no-role", "未能打开数据库客户端", "没有角色 "+*role+" 或未设置其连接", "角色为 app、owner、worker、auditor 之一")
		}
		psql := "psql"
		if e.pg != nil {
			psql = e.pg.Psql()
		}
		c := exec.CommandContext(ctx, psql, append([]string{"-X", "-d", url}, args...)...)
		c.Stdin, c.Stdout, c.Stderr = e.stdin, e.stdout, e.stderr
		c.Env = append(os.Environ(), "PGCLIENTENCODING=UTF8")
		err := c.Run()
		if _, exited := err.(*exec.ExitError); exited {
			return quiet(problem.Failed)
		}
		if err != nil {
			return problem.New(problem.Failed, "no-psql", "未能打开数据库客户端", err.Error(), "请安装 psql，或检查 ADVISOR_PG_BIN")
		}
		return nil
	}
}
