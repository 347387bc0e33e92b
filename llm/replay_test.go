package llm

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each form of reply that servers give is read as it is meant.
func TestExchanges(t *testing.T) {
	files, err := filepath.Glob("testdata/exchanges/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no exchanges: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			kind, rest, _ := strings.Cut(string(raw), "\n")
			want, body, _ := strings.Cut(rest, "\n")
			s := fake(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", kind)
				_, _ = io.WriteString(w, body)
			})
			reply, err := open(t, s.URL, nil).Generate(t.Context(), Request{System: "系统", User: "问"}, nil)
			if code, fails := strings.CutPrefix(want, "!"); fails {
				if f := (*Failure)(nil); !errors.As(err, &f) || f.Code != code {
					t.Errorf("error %v, want %s", err, code)
				}
				return
			}
			if err != nil || reply.Text != want || reply.InputTokens <= 0 || reply.OutputTokens <= 0 {
				t.Errorf("reply %+v, error %v, want %q", reply, err, want)
			}
		})
	}
}

var secret = regexp.MustCompile(`(?i)authorization:|bearer [a-z0-9._-]{16,}|\b(sk|pk|ak)-[a-z0-9-]{16,}|advisor_[A-Za-z0-9_-]{40,}|whsec_[A-Za-z0-9+/=]{20,}`)

// No file of the tests of any room holds what looks like a key.
func TestNoKeysInRecordings(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == ".cache" || d.Name() == "bin" || d.Name() == "dist") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.Contains(filepath.ToSlash(path), "/testdata/") {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		if at := secret.FindIndex(raw); at != nil {
			t.Errorf("%s holds what looks like a key at byte %d", path, at[0])
		}
		return nil
	})
	if err != nil || seen == 0 {
		t.Fatalf("%d files looked at, %v", seen, err)
	}
	if !secret.MatchString("Authorization: Bearer x") || !secret.MatchString("sk-proj-abcdef1234567890") {
		t.Error("the look-out is blind")
	}
}
