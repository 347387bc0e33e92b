package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"advisor/audit"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// A session ends half a day after its last use and a week after its start.
const (
	sessionIdle = 12 * time.Hour
	sessionLife = 7 * 24 * time.Hour
	// A session's last use is written at most this often.
	sessionTouch = 5 * time.Minute
)

var errSession = problem.New(problem.Refused, "not-signed-in", "需要先登录", "没有登录，或登录已过期", "请重新登录")

// StartSession makes a session for a freshly authenticated account and returns its token.
// The token is always new, so a token planted beforehand is worth nothing.
func (s *Store) StartSession(ctx context.Context, account int64) (token string, err error) {
	token = newToken("")
	now := s.now()
	err = s.db.Work(ctx, func(tx pgx.Tx) error {
		return insertSession(ctx, tx, account, hashToken(token), now, now.Add(sessionIdle))
	})
	if err != nil {
		return "", fmt.Errorf("start session: %w", err)
	}
	return token, nil
}

// Session gives the active account behind a token and keeps the session alive.
func (s *Store) Session(ctx context.Context, token string) (Account, error) {
	if token == "" {
		return Account{}, errSession
	}
	now := s.now()
	return s.holder(ctx, "read session", func(tx pgx.Tx) (int64, error) { return touchSession(ctx, tx, hashToken(token), now) })
}

// holder reads the account that a token or key belongs to. One that is unknown,
// and one whose account is inactive, get the same answer.
func (s *Store) holder(ctx context.Context, what string, find func(tx pgx.Tx) (int64, error)) (account Account, err error) {
	err = s.db.Work(ctx, func(tx pgx.Tx) error {
		id, err := find(tx)
		if err != nil {
			return err
		}
		account, err = load(ctx, tx, id)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !account.Active {
		return Account{}, errSession
	}
	if err != nil {
		return Account{}, fmt.Errorf("%s: %w", what, err)
	}
	return account, nil
}

// EndSession ends the session of a token; ending it twice is no error.
func (s *Store) EndSession(ctx context.Context, token string) error {
	err := s.db.Work(ctx, func(tx pgx.Tx) error { return deleteSession(ctx, tx, hashToken(token)) })
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// EndAllSessions signs the account out everywhere.
func (s *Store) EndAllSessions(ctx context.Context, account int64) error {
	err := s.db.Work(ctx, func(tx pgx.Tx) error { return deleteSessions(ctx, tx, account) })
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// Key is an API key as it is listed; the key itself is shown only once.
type Key struct {
	ID        int64     `json:"id,string"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

// keyPrefix lets people and secret scanners recognise a key.
const keyPrefix = "advisor_"

// AddKey makes an API key for the account and returns it, this once.
// An administrator may do so for anybody, everybody else for themselves.
func (s *Store) AddKey(ctx context.Context, actor Account, login, name string) (key string, err error) {
	if name = strings.TrimSpace(name); name == "" || len(name) > 100 {
		return "", problem.New(problem.Invalid, "bad-name", "未能新建密钥", "密钥需要一个名称，不超过 100 字节", "请写明用途，例如“共享平台对接”")
	}
	if actor.Login != login {
		if err := s.needAdmin(ctx, actor, "为他人新建密钥"); err != nil {
			return "", err
		}
	}
	key = newToken(keyPrefix)
	err = s.db.As(ctx, actor.ID, func(tx pgx.Tx) error {
		id, err := idOf(ctx, tx, login)
		if err != nil {
			return err
		}
		keyID, err := insertKey(ctx, tx, id, name, hashToken(key), s.now())
		if err != nil {
			return err
		}
		return s.log(ctx, tx, actor, "account.key-added", id, map[string]any{"key": fmt.Sprint(keyID)})
	})
	if err != nil {
		return "", wrap("add key", err)
	}
	return key, nil
}

// ByKey gives the active account behind an API key.
func (s *Store) ByKey(ctx context.Context, key string) (Account, error) {
	if !strings.HasPrefix(key, keyPrefix) {
		return Account{}, errSession
	}
	return s.holder(ctx, "read key", func(tx pgx.Tx) (int64, error) { return keyOwner(ctx, tx, hashToken(key)) })
}

// Keys lists the keys of an account that are in force.
func (s *Store) Keys(ctx context.Context, actor Account, login string) (keys []Key, err error) {
	err = s.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		id, err := idOf(ctx, tx, login)
		if err != nil {
			return err
		}
		keys, err = listKeys(ctx, tx, id)
		return err
	})
	return keys, wrap("list keys", err)
}

// RevokeKey ends an API key.
func (s *Store) RevokeKey(ctx context.Context, actor Account, login string, key int64) error {
	if actor.Login != login {
		if err := s.needAdmin(ctx, actor, "停用他人的密钥"); err != nil {
			return err
		}
	}
	err := s.db.As(ctx, actor.ID, func(tx pgx.Tx) error {
		id, err := idOf(ctx, tx, login)
		if err != nil {
			return err
		}
		if err := revokeKey(ctx, tx, id, key, s.now()); err != nil {
			return err
		}
		return s.log(ctx, tx, actor, "account.key-revoked", id, map[string]any{"key": fmt.Sprint(key)})
	})
	return wrap("revoke key", err)
}

func newToken(prefix string) string {
	b := make([]byte, 32)
	rand.Read(b)
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}

// hashToken is what is stored of a token. Tokens hold 256 random bits, so a
// plain hash is enough and a stolen table is worth nothing.
func hashToken(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

func (s *Store) log(ctx context.Context, tx pgx.Tx, actor Account, kind string, subject int64, data map[string]any) error {
	_, err := audit.Append(ctx, tx, s.now(), audit.Leaf{Kind: kind, Actor: actor.ID, Subject: audit.Subject("account", subject), Data: data})
	return err
}
