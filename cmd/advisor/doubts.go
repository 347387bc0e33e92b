package main

import (
	"context"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"advisor/corpus"
	"advisor/evals"
	"advisor/internal/problem"
)

func documentsDoubts(f *flags) action {
	limit := f.Int("limit", 50, "最多几份；0 为全部")
	code := f.String("code", "", "只看一类：repeal、part、amended、basis-ended、newer、no-date、note、trial、old")
	return func(ctx context.Context, e *env, args []string) error {
		actor, err := e.open(ctx)
		if err != nil {
			return err
		}
		var all []corpus.Doubtful
		err = e.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
			all, err = corpus.ListDoubts(ctx, tx, corpus.Today(e.now()))
			return err
		})
		if err != nil {
			return err
		}
		total := len(all)
		all = corpus.OfCode(all, *code)
		if *limit > 0 && len(all) > *limit {
			all = all[:*limit]
		}
		return e.print(map[string]any{"total": total, "documents": all}, func(w io.Writer) {
			fmt.Fprintf(w, "效力待核 %d 份\n", total)
			for _, d := range all {
				fmt.Fprintf(w, "版本 %d《%s》%s %s\n", d.VersionID, d.Title, d.DocNumber, d.Effective)
				for _, x := range d.Doubts {
					fmt.Fprintf(w, "    %s：%s\n", x.Code, x.Why)
				}
			}
		})
	}
}

func documentsConfirm(f *flags) action {
	code := f.String("doubt", "", "待核事项的代码，见 documents doubts")
	name := f.String("name", "", "待核事项涉及的文件名，见 documents doubts --json")
	stands := f.Bool("stands", false, "核定仍然有效")
	ended := f.Bool("ended", false, "核定已经失效")
	on := f.String("on", "", "自哪一天起失效")
	ground := f.String("ground", "", "依据")
	return func(ctx context.Context, e *env, args []string) error {
		if *stands == *ended || *code == "" {
			return problem.New(problem.Invalid, "usage", "未能登记效力核定", "须给出 --doubt，并在 --stands 与 --ended 中选一个", "例如 advisor documents confirm 12 --doubt old --stands --ground 2026年清理保留")
		}
		date, err := dateFlag(*on)
		if err != nil {
			return err
		}
		version, err := oneID(args, "版本")
		if err != nil {
			return err
		}
		actor, err := e.open(ctx)
		if err != nil {
			return err
		}
		a := corpus.Answer{VersionID: version, Code: *code, Name: *name, Ended: *ended, On: date, Ground: *ground}
		if err := (corpus.Library{DB: e.db}).Answer(ctx, actor.ID, e.now(), a); err != nil {
			return err
		}
		return e.print(map[string]any{"version_id": args[0], "ended": *ended, "on": date}, func(w io.Writer) {
			fmt.Fprintf(w, "已登记：版本 %s 的效力核定\n", args[0])
		})
	}
}

func documentsScope(f *flags) action {
	to := f.String("to", "", "新的知悉范围")
	return func(ctx context.Context, e *env, args []string) error {
		if *to == "" {
			return problem.New(problem.Invalid, "usage", "未能调整知悉范围", "没有给出 --to", "例如 advisor documents scope 12 --to datasec")
		}
		document, actor, err := documentArg(ctx, e, args)
		if err != nil {
			return err
		}
		var moved int64
		err = e.db.As(ctx, actor.ID, func(tx pgx.Tx) error {
			moved, err = corpus.Rescope(ctx, tx, e.now(), actor.ID, document, *to)
			return err
		})
		if err != nil {
			return err
		}
		return e.print(map[string]any{"document_id": fmt.Sprint(moved), "scope": *to}, func(w io.Writer) {
			fmt.Fprintf(w, "已调整：文件 %d 现在只在知悉范围 %s 内可见\n", moved, *to)
		})
	}
}

func evalValidity(f *flags) action {
	on := f.String("on", "", "按哪一天的效力比较，默认今天")
	return func(ctx context.Context, e *env, args []string) error {
		manifest, err := one(args, "清单")
		if err != nil {
			return err
		}
		day, err := dateFlag(*on)
		if err != nil {
			return err
		}
		if day == "" {
			day = corpus.Today(e.now())
		}
		v, err := evals.MeasureValidity(ctx, manifest, day)
		if err != nil {
			return err
		}
		return e.print(v, func(w io.Writer) {
			fmt.Fprintf(w, "%s（%s）：%d 个版本，只凭正文得出相同效力的 %d 个（%.2f %%）；其余 %d 个中 %d 个已列入待核；待核共 %d 个\n",
				manifest, day, v.Versions, v.Same, 100*v.Share, v.Versions-v.Same, v.Queued, v.Queue)
			for _, o := range v.Others {
				fmt.Fprintf(w, "  %s：清单 %s，按清单 %s，按正文 %s %v\n", o.Path, o.Stated, statusWord(o.With), statusWord(o.Read), o.Doubts)
			}
		})
	}
}
