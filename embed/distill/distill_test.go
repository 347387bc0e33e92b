package distill_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"advisor/embed/distill"
	"advisor/embed/static"
	"advisor/segment"
)

// topics are made-up worlds of words; texts of one topic have like vectors.
var topics = [][]string{
	{"数据", "共享", "平台", "政务", "接口", "目录"},
	{"工资", "劳动", "合同", "加班", "社保", "用工"},
	{"施工", "许可", "工地", "扬尘", "噪声", "工程"},
	{"养老", "补贴", "护理", "床位", "老人", "照料"},
}

// teacher knows the topics: a text's vector is the sum of its words' topics.
type teacher struct{ axes [][]float32 }

func newTeacher() teacher {
	random := rand.New(rand.NewPCG(1, 1))
	t := teacher{}
	for range topics {
		axis := make([]float32, 128)
		for k := range axis {
			axis[k] = float32(random.NormFloat64())
		}
		t.axes = append(t.axes, axis)
	}
	return t
}

func (t teacher) Name() string { return "teacher" }
func (t teacher) Dim() int     { return 128 }

func (t teacher) Embed(_ context.Context, texts []string) ([][]float32, error) {
	var out [][]float32
	for _, text := range texts {
		v := make([]float32, 128)
		for i, words := range topics {
			for _, w := range words {
				for k := range v {
					v[k] += float32(strings.Count(text, w)) * t.axes[i][k]
				}
			}
		}
		n := math.Sqrt(like(v, v) + 1e-9)
		for k := range v {
			v[k] /= float32(n)
		}
		out = append(out, v)
	}
	return out, nil
}

func like(a, b []float32) float64 {
	var sum float64
	for k := range a {
		sum += float64(a[k]) * float64(b[k])
	}
	return sum
}

func passages(n int) []distill.Passage {
	random := rand.New(rand.NewPCG(2, 2))
	var out []distill.Passage
	for range n {
		words := topics[random.IntN(len(topics))]
		var parts []string
		for range 4 {
			parts = append(parts, words[random.IntN(len(words))])
		}
		text := strings.Join(parts, "，") + "。"
		out = append(out, distill.Passage{Key: distill.KeyOf(text), Text: text})
	}
	return out
}

// TestTrainingFromEndToEnd teaches, fits, writes, reads and asks.
func TestTrainingFromEndToEnd(t *testing.T) {
	seg, err := segment.Default()
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(t.TempDir(), "teacher.vec")
	ps := passages(300)
	if err := distill.Teach(t.Context(), cache, newTeacher(), ps, 2, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	vectors, err := distill.ReadVectors(cache, 128)
	if err != nil {
		t.Fatal(err)
	}
	var texts [][]string
	var lessons []distill.Lesson
	for _, p := range ps {
		texts = append(texts, seg.Terms(p.Text))
		lessons = append(lessons, distill.Lesson{Terms: seg.Terms(p.Text), Vector: vectors.Rows[p.Key]})
	}
	last := math.Inf(1)
	m := distill.Fit(distill.Choose(texts, 500), lessons, nil, distill.Settings{Dim: 64, Ridge: 0.1, Steps: 6}, func(_ int, left float64) { last = left })
	if last > 1 {
		t.Errorf("want the equations nearly solved, got %v left", last)
	}
	model, err := static.Read(string(m.Bytes()), seg)
	if err != nil {
		t.Fatal(err)
	}
	got, err := model.Embed(t.Context(), []string{"拖欠工资，没有合同", "加班不给社保", "工地噪声扰民"})
	if err != nil {
		t.Fatal(err)
	}
	if near, far := like(got[0], got[1]), like(got[0], got[2]); near < 0.5 || far > 0.5 {
		t.Errorf("want what the teacher knew (near 1 and near 0), got %.3f and %.3f", near, far)
	}
}

func TestTeachGoesOnAfterATornRecord(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "teacher.vec")
	ps := passages(40)
	if err := distill.Teach(t.Context(), cache, newTeacher(), ps[:20], 2, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(cache)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cache, raw[:len(raw)-7], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := distill.Teach(t.Context(), cache, newTeacher(), ps, 2, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	got, err := distill.ReadVectors(cache, 128)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ps {
		want, _ := newTeacher().Embed(t.Context(), []string{p.Text})
		if v := got.Rows[p.Key]; v == nil || like(v, want[0]) < 0.999 {
			t.Fatalf("want the teacher's vector of %q kept, got another", p.Text)
		}
	}
}

func TestGather(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("办法.md", "# 云川市办法\n\n2024-01-01 公布\n\n<!-- INFO END -->\n\n第一条　为了规范数据共享工作，制定本办法。\n\n第二条　数据主管部门负责统筹协调。\n")
	write("questions.jsonl", `{"question":"低保去哪里申请办理"}`+"\n"+`{"title":"通知","text":"各部门按照职责分工做好相关工作。"}`+"\n"+`{"title":"通知","text":"各部门按照职责分工做好相关工作。"}`+"\n")
	got, err := distill.Gather([]distill.Source{{Path: dir}, {Path: filepath.Join(dir, "questions.jsonl")}})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, p := range got {
		texts = append(texts, p.Text)
	}
	for _, want := range []string{"云川市办法 第一条　为了规范数据共享工作，制定本办法。", "云川市办法 第二条　数据主管部门负责统筹协调。", "低保去哪里申请办理", "通知 各部门按照职责分工做好相关工作。"} {
		if !slices.Contains(texts, want) {
			t.Errorf("want %q, got %q", want, texts)
		}
	}
	if strings.Contains(fmt.Sprint(texts), "公布") {
		t.Errorf("want the head of metadata left out, got %q", texts)
	}
	seen := map[string]bool{}
	for _, text := range texts {
		if seen[text] {
			t.Errorf("want each text once, got %q twice", text)
		}
		seen[text] = true
	}
}

func TestMeasures(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"corpus.jsonl":  `{"_id":"a","title":"低保","text":"申请最低生活保障"}` + "\n" + `{"_id":"b","title":"","text":"道路限速"}` + "\n",
		"queries.jsonl": `{"_id":"1","text":"低保申请"}` + "\n" + `{"_id":"2","text":"无判断"}` + "\n",
		"qrels/dev.tsv": "query-id\tcorpus-id\tscore\n1\ta\t1\n1\tb\t0\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trial, err := distill.ReadTrial(dir, "dev")
	if err != nil {
		t.Fatal(err)
	}
	if len(trial.Questions) != 1 || len(trial.Texts) != 2 {
		t.Fatalf("want one judged question and two passages, got %d and %d", len(trial.Questions), len(trial.Texts))
	}
	index := distill.NewLexical([][]string{{"低保", "申请"}, {"道路"}})
	right := index.Rank([][]string{{"低保"}})
	if got := trial.Measure(right); got != (distill.Measures{NDCG10: 1, Recall10: 1, Recall100: 1}) {
		t.Errorf("right passage first: want 1 everywhere, got %v", got)
	}
	second := [][]distill.Ranked{{{At: 1, Score: 2}, {At: 0, Score: 1}}}
	if got, want := trial.Measure(second).NDCG10, 1/math.Log2(3); math.Abs(got-want) > 1e-9 {
		t.Errorf("right passage second: want %v, got %v", want, got)
	}
	if got := trial.Measure(distill.Mix(right, second, 0.1)).NDCG10; got != 1 {
		t.Errorf("mix that trusts the lexical list: want 1, got %v", got)
	}
}
