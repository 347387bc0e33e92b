package api

import (
	"fmt"
	"net/http"

	"advisor/accounts"
	"advisor/experts/dossier"
)

// dossier is the file of record: HTML, or DOCX with format=docx.
func (a *API) dossier(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	n, err := pathID(r, "no-review", "没有找到这件审议")
	if err != nil {
		return err
	}
	doc, err := a.rooms.Desk.Dossier(r.Context(), actor, n)
	if err != nil {
		return err
	}
	return WriteDossier(w, doc, n, r.URL.Query().Get("format"))
}

// WriteDossier sends a file of record: HTML, or DOCX where that is the format.
func WriteDossier(w http.ResponseWriter, doc dossier.Document, review int64, format string) error {
	kind, ext, lay := "text/html; charset=utf-8", "html", doc.HTML
	if format == "docx" {
		kind, ext, lay = "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx", doc.DOCX
	}
	file, err := lay()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="dossier-%d.%s"`, review, ext))
	_, _ = w.Write(file) // a reader that has gone is no failure
	return nil
}

func (a *API) proposal(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	n, err := pathID(r, "no-review", "没有找到这件审议")
	if err != nil {
		return err
	}
	p, err := a.rooms.Desk.Propose(r.Context(), actor, n)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, p)
}

func (a *API) drawn(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	n, err := pathID(r, "no-review", "没有找到这件审议")
	if err != nil {
		return err
	}
	record, err := a.rooms.Desk.Drawn(r.Context(), actor, n)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, record)
}

func (a *API) roster(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	list, err := a.rooms.Desk.Experts(r.Context(), actor)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, map[string]any{"experts": list})
}

func (a *API) policies(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	list, err := a.rooms.Desk.Policies(r.Context(), actor)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, map[string]any{"policies": list})
}
