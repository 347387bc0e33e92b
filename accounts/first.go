package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"advisor/audit"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// setupLock serialises first days: of two only one finds no administrator.
const setupLock = 0x73657475 // "setu"

// LocalLogin is the account as which local commands act unless told otherwise.
const LocalLogin = "admin"

// NeedsSetup reports whether nobody can sign in as administrator yet. The local
// account of the command line has no password and does not count.
func (s *Store) NeedsSetup(ctx context.Context) (needed bool, err error) {
	err = s.db.Work(ctx, func(tx pgx.Tx) error {
		ready, err := administratorExists(ctx, tx)
		needed = !ready
		return err
	})
	return needed, wrap("look for an administrator", err)
}

// First makes an office's first day: its name and its first administrator, who
// also keeps records and the committee's office until others are named. It is
// refused once somebody can sign in as administrator.
func (s *Store) First(ctx context.Context, office Office, n NewAccount) (Account, error) {
	office.Name, office.Short = strings.TrimSpace(office.Name), strings.TrimSpace(office.Short)
	if office.Name == "" || len(office.Name) > 300 || len(office.Short) > 100 {
		return Account{}, problem.New(problem.Invalid, "bad-office", "未能完成首次设置", "没有填写单位名称，或名称过长", "请填写单位全称")
	}
	if len(n.Roles) == 0 {
		n.Roles = []string{Admin, Keeper, Secretary}
	}
	if err := n.check(); err != nil {
		return Account{}, err
	}
	if err := checkPassword(n.Login, n.Password); err != nil {
		return Account{}, err
	}
	hash, err := s.hash(ctx, n.Password)
	if err != nil {
		return Account{}, err
	}
	var account Account
	err = s.db.Work(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, setupLock); err != nil {
			return err
		}
		ready, err := administratorExists(ctx, tx)
		if err != nil {
			return err
		}
		if ready {
			return problem.New(problem.Refused, "already-set-up", "不能再次进行首次设置", "本单位已有系统管理员", "请用管理员账号登录；忘记密码时在服务器上运行 advisor user passwd")
		}
		if err := setOffice(ctx, tx, office); err != nil {
			return err
		}
		id, err := adopt(ctx, tx, n, hash)
		if err != nil {
			return err
		}
		if account, err = load(ctx, tx, id); err != nil {
			return err
		}
		return s.log(ctx, tx, account, "office.first-day", id, map[string]any{"roles": n.Roles})
	})
	return account, wrap("first day", err)
}

// Local gives the account that a local command acts as, "" meaning admin. That
// one is made when missing: it sees every scope, has no password and so cannot
// sign in from elsewhere.
func (s *Store) Local(ctx context.Context, login string) (Account, error) {
	if login == "" {
		login = LocalLogin
	}
	account, err := s.ByLogin(ctx, login)
	if err == nil && !account.Active {
		return Account{}, problem.New(problem.Refused, "inactive", "不能以该账号办理", "账号“"+login+"”已停用", "请用 --as 指定其他账号")
	}
	if login != LocalLogin || !isNotFound(err) {
		return account, err
	}
	n := NewAccount{Login: LocalLogin, Name: "本机管理员", Roles: []string{Admin, Keeper, Secretary}}
	err = s.db.Work(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, setupLock); err != nil {
			return err
		}
		id, err := idOf(ctx, tx, LocalLogin)
		if err == nil { // another process made it meanwhile
			account, err = load(ctx, tx, id)
			return err
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if id, err = insertAccount(ctx, tx, n, ""); err != nil {
			return err
		}
		if account, err = load(ctx, tx, id); err != nil {
			return err
		}
		_, err = audit.Append(ctx, tx, s.now(), audit.Leaf{Kind: "account.created", Actor: id,
			Subject: audit.Subject("account", id), Data: map[string]any{"roles": n.Roles, "local": true}})
		return err
	})
	if err != nil {
		return Account{}, fmt.Errorf("make the local account: %w", err)
	}
	return account, nil
}

// Office reads the organisation's name; the zero Office before the first day.
// It is shown to strangers on the sign-in page, so it is read as worker.
func (s *Store) Office(ctx context.Context) (office Office, err error) {
	err = s.db.Work(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `select name, short from office where id = 1`).Scan(&office.Name, &office.Short)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return office, wrap("read office", err)
}

func isNotFound(err error) bool {
	var p *problem.Problem
	return errors.As(err, &p) && p.Kind == problem.NotFound
}
