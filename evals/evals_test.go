package evals

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"advisor/accounts"
	"advisor/intake"
	"advisor/internal/db/dbtest"
	"advisor/retrieval"
	"advisor/segment"
)

func TestMetrics(t *testing.T) {
	// Worked out by hand: gains 1/log2(rank+1) for binary grades.
	ranking := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}
	cases := []struct {
		name                           string
		want                           judged
		ndcg10, recall10, recall3, mrr float64
	}{
		{"first", judged{"a": 1}, 1, 1, 1, 1},
		{"third", judged{"c": 1}, 0.5, 1, 1, 1.0 / 3},                                              // 1/log2(4)
		{"second and missing", judged{"b": 1, "z": 1}, 0.6309297536 / 1.6309297536, 0.5, 0.5, 0.5}, // (1/log2 3) / (1 + 1/log2 3)
		{"beyond ten", judged{"k": 1}, 0, 0, 0, 0},
		{"graded", judged{"a": 1, "b": 2}, (1 + 2*0.6309297536) / (2 + 0.6309297536), 1, 1, 1},
		{"not relevant", judged{"a": 0}, 0, 0, 0, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			near(t, "ndcg@10", c.ndcg10, ndcg(ranking, c.want, 10))
			near(t, "recall@10", c.recall10, recall(ranking, c.want, 10))
			near(t, "recall@3", c.recall3, recall(ranking, c.want, 3))
			near(t, "mrr@10", c.mrr, mrr(ranking, c.want, 10))
		})
	}
}

func near(t *testing.T, name string, want, got float64) {
	t.Helper()
	if math.Abs(want-got) > 1e-9 {
		t.Errorf("%s: want %v, got %v", name, want, got)
	}
}

func TestQuantile(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3, 10, 9, 8, 7, 6}
	near(t, "p50", 5, quantile(values, 0.5))
	near(t, "p95", 10, quantile(values, 0.95))
	near(t, "of none", 0, quantile(nil, 0.5))
	near(t, "of one", 7, quantile([]float64{7}, 0.95))
}

func write(t *testing.T, dir, name, body string) {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(body), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestReadFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "one/corpus.jsonl", `{"_id":"d1","title":"甲","text":"文一"}`+"\n\n"+`{"_id":"d2","title":"乙","text":"文二"}`+"\n")
	write(t, dir, "two/CORPUS", "../one/corpus.jsonl\n")
	write(t, dir, "two/queries.jsonl", `{"_id":"q1","text":"问一"}`+"\n"+`{"_id":"q2","text":"别的分组的问题"}`+"\n")
	write(t, dir, "two/qrels/dev.tsv", "query-id\tcorpus-id\tscore\nq1\td2\t1\r\nq1\td1\t0\n")
	f, err := readFolder(filepath.Join(dir, "two"), "dev")
	if err != nil {
		t.Fatal(err)
	}
	if len(f.documents) != 2 || f.documents[1].Title != "乙" || len(f.questions) != 1 || f.questions[0].ID != "q1" || f.judged["q1"]["d2"] != 1 {
		t.Fatalf("want two documents and question q1 about d2, got %+v", f)
	}
	if _, err := readFolder(filepath.Join(dir, "two"), "test"); err == nil {
		t.Fatal("want an error for a split that is not there")
	}
	write(t, dir, "two/qrels/bad.tsv", "query-id\tcorpus-id\tscore\nq1\td2\n")
	if _, err := readFolder(filepath.Join(dir, "two"), "bad"); err == nil {
		t.Fatal("want an error for a line with two columns")
	}
}

// A question set goes through the import and the search that production uses.
func TestRetrievalOnASmallSet(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "set/corpus.jsonl", `{"_id":"d1","title":"云川市停车场管理办法第二条","text":"临时停车场的设置期限不得超过二年。"}
{"_id":"d2","title":"云川市公园管理办法第一条","text":"公园不收门票。"}
{"_id":"d3","title":"云川市公园管理办法第二条","text":"公园夜间关闭。\n关闭时间由公园公布。"}
`)
	write(t, dir, "set/queries.jsonl", `{"_id":"q1","text":"临时停车场最长可以设几年？"}
{"_id":"q2","text":"云川市公园管理办法第二条的内容是什么？"}
{"_id":"q3","text":""}
`)
	write(t, dir, "set/qrels/dev.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td3\t1\nq3\td2\t1\n")
	d := dbtest.New(t)
	actor, err := accounts.New(d, time.Now).Local(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	cutter, err := segment.Default()
	if err != nil {
		t.Fatal(err)
	}
	index, err := retrieval.Open(t.Context(), d, nil, cutter, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	b := Bench{DB: d, Index: index, Importer: intake.New(d, index, time.Now, nil), Actor: actor}
	r, err := b.Retrieval(t.Context(), Options{Dir: filepath.Join(dir, "set"), Mode: retrieval.Lexical})
	if err != nil {
		t.Fatal(err)
	}
	if r.Dataset != "set" || r.Queries != 3 || r.Documents != 3 || r.Passages < 3 || r.NDCG10 != 2.0/3 || r.Recall100 != 2.0/3 || r.MRR10 != 2.0/3 || r.P95MS <= 0 {
		t.Errorf("want two questions answered by the first document and the empty one by none, got %+v", r)
	}
}

// An evaluation runs in a database of its own.
func ExampleBench_Retrieval() {
	var bench Bench // over a scratch database
	report, err := bench.Retrieval(context.TODO(), Options{Dir: "bench/stard"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Dataset, report.NDCG10)
}
