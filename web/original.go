package web

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/corpus/format"
	"advisor/internal/problem"
)

type originalPage struct {
	Page
	Name, Document, Back, File, Cited string
	Leaves                            []leafView
	Number, Count                     int
	Prev, Next                        string
}

// leafView is one page of the original with what is marked on it.
type leafView struct {
	Number int
	W, H   string
	Image  string
	Boxes  []boxView
}

type boxView struct{ X, Y, W, H string }

var errNoOriginal = problem.New(problem.NotFound, "no-original", "没有原件", "这份文件没有保存原件，或者您无权查阅", "请看文件的正文")

func versionID(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || n <= 0 {
		return 0, errNoOriginal
	}
	return n, nil
}

// original shows the page of the file itself, with the cited words marked: by
// start and end, bytes of the version's text, or by a provision's label.
func (s *Server) original(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := versionID(r)
	if err != nil {
		return err
	}
	if s.rooms.Importer == nil {
		return errNoOriginal
	}
	o, v, err := s.rooms.Importer.Original(r.Context(), actor, id)
	if errors.Is(err, corpus.ErrNotFound) {
		return errNoOriginal.Because(err)
	}
	if err != nil {
		return err
	}
	p := originalPage{Page: s.page(r, actor, "corpus", "原件 · "+v.Title), Name: o.Name, Document: v.Title, Count: len(o.Pages),
		Back: fmt.Sprintf("/corpus/%d?v=%d", v.DocumentID, id), File: fmt.Sprintf("/corpus/versions/%d/file", id)}
	start, end, label := cited(r, v)
	p.Cited = label
	marked := o.Marked(v.Text, start, end)
	p.Number, _ = strconv.Atoi(r.URL.Query().Get("page"))
	if p.Number < 1 && len(marked) > 0 {
		p.Number = marked[0].Page
	}
	p.Number = max(1, min(p.Number, p.Count))
	last := p.Number
	for _, m := range marked { // a provision may run over several pages
		if m.Page > last && m.Page <= p.Number+3 {
			last = m.Page
		}
	}
	for n := p.Number; n <= last && n <= p.Count; n++ {
		p.Leaves = append(p.Leaves, leafOf(id, n, o.Pages[n-1], marked))
	}
	p.Prev, p.Next = pageLink(r, p.Number-1, p.Count), pageLink(r, last+1, p.Count)
	return s.show(w, http.StatusOK, "original", p)
}

// cited reads what is to be marked.
func cited(r *http.Request, v corpus.VersionView) (start, end int, label string) {
	q := r.URL.Query()
	if label = strings.TrimSpace(q.Get("p")); label != "" {
		for _, p := range v.Provisions {
			if p.Label == label || strings.HasPrefix(label, p.Label) && article(label) == p.Label {
				return p.Start, p.End, label
			}
		}
	}
	if words := strings.TrimSpace(q.Get("q")); words != "" {
		if at := strings.Index(v.Text, words); at >= 0 {
			return at, at + len(words), label
		}
	}
	start, _ = strconv.Atoi(q.Get("start"))
	end, _ = strconv.Atoi(q.Get("end"))
	return start, min(end, len(v.Text)), label
}

func leafOf(version int64, n int, page format.Page, marked []format.Spot) leafView {
	f := func(x float32) string { return strconv.FormatFloat(float64(x), 'f', 1, 32) }
	l := leafView{Number: n, W: f(page.W), H: f(page.H), Image: fmt.Sprintf("/corpus/versions/%d/pages/%d", version, n)}
	for _, m := range marked {
		if m.Page == n {
			b := m.Box
			l.Boxes = append(l.Boxes, boxView{f(b.X0 - 1), f(b.Y0 - 1), f(b.X1 - b.X0 + 2), f(b.Y1 - b.Y0 + 2)})
		}
	}
	return l
}

func pageLink(r *http.Request, n, count int) string {
	if n < 1 || n > count {
		return ""
	}
	q := r.URL.Query()
	q.Set("page", strconv.Itoa(n))
	return "?" + q.Encode()
}

// pageImage draws one page of the original.
func (s *Server) pageImage(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := versionID(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.PathValue("page"))
	if err != nil || s.rooms.Importer == nil {
		return errNoOriginal
	}
	data, kind, err := s.rooms.Importer.DrawPage(r.Context(), actor, id, n, 1300)
	if errors.Is(err, corpus.ErrNotFound) {
		return errNoOriginal.Because(err)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "private, max-age=600")
	if kind == "image/svg+xml" { // opened by itself it may run nothing and fetch nothing
		w.Header().Set("Content-Security-Policy", "default-src 'none'; img-src data:; sandbox")
	}
	_, err = w.Write(data)
	return err
}

// originalFile gives the file itself, to keep and never to open in the page.
func (s *Server) originalFile(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := versionID(r)
	if err != nil {
		return err
	}
	if s.rooms.Importer == nil {
		return errNoOriginal
	}
	err = s.rooms.Importer.CopyOriginal(r.Context(), actor, id, func(o corpus.Original) {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.FormatInt(o.Size, 10))
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": url.PathEscape(o.Name)}))
		if plain := mime.FormatMediaType("attachment", map[string]string{"filename": o.Name}); plain != "" {
			w.Header().Set("Content-Disposition", plain)
		}
	}, w)
	if errors.Is(err, corpus.ErrNotFound) {
		return errNoOriginal.Because(err)
	}
	return err
}
