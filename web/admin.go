package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"advisor/accounts"
	"advisor/internal/problem"
)

// choice is one entry of a list to tick or pick from.
type choice struct {
	Code, Words string
	On          bool
}

// choices are the roles and the scopes beside public.
type choices struct{ Roles, Scopes []choice }

// shownOnce is a secret that is shown on this page and nowhere else.
type shownOnce struct{ What, Value string }

type adminPage struct {
	Page
	People     []accounts.Account
	Scopes     []accounts.Scope
	New        accounts.NewAccount
	NewChoices choices
	OpenNew    bool
	Secret     *shownOnce
}

type personPage struct {
	Page
	Person  accounts.Account
	Choices choices
	Keys    []accounts.Key
	Secret  *shownOnce
}

func (s *Server) admin(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	return s.showAdmin(w, r, actor, accounts.NewAccount{}, nil, nil)
}

func (s *Server) showAdmin(w http.ResponseWriter, r *http.Request, actor accounts.Account, n accounts.NewAccount, secret *shownOnce, p *problem.Problem) error {
	people, err := s.rooms.Accounts.List(r.Context(), actor)
	if err != nil {
		return err
	}
	scopes, err := s.rooms.Accounts.Scopes(r.Context(), actor)
	if err != nil {
		return err
	}
	page := adminPage{Page: s.page(r, actor, "admin", "账号管理"), People: people, Scopes: scopes, New: n,
		NewChoices: choose(n.Roles, n.Scopes, scopes), OpenNew: p != nil, Secret: secret}
	page.Problem = p
	return s.show(w, problem.HTTP(errOrNil(p)), "admin", page)
}

func choose(roles, scopes []string, all []accounts.Scope) (c choices) {
	for _, r := range accounts.Roles {
		c.Roles = append(c.Roles, choice{r, accounts.RoleName(r), slices.Contains(roles, r)})
	}
	for _, sc := range all {
		if sc.Name != accounts.PublicScope {
			c.Scopes = append(c.Scopes, choice{sc.Name, sc.Label, slices.Contains(scopes, sc.Name)})
		}
	}
	return c
}

func (s *Server) addPerson(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	f := r.PostFormValue
	n := accounts.NewAccount{Login: f("login"), Name: f("name"), Department: f("department"), Organisation: f("organisation"), Roles: r.PostForm["role"], Scopes: r.PostForm["scope"]}
	made, err := s.rooms.Accounts.Create(r.Context(), actor, n)
	if err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		return s.showAdmin(w, r, actor, n, nil, p)
	}
	password, err := s.rooms.Accounts.ResetPassword(r.Context(), actor, made.Login)
	if err != nil {
		return err
	}
	return s.showAdmin(w, r, actor, accounts.NewAccount{}, &shownOnce{"“" + made.Login + "”的临时密码", password}, nil)
}

func (s *Server) addScope(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	f := r.PostFormValue
	err := s.rooms.Accounts.AddScope(r.Context(), actor, accounts.Scope{Name: f("name"), Label: f("label"), SendToModel: f("send") == "1"})
	if err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		return s.showAdmin(w, r, actor, accounts.NewAccount{}, nil, p)
	}
	return see(w, r, "/admin?done=saved")
}

func (s *Server) person(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	return s.showPerson(w, r, actor, nil, nil)
}

func (s *Server) showPerson(w http.ResponseWriter, r *http.Request, actor accounts.Account, secret *shownOnce, p *problem.Problem) error {
	person, err := s.rooms.Accounts.ByLogin(r.Context(), r.PathValue("login"))
	if err != nil {
		return err
	}
	scopes, err := s.rooms.Accounts.Scopes(r.Context(), actor)
	if err != nil {
		return err
	}
	keys, err := s.rooms.Accounts.Keys(r.Context(), actor, person.Login)
	if err != nil {
		return err
	}
	page := personPage{Page: s.page(r, actor, "admin", person.Name), Person: person, Choices: choose(person.Roles, person.Scopes, scopes), Keys: keys, Secret: secret}
	page.Problem = p
	return s.show(w, problem.HTTP(errOrNil(p)), "person", page)
}

// changePerson runs one change of a person and shows the person again.
func (s *Server) changePerson(w http.ResponseWriter, r *http.Request, actor accounts.Account, done string, change func(login string) error) error {
	login := r.PathValue("login")
	if err := change(login); err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		return s.showPerson(w, r, actor, nil, p)
	}
	return see(w, r, "/admin/accounts/"+url.PathEscape(login)+"?done="+done)
}

func (s *Server) setRoles(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	return s.changePerson(w, r, actor, "saved", func(login string) error {
		if err := s.rooms.Accounts.SetRoles(r.Context(), actor, login, r.PostForm["role"]); err != nil {
			return err
		}
		return s.rooms.Accounts.SetScopes(r.Context(), actor, login, r.PostForm["scope"])
	})
}

func (s *Server) setActive(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	return s.changePerson(w, r, actor, "saved", func(login string) error {
		return s.rooms.Accounts.SetActive(r.Context(), actor, login, r.PostFormValue("active") == "1")
	})
}

func (s *Server) endSessions(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	return s.changePerson(w, r, actor, "ended", func(login string) error {
		person, err := s.rooms.Accounts.ByLogin(r.Context(), login)
		if err != nil {
			return err
		}
		return s.rooms.Accounts.EndAllSessions(r.Context(), person.ID)
	})
}

func (s *Server) resetPassword(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	login := r.PathValue("login")
	password, err := s.rooms.Accounts.ResetPassword(r.Context(), actor, login)
	if err != nil {
		return err
	}
	if login == actor.Login { // the reset ended this very session
		return see(w, r, "/login")
	}
	return s.showPerson(w, r, actor, &shownOnce{"“" + login + "”的临时密码", password}, nil)
}

func (s *Server) addKey(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	key, err := s.rooms.Accounts.AddKey(r.Context(), actor, r.PathValue("login"), r.PostFormValue("name"))
	if err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		return s.showPerson(w, r, actor, nil, p)
	}
	return s.showPerson(w, r, actor, &shownOnce{"新密钥", key}, nil)
}

func (s *Server) revokeKey(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := strconv.ParseInt(r.PathValue("key"), 10, 64)
	if err != nil {
		return problem.New(problem.NotFound, "no-key", "没有找到密钥", "编号不对", "请返回后重试")
	}
	return s.changePerson(w, r, actor, "revoked", func(login string) error {
		return s.rooms.Accounts.RevokeKey(r.Context(), actor, login, id)
	})
}
