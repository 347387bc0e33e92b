package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"advisor/accounts"
)

func userAdd(f *flags) action {
	var roles, scopes list
	name := f.String("name", "", "姓名")
	department := f.String("department", "", "部门")
	organisation := f.String("organisation", "", "单位")
	f.Var(&roles, "role", "角色，可多次；默认 asker")
	f.Var(&scopes, "scope", "知悉范围，可多次；公开范围人人都有")
	return onLogin(func(ctx context.Context, e *env, actor accounts.Account, login string) error {
		if len(roles) == 0 {
			roles = list{"asker"}
		}
		password := accounts.Generate()
		a, err := e.accounts.Create(ctx, actor, accounts.NewAccount{Login: login, Name: *name, Department: *department,
			Organisation: *organisation, Password: password, Roles: roles, Scopes: scopes})
		if err != nil {
			return err
		}
		return e.print(map[string]any{"account": a, "password": password}, func(w io.Writer) {
			fmt.Fprintf(w, "已新增账号 %s（%s），初始密码 %s（只显示这一次）\n", a.Login, a.Name, password)
		})
	})
}

func userList(*flags) action {
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.open(ctx)
		if err != nil {
			return err
		}
		l, err := e.accounts.List(ctx, actor)
		if err != nil {
			return err
		}
		return e.print(map[string]any{"accounts": l}, func(w io.Writer) {
			for _, a := range l {
				fmt.Fprintf(w, "%-16s %-8s %-14s %-24s %s\n", a.Login, a.Name, a.Department, strings.Join(a.Roles, ","), strings.Join(a.Scopes, ","))
			}
		})
	}
}

func userPasswd(*flags) action {
	return onLogin(func(ctx context.Context, e *env, actor accounts.Account, login string) error {
		password, err := e.accounts.ResetPassword(ctx, actor, login)
		if err != nil {
			return err
		}
		return e.print(map[string]string{"login": login, "password": password}, func(w io.Writer) {
			fmt.Fprintf(w, "%s 的新密码：%s（只显示这一次，首次登录后须修改）\n", login, password)
		})
	})
}

func userRole(f *flags) action {
	var set list
	f.Var(&set, "set", "角色，可多次；给出的即为全部")
	return onLogin(func(ctx context.Context, e *env, actor accounts.Account, login string) error {
		if err := e.accounts.SetRoles(ctx, actor, login, set); err != nil {
			return err
		}
		return e.print(map[string]any{"login": login, "roles": set}, func(w io.Writer) { fmt.Fprintf(w, "%s 的角色：%s\n", login, set.String()) })
	})
}

func userScope(f *flags) action {
	var set list
	f.Var(&set, "set", "知悉范围，可多次；给出的即为全部")
	return onLogin(func(ctx context.Context, e *env, actor accounts.Account, login string) error {
		if err := e.accounts.SetScopes(ctx, actor, login, set); err != nil {
			return err
		}
		return e.print(map[string]any{"login": login, "scopes": set}, func(w io.Writer) { fmt.Fprintf(w, "%s 的知悉范围：%s\n", login, set.String()) })
	})
}

func userKey(f *flags) action {
	name := f.String("name", "接口", "用途")
	return onLogin(func(ctx context.Context, e *env, actor accounts.Account, login string) error {
		key, err := e.accounts.AddKey(ctx, actor, login, *name)
		if err != nil {
			return err
		}
		return e.print(map[string]string{"login": login, "key": key}, func(w io.Writer) {
			fmt.Fprintf(w, "%s 的接口密钥：%s（只显示这一次）\n", login, key)
		})
	})
}

// onLogin runs an act on the account that args name.
func onLogin(act func(ctx context.Context, e *env, actor accounts.Account, login string) error) action {
	return func(ctx context.Context, e *env, args []string) error {
		login, err := one(args, "登录名")
		if err != nil {
			return err
		}
		actor, err := e.open(ctx)
		if err != nil {
			return err
		}
		return act(ctx, e, actor, login)
	}
}
