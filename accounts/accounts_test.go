package accounts_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/audit"
	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

const secret = "kiwi-plane-7-otter"

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func open(t *testing.T) (*accounts.Store, *db.DB, *clock, accounts.Account) {
	t.Helper()
	d := dbtest.New(t)
	c := &clock{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	s := accounts.New(d, c.now)
	admin, err := s.Local(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return s, d, c, admin
}

func enrol(t *testing.T, s *accounts.Store, admin accounts.Account, login string, roles ...string) accounts.Account {
	t.Helper()
	a, err := s.Create(t.Context(), admin, accounts.NewAccount{Login: login, Name: "王敏", Password: secret, Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func code(err error) string {
	var p *problem.Problem
	if errors.As(err, &p) {
		return p.Code
	}
	if err == nil {
		return ""
	}
	return "not a problem: " + err.Error()
}

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("want code %q, got %q (%v)", want, got, err)
	}
}

func kinds(t *testing.T, d *db.DB) (all []string) {
	t.Helper()
	err := d.Work(t.Context(), func(tx pgx.Tx) error {
		entries, err := audit.Log(t.Context(), tx, 0, 1000)
		for _, e := range entries {
			all = append(all, e.Kind)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLocalAccountIsMadeOnceAndCannotSignIn(t *testing.T) {
	s, d, _, admin := open(t)
	if !admin.Has("admin") || !admin.Has("keeper") || !admin.Has("secretary") || !admin.Sees("public") {
		t.Errorf("want an administrator, keeper and secretary who sees public, got %+v", admin)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if a, err := s.Local(t.Context(), ""); err != nil || a.ID != admin.ID {
				t.Errorf("want account %d again, got %d, %v", admin.ID, a.ID, err)
			}
		})
	}
	wait.Wait()
	_, err := s.Authenticate(t.Context(), "admin", "", "test")
	wantCode(t, err, "sign-in-refused")
	_, err = s.Local(t.Context(), "nobody")
	wantCode(t, err, "no-account")
	if got := kinds(t, d); !slices.Equal(got, []string{"account.created", "account.sign-in-refused"}) {
		t.Errorf("want one creation and one refusal in the log, got %v", got)
	}
}

func TestLockOut(t *testing.T) {
	s, d, c, admin := open(t)
	enrol(t, s, admin, "wang.min", "asker")
	for range 5 {
		_, err := s.Authenticate(t.Context(), "wang.min", "wrong", "test")
		wantCode(t, err, "sign-in-refused")
	}
	_, err := s.Authenticate(t.Context(), "wang.min", secret, "test")
	wantCode(t, err, "sign-in-refused")
	_, unknown := s.Authenticate(t.Context(), "nobody", secret, "test")
	if unknown.Error() != err.Error() {
		t.Errorf("a stranger and a locked account read differently: %q, %q", unknown, err)
	}
	c.pass(16 * time.Minute)
	if _, err := s.Authenticate(t.Context(), "wang.min", secret, "test"); err != nil {
		t.Errorf("want in after the lock-out, got %v", err)
	}
	refused := 0
	for _, k := range kinds(t, d) {
		if k == "account.sign-in-refused" {
			refused++
		}
	}
	if refused != 7 {
		t.Errorf("want 7 refusals in the log, got %d", refused)
	}
}

// Guesses made at the same time are all counted.
func TestParallelGuessesAreCounted(t *testing.T) {
	s, _, _, admin := open(t)
	enrol(t, s, admin, "wang.min", "asker")
	var wait sync.WaitGroup
	for range 24 {
		wait.Go(func() { s.Authenticate(t.Context(), "wang.min", "wrong", "test") })
	}
	wait.Wait()
	_, err := s.Authenticate(t.Context(), "wang.min", secret, "test")
	wantCode(t, err, "sign-in-refused")
}

func TestSessions(t *testing.T) {
	s, _, c, admin := open(t)
	a := enrol(t, s, admin, "wang.min", "asker")
	start := func() string {
		token, err := s.StartSession(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	first, second := start(), start()
	if first == second {
		t.Fatal("two sessions share a token")
	}
	got, err := s.Session(t.Context(), first)
	if err != nil || got.ID != a.ID || !got.Has("asker") {
		t.Fatalf("want %s with her role, got %+v, %v", a.Login, got, err)
	}
	_, err = s.Session(t.Context(), first+"x")
	wantCode(t, err, "not-signed-in")
	if err := s.EndSession(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	_, err = s.Session(t.Context(), first)
	wantCode(t, err, "not-signed-in")
	if _, err := s.Session(t.Context(), second); err != nil {
		t.Errorf("want the other session alive, got %v", err)
	}
	for range 20 { // used every ten hours it lives on, but not beyond a week
		c.pass(10 * time.Hour)
		_, err = s.Session(t.Context(), second)
	}
	wantCode(t, err, "not-signed-in")
	idle := start()
	c.pass(13 * time.Hour)
	_, err = s.Session(t.Context(), idle)
	wantCode(t, err, "not-signed-in")
	closed := start()
	if err := s.SetActive(t.Context(), admin, "wang.min", false); err != nil {
		t.Fatal(err)
	}
	_, err = s.Session(t.Context(), closed)
	wantCode(t, err, "not-signed-in")
}

func TestPasswords(t *testing.T) {
	s, _, _, admin := open(t)
	a := enrol(t, s, admin, "wang.min", "asker")
	token, err := s.StartSession(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.SetPassword(t.Context(), a, "wrong", "another-good-passphrase", "test"), "sign-in-refused")
	wantCode(t, s.SetPassword(t.Context(), a, secret, "short", "test"), "weak-password")
	wantCode(t, s.SetPassword(t.Context(), a, secret, secret, "test"), "same-password")
	if err := s.SetPassword(t.Context(), a, secret, "another-good-passphrase", "test"); err != nil {
		t.Fatal(err)
	}
	_, err = s.Session(t.Context(), token)
	wantCode(t, err, "not-signed-in")
	_, err = s.ResetPassword(t.Context(), a, "wang.min")
	wantCode(t, err, "not-allowed")
	fresh, err := s.ResetPassword(t.Context(), admin, "wang.min")
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Authenticate(t.Context(), "wang.min", fresh, "test")
	if err != nil || !got.MustChange {
		t.Errorf("want in, and a change asked for; got %+v, %v", got, err)
	}
	if err := s.SetPassword(t.Context(), got, fresh, "a-third-good-passphrase", "test"); err != nil {
		t.Fatal(err)
	}
	if got, err = s.ByID(t.Context(), a.ID); err != nil || got.MustChange {
		t.Errorf("want no change asked for any more, got %+v, %v", got, err)
	}
}

func TestKeys(t *testing.T) {
	s, _, _, admin := open(t)
	a := enrol(t, s, admin, "wang.min", "asker")
	b := enrol(t, s, admin, "li.qiang", "asker")
	key, err := s.AddKey(t.Context(), a, "wang.min", "共享平台")
	if err != nil || !strings.HasPrefix(key, "advisor_") {
		t.Fatalf("want a key, got %q, %v", key, err)
	}
	if got, err := s.ByKey(t.Context(), key); err != nil || got.ID != a.ID {
		t.Errorf("want %d, got %+v, %v", a.ID, got, err)
	}
	_, err = s.AddKey(t.Context(), b, "wang.min", "冒用")
	wantCode(t, err, "not-allowed")
	if keys, err := s.Keys(t.Context(), b, "wang.min"); err != nil || len(keys) != 0 {
		t.Errorf("want another's keys hidden, got %v, %v", keys, err)
	}
	keys, err := s.Keys(t.Context(), a, "wang.min")
	if err != nil || len(keys) != 1 || keys[0].Name != "共享平台" {
		t.Fatalf("want one key, got %v, %v", keys, err)
	}
	if err := s.RevokeKey(t.Context(), a, "wang.min", keys[0].ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.ByKey(t.Context(), key)
	wantCode(t, err, "not-signed-in")
}

func TestFirstDay(t *testing.T) {
	s, _, _, _ := open(t)
	if needed, err := s.NeedsSetup(t.Context()); err != nil || !needed {
		t.Fatalf("want setup needed although the local account exists, got %v, %v", needed, err)
	}
	first := accounts.NewAccount{Login: "admin", Name: "周岚", Password: secret}
	var wait sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range 6 {
		wait.Go(func() {
			a, err := s.First(t.Context(), accounts.Office{Name: "云川市人民政府", Short: "云川"}, first)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && a.Has("admin") {
				done++
			} else {
				wantCode(t, err, "already-set-up")
			}
		})
	}
	wait.Wait()
	if done != 1 {
		t.Errorf("want one first day, got %d", done)
	}
	if office, err := s.Office(t.Context()); err != nil || office.Name != "云川市人民政府" {
		t.Errorf("want the office's name, got %+v, %v", office, err)
	}
	if _, err := s.Authenticate(t.Context(), "admin", secret, "test"); err != nil {
		t.Errorf("want the first administrator in, got %v", err)
	}
}

func TestRolesAndScopes(t *testing.T) {
	s, d, _, admin := open(t)
	a := enrol(t, s, admin, "wang.min", "asker")
	wantCode(t, s.SetRoles(t.Context(), admin, "wang.min", []string{"king"}), "bad-role")
	wantCode(t, s.SetRoles(t.Context(), a, "wang.min", []string{"admin"}), "not-allowed")
	wantCode(t, s.SetRoles(t.Context(), admin, "admin", []string{"keeper"}), "own-admin")
	wantCode(t, s.SetActive(t.Context(), admin, "admin", false), "own-admin")
	wantCode(t, s.SetScopes(t.Context(), admin, "wang.min", []string{"finance"}), "bad-scope")
	wantCode(t, s.AddScope(t.Context(), admin, accounts.Scope{Name: "Fin ance"}), "bad-scope")
	if err := s.AddScope(t.Context(), admin, accounts.Scope{Name: "finance", Label: "财政内部"}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetScopes(t.Context(), admin, "wang.min", []string{"finance"}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetRoles(t.Context(), admin, "wang.min", []string{"expert", "asker"}); err != nil {
		t.Fatal(err)
	}
	a, err := s.ByID(t.Context(), a.ID)
	if err != nil || !slices.Equal(a.Roles, []string{"asker", "expert"}) || !slices.Equal(a.Scopes, []string{"public", "finance"}) {
		t.Errorf("want asker and expert in public and finance, got %+v, %v", a, err)
	}
	if all, err := s.Scopes(t.Context(), a); err != nil || len(all) != 2 {
		t.Errorf("want two scopes, got %v, %v", all, err)
	}
	if !slices.Contains(kinds(t, d), "account.refused") {
		t.Error("a refused change of roles is not in the log")
	}
	_, err = s.Create(t.Context(), admin, accounts.NewAccount{Login: "wang.min", Name: "另一个"})
	wantCode(t, err, "login-taken")
	_, err = s.Create(t.Context(), admin, accounts.NewAccount{Login: "王敏", Name: "王敏"})
	wantCode(t, err, "bad-account")
}

// The role of requests can neither read a password's hash nor a session.
func TestAppCannotReadSecrets(t *testing.T) {
	s, d, _, admin := open(t)
	a := accountstest.Make(t, s, "wang.min", "asker")
	for _, q := range []string{
		`select password_hash from account`, `select token_hash from session`, `select key_hash from api_key`,
		`update account set password_hash = ''`, `delete from account`,
	} {
		err := d.As(t.Context(), admin.ID, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), q)
			return err
		})
		if err == nil {
			t.Errorf("want %q refused", q)
		}
	}
	_ = d.As(t.Context(), a.ID, func(tx pgx.Tx) error {
		tag, err := tx.Exec(t.Context(), `update account set active = false where login = 'admin'`)
		if err == nil && tag.RowsAffected() > 0 {
			t.Error("an asker closed the administrator's account")
		}
		return nil
	})
	err := d.As(t.Context(), a.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into account_role (account_id, role) values ($1, 'admin')`, a.ID)
		return err
	})
	if err == nil {
		t.Error("an asker made herself administrator")
	}
	n := -1
	err = d.As(t.Context(), 0, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `select (select count(id) from account) + (select count(*) from office) + (select count(*) from scope) + (select count(id) from api_key)`).Scan(&n)
	})
	if err != nil || n != 0 {
		t.Errorf("want nobody to see nothing, got %d rows, %v", n, err)
	}
}
