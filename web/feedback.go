package web

import (
	"net/http"
	"strconv"

	"advisor/accounts"
	"advisor/chat"
	"advisor/internal/problem"
)

// rate keeps what somebody thinks of an answer and leads back to it.
func (s *Server) rate(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return problem.New(problem.NotFound, "no-draft", "没有找到这份建议稿", "编号不对，或者您无权查阅", "请核对编号")
	}
	useful := r.PostFormValue("useful")
	if useful != "1" && useful != "0" {
		return problem.New(problem.Invalid, "bad-feedback", "没有记下评价", "没有选择有用或没用", "请选择后再提交")
	}
	f := chat.Feedback{DraftID: id, Useful: useful == "1", Reason: r.PostFormValue("reason"), Text: tidy(r.PostFormValue("text"))}
	if err := s.rooms.Chat.Rate(r.Context(), actor, f); err != nil {
		return err
	}
	a, err := s.rooms.Advisor.Draft(r.Context(), actor, id)
	if err != nil {
		return err
	}
	return see(w, r, "/chat/"+strconv.FormatInt(a.ConversationID, 10)+"?done=rated#q-"+strconv.FormatInt(a.QuestionID, 10))
}

// stopAsk ends a run of one's own.
func (s *Server) stopAsk(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	if err := s.rooms.Chat.Stop(actor, r.PathValue("id")); err != nil {
		return err
	}
	if r.Header.Get("Accept") == "application/json" {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return see(w, r, back(r))
}
