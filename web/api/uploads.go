package api

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"

	"advisor/accounts"
	"advisor/intake"
	"advisor/internal/problem"
)

// refusedFile is a file of an upload that was not taken.
type refusedFile struct {
	Name   string `json:"name"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// Received is what became of an upload's files as they came in.
type Received struct {
	JobID   int64             `json:"job_id,string"`
	Files   []intake.Uploaded `json:"files"`
	Refused []refusedFile     `json:"refused,omitempty"`
}

// Receive takes the files of a form as they come; fields named before them say
// the scope, and the batch that they are added to. A file that is refused costs
// only itself.
func Receive(r *http.Request, importer *intake.Importer, actor accounts.Account) (Received, error) {
	got := Received{Files: []intake.Uploaded{}}
	form, err := r.MultipartReader()
	if err != nil {
		return got, problem.New(problem.Invalid, "bad-form", "没有受理", "请求不是带文件的表单（multipart/form-data）", "请按 /api/openapi.json 的说明发送").Because(err)
	}
	scope := ""
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return got, brokenForm(err)
		}
		if part.FileName() == "" {
			if err := field(part, &scope, &got.JobID); err != nil {
				return got, err
			}
			continue
		}
		f, err := importer.Receive(r.Context(), actor, scope, got.JobID, part.FileName(), part)
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return got, brokenForm(err)
		}
		p, other := Refusal(err)
		switch {
		case err == nil:
			got.JobID, got.Files = f.UploadID, append(got.Files, f)
		case other != nil:
			return got, other
		case p.Kind == problem.Invalid && len(got.Refused) < 1000:
			got.Refused = append(got.Refused, refusedFile{part.FileName(), p.Code, p.Why + "；" + p.Do})
		default:
			return got, p
		}
	}
	if len(got.Files) == 0 {
		return got, nothingTaken(got.Refused)
	}
	return got, nil
}

func field(part *multipart.Part, scope *string, job *int64) error {
	b, err := io.ReadAll(io.LimitReader(part, 200))
	if err != nil {
		return brokenForm(err)
	}
	switch part.FormName() {
	case "scope":
		*scope = string(b)
	case "job_id":
		if n, err := strconv.ParseInt(string(b), 10, 64); err == nil && n > 0 {
			*job = n
		}
	}
	return nil
}

func brokenForm(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return problem.New(problem.Invalid, "too-large", "没有受理", fmt.Sprintf("一次上传超过 %d GB 的上限", int64(intake.MaxUpload)>>30), "请分几次上传").Because(err)
	}
	return problem.New(problem.Invalid, "bad-form", "没有受理", "表单不完整，传送可能中断", "请重新上传").Because(err)
}

func nothingTaken(refused []refusedFile) error {
	if len(refused) == 0 {
		return problem.New(problem.Invalid, "no-file", "没有受理", "没有选择文件", "请选择要上传的文件")
	}
	return problem.New(problem.Invalid, refused[0].Code, "未能接收“"+refused[0].Name+"”", refused[0].Reason, "请换用可以读取的文件")
}

func (a *API) upload(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	if a.rooms.Importer == nil {
		return errNotYet
	}
	got, err := Receive(r, a.rooms.Importer, actor)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/jobs/"+strconv.FormatInt(got.JobID, 10))
	return write(w, http.StatusAccepted, got)
}

func (a *API) jobNamed(r *http.Request, actor accounts.Account) (intake.Upload, error) {
	if a.rooms.Importer == nil {
		return intake.Upload{}, errNotYet
	}
	n, err := pathID(r, "no-upload", "没有找到这批文件")
	if err != nil {
		return intake.Upload{}, err
	}
	return a.rooms.Importer.Job(r.Context(), actor, n)
}

func (a *API) job(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	job, err := a.jobNamed(r, actor)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, job)
}

func (a *API) cancelJob(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	job, err := a.jobNamed(r, actor)
	if err != nil {
		return err
	}
	for _, f := range job.Files {
		if f.Final() {
			continue
		}
		if err := a.rooms.Importer.Cancel(r.Context(), actor, f.ID); err != nil && !isConflict(err) { // it was finished meanwhile
			return err
		}
	}
	return a.job(w, r, actor)
}

func (a *API) retryJob(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	job, err := a.jobNamed(r, actor)
	if err != nil {
		return err
	}
	for _, f := range job.Files {
		if f.Stage != intake.Broken && f.Stage != intake.Cancelled {
			continue
		}
		if err := a.rooms.Importer.Retry(r.Context(), actor, f.ID); err != nil && !isConflict(err) {
			return err
		}
	}
	return a.job(w, r, actor)
}

func isConflict(err error) bool {
	var p *problem.Problem
	return errors.As(err, &p) && p.Kind == problem.Conflict
}
