package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/experts"
	"advisor/internal/problem"
)

func reviewRecuse(f *flags) action {
	expert := f.String("expert", "", "应当回避的专家（账号）")
	text := f.String("text", "", "查明的利益冲突")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.Recuse(ctx, actor, review, *expert, *text)
	})
}

func reviewDelegate(f *flags) action {
	to := f.String("to", "", "受托专家（账号）")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.Delegate(ctx, actor, review, *to)
	})
}

func reviewAgain(*flags) action {
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.Again(ctx, actor, review)
	})
}

func reviewAttach(f *flags) action {
	file := f.String("file", "", "签名原件的扫描件")
	return onOne("审议", func(w io.Writer, p attached) { fmt.Fprintf(w, "已附原件 %d：%s\n", p.Paper, p.Name) },
		func(ctx context.Context, e *env, actor accounts.Account, review int64) (attached, error) {
			id, err := attach(ctx, e, actor, review, *file)
			return attached{id, filepath.Base(*file)}, err
		})
}

type attached struct {
	Paper int64  `json:"paper,string"`
	Name  string `json:"name"`
}

// attach keeps a file with the review; no file named is no paper.
func attach(ctx context.Context, e *env, actor accounts.Account, review int64, file string) (int64, error) {
	if file == "" {
		return 0, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, problem.New(problem.Invalid, "no-file", "没有读到原件 "+file, err.Error(), "请核对路径")
	}
	media := mime.TypeByExtension(filepath.Ext(file))
	if media == "" {
		media = "application/octet-stream"
	}
	return e.desk.Attach(ctx, actor, review, filepath.Base(file), media, data)
}

func reviewLabel(f *flags) action {
	kind := f.String("kind", "", "public 公开征求意见，hearing 听证，risk 风险评估，fair 公平竞争审查，evidence 其他材料")
	result := f.String("result", "", "public、hearing：done|exempt；risk：low|medium|high|uncontrollable|exempt；fair：passed|not-concerned|failed；evidence：attached")
	text := f.String("text", "", "情况说明")
	from, until := f.String("from", "", "起始日期，或者材料送达日期"), f.String("until", "", "截止日期，或者听证日期")
	short := f.String("short", "", "期限短于法定时的理由")
	paper := f.String("paper", "", "附件")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		id, err := attach(ctx, e, actor, review, *paper)
		if err != nil {
			return experts.View{}, err
		}
		return e.desk.Label(ctx, actor, review, experts.Mark{Kind: experts.Kind(*kind), Result: *result, Text: *text, From: *from, Until: *until, Short: *short, Paper: id})
	})
}

func reviewComment(f *flags) action {
	from, text := f.String("from", "", "提出意见的单位或者个人"), f.String("text", "", "意见")
	answer := f.Int("answer", 0, "答复第几条；与 --as-adopted、--reason 同用")
	adopted, reason := f.String("as-adopted", "", "yes 采纳，partly 部分采纳，no 不采纳"), f.String("reason", "", "理由")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		if *answer > 0 {
			return e.desk.AnswerComment(ctx, actor, review, *answer, experts.Adoption(*adopted), *reason)
		}
		return e.desk.Comment(ctx, actor, review, *from, *text)
	})
}

func reviewRefer(f *flags) action {
	hash := f.String("hash", "", "送审文本的指纹")
	days := f.Int("workdays", 7, "给合法性审查的工作日数")
	short := f.String("short", "", "少于 7 个工作日的理由")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.Refer(ctx, actor, review, *hash, *days, *short)
	})
}

func reviewLegality(f *flags) action {
	hash := f.String("hash", "", "所审查文本的指纹")
	result := f.String("result", "", "cleared 合法，cleared-with-risk 可以提交讨论但须明示风险，sent-back 退回修改")
	text := f.String("text", "", "审查意见")
	power, process, content := f.String("power", "", "是否符合法定权限"), f.String("process", "", "是否履行法定程序"), f.String("content", "", "内容是否合法")
	paper := f.String("paper", "", "审查意见书")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		id, err := attach(ctx, e, actor, review, *paper)
		if err != nil {
			return experts.View{}, err
		}
		return e.desk.Find(ctx, actor, review, experts.Mark{Hash: *hash, Result: *result, Text: *text, Power: *power, Process: *process, Content: *content, Paper: id})
	})
}

