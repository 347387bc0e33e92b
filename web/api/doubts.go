package api

import (
	"errors"
	"net/http"
	"strconv"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/internal/problem"
)

var errKeepersOnly = problem.New(problem.Refused, "no-right", "查看或登记效力核定", "须有资料员角色", "请管理员授予该角色")

func keeps(actor accounts.Account) bool {
	return actor.Has(accounts.Keeper) || actor.Has(accounts.Admin)
}

// doubts lists the versions whose validity waits for a person.
func (a *API) doubts(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	if !keeps(actor) {
		return errKeepersOnly
	}
	all, err := a.rooms.Library.Doubts(r.Context(), actor.ID, a.today())
	if err != nil {
		return err
	}
	total := len(all)
	if all = corpus.OfCode(all, r.URL.Query().Get("code")); all == nil {
		all = []corpus.Doubtful{}
	}
	return write(w, http.StatusOK, map[string]any{"total": total, "documents": all})
}

// answerDoubt records a person's answer.
func (a *API) answerDoubt(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	if !keeps(actor) {
		return errKeepersOnly
	}
	var in struct {
		VersionID string `json:"version_id"`
		Code      string `json:"code"`
		Name      string `json:"name"`
		Answer    string `json:"answer"`
		On        string `json:"on"`
		Ground    string `json:"ground"`
	}
	if err := read(r, &in); err != nil {
		return err
	}
	version, err := strconv.ParseInt(in.VersionID, 10, 64)
	if err != nil || in.Answer != "stands" && in.Answer != "ended" {
		return problem.New(problem.Invalid, "bad-answer", "未能登记效力核定", "version_id 应是版本编号，answer 应是 stands 或 ended", "请按 /api/openapi.json 的说明发送")
	}
	on, err := day(in.On)
	if err != nil {
		return err
	}
	err = a.rooms.Library.Answer(r.Context(), actor.ID, a.rooms.Now(), corpus.Answer{VersionID: version, Code: in.Code, Name: in.Name, Ended: in.Answer == "ended", On: on, Ground: in.Ground})
	if errors.Is(err, corpus.ErrNotFound) {
		return problem.New(problem.NotFound, "no-document", "没有找到这个版本", "编号不对，或者您无权查阅", "请核对编号").Because(err)
	}
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, map[string]any{"version_id": in.VersionID, "answer": in.Answer})
}
