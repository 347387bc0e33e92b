package advice_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/advice"
	"advisor/corpus"
	"advisor/internal/problem"
	"advisor/retrieval"
)

func TestAskQuotes(t *testing.T) {
	o := open(t).furnish()
	var kinds []string
	a := o.advisor(nil)
	answer, err := a.Ask(t.Context(), o.asker, advice.Ask{Text: "数据提供部门收到共享申请后应当几日内答复？"}, func(e advice.Event) {
		if len(kinds) == 0 || kinds[len(kinds)-1] != e.Kind {
			kinds = append(kinds, e.Kind)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != advice.Drafted || answer.Drafter != advice.Extractive || answer.Revision != 1 || answer.Label != advice.Label {
		t.Fatalf("answer = %+v, want an extractive draft", answer)
	}
	first := answer.Claims[0]
	if first.Support != advice.Quoted || first.Role != advice.Deadline {
		t.Errorf("first claim = %+v, want a quoted deadline", first)
	}
	c := first.Citations[0]
	if c.Provision != "第三条第二款" || c.VersionID != o.versions["measure"] || c.Status != corpus.InForce ||
		c.Quote != "数据提供部门应当自收到申请之日起五个工作日内答复；不同意共享的，应当书面说明理由。" {
		t.Errorf("first citation = %+v", c)
	}
	for _, c := range answer.Claims {
		if c.Citations[0].VersionID == o.versions["trial"] {
			t.Errorf("cites the repealed trial measure: %+v", c)
		}
	}
	if answer.Hash != answer.Body.Hash() || !strings.HasPrefix(answer.Text, advice.Label+"\n") {
		t.Errorf("hash %s, text %.40q", answer.Hash, answer.Text)
	}
	if got := strings.Join(kinds, " "); got != "stage hit stage delta draft" {
		t.Errorf("events = %s", got)
	}
	again, err := a.Draft(t.Context(), o.asker, answer.DraftID)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal(answer)
	if got, _ := json.Marshal(again); string(got) != string(want) {
		t.Errorf("stored draft reads\n%s\nwant\n%s", got, want)
	}
}

func TestAskOnAnEarlierDay(t *testing.T) {
	o := open(t).furnish()
	answer, err := o.advisor(nil).Ask(t.Context(), o.asker, advice.Ask{Text: "数据提供部门收到共享申请后应当几日内答复？", On: "2023-05-01"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c := answer.Claims[0].Citations[0]; c.VersionID != o.versions["trial"] || c.Status != corpus.InForce {
		t.Errorf("first citation = %+v, want the trial measure, in force then", c)
	}
}

func TestAskMarksUnknownForce(t *testing.T) {
	o := open(t).furnish()
	answer := o.ask(o.advisor(nil), o.asker, "企业信用修复完成后，原行政处罚信息是否停止公示？")
	if c := answer.Claims[0]; c.Citations[0].Status != corpus.Unknown || c.Role != advice.Exception || c.Citations[0].Provision != "第二条" {
		t.Errorf("first claim = %+v", c)
	}
	if len(answer.Body.Unknown) != 1 || !strings.Contains(answer.Text, "效力待核") {
		t.Errorf("unknown = %q; text:\n%s", answer.Body.Unknown, answer.Text)
	}
}

func TestAskCitesItemWithItsLead(t *testing.T) {
	o := open(t).furnish()
	answer := o.ask(o.advisor(nil), o.asker, "公共数据涉及商业秘密、个人隐私未经脱敏处理，可以不予共享吗？")
	c := answer.Claims[0]
	if len(c.Citations) != 2 || c.Citations[1].Provision != "第四条第（二）项" || c.Citations[0].Provision != "第四条" ||
		c.Text != c.Citations[0].Quote+"……"+c.Citations[1].Quote || c.Support != advice.Quoted {
		t.Errorf("first claim = %+v", c)
	}
}

func TestAskDeclines(t *testing.T) {
	o := open(t).furnish()
	for _, text := range []string{"2018年世界杯足球赛的冠军是哪个国家？", "红烧肉怎么做才好吃？", "量子纠缠的发现者是谁"} {
		answer := o.ask(o.advisor(nil), o.asker, text)
		if answer.Status != advice.Declined || len(answer.Claims) != 0 || !strings.Contains(answer.Reason, "建议") || answer.Hash == "" {
			t.Errorf("%s: answer = %+v, want a decline that says where to turn", text, answer)
		}
	}
}

func TestAskDeclinesOnRepealedAlone(t *testing.T) {
	o := open(t)
	o.add("public", "trial", corpus.Header{Title: "云川市公共数据管理试行办法", Effective: "2021-01-01", Repealed: "2025-03-01"}, trial)
	answer := o.ask(o.advisor(nil), o.asker, "数据提供部门收到共享申请后应当几日内答复？")
	if answer.Status != advice.Declined || len(answer.Claims) != 0 {
		t.Errorf("answer = %+v, want a decline: the only rule is repealed", answer)
	}
}

func TestAskOffersPrecedentFirst(t *testing.T) {
	o := open(t).furnish()
	o.add("public", "precedent/1", corpus.Header{Title: "关于数据共享申请答复期限的建议", Kind: corpus.Precedent, Effective: "2025-05-01"},
		"关于数据共享申请答复期限的建议\n\n问题：数据提供部门收到共享申请后应当几日内答复？\n\n数据提供部门收到共享申请后，应当在五个工作日内答复，逾期由市大数据中心督办。")
	answer := o.ask(o.advisor(nil), o.asker, "数据提供部门收到共享申请后应当几日内答复？")
	if c := answer.Claims[0]; c.Role != advice.CaseLike || c.Citations[0].Kind != corpus.Precedent || !strings.Contains(answer.Body.Conclusion, "先例") {
		t.Errorf("first claim = %+v, conclusion %q", c, answer.Body.Conclusion)
	}
	if c := answer.Claims[0]; strings.Contains(c.Text, "？") {
		t.Errorf("first claim = %q, want an answer and not the precedent's question", c.Text)
	}
}

func TestAskRefuses(t *testing.T) {
	o := open(t)
	a := o.advisor(nil)
	for name, c := range map[string]struct{ text, code string }{
		"empty":                {"", "empty-question"},
		"blanks and marks":     {" \u200b？？\n", "empty-question"},
		"100,000 characters":   {strings.Repeat("长", 100_000), "question-too-long"},
		"nothing but controls": {"\x00\x01\u202e", "empty-question"},
	} {
		_, err := a.Ask(t.Context(), o.asker, advice.Ask{Text: c.text}, nil)
		var p *problem.Problem
		if !errors.As(err, &p) || p.Code != c.code || p.Kind != problem.Invalid {
			t.Errorf("%s: error = %v, want %s", name, err, c.code)
		}
	}
	_, err := a.Ask(t.Context(), o.asker, advice.Ask{Text: "问题", On: "2025-02-30"}, nil)
	if p := problem.As(err); p.Code != "bad-date" {
		t.Errorf("bad date: error = %v", err)
	}
}

func TestAskKeepsHostileText(t *testing.T) {
	o := open(t).furnish()
	answer := o.ask(o.advisor(nil), o.asker, "数据\x00提供部门\u202e应当几日内答复\xff共享申请？")
	if answer.Question != "数据提供部门应当几日内答复共享申请？" {
		t.Errorf("question = %q", answer.Question)
	}
}

// broken is a search that fails.
type broken struct{ err error }

func (b broken) Search(context.Context, accounts.Account, retrieval.Query) (retrieval.Result, error) {
	return retrieval.Result{}, b.err
}

func TestQuestionOutlivesFailure(t *testing.T) {
	o := open(t)
	a := advice.New(o.db, broken{errors.New("index on fire at 10.0.0.7")}, nil, o.seg, now, quiet())
	answer, err := a.Ask(t.Context(), o.asker, advice.Ask{Text: "公共数据怎么共享？"}, nil)
	if err == nil || answer.QuestionID == 0 {
		t.Fatalf("answer = %+v, error %v", answer, err)
	}
	var text, why string
	err = o.db.Read(t.Context(), o.asker.ID, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `select text, failure->>'why' from question where id = $1`, answer.QuestionID).Scan(&text, &why)
	})
	if err != nil || text != "公共数据怎么共享？" || why == "" || strings.Contains(why, "10.0.0.7") {
		t.Errorf("stored %q, failure %q, error %v", text, why, err)
	}
}

func TestDraftVisibility(t *testing.T) {
	o := open(t)
	insider := accountstest.MakeScoped(t, o.accounts, "li.si", []string{"fleet"}, accounts.Asker)
	colleague := accountstest.MakeScoped(t, o.accounts, "zhao.liu", []string{"fleet"}, accounts.Asker)
	secretary := accountstest.MakeScoped(t, o.accounts, "qian.qi", []string{"fleet"}, accounts.Secretary)
	outside := accountstest.Make(t, o.accounts, "sun.ba", accounts.Secretary, accounts.Decider, accounts.Auditor)
	o.add("fleet", "inside", corpus.Header{Title: "云川市内部用车核查口径", Effective: "2025-01-01"}, inside)
	a := o.advisor(nil)
	answer := o.ask(a, insider, "公务用车单车每月油耗超过三百升怎么办？")
	if answer.Status != advice.Drafted || answer.Scope != "fleet" {
		t.Fatalf("answer = %+v, want a draft of scope fleet", answer)
	}
	for name, c := range map[string]struct {
		who  accounts.Account
		sees bool
	}{"asker": {insider, true}, "colleague": {colleague, false}, "secretary in scope": {secretary, true},
		"every role but not the scope": {outside, false}, "stranger": {o.asker, false}, "nobody": {accounts.Account{}, false}} {
		_, err := a.Draft(t.Context(), c.who, answer.DraftID)
		if (err == nil) != c.sees {
			t.Errorf("%s: error = %v, want seen %v", name, err, c.sees)
		}
	}
	if got := o.ask(a, o.asker, "公务用车单车每月油耗超过三百升怎么办？"); got.Status != advice.Declined || strings.Contains(got.Text, "核查口径") {
		t.Errorf("one outside the scope was told %q", got.Text)
	}
}

func TestRevisions(t *testing.T) {
	o := open(t).furnish()
	a := o.advisor(nil)
	answer := o.ask(a, o.asker, "数据提供部门收到共享申请后应当几日内答复？")
	if err := o.accounts.AddScope(t.Context(), o.admin, fleet); err != nil {
		t.Fatal(err)
	}
	secret := o.add("fleet", "inside", corpus.Header{Title: "云川市内部用车核查口径", Effective: "2025-01-01"}, inside)
	edit := func(change func(*advice.Body)) (advice.Revision, error) {
		var r advice.Revision
		err := o.db.As(t.Context(), o.admin.ID, func(tx pgx.Tx) error {
			body := answer.Body
			body.Claims = slices.Clone(body.Claims)
			change(&body)
			body, _, err := a.Check(t.Context(), tx, body)
			if err == nil {
				r, err = advice.AddRevision(t.Context(), tx, answer.DraftID, advice.NewRevision{Body: body, Author: o.admin.ID, Reason: "改", At: now()})
			}
			return err
		})
		return r, err
	}
	if _, err := edit(func(*advice.Body) {}); problem.As(err).Code != "same-text" {
		t.Errorf("same text again: error = %v", err)
	}
	r, err := edit(func(b *advice.Body) { b.Conclusion = "结论：五个工作日。" })
	if err != nil || r.Number != 2 || r.Hash == answer.Hash {
		t.Fatalf("revision = %+v, error %v", r, err)
	}
	if _, err := edit(func(b *advice.Body) {
		b.Claims = append(b.Claims, advice.Claim{Text: "公务用车加油卡每月核查一次", Citations: []advice.Citation{{VersionID: secret, Provision: "第一条", Quote: "公务用车加油卡每月核查一次"}}})
	}); problem.As(err).Code != "other-scope" {
		t.Errorf("quoting another scope: error = %v", err)
	}
	var got advice.Revision
	err = o.db.Read(t.Context(), o.asker.ID, func(tx pgx.Tx) (err error) {
		got, err = advice.LatestRevision(t.Context(), tx, answer.DraftID)
		return err
	})
	if err != nil || got.Number != 2 || got.Body.Hash() != r.Hash || got.Digest() != r.Digest() || !got.At.Equal(now()) {
		t.Errorf("latest = %+v, error %v", got, err)
	}
	for _, sql := range []string{`update revision set body = body || ' '`, `delete from revision`, `update draft set scope = 'public'`, `delete from question`} {
		err := o.db.As(t.Context(), o.admin.ID, func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), sql); return err })
		if err == nil {
			t.Errorf("%s: the app role may", sql)
		}
	}
	err = o.db.As(t.Context(), o.asker.ID, func(tx pgx.Tx) error {
		_, err := advice.AddRevision(t.Context(), tx, answer.DraftID, advice.NewRevision{Body: advice.Body{Question: "改"}, Author: o.admin.ID, At: now()})
		return err
	})
	if err == nil {
		t.Error("a revision was stored under somebody else's name")
	}
}

