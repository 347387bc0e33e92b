package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"advisor/accounts"
	"advisor/experts"
	"advisor/notify"
)

// staleList shows what rests on law that has changed since it was applied.
func staleList(f *flags) action {
	all := f.Bool("all", false, "也列出已处理的")
	limit := f.Int("limit", 200, "最多几条")
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		list, err := e.desk.StaleFlags(ctx, actor, experts.StaleFilter{Closed: *all, Limit: *limit})
		if err != nil {
			return err
		}
		return e.print(map[string]any{"stale": list}, func(w io.Writer) {
			if len(list) == 0 {
				fmt.Fprintln(w, "没有依据失效的采纳落实。")
			}
			for _, s := range list {
				state := "待重新审议"
				if s.Renewal != 0 {
					state = fmt.Sprintf("重新审议中（审议 %d）", s.Renewal)
				}
				if s.ClosedAt != nil {
					state = fmt.Sprintf("已由审议 %d 了结", s.ClosedBy)
				}
				fmt.Fprintf(w, "台账 %d  《%s》%s  %s  %s\n", s.ApplicationID, s.Document, strings.Join(s.Provisions, "、"), s.Words(), state)
			}
		})
	}
}

// applicationsRenew opens the new round that a stale flag asks for.
func applicationsRenew(*flags) action {
	return onOne("采纳落实", printReview, func(ctx context.Context, e *env, actor accounts.Account, n int64) (experts.View, error) {
		return e.desk.Renew(ctx, actor, n)
	})
}

func applicationsResume(f *flags) action {
	reason := f.String("reason", "", "理由")
	return onApplication(func(ctx context.Context, e *env, actor accounts.Account, n int64) (experts.Application, error) {
		return e.desk.Resume(ctx, actor, n, *reason)
	})
}

func applicationsRetire(f *flags) action {
	reason := f.String("reason", "", "理由")
	return onApplication(func(ctx context.Context, e *env, actor accounts.Account, n int64) (experts.Application, error) {
		return e.desk.Retire(ctx, actor, n, *reason)
	})
}

// noticesCommand shows what the acting account was told.
func noticesCommand(f *flags) action {
	unread := f.Bool("unread", false, "只列未读的")
	limit := f.Int("limit", 50, "最多几条")
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.open(ctx)
		if err != nil {
			return err
		}
		room := notify.New(notify.Config{DB: e.db, Now: e.now, Log: e.log})
		list, err := room.Inbox(ctx, actor, *unread, 0, *limit)
		if err != nil {
			return err
		}
		return e.print(map[string]any{"notices": append([]notify.Notice{}, list...)}, func(w io.Writer) {
			for _, n := range list {
				fmt.Fprintf(w, "%s  %s\n", when(n.At), n.Text)
			}
		})
	}
}

// reviewRedraft has the machine draft again what was returned to it.
func reviewRedraft(*flags) action {
	return onOne("审议", printRedraft, func(ctx context.Context, e *env, actor accounts.Account, n int64) (experts.Redraft, error) {
		return e.desk.Redraft(ctx, actor, n, e.advisor)
	})
}

func printRedraft(w io.Writer, r experts.Redraft) {
	fmt.Fprintf(w, "建议稿 %d（审议 %d 退回后重拟）\n\n%s\n\n退回意见的落实：\n", r.Answer.DraftID, r.ReviewID, r.Answer.Text)
	words := map[string]string{experts.Kept: "已照办", experts.NotKept: "未照办", experts.Unknown: "须由专家判断"}
	for _, o := range r.Report {
		fmt.Fprintf(w, "  %d. %s  %s：%s\n", o.Number, words[o.Result], o.Text, o.Why)
	}
}
