package main

import (
	"context"
	"fmt"
	"io"

	"advisor/evals"
	"advisor/internal/problem"
)

func evalRetrieval(f *flags) action {
	split := f.String("split", "dev", "qrels 的划分")
	mode := f.String("mode", "hybrid", "hybrid、lexical 或 vector")
	keep := f.String("run", "", "把逐题结果写入这个文件，供 eval compare 比较")
	page := f.String("html", "", "把逐题报告写成网页：丢了什么，为什么")
	return func(ctx context.Context, e *env, args []string) error {
		dir, err := one(args, "评测目录")
		if err != nil {
			return err
		}
		e.in.scratch = true
		importer, actor, err := e.importer(ctx)
		if err != nil {
			return err
		}
		var run evals.Run
		bar := newBar(e)
		b := evals.Bench{DB: e.db, Index: e.idx, Importer: importer, Actor: actor}
		r, err := b.Retrieval(ctx, evals.Options{Dir: dir, Split: *split, Mode: *mode, Progress: bar.show, Run: &run})
		bar.end()
		if err != nil {
			return err
		}
		if *keep != "" {
			if err := run.Write(*keep); err != nil {
				return err
			}
		}
		if *page != "" {
			if err := run.WriteHTML(*page); err != nil {
				return err
			}
		}
		return e.print(r, func(w io.Writer) {
			fmt.Fprintf(w, "%s（%s）：%d 问，%d 份，%d 片段\nnDCG@10 %.4f（95%% 区间 %.4f 至 %.4f）  recall@10 %.4f  recall@100 %.4f  MRR@10 %.4f\np50 %.2f 毫秒  p95 %.2f 毫秒  导入 %.1f 秒\n",
				r.Dataset, r.Mode, r.Queries, r.Documents, r.Passages, r.NDCG10, r.NDCG10Low, r.NDCG10High, r.Recall10, r.Recall100, r.MRR10, r.P50MS, r.P95MS, r.ImportSeconds)
		})
	}
}

// evalCompare says whether the second run is better than the first, and where.
func evalCompare(*flags) action {
	return func(_ context.Context, e *env, args []string) error {
		if len(args) != 2 {
			return problem.New(problem.Invalid, "usage", "没有看懂要比较的评测", "应给出两个评测记录文件", "例如 advisor eval compare before.jsonl after.jsonl")
		}
		if ok, err := compareDrafts(e, args[0], args[1]); ok || err != nil {
			return err
		}
		before, err := evals.ReadRun(args[0])
		if err != nil {
			return err
		}
		after, err := evals.ReadRun(args[1])
		if err != nil {
			return err
		}
		c := evals.Compare(before, after)
		return e.print(c, func(w io.Writer) { printComparison(w, c) })
	}
}

func printComparison(w io.Writer, c evals.Comparison) {
	fmt.Fprintf(w, "两次评测共有 %d 问\n", c.Questions)
	for _, d := range c.Differences {
		verdict := "差异不显著"
		if d.P < 0.05 {
			verdict = "差异显著"
		}
		fmt.Fprintf(w, "%-10s %.4f → %.4f  差 %+.4f（95%% 区间 %+.4f 至 %+.4f，p=%.4f，%s）\n", d.Measure, d.A, d.B, d.B-d.A, d.Low, d.High, d.P, verdict)
	}
	for _, list := range []struct {
		title string
		all   []evals.Change
	}{{"变差", c.Lost}, {"变好", c.Won}} {
		for _, q := range list.all {
			fmt.Fprintf(w, "%s %.3f → %.3f  %s  %s\n", list.title, q.A, q.B, q.ID, short(q.Question, 60))
		}
	}
}
