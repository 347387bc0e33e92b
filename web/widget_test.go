package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"advisor/advice"
	"advisor/web"
)

// The chat in a frame: for the listed sites only, and nothing else of the
// policy is given up for it.
func TestWidget(t *testing.T) {
	h := newHouse(t, false)
	h.browser().get("/widget", http.StatusNotFound)
	h.browser().get("/widget.js", http.StatusNotFound)
	h.rooms.WidgetOrigins = []string{"https://portal.example", "http://intra.example:8080"}
	pages, err := web.New(h.rooms)
	if err != nil {
		t.Fatal(err)
	}
	h.server.Config.Handler = pages.Handler()
	resp, err := http.Get(h.server.URL + "/widget")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	csp := resp.Header.Get("Content-Security-Policy")
	for _, want := range []string{"frame-ancestors https://portal.example http://intra.example:8080", "default-src 'none'", "form-action 'self'", "base-uri 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("policy %q lacks %q", csp, want)
		}
	}
	if resp.Header.Get("X-Frame-Options") != "" {
		t.Error("X-Frame-Options would forbid every frame")
	}
	for _, path := range []string{"/chat", "/login", "/widget.js"} { // nothing else may be framed
		resp, err := http.Get(h.server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if !strings.Contains(resp.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s may be framed: %q", path, resp.Header.Get("Content-Security-Policy"))
		}
	}
	if page := h.browser().get("/widget", http.StatusOK); !strings.Contains(page, "请先登录") || strings.Contains(page, "<textarea") {
		t.Error("a stranger may ask")
	}
	b := h.as("wangmin")
	page := b.post("/widget", url.Values{"question": {question}}, http.StatusOK)
	if !strings.Contains(page, advice.Label) || !strings.Contains(page, `href="/chat/1"`) || policy.MatchString(page) {
		t.Errorf("answer in the frame:\n%s", page)
	}
	if page := b.post("/widget", url.Values{"question": {" "}}, http.StatusBadRequest); !strings.Contains(page, "问题是空的") {
		t.Error("an empty question is not refused in words")
	}
	h.as("chenlu").get("/widget?c=1", http.StatusNotFound)
}

func TestWidgetOrigins(t *testing.T) {
	if got, ok := web.WidgetOrigins(" https://a.example,http://b.example:8080 https://a.example"); !ok || len(got) != 2 {
		t.Errorf("got %q, %v", got, ok)
	}
	for _, bad := range []string{"*", "https://*.example", "portal.example", "https://a.example/x", "javascript:alert(1)", "https://a.example;script-src", "https://u:p@a.example", "https://a.example/"} {
		if got, ok := web.WidgetOrigins(bad); ok {
			t.Errorf("%q is taken as %q", bad, got)
		}
	}
}
