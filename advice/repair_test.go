package advice_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"advisor/advice"
)

// inTurn answers requests with one content after another, the last again and again.
func inTurn(contents ...string) *model {
	n := 0
	return &model{handler: func(w http.ResponseWriter, r *http.Request) {
		content := contents[min(n, len(contents)-1)]
		n++
		w.Header().Set("Content-Type", "text/event-stream")
		raw, _ := json.Marshal(map[string]any{"choices": []any{map[string]any{"delta": map[string]any{"content": content}, "finish_reason": "stop"}}})
		fmt.Fprintf(w, "data: %s\n\ndata: [DONE]\n\n", raw)
	}}
}

// A claim that fails is mended once, with the failure named, and checked again.
func TestModelRepairs(t *testing.T) {
	o := open(t).furnish()
	n := offeredAs(t, o, "五个工作日")
	const quote = "数据提供部门应当自收到申请之日起五个工作日内答复"
	said := func(text string) string {
		return fmt.Sprintf(`{"text":"%s","role":"时限","citations":[{"passage":%d,"quote":"%s"}]}`, text, n, quote)
	}
	first := `{"conclusion":"有条件","claims":[` + said("数据提供部门应当自收到申请之日起五个工作日内答复") + `,` + said("应当在9个工作日内答复") + `],"unknown":[]}`
	second := func(number int, text string) string {
		return fmt.Sprintf(`{"claims":[{"number":%d,%s]}`, number, strings.TrimPrefix(said(text), "{"))
	}
	for name, c := range map[string]struct {
		reply string
		want  string // of the second claim
		text  string
	}{
		"mended":                       {second(2, "应当在5个工作日内答复"), advice.Supported, "5个"},
		"as wrong as before":           {second(2, "应当在8个工作日内答复"), advice.Unsupported, "8个"},
		"another claim than was asked": {second(1, "应当在7个工作日内答复"), advice.Unsupported, "9个"},
		"withdrawn":                    {second(2, ""), advice.Unsupported, "9个"},
		"no JSON":                      {"好的，已改正。", advice.Unsupported, "9个"},
	} {
		t.Run(name, func(t *testing.T) {
			m := inTurn(first, c.reply)
			answer := o.ask(o.advisor(m.start(t)), o.asker, asking)
			if len(answer.Claims) != 2 || answer.Claims[0].Support != advice.Quoted && answer.Claims[0].Support != advice.Supported {
				t.Fatalf("claims = %+v", answer.Claims)
			}
			if got := answer.Claims[1]; got.Support != c.want || !strings.Contains(got.Text, c.text) {
				t.Errorf("second claim = %+v, want it %s with %q", got, c.want, c.text)
			}
			if !strings.Contains(m.asked, "所引原文中没有") || strings.Contains(m.asked, `说法 编号=\"1\"`) {
				t.Errorf("the model was asked %s", m.asked)
			}
		})
	}
}
