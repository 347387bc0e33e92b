package accounts

import (
	"strings"
	"testing"
	"time"
)

func TestVerify(t *testing.T) {
	s := New(nil, time.Now)
	stored, err := s.hash(t.Context(), "正确的密码 horse battery")
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, stored, typed string
		want                bool
	}{
		{"the password", stored, "正确的密码 horse battery", true},
		{"another", stored, "正确的密码 horse batterY", false},
		{"empty", stored, "", false},
		{"no password set", "", "", false},
		{"no password set, something typed", "", "anything", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := verify(c.stored, c.typed)
			if err != nil || got != c.want {
				t.Errorf("want %v, got %v, %v", c.want, got, err)
			}
		})
	}
	again, _ := s.hash(t.Context(), "正确的密码 horse battery")
	if again == stored {
		t.Error("two hashes of one password are equal: no salt")
	}
	for _, broken := range []string{"plain", "$argon2id$v=19$m=x$$", "$argon2i$v=19$m=8,t=1,p=1$AAAA$AAAA"} {
		if ok, err := verify(broken, "x"); ok || err == nil {
			t.Errorf("a broken hash %q is accepted", broken)
		}
	}
}

// A password typed with composed or decomposed characters is one password.
func TestPasswordIsNormalised(t *testing.T) {
	s := New(nil, time.Now)
	stored, err := s.hash(t.Context(), "caf\u00e9-caf\u00e9-caf\u00e9")
	if err != nil {
		t.Fatal(err)
	}
	if ok, _ := verify(stored, "cafe\u0301-cafe\u0301-cafe\u0301"); !ok {
		t.Error("want the decomposed form accepted")
	}
}

func TestCheckPassword(t *testing.T) {
	cases := map[string]bool{
		"short": false, "aaaaaaaaaaaaaaa": false, "wang.min12": false, strings.Repeat("长密码啊呀", 40): false, "bad\xffutf8 bytes": false,
		"四个互不相干的词语一起": true, "kiwi-plane-7-otter": true, "wang.min-likes-rivers": true,
	}
	for password, want := range cases {
		if got := checkPassword("wang.min", password) == nil; got != want {
			t.Errorf("%q: want accepted %v, got %v", password, want, got)
		}
	}
	for range 100 {
		if p := Generate(); checkPassword("wang.min", p) != nil || len(p) != 24 {
			t.Fatalf("a generated password is refused: %q", p)
		}
	}
}

func TestAfterFailure(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	cases := []struct {
		name       string
		before     signIn
		failures   int
		lockedTill time.Time
	}{
		{"first", signIn{}, 1, time.Time{}},
		{"second soon after", signIn{failures: 1, failedAt: now.Add(-time.Minute)}, 2, time.Time{}},
		{"fifth locks", signIn{failures: 4, failedAt: now.Add(-time.Minute)}, 0, now.Add(lockout)},
		{"fifth but long after", signIn{failures: 4, failedAt: now.Add(-failureWindow - 1)}, 1, time.Time{}},
		{"while locked nothing is added", signIn{locked: now.Add(time.Minute)}, 0, now.Add(time.Minute)},
		{"after the lock it starts anew", signIn{failedAt: now.Add(-lockout), locked: now}, 1, time.Time{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			failures, locked := c.before.afterFailure(now)
			if failures != c.failures || !locked.Equal(c.lockedTill) {
				t.Errorf("want %d failures, locked till %v; got %d, %v", c.failures, c.lockedTill, failures, locked)
			}
		})
	}
}
