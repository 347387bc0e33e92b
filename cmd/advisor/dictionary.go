package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/internal/problem"
)

func (e *env) dictionary(ctx context.Context) (corpus.Dictionary, accounts.Account, error) {
	actor, err := e.open(ctx)
	return corpus.Dictionary{DB: e.db, Now: e.now}, actor, err
}

func dictionaryList(f *flags) action {
	kind := f.String("kind", "", "只列一类：word、department 或 synonym")
	return func(ctx context.Context, e *env, _ []string) error {
		d, actor, err := e.dictionary(ctx)
		if err != nil {
			return err
		}
		all, err := d.List(ctx, actor, *kind)
		if err != nil {
			return err
		}
		return e.print(map[string]any{"entries": all}, func(w io.Writer) {
			for _, x := range all {
				fmt.Fprintln(w, strings.TrimRight(strings.Join([]string{x.Kind, x.Term, strings.Join(x.Means, " "), x.Note}, "\t"), "\t"))
			}
		})
	}
}

func dictionaryAdd(f *flags) action {
	note := f.String("note", "", "备注")
	return func(ctx context.Context, e *env, args []string) error {
		if len(args) < 2 {
			return problem.New(problem.Invalid, "usage", "没有看懂要写入的词条", "应给出类别和词", "例如 advisor dictionary add synonym 欠薪 拖欠劳动报酬")
		}
		d, actor, err := e.dictionary(ctx)
		if err != nil {
			return err
		}
		x, err := d.Put(ctx, actor, corpus.Entry{Kind: args[0], Term: args[1], Means: args[2:], Note: *note})
		if err != nil {
			return err
		}
		return e.print(x, func(w io.Writer) { fmt.Fprintf(w, "已写入词典：%s\n", x.Term) })
	}
}

func dictionaryRemove(*flags) action {
	return func(ctx context.Context, e *env, args []string) error {
		if len(args) != 2 {
			return problem.New(problem.Invalid, "usage", "没有看懂要删除的词条", "应给出类别和词", "例如 advisor dictionary remove word 数据要素市场")
		}
		d, actor, err := e.dictionary(ctx)
		if err != nil {
			return err
		}
		if err := d.Remove(ctx, actor, args[0], args[1]); err != nil {
			return err
		}
		return e.print(map[string]any{"removed": args[1]}, func(w io.Writer) { fmt.Fprintf(w, "已从词典删除：%s\n", args[1]) })
	}
}

// dictionaryImport reads lines as dictionary list prints them: kind, term,
// other names, note, set apart by tabs.
func dictionaryImport(*flags) action {
	return func(ctx context.Context, e *env, args []string) error {
		file, err := one(args, "词典文件")
		if err != nil {
			return err
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return problem.New(problem.NotFound, "no-file", "读取词典文件 "+file, "文件打不开", "请检查路径").Because(err)
		}
		d, actor, err := e.dictionary(ctx)
		if err != nil {
			return err
		}
		n := 0
		for i, line := range strings.Split(string(b), "\n") {
			cells := append(strings.Split(strings.TrimSpace(line), "\t"), "", "", "")
			if cells[0] == "" || strings.HasPrefix(cells[0], "#") {
				continue
			}
			x := corpus.Entry{Kind: cells[0], Term: cells[1], Means: strings.Fields(cells[2]), Note: cells[3]}
			if _, err := d.Put(ctx, actor, x); err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
			n++
		}
		return e.print(map[string]any{"entries": n}, func(w io.Writer) { fmt.Fprintf(w, "已写入词典 %d 条\n", n) })
	}
}
