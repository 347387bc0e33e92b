package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var (
	reviewLink = regexp.MustCompile(`action="/reviews/(\d+)/`)
	hashField  = regexp.MustCompile(`name="hash" value="(sha256:[0-9a-f]+)"`)
	submitForm = regexp.MustCompile(`action="(/drafts/\d+/submit)"`)
)

func first(t *testing.T, re *regexp.Regexp, page, what string) string {
	t.Helper()
	m := re.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no %s on the page:\n%s", what, page)
	}
	return m[1]
}

func contains(t *testing.T, page string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(page, want) {
			t.Errorf("want %q on the page:\n%s", want, page)
		}
	}
}

const question = "其他部门向我们申请共享数据，数据提供部门应当在几个工作日内答复？"

// The straight line by forms alone: everything works without script.
func TestStoryWithoutScript(t *testing.T) {
	h := newHouse(t, false)
	asker := h.as("wangmin")
	page := asker.post("/chat", url.Values{"question": {question}}, http.StatusOK)
	contains(t, page, "机器草稿 · 未经专家审议", "论断与依据", "提交审议")
	asker.post(first(t, submitForm, page, "way to submit"), nil, http.StatusOK)

	office := h.as("zhoujing")
	page = office.get("/reviews", http.StatusOK)
	contains(t, page, "轮到我", question[:30])
	page = office.get("/reviews/1", http.StatusOK)
	id := first(t, reviewLink, page, "review")
	page = office.post("/reviews/"+id+"/route", url.Values{"experts": {"liangqiwen qinzheng bairuolan"}}, http.StatusOK)
	contains(t, page, "专家组已组成", "梁启文")

	for _, login := range []string{"liangqiwen", "qinzheng", "bairuolan"} {
		expert := h.as(login)
		page = expert.get("/reviews/"+id, http.StatusOK)
		contains(t, page, "先申报", question) // one must know the matter to know of a conflict
		if strings.Contains(page, "论断与依据") {
			t.Errorf("%s sees the draft before declaring", login)
		}
		page = expert.post("/reviews/"+id+"/declare", url.Values{"conflict": {"none"}}, http.StatusOK)
		contains(t, page, "论断与依据", "对全文表决")
		if login == "liangqiwen" {
			continue // votes after the others
		}
		hash := first(t, hashField, page, "hash")
		page = expert.post("/reviews/"+id+"/vote", url.Values{"hash": {hash}, "score": {"2"}, "claim-1": {"1"}}, http.StatusOK)
		contains(t, page, "表决已提交")
	}
	expert := h.as("liangqiwen")
	page = expert.get("/reviews/"+id+"?edit=1", http.StatusOK)
	hash := first(t, hashField, page, "hash")
	form := url.Values{"hash": {hash}, "conclusion": {"应当在五个工作日内答复，逾期由市大数据中心督办。"}, "reason": {"结论写明期限"}}
	page = expert.post("/reviews/"+id+"/edit", form, http.StatusOK)
	contains(t, page, "已保存为新的一稿", "<ins>", "结论写明期限")

	stale := h.as("qinzheng").post("/reviews/"+id+"/vote", url.Values{"hash": {hash}, "score": {"2"}, "text": {"同意"}}, http.StatusConflict)
	contains(t, stale, "文本在此期间已被修改")
	own := h.as("liangqiwen").post("/reviews/"+id+"/vote", url.Values{"hash": {first(t, hashField, stale, "new hash")}, "score": {"2"}}, http.StatusForbidden)
	contains(t, own, "不能由您表决")

	for _, login := range []string{"qinzheng", "bairuolan"} {
		b := h.as(login)
		page = b.get("/reviews/"+id, http.StatusOK)
		b.post("/reviews/"+id+"/vote", url.Values{"hash": {first(t, hashField, page, "hash")}, "score": {"1"}}, http.StatusOK)
	}
	page = office.post("/reviews/"+id+"/close", nil, http.StatusOK)
	contains(t, page, "审议通过")
	decider := h.as("shenliyan")
	page = decider.get("/reviews/"+id, http.StatusOK)
	page = decider.post("/reviews/"+id+"/apply", url.Values{"hash": {first(t, hashField, page, "hash")}}, http.StatusOK)
	contains(t, page, "已采纳落实", "下载回执", "逾期由市大数据中心督办")
	receipt := decider.get("/ledger/1/receipt", http.StatusOK)
	contains(t, receipt, `"checkpoint"`)
	page = h.as("wangmin").get("/chat/1", http.StatusOK)
	contains(t, page, "已采纳落实 · 台账第 1 号", "逾期由市大数据中心督办")
}
