package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"advisor/accounts"
	"advisor/evals"
	"advisor/intake"
	"advisor/internal/problem"
	"advisor/sample"
)

// evalDrafts asks the questions of a file as people would and measures the
// drafts. Without --corpus they are asked of the office's own documents; with
// it, of a folder or manifest imported into a throw-away database; "sample" as
// the file means the sample city, its questions and its corpus.
func evalDrafts(f *flags) action {
	from := f.String("corpus", "", "先导入这份清单（manifest）到用完即弃的库，再提问；不给则用本单位的文件库")
	limit := f.Int("limit", 0, "只问前 N 题，0 为全部")
	keep := f.String("run", "", "把逐题结果写入这个文件，供 eval compare 比较")
	page := f.String("html", "", "把报告写成网页")
	return func(ctx context.Context, e *env, args []string) error {
		file, err := one(args, "问题文件")
		if err != nil {
			return err
		}
		city := file == "sample"
		e.in.scratch = e.in.scratch || city || *from != ""
		importer, actor, err := e.importer(ctx)
		if err != nil {
			return err
		}
		if city {
			if file, *from, err = e.sampleCity(ctx, actor); err != nil {
				return err
			}
		}
		if *from != "" {
			if _, err := importer.Import(ctx, actor, intake.Options{Scope: accounts.PublicScope, Manifest: *from}); err != nil {
				return err
			}
		}
		questions, err := evals.ReadDraftQuestions(file)
		if err != nil {
			return err
		}
		if *limit > 0 {
			questions = questions[:min(*limit, len(questions))]
		}
		if _, err := e.experts(ctx); err != nil {
			return err
		}
		b := evals.Bench{DB: e.db, Index: e.idx, Importer: importer, Actor: actor}
		run, err := b.Drafts(ctx, e.advisor, questions, func(login string) (accounts.Account, bool) {
			a, err := e.accounts.Local(ctx, login)
			return a, err == nil
		}, func(done, all int) {
			if done%25 == 0 || done == all {
				fmt.Fprintf(e.stderr, "\r%d/%d 问", done, all)
			}
		})
		fmt.Fprintln(e.stderr)
		if err != nil {
			return err
		}
		if err := keepDraftRun(run, *keep, *page); err != nil {
			return err
		}
		return e.print(run.Report, func(w io.Writer) { printDraftReport(w, run.Report) })
	}
}

func keepDraftRun(run evals.DraftRun, keep, page string) error {
	if keep != "" {
		if err := run.Write(keep); err != nil {
			return err
		}
	}
	if page != "" {
		return run.WriteHTML(page)
	}
	return nil
}

// sampleCity makes the sample's scopes and people in the throw-away database,
// and puts its corpus and questions into a folder that goes with it.
func (e *env) sampleCity(ctx context.Context, actor accounts.Account) (questions, manifest string, err error) {
	office, err := sample.Open()
	if err != nil {
		return "", "", err
	}
	for _, s := range office.Scopes {
		if err := e.accounts.AddScope(ctx, actor, accounts.Scope{Name: s.Name, Label: s.Label}); err != nil {
			return "", "", err
		}
	}
	for _, p := range office.Accounts {
		if _, err := e.accounts.Create(ctx, actor, accounts.NewAccount{Login: p.Login, Name: p.Name, Roles: p.Roles, Scopes: p.Scopes}); err != nil {
			return "", "", err
		}
	}
	dir, err := os.MkdirTemp("", "advisor-sample-")
	if err != nil {
		return "", "", fmt.Errorf("make a folder for the sample: %w", err)
	}
	e.onClose(func() error { return os.RemoveAll(dir) })
	if manifest, err = sample.Unpack(dir); err != nil {
		return "", "", err
	}
	questions = dir + "/questions.jsonl"
	return questions, manifest, sample.WriteQuestions(questions)
}

func printDraftReport(w io.Writer, r evals.DraftReport) {
	fmt.Fprintf(w, "%d 问：应答 %d，应不予作答 %d\n", r.Questions, r.Answerable, r.ShouldDecline)
	fmt.Fprintf(w, "前五处引用含应引条文 %.3f（95%% 区间 %.3f 至 %.3f）  前三处引用中应引条文占比 %.3f（%.3f 至 %.3f）\n", r.Found, r.FoundRange[0], r.FoundRange[1], r.First3, r.First3Range[0], r.First3Range[1])
	fmt.Fprintf(w, "引用准确率 %.3f  召回率 %.3f  要点覆盖 %.3f\n", r.Precision, r.Recall, r.Points)
	fmt.Fprintf(w, "误拒 %.3f（%.3f 至 %.3f）  正确不予作答 %.3f（%.3f 至 %.3f）\n", r.WronglyDeclined, r.WronglyRange[0], r.WronglyRange[1], r.RightlyDeclined, r.RightlyRange[0], r.RightlyRange[1])
	fmt.Fprintf(w, "引文 %d 处，逐字一致 %.4f，效力有误 %d 处  未能核实的论断 %.3f\n", r.Quotes, r.QuotesExact, r.NotInForce, r.UnsupportedShare)
	fmt.Fprintf(w, "p50 %.0f 毫秒  p95 %.0f 毫秒  词元 %d\n", r.P50MS, r.P95MS, r.Tokens)
}

// compareDrafts compares two runs of eval drafts; ok is false when they are of another kind.
func compareDrafts(e *env, before, after string) (ok bool, err error) {
	a, isDrafts, err := evals.ReadDraftRun(before)
	if err != nil || !isDrafts {
		return false, err
	}
	b, isDrafts, err := evals.ReadDraftRun(after)
	if err != nil {
		return true, err
	}
	if !isDrafts {
		return true, problem.New(problem.Invalid, "usage", "没有比较", "一份是建议稿评测，另一份不是", "请给出同一种评测的两份记录")
	}
	c := evals.CompareDrafts(a, b)
	return true, e.print(c, func(w io.Writer) { printComparison(w, c) })
}
