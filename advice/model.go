package advice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"advisor/corpus"
	"advisor/llm"
	"advisor/prompts"
	"advisor/retrieval"
)

// Bounds on what is offered to a model and what is taken from its reply.
const (
	offered      = 12
	replyTokens  = 2000
	mostReplied  = 12  // claims
	longestClaim = 400 // characters
	mostUnknown  = 5
)

// reply is what a model is to give back, by the schema in prompts.
type reply struct {
	Conclusion string         `json:"conclusion"`
	Claims     []repliedClaim `json:"claims"`
	Unknown    []string       `json:"unknown"`
}

type repliedClaim struct {
	Text      string            `json:"text"`
	Role      string            `json:"role"`
	Citations []repliedCitation `json:"citations"`
}

type repliedCitation struct {
	Passage int    `json:"passage"`
	Quote   string `json:"quote"`
}

var errNonsense = errors.New("reply is not the JSON that was asked for")

// generate asks the model for a draft from the hits it may see. What comes back
// is a body whose claims are still to be checked, and the raw reply for replay.
func (a *Advisor) generate(ctx context.Context, account int64, question string, on corpus.Date, hits []retrieval.Hit) (Body, string, error) {
	system, user, err := prompts.Draft.Render(draftInput(question, on, hits))
	if err != nil {
		return Body{}, "", err
	}
	out, err := a.generator.Generate(ctx, llm.Request{System: system, User: user, Schema: prompts.Draft.Schema, MaxTokens: replyTokens,
		Account: account, Scopes: scopesBeyond(hits)}, nil)
	if err != nil {
		return Body{}, "", err
	}
	r, err := parseReply(out.Text)
	if err != nil {
		return Body{}, out.Text, err
	}
	return assemble(question, on, r, hits), out.Text, nil
}

func draftInput(question string, on corpus.Date, hits []retrieval.Hit) prompts.DraftInput {
	in := prompts.DraftInput{Question: question, On: string(on)}
	for i, h := range hits {
		in.Passages = append(in.Passages, prompts.Passage{Number: i + 1, Title: h.Title, DocNumber: h.DocNumber,
			Place: h.Provision, Level: h.Level, Status: StatusName(h.Status), Text: h.Text})
	}
	return in
}

// parseReply finds the JSON in a reply: without reasoning, code fence and words
// around it. A reply that was cut off is refused, not completed.
func parseReply(text string) (reply, error) {
	text = llm.WithoutThought(text)
	for at := strings.IndexByte(text, '{'); at >= 0; {
		var r reply
		dec := json.NewDecoder(strings.NewReader(text[at:]))
		if err := dec.Decode(&r); err == nil && (r.Conclusion != "" || len(r.Claims) > 0) {
			return r, nil
		}
		next := strings.IndexByte(text[at+1:], '{')
		if next < 0 || at > 1<<16 {
			break
		}
		at += 1 + next
	}
	if raw, err := llm.Object(text); err == nil { // mended where it is not quite JSON
		var r reply
		if json.Unmarshal(raw, &r) == nil && (r.Conclusion != "" || len(r.Claims) > 0) {
			return r, nil
		}
	}
	return reply{}, errNonsense
}

// verdicts are the conclusions a model may choose from. It writes no sentence
// of its own here: a conclusion has no citation that could be checked.
var verdicts = map[string]string{
	Yes:         "初步结论（模型判断，未经核实）：可以，依据见以下各条。",
	No:          "初步结论（模型判断，未经核实）：不可以，依据见以下各条。",
	Conditional: "初步结论（模型判断，未经核实）：有条件可以，条件见以下各条。",
	Unfounded:   "初步结论（模型判断，未经核实）：所找到的材料不足以得出结论，相关原文见以下各条。",
}

// assemble makes a body of a reply. A citation of a number that was not offered
// stays without a source, so that the check marks its claim.
func assemble(question string, on corpus.Date, r reply, hits []retrieval.Hit) Body {
	b := Body{Question: question, Label: Label, On: on, Verdict: strings.TrimSpace(r.Conclusion)}
	if b.Conclusion = verdicts[b.Verdict]; b.Conclusion == "" {
		b.Conclusion, b.Verdict = neutral, ""
	}
	for _, rc := range r.Claims[:min(len(r.Claims), mostReplied)] {
		if c := claimOf(rc, hits); c.Text != "" {
			b.Claims = append(b.Claims, c)
		}
	}
	for _, u := range r.Unknown[:min(len(r.Unknown), mostUnknown)] {
		b.addUnknown(clip(clean(u), 120))
	}
	return b
}

func claimOf(rc repliedClaim, hits []retrieval.Hit) Claim {
	c := Claim{Text: clip(clean(rc.Text), longestClaim), Role: rc.Role}
	if !slices.Contains(Roles, c.Role) {
		c.Role = Basis
	}
	for _, q := range rc.Citations[:min(len(rc.Citations), 4)] {
		c.Citations = append(c.Citations, citeNumber(q, hits))
	}
	return c
}

func citeNumber(q repliedCitation, hits []retrieval.Hit) Citation {
	quote := clip(clean(q.Quote), 600)
	if q.Passage < 1 || q.Passage > len(hits) {
		return Citation{Provision: fmt.Sprintf("片段%d", q.Passage), Quote: quote, Status: corpus.Unknown}
	}
	return cite(hits[q.Passage-1], quote)
}

// asserts marks what only a cited claim may say.
var asserts = regexp.MustCompile(`《|第[一二三四五六七八九十百千\d]+[条款项]|〔|\d|应当|必须|不得|禁止|已经?(批准|同意|审议|通过)|专家`)

// addUnknown keeps a model's open question only while it is one; a statement
// dressed as a question becomes a claim without a basis.
func (b *Body) addUnknown(u string) {
	switch {
	case u == "":
	case asserts.MatchString(u) || !strings.HasSuffix(u, "？") && !strings.HasSuffix(u, "?"):
		b.Claims = append(b.Claims, Claim{Text: u, Role: Basis})
	default:
		b.Unknown = append(b.Unknown, u)
	}
}

func clip(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
