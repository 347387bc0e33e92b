package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/advice"
	"advisor/internal/docx"
	"advisor/internal/problem"
)

// generated is the sentence that the rules on labelling synthetic content ask
// for, beside the label of the draft's own state.
const generated = "本文由人工智能辅助生成"

// export gives an answer as a file: its text as people read it now, under the
// label of how far it has come.
func (s *Server) export(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return problem.New(problem.NotFound, "no-draft", "没有找到这份建议稿", "编号不对，或者您无权查阅", "请核对编号")
	}
	answer, st, err := s.present(r, actor, id)
	if err != nil {
		return err
	}
	_, _, label := st.frame(answer.Body.Label)
	office, err := s.rooms.Accounts.Office(r.Context())
	if err != nil {
		return err
	}
	mark := aigc(office.Name, answer)
	name := "建议稿-" + strconv.FormatInt(id, 10)
	switch r.URL.Query().Get("as") {
	case "docx":
		file, err := s.paper(answer, label, office.Name, mark).Bytes()
		if err != nil {
			return err
		}
		return s.download(w, name+".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", file)
	case "markdown":
		text := "<!-- AIGC: " + strings.ReplaceAll(mark, "--", "- -") + " -->\n\n" + relabelled(answer, label).Markdown() + "\n> " + generated + "\n"
		return s.download(w, name+".md", "text/markdown; charset=utf-8", []byte(text))
	case "", "text":
		return s.download(w, name+".txt", "text/plain; charset=utf-8", []byte(relabelled(answer, label).Text()+"\n（"+generated+"）\n"))
	}
	return problem.New(problem.Invalid, "bad-format", "没有导出", "没有这种格式", "可用 docx、markdown 或 text")
}

func relabelled(a advice.Answer, label string) advice.Body {
	b := a.Body
	b.Label = label
	return b
}

func (s *Server) download(w http.ResponseWriter, name, kind string, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="answer`+name[strings.LastIndexByte(name, '.'):]+`"; filename*=UTF-8''`+url.PathEscape(name))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, err := w.Write(body)
	if err != nil {
		s.log().Debug("reader gone", "file", name, "error", err)
	}
	return nil
}

// aigc is the implicit label of GB 45438: that the content is generated, by
// whom, and under which number the producer finds it again.
func aigc(office string, a advice.Answer) string {
	producer := office
	if producer == "" {
		producer = "advisor"
	}
	raw, err := json.Marshal(struct {
		Label, ContentProducer, ProduceID, ReservedCode1, ContentPropagator, PropagateID, ReservedCode2 string
	}{Label: "1", ContentProducer: producer, ProduceID: fmt.Sprintf("draft-%d-%s", a.DraftID, strings.TrimPrefix(a.Hash, "sha256:")), ReservedCode1: a.Hash})
	if err != nil { // strings alone: it cannot fail
		return ""
	}
	return string(raw)
}

// paper is an answer as a document of the office: label, matter, conclusion,
// numbered grounds with their words, what else is to be known.
func (s *Server) paper(a advice.Answer, label, office, mark string) docx.Document {
	b := a.Body
	d := docx.Document{Title: "关于“" + clip(strings.TrimRight(b.Question, "？?。"), 60) + "”的建议稿", Creator: office, Header: label + "　" + generated,
		Footer: "建议稿 " + strconv.FormatInt(a.DraftID, 10) + " 第 " + strconv.Itoa(a.Revision) + " 稿　" + short(a.Hash), At: a.At,
		Properties: []docx.Property{{Name: "AIGC", Value: mark}, {Name: "Label", Value: label}, {Name: "DraftID", Value: strconv.FormatInt(a.DraftID, 10)}, {Name: "Hash", Value: a.Hash}}}
	d.Add(docx.Notice, label+"\n"+generated)
	d.Add(docx.Title, d.Title)
	d.Add(docx.Heading, "问题")
	d.Add(docx.Body, b.Question)
	d.Add(docx.Heading, "结论")
	d.Add(docx.Body, b.Conclusion)
	grounds(&d, b.Claims, false)
	for _, sec := range b.Sections() {
		d.Add(docx.Heading, sec.Head)
		for i, item := range sec.Items {
			d.Add(docx.Body, fmt.Sprintf("（%d）%s", i+1, item))
		}
	}
	grounds(&d, b.Claims, true)
	if a.Notice != "" {
		d.Add(docx.Small, "提示："+a.Notice)
	}
	d.Add(docx.Small, "文本指纹 "+a.Hash)
	return d
}

func grounds(d *docx.Document, claims []advice.Claim, doubtful bool) {
	head := false
	for i, c := range claims {
		if (c.Support == advice.Unsupported) != doubtful {
			continue
		}
		if !head && doubtful {
			d.Add(docx.Heading, "未能核实的说法（不能作为依据）")
		} else if !head {
			d.Add(docx.Heading, "依据")
		}
		head = true
		if doubtful {
			d.Add(docx.Struck, c.Text)
			d.Add(docx.Small, c.Doubt)
			continue
		}
		role := c.Role
		if role == "" {
			role = advice.Basis
		}
		text := c.Text
		if c.Support == advice.Quoted && len(c.Citations) > 0 {
			text = c.Citations[0].Place()
		}
		d.Add(docx.Body, fmt.Sprintf("%d．【%s】%s", i+1, role, text))
		for j, q := range c.Citations {
			if c.Support != advice.Quoted || j > 0 {
				d.Add(docx.Body, "见"+q.Place())
			}
			d.Add(docx.Quote, q.Quote)
		}
	}
}

// present is a draft as its reader may see it now: the text its review has come
// to where there is one that the reader may read, else the machine's.
func (s *Server) present(r *http.Request, actor accounts.Account, id int64) (advice.Answer, standing, error) {
	a, err := s.rooms.Advisor.Draft(r.Context(), actor, id)
	if err != nil {
		return a, standing{}, err
	}
	reviews, err := s.rooms.Desk.OfDrafts(r.Context(), actor, []int64{id})
	if err != nil {
		return a, standing{}, err
	}
	st, ok := reviews[id]
	if !ok {
		return a, standing{}, nil
	}
	rv, err := s.rooms.Desk.Show(r.Context(), actor, st.ReviewID)
	if err != nil {
		return a, standing{}, err
	}
	a, now := stood(a, rv)
	return a, now, nil
}
