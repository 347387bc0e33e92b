package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"advisor/audit"
	"advisor/experts"
	"advisor/internal/problem"
)

func auditKey(*flags) action {
	return func(_ context.Context, e *env, _ []string) error {
		key, err := audit.OpenKey(e.cfg.keys())
		if err != nil {
			return err
		}
		return e.print(map[string]string{"key": key.Public()}, func(w io.Writer) { fmt.Fprintln(w, key.Public()) })
	}
}

func auditCheckpoint(*flags) action {
	return func(ctx context.Context, e *env, args []string) error {
		c, err := e.checkpoint(ctx)
		if err != nil {
			return err
		}
		if len(args) == 1 {
			if err := os.WriteFile(args[0], []byte(c.Note), 0o644); err != nil {
				return fmt.Errorf("write the checkpoint: %w", err)
			}
		}
		out := map[string]any{"origin": c.Origin, "size": c.Size, "root": c.Root.String(), "note": c.Note}
		return e.print(out, func(w io.Writer) { fmt.Fprint(w, c.Note) })
	}
}

// checkpoint signs the log as it stands.
func (e *env) checkpoint(ctx context.Context) (c audit.Checkpoint, err error) {
	if err := e.openDB(ctx); err != nil {
		return c, err
	}
	key, err := audit.OpenKey(e.cfg.keys())
	if err != nil {
		return c, err
	}
	return audit.Witness{DB: e.db, Key: key, Now: e.now}.Checkpoint(ctx)
}

func auditVerify(f *flags) action {
	file := f.String("checkpoint", "", "保存在别处的检查点文件")
	exported := f.String("log", "", "audit export 写出的日志文件：脱机核验，不用数据库")
	key := f.String("key", "", "公钥，或公钥文件；脱机核验时用")
	return func(ctx context.Context, e *env, _ []string) error {
		o := audit.Options{Books: []audit.Books{experts.NewBooks(), experts.NewReplay()}}
		if *file != "" {
			b, err := os.ReadFile(*file)
			if err != nil {
				return problem.New(problem.NotFound, "no-checkpoint", "未能读取检查点文件 "+*file, err.Error(), "请核对路径")
			}
			o.Checkpoint = b
		}
		r, err := e.verifyAny(ctx, o, *exported, *key)
		if err != nil {
			return err
		}
		if err := e.print(r, func(w io.Writer) { printVerified(w, r) }); err != nil {
			return err
		}
		if !r.OK {
			return quiet(problem.Failed)
		}
		return nil
	}
}

// auditReplay rebuilds the committee's tables from the log and compares them
// with what is there; with a file it writes the rebuilt rows.
func auditReplay(f *flags) action {
	out := f.String("out", "", "把重放得出的各表写入文件（JSON）")
	return func(ctx context.Context, e *env, _ []string) error {
		replay := experts.NewReplay()
		r, err := e.verify(ctx, audit.Options{Books: []audit.Books{replay}})
		if err != nil {
			return err
		}
		counts := map[string]int{}
		for table, rows := range replay.Tables() {
			counts[table] = len(rows)
		}
		if *out != "" {
			b, err := json.MarshalIndent(replay.Tables(), "", " ")
			if err != nil {
				return fmt.Errorf("encode the rebuilt tables: %w", err)
			}
			if err := os.WriteFile(*out, b, 0o600); err != nil {
				return problem.New(problem.Failed, "write-replay", "重放结果没有写入 "+*out, err.Error(), "请换一个位置")
			}
		}
		err = e.print(map[string]any{"ok": r.OK, "size": r.Size, "rows": counts, "problems": r.Problems}, func(w io.Writer) {
			for _, t := range slices.Sorted(maps.Keys(counts)) {
				fmt.Fprintf(w, "  %-14s %d 行\n", t, counts[t])
			}
			printVerified(w, r)
		})
		if err == nil && !r.OK {
			return quiet(problem.Failed)
		}
		return err
	}
}

// verifyAny verifies the database's log, or an exported one without any database.
func (e *env) verifyAny(ctx context.Context, o audit.Options, exported, key string) (r audit.Report, err error) {
	if exported == "" {
		return e.verify(ctx, o)
	}
	if o.Checkpoint == nil {
		return r, problem.New(problem.Invalid, "usage", "脱机核验日志", "没有给出 --checkpoint", "须有一份保存在别处的检查点，否则无从比对")
	}
	keys, err := e.publicKeys(key)
	if err != nil {
		return r, err
	}
	f, err := os.Open(exported)
	if err != nil {
		return r, problem.New(problem.NotFound, "no-log", "未能读取日志文件 "+exported, err.Error(), "请核对路径")
	}
	defer f.Close()
	return audit.VerifyExport(f, o.Checkpoint, keys)
}

