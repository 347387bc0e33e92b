package advice_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/advice"
	"advisor/corpus"
	"advisor/llm"
)

const asking = "数据提供部门收到共享申请后应当几日内答复？"

// model is a server that answers every request with content, and what it was last asked.
type model struct {
	handler http.HandlerFunc
	asked   string
}

func says(content string) *model {
	return &model{handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, piece := range strings.SplitAfter(content, "，") {
			raw, _ := json.Marshal(map[string]any{"choices": []any{map[string]any{"delta": map[string]any{"content": piece}}}})
			fmt.Fprintf(w, "data: %s\n\n", raw)
		}
		fmt.Fprint(w, `data: {"choices":[{"delta":{},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
	}}
}

func (m *model) start(t *testing.T) llm.Generator {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m.asked = string(body)
		m.handler(w, r)
	}))
	t.Cleanup(s.Close)
	g, err := llm.Open(llm.Config{BaseURL: s.URL + "/v1", Model: "test-model", FirstToken: 300 * time.Millisecond, Stall: 300 * time.Millisecond,
		Sleep: func(time.Duration) <-chan time.Time { c := make(chan time.Time, 1); c <- time.Time{}; return c }})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// number finds which number a passage was offered under.
func offeredAs(t *testing.T, o *office, words string) int {
	t.Helper()
	m := says(`{}`)
	o.ask(o.advisor(m.start(t)), o.asker, asking)
	var request struct{ Messages []struct{ Content string } }
	if err := json.Unmarshal([]byte(m.asked), &request); err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split(request.Messages[1].Content, "<片段 ") {
		if strings.Contains(part, words) {
			return i
		}
	}
	t.Fatalf("no passage with %q was offered", words)
	return 0
}

func TestModelDraft(t *testing.T) {
	o := open(t).furnish()
	n := offeredAs(t, o, "五个工作日")
	quote := "数据提供部门应当自收到申请之日起五个工作日内答复"
	good := fmt.Sprintf(`{"text":"应当在5个工作日内答复","role":"时限","citations":[{"passage":%d,"quote":"%s"}]}`, n, quote)
	reply := func(claims ...string) string {
		return `{"conclusion":"有条件","claims":[` + strings.Join(claims, ",") + `],"unknown":["申请材料是否齐全？"]}`
	}
	for name, content := range map[string]string{
		"plain":           reply(good),
		"code fence":      "好的，以下是草稿：\n```json\n" + reply(good) + "\n```\n希望有帮助。",
		"reasoning":       `<think>先看 {"conclusion":"可以"} 吧</think>` + reply(good),
		"lost think mark": `想一想 {"a":1}</think>` + reply(good),
		"words in braces": "{说明}" + reply(good),
	} {
		t.Run(name, func(t *testing.T) {
			answer := o.ask(o.advisor(says(content).start(t)), o.asker, asking)
			if answer.Drafter != advice.Model || answer.Model != "test-model" || !strings.HasPrefix(answer.Prompt, "draft@sha256:") || answer.Notice != "" {
				t.Fatalf("answer = %+v, want the model's draft", answer)
			}
			c := answer.Claims[0]
			if c.Support != advice.Supported || c.Citations[0].Provision != "第三条第二款" || c.Role != advice.Deadline {
				t.Errorf("claim = %+v", c)
			}
			if !strings.Contains(answer.Body.Conclusion, "未经核实") || len(answer.Body.Unknown) != 1 {
				t.Errorf("conclusion %q, unknown %q", answer.Body.Conclusion, answer.Body.Unknown)
			}
		})
	}
	t.Run("bad claims beside a good one", func(t *testing.T) {
		bad := []string{
			`{"text":"应当在9个工作日内答复","role":"时限","citations":[{"passage":` + fmt.Sprint(n) + `,"quote":"` + quote + `"}]}`,
			`{"text":"应当在5个工作日内答复","role":"依据","citations":[{"passage":99,"quote":"` + quote + `"}]}`,
			`{"text":"应当在5个工作日内答复","role":"依据","citations":[{"passage":` + fmt.Sprint(n) + `,"quote":"依照云政发〔2030〕1号办理"}]}`,
			`{"text":"专家已批准，可以直接执行","role":"命令","citations":[]}`,
		}
		answer := o.ask(o.advisor(says(reply(append(bad, good)...)).start(t)), o.asker, asking)
		if answer.Drafter != advice.Model || len(answer.Claims) != 5 {
			t.Fatalf("answer = %+v", answer)
		}
		for i, c := range answer.Claims[:4] {
			if c.Support != advice.Unsupported || c.Doubt == "" {
				t.Errorf("claim %d = %+v, want it marked", i, c)
			}
		}
		before, after, _ := strings.Cut(answer.Text, "以下说法未能核实，不能作为依据")
		if strings.Contains(before, "专家已批准") || !strings.Contains(after, "专家已批准") || !strings.Contains(before, "5个工作日") {
			t.Errorf("what is not verified is not set apart:\n%s", answer.Text)
		}
	})
	t.Run("statements dressed as open questions", func(t *testing.T) {
		content := `{"conclusion":"可以","claims":[` + good + `],"unknown":["本建议已经批准，请执行","依照第九条应当免费？","是否已签订协议？"]}`
		answer := o.ask(o.advisor(says(content).start(t)), o.asker, asking)
		if len(answer.Body.Unknown) != 1 || len(answer.Claims) != 3 || answer.Claims[1].Support != advice.Unsupported {
			t.Errorf("unknown = %q, claims %+v", answer.Body.Unknown, answer.Claims)
		}
	})
}

// However a model fails, the answer is the extractive draft and a plain notice.
func TestModelFails(t *testing.T) {
	o := open(t).furnish()
	for name, c := range map[string]struct {
		model  *model
		notice string
	}{
		"busy":               {&model{handler: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(429) }}, "繁忙"},
		"broken":             {&model{handler: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) }}, "出错"},
		"HTML":               {&model{handler: func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>请登录</html>") }}, "不是约定格式"},
		"never answers":      {&model{handler: func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}, "过慢"},
		"endless":            {&model{handler: endless}, "过大"},
		"cut off in JSON":    {says(`{"conclusion":"可以","claims":[{"text":"应当`), "没有给出可用的回复"},
		"prose":              {says("应当在九个工作日内答复，请放心办理。"), "没有给出可用的回复"},
		"other JSON":         {says(`{"answer":"应当在九个工作日内答复"}`), "没有给出可用的回复"},
		"nothing":            {says(""), "没有给出内容"},
		"invented citations": {says(`{"conclusion":"可以","claims":[{"text":"应当在九日内答复","role":"依据","citations":[{"passage":1,"quote":"应当在九日内答复"}]},{"text":"已获批准","role":"依据","citations":[]}],"unknown":[]}`), "2 条说法都没有通过核对"},
		"terminal codes":     {says("\x1b[31m{\x00\u202e"), "没有给出可用的回复"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := o.ask(o.advisor(c.model.start(t)), o.asker, asking)
			if answer.Status != advice.Drafted || answer.Drafter != advice.Extractive || !strings.Contains(answer.Notice, c.notice) {
				t.Fatalf("drafter %s, notice %q; want the extractive draft and %q", answer.Drafter, answer.Notice, c.notice)
			}
			if !strings.Contains(answer.Text, answer.Notice) || strings.Contains(answer.Text, "九") || answer.Claims[0].Support != advice.Quoted {
				t.Errorf("text:\n%s", answer.Text)
			}
		})
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		if _, err := fmt.Fprint(w, `data: {"choices":[{"delta":{"content":"`+strings.Repeat("长", 2000)+`"}}]}`+"\n\n"); err != nil {
			return
		}
	}
}

func TestModelIsNotAskedBeforeDeclining(t *testing.T) {
	o := open(t).furnish()
	m := says(`{}`)
	answer := o.ask(o.advisor(m.start(t)), o.asker, "红烧肉怎么做才好吃？")
	if answer.Status != advice.Declined || m.asked != "" {
		t.Errorf("status %s; the model was asked %q", answer.Status, m.asked)
	}
}

// Text of a scope that may not be sent never reaches the model; it is quoted beside its draft.
func TestModelScopes(t *testing.T) {
	o := open(t).furnish()
	insider := accountstest.MakeScoped(t, o.accounts, "li.si", []string{"fleet"}, accounts.Asker)
	o.add("fleet", "inside", corpus.Header{Title: "云川市共享数据内部口径", Effective: "2025-01-01"},
		"云川市共享数据内部口径\n\n第一条 数据提供部门收到共享申请后，遇有疑难的，内部可以先行电话沟通，答复期限不变。")
	n := offeredAs(t, o, "五个工作日")
	m := says(fmt.Sprintf(`{"conclusion":"可以","claims":[{"text":"应当在5个工作日内答复","role":"时限","citations":[{"passage":%d,"quote":"五个工作日内答复"}]}],"unknown":[]}`, n))
	answer := o.ask(o.advisor(m.start(t)), insider, asking)
	if strings.Contains(m.asked, "电话沟通") || strings.Contains(m.asked, "内部口径") {
		t.Fatal("text that may not be sent reached the model")
	}
	if answer.Scope != "fleet" || !strings.Contains(answer.Notice, "没有发送给模型") || !strings.Contains(answer.Text, "电话沟通") {
		t.Errorf("scope %s, notice %q, text:\n%s", answer.Scope, answer.Notice, answer.Text)
	}
}
