package db

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"advisor/internal/problem"
)

// Report is what the start check found.
type Report struct {
	Postgres, Pgvector string
	Database           string
	Warnings           []string // plain Chinese
}

// Start is the check that serve and every command make first: it refuses a
// database on which row-level security would not hold, or with a pgvector
// whose faults lose rows.
func (d *DB) Start(ctx context.Context) (Report, error) {
	var r Report
	var super, bypass, owns bool
	tx, err := begin(ctx, d.app, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return r, problem.New(problem.Failed, "database", "连接数据库", "没有连上", "请检查数据库是否在运行、连接地址是否正确").Because(err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	const facts = `
select current_setting('server_version'), current_database(),
       coalesce((select extversion from pg_extension where extname = 'vector'), ''),
       r.rolsuper, r.rolbypassrls,
       exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
               where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
                 and pg_has_role(current_user, c.relowner, 'member'))
from pg_roles r where r.rolname = current_user`
	if err := tx.QueryRow(ctx, facts).Scan(&r.Postgres, &r.Database, &r.Pgvector, &super, &bypass, &owns); err != nil {
		return r, fmt.Errorf("look at database: %w", err)
	}
	if why := unsafe(super, bypass, owns); why != "" {
		return r, problem.New(problem.Refused, "unsafe-role", "启动", "应用角色"+why+"，行级权限对它不起作用", "请把 ADVISOR_DATABASE_URL 换成只有必要授权的 advisor_app 角色")
	}
	warning, err := vector(r.Pgvector)
	if warning != "" {
		r.Warnings = append(r.Warnings, warning)
	}
	return r, err
}

func unsafe(super, bypass, owns bool) string {
	switch {
	case super:
		return "是超级用户"
	case bypass:
		return "带有 BYPASSRLS"
	case owns:
		return "拥有数据表"
	}
	return ""
}

// vector judges a pgvector version: parallel HNSW builds before 0.8.2 read
// beyond their memory (CVE-2026-3172), vacuum before 0.8.4 can lose rows.
func vector(version string) (warning string, err error) {
	what := "检查 pgvector"
	switch {
	case version == "":
		return "", problem.New(problem.Failed, "pgvector", what, "数据库没有安装 vector 扩展", "请数据库管理员执行 CREATE EXTENSION vector")
	case older(version, 0, 8, 0):
		return "", problem.New(problem.Refused, "pgvector", what, "版本 "+version+" 过旧", "请升级到 0.8.4 以上")
	case older(version, 0, 8, 4):
		return "pgvector " + version + " 存在已知缺陷，已关闭索引的并行建立；请升级到 0.8.4 以上", nil
	}
	return "", nil
}

// older compares dotted numbers.
func older(version string, than ...int) bool {
	parts := strings.Split(version, ".")
	for i, want := range than {
		have := 0
		if i < len(parts) {
			have, _ = strconv.Atoi(parts[i])
		}
		if have != want {
			return have < want
		}
	}
	return false
}

// calmOldVector turns parallel index builds off on the owner's connections
// where the extension's are faulty.
func calmOldVector(ctx context.Context, conn *pgx.Conn) error {
	var version string
	if err := conn.QueryRow(ctx, `select coalesce((select extversion from pg_extension where extname = 'vector'), '')`).Scan(&version); err != nil {
		return fmt.Errorf("read pgvector version: %w", err)
	}
	if version == "" || !older(version, 0, 8, 4) {
		return nil
	}
	if _, err := conn.Exec(ctx, `set max_parallel_maintenance_workers = 0`); err != nil {
		return fmt.Errorf("turn parallel builds off: %w", err)
	}
	return nil
}