func (e *env) verify(ctx context.Context, o audit.Options) (r audit.Report, err error) {
	if err := e.openDB(ctx); err != nil {
		return r, err
	}
	if o.Keys, err = audit.PublicKeys(e.cfg.keys()); err != nil {
		return r, err
	}
	pool, err := e.db.Auditor(ctx)
	if err != nil {
		return r, err
	}
	return audit.Verify(ctx, pool, o)
}

func printVerified(w io.Writer, r audit.Report) {
	if r.OK {
		fmt.Fprintf(w, "核验通过：%d 条记录，%d 个检查点，根 %s\n", r.Size, r.Checkpoints, r.Root)
		return
	}
	fmt.Fprintf(w, "核验未通过：%d 处问题\n", len(r.Problems))
	for _, p := range r.Problems {
		fmt.Fprintf(w, "  第 %d 条：%s\n", p.Seq, p.What)
	}
}

func auditReceipt(*flags) action {
	return func(ctx context.Context, e *env, args []string) error {
		if len(args) != 2 {
			return problem.New(problem.Invalid, "usage", "需要采纳落实的编号和文件名", fmt.Sprintf("给出了 %d 个参数", len(args)), "例如 advisor audit receipt 1 回执.json")
		}
		n, err := id(args[0], "采纳落实")
		if err != nil {
			return err
		}
		if err := e.receipt(ctx, n, args[1]); err != nil {
			return err
		}
		return e.print(map[string]string{"receipt": args[1]}, func(w io.Writer) { fmt.Fprintln(w, "回执已写入", args[1]) })
	}
}

// receipt writes the receipt of an application to file; the desk signs a checkpoint over it.
func (e *env) receipt(ctx context.Context, application int64, file string) error {
	actor, err := e.experts(ctx)
	if err != nil {
		return err
	}
	data, err := e.desk.Receipt(ctx, actor, application)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return problem.New(problem.Failed, "write-receipt", "回执没有写入 "+file, err.Error(), "采纳落实已经生效；换一个位置后用 advisor audit receipt 重新导出").Because(err)
	}
	return nil
}

// auditVerifyReceipt needs no database. The key never comes from the receipt itself.
func auditVerifyReceipt(f *flags) action {
	key := f.String("key", "", "公钥，或公钥文件；空则用数据目录中的公钥")
	return func(_ context.Context, e *env, args []string) error {
		file, err := one(args, "回执文件")
		if err != nil {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return problem.New(problem.NotFound, "no-receipt", "未能读取回执文件 "+file, err.Error(), "请核对路径")
		}
		keys, err := e.publicKeys(*key)
		if err != nil {
			return err
		}
		var p audit.Proved
		for _, k := range keys {
			if p, err = audit.VerifyReceipt(data, k); err == nil {
				break
			}
		}
		if err != nil {
			return err
		}
		out := map[string]any{"ok": true, "seq": p.Seq, "leaf": p.Leaf, "size": p.Checkpoint.Size}
		return e.print(out, func(w io.Writer) {
			b, _ := json.Marshal(p.Leaf)
			fmt.Fprintf(w, "回执有效：第 %d 条记录在 %d 条的日志之中\n%s\n", p.Seq, p.Checkpoint.Size, b)
		})
	}
}

func (e *env) publicKeys(given string) ([]string, error) {
	if given == "" {
		keys, err := audit.PublicKeys(e.cfg.keys())
		if err == nil && len(keys) == 0 {
			err = problem.New(problem.Invalid, "no-key", "未能核验回执", "没有公钥", "用 --key 给出出具单位公布的公钥（advisor audit key 打印的那一行）")
		}
		return keys, err
	}
	if b, err := os.ReadFile(given); err == nil {
		given = string(b)
	}
	return []string{strings.TrimSpace(given)}, nil
}

func auditLog(f *flags) action {
	from := f.Int64("from", -1, "从第几条开始；默认最近的")
	limit := f.Int("limit", 20, "最多几条")
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.open(ctx)
		if err != nil {
			return err
		}
		var entries []audit.Entry
		err = e.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
			if *from < 0 {
				entries, err = audit.Recent(ctx, tx, *limit)
			} else {
				entries, err = audit.Log(ctx, tx, *from, *limit)
			}
			return err
		})
		if err != nil {
			return err
		}
		return e.print(map[string]any{"entries": entries}, func(w io.Writer) {
			for _, n := range entries {
				fmt.Fprintf(w, "%6d  %s  %-22s %-16s 账号 %d\n", n.Seq, n.At, n.Kind, n.Subject, n.Actor)
			}
		})
	}
}
