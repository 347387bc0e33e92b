package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"advisor/accounts"
	"advisor/advice"
	"advisor/internal/problem"
)

func parseScope(s string) (accounts.Scope, error) {
	name, label, ok := strings.Cut(s, "=")
	if !ok || name == "" || label == "" {
		return accounts.Scope{}, problem.New(problem.Invalid, "usage", "没有看懂知悉范围 "+s, "应写作 代码=名称", "例如 enforcement=综合执法条线内部")
	}
	return accounts.Scope{Name: name, Label: label}, nil
}

func scopeAdd(*flags) action {
	return func(ctx context.Context, e *env, args []string) error {
		s, err := one(args, "知悉范围")
		if err != nil {
			return err
		}
		scope, err := parseScope(s)
		if err != nil {
			return err
		}
		actor, err := e.open(ctx)
		if err != nil {
			return err
		}
		if err := e.accounts.AddScope(ctx, actor, scope); err != nil {
			return err
		}
		return e.print(scope, func(w io.Writer) { fmt.Fprintf(w, "已新增知悉范围 %s（%s）\n", scope.Name, scope.Label) })
	}
}

func scopeList(*flags) action {
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.open(ctx)
		if err != nil {
			return err
		}
		l, err := e.accounts.Scopes(ctx, actor)
		if err != nil {
			return err
		}
		return e.print(map[string]any{"scopes": l}, func(w io.Writer) {
			for _, s := range l {
				sent := ""
				if s.SendToModel {
					sent = "（可发送给模型）"
				}
				fmt.Fprintf(w, "%-16s %s%s\n", s.Name, s.Label, sent)
			}
		})
	}
}

// scopeModel says whether a scope's text may leave for the configured model.
func scopeModel(f *flags) action {
	allow, refuse := f.Bool("allow", false, "可以发送"), f.Bool("refuse", false, "不得发送")
	return func(ctx context.Context, e *env, args []string) error {
		name, err := one(args, "知悉范围")
		if err != nil {
			return err
		}
		if *allow == *refuse {
			return problem.New(problem.Invalid, "usage", "没有改变设置", "须写明 --allow 或 --refuse 之一", "例如 advisor scope model enforcement --allow")
		}
		actor, err := e.open(ctx)
		if err != nil {
			return err
		}
		if err := e.accounts.LetModelRead(ctx, actor, name, *allow); err != nil {
			return err
		}
		return e.print(map[string]any{"scope": name, "send_to_model": *allow}, func(w io.Writer) {
			fmt.Fprintf(w, "知悉范围 %s 的文字%s发送给模型\n", name, map[bool]string{true: "可以", false: "不得"}[*allow])
		})
	}
}

// usageCommand shows what models cost: one's own use, or everybody's to an administrator.
func usageCommand(f *flags) action {
	days := f.Int("days", 7, "最近几天")
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.open(ctx)
		if err != nil {
			return err
		}
		use, err := advice.NewBook(e.db, e.cfg.budget, e.now).Usage(ctx, actor, *days)
		if err != nil {
			return err
		}
		return e.print(map[string]any{"usage": use}, func(w io.Writer) {
			if len(use) == 0 {
				fmt.Fprintln(w, "这几天没有调用过模型。")
			}
			for _, u := range use {
				fmt.Fprintf(w, "%s  %-16s %-28s %4d 次（失败 %d） 输入 %d 输出 %d 费用 %.4f\n", u.Day, u.Account, u.Model, u.Calls, u.Failed, u.InputTokens, u.OutputTokens, u.Cost)
			}
		})
	}
}
