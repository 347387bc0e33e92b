package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"advisor/accounts"
	"advisor/experts"
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
	var departments list
	tier := f.Int("tier", 1, "审议默认级别：0 一名专家，1 专家组，2 重大决策")
	organ := f.String("organ", "", "所属机关；不写为本单位的委员会")
	f.Var(&departments, "department", "由它审议哪些部门的提问，可多次")
	return func(ctx context.Context, e *env, args []string) error {
		name, err := one(args, "委员会名称")
		if err != nil {
			return err
		}
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		c := experts.Committee{Name: name, Tier: *tier, Organ: *organ, Departments: departments}
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
	tier := f.Int("tier", 1, "级别：0 一名专家，1 专家组，2 重大决策")
	file := f.String("file", "", "规则的 JSON 文件，形如 policy show 所示的一项")
	preset := f.String("preset", "", "或者预置规则的代码，见 policy presets")
	committee := f.Int("committee", 0, "只用于哪个委员会（编号）；0 为全部")
	return func(ctx context.Context, e *env, _ []string) error {
		p, err := policyFrom(*file, *preset)
		if err != nil {
			return err
		}
		p.Committee = int64(*committee)
		if *preset != "" {
			*tier = p.Tier
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
