package accounts

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"advisor/audit"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var loginShape = regexp.MustCompile(`^[a-z][a-z0-9._-]{1,39}$`)

// check normalises a new account and says what is wrong with it.
func (n *NewAccount) check() error {
	n.Login, n.Name = strings.ToLower(strings.TrimSpace(n.Login)), strings.TrimSpace(n.Name)
	n.Department, n.Organisation = strings.TrimSpace(n.Department), strings.TrimSpace(n.Organisation)
	bad := func(why, do string) error {
		return problem.New(problem.Invalid, "bad-account", "未能保存账号", why, do)
	}
	if !loginShape.MatchString(n.Login) {
		return bad("登录名应以小写字母开头，由 2 至 40 个小写字母、数字、点、横线或下划线组成", "例如 wang.min")
	}
	for _, s := range []string{n.Name, n.Department, n.Organisation} {
		if utf8.RuneCountInString(s) > 100 || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return bad("姓名、部门、单位均不能超过 100 个字", "请缩短后再保存")
		}
	}
	if n.Name == "" {
		return bad("没有填写姓名", "请填写姓名")
	}
	if err := checkRoles(n.Roles); err != nil {
		return err
	}
	if n.Password != "" {
		return checkPassword(n.Login, n.Password)
	}
	return nil
}

func checkRoles(roles []string) error {
	for _, r := range roles {
		if !slices.Contains(Roles, r) {
			return problem.New(problem.Invalid, "bad-role", "未能保存角色", fmt.Sprintf("没有“%s”这个角色", r), "可用的角色："+strings.Join(Roles, "、"))
		}
	}
	return nil
}

// needAdmin refuses everybody but an administrator, and logs the attempt.
func (s *Store) needAdmin(ctx context.Context, actor Account, what string) error {
	if actor.Has(Admin) {
		return nil
	}
	err := s.db.Work(ctx, func(tx pgx.Tx) error {
		_, err := audit.Append(ctx, tx, s.now(), audit.Leaf{Kind: "account.refused", Actor: actor.ID,
			Subject: audit.Subject("account", actor.ID), Data: map[string]any{"reason": "not-admin"}})
		return err
	})
	if err != nil {
		return fmt.Errorf("log a refused attempt: %w", err)
	}
	return problem.New(problem.Refused, "not-allowed", "不能"+what, "这项操作只有系统管理员可以做", "请联系本单位系统管理员")
}

// Create makes an account.
func (s *Store) Create(ctx context.Context, actor Account, n NewAccount) (Account, error) {
	if err := s.needAdmin(ctx, actor, "新建账号"); err != nil {
		return Account{}, err
	}
	if err := n.check(); err != nil {
		return Account{}, err
	}
	hash := ""
	if n.Password != "" {
		var err error
		if hash, err = s.hash(ctx, n.Password); err != nil {
			return Account{}, err
		}
	}
	var id int64
	err := s.db.As(ctx, actor.ID, func(tx pgx.Tx) (err error) {
		if id, err = insertAccount(ctx, tx, n, hash); err != nil {
			return err
		}
		return s.log(ctx, tx, actor, "account.created", id, map[string]any{"roles": n.Roles, "scopes": n.Scopes})
	})
	if err != nil {
		return Account{}, wrap("create account", err)
	}
	return s.ByID(ctx, id)
}

// ByLogin reads an account whatever its state.
func (s *Store) ByLogin(ctx context.Context, login string) (account Account, err error) {
	err = s.db.Work(ctx, func(tx pgx.Tx) error {
		id, err := idOf(ctx, tx, login)
		if err != nil {
			return err
		}
		account, err = load(ctx, tx, id)
		return err
	})
	return account, wrap("read account", err)
}

// ByID reads an account whatever its state.
func (s *Store) ByID(ctx context.Context, id int64) (account Account, err error) {
	err = s.db.Work(ctx, func(tx pgx.Tx) error {
		account, err = load(ctx, tx, id)
		return err
	})
	return account, wrap("read account", err)
}

// List gives every account, by login.
func (s *Store) List(ctx context.Context, actor Account) (all []Account, err error) {
	err = s.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		all, err = list(ctx, tx)
		return err
	})
	return all, wrap("list accounts", err)
}

// SetPassword changes one's own password, given the present one, and ends every session.
func (s *Store) SetPassword(ctx context.Context, actor Account, old, password, from string) error {
	if _, err := s.Authenticate(ctx, actor.Login, old, from); err != nil {
		return err
	}
	if err := checkPassword(actor.Login, password); err != nil {
		return err
	}
	if old == password {
		return problem.New(problem.Invalid, "same-password", "密码未被接受", "新密码与现用密码相同", "请换一个密码")
	}
	return s.storePassword(ctx, actor, actor.ID, password, false)
}

// ResetPassword gives an account a random password, to be shown once and
// changed at the next sign-in, and ends its sessions and its lock.
func (s *Store) ResetPassword(ctx context.Context, actor Account, login string) (password string, err error) {
	if err := s.needAdmin(ctx, actor, "重置密码"); err != nil {
		return "", err
	}
	account, err := s.ByLogin(ctx, login)
	if err != nil {
		return "", err
	}
	password = Generate()
	return password, s.storePassword(ctx, actor, account.ID, password, true)
}

