package web_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/experts"
	"advisor/intake"

	"github.com/chromedp/chromedp"
)

// send fills a form by its fields' names and sends it, as a person does who
// tabs through it; it ends when the next page stands.
func (s *screen) send(form string, fields map[string]string) *screen {
	s.t.Helper()
	raw, err := json.Marshal(fields)
	if err != nil {
		s.t.Fatal(err)
	}
	found := s.eval(fmt.Sprintf(`(() => {
		const form = document.querySelector(%q);
		if (!form) return 'no form ' + %q;
		for (const [name, value] of Object.entries(%s ?? {})) {
			const all = [...form.elements].filter(e => e.name === name.replace(/#.*$/, ''));
			if (!all.length) return 'no field ' + name;
			const choice = all.find(e => (e.type === 'radio' || e.type === 'checkbox') && e.value === value);
			if (choice) choice.checked = true; else if (all[0].type === 'radio') return 'no choice ' + name + '=' + value; else all[0].value = value;
		}
		document.body.dataset.old = '1';
		form.requestSubmit();
		return '';
	})()`, form, form, raw))
	if found != "" {
		s.t.Fatalf("%s: %v", s.name, found)
	}
	s.run(chromedp.WaitReady(chromedp.CSS(`body:not([data-old]) main`)))
	if problem := s.eval(`document.querySelector('#problem')?.textContent ?? ''`); problem != "" {
		s.t.Fatalf("%s: %s refused: %v", s.name, form, problem)
	}
	return s
}

// The statute's whole way, through pages, by its people: a major decision with
// one recusal, one strong objection answered in writing, an edit that outdates
// two votes, cleared with risk, deliberated with one dissent, applied; its law
// is amended, it is flagged, reviewed anew and replaced.
func TestStatutoryStoryInChromium(t *testing.T) {
	h := newHouse(t, false)
	ctx := t.Context()
	legal, err := h.accounts.Create(ctx, h.admin, accounts.NewAccount{Login: "xufa", Name: "许法", Department: "司法局", Organisation: "云川市人民政府", Password: secret, Roles: []string{accounts.Legal}})
	if err != nil {
		t.Fatal(err)
	}
	h.people["xufa"] = legal
	office := h.people["zhoujing"]
	policy := experts.Policy{Tier: 2, Name: "重大行政决策", Panel: 3, Odd: true, Share: 33, Quorum: 2, Approvals: 2, AnswerAt: -2, Marks: true, Needs: []string{"public", "risk", "fair", "legality"}}
	if err := h.desk.SetPolicy(ctx, office, policy); err != nil {
		t.Fatal(err)
	}
	committee, err := h.desk.Committee(ctx, office)
	if err != nil {
		t.Fatal(err)
	}
	committee.Name, committee.Tier = "云川市专家顾问委员会", 2
	if err := h.desk.SetCommittee(ctx, office, committee); err != nil {
		t.Fatal(err)
	}
	browser := chrome(t)
	at := map[string]*screen{}
	for _, login := range []string{"wangmin", "zhoujing", "liangqiwen", "qinzheng", "bairuolan", "qiuming", "xufa", "shenliyan"} {
		at[login] = h.at(t, browser, login, 1280, false)
	}
	asker := at["wangmin"].open("/chat").see("#question")
	asker.run(typing("#question", question), chromedp.KeyEvent("\r"))
	asker.see("#turns .draft").click(".acts .primary").see(".way .now").open("/reviews/1").see("#standing")

	review := int64(1)
	at["zhoujing"].open("/reviews/1").send(`form[action="/reviews/1/route"]`, map[string]string{"experts": "liangqiwen qinzheng bairuolan"})
	at["liangqiwen"].open("/reviews/1").send("#declare", map[string]string{"conflict": "yes", "text": "参与过该办法的起草"})
	for _, login := range []string{"qinzheng", "bairuolan", "qiuming"} { // the fourth was seated in the recused one's place
		at[login].open("/reviews/1").send("#declare", map[string]string{"conflict": "none"})
	}
	ratings := func(score, rating string) map[string]string {
		return map[string]string{"score": score, "necessity": rating, "feasibility": rating, "soundness": rating}
	}
	at["qinzheng"].open("/reviews/1").send("#vote", ratings("2", "8"))
	objection := ratings("-2", "3")
	objection["reason"], objection["text"] = "unclear", "逾期的后果没有写明"
	at["bairuolan"].open("/reviews/1").send("#vote", objection)
	at["zhoujing"].open("/reviews/1").shot("statute-objection")
	at["zhoujing"].send(`form[action="/reviews/1/dispose"]`, map[string]string{"as": "yes", "reason": "结论中补写逾期的后果"})
	at["qiuming"].open("/reviews/1?edit=1").send("#edit", map[string]string{"conclusion": "应当在五个工作日内答复；逾期不答复的，由市大数据中心督办。", "reason": "补写逾期的后果"})
	for _, login := range []string{"qinzheng", "bairuolan"} { // both votes on the first text are outdated
		at[login].open("/reviews/1").send("#vote", ratings("1", "8"))
	}
	h.approveMajor(t, at, review)
	at["shenliyan"].open("/reviews/1").send(`form[action="/reviews/1/apply"]`, nil).see("dl.facts").shot("statute-applied")

	// The law changes: flagged in that import, its people told.
	v, err := h.desk.Show(ctx, office, review)
	if err != nil {
		t.Fatal(err)
	}
	old := v.Draft.Claims[0].Citations[0]
	fresh := h.amend(t, old.VersionID)
	at["shenliyan"].open("/ledger/1").see(".note.stop").shot("statute-stale")
	if text := at["shenliyan"].text("main"); !strings.Contains(text, "须重新审议") || !strings.Contains(text, old.Title) {
		t.Errorf("want the ledger to say which basis fell, got %s", text)
	}
	h.tell()
	if page := h.as("wangmin").get("/notices", 200); !strings.Contains(page, "须重新审议") {
		t.Error("the asker was not told that the basis fell")
	}
	at["shenliyan"].send(`form[action="/ledger/1/renew"]`, nil)
	review = 2
	at["zhoujing"].open("/reviews/2").send(`form[action="/reviews/2/route"]`, map[string]string{"experts": "qinzheng bairuolan qiuming"})
	for _, login := range []string{"qinzheng", "bairuolan", "qiuming"} {
		at[login].open("/reviews/2").send("#declare", map[string]string{"conflict": "none"})
	}
	v, err = h.desk.Show(ctx, h.people["qiuming"], review)
	if err != nil {
		t.Fatal(err)
	}
	edit := map[string]string{"reason": "改引现行版本"}
	for i, c := range v.Draft.Claims {
		for j, q := range c.Citations {
			if q.VersionID == old.VersionID {
				edit[fmt.Sprintf("drop#%d-%d", i, j)] = fmt.Sprintf("cite-%d-%d", i+1, j+1)
				edit[fmt.Sprintf("cite-%d-new-version", i+1)] = fmt.Sprint(fresh)
				edit[fmt.Sprintf("cite-%d-new-provision", i+1)], edit[fmt.Sprintf("cite-%d-new-quote", i+1)] = q.Provision, q.Quote
			}
		}
	}
	at["qiuming"].open("/reviews/2?edit=1").send("#edit", edit)
	for _, login := range []string{"qinzheng", "bairuolan"} {
		at[login].open("/reviews/2").send("#vote", ratings("2", "9"))
	}
	h.approveMajor(t, at, review)
	at["shenliyan"].open("/reviews/2").send(`form[action="/reviews/2/apply"]`, nil).see("dl.facts").shot("statute-renewed")
	at["shenliyan"].open("/ledger/1").shot("statute-superseded")
	if text := at["shenliyan"].text("main"); !strings.Contains(text, "已被取代") {
		t.Errorf("want the first application superseded, got %s", text)
	}
	if n := h.count(`select count(*) from stale_flag where closed_at is null`); n != 0 {
		t.Errorf("want every flag closed by the new round, %d are open", n)
	}
}

