package web

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/experts"
	"advisor/internal/problem"
	"advisor/web/api"
)

// The roster and the policies are the office's to change; everybody signed in
// may read the roster.

type rosterPage struct {
	Page
	Committees []experts.Committee
	People     []rosterRow
	Office     bool
	Mine       *experts.Invitation
	Result     *experts.Imported
}

type rosterRow struct {
	experts.Expert
	Fields, Origin, Term string
}

func (s *Server) roster(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	return s.showRoster(w, r, actor, nil, nil)
}

func (s *Server) showRoster(w http.ResponseWriter, r *http.Request, actor accounts.Account, result *experts.Imported, p *problem.Problem) error {
	page := rosterPage{Page: s.page(r, actor, "reviews", "专家名册"), Result: result,
		Office: actor.Has(accounts.Secretary) || actor.Has(accounts.Chair) || actor.Has(accounts.Admin)}
	page.Problem = p
	var err error
	if page.Committees, err = s.rooms.Desk.Committees(r.Context(), actor); err != nil {
		return err
	}
	list, err := s.rooms.Desk.Experts(r.Context(), actor)
	if err != nil {
		return err
	}
	for _, e := range list {
		row := rosterRow{Expert: e, Fields: strings.Join(e.Domains, "、"), Term: strings.Trim(string(e.From)+" 至 "+string(e.Until), " 至")}
		for _, k := range experts.Kinds {
			if k.Kind == e.Kind {
				row.Origin = k.Words
			}
		}
		page.People = append(page.People, row)
	}
	invitations, err := s.rooms.Desk.Invitations(r.Context(), actor)
	if err != nil {
		return err
	}
	for i, x := range invitations {
		if x.Login == actor.Login && x.Answer == "" {
			page.Mine = &invitations[i]
		}
	}
	return s.show(w, problem.HTTP(errOrNil(p)), "roster", page)
}

func (s *Server) exportRoster(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	file, err := s.rooms.Desk.ExportRoster(r.Context(), actor)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", `attachment; filename="roster.xlsx"`)
	_, _ = w.Write(file) // a reader that has gone is no failure
	return nil
}

func (s *Server) importRoster(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	file, _, err := r.FormFile("file")
	if err != nil {
		return s.showRoster(w, r, actor, nil, problem.New(problem.Invalid, "no-file", "名册没有导入", "没有选择文件", "请选择 XLSX 表格"))
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, 8<<20))
	if err != nil {
		return fmt.Errorf("read the upload: %w", err)
	}
	result, err := s.rooms.Desk.ImportRoster(r.Context(), actor, data, r.PostFormValue("preview") != "")
	if err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		return s.showRoster(w, r, actor, nil, p)
	}
	return s.showRoster(w, r, actor, &result, nil)
}

func (s *Server) answerInvitation(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	if err := s.rooms.Desk.AnswerInvitation(r.Context(), actor, r.PostFormValue("answer") == "accept"); err != nil {
		p, err := refusal(err)
		if err != nil {
			return err
		}
		return s.showRoster(w, r, actor, nil, p)
	}
	return see(w, r, "/committee?done=saved")
}

type policyPage struct {
	Page
	Presets []experts.Preset
	InForce []experts.Policy
	Body    string // the policy being edited, as JSON
	Trials  []experts.Trial
	Tried   bool
}

func (s *Server) policies(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var start experts.Policy
	list, err := s.rooms.Desk.Policies(r.Context(), actor)
	if err != nil {
		return err
	}
	tier, _ := strconv.Atoi(r.URL.Query().Get("tier")) // what is no tier begins with the first
	if tier >= 0 && tier < len(list) {
		start = list[tier]
	}
	for _, p := range experts.Presets() {
		if p.Code == r.URL.Query().Get("preset") {
			start = p.Policy
		}
	}
	return s.showPolicy(w, r, actor, indented(start), nil, false, nil)
}

func indented(p experts.Policy) string {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return ""
	}
	return string(b)
}

func (s *Server) showPolicy(w http.ResponseWriter, r *http.Request, actor accounts.Account, body string, trials []experts.Trial, tried bool, p *problem.Problem) error {
	page := policyPage{Page: s.page(r, actor, "reviews", "审议规则"), Presets: experts.Presets(), Body: body, Trials: trials, Tried: tried}
	page.Problem = p
	var err error
	if page.InForce, err = s.rooms.Desk.Policies(r.Context(), actor); err != nil {
		return err
	}
	return s.show(w, problem.HTTP(errOrNil(p)), "policy", page)
}

// setPolicy saves what was typed, or with try only weighs past reviews by it.
func (s *Server) setPolicy(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	body := r.PostFormValue("body")
	var p experts.Policy
	err := json.Unmarshal([]byte(body), &p)
	if err != nil {
		err = problem.New(problem.Invalid, "bad-policy", "审议规则未保存", "不是完整的 JSON："+err.Error(), "请修改后重试")
	}
	var trials []experts.Trial
	try := r.PostFormValue("try") != ""
	switch {
	case err != nil:
	case try:
		trials, err = s.rooms.Desk.TryPolicy(r.Context(), actor, p, 50)
	default:
		if err = s.rooms.Desk.SetPolicy(r.Context(), actor, p); err == nil {
			return see(w, r, fmt.Sprintf("/committee/policy?tier=%d&done=saved", p.Tier))
		}
	}
	if err != nil {
		refused, err := refusal(err)
		if err != nil {
			return err
		}
		return s.showPolicy(w, r, actor, body, nil, false, refused)
	}
	return s.showPolicy(w, r, actor, body, trials, true, nil)
}

// dossier is the file of record, to read, print or open in a word processor.
func (s *Server) dossier(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := reviewID(r)
	if err != nil {
		return err
	}
	doc, err := s.rooms.Desk.Dossier(r.Context(), actor, id)
	if err != nil {
		return err
	}
	return api.WriteDossier(w, doc, id, r.URL.Query().Get("format"))
}
