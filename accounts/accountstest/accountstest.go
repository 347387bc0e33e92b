// Package accountstest makes accounts for other rooms' tests.
package accountstest

import (
	"testing"

	"advisor/accounts"
)

// Make creates an account with the given roles, no password and the public scope.
func Make(t testing.TB, s *accounts.Store, login string, roles ...string) accounts.Account {
	t.Helper()
	return MakeScoped(t, s, login, nil, roles...)
}

// MakeScoped is Make with further scopes, which it adds where they are missing.
func MakeScoped(t testing.TB, s *accounts.Store, login string, scopes []string, roles ...string) accounts.Account {
	t.Helper()
	admin, err := s.Local(t.Context(), "")
	if err != nil {
		t.Fatalf("make the local account: %v", err)
	}
	for _, scope := range scopes {
		if err := s.AddScope(t.Context(), admin, accounts.Scope{Name: scope, Label: scope}); err != nil {
			t.Fatalf("add scope %s: %v", scope, err)
		}
	}
	a, err := s.Create(t.Context(), admin, accounts.NewAccount{Login: login, Name: "测试 " + login, Department: "测试科",
		Organisation: "测试市", Roles: roles, Scopes: scopes})
	if err != nil {
		t.Fatalf("make account %s: %v", login, err)
	}
	return a
}
