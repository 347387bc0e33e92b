package web_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"advisor/accounts"
	"advisor/advice"
	"advisor/audit"
	"advisor/chat"
	"advisor/corpus"
	"advisor/embed/static"
	"advisor/experts"
	"advisor/intake"
	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/llm"
	"advisor/notify"
	"advisor/retrieval"
	"advisor/sample"
	"advisor/segment"
	"advisor/web"
)

const secret = "kiwi-plane-7-otter"

// house is the sample city's office with its pages, on a database of its own.
type house struct {
	t        testing.TB
	db       *db.DB
	accounts *accounts.Store
	desk     *experts.Desk
	chat     *chat.Chat
	notices  *notify.Room
	admin    accounts.Account
	people   map[string]accounts.Account
	rooms    web.Rooms
	server   *httptest.Server
	conns    *conns
}

// conns counts the server's open connections.
type conns struct {
	mu  sync.Mutex
	all map[net.Conn]bool
}

func (c *conns) state(conn net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s == http.StateClosed || s == http.StateHijacked {
		delete(c.all, conn)
	} else {
		c.all[conn] = true
	}
}

func (c *conns) open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.all)
}

// people are the accounts of the story: login, name, department, roles.
var people = []accounts.NewAccount{
	{Login: "wangmin", Name: "王敏", Department: "大数据中心", Organisation: "云川市人民政府", Roles: []string{"asker"}},
	{Login: "chenlu", Name: "陈璐", Department: "经济发展局", Organisation: "云川市人民政府", Roles: []string{"asker"}},
	{Login: "zhoujing", Name: "周静", Department: "智慧城市中心", Organisation: "云川市人民政府", Roles: []string{"secretary"}},
	{Login: "shenliyan", Name: "沈立言", Department: "市政府", Organisation: "云川市人民政府", Roles: []string{"decider"}},
	{Login: "liangqiwen", Name: "梁启文", Department: "数据资源处", Organisation: "东岭省大数据发展管理局", Roles: []string{"expert"}},
	{Login: "qinzheng", Name: "秦正", Organisation: "东岭衡正律师事务所", Roles: []string{"expert"}},
	{Login: "bairuolan", Name: "白若兰", Department: "信息工程学院", Organisation: "海州理工学院", Roles: []string{"expert"}},
	{Login: "qiuming", Name: "邱明", Department: "审批服务科", Organisation: "澄湖县行政审批局", Roles: []string{"expert"}},
	{Login: "gaozheng", Name: "高正", Department: "党政综合办公室", Organisation: "云川市人民政府", Roles: []string{"auditor"}},
	{Login: "linshu", Name: "林舒", Department: "党政综合办公室", Organisation: "云川市人民政府", Roles: []string{"keeper"}},
	{Login: "sunwei", Name: "孙巍", Department: "智慧城市中心", Organisation: "云川市人民政府", Roles: []string{"admin"}},
}

// newHouse opens every room on a fresh database; empty leaves it without people and documents.
func newHouse(t testing.TB, empty bool) *house {
	t.Helper()
	return newHouseWith(t, empty, nil)
}

