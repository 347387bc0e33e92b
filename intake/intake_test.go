package intake_test

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/corpus"
	"advisor/embed/static"
	"advisor/intake"
	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/internal/problem"
	"advisor/retrieval"
	"advisor/segment"
)

type office struct {
	db       *db.DB
	people   *accounts.Store
	admin    accounts.Account
	index    *retrieval.Index
	importer *intake.Importer
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{db: dbtest.New(t)}
	o.people = accounts.New(o.db, time.Now)
	var err error
	if o.admin, err = o.people.Local(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	s, err := segment.Default()
	if err != nil {
		t.Fatal(err)
	}
	e, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	if o.index, err = retrieval.Open(t.Context(), o.db, e, s, t.TempDir(), nil); err != nil {
		t.Fatal(err)
	}
	o.importer = intake.New(o.db, o.index, time.Now, nil)
	return o
}

func (o *office) hash(t *testing.T) (hash string) {
	t.Helper()
	err := o.db.Read(t.Context(), o.admin.ID, func(tx pgx.Tx) (err error) {
		hash, err = corpus.Hash(t.Context(), tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func (o *office) run(t *testing.T, opts intake.Options) intake.Report {
	t.Helper()
	r, err := o.importer.Import(t.Context(), o.admin, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// folder writes files for an import and gives the folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "文件")
	for name, body := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// measures makes n small texts, each a document of its own.
func measures(n int) map[string]string {
	files := make(map[string]string, n)
	for i := range n {
		files[fmt.Sprintf("m%03d.md", i)] = fmt.Sprintf("# 云川市第%d号停车场管理办法\n\n第一条 为了管理第%d号停车场，制定本办法。\n\n第二条 收费标准为每小时%d元。\n", i, i, i+1)
	}
	return files
}

func counts(r intake.Report) [5]int {
	d := r.Documents
	return [5]int{d.Added, d.Updated, d.Unchanged, d.Failed, d.Missing}
}

func want(t *testing.T, name string, r intake.Report, added, updated, unchanged, failed, missing int) {
	t.Helper()
	if w := [5]int{added, updated, unchanged, failed, missing}; counts(r) != w {
		t.Errorf("%s: want added, updated, unchanged, failed, missing %v, got %v; failures %v", name, w, counts(r), r.Failures)
	}
}

func TestImportTwiceAndChanged(t *testing.T) {
	o := newOffice(t)
	dir := folder(t, measures(30))
	var last intake.Progress
	first := o.run(t, intake.Options{Paths: []string{dir}, Progress: func(p intake.Progress) { last = p }})
	want(t, "first run", first, 30, 0, 0, 0, 0)
	if first.Provisions != 60 || first.Passages < 60 || last.Done != 30 || last.Total != 30 || last.Passages != first.Passages {
		t.Errorf("want 60 provisions and the progress of 30 files, got %+v and %+v", first, last)
	}
	want(t, "second run", o.run(t, intake.Options{Paths: []string{dir}}), 0, 0, 30, 0, 0)
	if err := os.WriteFile(filepath.Join(dir, "m007.md"), []byte("# 云川市第7号停车场管理办法\n\n第一条 本停车场免费。\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	want(t, "preview", o.run(t, intake.Options{Paths: []string{dir}, Preview: true}), 0, 1, 29, 0, 0)
	want(t, "after a change", o.run(t, intake.Options{Paths: []string{dir}}), 0, 1, 29, 0, 0)
	hits, err := o.index.Search(t.Context(), o.admin, retrieval.Query{Text: "第7号停车场免费吗", K: 1})
	if err != nil || len(hits.Hits) != 1 || hits.Hits[0].Text != "第一条 本停车场免费。" {
		t.Errorf("want the changed file found at once, got %+v, %v", hits.Hits, err)
	}
}

func TestABadFileCostsOnlyItself(t *testing.T) {
	o := newOffice(t)
	files := measures(20)
	files["empty.md"], files["broken.docx"], files["a.exe"], files["nul.txt"] = "", "no zip at all", "MZ\x00\x01", "\x00\x00\x00\x00\x00\x00"
	files[".hidden.md"] = "不看"
	r := o.run(t, intake.Options{Paths: []string{folder(t, files)}})
	want(t, "folder with bad files", r, 20, 0, 0, 4, 0)
	for _, f := range r.Failures {
		if !strings.HasPrefix(f.Path, "文件/") || f.Reason == "" {
			t.Errorf("want path and reason of each failure, got %+v", f)
		}
	}
}

// An import that is broken off leaves whole documents, and the next one
// completes it to the very corpus that an undisturbed import makes.
func TestBrokenOffImportIsResumed(t *testing.T) {
	dir := folder(t, measures(300))
	undisturbed := newOffice(t)
	undisturbed.run(t, intake.Options{Paths: []string{dir}})

	o := newOffice(t)
	saved := 0
	for stopAt := 40; stopAt < 300; stopAt += 80 {
		ctx, stop := context.WithCancel(t.Context())
		_, err := o.importer.Import(ctx, o.admin, intake.Options{Paths: []string{dir}, Progress: func(p intake.Progress) {
			if p.Done >= stopAt {
				stop()
			}
		}})
		stop()
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		var whole, all int
		err = o.db.Read(t.Context(), o.admin.ID, func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), `select count(*), count(*) filter (where (select count(*) from passage p where p.version_id = v.id) >= 2
  and (select count(*) from provision p where p.version_id = v.id) = 2
  and exists (select from corpus_change c where c.version_id = v.id)
  and (select count(*) from passage_vector x join passage p on p.id = x.passage_id where p.version_id = v.id) = (select count(*) from passage p where p.version_id = v.id)) from version v`).Scan(&all, &whole)
		})
		if err != nil || whole != all || all < saved {
			t.Fatalf("want every document whole and none lost, got %d of %d after %d, %v", whole, all, saved, err)
		}
		saved = all
	}
	r := o.run(t, intake.Options{Paths: []string{dir}})
	want(t, "resumed", r, 300-saved, 0, saved, 0, 0)
	if a, b := undisturbed.hash(t), o.hash(t); a != b {
		t.Errorf("want the hash of the undisturbed corpus %s, got %s", a, b)
	}
}

func TestManifestDecides(t *testing.T) {
	o := newOffice(t)
	files := measures(3)
	files["manifest.tsv"] = "path\ttitle\tdoc_no\tdate_effective\tstatus\r\n" +
		"m000.md\t云川市清单里的标题\t云政发〔2024〕1号\t2024-01-01\t现行有效\r\n" +
		"absent.md\t没有的\t\t\t\r\n" +
		"m001.md\t\t\t2024\t\n" +
		"../outside.md\t外面的\t\t\t\n"
	manifest := filepath.Join(folder(t, files), "manifest.tsv")
	r := o.run(t, intake.Options{Manifest: manifest})
	want(t, "manifest", r, 2, 0, 0, 1, 1)
	hits, err := o.index.Search(t.Context(), o.admin, retrieval.Query{Text: "清单里的标题收费标准", K: 1})
	if err != nil || len(hits.Hits) != 1 || hits.Hits[0].Title != "云川市清单里的标题" || hits.Hits[0].DocNumber != "云政发〔2024〕1号" || hits.Hits[0].Effective != "2024-01-01" {
		t.Errorf("want the manifest's header, got %+v, %v", hits.Hits, err)
	}
	b, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(manifest, []byte(strings.Replace(string(b), "2024-01-01", "2024-02-01", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	want(t, "corrected manifest", o.run(t, intake.Options{Manifest: manifest}), 0, 1, 1, 1, 1)
}

func TestArchive(t *testing.T) {
	o := newOffice(t)
	file := filepath.Join(t.TempDir(), "来文.zip")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name, body := range measures(4) {
		w, err := z.Create("夹/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	want(t, "zip", o.run(t, intake.Options{Paths: []string{file}}), 4, 0, 0, 0, 0)
	bad := filepath.Join(t.TempDir(), "bad.zip")
	if err := os.WriteFile(bad, []byte("PK nothing"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := o.importer.Import(t.Context(), o.admin, intake.Options{Paths: []string{bad}}); problem.Exit(err) != 1 {
		t.Errorf("want a broken archive to fail plainly, got %v", err)
	}
}

func TestWhoMayImport(t *testing.T) {
	o := newOffice(t)
	dir := folder(t, measures(1))
	asker := accountstest.Make(t, o.people, "asker", accounts.Asker)
	keeper := accountstest.Make(t, o.people, "keeper", accounts.Keeper)
	if _, err := o.importer.Import(t.Context(), asker, intake.Options{Paths: []string{dir}}); problem.Exit(err) != 3 {
		t.Errorf("want an asker refused, got %v", err)
	}
	if _, err := o.importer.Import(t.Context(), keeper, intake.Options{Paths: []string{dir}, Scope: "secret"}); problem.Exit(err) != 3 {
		t.Errorf("want a keeper refused in a scope not granted, got %v", err)
	}
	if _, err := o.importer.Import(t.Context(), keeper, intake.Options{Paths: []string{dir}}); err != nil {
		t.Errorf("want a keeper to import, got %v", err)
	}
	if _, err := o.importer.Import(t.Context(), keeper, intake.Options{Paths: []string{filepath.Join(dir, "none")}}); problem.Exit(err) != 4 {
		t.Errorf("want a missing path to be not found, got %v", err)
	}
}

func TestACopyInAnotherScopeIsPointedOut(t *testing.T) {
	o := newOffice(t)
	if err := o.people.AddScope(t.Context(), o.admin, accounts.Scope{Name: "datasec", Label: "数据安全内部"}); err != nil {
		t.Fatal(err)
	}
	dir := folder(t, measures(2))
	if r := o.run(t, intake.Options{Paths: []string{dir}}); len(r.Warnings) != 0 {
		t.Errorf("want no warning at first, got %v", r.Warnings)
	}
	r := o.run(t, intake.Options{Paths: []string{dir}, Scope: "datasec"})
	want(t, "into a narrower scope", r, 0, 2, 0, 0, 0)
	if len(r.Warnings) != 2 || !strings.Contains(r.Warnings[0].Reason, "已从公开范围收回") {
		t.Errorf("want both taken from the public, got %v", r.Warnings)
	}
	r = o.run(t, intake.Options{Paths: []string{dir}})
	want(t, "into the public again", r, 2, 0, 0, 0, 0)
	if len(r.Warnings) != 2 || !strings.Contains(r.Warnings[0].Reason, "datasec") {
		t.Errorf("want both inner copies pointed out, got %v", r.Warnings)
	}
}

func TestImportText(t *testing.T) {
	o := newOffice(t)
	version, err := o.importer.ImportText(t.Context(), o.admin, "", "precedents/1", corpus.Header{Title: "关于停车的建议", Kind: corpus.Precedent}, "可以设置临时停车场。\n期限二年。")
	if err != nil || version == 0 {
		t.Fatalf("want a version, got %d, %v", version, err)
	}
	if again, err := o.importer.ImportText(t.Context(), o.admin, "", "precedents/1", corpus.Header{Title: "关于停车的建议", Kind: corpus.Precedent}, "可以设置临时停车场。\n期限二年。"); err != nil || again != version {
		t.Errorf("want the same version again, got %d, %v", again, err)
	}
}

// Files become searchable; one that fails costs only itself.
func ExampleImporter_Import() {
	var importer *intake.Importer // from intake.New
	var keeper accounts.Account   // from accounts.Store
	report, err := importer.Import(context.TODO(), keeper, intake.Options{Paths: []string{"政策文件"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Documents.Added, "份已导入", report.Failures)
}