// storePassword works as worker: the app role can neither read nor write hashes of others.
func (s *Store) storePassword(ctx context.Context, actor Account, account int64, password string, mustChange bool) error {
	hash, err := s.hash(ctx, password)
	if err != nil {
		return err
	}
	kind := "account.password-changed"
	if mustChange {
		kind = "account.password-reset"
	}
	err = s.db.Work(ctx, func(tx pgx.Tx) error {
		if err := updatePassword(ctx, tx, account, hash, mustChange); err != nil {
			return err
		}
		if err := deleteSessions(ctx, tx, account); err != nil {
			return err
		}
		return s.log(ctx, tx, actor, kind, account, nil)
	})
	return wrap("store password", err)
}

// SetRoles replaces an account's roles. Nobody takes the administrator's role
// from themselves, so that at least one administrator remains.
func (s *Store) SetRoles(ctx context.Context, actor Account, login string, roles []string) error {
	if err := s.needAdmin(ctx, actor, "调整角色"); err != nil {
		return err
	}
	if err := checkRoles(roles); err != nil {
		return err
	}
	if actor.Login == login && !slices.Contains(roles, Admin) {
		return problem.New(problem.Refused, "own-admin", "未能调整角色", "不能取消自己的管理员角色", "请由另一位管理员操作")
	}
	return s.change(ctx, actor, login, "account.roles", map[string]any{"roles": roles}, func(tx pgx.Tx, id int64) error {
		return replaceRoles(ctx, tx, id, roles)
	})
}

// SetScopes replaces the scopes an account may see beside public.
func (s *Store) SetScopes(ctx context.Context, actor Account, login string, scopes []string) error {
	if err := s.needAdmin(ctx, actor, "调整知悉范围"); err != nil {
		return err
	}
	return s.change(ctx, actor, login, "account.scopes", map[string]any{"scopes": scopes}, func(tx pgx.Tx, id int64) error {
		return replaceScopes(ctx, tx, id, scopes)
	})
}

// SetActive opens or closes an account; closing ends its sessions.
func (s *Store) SetActive(ctx context.Context, actor Account, login string, active bool) error {
	if err := s.needAdmin(ctx, actor, "停用或启用账号"); err != nil {
		return err
	}
	if actor.Login == login && !active {
		return problem.New(problem.Refused, "own-admin", "未能停用账号", "不能停用自己的账号", "请由另一位管理员操作")
	}
	err := s.change(ctx, actor, login, "account.active", map[string]any{"active": active}, func(tx pgx.Tx, id int64) error {
		_, err := tx.Exec(ctx, `update account set active = $2 where id = $1`, id, active)
		return err
	})
	if err != nil || active {
		return err
	}
	account, err := s.ByLogin(ctx, login)
	if err != nil {
		return err
	}
	return s.EndAllSessions(ctx, account.ID)
}

// change runs one administrator's change of one account with its leaf.
func (s *Store) change(ctx context.Context, actor Account, login, kind string, data map[string]any, fn func(tx pgx.Tx, id int64) error) error {
	err := s.db.As(ctx, actor.ID, func(tx pgx.Tx) error {
		id, err := idOf(ctx, tx, login)
		if err != nil {
			return err
		}
		if err := fn(tx, id); err != nil {
			return err
		}
		return s.log(ctx, tx, actor, kind, id, data)
	})
	return wrap(kind, err)
}

// Scopes lists the scopes the actor may see.
func (s *Store) Scopes(ctx context.Context, actor Account) (all []Scope, err error) {
	err = s.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		all, err = listScopes(ctx, tx)
		return err
	})
	return all, wrap("list scopes", err)
}

// AddScope makes a scope, or renames it when it exists.
func (s *Store) AddScope(ctx context.Context, actor Account, scope Scope) error {
	if err := s.needAdmin(ctx, actor, "新增知悉范围"); err != nil {
		return err
	}
	if scope.Label = strings.TrimSpace(scope.Label); scope.Label == "" {
		scope.Label = scope.Name
	}
	err := s.db.As(ctx, actor.ID, func(tx pgx.Tx) error {
		if err := upsertScope(ctx, tx, scope); err != nil {
			return err
		}
		_, err := audit.Append(ctx, tx, s.now(), audit.Leaf{Kind: "scope.set", Actor: actor.ID, Subject: "scope/" + scope.Name,
			Data: map[string]any{"send_to_model": scope.SendToModel}})
		return err
	})
	return wrap("add scope", err)
}

// wrap turns what the database refuses into people's words and names the rest.
func wrap(doing string, err error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return problem.New(problem.NotFound, "no-account", "没有找到账号", "没有这个登录名", "请核对后再试").Because(err)
	case errors.As(err, &pg) && pg.ConstraintName == "account_login_key":
		return problem.New(problem.Conflict, "login-taken", "未能新建账号", "这个登录名已被使用", "请换一个登录名").Because(err)
	case errors.As(err, &pg) && pg.ConstraintName == "account_scope_scope_fkey":
		return problem.New(problem.Invalid, "bad-scope", "未能保存知悉范围", "其中有尚未设立的知悉范围", "请先设立，或从已有的范围中选择").Because(err)
	case errors.As(err, &pg) && pg.ConstraintName == "scope_name_check":
		return problem.New(problem.Invalid, "bad-scope", "未能设立知悉范围", "代号应以小写字母开头，由小写字母、数字、横线或下划线组成", "例如 finance").Because(err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Names gives every account's name by its login.
func (s *Store) Names(ctx context.Context, actor Account) (map[string]string, error) {
	names := map[string]string{}
	err := s.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select login, name from account`)
		if err != nil {
			return err
		}
		var login, name string
		_, err = pgx.ForEachRow(rows, []any{&login, &name}, func() error {
			names[login] = name
			return nil
		})
		return err
	})
	return names, wrap("read names", err)
}