// approveMajor leads a review whose votes are in through the statute's further steps.
func (h *house) approveMajor(t *testing.T, at map[string]*screen, review int64) {
	t.Helper()
	path := fmt.Sprintf("/reviews/%d", review)
	office := at["zhoujing"]
	office.open(path).send(fmt.Sprintf(`form[action="%s/close"]`, path), nil)
	for _, l := range []map[string]string{
		{"label": "public:done", "from": "2026-09-01", "until": "2026-10-15", "text": "市政府网站公开征求意见"},
		{"label": "risk:low", "text": "风险评估报告"},
		{"label": "fair:not-concerned", "text": "不涉及市场主体"},
	} {
		office.open(path).send(fmt.Sprintf(`form[action="%s/label"]`, path), l)
	}
	office.open(path).send("#do-refer", map[string]string{"workdays": "7"})
	at["xufa"].open(path).see("#do-legality").shot(fmt.Sprintf("statute-legality-%d", review))
	at["xufa"].send("#do-legality", map[string]string{"result": "cleared-with-risk", "power": "属于市政府职权", "process": "已履行法定程序", "content": "与上位法不抵触", "text": "逾期督办的衔接有待明确"})
	office.open(path).send(fmt.Sprintf(`form[action="%s/meeting"]`, path), map[string]string{"kind": "常务会议", "date": "2026-11-23", "place": "第一会议室", "record": "会议听取了汇报。",
		"members": "副市长 赵明｜同意｜\n副市长 钱立｜不同意｜督办力量不足，建议暂缓\n秘书长 孙宁｜同意｜\n市长（行政首长） 沈立言｜同意｜"})
	at["shenliyan"].open(path).see("#do-decide").shot(fmt.Sprintf("statute-decide-%d", review))
	at["shenliyan"].send("#do-decide", map[string]string{"decision": "adopt", "reason": "多数同意，督办力量另行调配"})
}

// amend imports the next version of a document, in force from today on, and gives its id.
func (h *house) amend(t *testing.T, version int64) (fresh int64) {
	t.Helper()
	pool, err := h.db.Owner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var text, declared, kind string
	if err := pool.QueryRow(t.Context(), `select v.text, v.declared, d.kind from version v join document d on d.id = v.document_id where v.id = $1`, version).Scan(&text, &declared, &kind); err != nil {
		t.Fatal(err)
	}
	f := strings.Split(declared, "\x1f") // title, number, issuer, level, region, issued, effective, repealed, status
	header := corpus.Header{Title: f[0], DocNumber: "云政发〔2026〕99号", Issuer: f[2], Level: f[3], Region: f[4], Kind: kind, Issued: "2026-11-20", Effective: "2026-11-23"}
	importer := intake.New(h.db, h.rooms.Index, h.rooms.Now, h.rooms.Log)
	fresh, err = importer.ImportText(t.Context(), h.admin, accounts.PublicScope, "amended/law.txt", header, text+"\n（依据修改决定重新公布）")
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}
