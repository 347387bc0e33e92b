package retrieval_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/corpus"
	"advisor/corpus/format"
	"advisor/embed/static"
	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/retrieval"
	"advisor/segment"
)

// office is a database with an index and a keeper of documents.
type office struct {
	db     *db.DB
	people *accounts.Store
	admin  accounts.Account
	index  *retrieval.Index
	dir    string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{db: dbtest.New(t), dir: t.TempDir()}
	o.people = accounts.New(o.db, time.Now)
	var err error
	if o.admin, err = o.people.Local(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	o.index = o.open(t)
	return o
}

func (o *office) open(t *testing.T) *retrieval.Index {
	t.Helper()
	s, err := segment.Default()
	if err != nil {
		t.Fatal(err)
	}
	e, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	x, err := retrieval.Open(t.Context(), o.db, e, s, o.dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// put saves a text as intake does.
func (o *office) put(t *testing.T, scope, path string, h corpus.Header, text string) corpus.Saved {
	t.Helper()
	f, err := format.Read(t.Context(), "text.txt", bytes.NewReader([]byte(text)), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	cut := corpus.CutFile(f, h)
	texts := make([]string, len(cut.Passages))
	for i, p := range cut.Passages {
		texts[i] = p.Context + " " + cut.Text[p.Start:p.End]
	}
	vectors, err := o.index.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	var saved corpus.Saved
	err = o.db.As(t.Context(), o.admin.ID, func(tx pgx.Tx) (err error) {
		if saved, err = corpus.Save(t.Context(), tx, o.admin.ID, scope, path, fmt.Sprint(h, text), cut); err != nil {
			return err
		}
		if err := o.index.SaveVectors(t.Context(), tx, scope, saved.Passages, vectors); err != nil {
			return err
		}
		return corpus.Announce(t.Context(), tx, time.Now(), o.admin.ID, saved)
	})
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func (o *office) search(t *testing.T, x *retrieval.Index, who accounts.Account, q retrieval.Query) []retrieval.Hit {
	t.Helper()
	r, err := x.Search(t.Context(), who, q)
	if err != nil {
		t.Fatal(err)
	}
	return r.Hits
}

func (o *office) sync(t *testing.T, x *retrieval.Index) {
	t.Helper()
	if err := x.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

const measure1 = "云川市停车场管理办法\n第一条 为了规范停车场的管理，制定本办法。\n第二条 临时停车场的设置期限不得超过二年。\n第三条 违反规定设置停车场的，责令限期改正。\n"
const measure2 = "云川市停车场管理办法\n第一条 为了规范停车场的管理，制定本办法。\n第二条 临时停车场的设置期限不得超过三年。\n第三条 违反规定设置停车场的，责令限期改正，并处罚款。\n"

func TestIndexFollowsTheLog(t *testing.T) {
	o := newOffice(t)
	q := retrieval.Query{Text: "临时停车场的设置期限"}
	if hits := o.search(t, o.index, o.admin, q); len(hits) != 0 {
		t.Fatalf("want nothing in an empty corpus, got %d hits", len(hits))
	}
	h := corpus.Header{Title: "云川市停车场管理办法", Level: "规范性文件", Effective: "2020-01-01"}
	o.put(t, "public", "rules/one.txt", h, measure1)
	other := o.open(t) // another process on the same folder
	o.sync(t, o.index)
	for name, x := range map[string]*retrieval.Index{"followed": o.index, "opened later": other} {
		hits := o.search(t, x, o.admin, q)
		if len(hits) == 0 || hits[0].Provision != "第二条" || hits[0].Status != corpus.InForce || hits[0].Why.LexicalRank != 1 || hits[0].Why.VectorRank == 0 {
			t.Fatalf("%s: want 第二条 first, found by words and vector, got %+v", name, hits)
		}
	}
	o.put(t, "public", "rules/one.txt", h, measure2) // the file was corrected
	o.sync(t, o.index)
	if hits := o.search(t, o.index, o.admin, q); hits[0].Text != "第二条 临时停车场的设置期限不得超过三年。" {
		t.Errorf("want the corrected text, got %q", hits[0].Text)
	}
	if n := o.index.Passages(); n != 3 && n != 4 {
		t.Errorf("want the old passages gone, got %d", n)
	}
}

func TestVersionInForceComesFirst(t *testing.T) {
	o := newOffice(t)
	o.put(t, "public", "rules/2020.txt", corpus.Header{Title: "云川市停车场管理办法", Level: "规范性文件", Effective: "2020-01-01"}, measure1)
	o.put(t, "public", "rules/2024.txt", corpus.Header{Title: "云川市停车场管理办法", Level: "规范性文件", Effective: "2024-01-01"}, measure2)
	o.sync(t, o.index)
	for _, c := range []struct{ on, want string }{
		{"", "第二条 临时停车场的设置期限不得超过三年。"},
		{"2021-06-01", "第二条 临时停车场的设置期限不得超过二年。"},
	} {
		for _, text := range []string{"临时停车场的设置期限", "《云川市停车场管理办法》第二条"} {
			hits := o.search(t, o.index, o.admin, retrieval.Query{Text: text, On: corpus.Date(c.on)})
			if len(hits) == 0 || hits[0].Text != c.want || hits[0].Status != corpus.InForce {
				t.Errorf("%s on %q: want %q in force first, got %+v", text, c.on, c.want, hits)
			}
			for _, h := range hits[1:] {
				if h.Provision == "第二条" {
					t.Errorf("%s on %q: want the other version's 第二条 collapsed, got %+v", text, c.on, h)
				}
			}
		}
	}
}

func TestRestrictedPassagesStayUnseen(t *testing.T) {
	o := newOffice(t)
	cleared := accountstest.MakeScoped(t, o.people, "cleared", []string{"secret"}, accounts.Asker)
	outsider := accountstest.Make(t, o.people, "outsider", accounts.Asker)
	var err error
	if o.admin, err = o.people.Local(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	o.put(t, "secret", "rules/one.txt", corpus.Header{Title: "云川市停车场管理办法"}, measure1)
	o.put(t, "public", "rules/two.txt", corpus.Header{Title: "云川市公园管理办法"}, "云川市公园管理办法\n第一条 公园内的临时停车场由公园管理。\n")
	o.sync(t, o.index)
	for _, mode := range []string{retrieval.Hybrid, retrieval.Lexical, retrieval.Vector} {
		for _, text := range []string{"临时停车场的设置期限", "《云川市停车场管理办法》第二条"} {
			q := retrieval.Query{Text: text, Mode: mode}
			for _, h := range o.search(t, o.index, outsider, q) {
				if h.Scope != "public" {
					t.Errorf("%s: the outsider was shown a passage of scope %s", mode, h.Scope)
				}
			}
			if !slices.ContainsFunc(o.search(t, o.index, cleared, q), func(h retrieval.Hit) bool { return h.Scope == "secret" }) {
				t.Errorf("%s: want the cleared account to find the restricted passage", mode)
			}
		}
	}
	if hits := o.search(t, o.index, accounts.Account{}, retrieval.Query{Text: "停车场"}); len(hits) != 0 {
		t.Errorf("want nothing for nobody, got %d hits", len(hits))
	}
}

func TestTornSnapshotIsBuiltAgain(t *testing.T) {
	o := newOffice(t)
	o.put(t, "public", "rules/one.txt", corpus.Header{Title: "云川市停车场管理办法"}, measure1)
	o.sync(t, o.index)
	if err := o.index.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(o.dir, "*.shard"))
	planes, _ := filepath.Glob(filepath.Join(o.dir, "*.plane"))
	if files = append(files, planes...); len(files) < 2 {
		t.Fatal("want a snapshot on disk after Close")
	}
	for _, file := range append(files, filepath.Join(o.dir, "manifest")) {
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string][]byte{"torn": whole[:len(whole)/2], "zeroed": make([]byte, len(whole)), "empty": nil} {
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
			x := o.open(t)
			if hits := o.search(t, x, o.admin, retrieval.Query{Text: "临时停车场的设置期限"}); len(hits) == 0 || hits[0].Provision != "第二条" {
				t.Errorf("%s %s: want the index built again from the database, got %+v", filepath.Base(file), name, hits)
			}
		}
	}
}

func TestSnapshotOfAnotherDatabaseIsNotUsed(t *testing.T) {
	o, p := newOffice(t), newOffice(t)
	o.put(t, "public", "rules/one.txt", corpus.Header{Title: "云川市停车场管理办法"}, measure1)
	p.put(t, "public", "rules/two.txt", corpus.Header{Title: "云川市公园管理办法"}, "云川市公园管理办法\n第一条 公园不收门票。\n第二条 公园夜间关闭。\n")
	o.sync(t, o.index)
	if err := o.index.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.dir = o.dir
	if hits := p.search(t, p.open(t), p.admin, retrieval.Query{Text: "公园门票", K: 1}); len(hits) != 1 || hits[0].Title != "云川市公园管理办法" {
		t.Errorf("want the other database's own passage, got %+v", hits)
	}
}

func TestFollowHearsOfChanges(t *testing.T) {
	o := newOffice(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); o.index.Follow(ctx) }()
	o.put(t, "public", "rules/one.txt", corpus.Header{Title: "云川市停车场管理办法"}, measure1)
	for until := time.Now().Add(20 * time.Second); o.index.Passages() == 0 && time.Now().Before(until); {
		time.Sleep(20 * time.Millisecond)
	}
	stop()
	<-done
	if o.index.Passages() == 0 {
		t.Error("want the change to arrive")
	}
}

func TestVectorsAreFilledIn(t *testing.T) {
	o := newOffice(t)
	o.put(t, "public", "rules/one.txt", corpus.Header{Title: "云川市停车场管理办法"}, measure1)
	pool, err := o.db.Owner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `delete from passage_vector`); err != nil {
		t.Fatal(err)
	}
	o.sync(t, o.index)
	if hits := o.search(t, o.index, o.admin, retrieval.Query{Text: "临时停车场", Mode: retrieval.Vector}); len(hits) != 0 {
		t.Errorf("want nothing found by vectors that are not there, got %+v", hits)
	}
	if n, err := o.index.FillVectors(t.Context()); err != nil || n != 3 && n != 4 {
		t.Errorf("want every passage to get its vector again, got %d, %v", n, err)
	}
	if n, err := o.index.FillVectors(t.Context()); err != nil || n != 0 {
		t.Errorf("want nothing left to fill, got %d, %v", n, err)
	}
	if hits := o.search(t, o.index, o.admin, retrieval.Query{Text: "临时停车场的设置期限", Mode: retrieval.Vector}); len(hits) == 0 || hits[0].Provision != "第二条" {
		t.Errorf("want the new vectors to be searched, got %+v", hits)
	}
}

func TestRefusedQuestions(t *testing.T) {
	o := newOffice(t)
	for name, q := range map[string]retrieval.Query{"empty": {Text: " \u200b\n"}, "mode": {Text: "停车", Mode: "magic"}} {
		if _, err := o.index.Search(t.Context(), o.admin, q); err == nil {
			t.Errorf("%s: want a refusal", name)
		}
	}
	long := bytes.Repeat([]byte("停车场怎么管理？"), 12_500)
	if _, err := o.index.Search(t.Context(), o.admin, retrieval.Query{Text: string(long)}); err != nil {
		t.Errorf("want a question of 100,000 characters to be searched, got %v", err)
	}
}

// byLength is a model that knows nothing but how long a text is.
type byLength struct{}

func (byLength) Name() string { return "by-length" }
func (byLength) Dim() int     { return 64 }
func (byLength) Embed(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = make([]float32, 64)
		out[i][min(63, len(t)/8)] = 1
	}
	return out, nil
}

func TestTheOldModelServesUntilTheNewOneIsReady(t *testing.T) {
	o := newOffice(t)
	o.put(t, "public", "rules/one.txt", corpus.Header{Title: "云川市停车场管理办法"}, measure1)
	o.sync(t, o.index)
	q := retrieval.Query{Text: "临时停车场的设置期限", Mode: retrieval.Vector}
	old := o.index.Embedder().Name()
	if n, err := o.index.Fill(t.Context(), byLength{}); err != nil || n < 3 {
		t.Fatalf("want the new model's vectors made, got %d, %v", n, err)
	}
	if hits := o.search(t, o.index, o.admin, q); o.index.Embedder().Name() != old || len(hits) == 0 || hits[0].Provision != "第二条" {
		t.Fatalf("want the old model to answer meanwhile, got %+v", hits)
	}
	if err := o.index.Use(t.Context(), byLength{}); err != nil {
		t.Fatal(err)
	}
	exact := retrieval.Query{Text: "云川市停车场管理办法 第三条 违反规定设置停车场的，责令限期改正。", Mode: retrieval.Vector}
	if hits := o.search(t, o.index, o.admin, exact); len(hits) == 0 || hits[0].Why.Cosine < 0.99 {
		t.Fatalf("want the new model's likeness, got %+v", hits)
	}
	// An import that began before the change still brings vectors of the old model.
	o.put(t, "public", "rules/two.txt", corpus.Header{Title: "云川市公园管理办法"}, "云川市公园管理办法\n第一条 公园不收门票。\n第二条 公园夜间关闭。\n")
	o.sync(t, o.index)
	if n, err := o.index.FillVectors(t.Context()); err != nil || n < 2 {
		t.Fatalf("want what came meanwhile filled in, got %d, %v", n, err)
	}
	if err := o.index.Forget(t.Context(), "by-length"); err != nil {
		t.Fatal(err)
	}
	pool, err := o.db.Owner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var models []string
	if err := pool.QueryRow(t.Context(), `select array_agg(distinct model) from passage_vector`).Scan(&models); err != nil || !slices.Equal(models, []string{"by-length"}) {
		t.Errorf("want the old model's vectors gone, got %v, %v", models, err)
	}
}

func TestANewSettingWaitsForItsVectors(t *testing.T) {
	o := newOffice(t)
	old := o.index.Embedder()
	if now, next, err := retrieval.Choose(t.Context(), o.db, byLength{}, old); err != nil || now.Name() != "by-length" || next != nil {
		t.Fatalf("nothing imported: want what is set at once, got %v, %v, %v", now, next, err)
	}
	o.put(t, "public", "rules/one.txt", corpus.Header{Title: "云川市停车场管理办法"}, measure1)
	o.sync(t, o.index)
	now, next, err := retrieval.Choose(t.Context(), o.db, byLength{}, old)
	if err != nil || now != old || next == nil || next.Name() != "by-length" {
		t.Fatalf("want the old one to serve and the new one next, got %v, %v, %v", now, next, err)
	}
	o.index.Prefer(next)
	if n, err := o.index.FillVectors(t.Context()); err != nil || n < 3 || o.index.Embedder().Name() != "by-length" {
		t.Fatalf("want the change once the vectors are made, got %d, %s, %v", n, o.index.Embedder().Name(), err)
	}
	if now, next, err = retrieval.Choose(t.Context(), o.db, byLength{}, old); err != nil || now.Name() != "by-length" || next != nil {
		t.Fatalf("want what is set from now on, got %v, %v, %v", now, next, err)
	}
}
