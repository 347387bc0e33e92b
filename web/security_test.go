package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"advisor/corpus"
	"advisor/intake"
	"advisor/web"
)

var policy = regexp.MustCompile(`<script>|\son[a-z]+\s*=|\sstyle\s*=|<style|javascript:`)

// Every address, whoever asks: strangers get nothing, a role gets its own pages.
func TestEveryRouteByEveryRole(t *testing.T) {
	h := newHouse(t, false)
	for _, rt := range web.Routes() {
		method, path, _ := strings.Cut(rt.Pattern, " ")
		path = strings.NewReplacer("{$}", "", "{id}", "1", "{login}", "chenlu", "{key}", "1").Replace(path)
		t.Run(rt.Pattern, func(t *testing.T) {
			req, _ := http.NewRequestWithContext(t.Context(), method, h.server.URL+path, nil)
			resp, err := (&http.Transport{}).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if open := resp.StatusCode != http.StatusSeeOther || strings.HasPrefix(resp.Header.Get("Location"), "/chat"); open && !rt.Open {
				t.Errorf("a stranger gets status %d", resp.StatusCode)
			}
			csp := resp.Header.Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers are not strict: %v", resp.Header)
			}
			for _, login := range []string{"wangmin", "qinzheng", "gaozheng"} {
				if len(rt.Roles) == 0 || method == "POST" && path == "/logout" {
					continue
				}
				req, _ := http.NewRequestWithContext(t.Context(), method, h.server.URL+path, nil)
				req.AddCookie(&http.Cookie{Name: "advisor_session", Value: h.token(login)})
				resp, err := (&http.Transport{}).RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != http.StatusForbidden {
					t.Errorf("%s gets status %d, want 403", login, resp.StatusCode)
				}
			}
		})
	}
}

func (h *house) token(login string) string {
	h.t.Helper()
	token, err := h.accounts.StartSession(h.t.Context(), h.people[login].ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// A change that another site starts is refused, whichever way browsers say so;
// a program that sends none of their headers has no cookie to abuse.
func TestCrossSiteChangesAreRefused(t *testing.T) {
	h := newHouse(t, false)
	cases := []struct {
		name   string
		header map[string]string
		want   int
	}{
		{"same origin by fetch metadata", map[string]string{"Sec-Fetch-Site": "same-origin"}, 303},
		{"typed address", map[string]string{"Sec-Fetch-Site": "none"}, 303},
		{"same origin by origin", map[string]string{"Origin": "SELF"}, 303},
		{"same origin by referer", map[string]string{"Referer": "SELF/chat"}, 303},
		{"no header at all", nil, 303},
		{"cross-site", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"same-site neighbour", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"other origin", map[string]string{"Origin": "https://evil.example"}, 403},
		{"null origin", map[string]string{"Origin": "null"}, 403},
		{"other port", map[string]string{"Origin": "http://127.0.0.1:1"}, 403},
		{"old browser, other referer", map[string]string{"Referer": "https://evil.example/x"}, 403},
		{"old browser, referer that only begins like us", map[string]string{"Referer": "SELF.evil.example/"}, 403},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, path := range []string{"/logout", "/api/v1/reviews"} {
				req, _ := http.NewRequestWithContext(t.Context(), "POST", h.server.URL+path, strings.NewReader("{}"))
				req.AddCookie(&http.Cookie{Name: "advisor_session", Value: h.token("wangmin")})
				for k, v := range c.header {
					req.Header.Set(k, strings.ReplaceAll(v, "SELF", h.server.URL))
				}
				resp, err := (&http.Transport{}).RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				want := c.want
				if path != "/logout" && want == 303 {
					want = http.StatusNotFound // it got through: there is no such draft
				}
				if resp.StatusCode != want {
					t.Errorf("POST %s: want %d, got %d", path, want, resp.StatusCode)
				}
			}
		})
	}
}

// GET changes nothing: no form's address answers it.
func TestChangesTakePostOnly(t *testing.T) {
	h := newHouse(t, false)
	b := h.as("wangmin")
	for _, path := range []string{"/drafts/1/submit", "/reviews/1/vote", "/reviews/1/apply", "/logout", "/admin/accounts/chenlu/password"} {
		b.get(path, http.StatusMethodNotAllowed)
	}
}

