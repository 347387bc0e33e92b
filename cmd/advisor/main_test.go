package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"advisor/internal/localpg/fetch"
)

// office runs commands in one home, as the shell would.
type office struct {
	t    *testing.T
	vars map[string]string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	// Not t.TempDir: the private cluster runs as another user when the test is root.
	home, err := os.MkdirTemp("/var/tmp", "advisor-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	if err := os.Chmod(home, 0o755); err != nil {
		t.Fatal(err)
	}
	cache, err := filepath.Abs("../../.cache")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := fetch.Runtime(t.Context(), cache, fetch.Platform(runtime.GOOS+"/"+runtime.GOARCH), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return &office{t: t, vars: map[string]string{"ADVISOR_HOME": home, "ADVISOR_LOG": "warn", "CI": "1",
		"ADVISOR_PG_BIN": filepath.Join(dir, fetch.Bin)}}
}

// run gives what a command printed and its exit status.
func (o *office) run(args ...string) (stdout, stderr string, exit int) {
	o.t.Helper()
	var out, errs bytes.Buffer
	e := &env{in: &inputs{}, stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(k string) string { return o.vars[k] }}
	exit = e.report(run(context.Background(), e, args))
	return out.String(), errs.String(), exit
}

// object runs a command with --json and reads the one object it prints.
func (o *office) object(want int, args ...string) map[string]any {
	o.t.Helper()
	out, errs, exit := o.run(append(args, "--json")...)
	var v map[string]any
	if err := json.Unmarshal([]byte(out), &v); err != nil || exit != want {
		o.t.Fatalf("advisor %s: want status %d and one JSON object, got status %d, %q, %q", strings.Join(args, " "), want, exit, out, errs)
	}
	return v
}

// code is the code of an error object.
func code(v map[string]any) string {
	e, _ := v["error"].(map[string]any)
	s, _ := e["code"].(string)
	return s
}

func TestDemoWalksTheWholeLineTwice(t *testing.T) {
	o := newOffice(t)
	first := o.object(0, "demo", "--check")
	second := o.object(0, "demo", "--check")
	for _, d := range []map[string]any{first, second} {
		if ok := d["verified"].(map[string]any)["ok"]; ok != true {
			t.Errorf("want the log verified, got %v", d["verified"])
		}
	}
	a, b := first["logins"].(map[string]any), second["logins"].(map[string]any)
	if a["wangmin"] == b["wangmin"] || a["wangmin"] == "" {
		t.Errorf("want new passwords at each run, got %v twice", a["wangmin"])
	}
	o.vars["ADVISOR_HOME"] = filepath.Join(o.vars["ADVISOR_HOME"], "demo")
	o.refusals(second["review_id"].(string), second["hash"].(string))
	o.receipts(first["receipt"].(string))
	out, _, exit := o.run("psql", "--role", "app", "--", "-Atc", "select (select count(*) from document) + (select count(*) from draft) + (select count(*) from audit_leaf)")
	if exit != 0 || strings.TrimSpace(out) != "0" {
		t.Errorf("want the app role to see nothing without an account, got status %d and %q rows", exit, out)
	}
}

// refusals tries what the gate must refuse after the demo has applied a review.
func (o *office) refusals(review, hash string) {
	o.t.Helper()
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"applying twice", "already-applied", []string{"apply", review, "--hash", hash, "--as", "shenliyan"}},
		{"applying another text", "", []string{"apply", review, "--hash", "sha256:" + strings.Repeat("0", 64), "--as", "shenliyan"}},
		{"an asker who applies", "", []string{"apply", review, "--hash", hash, "--as", "wangmin"}},
	} {
		v := o.object(3, c.args...)
		if got := code(v); got == "" || (c.want != "" && got != c.want) {
			o.t.Errorf("%s: want code %q, got %q", c.name, c.want, got)
		}
	}
}

// receipts checks one offline, under the right key and under a stranger's.
func (o *office) receipts(file string) {
	o.t.Helper()
	key := o.object(0, "audit", "key")["key"].(string)
	if v := o.object(0, "audit", "verify-receipt", file, "--key", key); v["ok"] != true {
		o.t.Errorf("want the receipt to verify, got %v", v)
	}
	stranger := newOffice(o.t).object(0, "audit", "key")["key"].(string)
	o.object(1, "audit", "verify-receipt", file, "--key", stranger)
}

