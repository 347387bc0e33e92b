package web_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"advisor/web"
)

// Two worlds: the office as it is, and a twin from which everything has been
// removed that an account may not see. Whatever that account asks for, the two
// must answer alike: every page, address, stream and export of the router's own
// lists, every count and facet in them. A place where they differ tells
// something of what is hidden. Times, signatures and ids drawn at random are
// blotted out; row numbers are the same in both worlds by construction.
func TestTwoWorlds(t *testing.T) {
	for _, c := range []struct {
		login  string
		scopes []string
	}{
		{"wangmin", nil},
		{"chenlu", []string{"enforcement"}},
		{"zhoujing", []string{"datasec"}},
	} {
		t.Run(c.login, func(t *testing.T) {
			whole, twin := newWorld(t, c.login, c.scopes), newWorld(t, c.login, c.scopes)
			hidden := twin.remove(t, append([]string{"public"}, c.scopes...))
			if len(hidden) == 0 {
				t.Fatal("want documents that the account may not see")
			}
			asked := 0
			for _, r := range whole.requests(t, hidden) {
				a, b := whole.answer(t, r), twin.answer(t, r)
				asked++
				if a != b {
					t.Errorf("%s %s %s: the worlds differ\n%s", r.method, r.path, r.body, apart(a, b))
				}
			}
			if asked < 150 {
				t.Fatalf("want every route asked, got %d requests", asked)
			}
		})
	}
}

// world is a house with one person at the door.
type world struct {
	*house
	login, token string
}

func newWorld(t *testing.T, login string, scopes []string) *world {
	t.Helper()
	// One reader imports in the manifest's order, so that both worlds number alike.
	before := runtime.GOMAXPROCS(1)
	h := newHouse(t, false)
	runtime.GOMAXPROCS(before)
	if err := h.accounts.SetScopes(t.Context(), h.admin, login, scopes); err != nil {
		t.Fatal(err)
	}
	return &world{h, login, h.token(login)}
}

// remove takes everything out of the other scopes, and gives the numbers of the
// documents and versions that went.
func (w *world) remove(t *testing.T, visible []string) (hidden []int64) {
	t.Helper()
	pool, err := w.db.Owner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run := func(sql string) {
		if _, err := pool.Exec(t.Context(), sql, visible); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	rows, err := pool.Query(t.Context(), `select id from document where scope <> all ($1) union select id from version where scope <> all ($1)`, visible)
	if err != nil {
		t.Fatal(err)
	}
	if hidden, err = pgx.CollectRows(rows, pgx.RowTo[int64]); err != nil {
		t.Fatal(err)
	}
	// The index is told first, while there is still a version to name.
	run(`insert into corpus_change (seq, version_id) select (select max(seq) + 1 from corpus_change), id from version where scope <> all ($1)`)
	run(`delete from passage where scope <> all ($1)`)
	run(`delete from provision where scope <> all ($1)`)
	if err := w.rooms.Index.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	run(`delete from version where scope <> all ($1)`)
	run(`delete from document where scope <> all ($1)`)
	run(`delete from account_scope where scope <> all ($1)`)
	run(`delete from scope where name <> all ($1)`)
	return hidden
}

type request struct{ method, path, kind, body string }

// passed over are addresses whose answer is no reading of the corpus, or ends
// the session that asks.
var passedOver = []string{"/login", "/logout", "/setup", "/password", "/static/", "/metrics", "/api/v1/asks/{ask_id}",
	"/api/v1/audit/checkpoint"} // signed with each world's own key; its size is that of the log, which nobody's rights change

// requests are all the addresses there are, those with a number in them asked
// for hidden and visible ones.
func (w *world) requests(t *testing.T, hidden []int64) (all []request) {
	t.Helper()
	numbers := []string{"1", "7"}
	for _, id := range hidden {
		numbers = append(numbers, fmt.Sprint(id))
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	// Questions first: what they leave behind is then read as pages and exports.
	for _, q := range []string{"案件内部审核", "执法案件审核的时限", "数据安全事件怎样处置", "云数发〔2024〕2号", "《云川市综合行政执法案件内部审核工作规程》第三条", "数据提供部门应当在几个工作日内答复", "证据材料缺失怎么办"} {
		for _, mode := range []string{"hybrid", "lexical", "vector"} {
			all = append(all, request{"POST", "/api/v1/search", "application/json", object(t, map[string]any{"query": q, "mode": mode, "k": 20})})
		}
		all = append(all, request{"POST", "/api/v1/ask", "application/json", object(t, map[string]any{"question": q})},
			request{"POST", "/api/v1/ask", "application/json", object(t, map[string]any{"question": q, "stream": true})},
			request{"POST", "/v1/chat/completions", "application/json", object(t, map[string]any{"model": "advisor", "messages": []any{map[string]string{"role": "user", "content": q}}})},
			request{"POST", "/chat", "application/x-www-form-urlencoded", "question=" + q},
			request{"GET", "/corpus?words=" + q, "", ""}, request{"GET", "/corpus?q=" + q, "", ""},
			request{"GET", "/api/v1/documents?words=" + q, "", ""})
	}
	for _, scope := range []string{"public", "enforcement", "datasec"} {
		all = append(all, request{"GET", "/corpus?scope=" + scope, "", ""}, request{"GET", "/api/v1/documents?scope=" + scope, "", ""})
	}
	for _, call := range []map[string]any{
		{"name": "search_policies", "arguments": map[string]any{"query": "案件内部审核"}},
		{"name": "get_provision", "arguments": map[string]any{"document_id": fmt.Sprint(hidden[0]), "provision": "第三条"}},
		{"name": "get_provision", "arguments": map[string]any{"document_id": "1", "provision": "第三条"}},
	} {
		all = append(all, request{"POST", "/mcp", "application/json", object(t, map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})})
	}
	for _, pattern := range w.patterns(t) {
		method, path, _ := strings.Cut(pattern, " ")
		if slices.ContainsFunc(passedOver, func(p string) bool { return strings.HasPrefix(path, p) }) {
			continue
		}
		for _, n := range numbers {
			filled := hole.ReplaceAllString(strings.ReplaceAll(path, "{$}", ""), n)
			r := request{method, filled, "", ""}
			if method != "GET" {
				r.kind, r.body = "application/x-www-form-urlencoded", "document="+n+"&version="+n
				if strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/v1/") || path == "/mcp" {
					r.kind, r.body = "application/json", "{}"
				}
			}
			all = append(all, r)
			if filled == path {
				break
			}
		}
	}
	return all
}

