package retrieval_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"advisor/corpus"
	"advisor/internal/torture"
	"advisor/retrieval"
)

// F7: whatever happened to the snapshot's files, the index that opens finds what
// the whole one finds. A file may be cut, zeroed, flipped, lengthened, swapped
// with another or gone.
func TestTortureTornSnapshots(t *testing.T) {
	var tries, failures int
	torture.Report(t, "F7", &tries, &failures)
	o := newOffice(t)
	o.put(t, "public", "rules/one.txt", corpus.Header{Title: "云川市停车场管理办法"}, measure1)
	o.put(t, "public", "rules/desk.txt", corpus.Header{Title: "云川市综合服务办法"}, desk)
	o.sync(t, o.index)
	if err := o.index.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole := o.dir
	q := retrieval.Query{Text: "临时停车场的设置期限"}
	want := o.search(t, o.index, o.admin, q)
	r := rand.New(rand.NewPCG(uint64(torture.Seed()), 7))
	for range torture.Tries(400) {
		tries++
		o.dir = t.TempDir()
		if err := os.CopyFS(o.dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		what := damage(t, r, o.dir)
		x := o.open(t)
		got := o.search(t, x, o.admin, q)
		if len(got) != len(want) || got[0].PassageID != want[0].PassageID || got[0].Score != want[0].Score {
			failures++
			t.Errorf("%s: want the same hits, got %+v", what, got)
		}
		if err := x.Close(t.Context()); err != nil {
			failures++
			t.Errorf("%s: %v", what, err)
		}
	}
}

func damage(t *testing.T, r *rand.Rand, dir string) string {
	t.Helper()
	var files []string
	for _, p := range []string{"*.shard", "*.plane", "manifest"} {
		found, _ := filepath.Glob(filepath.Join(dir, p))
		files = append(files, found...)
	}
	file := files[r.IntN(len(files))]
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	kind := []string{"cut", "zeroed", "flipped", "longer", "swapped", "gone"}[r.IntN(6)]
	switch kind {
	case "cut":
		b = b[:r.IntN(len(b))]
	case "zeroed":
		clear(b[r.IntN(len(b)):])
	case "flipped":
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
	case "longer":
		b = append(b, 0)
	case "swapped":
		if b, err = os.ReadFile(files[r.IntN(len(files))]); err != nil {
			t.Fatal(err)
		}
	case "gone":
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		return kind + " " + filepath.Base(file)
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return kind + " " + filepath.Base(file)
}

// F20: the dictionary changes while questions are asked. Every answer is whole:
// cut by the old words or by the new ones, and never empty.
func TestTortureDictionaryUnderLoad(t *testing.T) {
	var tries, failures int
	torture.Report(t, "F20", &tries, &failures)
	o := newOffice(t)
	o.put(t, "public", "rules/desk.txt", corpus.Header{Title: "云川市综合服务办法"}, desk)
	o.sync(t, o.index)
	ctx, stop := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	var asked, lost atomic.Int64
	for range 3 {
		asking.Go(func() {
			for ctx.Err() == nil {
				r, err := o.index.Search(t.Context(), o.admin, retrieval.Query{Text: "云川通平台由谁维护"})
				asked.Add(1)
				if err != nil || len(r.Hits) == 0 || r.Hits[0].Provision != "第一条" {
					lost.Add(1)
				}
			}
		})
	}
	for i := range torture.Tries(200) {
		word := corpus.Entry{Kind: corpus.Word, Term: []string{"云川通平台", "政务数据中心", "通平台"}[i%3]}
		if _, err := o.dictionary().Put(t.Context(), o.admin, word); err != nil {
			t.Fatal(err)
		}
		o.sync(t, o.index)
		if i%2 == 1 {
			if err := o.dictionary().Remove(t.Context(), o.admin, word.Kind, word.Term); err != nil {
				t.Fatal(fmt.Errorf("remove: %w", err))
			}
			o.sync(t, o.index)
		}
	}
	stop()
	asking.Wait()
	if tries, failures = int(asked.Load()), int(lost.Load()); failures > 0 || tries == 0 {
		t.Errorf("%d of %d questions were answered from a half-changed index", failures, tries)
	}
}
