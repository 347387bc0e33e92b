package evals

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"advisor/accounts"
	"advisor/advice"
	"advisor/corpus"
	"advisor/embed/static"
	"advisor/intake"
	"advisor/internal/db/dbtest"
	"advisor/internal/torture"
	"advisor/retrieval"
	"advisor/segment"
)

// matters are what the invented rules are about; each has three versions with
// different terms, the second ended by the third's name and not by its own.
var matters = []string{"网约车经营备案", "户外招牌设置", "社区食堂补贴", "养犬登记", "共享单车投放", "临时占道", "河道清淤", "古树认养",
	"夜间施工", "农房改建", "旧衣回收", "小微工程", "体育场馆开放", "校外托管", "集市摊位", "公共停车", "充电设施", "安葬用地", "雨水收集", "宠物诊疗"}

var terms = [][]string{{"七日", "五日", "三日"}, {"三十日", "二十日", "十日"}}

type asked struct {
	question string
	matter   string
	on       corpus.Date
	number   string // of the version that must be cited; "" when none is in force
}

// invented writes the rules and the pairs of question and date on them.
func invented(random *rand.Rand) (texts []intake.Text, pairs []asked) {
	starts := []corpus.Date{"2015-03-01", "2019-07-01", "2024-01-01"}
	for n, matter := range matters {
		words := terms[n%2]
		for i, start := range starts {
			title := "海州市" + matter + "管理办法"
			closing := fmt.Sprintf("本办法自%s起施行。", chineseDay(start))
			if i == 2 && n%4 == 0 { // renamed: only the closing clause ends the one before
				title = "海州市" + matter + "管理规定"
				closing += "《海州市" + matter + "管理办法》同时废止。"
			}
			number := fmt.Sprintf("海政规〔%s〕%d号", start[:4], n+1)
			texts = append(texts, intake.Text{Path: fmt.Sprintf("asof/%d-%d.md", n, i), Body: fmt.Sprintf("%s\n%s\n海州市人民政府 %s印发\n第一条 为了规范%s活动，制定本办法。\n第二条 申请%s的，主管部门应当自收到申请之日起%s内作出决定。\n第三条 %s",
				title, number, chineseDay(start), matter, matter, words[i], closing)})
		}
		for range 10 {
			day := corpus.Date(time.Date(2013+random.IntN(13), time.Month(1+random.IntN(12)), 1+random.IntN(28), 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
			a := asked{matter: matter, question: "海州市申请" + matter + "，主管部门应当在收到申请之日起几日内作出决定？", on: day}
			for i, start := range starts {
				if day >= start {
					a.number = fmt.Sprintf("海政规〔%s〕%d号", starts[i][:4], n+1)
				}
			}
			pairs = append(pairs, a)
		}
	}
	return texts, pairs
}

func chineseDay(d corpus.Date) string {
	return fmt.Sprintf("%s年%s月%s日", d[:4], strings.TrimPrefix(string(d[5:7]), "0"), strings.TrimPrefix(string(d[8:]), "0"))
}

// Whatever day is asked about, the version in force on it is cited, and what was
// not in force is never a basis. Dates and ends are read from the texts.
func TestTortureAsOf(t *testing.T) {
	ctx := t.Context()
	random := rand.New(rand.NewPCG(uint64(torture.Seed()), 4))
	texts, pairs := invented(random)
	advisor, actor := asOfOffice(t, ctx, texts)
	random.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	tries, failures := 0, 0
	torture.Report(t, "AS-OF", &tries, &failures)
	for _, p := range pairs[:torture.Tries(len(pairs))] {
		tries++
		answer, err := advisor.Ask(ctx, actor, advice.Ask{Text: p.question, On: p.on}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if why := wrongBasis(answer, p); why != "" {
			failures++
			t.Errorf("%s on %s: %s", p.question, p.on, why)
		}
	}
}

// wrongBasis says what is wrong with the citations of an answer, if anything.
func wrongBasis(answer advice.Answer, p asked) string {
	right := false
	for _, c := range answer.Claims {
		for _, q := range c.Citations {
			if q.Status != corpus.InForce {
				return "cites " + q.DocNumber + ", which is " + q.Status
			}
			if q.DocNumber != p.number && strings.Contains(q.Title, p.matter) {
				return "cites " + q.DocNumber + ", which another version had ended; want " + p.number
			}
			right = right || q.DocNumber == p.number
		}
	}
	switch {
	case p.number == "" && answer.Status != "declined" && len(answer.Claims) > 0:
		return "nothing was in force, yet it answers"
	case p.number != "" && !right:
		return fmt.Sprintf("want %s cited, got %s %s %+v", p.number, answer.Status, answer.Reason, answer.Claims)
	}
	return ""
}

func asOfOffice(t *testing.T, ctx context.Context, texts []intake.Text) (*advice.Advisor, accounts.Account) {
	t.Helper()
	d := dbtest.New(t)
	people := accounts.New(d, time.Now)
	admin, err := people.Local(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	words, err := segment.Default()
	if err != nil {
		t.Fatal(err)
	}
	model, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	index, err := retrieval.Open(ctx, d, model, words, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = index.Close(context.WithoutCancel(ctx)) })
	report, err := intake.New(d, index, time.Now, nil).ImportTexts(ctx, admin, "", texts, nil)
	if err != nil || report.Documents.Added != len(texts) {
		t.Fatalf("want %d texts, got %+v, %v", len(texts), report, err)
	}
	return advice.New(d, index, nil, words, time.Now, nil), admin
}
