package web

import (
	"net/http"
	"strconv"

	"advisor/accounts"
	"advisor/notify"
)

type noticesPage struct {
	Page
	Items  []noticeRow
	Unread int
	Older  string
	Wish   notify.Wish
}

type noticeRow struct {
	Text, Link, When string
	Fresh, Urgent    bool
}

// unread counts what the reader has not been shown yet, for the navigation.
func (s *Server) unread(r *http.Request, actor accounts.Account) int {
	if s.rooms.Notices == nil {
		return 0
	}
	n, err := s.rooms.Notices.Unread(r.Context(), actor)
	if err != nil {
		s.log().Error("count notices", "actor", actor.ID, "error", err)
	}
	return n
}

func (s *Server) notices(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // a broken cursor starts at the top
	list, err := s.rooms.Notices.Inbox(r.Context(), actor, false, before, pageSize+1)
	if err != nil {
		return err
	}
	page := noticesPage{Page: s.page(r, actor, "notices", "通知")}
	page.Unread = s.unread(r, actor)
	for i, n := range list {
		if i == pageSize {
			page.Older = "/notices?before=" + strconv.FormatInt(list[i-1].ID, 10)
			break
		}
		page.Items = append(page.Items, noticeRow{n.Text, n.Link, when(n.At), n.ReadAt == nil, n.Urgent})
	}
	if page.Wish, err = s.rooms.Notices.Wish(r.Context(), actor); err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "notices", page)
}

func (s *Server) noticesRead(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	if err := s.rooms.Notices.MarkRead(r.Context(), actor, 0); err != nil {
		return err
	}
	return see(w, r, "/notices")
}

func (s *Server) noticesWish(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	err := s.rooms.Notices.SetWish(r.Context(), actor, notify.Wish{Mail: tidy(r.PostFormValue("mail")), ByMail: r.PostFormValue("by_mail")})
	if err != nil {
		return err
	}
	return see(w, r, "/notices?done=saved")
}
