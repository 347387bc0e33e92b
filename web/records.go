package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"advisor/accounts"
	"advisor/intake"
	"advisor/internal/problem"
	"advisor/web/api"
)

type recordsPage struct {
	Page
	Scopes  []choice
	Batches []batchView
	Running bool
	Refused []string
}

type batchView struct {
	ID, At, By, Scope, State, Summary string
	Files                             []fileView
	CanCancel, CanRetry               bool
}

type fileView struct {
	ID, Name, Size, Kind, Stage, Tone, Reason, Href, Original string
	Provisions                                                int
	Warnings                                                  []string
	Inside                                                    bool // came out of an archive
	Percent                                                   int
	CanCancel, CanRetry                                       bool
}

// stageWords say how far a file has come, in words and by how much.
var stageWords = map[string]struct {
	words, tone string
	percent     int
}{
	intake.Waiting: {"排队", "", 10}, intake.Reading: {"读取", "act", 30}, intake.Cutting: {"切分条款", "act", 50},
	intake.Embedding: {"计算向量", "act", 70}, intake.Saving: {"保存", "act", 90}, intake.Done: {"已入库", "ok", 100},
	intake.Same: {"没有变化", "ok", 100}, intake.Opened: {"已解开", "ok", 100}, intake.Broken: {"失败", "stop", 0}, intake.Cancelled: {"已取消", "", 0},
}

// recent is how many batches the desk shows.
const recent = 12

var errNoImporter = problem.New(problem.NotAvailable, "not-available-yet", "不能上传", "本程序没有打开导入功能", "请联系系统管理员")

func (s *Server) records(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	page, err := s.recordsPage(r, actor)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("part") == "1" {
		return s.showPart(w, http.StatusOK, "records", "batches", page)
	}
	return s.show(w, http.StatusOK, "records", page)
}

func (s *Server) recordsPage(r *http.Request, actor accounts.Account) (recordsPage, error) {
	if s.rooms.Importer == nil {
		return recordsPage{}, errNoImporter
	}
	page := recordsPage{Page: s.page(r, actor, "corpus", "资料员工作台")}
	scopes, err := s.rooms.Accounts.Scopes(r.Context(), actor)
	if err != nil {
		return page, err
	}
	for _, sc := range scopes {
		page.Scopes = append(page.Scopes, choice{Code: sc.Name, Words: sc.Label, On: sc.Name == accounts.PublicScope})
	}
	all, err := s.rooms.Importer.Recent(r.Context(), actor, recent)
	if err != nil {
		return page, err
	}
	for _, u := range all {
		b := viewBatch(u, page.Scopes)
		page.Running = page.Running || u.State == "running"
		page.Batches = append(page.Batches, b)
	}
	return page, nil
}

func viewBatch(u intake.Upload, scopes []choice) batchView {
	b := batchView{ID: strconv.FormatInt(u.ID, 10), At: when(u.At), By: u.By, Scope: u.Scope}
	for _, sc := range scopes {
		if sc.Code == u.Scope {
			b.Scope = sc.Words
		}
	}
	done, failed := 0, 0
	for _, f := range u.Files {
		v := viewFile(f)
		b.CanCancel, b.CanRetry = b.CanCancel || v.CanCancel, b.CanRetry || v.CanRetry
		if f.Final() {
			done++
		}
		if f.Stage == intake.Broken {
			failed++
		}
		b.Files = append(b.Files, v)
	}
	b.State = u.State
	b.Summary = strconv.Itoa(done) + " / " + strconv.Itoa(len(u.Files)) + " 个办完"
	if failed > 0 {
		b.Summary += "，" + strconv.Itoa(failed) + " 个失败"
	}
	return b
}

