package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"advisor/advice"
	"advisor/internal/problem"
)

func askCommand(f *flags) action {
	on := f.String("on", "", "以哪一天的效力为准，默认今天")
	submit := f.Bool("submit", false, "随即提交审议")
	conversation := f.String("conversation", "", "接着哪个会话追问")
	format := f.String("format", "text", "text（答复）、markdown 或 proposal（建议稿）")
	return func(ctx context.Context, e *env, args []string) error {
		if !slices.Contains([]string{"text", "markdown", "proposal"}, *format) {
			return problem.New(problem.Invalid, "format", "没有提问", "没有 "+*format+" 这种格式", "可用 text、markdown 或 proposal")
		}
		date, err := dateFlag(*on)
		if err != nil {
			return err
		}
		conv, err := id(*conversation, "会话")
		if *conversation != "" && err != nil {
			return err
		}
		text := strings.Join(args, " ")
		if text == "-" {
			b, err := io.ReadAll(io.LimitReader(e.stdin, 1<<20))
			if err != nil {
				return fmt.Errorf("read the question: %w", err)
			}
			text = string(b)
		}
		talk, actor, err := e.chat(ctx)
		if err != nil {
			return err
		}
		a, err := talk.Ask(ctx, actor, advice.Ask{Text: text, On: date, ConversationID: conv}, nil)
		if err != nil {
			return err
		}
		if *submit {
			if a.Status == "declined" {
				return problem.New(problem.Refused, "declined", "未能提交审议", "本题不予作答，没有可供审议的建议稿", "请按答复中的提示补充情况后再问")
			}
			v, err := e.desk.Submit(ctx, actor, a.DraftID)
			if err != nil {
				return err
			}
			a.ReviewID = strconv.FormatInt(v.ReviewID, 10)
		}
		return e.print(a, func(w io.Writer) { fmt.Fprintln(w, a.In(*format)); printAskFoot(w, a) })
	}
}

func printAskFoot(w io.Writer, a advice.Answer) {
	if a.Status == "declined" {
		return
	}
	fmt.Fprintf(w, "\n建议稿 %d · 修订稿 %d · %s · %.0f 毫秒\n", a.DraftID, a.Revision, a.Hash, a.TookMS)
	if a.ReviewID != "" {
		fmt.Fprintf(w, "已提交审议 %s\n", a.ReviewID)
		return
	}
	fmt.Fprintf(w, "提交审议：advisor review submit %d\n", a.DraftID)
}
