package web_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"advisor/advice"
	"advisor/experts"
	"advisor/intake"
)

// asked asks without script and gives the page with the answer.
func (b *browser) asked(question string) string {
	b.h.t.Helper()
	return b.post("/chat", url.Values{"question": {question}}, http.StatusOK)
}

// The whole of what one does in the chat works without script.
func TestChatWithoutScript(t *testing.T) {
	h := newHouse(t, false)
	b := h.as("wangmin")
	page := b.asked(question)
	for _, want := range []string{advice.Label, "提交审议", "复制带引用", "as=docx", "/drafts/1/feedback"} {
		if !strings.Contains(page, want) {
			t.Errorf("the answer's page lacks %q", want)
		}
	}
	// What one thinks of it, and a change of mind.
	page = b.post("/drafts/1/feedback", url.Values{"useful": {"0"}, "reason": {"missing"}, "text": {"少了逾期的后果"}}, http.StatusOK)
	if !strings.Contains(page, "您的评价：没用") || !strings.Contains(page, "少了逾期的后果") || !strings.Contains(page, "评价已记下") {
		t.Error("the feedback is not shown")
	}
	if page = b.post("/drafts/1/feedback", url.Values{"useful": {"1"}}, http.StatusOK); !strings.Contains(page, "您的评价：有用") {
		t.Error("a change of mind is not shown")
	}
	b.post("/drafts/1/feedback", url.Values{"useful": {"0"}, "reason": {"made-up"}}, http.StatusBadRequest)
	b.post("/drafts/99/feedback", url.Values{"useful": {"1"}}, http.StatusNotFound)
	h.as("chenlu").post("/drafts/1/feedback", url.Values{"useful": {"0"}}, http.StatusNotFound)

	// Follow-up, made whole and shown so.
	page = b.post("/chat", url.Values{"question": {"逾期呢？"}, "conversation": {"1"}}, http.StatusOK)
	if !strings.Contains(page, `class="whole"`) {
		t.Error("the follow-up is not shown as it was understood")
	}
	// One's own conversations by words; a stranger's are not among them.
	b.asked("社区自建小程序，立项前要做什么审查？")
	list := func(page string) int { return strings.Count(page, `class="item one"`) }
	if n := list(b.get("/chat", http.StatusOK)); n != 2 {
		t.Errorf("%d conversations listed, want 2", n)
	}
	if page := b.get("/chat?find="+url.QueryEscape("小程序 审查"), http.StatusOK); list(page) != 1 || !strings.Contains(page, "含“小程序 审查”的对话") {
		t.Errorf("%d found, want 1", list(page))
	}
	for _, none := range []string{"不存在的词", "%", `\`} {
		if n := list(b.get("/chat?find="+url.QueryEscape(none), http.StatusOK)); n != 0 {
			t.Errorf("%d found for %q, want none", n, none)
		}
	}
	if n := list(h.as("chenlu").get("/chat?find="+url.QueryEscape("小程序"), http.StatusOK)); n != 0 {
		t.Errorf("another's conversations are found: %d", n)
	}
	// Submitted with a note; its progress stands in the same place and the note is in the history.
	page = b.post("/drafts/1/submit", url.Values{"from": {"chat"}, "note": {"月底前要用"}}, http.StatusOK)
	if !strings.Contains(page, `aria-current="step">组成专家组`) || !strings.Contains(page, "审议 #1") {
		t.Error("the review's progress is not beside the answer")
	}
	if page := h.as("zhoujing").get("/reviews/1", http.StatusOK); !strings.Contains(page, "月底前要用") {
		t.Error("the office does not see the note")
	}
}

var quoted = regexp.MustCompile(`<blockquote>([^<]+)</blockquote>`)

// The exported answer holds label, quotes and the implicit mark; only who may read it gets it.
func TestExport(t *testing.T) {
	h := newHouse(t, false)
	b := h.as("wangmin")
	page := b.asked(question)
	quote := quoted.FindStringSubmatch(page)[1]
	file := b.get("/drafts/1/export?as=docx", http.StatusOK)
	z, err := zip.NewReader(strings.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	part := func(name string) string {
		r, err := z.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(r)
		return string(raw)
	}
	if text := part("word/document.xml"); !strings.Contains(text, advice.Label) || !strings.Contains(text, "人工智能辅助生成") || !strings.Contains(text, quote) {
		t.Errorf("text: %.500s", text)
	}
	if !strings.Contains(part("word/header1.xml"), advice.Label) {
		t.Error("the label is not on every page")
	}
	custom := part("docProps/custom.xml")
	m := regexp.MustCompile(`name="AIGC"><vt:lpwstr>([^<]+)<`).FindStringSubmatch(custom)
	if m == nil {
		t.Fatalf("no implicit mark: %s", custom)
	}
	var mark map[string]string
	if err := json.Unmarshal([]byte(strings.ReplaceAll(m[1], "&#34;", `"`)), &mark); err != nil || mark["Label"] != "1" || !strings.HasPrefix(mark["ProduceID"], "draft-1-") {
		t.Errorf("implicit mark %s: %v", m[1], err)
	}
	for as, want := range map[string]string{"markdown": "<!-- AIGC: {", "text": advice.Label} {
		if text := b.get("/drafts/1/export?as="+as, http.StatusOK); !strings.Contains(text, want) || !strings.Contains(text, advice.Label) {
			t.Errorf("%s: %.200s", as, text)
		}
	}
	b.get("/drafts/1/export?as=exe", http.StatusBadRequest)
	h.as("chenlu").get("/drafts/1/export?as=docx", http.StatusNotFound)
	if bytes.Contains([]byte(file), []byte("vbaProject")) {
		t.Error("a document with something to run")
	}
}

