package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/internal/problem"
)

func documentsList(f *flags) action {
	limit := f.Int("limit", 0, "最多几份；0 为全部")
	return func(ctx context.Context, e *env, args []string) error {
		actor, err := e.open(ctx)
		if err != nil {
			return err
		}
		var l []corpus.Listed
		err = e.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
			l, err = corpus.List(ctx, tx, corpus.Filter{Words: strings.Join(args, " "), Limit: *limit}, corpus.Today(e.now()))
			return err
		})
		if err != nil {
			return err
		}
		return e.print(map[string]any{"documents": l}, func(w io.Writer) {
			for _, d := range l {
				fmt.Fprintf(w, "%6d  《%s》 %s %s %s %d 个版本\n", d.DocumentID, d.Title, d.DocNumber, d.Issuer, statusWord(d.Status), d.Versions)
			}
		})
	}
}

func documentsShow(f *flags) action {
	on := f.String("on", "", "显示哪一天有效的版本，默认今天")
	version := f.String("version", "", "显示哪个版本")
	return onDocument(func(ctx context.Context, e *env, tx pgx.Tx, document int64) error {
		date, err := dateFlag(*on)
		if err != nil {
			return err
		}
		if date == "" {
			date = corpus.Today(e.now())
		}
		var v int64
		if *version != "" {
			if v, err = id(*version, "版本"); err != nil {
				return err
			}
		}
		d, err := corpus.Show(ctx, tx, document, v, date)
		if err != nil {
			return err
		}
		return e.print(d, func(w io.Writer) { printDocument(w, d) })
	})
}

func printDocument(w io.Writer, d corpus.Shown) {
	fmt.Fprintf(w, "《%s》 %s %s %s\n", d.Title, d.DocNumber, d.Issuer, d.Level)
	for _, v := range d.Versions {
		fmt.Fprintf(w, "  版本 %d  公布 %s  施行 %s  失效 %s  %s  %d 条\n", v.VersionID, v.Issued, v.Effective, v.Repealed, statusWord(v.Status), v.Articles)
	}
	source := []rune(d.Source)
	for _, p := range d.Provisions {
		fmt.Fprintf(w, "  %-10s %s\n", p.Label, short(string(source[p.Start:p.End]), 70))
	}
}

func documentsHistory(*flags) action {
	return onDocument(func(ctx context.Context, e *env, tx pgx.Tx, document int64) error {
		h, err := corpus.History(ctx, tx, document, corpus.Today(e.now()))
		if err != nil {
			return err
		}
		return e.print(map[string]any{"versions": h}, func(w io.Writer) {
			for _, v := range h {
				fmt.Fprintf(w, "版本 %d  公布 %s  施行 %s  失效 %s  %s  %s\n", v.VersionID, v.Issued, v.Effective, v.Repealed, statusWord(v.Status), v.Path)
			}
		})
	})
}

// onDocument reads under the acting account; the document is named by args.
func onDocument(show func(ctx context.Context, e *env, tx pgx.Tx, document int64) error) action {
	return func(ctx context.Context, e *env, args []string) error {
		document, actor, err := documentArg(ctx, e, args)
		if err != nil {
			return err
		}
		return e.db.Read(ctx, actor.ID, func(tx pgx.Tx) error { return show(ctx, e, tx, document) })
	}
}

func documentArg(ctx context.Context, e *env, args []string) (int64, accounts.Account, error) {
	document, err := oneID(args, "文件")
	if err != nil {
		return 0, accounts.Account{}, err
	}
	actor, err := e.open(ctx)
	return document, actor, err
}

func documentsRepeal(f *flags) action {
	on := f.String("on", "", "自哪一天起失效")
	ground := f.String("ground", "", "废止依据")
	return func(ctx context.Context, e *env, args []string) error {
		date, err := dateFlag(*on)
		if err != nil {
			return err
		}
		if date == "" || *ground == "" {
			return problem.New(problem.Invalid, "usage", "登记废止需要日期和依据", "没有给出 --on 或 --ground", "例如 advisor documents repeal 3 --on 2025-01-01 --ground 云政发〔2025〕1号第三十条")
		}
		document, actor, err := documentArg(ctx, e, args)
		if err != nil {
			return err
		}
		err = e.db.As(ctx, actor.ID, func(tx pgx.Tx) error {
			return corpus.Repeal(ctx, tx, e.now(), actor.ID, document, date, *ground)
		})
		if err != nil {
			return err
		}
		return e.print(map[string]any{"document_id": args[0], "repealed": date}, func(w io.Writer) {
			fmt.Fprintf(w, "已登记：文件 %s 自 %s 起失效\n", args[0], date)
		})
	}
}

func documentsHash(*flags) action {
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.open(ctx)
		if err != nil {
			return err
		}
		var hash string
		err = e.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
			hash, err = corpus.Hash(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
		return e.print(map[string]string{"corpus_hash": hash}, func(w io.Writer) { fmt.Fprintln(w, hash) })
	}
}
