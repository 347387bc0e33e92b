package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"advisor/accounts"
	"advisor/embed"
	"advisor/embed/static"
	"advisor/internal/problem"
	"advisor/learn"
	"advisor/segment"
)

// learner prepares learning on the opened rooms.
func (e *env) learner() (*learn.Learner, error) {
	words, err := segment.Default()
	if err != nil {
		return nil, err
	}
	return learn.New(learn.Config{DB: e.db, Delivered: static.Delivered(), Terms: words.Terms, Question: words.QueryTerms, Now: e.now,
		Name: func(raw string) string {
			m, err := static.Read(raw, words)
			if err != nil {
				return ""
			}
			return m.Name()
		},
		Fill: func(ctx context.Context, raw string) error {
			m, err := static.Read(raw, words)
			if err != nil {
				return err
			}
			_, err = e.idx.Fill(ctx, m)
			return err
		}}), nil
}

// learnedEmbedder is what was learned and adopted, or the delivered model.
func (e *env) learnedEmbedder(ctx context.Context, delivered embed.Embedder) (embed.Embedder, error) {
	if e.cfg.WorkerURL == "" && e.cfg.DatabaseURL != "" {
		return delivered, nil // without the worker's role nobody has learned here
	}
	l, err := e.learner()
	if err != nil {
		return nil, err
	}
	name, err := l.Serving(ctx)
	if err != nil || name == "" || name == delivered.Name() {
		return delivered, err
	}
	return e.readModel(ctx, l, name)
}

// readModel reads a learned model from the home's copy, or from the database,
// which is the one that counts: its name holds the hash of its bytes.
func (e *env) readModel(ctx context.Context, l *learn.Learner, name string) (embed.Embedder, error) {
	words, err := segment.Default()
	if err != nil {
		return nil, err
	}
	copied := filepath.Join(e.cfg.Home, "models", name+".model")
	if raw, err := os.ReadFile(copied); err == nil {
		if m, err := static.Read(string(raw), words); err == nil && m.Name() == name {
			return m, nil
		}
	}
	raw, err := l.Model(ctx, name)
	if err != nil {
		return nil, err
	}
	m, err := static.Read(raw, words)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(copied), 0o750), os.WriteFile(copied, []byte(raw), 0o600)); err != nil {
		e.log.Warn("keep a copy of the learned model", "err", err)
	}
	return m, nil
}

// modelEvery is how often serve looks whether another model was adopted.
const modelEvery = 15 * time.Second

// followModel changes to a model that was adopted or gone back to, here or by
// another program on the same database.
func (e *env) followModel(ctx context.Context) {
	if e.cfg.Embed != "static" {
		return
	}
	tick := time.NewTicker(modelEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := e.changeModel(ctx); err != nil && ctx.Err() == nil {
			e.log.Error("change to the learned model", "err", err)
		}
	}
}

func (e *env) changeModel(ctx context.Context) error {
	delivered, err := static.New()
	if err != nil {
		return err
	}
	m, err := e.learnedEmbedder(ctx, delivered)
	if err != nil {
		return err
	}
	if m.Name() != e.idx.Embedder().Name() {
		if err := e.idx.Use(ctx, m); err != nil {
			return err
		}
		e.log.Info("the search uses another model now", "model", m.Name())
	}
	_, err = e.idx.FillVectors(ctx) // what came in meanwhile
	return err
}

// learnNightly is the nightly job.
func (e *env) learnNightly(ctx context.Context) error {
	if e.cfg.Embed != "static" {
		return nil // another's model cannot be trained here
	}
	_, err := e.learn(ctx, 0, false)
	return err
}

func (e *env) learn(ctx context.Context, by int64, dry bool) (learn.Report, error) {
	l, err := e.learner()
	if err != nil {
		return learn.Report{}, err
	}
	before := e.idx.Embedder().Name()
	r, err := l.Run(ctx, by, dry)
	if err != nil || !r.Adopted {
		return r, err
	}
	if err := e.changeModel(ctx); err != nil {
		return r, err
	}
	// The model before stays ready to go back to at once.
	return r, e.idx.Forget(ctx, before, r.Model)
}

func learnCommand(f *flags) action {
	dry := f.Bool("dry-run", false, "只衡量，不采用")
	back := f.Bool("back", false, "退回上一个模型")
	return func(ctx context.Context, e *env, _ []string) error {
		_, actor, err := e.index(ctx)
		if err != nil {
			return err
		}
		if e.cfg.Embed != "static" {
			return problem.New(problem.Refused, "not-built-in", "从专家审定结果中学习", "现在用的向量模型不是内置的，无法在本机训练", "请使用 ADVISOR_EMBED=static")
		}
		if !slices.Contains(actor.Roles, accounts.Admin) {
			return problem.New(problem.Refused, "admin-only", "从专家审定结果中学习", "只有管理员可以更换检索所用的模型", "请由管理员执行")
		}
		if *back {
			return e.learnBack(ctx, actor)
		}
		r, err := e.learn(ctx, actor.ID, *dry)
		if err != nil {
			return err
		}
		return e.print(r, func(w io.Writer) { printLearned(w, r) })
	}
}

func (e *env) learnBack(ctx context.Context, actor accounts.Account) error {
	l, err := e.learner()
	if err != nil {
		return err
	}
	name, err := l.Back(ctx, actor.ID)
	if err != nil {
		return err
	}
	if err := e.changeModel(ctx); err != nil {
		return err
	}
	return e.print(map[string]any{"model": name}, func(w io.Writer) { fmt.Fprintln(w, "已退回模型", name) })
}

func learnList(f *flags) action {
	limit := f.Int("limit", 20, "最多几次")
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.open(ctx)
		if err != nil {
			return err
		}
		l, err := e.learner()
		if err != nil {
			return err
		}
		list, err := l.Reports(ctx, actor.ID, *limit)
		if err != nil {
			return err
		}
		return e.print(map[string]any{"learned": list}, func(w io.Writer) {
			if len(list) == 0 {
				fmt.Fprintln(w, "还没有学习过。采纳落实积累后用 advisor learn，或由每晚的任务自动进行。")
			}
			for _, r := range list {
				printLearned(w, r)
			}
		})
	}
}

func printLearned(w io.Writer, r learn.Report) {
	what := "沿用现用模型"
	switch {
	case r.Adopted:
		what = "已采用 " + r.Model
	case r.Better:
		what = "可以采用（试算，未更换）"
	}
	fmt.Fprintf(w, "%s  %s：%s\n", when(r.At), what, r.Reason)
	fmt.Fprintf(w, "  学自 %d 件采纳落实（删去的依据 %d 处），%d 段文件参加\n", len(r.Applications), r.Struck, r.Passages)
	if r.New != (learn.Figures{}) {
		fmt.Fprintf(w, "  未参加训练的部分 nDCG@10 %.4f → %.4f（只是偶然的可能 %.0f%%），本单位文件自身 %.4f → %.4f，用时 %.0f 秒\n",
			r.Old.NDCG10, r.New.NDCG10, 100*r.Doubt, r.Old.Own, r.New.Own, r.Seconds)
	}
}
