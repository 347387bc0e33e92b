// Package accounts knows the people: who they are, what they may do (roles) and
// see (scopes), and how they prove it: password, session or API key.
//
// Passwords are kept as argon2id, session tokens and API keys as SHA-256 of
// random bytes. Every change appends a leaf to the audit log in its own
// transaction; a refused attempt is logged in a transaction of its own.
package accounts

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// The roles an account can have, as the database's check constraint lists them.
const (
	Asker     = "asker"
	Keeper    = "keeper"
	Secretary = "secretary"
	Chair     = "chair"
	Expert    = "expert"
	Decider   = "decider"
	Legal     = "legal"
	Trainer   = "trainer"
	Learner   = "learner"
	Auditor   = "auditor"
	Admin     = "admin"
)

// Roles lists every role in the order in which people are shown them.
var Roles = []string{Asker, Keeper, Secretary, Chair, Expert, Decider, Legal, Trainer, Learner, Auditor, Admin}

var roleNames = map[string]string{
	Asker: "提问人", Keeper: "资料员", Secretary: "专委会秘书处", Chair: "主任委员", Expert: "专家", Decider: "决策人", Legal: "合法性审查",
	Trainer: "培训师", Learner: "学员", Auditor: "审计", Admin: "管理员",
}

// RoleName is a role in Chinese, or the role itself when it is unknown.
func RoleName(role string) string {
	if n, ok := roleNames[role]; ok {
		return n
	}
	return role
}

// PublicScope is what everybody active may see.
const PublicScope = "public"

// Account is a person with the roles and scopes in force when it was read.
type Account struct {
	ID           int64    `json:"id,string"`
	Login        string   `json:"login"`
	Name         string   `json:"name"`
	Department   string   `json:"department"`
	Organisation string   `json:"organisation"`
	Roles        []string `json:"roles"`
	Scopes       []string `json:"scopes"` // public always, every scope for an administrator
	Active       bool     `json:"active"`
	MustChange   bool     `json:"must_change"` // the password was set by somebody else
}

// Has reports whether the account is active and has the role.
func (a Account) Has(role string) bool { return a.Active && slices.Contains(a.Roles, role) }

// Sees reports whether the account may see the scope.
func (a Account) Sees(scope string) bool { return a.Active && slices.Contains(a.Scopes, scope) }

// NewAccount is what making an account needs. Without a password it cannot sign in.
type NewAccount struct {
	Login, Name, Department, Organisation, Password string
	Roles, Scopes                                   []string
}

// Office is the organisation that runs this advisor.
type Office struct{ Name, Short string }

// Scope is one circle of people who may know something.
type Scope struct {
	Name        string `json:"name"`
	Label       string `json:"label"`
	SendToModel bool   `json:"send_to_model"`
}

// Database is what accounts asks of the database; *db.DB is one.
type Database interface {
	As(ctx context.Context, account int64, fn func(tx pgx.Tx) error) error
	Read(ctx context.Context, account int64, fn func(tx pgx.Tx) error) error
	Work(ctx context.Context, fn func(tx pgx.Tx) error) error
}

// Store keeps accounts. It is safe for concurrent use.
type Store struct {
	db  Database
	now func() time.Time
	// hashing bounds how many passwords are hashed at a time: each costs 19 MiB,
	// so an unbounded flood of sign-ins would be an attack on memory.
	hashing chan struct{}
}

// New makes a Store.
func New(db Database, now func() time.Time) *Store {
	return &Store{db: db, now: now, hashing: make(chan struct{}, hashers)}
}