// A 公文 is cited at 一、 and （一）, also where one passage holds several.
func TestAskCitesOfficialDocument(t *testing.T) {
	o := open(t)
	o.add("public", "notice", corpus.Header{Title: "云川市关于推进数据分家工作的通知", Kind: corpus.Official, Effective: "2025-01-01"},
		"云川市关于推进数据分家工作的通知\n\n各单位：\n一、总体要求\n坚持统一规划。\n二、主要任务\n（一）摸清底数。各单位应当在三月底前报送系统清单。\n（二）复制数据。由市大数据中心统一组织整体复制，并按字段设置权限。\n（三）组织验收。验收由第三方机构承担，费用由市财政统筹。\n三、保障措施\n加强督查。")
	answer := o.ask(o.advisor(nil), o.asker, "数据分家工作验收由谁承担，费用由谁统筹？")
	c := answer.Claims[0]
	if c.Citations[0].Provision != "二、（三）" || c.Support != advice.Quoted {
		t.Fatalf("first claim = %+v", c)
	}
	body := answer.Body
	body.Claims = []advice.Claim{claim(o.versions["notice"], c.Text, "二、（二）", c.Text), claim(o.versions["notice"], c.Text, "二、", c.Text), claim(o.versions["notice"], c.Text, "", c.Text), claim(o.versions["notice"], c.Text, "七、", c.Text)}
	err := o.db.Read(t.Context(), o.asker.ID, func(tx pgx.Tx) error {
		got, _, err := o.advisor(nil).Check(t.Context(), tx, body)
		for i, want := range []string{advice.Unsupported, advice.Quoted, advice.Quoted, advice.Unsupported} {
			if got.Claims[i].Support != want {
				t.Errorf("cited at %q: %s, want %s", body.Claims[i].Citations[0].Provision, got.Claims[i].Support, want)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
