package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"advisor/accounts"
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
				fmt.Fprintf(w, "%-16s %s\n", s.Name, s.Label)
			}
		})
	}
}
