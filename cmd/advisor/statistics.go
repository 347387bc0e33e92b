package main

import (
	"context"
	"fmt"
	"io"

	"advisor/accounts"
	"advisor/experts"
)

// committeeCalibrate sends a draft with a seeded error to the committee.
func committeeCalibrate(f *flags) action {
	claim := f.Int("claim", 0, "埋错的论断序号")
	kind := f.String("kind", "other", "错误种类")
	text := f.String("text", "", "改后的论断")
	return onOne("建议稿", printReview, func(ctx context.Context, e *env, actor accounts.Account, n int64) (experts.View, error) {
		return e.desk.Calibrate(ctx, actor, n, *claim, *kind, *text)
	})
}

// committeeStatistics prints what was learned from the committee's work.
func committeeStatistics(*flags) action {
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		l, err := e.desk.Learned(ctx, actor)
		if err != nil {
			return err
		}
		return e.print(l, func(w io.Writer) {
			for _, m := range []string{"nominal", "ordinal", "interval"} {
				a := l.Agreement[m]
				if !a.Enough {
					fmt.Fprintf(w, "一致程度（%s）：样本不足（%d 件）\n", m, a.Units)
					continue
				}
				fmt.Fprintf(w, "一致程度（%s）：α = %.3f，95%% 区间 %.3f 至 %.3f，%d 件 %d 票\n", m, a.Alpha, a.Low, a.High, a.Units, a.Values)
			}
			fmt.Fprintf(w, "埋错校准：指出 %d / %d\n", l.Caught.Hits, l.Caught.Of)
			for _, d := range l.Drafts {
				fmt.Fprintf(w, "%s %s %s：%d 件，通过 %d，一字未改 %d，平均改动 %.0f%%\n", d.Drafter, d.Model, d.Prompt, d.Reviews, d.Approved.Hits, d.Unedited.Hits, 100*d.Distance)
			}
			for _, x := range l.Experts {
				fmt.Fprintf(w, "%s：在办 %d，表决 %d，用时中位 %.0f 分钟，逾期 %d / %d\n", x.Name, x.Open, x.Ballots, x.Minutes, x.Late.Hits, x.Late.Of)
			}
		})
	}
}
