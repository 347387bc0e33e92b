package main

import (
	"context"
	"fmt"
	"io"

	"advisor/accounts"
	"advisor/experts"
	"advisor/internal/problem"
)

// initCommand is a real office's first day: organisation, first administrator,
// committee and scopes. The committee's members follow with committee add, when
// they have accounts.
func initCommand(f *flags) action {
	var scopes list
	office := f.String("office", "", "单位全称，例如 云川市人民政府")
	short := f.String("short", "", "单位简称")
	login := f.String("login", "", "首位管理员的登录名")
	name := f.String("name", "", "首位管理员的姓名")
	committee := f.String("committee", "专家顾问委员会", "委员会名称")
	f.Var(&scopes, "scope", "知悉范围，写作 代码=名称，可多次；公开范围已有")
	return func(ctx context.Context, e *env, _ []string) error {
		if *office == "" || *login == "" || *name == "" {
			return problem.New(problem.Invalid, "usage", "开办需要单位名称和首位管理员", "没有给出 --office、--login 或 --name", "例如 advisor init --office 云川市人民政府 --login zhangsan --name 张三；也可启动 advisor serve 后在网页 /setup 办理")
		}
		if err := e.openDB(ctx); err != nil {
			return err
		}
		password := accounts.Generate()
		a, err := e.accounts.First(ctx, accounts.Office{Name: *office, Short: *short},
			accounts.NewAccount{Login: *login, Name: *name, Password: password})
		if err != nil {
			return err
		}
		if err := e.addScopes(ctx, a, scopes); err != nil {
			return err
		}
		e.actor = a
		if _, err := e.experts(ctx); err != nil {
			return err
		}
		if err := e.desk.SetCommittee(ctx, a, experts.Committee{Name: *committee, Tier: 1}); err != nil {
			return err
		}
		out := map[string]any{"office": *office, "committee": *committee, "login": a.Login, "password": password}
		return e.print(out, func(w io.Writer) {
			fmt.Fprintf(w, "%s 已开办。\n管理员 %s，初始密码 %s（只显示这一次）\n下一步：advisor serve 启动网页；advisor user add 新增账号；advisor committee add 登记专家。\n", *office, a.Login, password)
		})
	}
}

func (e *env) addScopes(ctx context.Context, actor accounts.Account, scopes []string) error {
	for _, s := range scopes {
		scope, err := parseScope(s)
		if err != nil {
			return err
		}
		if err := e.accounts.AddScope(ctx, actor, scope); err != nil {
			return err
		}
	}
	return nil
}
