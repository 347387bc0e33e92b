package main

import (
	"context"
	"fmt"
	"io"

	"advisor/evals"
)

func evalRetrieval(f *flags) action {
	split := f.String("split", "dev", "qrels 的划分")
	mode := f.String("mode", "hybrid", "hybrid、lexical 或 vector")
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
		bar := newBar(e)
		b := evals.Bench{DB: e.db, Index: e.idx, Importer: importer, Actor: actor}
		r, err := b.Retrieval(ctx, evals.Options{Dir: dir, Split: *split, Mode: *mode, Progress: bar.show})
		bar.end()
		if err != nil {
			return err
		}
		return e.print(r, func(w io.Writer) {
			fmt.Fprintf(w, "%s（%s）：%d 问，%d 份，%d 片段\nnDCG@10 %.4f  recall@10 %.4f  recall@100 %.4f  MRR@10 %.4f\np50 %.2f 毫秒  p95 %.2f 毫秒  导入 %.1f 秒\n",
				r.Dataset, r.Mode, r.Queries, r.Documents, r.Passages, r.NDCG10, r.Recall10, r.Recall100, r.MRR10, r.P50MS, r.P95MS, r.ImportSeconds)
		})
	}
}
