package main

import (
	"context"
	"fmt"
	"io"

	"advisor/intake"
	"advisor/internal/problem"
)

func importCommand(f *flags) action {
	scope := f.String("scope", "public", "知悉范围")
	manifest := f.String("manifest", "", "清单文件 manifest.tsv，只导入其中列出的文件")
	preview := f.Bool("preview", false, "只显示将如何切分，不导入")
	return func(ctx context.Context, e *env, args []string) error {
		if len(args) == 0 {
			return problem.New(problem.Invalid, "usage", "没有给出要导入的文件或文件夹", "命令行为空", "例如 advisor import 文件夹 --scope public")
		}
		importer, actor, err := e.importer(ctx)
		if err != nil {
			return err
		}
		bar := newBar(e)
		report, err := importer.Import(ctx, actor, intake.Options{
			Paths: args, Scope: *scope, Manifest: *manifest, Preview: *preview, Progress: bar.show})
		bar.end()
		if err != nil {
			return err
		}
		if err := e.print(report, func(w io.Writer) { printReport(w, report) }); err != nil {
			return err
		}
		d := report.Documents
		switch done := d.Added + d.Updated + d.Unchanged; {
		case d.Failed > 0 && done == 0:
			return quiet(problem.Failed)
		case d.Failed > 0:
			return quiet(problem.Partial)
		}
		return nil
	}
}

func printReport(w io.Writer, r intake.Report) {
	d := r.Documents
	fmt.Fprintf(w, "新增 %d，更新 %d，未变 %d，失败 %d，清单有而文件缺 %d；条 %d，检索片段 %d；用时 %.1f 秒\n",
		d.Added, d.Updated, d.Unchanged, d.Failed, d.Missing, r.Provisions, r.Passages, r.Seconds)
	for _, f := range r.Failures {
		fmt.Fprintf(w, "  失败 %s：%s\n", f.Path, f.Reason)
	}
	for _, f := range r.Warnings {
		fmt.Fprintf(w, "  注意 %s：%s\n", f.Path, f.Reason)
	}
}
