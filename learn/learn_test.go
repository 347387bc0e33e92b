package learn_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/embed/distill"
	"advisor/experts"
	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/internal/problem"
	"advisor/learn"
	"advisor/segment"
)

// subjects are what people say and what the papers say: no word is in both.
var subjects = []struct{ asked, written []string }{
	{[]string{"老板", "不给钱", "欠薪"}, []string{"用人单位", "劳动报酬", "足额支付"}},
	{[]string{"楼上", "漏水", "泡坏"}, []string{"相邻关系", "排水", "侵害"}},
	{[]string{"小区", "停车", "乱收费"}, []string{"物业服务", "车位", "公示"}},
	{[]string{"孩子", "报名", "学区"}, []string{"义务教育", "入学", "就近"}},
	{[]string{"摆摊", "罚款", "没收"}, []string{"市容", "占道经营", "行政处罚"}},
	{[]string{"拆房", "赔多少", "搬家"}, []string{"征收", "补偿", "安置"}},
	{[]string{"看病", "报销", "外地"}, []string{"医疗保险", "异地就医", "结算"}},
	{[]string{"退休", "养老钱", "补缴"}, []string{"基本养老保险", "缴费年限", "待遇"}},
}

type office struct {
	db      *db.DB
	learner *learn.Learner
	admin   accounts.Account
	lessons []experts.Lesson
	filled  []string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{db: dbtest.New(t)}
	o.admin = accountstest.Make(t, accounts.New(o.db, time.Now), "chief", accounts.Admin)
	seg, err := segment.Default()
	if err != nil {
		t.Fatal(err)
	}
	o.learner = learn.New(learn.Config{DB: o.db, Delivered: delivered(t, seg), Terms: seg.Terms, Question: seg.QueryTerms, Now: time.Now,
		Name:    func(raw string) string { return "model-" + fmt.Sprint(len(raw)) + "-" + fmt.Sprint(sum(raw)) },
		Lessons: func(context.Context, pgx.Tx) ([]experts.Lesson, error) { return o.lessons, nil },
		Fill:    func(_ context.Context, raw string) error { o.filled = append(o.filled, raw); return nil }})
	o.passages(t)
	return o
}

func sum(raw string) (n uint32) {
	for i := range len(raw) {
		n = n*31 + uint32(raw[i])
	}
	return n
}

// delivered is a model that knows every word and nothing of what goes with what.
func delivered(t *testing.T, seg *segment.Segmenter) string {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 3))
	var texts [][]string
	var lessons []distill.Lesson
	for _, s := range subjects {
		for range 4 {
			for _, words := range [][]string{s.asked, s.written} {
				terms := seg.Terms(strings.Join(words, "，"))
				v := make([]float32, 128)
				for k := range v {
					v[k] = float32(random.NormFloat64())
				}
				texts, lessons = append(texts, terms), append(lessons, distill.Lesson{Terms: terms, Vector: v})
			}
		}
	}
	return string(distill.Fit(distill.Choose(texts, 2000), lessons, nil, distill.Settings{Dim: 64, Ridge: 1, Steps: 3}, func(int, float64) {}).Bytes())
}

// passages saves three provisions a subject, with ids from 1 in their order.
func (o *office) passages(t *testing.T) {
	t.Helper()
	pool, err := o.db.Owner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := 0
	for i, s := range subjects {
		for k := range 3 {
			id++
			text := fmt.Sprintf("第%d条 %s应当依照本办法办理%s，并保障%s。", id, s.written[0], s.written[1], s.written[2])
			for _, sql := range []string{
				fmt.Sprintf(`insert into document (id, scope, identity, kind, title) values (%d, 'public', 'd%d', 'law', '云川市办法')`, id, id),
				fmt.Sprintf(`insert into version (id, document_id, scope, import_path, file_hash, text_hash, text, title) values (%d, %d, 'public', 'p%d', '', '', '%s', '云川市办法')`, id, id, id, text),
				fmt.Sprintf(`insert into passage (id, version_id, scope, ord, context, start_at, end_at, text) values (%d, %d, 'public', 0, '云川市办法', 0, %d, '%s')`, id, id, len(text), text),
			} {
				if _, err := pool.Exec(t.Context(), sql); err != nil {
					t.Fatalf("%d %d: %v", i, k, err)
				}
			}
		}
	}
}