// newHouseWith is newHouse with a model.
func newHouseWith(t testing.TB, empty bool, model llm.Generator) *house {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	start, began := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC), time.Now()
	now := func() time.Time { return start.Add(time.Since(began)) }
	log := slog.New(slog.DiscardHandler)
	h := &house{t: t, db: dbtest.New(t), people: map[string]accounts.Account{}}
	h.accounts = accounts.New(h.db, now)
	words, err := segment.Default()
	must(err)
	vectors, err := static.New()
	must(err)
	index, err := retrieval.Open(t.Context(), h.db, vectors, words, t.TempDir(), log)
	must(err)
	t.Cleanup(func() { _ = index.Close(context.WithoutCancel(t.Context())) })
	key, err := audit.OpenKey(t.TempDir())
	must(err)
	advisor := advice.New(h.db, index, model, words, now, log)
	h.chat = chat.New(h.db, advisor, now, log)
	t.Cleanup(func() { _ = h.chat.Close(context.WithoutCancel(t.Context())) })
	h.desk = experts.New(experts.Config{DB: h.db, Check: advisor, Key: key, Now: now, Log: log})
	h.notices = notify.New(notify.Config{DB: h.db, Now: now})
	h.rooms = web.Rooms{Notices: h.notices, Accounts: h.accounts, Advisor: advisor, Chat: h.chat, Desk: h.desk, Index: index, Importer: intake.New(h.db, index, now, log), Segmenter: words,
		Library: corpus.Library{DB: h.db}, Dictionary: corpus.Dictionary{DB: h.db, Now: now}, Witness: audit.Witness{DB: h.db, Key: key, Now: now}, Now: now, Log: log}
	if !empty {
		h.furnish(intake.New(h.db, index, now, log))
		must(index.Sync(t.Context()))
	}
	pages, err := web.New(h.rooms)
	must(err)
	h.conns = &conns{all: map[net.Conn]bool{}}
	h.server = httptest.NewUnstartedServer(pages.Handler())
	h.server.Config.ConnState = h.conns.state
	h.server.Start()
	t.Cleanup(h.server.Close)
	return h
}

func (h *house) furnish(importer *intake.Importer) {
	t := h.t
	t.Helper()
	var err error
	if h.admin, err = h.accounts.Local(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	for _, scope := range []string{"enforcement", "datasec"} {
		if err := h.accounts.AddScope(t.Context(), h.admin, accounts.Scope{Name: scope, Label: scope}); err != nil {
			t.Fatal(err)
		}
	}
	if h.admin, err = h.accounts.Local(t.Context(), ""); err != nil { // again: it sees the new scopes
		t.Fatal(err)
	}
	for _, p := range people {
		p.Password = secret
		a, err := h.accounts.Create(t.Context(), h.admin, p)
		if err != nil {
			t.Fatal(err)
		}
		h.people[p.Login] = a
		if a.Has(accounts.Expert) {
			_, err := h.desk.AddExpert(t.Context(), h.admin, experts.Expert{Login: a.Login, Kind: "vertical", Organisation: a.Organisation, Title: "委员", Domains: []string{"公共数据"}})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	dir := t.TempDir()
	manifest, err := sample.Unpack(dir)
	if err != nil {
		t.Fatal(err)
	}
	report, err := importer.Import(t.Context(), h.admin, intake.Options{Paths: []string{dir}, Scope: accounts.PublicScope, Manifest: manifest})
	if err != nil {
		t.Fatal(err)
	}
	if report.Documents.Added < 10 {
		t.Fatalf("want the sample's documents, got %+v", report)
	}
}

// browser is a person at a browser without script.
type browser struct {
	h      *house
	client *http.Client
}

func (h *house) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{h, &http.Client{Jar: jar}}
}

// as signs in.
func (h *house) as(login string) *browser {
	h.t.Helper()
	b := h.browser()
	page := b.post("/login", url.Values{"login": {login}, "password": {secret}}, http.StatusOK)
	if !strings.Contains(page, h.people[login].Name) {
		h.t.Fatalf("%s is not signed in:\n%s", login, page)
	}
	return b
}

func (b *browser) get(path string, want int) string {
	b.h.t.Helper()
	return b.do("GET", path, nil, want)
}

func (b *browser) post(path string, form url.Values, want int) string {
	b.h.t.Helper()
	return b.do("POST", path, form, want)
}

func (b *browser) do(method, path string, form url.Values, want int) string {
	b.h.t.Helper()
	req, err := http.NewRequestWithContext(b.h.t.Context(), method, b.h.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.h.t.Fatal(err)
	}
	if method == "POST" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", b.h.server.URL)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	if resp.StatusCode != want {
		b.h.t.Fatalf("%s %s: want status %d, got %d\n%s", method, path, want, resp.StatusCode, body)
	}
	return string(body)
}