var hole = regexp.MustCompile(`\{[^}]*\}`)

// patterns is the router's own list: pages and forms, and what OpenAPI names.
func (w *world) patterns(t *testing.T) (all []string) {
	t.Helper()
	for _, r := range web.Routes() {
		all = append(all, r.Pattern)
	}
	_, body := w.send(t, request{"GET", "/api/openapi.json", "", ""})
	var spec struct {
		Paths map[string]map[string]any
	}
	if err := json.Unmarshal([]byte(body), &spec); err != nil || len(spec.Paths) < 20 {
		t.Fatalf("want the addresses of OpenAPI, got %d, %v", len(spec.Paths), err)
	}
	for path, methods := range spec.Paths {
		for method := range methods {
			all = append(all, strings.ToUpper(method)+" "+path)
		}
	}
	slices.SortFunc(all, func(a, b string) int { // POST after GET, in a fixed order
		return strings.Compare(a, b)
	})
	return all
}

func object(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (w *world) send(t *testing.T, r request) (status int, body string) {
	t.Helper()
	path, query, _ := strings.Cut(r.path, "?")
	req, err := http.NewRequestWithContext(t.Context(), r.method, w.server.URL+path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if key, value, ok := strings.Cut(query, "="); ok {
		q := req.URL.Query()
		q.Set(key, value)
		req.URL.RawQuery = q.Encode()
	}
	if r.kind != "" {
		req.Header.Set("Content-Type", r.kind)
		req.Header.Set("Origin", w.server.URL)
		req.Header.Set("Accept", "application/json, text/event-stream, text/html")
	}
	req.AddCookie(&http.Cookie{Name: "advisor_session", Value: w.token})
	resp, err := (&http.Transport{}).RoundTrip(req)
	if err != nil {
		t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	return resp.StatusCode, resp.Header.Get("Location") + "\n" + string(b)
}

// blots are what may differ: times, what is drawn at random, and what is signed
// with the world's own key.
var blots = []*regexp.Regexp{
	regexp.MustCompile(`"(took_ms|lexical_ms|vector_ms|created|seconds)":[0-9.e+-]+`),
	regexp.MustCompile(`http://127\.0\.0\.1:\d+`),
	regexp.MustCompile(`20\d\d-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)`),
	regexp.MustCompile(`20\d\d年\d+月\d+日 ?\d\d:\d\d(:\d\d)?`),
	regexp.MustCompile(`用时 ?[0-9.]+ ?(毫秒|秒)|[0-9.]+ (毫秒|秒)`),
	regexp.MustCompile(`\b[0-9a-f]{16,64}\b`),
	regexp.MustCompile(`[A-Za-z0-9_-]{22,}={0,2}`),
	regexp.MustCompile(`[A-Za-z0-9+/]{40,}={0,2}`),
}

func (w *world) answer(t *testing.T, r request) string {
	status, body := w.send(t, r)
	for _, b := range blots {
		body = b.ReplaceAllString(body, "·")
	}
	return fmt.Sprintf("%d %s", status, body)
}

// apart shows the first place where two answers differ.
func apart(a, b string) string {
	x, y := []rune(a), []rune(b)
	i := 0
	for i < len(x) && i < len(y) && x[i] == y[i] {
		i++
	}
	cut := func(s []rune) string { return string(s[max(0, i-120):min(len(s), i+160)]) }
	return fmt.Sprintf("as it is:    …%s…\nwithout it:  …%s…", cut(x), cut(y))
}
