package api

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"advisor/advice"
	"advisor/corpus"
	"advisor/internal/problem"
	"advisor/retrieval"
	"advisor/segment"
)

type provisionInput struct {
	Reference  string `json:"reference,omitempty" jsonschema:"如 《公共数据管理办法》第十条第二款"`
	DocumentID string `json:"document_id,omitempty" jsonschema:"文件编号，检索结果里有"`
	VersionID  string `json:"version_id,omitempty" jsonschema:"版本编号；缺省所问之日有效的版本"`
	Provision  string `json:"provision,omitempty" jsonschema:"条款，如 第十条；缺省整篇的条目"`
	On         string `json:"on,omitempty" jsonschema:"按哪一天的规定，形如 2026-11-23；缺省今天"`
}

var errNoProvision = problem.New(problem.NotFound, "no-provision", "没有找到这个条款", "文件里没有这一条，或者您无权查阅", "请先用 search_policies 检索，再按结果里的编号取原文")

func (t tools) provision(ctx context.Context, _ *mcp.CallToolRequest, in provisionInput) (*mcp.CallToolResult, any, error) {
	on, err := day(in.On)
	if err != nil {
		return nil, nil, err
	}
	if on == "" {
		on = t.api.today()
	}
	if err := t.locate(ctx, &in, on); err != nil {
		return nil, nil, t.shown(err)
	}
	document, err1 := strconv.ParseInt(in.DocumentID, 10, 64)
	version, _ := strconv.ParseInt(in.VersionID, 10, 64) // none: the one in force
	if err1 != nil || document <= 0 {
		return nil, nil, errNoProvision
	}
	doc, err := t.api.rooms.Library.Document(ctx, t.actor.ID, document, version, on)
	if errors.Is(err, corpus.ErrNotFound) {
		return nil, nil, errNoProvision
	}
	if err != nil {
		return nil, nil, t.shown(err)
	}
	if in.Provision == "" {
		return t.outline(doc)
	}
	return t.text(doc, in.Provision)
}

// locate finds the document that a reference names: by a search, which finds
// what is named by its name, under the caller's rights.
func (t tools) locate(ctx context.Context, in *provisionInput, on corpus.Date) error {
	if in.DocumentID != "" {
		return nil
	}
	if strings.TrimSpace(in.Reference) == "" {
		return problem.New(problem.Invalid, "no-reference", "没有受理", "没有写明要看哪个文件的哪一条", "请给出 reference，或者 document_id 和 provision")
	}
	if in.Provision == "" {
		if refs := segment.ParseProvision(in.Reference); len(refs) > 0 {
			in.Provision = refs[0].Label()
		}
	}
	found, err := t.api.rooms.Index.Search(ctx, t.actor, retrieval.Query{Text: in.Reference, K: 10, On: on})
	if err != nil {
		return err
	}
	for _, named := range []bool{true, false} {
		for _, h := range found.Hits {
			if h.Why.Named || !named && strings.Contains(in.Reference, strings.Trim(h.Title, "《》")) {
				in.DocumentID, in.VersionID = strconv.FormatInt(h.DocumentID, 10), strconv.FormatInt(h.VersionID, 10)
				return nil
			}
		}
	}
	return errNoProvision
}

// text gives the article that the address lies in, word for word.
func (t tools) text(doc corpus.Shown, label string) (*mcp.CallToolResult, any, error) {
	article := label
	if refs := segment.ParseProvision(label); len(refs) > 0 {
		r := refs[0]
		r.Paragraph, r.Item = 0, 0
		article = r.Label()
	}
	text, headings := "", []string{}
	source := []rune(doc.Source)
	for _, p := range doc.Provisions {
		if p.Label == article {
			text, headings = strings.TrimSpace(string(source[p.Start:p.End])), p.Headings
			break
		}
	}
	if text == "" {
		text = section(doc.Source, label)
	}
	if text == "" {
		return nil, nil, errNoProvision
	}
	v := versionOf(doc)
	return said(place(doc.Title, doc.DocNumber, label) + "［" + advice.StatusName(v.Status) + "］\n" + text), map[string]any{
		"document_id": strconv.FormatInt(doc.DocumentID, 10), "version_id": strconv.FormatInt(doc.VersionID, 10), "title": doc.Title,
		"doc_number": doc.DocNumber, "issuer": doc.Issuer, "level": doc.Level, "provision": article, "path": headings, "text": text,
		"status": v.Status, "effective": v.Effective, "repealed": v.Repealed}, nil
}

var counted = regexp.MustCompile(`[一二三四五六七八九十百]+、|（[一二三四五六七八九十百]+）|\d+[.．、]`)

var numerals = regexp.MustCompile(`[一二三四五六七八九十百\d]+`)

// section gives the part of a document without articles that a heading number
// names, and inside it the part that the next number names: 三、（一）.
func section(source, label string) string {
	numbers := counted.FindAllString(label, -1)
	if len(numbers) == 0 || strings.Join(numbers, "") != label {
		return ""
	}
	var heads []string // of the parts around: 三、依据
	text := source
	for _, n := range numbers {
		inner := part(text, n)
		if inner == "" {
			return ""
		}
		head, _, _ := strings.Cut(inner, "\n")
		heads, text = append(heads, head), inner
	}
	return strings.Join(append(heads[:len(heads)-1], strings.TrimSpace(text)), "\n")
}

// part gives the lines from the one that begins with a number to the next of its kind.
func part(source, number string) string {
	kind := func(line string) string {
		line = strings.TrimSpace(line)
		if at := counted.FindStringIndex(line); at != nil && at[0] == 0 {
			return numerals.ReplaceAllString(line[:at[1]], "")
		}
		return ""
	}
	var out strings.Builder
	for line := range strings.Lines(source) {
		begins := strings.HasPrefix(strings.TrimSpace(line), number)
		if out.Len() > 0 && kind(line) == kind(number) {
			break
		}
		if out.Len() > 0 || begins {
			out.WriteString(line)
		}
	}
	return out.String()
}

// longestDocument bounds the text of a document without articles, in characters.
const longestDocument = 40_000

func (t tools) outline(doc corpus.Shown) (*mcp.CallToolResult, any, error) {
	labels := make([]string, len(doc.Provisions))
	for i, p := range doc.Provisions {
		labels[i] = p.Label
	}
	if len(labels) == 0 {
		labels = append(labels, clip(doc.Source, longestDocument)) // a list or a table: there is nothing smaller to name
	}
	v := versionOf(doc)
	return said(place(doc.Title, doc.DocNumber, "") + "［" + advice.StatusName(v.Status) + "］\n" + strings.Join(labels, "、")), map[string]any{
		"document_id": strconv.FormatInt(doc.DocumentID, 10), "version_id": strconv.FormatInt(doc.VersionID, 10), "title": doc.Title,
		"doc_number": doc.DocNumber, "status": v.Status, "provisions": doc.Provisions}, nil
}

func versionOf(doc corpus.Shown) corpus.ShownVersion {
	for _, v := range doc.Versions {
		if v.VersionID == doc.VersionID {
			return v
		}
	}
	return corpus.ShownVersion{Status: corpus.Unknown}
}
