package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"advisor/advice"
)

// bearer puts a key on each request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func (h *house) mcp(login string, news func(string)) *mcp.ClientSession {
	h.t.Helper()
	c := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
			if news != nil {
				news(r.Params.Message)
			}
		}})
	s, err := c.Connect(h.t.Context(), &mcp.StreamableClientTransport{Endpoint: h.server.URL + "/mcp",
		HTTPClient: &http.Client{Transport: bearer(h.key(login))}, DisableStandaloneSSE: true}, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { s.Close() })
	return s
}

// tool calls a tool and gives its text and its structure.
func (h *house) tool(s *mcp.ClientSession, name string, args map[string]any) (text string, data map[string]any, isError bool) {
	h.t.Helper()
	r, err := s.CallTool(h.t.Context(), &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		h.t.Fatalf("%s: %v", name, err)
	}
	if len(r.Content) > 0 {
		text = r.Content[0].(*mcp.TextContent).Text
	}
	raw, _ := json.Marshal(r.StructuredContent)
	_ = json.Unmarshal(raw, &data)
	return text, data, r.IsError
}

func TestMCP(t *testing.T) {
	h := newHouse(t, false)
	s := h.mcp("wangmin", nil)
	tools, err := s.ListTools(t.Context(), nil)
	if err != nil || len(tools.Tools) != 4 {
		t.Fatalf("tools = %+v, error %v", tools, err)
	}
	_, data, _ := h.tool(s, "search_policies", map[string]any{"query": "数据提供部门 答复 工作日", "k": 20})
	hits := data["hits"].([]any)
	if len(hits) == 0 {
		t.Fatal("nothing found")
	}
	for _, x := range hits { // what a search names can be fetched by that name
		hit := x.(map[string]any)
		text, _, bad := h.tool(s, "get_provision", map[string]any{"document_id": hit["document_id"], "version_id": hit["version_id"], "provision": hit["provision"]})
		first, _, _ := strings.Cut(strings.TrimSpace(hit["text"].(string)), "\n")
		if bad || !strings.Contains(text, first) {
			t.Errorf("《%s》%s: %s\nwant it to hold %q", hit["title"], hit["provision"], text, first)
		}
	}
	text, data, bad := h.tool(s, "get_provision", map[string]any{"reference": "《云川市公共数据管理办法》第三条"})
	if bad || !strings.Contains(text, "第三条") || data["status"] != "in_force" {
		t.Errorf("by reference: %s %v", text, data)
	}
	text, data, bad = h.tool(s, "ask_advisor", map[string]any{"question": question})
	if bad || !strings.HasPrefix(text, advice.Label) || data["draft_id"] == "" {
		t.Errorf("answer: %s", text)
	}
	for name, args := range map[string]map[string]any{
		"get_provision": {"document_id": "999", "provision": "第一条"}, "ask_advisor": {"question": "  "}, "search_policies": {"query": "甲", "on": "昨天"},
	} {
		if text, _, bad := h.tool(s, name, args); !bad || strings.Contains(text, "ERROR") {
			t.Errorf("%s %v: want a refusal in words, got %q", name, args, text)
		}
	}
	if text, _, _ := h.tool(s, "list_reviews", nil); !strings.Contains(text, "没有") {
		t.Errorf("reviews: %s", text)
	}
}

// Without a key there is nothing, and what one key may not see another's session does not lend.
func TestMCPNeedsAKey(t *testing.T) {
	h := newHouse(t, false)
	hello := `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	if status, _, raw := h.call("POST", "/mcp", "", hello); status != 401 {
		t.Errorf("a stranger gets %d: %s", status, raw)
	}
	if status, _, _ := h.call("GET", "/mcp", h.key("wangmin"), ""); status != 405 {
		t.Errorf("GET gives %d, want 405: there is no session to listen to", status)
	}
}
