// Package web is the pages: what people read, click and print. It composes the
// rooms, a chat turn with its review's state, a review with the words it rests
// on, and renders them on the server. Everything works without script; the few
// modules under static add streaming, the keyboard and the source beside.
//
// It holds no rule of the office's work. What may be done is asked of the rooms,
// and a refusal is shown in the room's own words.
package web

import (
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"advisor/accounts"
	"advisor/intake"
	"advisor/internal/problem"
	"advisor/web/api"
)

//go:embed static templates
var files embed.FS

// maxForm is how much a form may send. A question may be long and each Chinese
// character is nine bytes in a form; the rooms say what is too long for them.
const maxForm = 4 << 20

// Server serves the pages and, under /api, the interface for programs.
type Server struct {
	rooms  Rooms
	api    *api.API
	views  map[string]view
	assets map[string]asset
}

// New makes a Server. It parses every template, so a broken one stops the start.
func New(rooms Rooms) (*Server, error) {
	s := &Server{rooms: rooms}
	var err error
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if s.views, err = s.loadViews(); err != nil {
		return nil, err
	}
	s.api = api.New(rooms.forAPI())
	return s, nil
}

// route is one address: who may come, and what answers. Tests walk the list.
type route struct {
	pattern string
	open    bool     // strangers too
	roles   []string // one of these; none listed: anybody signed in
	files   bool     // takes files, as a form
	do      func(s *Server, w http.ResponseWriter, r *http.Request, actor accounts.Account) error
}

// Handler is the whole site.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range routes {
		mux.Handle(rt.pattern, s.serve(rt))
	}
	mux.Handle("GET /static/", http.HandlerFunc(s.static))
	s.api.Mount(mux)
	if s.rooms.Development {
		mux.Handle("GET /gallery/{name}", http.HandlerFunc(s.gallery))
	}
	return s.guard(mux)
}

// guard sets the headers of every answer and stops cross-site changes.
func (s *Server) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	if s.rooms.PublicURL != "" {
		// A wrong address was refused at start; here it would only be ignored.
		_ = cross.AddTrustedOrigin(strings.TrimSuffix(s.rooms.PublicURL, "/"))
	}
	cross.SetDenyHandler(http.HandlerFunc(s.denied))
	next = cross.Handler(refererCheck(next, http.HandlerFunc(s.denied)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cache-Control", "no-store")
		if s.secure() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		start := time.Now()
		next.ServeHTTP(w, r)
		s.rooms.Log.Debug("request", "method", r.Method, "path", r.URL.Path, "took", time.Since(start))
	})
}

// refererCheck covers what http.CrossOriginProtection lets through: an old
// browser that sends neither Sec-Fetch-Site nor Origin, but a Referer of another site.
func refererCheck(next, deny http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
		if !safe && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
			if ref := r.Header.Get("Referer"); ref != "" {
				u, err := url.Parse(ref)
				if err != nil || u.Host != r.Host {
					deny.ServeHTTP(w, r)
					return
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

var errCrossSite = problem.New(problem.Refused, "cross-site", "没有受理", "这个操作是从别的网站发起的", "请在本系统的页面里重新操作")

func (s *Server) denied(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/v1/") {
		api.WriteProblem(w, errCrossSite)
		return
	}
	s.fail(w, r, accounts.Account{}, errCrossSite)
}

// serve wraps a page's handler: who is it, may they, and what if it fails.
func (s *Server) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most := int64(maxForm)
		if rt.files {
			most = intake.MaxUpload
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		actor, err := s.api.Actor(r)
		var p *problem.Problem
		if err != nil && !errors.As(err, &p) {
			s.fail(w, r, actor, err)
			return
		}
		if !rt.open && err != nil {
			s.toSignIn(w, r)
			return
		}
		if actor.MustChange && !rt.open && r.URL.Path != "/password" && r.URL.Path != "/logout" {
			http.Redirect(w, r, "/password", http.StatusSeeOther)
			return
		}
		if len(rt.roles) > 0 && !slices.ContainsFunc(rt.roles, actor.Has) {
			s.fail(w, r, actor, errRole)
			return
		}
		if r.Method == http.MethodPost {
			if err := r.ParseForm(); err != nil {
				s.fail(w, r, actor, problem.New(problem.Invalid, "bad-form", "没有受理", "表单过大或格式有误", "请缩短内容后再试").Because(err))
				return
			}
		}
		if err := rt.do(s, w, r, actor); err != nil {
			s.fail(w, r, actor, err)
		}
	})
}

var errRole = problem.New(problem.Refused, "not-allowed", "不能打开这一页", "您的岗位没有办理此事的权限", "如确有需要，请联系本单位系统管理员")

// toSignIn sends a stranger to sign in, or to the first day when there is no administrator yet.
func (s *Server) toSignIn(w http.ResponseWriter, r *http.Request) {
	needed, err := s.rooms.Accounts.NeedsSetup(r.Context())
	if err != nil {
		s.fail(w, r, accounts.Account{}, err)
		return
	}
	if needed {
		http.Redirect(w, r, "/setup", http.StatusSeeOther)
		return
	}
	next := "/chat"
	if r.Method == http.MethodGet {
		next = r.URL.RequestURI()
	}
	http.Redirect(w, r, "/login?next="+url.QueryEscape(next), http.StatusSeeOther)
}

func (s *Server) secure() bool { return strings.HasPrefix(s.rooms.PublicURL, "https://") }

func (s *Server) log() *slog.Logger { return s.rooms.Log }
