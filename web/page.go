package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/internal/problem"
)

// Page is what every page shows; each page's struct embeds it.
type Page struct {
	Title   string
	Section string
	Account *accounts.Account // nil for a stranger
	Nav     []NavItem
	Done    string           // what was just done
	Problem *problem.Problem // what was just refused
}

// NavItem is one entry of the main navigation.
type NavItem struct {
	Name, Href string
	Current    bool
	Count      int    // what waits for me there
	What       string // what is counted; empty: 轮到我
}

// done are the sentences that a redirect may ask the next page to show. The
// address names one by its key, so nobody can put words into the page by a link.
var done = map[string]string{
	"submitted": "已提交审议，专委会秘书处将组成专家组。", "declared": "已申报，材料已向您打开。", "recused": "已申报利益冲突，您在本件中回避。",
	"voted": "表决已提交。", "edited": "已保存为新的一稿。对全文的表决失效，须重新表决；没有改动的论断，原有批注沿用。", "routed": "专家组已组成。", "returned": "已退回。", "rejected": "已否决。",
	"withdrawn": "已撤回。", "opined": "意见已提出。", "disposed": "意见已答复。", "closed": "本轮已结束，建议稿审议通过。", "applied": "已采纳落实，并登记在台账。",
	"password": "密码已修改。", "saved": "已保存。", "ended": "已退出该账号的全部登录。", "revoked": "密钥已停用。", "out": "已退出登录。",
	"validity": "效力核定已登记。", "received": "文件已接收，正在办理。", "cancel": "已取消。", "retry": "已重新排队。", "rated": "评价已记下，谢谢。",
	"again": "已开始再次表决，各位专家将收到通知。", "delegated": "已委托他人，您在本件中不再表决。", "referred": "已送合法性审查。", "decided": "决定已登记。", "redrafted": "已按退回意见重拟，下面是新稿；提交审议时，附有逐条落实情况。", "formatted": "已保存。只调整了格式，原有表决继续有效。", "renewed": "已发起新一轮审议，请组成专家组。", "suspended": "已中止执行。", "resumed": "已恢复执行。", "retired": "已终止执行。",
}

// page begins a page.
func (s *Server) page(r *http.Request, actor accounts.Account, section, title string) Page {
	p := Page{Title: title, Section: section, Done: done[r.URL.Query().Get("done")]}
	if actor.ID == 0 {
		return p
	}
	p.Account = &actor
	p.Nav = []NavItem{{Name: "提问", Href: "/chat"}, {Name: "审议", Href: "/reviews", Count: s.waiting(r, actor)},
		{Name: "台账", Href: "/ledger"}, {Name: "文件库", Href: "/corpus"}}
	if actor.Has(accounts.Admin) {
		p.Nav = append(p.Nav, NavItem{Name: "账号", Href: "/admin"})
	}
	if s.rooms.Notices != nil {
		p.Nav = append(p.Nav, NavItem{Name: "通知", Href: "/notices", Count: s.unread(r, actor), What: "未读"})
	}
	for i := range p.Nav {
		p.Nav[i].Current = p.Nav[i].Href == "/"+section
	}
	return p
}

// view is one parsed page.
type view = *template.Template

func (s *Server) loadViews() (map[string]view, error) {
	funcs := template.FuncMap{
		"asset": func(name string) string { return s.assets[name].href },
		"role":  accounts.RoleName, "short": short, "when": when,
	}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	views := map[string]view{}
	for _, file := range names {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "base" || name == "draft" {
			continue
		}
		// source before the page: a page that shows sources beside may use its part,
		// and defines its own main over it.
		t, err := template.New(name).Funcs(funcs).ParseFS(files, "templates/base.html", "templates/draft.html", file)
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		views[name] = t
	}
	return views, nil
}

// show renders a page whole before the first byte leaves, so that a template's
// failure becomes an error page and not half a page.
func (s *Server) show(w http.ResponseWriter, status int, name string, data any) error {
	return s.showPart(w, status, name, "base", data)
}

