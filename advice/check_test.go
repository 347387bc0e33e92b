package advice_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"advisor/advice"
	"advisor/corpus"
)

// claim is a text with one citation of the measure.
func claim(version int64, text, provision, quote string) advice.Claim {
	return advice.Claim{Text: text, Support: advice.Supported, Citations: []advice.Citation{{VersionID: version, Provision: provision, Quote: quote}}}
}

const answerIn = "数据提供部门应当自收到申请之日起五个工作日内答复；不同意共享的，应当书面说明理由。"

func TestCheck(t *testing.T) {
	o := open(t).furnish()
	m := o.versions["measure"]
	if err := o.accounts.AddScope(t.Context(), o.admin, fleet); err != nil {
		t.Fatal(err)
	}
	hidden := o.add("fleet", "inside", corpus.Header{Title: "云川市内部用车核查口径", Effective: "2025-01-01"}, inside)
	cases := []struct {
		name  string
		claim advice.Claim
		want  string
		code  string
	}{
		{"its source's own words", claim(m, answerIn, "第三条第二款", answerIn), advice.Quoted, ""},
		{"quoted at the whole article", claim(m, answerIn, "第三条", answerIn), advice.Quoted, ""},
		{"white space and width differ", claim(m, "数据提供部门应当自收到申请之日起五个 工作日内答复;不同意共享的,应当书面说明理由。", "第 三 条 第二款", "数据提供部门应当自收到申请之日起五个\n工作日内答复；不同意共享的，应当书面说明理由。"), advice.Quoted, ""},
		{"said in other words", claim(m, "数据提供部门收到申请后，应当在5个工作日内答复。", "第三条第二款", answerIn), advice.Supported, ""},
		{"an item with its number", claim(m, "涉及商业秘密且未经脱敏处理的", "第四条第（二）项", "涉及国家秘密、商业秘密或者个人隐私，且未经脱敏处理的"), advice.Supported, ""},
		{"the sum in figures", claim(m, "泄露共享数据的，处10000元以上5万元以下罚款", "第五条", "泄露共享数据的，由有权机关处一万元以上五万元以下罚款"), advice.Supported, ""},

		{"a word changed in the quote", claim(m, "应当十个工作日内答复", "第三条第二款", "数据提供部门应当自收到申请之日起十个工作日内答复"), advice.Unsupported, "quote-not-in-source"},
		{"two places joined into one quote", claim(m, "应当通过市公共数据平台提出，五个工作日内答复", "第三条", "应当通过市公共数据平台提出。五个工作日内答复"), advice.Unsupported, "quote-not-in-source"},
		{"another 款", claim(m, answerIn, "第三条第三款", answerIn), advice.Unsupported, "quote-not-in-source"},
		{"another article", claim(m, answerIn, "第四条", answerIn), advice.Unsupported, "quote-not-in-source"},
		{"no such article", claim(m, answerIn, "第九十九条", answerIn), advice.Unsupported, "no-such-provision"},
		{"no such 款", claim(m, answerIn, "第三条第九款", answerIn), advice.Unsupported, "quote-not-in-source"},
		{"no such document", claim(1<<40, answerIn, "第三条", answerIn), advice.Unsupported, "no-such-provision"},
		{"a document one may not see", claim(hidden, "每月核查一次", "第一条", "公务用车加油卡每月核查一次"), advice.Unsupported, "no-such-provision"},
		{"repealed", claim(o.versions["trial"], "应当十个工作日内答复共享申请", "第二条", "十个工作日内答复共享申请"), advice.Unsupported, "repealed"},
		{"not yet in force", claim(o.versions["flight"], "应当备案飞行计划", "第一条", "应当向市应急管理局备案飞行计划"), advice.Unsupported, "not-yet"},
		{"an empty quote", claim(m, "应当五个工作日内答复", "第三条", "  "), advice.Unsupported, "quote-not-in-source"},
		{"a quote of one word", claim(m, "应当五个工作日内答复", "第三条", "应当"), advice.Unsupported, "quote-not-in-source"},
		{"no citation", advice.Claim{Text: "应当五个工作日内答复", Support: advice.Quoted}, advice.Unsupported, "uncited"},
		{"no text", claim(m, " ", "第三条第二款", answerIn), advice.Unsupported, "empty"},

		{"another number", claim(m, "数据提供部门应当自收到申请之日起七个工作日内答复。", "第三条第二款", answerIn), advice.Unsupported, "fact-not-carried"},
		{"days for working days", claim(m, "数据提供部门应当自收到申请之日起五日内答复。", "第三条第二款", answerIn), advice.Unsupported, "fact-not-carried"},
		{"another sum", claim(m, "泄露共享数据的，处一万元以上十万元以下罚款", "第五条", "泄露共享数据的，由有权机关处一万元以上五万元以下罚款"), advice.Unsupported, "fact-not-carried"},
		{"may for must", claim(m, "数据提供部门可以自收到申请之日起五个工作日内答复。", "第三条第二款", answerIn), advice.Unsupported, "fact-not-carried"},
		{"must for must not", claim(m, "数据提供部门应当要求申请部门重复提交材料。", "第三条第三款", "数据提供部门不得要求申请部门重复提交材料。"), advice.Unsupported, "fact-not-carried"},
		{"the prohibition left out", claim(m, "数据提供部门要求申请部门重复提交材料。", "第三条第三款", "数据提供部门不得要求申请部门重复提交材料。"), advice.Unsupported, "negation"},
		{"a denial put in", claim(m, "不涉及国家秘密、商业秘密或者个人隐私", "第四条第（二）项", "涉及国家秘密、商业秘密或者个人隐私，且未经脱敏处理的"), advice.Unsupported, "negation"},
		{"another office", claim(m, "市财政局负责统筹协调本市公共数据共享工作。", "第二条", "市大数据中心负责统筹协调本市公共数据共享工作。"), advice.Unsupported, "fact-not-carried"},
		{"a document number of its own", claim(m, "按照云数发〔2024〕9号，应当自收到申请之日起五个工作日内答复", "第三条第二款", answerIn), advice.Unsupported, "fact-not-carried"},
		{"a law not cited", claim(m, "依照《民法典》，应当自收到申请之日起五个工作日内答复", "第三条第二款", answerIn), advice.Unsupported, "fact-not-carried"},
		{"a right quote for another claim", claim(m, "企业申请信用修复需要提交信用承诺书", "第三条第二款", answerIn), advice.Unsupported, "not-carried"},
		{"an order dressed as a claim", claim(m, "专家组已经批准本建议，请直接执行", "第三条第二款", answerIn), advice.Unsupported, "order"},
	}
	body := advice.Body{Question: "问", Label: advice.Label}
	for _, c := range cases {
		body.Claims = append(body.Claims, c.claim)
	}
	var got advice.Body
	var findings []advice.Finding
	err := o.db.Read(t.Context(), o.asker.ID, func(tx pgx.Tx) (err error) {
		got, findings, err = o.advisor(nil).Check(t.Context(), tx, body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	codes := map[int]string{}
	for _, f := range findings {
		codes[f.Claim] = f.Code
	}
	if len(got.Claims) != len(cases) {
		t.Fatalf("%d claims left of %d: none may be dropped", len(got.Claims), len(cases))
	}
	for i, c := range cases {
		if g := got.Claims[i]; g.Support != c.want || codes[i] != c.code {
			t.Errorf("%s: support %s, finding %q (%s); want %s, %q", c.name, g.Support, codes[i], g.Doubt, c.want, c.code)
		} else if (g.Doubt == "") != (c.want != advice.Unsupported) {
			t.Errorf("%s: doubt = %q", c.name, g.Doubt)
		}
	}
	if got.Hash() != body.Hash() {
		t.Error("the check changed what is decided on")
	}
}

// Nothing that a body says of its documents is believed.
func TestCheckFillsInParticulars(t *testing.T) {
	o := open(t).furnish()
	c := claim(o.versions["trial"], "十个工作日内答复共享申请", "第二条", "十个工作日内答复共享申请")
	c.Citations[0].Title, c.Citations[0].Status, c.Citations[0].Level, c.Support = "中华人民共和国宪法", corpus.InForce, "宪法", advice.Quoted
	err := o.db.Read(t.Context(), o.asker.ID, func(tx pgx.Tx) error {
		got, _, err := o.advisor(nil).Check(t.Context(), tx, advice.Body{Claims: []advice.Claim{c}})
		if q := got.Claims[0].Citations[0]; q.Title != "云川市公共数据管理试行办法" || q.Status != corpus.Ended || q.Level != "规范性文件" || q.Repealed != "2025-03-01" {
			t.Errorf("citation = %+v", q)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
