package advice

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"advisor/corpus"
	"advisor/segment"
)

// leastQuote is how many characters a quote must have to be evidence of anything.
const leastQuote = 4

// Check verifies every claim of a body against the texts it cites, under the
// acting account's rights: the quote stands at the cited place word for word,
// the version was in force on the body's day, and all that the claim says is
// carried by what it quotes. It sets each claim's support and doubt and fills
// in what citations say of their documents; nothing of these is believed from
// the body. Claims are marked, never dropped.
func (a *Advisor) Check(ctx context.Context, tx pgx.Tx, b Body) (Body, []Finding, error) {
	b = b.whole()
	if b.On == "" {
		b.On = corpus.Today(a.now())
	}
	var findings []Finding
	for i := range b.Claims {
		found, err := a.checkClaim(ctx, tx, &b.Claims[i], b.On)
		if err != nil {
			return b, nil, err
		}
		for _, f := range found {
			f.Claim = i
			findings = append(findings, f)
		}
	}
	a.derive(&b)
	return b, findings, nil
}

func (a *Advisor) checkClaim(ctx context.Context, tx pgx.Tx, c *Claim, on corpus.Date) ([]Finding, error) {
	var findings []Finding
	for i := range c.Citations {
		code, doubt, err := checkCitation(ctx, tx, &c.Citations[i], on)
		if err != nil {
			return nil, err
		}
		if code != "" {
			findings = append(findings, Finding{Code: code, Text: doubt})
		}
	}
	if len(findings) == 0 {
		findings = a.weigh(c)
	}
	if len(findings) > 0 {
		c.Support, c.Doubt = Unsupported, findings[0].Text
	}
	return findings, nil
}

// weigh sets the support of a claim whose citations all stand.
func (a *Advisor) weigh(c *Claim) []Finding {
	c.Doubt = ""
	if strings.TrimSpace(c.Text) == "" {
		return []Finding{{Code: "empty", Text: "没有内容"}}
	}
	if len(c.Citations) == 0 {
		return []Finding{{Code: "uncited", Text: "没有引用依据"}}
	}
	if orders(c.Text) {
		return []Finding{{Code: "order", Text: "这是写给系统的指令，或者自称已获批准，不是规定"}}
	}
	if flat(c.Text) == flat(quotedText(c.Citations)) {
		c.Support = Quoted
		return nil
	}
	var cited strings.Builder
	for _, q := range c.Citations {
		cited.WriteString(q.Quote)
		cited.WriteByte('\n')
	}
	if code, doubt := uncarried(a.seg, c.Text, cited.String()); code != "" {
		return []Finding{{Code: code, Text: doubt}}
	}
	c.Support = Supported
	return nil
}

// quotedText is how a claim made of quotes alone reads.
func quotedText(citations []Citation) string {
	quotes := make([]string, len(citations))
	for i, q := range citations {
		quotes[i] = q.Quote
	}
	return strings.Join(quotes, "……")
}

// checkCitation verifies one citation and fills in its document's particulars.
func checkCitation(ctx context.Context, tx pgx.Tx, c *Citation, on corpus.Date) (code, doubt string, err error) {
	p, _ := parsePlace(c.Provision)
	at, err := corpus.PlaceAt(ctx, tx, c.VersionID, p.article)
	if errors.Is(err, corpus.ErrNotFound) {
		c.Status = corpus.Unknown
		return "no-such-provision", "没有找到所引的" + spoken(*c), nil
	}
	if err != nil {
		return "", "", err
	}
	c.fill(at, on)
	if !holds(at.Texts, p, c.Quote) {
		return "quote-not-in-source", "所引文字不在" + spoken(*c) + "的原文中", nil
	}
	switch c.Status {
	case corpus.Ended:
		return "repealed", spoken(*c) + "在" + string(on) + "已经废止，不能作为依据", nil
	case corpus.NotYet:
		return "not-yet", spoken(*c) + "在" + string(on) + "尚未施行，不能作为依据", nil
	}
	return "", "", nil
}

func (c *Citation) fill(at corpus.Place, on corpus.Date) {
	c.DocumentID, c.Title, c.DocNumber, c.Level, c.Kind = at.DocumentID, at.Title, at.DocNumber, at.Level, at.Kind
	c.Effective, c.Repealed, c.Status = at.Effective, at.Repealed, at.Status(on)
}

// holds says whether the quote stands, word for word, in one of the texts at the place.
func holds(texts []string, p place, quote string) bool {
	want := flat(quote)
	if utf8.RuneCountInString(want) < leastQuote {
		return false
	}
	for _, text := range texts {
		if at, ok := part(text, p); ok && strings.Contains(flat(at), want) {
			return true
		}
	}
	return false
}

// spoken is a citation's place in a sentence; an untrusted title is kept short.
func spoken(c Citation) string {
	return inMarks(clip(segment.Normalize(c.Title), 60)) + strings.TrimRight(clip(c.Provision, 40), "、.")
}
