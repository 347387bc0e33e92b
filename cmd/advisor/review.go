package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"advisor/accounts"
	"advisor/advice"
	"advisor/experts"
	"advisor/internal/problem"
)

// onOne runs one act on the thing that args name by its identifier, and prints
// what became of it.
func onOne[T any](what string, show func(io.Writer, T), act func(ctx context.Context, e *env, actor accounts.Account, id int64) (T, error)) action {
	return func(ctx context.Context, e *env, args []string) error {
		id, err := oneID(args, what)
		if err != nil {
			return err
		}
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		v, err := act(ctx, e, actor, id)
		if err != nil {
			return err
		}
		return e.print(v, func(w io.Writer) { show(w, v) })
	}
}

func onReview(act func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error)) action {
	return onOne("审议", printReview, act)
}

func reviewSubmit(*flags) action {
	return onOne("建议稿", printReview, func(ctx context.Context, e *env, actor accounts.Account, draft int64) (experts.View, error) {
		return e.desk.Submit(ctx, actor, draft)
	})
}

func reviewList(f *flags) action {
	mine := f.Bool("mine", false, "只列轮到我的")
	state := f.String("state", "", "只列此状态的")
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		l, err := e.desk.List(ctx, actor, experts.Filter{Turn: *mine, State: experts.State(*state)})
		if err != nil {
			return err
		}
		return e.print(map[string]any{"reviews": l}, func(w io.Writer) {
			if len(l) == 0 {
				fmt.Fprintln(w, "没有符合条件的审议。提交审议：advisor review submit 建议稿编号")
			}
			for _, r := range l {
				fmt.Fprintf(w, "%6d  %s  第 %d 轮  %s  %s\n", r.ReviewID, experts.Word(r.State), r.Round, short(r.Title, 50), r.Next)
			}
		})
	}
}

func reviewShow(*flags) action {
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.Show(ctx, actor, review)
	})
}

func reviewRoute(f *flags) action {
	var named list
	f.Var(&named, "expert", "指定专家（账号），可多次")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.Route(ctx, actor, review, named)
	})
}

func reviewDeclare(f *flags) action {
	conflict := f.String("conflict", "", "none，或写明利益冲突情况")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.Declare(ctx, actor, review, *conflict)
	})
}

func reviewVote(f *flags) action {
	ballot := ballotFlags(f)
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		b, err := ballot()
		if err != nil {
			return experts.View{}, err
		}
		return e.desk.Vote(ctx, actor, review, b)
	})
}

func reviewEdit(f *flags) action {
	hash := f.String("hash", "", "所修改修订稿的指纹")
	file := f.String("file", "", "review show 所示 draft 的 JSON，改好后的")
	reason := f.String("reason", "", "修改理由")
	merging := f.Bool("merge", false, "如他人已保存新的一稿，与之合并；两人改到同一处的不合并")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		body, err := readBody(*file)
		if err != nil {
			return experts.View{}, err
		}
		if *merging {
			return e.desk.Merge(ctx, actor, review, *hash, body, *reason)
		}
		return e.desk.Edit(ctx, actor, review, *hash, body, *reason)
	})
}

// readBody reads an edited draft; unknown fields are allowed, as show prints more than it takes.
func readBody(file string) (advice.Body, error) {
	var b advice.Body
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &b)
	}
	if err != nil {
		return b, problem.New(problem.Invalid, "bad-draft-file", "没有读懂修改后的建议稿文件 "+file, err.Error(), "请以 advisor review show 编号 --json 中的 draft 为底稿修改后再提交")
	}
	return b, nil
}

func reviewReturn(f *flags) action {
	to := f.String("to", "", "machine 退回机器重拟，author 退回提问人")
	reason := f.String("reason", "", "理由代码")
	text := f.String("text", "", "说明")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.Return(ctx, actor, review, *to, *reason, *text)
	})
}

func reviewReject(f *flags) action {
	reason := f.String("reason", "", "理由代码")
	text := f.String("text", "", "说明")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.Reject(ctx, actor, review, *reason, *text)
	})
}

func reviewWithdraw(f *flags) action {
	text := f.String("text", "", "说明")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.Withdraw(ctx, actor, review, *text)
	})
}

func reviewOpinion(f *flags) action {
	text := f.String("text", "", "意见")
	claim := f.Int("claim", 0, "针对第几条论断；0 为全文")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.Opinion(ctx, actor, review, *text, number(*claim))
	})
}

func reviewDispose(f *flags) action {
	n := f.Int("opinion", 0, "第几条意见")
	adopted := f.String("as-adopted", "", "yes 采纳，partly 部分采纳，no 不采纳")
	reason := f.String("reason", "", "理由")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.Dispose(ctx, actor, review, *n, experts.Adoption(*adopted), *reason)
	})
}

func reviewClose(*flags) action {
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.Close(ctx, actor, review)
	})
}

// number gives nil for 0: a ballot or opinion on the whole text.
func number(claim int) *int {
	if claim == 0 {
		return nil
	}
	return &claim
}

// conflictWord says a declaration in the office's words.
func conflictWord(c experts.Conflict) string {
	switch c {
	case experts.None:
		return "无冲突"
	case experts.Undeclared:
		return "未申报"
	}
	return "有冲突，已回避"
}

func printReview(w io.Writer, v experts.View) {
	fmt.Fprintf(w, "审议 %d  %s  第 %d 轮  修订稿 %d  %s\n", v.ReviewID, experts.Word(v.State), v.Round, v.Revision, v.Hash)
	for _, m := range v.Panel {
		fmt.Fprintf(w, "  专家 %-14s %s（%s） 申报：%s\n", m.Expert, m.Name, m.Organisation, conflictWord(m.Conflict))
	}
	if v.Next != "" {
		fmt.Fprintf(w, "下一步：%s\n", v.Next)
	}
	if v.Draft == nil {
		fmt.Fprintln(w, "材料在本人申报利益冲突之后开放。")
		return
	}
	fmt.Fprintf(w, "\n%s\n", v.Draft.Text())
}
