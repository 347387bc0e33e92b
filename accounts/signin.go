package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"advisor/audit"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// Five wrong passwords within a quarter of an hour close an account for as long.
const (
	maxFailures   = 5
	failureWindow = 15 * time.Minute
	lockout       = 15 * time.Minute
)

// errSignIn is the one sentence for every refused sign-in: it must not tell a
// stranger whether the login exists, is locked or is closed.
var errSignIn = problem.New(problem.Refused, "sign-in-refused", "未能登录", "登录名或密码不正确，或该账号因多次失败已暂停登录 15 分钟",
	"请核对后再试；忘记密码请联系本单位系统管理员重置")

// Authenticate checks a password. A refused attempt is logged and counted;
// from names where it came from and reaches the log only as operators' data.
func (s *Store) Authenticate(ctx context.Context, login, password, from string) (Account, error) {
	if len(password) > 4*maxPassword || len(login) > 64 {
		login, password = "", ""
	}
	// The turn comes before the transaction: waiting sign-ins must not hold connections.
	if err := s.turn(ctx); err != nil {
		return Account{}, err
	}
	defer s.leave()
	var account Account
	refused := ""
	err := s.db.Work(ctx, func(tx pgx.Tx) error {
		refused = ""
		found, err := lockForSignIn(ctx, tx, login)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		now := s.now()
		fits, err := verify(found.hash, password)
		if err != nil {
			return err
		}
		refused = found.refusal(now, fits)
		if refused == "" {
			account, err = clearFailures(ctx, tx, found.id)
			return err
		}
		if err := countFailure(ctx, tx, found, now); err != nil {
			return err
		}
		_, err = audit.Append(ctx, tx, now, audit.Leaf{Kind: "account.sign-in-refused",
			Subject: audit.Subject("account", found.id), Data: map[string]any{"reason": refused}})
		return err
	})
	if err != nil {
		return Account{}, fmt.Errorf("authenticate: %w", err)
	}
	if refused != "" {
		return Account{}, errSignIn.Because(fmt.Errorf("sign-in from %s: %s", from, refused))
	}
	return account, nil
}

// signIn is an account's row as sign-in sees it; the zero value is a stranger.
type signIn struct {
	id       int64
	hash     string
	active   bool
	failures int
	failedAt time.Time
	locked   time.Time
}

// refusal gives the reason code for the log, or "" for a good sign-in.
func (f signIn) refusal(now time.Time, fits bool) string {
	switch {
	case f.id == 0:
		return "unknown"
	case !f.active:
		return "inactive"
	case now.Before(f.locked):
		return "locked"
	case !fits:
		return "password"
	}
	return ""
}

// afterFailure is the count and lock that a failure at now leads to.
func (f signIn) afterFailure(now time.Time) (failures int, locked time.Time) {
	if now.Before(f.locked) {
		return f.failures, f.locked
	}
	failures = f.failures + 1
	if now.Sub(f.failedAt) > failureWindow {
		failures = 1
	}
	if failures >= maxFailures {
		return 0, now.Add(lockout)
	}
	return failures, time.Time{}
}