const hostile = `<script>alert(1)</script><img src=x onerror=alert(1)>"'><svg/onload=alert(1)>{{.}}`

// What people and files say is shown as text, wherever it appears.
func TestHostileTextIsShownAsText(t *testing.T) {
	h := newHouse(t, false)
	importer := intake.New(h.db, h.rooms.Index, h.rooms.Now, h.rooms.Log)
	id, err := importer.ImportText(t.Context(), h.admin, "public", "hostile", corpus.Header{Title: "关于" + hostile + "的通知", DocNumber: hostile, Issuer: hostile, Effective: "2025-01-01"},
		"第一条 恶意标签管理部门应当在七日内清除"+hostile+"。\n\n第二条 恶意标签由网络管理部门负责登记。")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.rooms.Index.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := h.as("wangmin")
	pages := map[string]string{
		"answer":    b.post("/chat", url.Values{"question": {"恶意标签管理部门应当在几日内清除？" + hostile}}, http.StatusOK),
		"search":    b.get("/corpus?q="+url.QueryEscape("恶意标签 "+hostile), http.StatusOK),
		"list":      b.get("/corpus", http.StatusOK),
		"source":    b.get(fmt.Sprintf("/source?v=%d&p=%s&q=%s", id, url.QueryEscape("第一条"), url.QueryEscape(hostile)), http.StatusOK),
		"typed":     b.get("/chat?q="+url.QueryEscape(hostile), http.StatusOK),
		"bad date":  b.get("/corpus?on="+url.QueryEscape(hostile), http.StatusBadRequest),
		"login":     h.browser().post("/login", url.Values{"login": {hostile}, "password": {"x"}, "next": {"javascript:alert(1)"}}, http.StatusForbidden),
		"not there": b.get("/reviews/"+url.PathEscape(hostile), http.StatusNotFound),
	}
	for name, page := range pages {
		if strings.Contains(page, "<script>alert") || strings.Contains(page, "<img src=x") || strings.Contains(page, "<svg/onload") {
			t.Errorf("%s: the text became markup:\n%s", name, page)
		}
		if m := policy.FindString(stripText(page)); m != "" {
			t.Errorf("%s: the page has inline script or style: %q", name, m)
		}
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

// stripText leaves the tags, with attribute values of people's text emptied.
func stripText(page string) string {
	return regexp.MustCompile(`(value|href|data-source|title|placeholder)="[^"]*"`).ReplaceAllString(strings.Join(tags.FindAllString(page, -1), "\n"), "")
}

func TestRedirectsStayHere(t *testing.T) {
	h := newHouse(t, false)
	for _, next := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/login?next=/login", "\t//evil.example"} {
		jar, _ := cookiejar.New(nil)
		c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := c.PostForm(h.server.URL+"/login", url.Values{"login": {"wangmin"}, "password": {secret}, "next": {next}})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Location"); got != "/chat" {
			t.Errorf("next=%q leads to %q", next, got)
		}
		cookie := resp.Cookies()[0]
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" {
			t.Errorf("the session's cookie is too open: %+v", cookie)
		}
	}
}

// A token planted before sign-in is worth nothing after it, and signing out ends it for good.
func TestSessionsAreRenewedAndEnded(t *testing.T) {
	h := newHouse(t, false)
	jar, _ := cookiejar.New(nil)
	u, _ := url.Parse(h.server.URL)
	planted := h.token("chenlu")
	jar.SetCookies(u, []*http.Cookie{{Name: "advisor_session", Value: planted, Path: "/"}})
	b := &browser{h, &http.Client{Jar: jar}}
	b.post("/login", url.Values{"login": {"wangmin"}, "password": {secret}}, http.StatusOK)
	mine := jar.Cookies(u)[0].Value
	if mine == planted {
		t.Fatal("the planted token was kept")
	}
	if _, err := h.accounts.Session(t.Context(), planted); err == nil {
		t.Error("the planted session lives on")
	}
	b.post("/logout", nil, http.StatusOK)
	if _, err := h.accounts.Session(t.Context(), mine); err == nil {
		t.Error("the session survives signing out")
	}
}