// What was applied before is offered first on a like question, with its
// approval, and is not offered as good once it was suspended.
func TestPrecedentFirst(t *testing.T) {
	h := newHouse(t, false)
	h.approved()
	b := h.as("chenlu")
	page := b.asked("别的部门申请共享数据，数据提供部门应当在几个工作日内答复？")
	if !strings.Contains(page, "已有专家审议通过的建议") || !strings.Contains(page, "依据仍然有效") || !strings.Contains(page, "/ledger/1") {
		t.Fatalf("no precedent offered:\n%s", page)
	}
	if strings.Contains(b.asked("社区自建小程序，立项前要做什么审查？"), "已有专家审议通过的建议") {
		t.Error("a precedent on something else is offered")
	}
	if _, err := h.desk.Suspend(t.Context(), h.people["shenliyan"], 1, "查明事实有误"); err != nil {
		t.Fatal(err)
	}
	page = b.asked("别的部门申请共享数据，数据提供部门应当在几个工作日内答复？")
	if strings.Contains(page, "已有专家审议通过的建议") || !strings.Contains(page, "已中止执行") {
		t.Error("a suspended precedent is offered as good")
	}
}

// approved takes 王敏's question through the committee to its application, and
// the applied text into the corpus.
func (h *house) approved() {
	h.t.Helper()
	must := func(err error) {
		h.t.Helper()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	ctx := h.t.Context()
	a, err := h.chat.Ask(ctx, h.people["wangmin"], advice.Ask{Text: question}, nil)
	must(err)
	v, err := h.desk.Submit(ctx, h.people["wangmin"], a.DraftID)
	must(err)
	panel := []string{"liangqiwen", "qinzheng", "bairuolan"}
	v, err = h.desk.Route(ctx, h.people["zhoujing"], v.ReviewID, panel)
	must(err)
	for _, login := range panel {
		_, err := h.desk.Declare(ctx, h.people[login], v.ReviewID, string(experts.None))
		must(err)
	}
	for _, login := range panel {
		_, err := h.desk.Vote(ctx, h.people[login], v.ReviewID, experts.Ballot{Hash: v.Hash, Score: 2})
		must(err)
	}
	_, err = h.desk.Close(ctx, h.people["zhoujing"], v.ReviewID)
	must(err)
	_, err = h.desk.Apply(ctx, h.people["shenliyan"], v.ReviewID, v.Hash)
	must(err)
	importer := intake.New(h.db, h.rooms.Index, h.rooms.Now, h.rooms.Log)
	var p experts.Precedent
	must(h.db.Work(ctx, func(tx pgx.Tx) (err error) { p, err = h.desk.Precedent(ctx, tx, 1); return err }))
	_, err = importer.ImportText(ctx, h.people["shenliyan"], p.Scope, p.ImportPath, p.Header, p.Text)
	must(err)
	must(h.rooms.Index.Sync(ctx))
}
