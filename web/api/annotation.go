package api

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"advisor/advice"
)

// annotation is a citation as OpenAI's clients know them.
type annotation struct {
	Type        string      `json:"type"`
	URLCitation urlCitation `json:"url_citation"`
}

// urlCitation says where in the reply the citation stands, counted in
// characters, and where its source is. What OpenAI has no field for follows.
type urlCitation struct {
	StartIndex int    `json:"start_index"`
	EndIndex   int    `json:"end_index"`
	Title      string `json:"title"`
	URL        string `json:"url"`
	DocNumber  string `json:"doc_number,omitempty"`
	Provision  string `json:"provision,omitempty"`
	Quote      string `json:"quote,omitempty"`
	Status     string `json:"status,omitempty"`
}

// annotations are the citations of claims that stand. One of a claim that was
// set apart is none: a program would show it as a basis.
func (a *API) annotations(r *http.Request, answer advice.Answer, text string) []annotation {
	out := []annotation{}
	at := 0 // bytes of text that are behind the last citation
	for _, c := range answer.Claims {
		if c.Support == advice.Unsupported {
			continue
		}
		for _, q := range c.Citations {
			start, end := find(text, at, q.Quote)
			if end > at {
				at = end
			}
			out = append(out, annotation{Type: "url_citation", URLCitation: urlCitation{
				StartIndex: utf8.RuneCountInString(text[:start]), EndIndex: utf8.RuneCountInString(text[:end]),
				Title: strings.TrimSpace("《" + q.Title + "》" + q.Provision), URL: a.sourceURL(r, q),
				DocNumber: q.DocNumber, Provision: q.Provision, Quote: q.Quote, Status: q.Status}})
		}
	}
	return out
}

// find gives the place of a quote in text, at or after a place, else anywhere.
func find(text string, from int, quote string) (start, end int) {
	quote = strings.Join(strings.Fields(quote), " ")
	if quote == "" {
		return 0, 0
	}
	if i := strings.Index(text[from:], quote); i >= 0 {
		return from + i, from + i + len(quote)
	}
	if i := strings.Index(text, quote); i >= 0 {
		return i, i + len(quote)
	}
	return 0, 0
}

// sourceURL is the cited provision's page, at the address that people use.
func (a *API) sourceURL(r *http.Request, c advice.Citation) string {
	q := url.Values{"v": {strconv.FormatInt(c.VersionID, 10)}, "q": {clip(c.Quote, 120)}}
	return a.base(r) + "/corpus/" + strconv.FormatInt(c.DocumentID, 10) + "?" + q.Encode()
}

func (a *API) base(r *http.Request) string {
	if a.rooms.PublicURL != "" {
		return strings.TrimSuffix(a.rooms.PublicURL, "/")
	}
	return "http://" + r.Host
}