// Whoever's password was reset gets no further than changing it.
func TestResetPasswordMustBeChanged(t *testing.T) {
	h := newHouse(t, false)
	admin := h.as("sunwei")
	page := admin.post("/admin/accounts/chenlu/password", nil, http.StatusOK)
	fresh := first(t, regexp.MustCompile(`<code class="secret">([^<]+)</code>`), page, "new password")
	b := h.browser()
	page = b.post("/login", url.Values{"login": {"chenlu"}, "password": {fresh}}, http.StatusOK)
	contains(t, page, "请先换一个只有自己知道的密码")
	contains(t, b.get("/corpus", http.StatusOK), "修改密码")
	contains(t, b.post("/password", url.Values{"old": {fresh}, "new": {"abc"}, "again": {"abc"}}, http.StatusBadRequest), "密码未被接受")
	page = b.post("/password", url.Values{"old": {fresh}, "new": {"river-lamp-5-cedar"}, "again": {"river-lamp-5-cedar"}}, http.StatusOK)
	contains(t, page, "密码已修改", "想办什么事")
}

// The interface for programs: the line by JSON, problems as promised.
func TestAPI(t *testing.T) {
	h := newHouse(t, false)
	keys := map[string]string{}
	for _, p := range people {
		key, err := h.accounts.AddKey(t.Context(), h.admin, p.Login, "测试")
		if err != nil {
			t.Fatal(err)
		}
		keys[p.Login] = key
	}
	call := func(login, method, path string, body any, want int, header ...string) map[string]any {
		t.Helper()
		data, _ := json.Marshal(body)
		req, _ := http.NewRequestWithContext(t.Context(), method, h.server.URL+path, bytes.NewReader(data))
		if login != "" {
			req.Header.Set("Authorization", "Bearer "+keys[login])
		}
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var got map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
			t.Fatalf("%s %s: not JSON: %v", method, path, err)
		}
		if resp.StatusCode != want {
			t.Fatalf("%s %s: want status %d, got %d: %v", method, path, want, resp.StatusCode, got)
		}
		if want >= 400 && (resp.Header.Get("Content-Type") != "application/problem+json" || got["code"] == "" || got["status"] != float64(want)) {
			t.Errorf("%s %s: not a problem: %v", method, path, got)
		}
		return got
	}
	type m = map[string]any
	call("", "GET", "/api/v1/reviews", nil, http.StatusUnauthorized)
	call("wangmin", "POST", "/mcp", nil, http.StatusBadRequest)
	call("wangmin", "GET", "/api/v1/none", nil, http.StatusNotFound)
	call("wangmin", "POST", "/api/v1/search", "not an object", http.StatusBadRequest)
	if hits := call("wangmin", "POST", "/api/v1/search", m{"query": "数据共享 答复", "k": 3}, 200)["hits"].([]any); len(hits) != 3 {
		t.Errorf("want 3 hits, got %d", len(hits))
	}
	answer := call("wangmin", "POST", "/api/v1/ask", m{"question": question}, 200)
	draft := answer["draft_id"].(string)
	review := call("wangmin", "POST", "/api/v1/reviews", m{"draft_id": draft}, http.StatusCreated, "Idempotency-Key", "one")
	again := call("wangmin", "POST", "/api/v1/reviews", m{"draft_id": draft}, http.StatusCreated, "Idempotency-Key", "one")
	if review["review_id"] != again["review_id"] {
		t.Errorf("the same key made two reviews: %v, %v", review["review_id"], again["review_id"])
	}
	call("wangmin", "POST", "/api/v1/reviews", m{"draft_id": draft + "0"}, http.StatusConflict, "Idempotency-Key", "one")
	call("wangmin", "POST", "/api/v1/reviews", m{"draft_id": draft}, http.StatusConflict)
	if got := call("wangmin", "GET", "/api/v1/drafts/"+draft, nil, 200); got["review_id"] != review["review_id"] {
		t.Errorf("want the draft's review %v, got %v", review["review_id"], got["review_id"])
	}
	path := "/api/v1/reviews/" + review["review_id"].(string)
	call("zhoujing", "POST", path+"/route", m{"experts": []string{"liangqiwen", "qinzheng", "bairuolan"}}, 200)
	if got := call("qinzheng", "GET", path, nil, 200); got["draft"] != nil {
		t.Error("the draft lies open before the declaration")
	}
	for _, e := range []string{"liangqiwen", "qinzheng", "bairuolan"} {
		call(e, "POST", path+"/declarations", m{"conflict": "none"}, 200)
	}
	stale := call("qinzheng", "POST", path+"/ballots", m{"hash": "sha256:00", "score": 2}, http.StatusConflict)
	if stale["code"] != "stale-hash" || stale["now"] != review["hash"] {
		t.Errorf("want the present hash named, got %v", stale)
	}
	for _, e := range []string{"liangqiwen", "qinzheng", "bairuolan"} {
		call(e, "POST", path+"/ballots", m{"hash": review["hash"], "score": 1}, 200, "Idempotency-Key", e)
	}
	call("zhoujing", "POST", path+"/close", m{"hash": review["hash"]}, 200)
	call("wangmin", "POST", path+"/apply", m{"hash": review["hash"]}, http.StatusForbidden)
	done := call("shenliyan", "POST", path+"/apply", m{"hash": review["hash"]}, 200, "Idempotency-Key", "a")
	call("shenliyan", "POST", path+"/apply", m{"hash": review["hash"]}, 200, "Idempotency-Key", "a")
	call("shenliyan", "POST", path+"/apply", m{"hash": review["hash"]}, http.StatusConflict)
	call("shenliyan", "GET", done["receipt"].(string), nil, 200)
	call("gaozheng", "GET", "/api/v1/applications/"+done["application_id"].(string), nil, 200)
	checkpoint := call("gaozheng", "GET", "/api/v1/audit/checkpoint", nil, 200)
	call("gaozheng", "GET", fmt.Sprintf("/api/v1/audit/proof?older=1&newer=%v", checkpoint["size"]), nil, 200)
	call("gaozheng", "GET", "/api/v1/audit/proof?older=1&newer=999999", nil, http.StatusNotFound)
	call("", "GET", "/readyz", nil, 200)
	if paths := call("", "GET", "/api/openapi.json", nil, 200)["paths"].(m); len(paths) < 25 {
		t.Errorf("want every address described, got %d", len(paths))
	}
	documents := call("wangmin", "GET", "/api/v1/documents?limit=2", nil, 200)
	if documents["next"] == "" || len(documents["documents"].([]any)) != 2 {
		t.Errorf("want a page of two and a cursor, got %v", documents)
	}
}