func (s *Server) showPart(w http.ResponseWriter, status int, name, part string, data any) error {
	t, ok := s.views[name]
	if !ok {
		return fmt.Errorf("no template %q", name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, part, data); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := b.WriteTo(w)
	if err != nil {
		s.log().Debug("reader gone", "page", name, "error", err)
	}
	return nil
}

// errorPage says what went wrong and gives back what was typed.
type errorPage struct {
	Page
	Kept, Back string
}

// fail answers with the error's own sentence; what is no Problem is the
// operators' matter and people get a plain one.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, actor accounts.Account, err error) {
	var p *problem.Problem
	if !errors.As(err, &p) {
		if r.Context().Err() != nil {
			return // nobody reads it
		}
		s.log().Error("page failed", "path", r.URL.Path, "error", err)
		p = problem.New(problem.Failed, "failed", "操作未完成", "系统内部出错，已记录", "请稍后重试；仍不成功请联系系统管理员")
	} else if p.Err != nil {
		s.log().Info("refused", "path", r.URL.Path, "code", p.Code, "error", p.Err)
	}
	page := errorPage{Page: s.page(r, actor, "", p.What), Kept: typed(r), Back: back(r)}
	page.Problem = p
	if err := s.show(w, problem.HTTP(p), "error", page); err != nil {
		s.log().Error("error page failed", "error", err)
		http.Error(w, p.Error(), problem.HTTP(p))
	}
}

// typed gathers the long texts of a form, which must not be lost.
func typed(r *http.Request) string {
	if r.Method != http.MethodPost {
		return ""
	}
	var kept []string
	for _, name := range []string{"question", "text", "reason", "conclusion"} {
		if v := strings.TrimSpace(r.PostFormValue(name)); v != "" {
			kept = append(kept, v)
		}
	}
	return strings.Join(kept, "\n\n")
}

// back is where the reader came from, if it was here.
func back(r *http.Request) string {
	ref := r.Referer()
	if _, rest, ok := strings.Cut(ref, "://"+r.Host+"/"); ok && !strings.HasPrefix(rest, "/") {
		return "/" + rest
	}
	return "/chat"
}

func see(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// when writes a time as people there read it.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(corpus.Zone).Format("2006-01-02 15:04")
}

// short is a hash as people compare it.
func short(hash string) string {
	hash = strings.TrimPrefix(hash, "sha256:")
	if len(hash) < 12 {
		return hash
	}
	return hash[:4] + "…" + hash[len(hash)-4:]
}

// asset is one static file under an address that changes with its content.
type asset struct {
	href, kind string
	body       []byte
}

func loadAssets() (map[string]asset, error) {
	all := map[string]asset{}
	entries, err := fs.ReadDir(files, "static")
	if err != nil {
		return nil, err
	}
	// One sum over all files: modules name each other without a version.
	sum := sha256.New()
	for _, e := range entries {
		body, err := files.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, err
		}
		sum.Write(body)
		kind := mime.TypeByExtension(path.Ext(e.Name()))
		if path.Ext(e.Name()) == ".js" {
			kind = "text/javascript; charset=utf-8"
		}
		all[e.Name()] = asset{kind: kind, body: body}
	}
	version := hex.EncodeToString(sum.Sum(nil))[:12]
	for name, a := range all {
		a.href = "/static/" + version + "/" + name
		all[name] = a
	}
	return all, nil
}

func (s *Server) static(w http.ResponseWriter, r *http.Request) {
	a, ok := s.assets[path.Base(r.URL.Path)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	if r.URL.Path == a.href {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
}

// home sends everybody to what they do most.
func (s *Server) home(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	for _, role := range []string{accounts.Expert, accounts.Secretary, accounts.Chair} {
		if actor.Has(role) && !actor.Has(accounts.Asker) {
			return see(w, r, "/reviews")
		}
	}
	return see(w, r, "/chat")
}
