package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"advisor/accounts"
	"advisor/experts"
	"advisor/internal/problem"
)

func committeeList(*flags) action {
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		l, err := e.desk.Experts(ctx, actor)
		if err != nil {
			return err
		}
		return e.print(map[string]any{"experts": l}, func(w io.Writer) {
			for _, x := range l {
				fmt.Fprintf(w, "%-14s %s  %s  %s  %s\n", x.Login, x.Name, x.Organisation, x.Kind, strings.Join(x.Domains, "、"))
			}
		})
	}
}

func committeeAdd(f *flags) action {
	var domains list
	kind := f.String("kind", "department", "来源：vertical、horizontal、university、lawyer、department")
	organisation := f.String("organisation", "", "工作单位")
	title := f.String("title", "", "职务")
	f.Var(&domains, "domain", "专业领域，可多次")
	return onLogin(func(ctx context.Context, e *env, actor accounts.Account, login string) error {
		if _, err := e.experts(ctx); err != nil {
			return err
		}
		x, err := e.desk.AddExpert(ctx, actor, experts.Expert{Login: login, Kind: *kind, Organisation: *organisation, Title: *title, Domains: domains, Active: true})
		if err != nil {
			return err
		}
		return e.print(x, func(w io.Writer) { fmt.Fprintf(w, "已登记专家 %s（%s）\n", x.Login, x.Name) })
	})
}

func committeeSet(f *flags) action {
	tier := f.Int("tier", 1, "审议默认级别：0 一名专家，1 专家组")
	return func(ctx context.Context, e *env, args []string) error {
		name, err := one(args, "委员会名称")
		if err != nil {
			return err
		}
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		c := experts.Committee{Name: name, Tier: *tier}
		if err := e.desk.SetCommittee(ctx, actor, c); err != nil {
			return err
		}
		return e.print(c, func(w io.Writer) { fmt.Fprintf(w, "委员会：%s，默认第 %d 级\n", c.Name, c.Tier) })
	}
}

func policyShow(*flags) action {
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		l, err := e.desk.Policies(ctx, actor)
		if err != nil {
			return err
		}
		return e.print(map[string]any{"policies": l}, func(w io.Writer) {
			enc := json.NewEncoder(w)
			enc.SetIndent("", "  ")
			_ = enc.Encode(l)
		})
	}
}

func policySet(f *flags) action {
	tier := f.Int("tier", 1, "级别：0 一名专家，1 专家组")
	file := f.String("file", "", "规则的 JSON 文件，形如 policy show 所示的一项")
	return func(ctx context.Context, e *env, _ []string) error {
		var p experts.Policy
		data, err := os.ReadFile(*file)
		if err == nil {
			err = json.Unmarshal(data, &p)
		}
		if err != nil {
			return problem.New(problem.Invalid, "bad-policy-file", "没有读懂审议规则文件 "+*file, err.Error(), "请以 advisor policy show 所示的一项为底稿")
		}
		p.Tier = *tier
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		if err := e.desk.SetPolicy(ctx, actor, p); err != nil {
			return err
		}
		return e.print(p, func(w io.Writer) {
			fmt.Fprintf(w, "已设定第 %d 级审议规则，只用于此后提交的审议\n", p.Tier)
		})
	}
}
