package retrieval

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func sampleParts(n int) []part {
	var parts []part
	for p := range 2 {
		var entries []entry
		for i := range n {
			entries = append(entries, doc{id: int64(p*n + i + 1), version: int64(i%5 + 1), text: []int{i % 7, i % 11, p}, context: []int{i % 3}}.entry())
		}
		vectors := newPlane(n, 70, 1)
		for i := range n - 3 {
			vectors.put(i, madeUp(70, int64(i)))
		}
		parts = append(parts, part{shard: build(entries, tuned), plane: vectors.seal()})
	}
	parts[0] = parts[0].bury([]int{0, 3})
	return parts
}

func hitsOf(parts []part) []found {
	v := newView(parts, map[int64]*version{1: {id: 1}, 2: {id: 2}, 3: {id: 3}, 4: {id: 4}, 5: {id: 5}}, 0)
	return v.search(v.weigh([]string{"t1", "t2", "t3"}, nil, tuned, open(v)), 50, open(v))[current]
}

func TestSnapshotComesBackWhole(t *testing.T) {
	dir := t.TempDir()
	parts := sampleParts(200)
	want := hitsOf(parts)
	m := manifest{Terms: "x", Seq: 7, Anchor: "a"}
	mapped, names, err := saveSnapshot(dir, m, parts, newSaved())
	if err != nil {
		t.Fatal(err)
	}
	if got := hitsOf(mapped); !slices.Equal(want, got) {
		t.Error("want the same hits from the mapped shards")
	}
	back, parts2, names2, err := loadSnapshot(dir)
	if err != nil {
		t.Fatal(err)
	}
	if back.Seq != 7 || back.Anchor != "a" || len(names2.shards) != len(names.shards) || len(names2.planes) != 2 {
		t.Errorf("want the manifest as written, got %+v", back)
	}
	if got := hitsOf(parts2); !slices.Equal(want, got) {
		t.Error("want the same hits from the loaded snapshot")
	}
}

func TestSnapshotKeepsOnlyWhatItNames(t *testing.T) {
	dir := t.TempDir()
	parts, names, err := saveSnapshot(dir, manifest{Seq: 1}, sampleParts(50), newSaved())
	if err != nil {
		t.Fatal(err)
	}
	merged := []part{merge(parts)}
	if _, _, err := saveSnapshot(dir, manifest{Seq: 2}, merged, names); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.shard"))
	if len(files) != 1 {
		t.Errorf("want one shard file, got %v", files)
	}
	// The old parts are still mapped: a search that began before goes on.
	if len(hitsOf(parts)) == 0 {
		t.Error("want the old shards to stay readable")
	}
}

func TestOneWriterAtATime(t *testing.T) {
	dir := t.TempDir()
	unlock, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := saveSnapshot(dir, manifest{}, sampleParts(5), newSaved()); !errors.Is(err, errBusy) {
		t.Errorf("want errBusy while another writer has the folder, got %v", err)
	}
	unlock()
	if _, _, err := saveSnapshot(dir, manifest{}, sampleParts(5), newSaved()); err != nil {
		t.Errorf("want the folder free again, got %v", err)
	}
}

func TestMissingSnapshot(t *testing.T) {
	if _, _, _, err := loadSnapshot(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("want fs.ErrNotExist, got %v", err)
	}
}

// Whatever is done to any one file, the snapshot is refused, never misread.
func TestDamagedSnapshotIsRefused(t *testing.T) {
	whole := t.TempDir()
	if _, _, err := saveSnapshot(whole, manifest{Seq: 7, Anchor: "a"}, sampleParts(40), newSaved()); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "s")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		shards, _ := filepath.Glob(filepath.Join(dir, "*.shard"))
		planes, _ := filepath.Glob(filepath.Join(dir, "*.plane"))
		named := filepath.Join(dir, manifestName)
		file := rapid.SampledFrom(slices.Concat(shards, planes, []string{named})).Draw(rt, "file")
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch rapid.SampledFrom([]string{"torn", "zeroed", "bit", "longer", "empty", "gone"}).Draw(rt, "fault") {
		case "torn":
			b = b[:rapid.IntRange(0, len(b)-2).Draw(rt, "at")]
		case "zeroed":
			from := rapid.IntRange(0, len(b)/2).Draw(rt, "from")
			if clear(b[from:]); slices.Equal(b, mustRead(t, file)) {
				rt.Skip("was zero before")
			}
		case "bit":
			at := rapid.IntRange(0, len(b)-2).Draw(rt, "at")
			if b[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit"); file == named && at == len(b)-1 {
				rt.Skip("final line break")
			}
		case "longer":
			b = append(b, 'x')
		case "empty":
			b = nil
		case "gone":
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if _, _, _, err := loadSnapshot(dir); err == nil {
				rt.Fatal("want a snapshot without one of its files to be refused")
			}
			return
		}
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := loadSnapshot(dir); !errors.Is(err, errCorrupt) {
			rt.Fatalf("want errCorrupt for %s, got %v", filepath.Base(file), err)
		}
	})
}

func mustRead(t *testing.T, file string) []byte {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