// A stream tells what happens, and tells it again from where a reader lost it.
func TestStream(t *testing.T) {
	h := newHouse(t, false)
	b := h.as("wangmin")
	get := func(last string) string {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", h.server.URL+"/api/v1/asks/1/events", nil)
		req.Header.Set("Last-Event-ID", last)
		resp, err := b.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var buf bytes.Buffer
		_, _ = buf.ReadFrom(resp.Body)
		return buf.String()
	}
	body, _ := json.Marshal(map[string]any{"question": question, "stream": true})
	resp, err := b.client.Post(h.server.URL+"/api/v1/ask", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var buf bytes.Buffer
	_, _ = buf.ReadFrom(resp.Body)
	whole := buf.String()
	for _, want := range []string{"event: started", `"ask_id":"1"`, "event: stage", "event: hit", "event: draft", "event: done"} {
		if !strings.Contains(whole, want) {
			t.Errorf("want %q in the stream:\n%s", want, whole)
		}
	}
	if again := get(""); again != whole {
		t.Errorf("want the same stream again, got:\n%s", again)
	}
	if rest := get("3"); !strings.HasPrefix(rest, "id: 4\n") || !strings.HasSuffix(whole, rest) {
		t.Errorf("want the rest from event 4, got:\n%s", rest)
	}
	other := h.as("chenlu")
	req, _ := http.NewRequestWithContext(t.Context(), "GET", h.server.URL+"/api/v1/asks/1/events", nil)
	resp, err = other.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("another's run answers %d, want 404", resp.StatusCode)
	}
}
