package web

import (
	"net/http"
	"strings"

	"advisor/accounts"
	"advisor/internal/problem"
	"advisor/web/api"
)

type loginPage struct {
	Page
	Office      accounts.Office
	Login, Next string
}

func (s *Server) loginForm(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	if actor.ID != 0 {
		return see(w, r, local(r.URL.Query().Get("next")))
	}
	if needed, err := s.rooms.Accounts.NeedsSetup(r.Context()); err != nil || needed {
		if err != nil {
			return err
		}
		return see(w, r, "/setup")
	}
	return s.showLogin(w, r, r.URL.Query().Get("next"), "", nil)
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request, next, login string, p *problem.Problem) error {
	office, err := s.rooms.Accounts.Office(r.Context())
	if err != nil {
		return err
	}
	page := loginPage{Page: s.page(r, accounts.Account{}, "", "登录"), Office: office, Login: login, Next: local(next)}
	page.Problem = p
	return s.show(w, problem.HTTP(errOrNil(p)), "login", page)
}

// errOrNil keeps a nil *Problem from becoming a non-nil error.
func errOrNil(p *problem.Problem) error {
	if p == nil {
		return nil
	}
	return p
}

func (s *Server) login(w http.ResponseWriter, r *http.Request, _ accounts.Account) error {
	login, next := strings.TrimSpace(r.PostFormValue("login")), r.PostFormValue("next")
	account, err := s.rooms.Accounts.Authenticate(r.Context(), login, r.PostFormValue("password"), r.RemoteAddr)
	if err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		s.log().Info("sign-in refused", "from", r.RemoteAddr, "error", p.Err)
		return s.showLogin(w, r, next, login, p)
	}
	if err := s.startSession(w, r, account); err != nil {
		return err
	}
	return see(w, r, local(next))
}

// startSession ends whatever session the browser had and gives it a new one.
func (s *Server) startSession(w http.ResponseWriter, r *http.Request, account accounts.Account) error {
	if c, err := r.Cookie(s.api.CookieName()); err == nil {
		if err := s.rooms.Accounts.EndSession(r.Context(), c.Value); err != nil {
			return err
		}
	}
	token, err := s.rooms.Accounts.StartSession(r.Context(), account.ID)
	if err != nil {
		return err
	}
	http.SetCookie(w, s.cookie(token, 0))
	return nil
}

func (s *Server) cookie(token string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: s.api.CookieName(), Value: token, Path: "/", MaxAge: maxAge, HttpOnly: true,
		Secure: s.secure(), SameSite: http.SameSiteLaxMode}
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request, _ accounts.Account) error {
	if c, err := r.Cookie(s.api.CookieName()); err == nil {
		if err := s.rooms.Accounts.EndSession(r.Context(), c.Value); err != nil {
			return err
		}
	}
	http.SetCookie(w, s.cookie("", -1))
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	return see(w, r, "/login?done=out")
}

// local keeps a redirect inside this site.
func local(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || strings.HasPrefix(next, "/login") {
		return "/chat"
	}
	return next
}

// refusal takes the Problem out of err; any other error is given back.
func refusal(err error) (*problem.Problem, error) { return api.Refusal(err) }

type setupPage struct {
	Page
	OfficeName, Short, Name, Department, Login string
}

func (s *Server) setupForm(w http.ResponseWriter, r *http.Request, _ accounts.Account) error {
	needed, err := s.rooms.Accounts.NeedsSetup(r.Context())
	if err != nil {
		return err
	}
	if !needed {
		return see(w, r, "/login")
	}
	return s.show(w, http.StatusOK, "setup", setupPage{Page: s.page(r, accounts.Account{}, "", "首次设置")})
}

func (s *Server) setup(w http.ResponseWriter, r *http.Request, _ accounts.Account) error {
	f := r.PostFormValue
	n := accounts.NewAccount{Login: f("login"), Name: f("name"), Department: f("department"), Organisation: f("office"), Password: f("password")}
	var err error
	var account accounts.Account
	if f("password") != f("again") {
		err = errMismatch
	} else {
		account, err = s.rooms.Accounts.First(r.Context(), accounts.Office{Name: f("office"), Short: f("short")}, n)
	}
	if err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		page := setupPage{Page: s.page(r, accounts.Account{}, "", "首次设置"), OfficeName: f("office"), Short: f("short"), Name: f("name"), Department: f("department"), Login: f("login")}
		page.Problem = p
		return s.show(w, problem.HTTP(p), "setup", page)
	}
	if err := s.startSession(w, r, account); err != nil {
		return err
	}
	return see(w, r, "/admin")
}

var errMismatch = problem.New(problem.Invalid, "password-mismatch", "密码未被接受", "两次输入的密码不一致", "请重新输入")

type passwordPage struct{ Page }

func (s *Server) passwordForm(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	return s.show(w, http.StatusOK, "password", passwordPage{s.page(r, actor, "", "修改密码")})
}

func (s *Server) password(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	f := r.PostFormValue
	err := error(errMismatch)
	if f("new") == f("again") {
		err = s.rooms.Accounts.SetPassword(r.Context(), actor, f("old"), f("new"), r.RemoteAddr)
	}
	if err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		if p.Code == "sign-in-refused" {
			p = problem.New(problem.Invalid, "wrong-password", "密码没有修改", "现用密码不正确", "请重新输入；多次输错会暂停登录 15 分钟")
		}
		page := passwordPage{s.page(r, actor, "", "修改密码")}
		page.Problem = p
		return s.show(w, problem.HTTP(p), "password", page)
	}
	if err := s.startSession(w, r, actor); err != nil {
		return err
	}
	return see(w, r, "/chat?done=password")
}
