package accounts_test

import (
	"testing"
	"time"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/internal/db/dbtest"
)

// Only an administrator says which scopes' text may be sent to a model, and a
// new scope's may not.
func TestLetModelRead(t *testing.T) {
	d := dbtest.New(t)
	s := accounts.New(d, time.Now)
	admin, err := s.Local(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddScope(t.Context(), admin, accounts.Scope{Name: "inner", Label: "内部"}); err != nil {
		t.Fatal(err)
	}
	sent := func() bool {
		t.Helper()
		all, err := s.Scopes(t.Context(), admin)
		if err != nil {
			t.Fatal(err)
		}
		for _, scope := range all {
			if scope.Name == "inner" {
				return scope.SendToModel
			}
		}
		t.Fatal("no scope")
		return false
	}
	if sent() {
		t.Error("a new scope may be sent")
	}
	asker := accountstest.Make(t, s, "wang.min", accounts.Asker)
	if err := s.LetModelRead(t.Context(), asker, "inner", true); err == nil || sent() {
		t.Error("an asker opened a scope to the model")
	}
	if err := s.LetModelRead(t.Context(), admin, "inner", true); err != nil || !sent() {
		t.Errorf("the administrator could not: %v", err)
	}
	if err := s.LetModelRead(t.Context(), admin, "nowhere", true); err == nil {
		t.Error("a scope that is not there was opened")
	}
}