func viewFile(f intake.Uploaded) fileView {
	w := stageWords[f.Stage]
	v := fileView{ID: strconv.FormatInt(f.ID, 10), Name: f.Name, Size: bytesOf(f.Size), Stage: w.words, Tone: w.tone, Percent: w.percent, Reason: f.Reason,
		Provisions: f.Provisions, Warnings: f.Warnings, Inside: f.ParentID != 0, CanCancel: !f.Final(), CanRetry: f.Stage == intake.Broken || f.Stage == intake.Cancelled}
	if f.Kind != "" {
		v.Kind = kindName(f.Kind)
	}
	if f.DocumentID != 0 {
		v.Href = "/corpus/" + strconv.FormatInt(f.DocumentID, 10) + "?v=" + strconv.FormatInt(f.VersionID, 10)
		v.Original = "/corpus/versions/" + strconv.FormatInt(f.VersionID, 10) + "/original"
	}
	return v
}

func bytesOf(n int64) string {
	switch {
	case n >= 1<<20:
		return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MB"
	case n >= 1<<10:
		return strconv.FormatInt(n>>10, 10) + " KB"
	}
	return strconv.FormatInt(n, 10) + " 字节"
}

// addRecords takes a form's files. A browser with script sends them one by one
// and asks for JSON; one without sends them all and reads the page.
func (s *Server) addRecords(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	if s.rooms.Importer == nil {
		return errNoImporter
	}
	got, err := api.Receive(r, s.rooms.Importer, actor)
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		var p *problem.Problem
		if errors.As(err, &p) {
			api.WriteProblem(w, p)
			return nil
		}
		if err == nil {
			err = api.WriteJSON(w, http.StatusAccepted, got)
		}
		return err
	}
	if err != nil {
		page, other := s.recordsPage(r, actor)
		if other != nil {
			return other
		}
		if page.Problem, err = refusal(err); err != nil {
			return err
		}
		return s.show(w, problem.HTTP(page.Problem), "records", page)
	}
	if len(got.Refused) == 0 {
		return see(w, r, "/corpus/records?done=received")
	}
	page, err := s.recordsPage(r, actor)
	if err != nil {
		return err
	}
	for _, f := range got.Refused {
		page.Refused = append(page.Refused, f.Name+"："+f.Reason)
	}
	return s.show(w, http.StatusOK, "records", page)
}

// turn is a page's handler that does something to the file or batch it names.
func turn(act string, do func(i *intake.Importer, ctx context.Context, actor accounts.Account, id int64) error) func(s *Server, w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	return func(s *Server, w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
		if s.rooms.Importer == nil {
			return errNoImporter
		}
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil {
			return errNoDocument
		}
		if err := do(s.rooms.Importer, r.Context(), actor, id); err != nil {
			return err
		}
		return see(w, r, "/corpus/records?done="+act)
	}
}

// cancelBatch and retryBatch do to all of a batch what may still be done to each file.
func cancelBatch(i *intake.Importer, ctx context.Context, actor accounts.Account, id int64) error {
	return eachFile(i, ctx, actor, id, i.Cancel, func(f intake.Uploaded) bool { return !f.Final() })
}

func retryBatch(i *intake.Importer, ctx context.Context, actor accounts.Account, id int64) error {
	return eachFile(i, ctx, actor, id, i.Retry, func(f intake.Uploaded) bool {
		return f.Stage == intake.Broken || f.Stage == intake.Cancelled
	})
}

func eachFile(i *intake.Importer, ctx context.Context, actor accounts.Account, batch int64,
	do func(ctx context.Context, actor accounts.Account, file int64) error, may func(intake.Uploaded) bool) error {
	job, err := i.Job(ctx, actor, batch)
	if err != nil {
		return err
	}
	for _, f := range job.Files {
		if !may(f) {
			continue
		}
		err := do(ctx, actor, f.ID)
		var p *problem.Problem
		if err != nil && (!errors.As(err, &p) || p.Kind != problem.Conflict) { // one that ended meanwhile is no failure
			return err
		}
	}
	return nil
}

// poll is how often the table asks for news while something runs.
const poll = time.Second

// Every says it to the page's script, in milliseconds.
func (recordsPage) Every() int64 { return poll.Milliseconds() }
