package retrieval_test

import (
	"slices"
	"testing"
	"time"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/internal/problem"
	"advisor/retrieval"
)

const desk = "云川市综合服务办法\n第一条 云川通平台由市政务数据中心运行维护。\n第二条 用人单位不得拖欠劳动报酬。\n第三条 办理窗口应当公开服务时间。\n"

func (o *office) dictionary() corpus.Dictionary { return corpus.Dictionary{DB: o.db, Now: time.Now} }

func (o *office) define(t *testing.T, kind, term string, means ...string) {
	t.Helper()
	if _, err := o.dictionary().Put(t.Context(), o.admin, corpus.Entry{Kind: kind, Term: term, Means: means}); err != nil {
		t.Fatal(err)
	}
}

// sameHits compares what two indexes find, places and scores.
func (o *office) sameHits(t *testing.T, a, b *retrieval.Index, text string) {
	t.Helper()
	q := retrieval.Query{Text: text, Mode: retrieval.Lexical}
	x, y := o.search(t, a, o.admin, q), o.search(t, b, o.admin, q)
	if !slices.EqualFunc(x, y, func(p, q retrieval.Hit) bool {
		return p.PassageID == q.PassageID && p.Score == q.Score && p.Why.Lexical == q.Why.Lexical
	}) {
		t.Errorf("%s: want an index that learned the words to find what one built anew finds,\n got %+v\nwant %+v", text, x, y)
	}
}

func firstTerms(hits []retrieval.Hit) []string {
	if len(hits) == 0 {
		return nil
	}
	return hits[0].Why.Terms
}

// A word of the office's own takes effect in every process, in questions and in
// passages at once, and goes as it came.
func TestDictionaryTakesEffectEverywhere(t *testing.T) {
	o := newOffice(t)
	other := o.open(t)
	o.put(t, "public", "rules/desk.txt", corpus.Header{Title: "云川市综合服务办法"}, desk)
	o.sync(t, o.index)
	o.sync(t, other)
	q := retrieval.Query{Text: "云川通平台由谁维护", Mode: retrieval.Lexical}
	o.define(t, corpus.Word, "云川通平台")
	for name, x := range map[string]*retrieval.Index{"this": o.index, "another": other} {
		o.sync(t, x)
		if got := firstTerms(o.search(t, x, o.admin, q)); !slices.Contains(got, "云川通平台") {
			t.Errorf("%s process: want 云川通平台 as one term of question and passage, got %v", name, got)
		}
	}
	o.dir = t.TempDir()
	fresh := o.open(t)
	for _, text := range []string{q.Text, "平台", "拖欠劳动报酬", "窗口的服务时间"} {
		o.sameHits(t, o.index, fresh, text)
	}
	if err := o.dictionary().Remove(t.Context(), o.admin, corpus.Word, "云川通平台"); err != nil {
		t.Fatal(err)
	}
	o.sync(t, o.index)
	if got := firstTerms(o.search(t, o.index, o.admin, q)); slices.Contains(got, "云川通平台") {
		t.Errorf("want the removed word gone from question and passage, got %v", got)
	}
	o.dir = t.TempDir()
	o.sameHits(t, o.index, o.open(t), q.Text)
}

// What was learned survives a restart, and a snapshot of before the change catches up.
func TestDictionaryAndSnapshot(t *testing.T) {
	o := newOffice(t)
	o.put(t, "public", "rules/desk.txt", corpus.Header{Title: "云川市综合服务办法"}, desk)
	o.sync(t, o.index)
	if err := o.index.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.define(t, corpus.Word, "政务数据中心")
	x := o.open(t)
	q := retrieval.Query{Text: "政务数据中心", Mode: retrieval.Lexical}
	if got := firstTerms(o.search(t, x, o.admin, q)); !slices.Equal(got, []string{"政务数据中心"}) {
		t.Errorf("want the snapshot's passages cut anew, got %v", got)
	}
	if err := x.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := o.open(t)
	o.dir = t.TempDir()
	o.sameHits(t, again, o.open(t), q.Text)
}

func TestSynonymsAndDepartments(t *testing.T) {
	o := newOffice(t)
	o.put(t, "public", "rules/desk.txt", corpus.Header{Title: "云川市综合服务办法"}, desk)
	o.sync(t, o.index)
	for _, c := range []struct{ name, kind, term, means, question, want string }{
		{"what comes with the program", "", "", "", "老板欠薪", "第二条"},
		{"the office's own synonym", corpus.Synonym, "营业几点", "服务时间", "营业几点", "第三条"},
		{"a department's other name", corpus.Department, "市政务数据中心", "数管办", "数管办", "第一条"},
	} {
		if c.kind != "" {
			if hits := o.search(t, o.index, o.admin, retrieval.Query{Text: c.question, Mode: retrieval.Lexical}); len(hits) > 0 && hits[0].Provision == c.want {
				t.Fatalf("%s: found before it was defined", c.name)
			}
			o.define(t, c.kind, c.term, c.means)
			o.sync(t, o.index)
		}
		hits := o.search(t, o.index, o.admin, retrieval.Query{Text: c.question, Mode: retrieval.Lexical})
		if len(hits) == 0 || hits[0].Provision != c.want {
			t.Errorf("%s: want %s first, got %+v", c.name, c.want, hits)
		}
	}
}

func TestDictionaryRefusals(t *testing.T) {
	o := newOffice(t)
	d := o.dictionary()
	reader, err := o.people.Create(t.Context(), o.admin, accounts.NewAccount{Login: "li.si", Name: "李四", Roles: []string{accounts.Asker}})
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func() error{
		"kind": func() error {
			_, err := d.Put(t.Context(), o.admin, corpus.Entry{Kind: "verb", Term: "办理"})
			return err
		},
		"short": func() error {
			_, err := d.Put(t.Context(), o.admin, corpus.Entry{Kind: corpus.Word, Term: "办"})
			return err
		},
		"no meaning": func() error {
			_, err := d.Put(t.Context(), o.admin, corpus.Entry{Kind: corpus.Synonym, Term: "欠薪"})
			return err
		},
		"not there": func() error { return d.Remove(t.Context(), o.admin, corpus.Word, "没有的词") },
		"not allowed": func() error {
			_, err := d.Put(t.Context(), reader, corpus.Entry{Kind: corpus.Word, Term: "云川通"})
			return err
		},
	} {
		if err := try(); err == nil || problem.As(err).Code == "failed" {
			t.Errorf("%s: want a refusal in plain words, got %v", name, err)
		}
	}
}
