package sample

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var roles = []string{"asker", "keeper", "secretary", "chair", "expert", "decider", "trainer", "learner", "auditor", "admin"}

func office(t *testing.T) Office {
	t.Helper()
	o, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOfficeIsWhole(t *testing.T) {
	o := office(t)
	if !strings.Contains(o.Notice, "虚构") {
		t.Error("want the office to say that it is fictional")
	}
	cells := 0
	for _, d := range o.Districts {
		cells += d.Cells
	}
	for what, n := range map[string][2]int{
		"departments": {15, len(o.Departments)}, "districts": {6, len(o.Districts)},
		"grid cells": {96, cells}, "members": {14, len(o.Committee)},
	} {
		if n[0] != n[1] {
			t.Errorf("%s: want %d, got %d", what, n[0], n[1])
		}
	}
}

func TestAccountsAreUniqueAndKnown(t *testing.T) {
	o := office(t)
	logins, names := map[string]Account{}, map[string]bool{}
	scopes := []string{"public"}
	for _, s := range o.Scopes {
		scopes = append(scopes, s.Name)
	}
	for _, a := range o.Accounts {
		if _, twice := logins[a.Login]; twice || names[a.Name] {
			t.Errorf("account %s %s: twice", a.Login, a.Name)
		}
		logins[a.Login], names[a.Name] = a, true
		for _, r := range a.Roles {
			if !slices.Contains(roles, r) {
				t.Errorf("account %s: unknown role %s", a.Login, r)
			}
		}
		for _, s := range a.Scopes {
			if !slices.Contains(scopes, s) {
				t.Errorf("account %s: unknown scope %s", a.Login, s)
			}
		}
	}
	kinds := map[string]int{}
	for _, e := range o.Committee {
		if a, ok := logins[e.Login]; !ok || !slices.Contains(a.Roles, "expert") {
			t.Errorf("member %s: want an account with the role expert", e.Login)
		}
		if len(e.Domains) == 0 {
			t.Errorf("member %s: want a domain", e.Login)
		}
		kinds[e.Kind]++
	}
	for kind, want := range map[string]int{"vertical": 4, "horizontal": 4, "university": 2, "lawyer": 2, "department": 2} {
		if kinds[kind] != want {
			t.Errorf("%s members: want %d, got %d", kind, want, kinds[kind])
		}
	}
}

func TestUnpackTwiceChangesNothing(t *testing.T) {
	dir := t.TempDir()
	manifest, err := Unpack(dir)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Unpack(dir); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(manifest); !after.ModTime().Equal(before.ModTime()) {
		t.Error("want the second unpacking to leave the same files alone")
	}
	n := 0
	_ = fs.WalkDir(Corpus(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Errorf("want %s unpacked: %v", name, err)
		}
		return nil
	})
	if n == 0 {
		t.Fatal("want documents, got none")
	}
}