func TestBadCommandLines(t *testing.T) {
	o := newOffice(t)
	for _, c := range []struct {
		name string
		want int
		args []string
	}{
		{"nothing", 2, nil},
		{"no such command", 2, []string{"fly"}},
		{"no such flag", 2, []string{"search", "--fast", "x"}},
		{"a date that does not exist", 2, []string{"search", "x", "--on", "2025-02-30"}},
		{"import of nothing", 2, []string{"import"}},
		{"not built yet", 2, []string{"backup"}},
		{"help", 0, []string{"help"}},
		{"a command's help", 0, []string{"import", "--help"}},
	} {
		if _, errs, exit := o.run(c.args...); exit != c.want || (exit != 0 && strings.TrimSpace(errs) == "") {
			t.Errorf("%s: want status %d and a sentence, got %d, %q", c.name, c.want, exit, errs)
		}
	}
}

func TestBadSettingStopsTheStart(t *testing.T) {
	for name, value := range map[string]string{"ADVISOR_ADDR": "nowhere", "ADVISOR_LOG": "loud", "ADVISOR_EMBED": "magic",
		"ADVISOR_LLM_BASE_URL": "http://127.0.0.1:1/v1", "ADVISOR_PUBLIC_URL": "advisor.example"} {
		o := newOffice(t)
		o.vars[name] = value
		if _, errs, exit := o.run("version"); exit != 2 || !strings.Contains(errs, "ADVISOR_") {
			t.Errorf("%s=%s: want status 2 and the variable's name, got %d, %q", name, value, exit, errs)
		}
	}
}

func TestFlagsMayFollowArguments(t *testing.T) {
	f := newFlags("search")
	k := f.Int("k", 10, "")
	if err := f.parse([]string{"数据", "--k", "3", "共享", "--", "--k"}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(f.args, " "); *k != 3 || got != "数据 共享 --k" {
		t.Errorf("want k 3 and three arguments, got %d and %q", *k, got)
	}
}

func TestSecretsAreMasked(t *testing.T) {
	o := newOffice(t)
	o.vars["ADVISOR_LLM_API_KEY"] = "sk-very-secret"
	out, _, exit := o.run("help", "config")
	if exit != 0 || strings.Contains(out, "very-secret") || !strings.Contains(out, "ADVISOR_LLM_API_KEY") {
		t.Errorf("want every setting and no secret, got %d, %q", exit, out)
	}
}

func TestAnOfficesFirstDayComesOnce(t *testing.T) {
	o := newOffice(t)
	first := []string{"init", "--office", "云川市人民政府", "--login", "sunwei", "--name", "孙巍", "--scope", "datasec=数据安全内部"}
	if v := o.object(0, first...); v["password"] == "" || v["committee"] != "专家顾问委员会" {
		t.Errorf("want a password and a committee, got %v", v)
	}
	if got := code(o.object(3, first...)); got != "already-set-up" {
		t.Errorf("want the second first day refused, got %q", got)
	}
	o.object(0, "committee", "set", "云川市专家顾问委员会", "--tier", "0")
	o.object(2, "committee", "set", "云川市专家顾问委员会", "--tier", "7")
	if p := o.object(0, "user", "passwd", "sunwei")["password"]; p == "" {
		t.Error("want a new password")
	}
}

func TestScratchLeavesNothing(t *testing.T) {
	o := newOffice(t)
	file := filepath.Join(o.vars["ADVISOR_HOME"], "note.md")
	if err := os.WriteFile(file, []byte("# 云川市测试通知\n\n一、请于月底前报送。\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	v := o.object(0, "import", file, "--scratch")
	if got := v["documents"].(map[string]any)["added"]; got != float64(1) {
		t.Errorf("want one document added, got %v", got)
	}
	if l := o.object(0, "documents", "list")["documents"]; l != nil && len(l.([]any)) != 0 {
		t.Errorf("want nothing kept, got %v", l)
	}
	if got := code(o.object(4, "documents", "show", "1")); got == "" {
		t.Errorf("want a plain not-found, got %q", got)
	}
}

func TestTimesAreTheOffices(t *testing.T) {
	if got := when(time.Date(2026, 11, 27, 18, 9, 0, 0, time.UTC)); got != "2026-11-28 02:09" {
		t.Errorf("want the time in Asia/Shanghai, got %s", got)
	}
}