func reviewDeliberate(f *flags) action {
	hash := f.String("hash", "", "所讨论文本的指纹")
	file := f.String("file", "", "会议记录的 JSON：kind、date、place、record、members（按发言先后，首长最后）")
	paper := f.String("paper", "", "签字的会议记录扫描件")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		var m experts.Meeting
		data, err := os.ReadFile(*file)
		if err == nil {
			err = json.Unmarshal(data, &m)
		}
		if err != nil {
			return experts.View{}, problem.New(problem.Invalid, "bad-meeting-file", "没有读懂会议记录 "+*file, err.Error(),
				`形如 {"kind":"常务会议","date":"2026-03-20","record":"…","members":[{"name":"","post":"","view":"for|against|abstain","said":"","head":true}]}`)
		}
		if m.Paper, err = attach(ctx, e, actor, review, *paper); err != nil {
			return experts.View{}, err
		}
		if *hash != "" {
			m.Hash = *hash
		}
		return e.desk.Meet(ctx, actor, review, m)
	})
}

func reviewDecide(f *flags) action {
	hash := f.String("hash", "", "所决定文本的指纹")
	as := f.String("as", "", "adopt 通过，refuse 不予通过，revise 修改后再议，postpone 暂缓")
	reason := f.String("reason", "", "理由；与多数人意见不一致时必填")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.Decide(ctx, actor, review, *hash, experts.Decision(*as), *reason)
	})
}

func reviewEnter(f *flags) action {
	expert := f.String("expert", "", "表决的专家（账号）")
	paper := f.String("paper", "", "签名的表决意见扫描件")
	ballot := ballotFlags(f)
	return onOne("审议", func(w io.Writer, x entered) {
		fmt.Fprintf(w, "已代录，编号 %d；须由专家本人或者秘书处其他人员核对原件后确认：advisor review confirm 审议编号 --entry %d\n", x.Entry, x.Entry)
	}, func(ctx context.Context, e *env, actor accounts.Account, review int64) (entered, error) {
		b, err := ballot()
		if err != nil {
			return entered{}, err
		}
		id, err := attach(ctx, e, actor, review, *paper)
		if err != nil {
			return entered{}, err
		}
		n, err := e.desk.Enter(ctx, actor, review, *expert, b, id)
		return entered{n}, err
	})
}

type entered struct {
	Entry int64 `json:"entry,string"`
}

func reviewConfirm(f *flags) action {
	entry := f.String("entry", "", "代录编号")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		id, _ := strconv.ParseInt(*entry, 10, 64) // what is no number is no entry
		return e.desk.Confirm(ctx, actor, review, id)
	})
}

// ballotFlags are the flags that say a ballot, for casting and entering alike.
func ballotFlags(f *flags) func() (experts.Ballot, error) {
	hash := f.String("hash", "", "所表决修订稿的指纹")
	score := f.String("score", "", "-2 至 2")
	reason := f.String("reason", "", "理由代码")
	text := f.String("text", "", "理由")
	claim := f.Int("claim", 0, "针对第几条论断；0 为全文")
	necessity, feasibility, soundness := f.Int("necessity", 0, "必要性，1 至 9"), f.Int("feasibility", 0, "可行性，1 至 9"), f.Int("soundness", 0, "科学性，1 至 9")
	return func() (experts.Ballot, error) {
		n, err := strconv.Atoi(strings.TrimPrefix(*score, "+"))
		if err != nil {
			return experts.Ballot{}, problem.New(problem.Invalid, "usage", "没有看懂表决分值 "+*score, "应为 -2 至 2 的整数", "例如 --score 1")
		}
		b := experts.Ballot{Hash: *hash, Score: n, Reason: *reason, Text: *text, Claim: number(*claim)}
		if *necessity != 0 || *feasibility != 0 || *soundness != 0 {
			b.Marks = &experts.Marks{Necessity: *necessity, Feasibility: *feasibility, Soundness: *soundness}
		}
		return b, nil
	}
}