// approved makes n lessons; wrong ones answer a question with another subject's provisions, at random.
func approved(n int, wrong bool) (out []experts.Lesson) {
	random := rand.New(rand.NewPCG(4, 4))
	for i := range n {
		at := i % len(subjects)
		asked := slices.Clone(subjects[at].asked)
		random.Shuffle(len(asked), func(a, b int) { asked[a], asked[b] = asked[b], asked[a] })
		if wrong {
			at = random.IntN(len(subjects))
		}
		out = append(out, experts.Lesson{Application: int64(100 + i), Question: strings.Join(asked, "") + "怎么办？",
			Stood: []int64{int64(3*at + 1), int64(3*at + 2), int64(3*at + 3)}, Struck: []int64{int64((3*at+4)%24 + 1)}})
	}
	return out
}

func (o *office) leaves(t *testing.T, kind string) (out []string) {
	t.Helper()
	pool, err := o.db.Owner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := pool.Query(t.Context(), `select body from audit_leaf where body::jsonb->>'kind' = $1 order by seq`, kind)
	if err != nil {
		t.Fatal(err)
	}
	out, err = pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhatTheCommitteeDecidedIsLearnedAndCanBeUndone(t *testing.T) {
	o := newOffice(t)
	o.lessons = approved(40, false)
	r, err := o.learner.Run(t.Context(), o.admin.ID, true)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Better || r.Adopted || len(o.filled) > 0 {
		t.Fatalf("dry run: want better and nothing changed, got %+v", r)
	}
	if r, err = o.learner.Run(t.Context(), o.admin.ID, false); err != nil {
		t.Fatal(err)
	}
	if !r.Adopted || r.New.NDCG10 < r.Old.NDCG10+0.2 || len(r.Applications) != 40 || r.Struck == 0 {
		t.Fatalf("want what people say tied to what papers say, got %+v", r)
	}
	if now, err := o.learner.Serving(t.Context()); err != nil || now != r.Model || len(o.filled) != 1 {
		t.Fatalf("want %s serving and its vectors made once, got %s, %d, %v", r.Model, now, len(o.filled), err)
	}
	if raw, err := o.learner.Model(t.Context(), r.Model); err != nil || raw != o.filled[0] {
		t.Fatalf("want the model kept as it was filled: %v", err)
	}
	if l := o.leaves(t, "learn.adopt"); len(l) != 1 || !strings.Contains(l[0], "139") || !strings.Contains(l[0], r.Model) {
		t.Fatalf("want one leaf that names the model and its 40 applications, got %v", l)
	}
	if model, err := o.learner.Back(t.Context(), o.admin.ID); err != nil || model == r.Model {
		t.Fatalf("want the delivered model back, got %s, %v", model, err)
	}
	if now, err := o.learner.Serving(t.Context()); err != nil || now != "" {
		t.Fatalf("want the delivered model serving, got %q, %v", now, err)
	}
	if _, err := o.learner.Back(t.Context(), o.admin.ID); problem.As(err).Code != "nothing-learned" {
		t.Fatalf("want nothing left to go back to, got %v", err)
	}
	if list, err := o.learner.Reports(t.Context(), o.admin.ID, 10); err != nil || len(list) != 1 || !list[0].Adopted {
		t.Fatalf("want one report, got %+v, %v", list, err)
	}
}

func TestWhatDoesNotHelpIsNotAdopted(t *testing.T) {
	o := newOffice(t)
	o.lessons = approved(40, true)
	r, err := o.learner.Run(t.Context(), 0, false)
	if err != nil {
		t.Fatal(err)
	}
	if r.Adopted || r.Better || len(o.filled) > 0 || r.Reason == "" {
		t.Fatalf("answers at random: want the old model kept, got %+v", r)
	}
	if l := o.leaves(t, "learn.keep"); len(l) != 1 {
		t.Fatalf("want the try logged, got %v", l)
	}
	o.lessons = approved(4, false)
	if r, err = o.learner.Run(t.Context(), 0, false); err != nil || r.Adopted || !strings.Contains(r.Reason, "4 件") {
		t.Fatalf("want four lessons refused as too few, got %+v, %v", r, err)
	}
}
