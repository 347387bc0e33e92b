package advice

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/llm"
	"advisor/prompts"
	"advisor/retrieval"
)

// mostRepaired is how many claims a model is asked to mend; one try, no more.
const mostRepaired = 6

type repaired struct {
	Claims []struct {
		Number int `json:"number"`
		repliedClaim
	} `json:"claims"`
}

// repair names to the model the claims that failed the check, with the failure,
// and puts those that it mended in their places. They are checked again with all
// others; whatever goes wrong here leaves the draft as it was.
func (a *Advisor) repair(ctx context.Context, actor accounts.Account, w *work, b *Body, sent []retrieval.Hit) error {
	var checked Body
	err := a.db.Read(ctx, actor.ID, func(tx pgx.Tx) (err error) {
		checked, _, err = a.checked(ctx, tx, *b)
		return err
	})
	if err != nil {
		return err
	}
	in := prompts.RepairInput{DraftInput: draftInput(w.ask.Whole, w.ask.On, sent)}
	for i, c := range checked.Claims {
		if c.Support == Unsupported && len(in.Failed) < mostRepaired {
			in.Failed = append(in.Failed, prompts.Failed{Number: i + 1, Text: c.Text, Why: c.Doubt})
		}
	}
	if len(in.Failed) == 0 {
		return nil
	}
	system, user, err := prompts.Repair.Render(in)
	if err != nil {
		return err
	}
	out, err := a.generator.Generate(ctx, llm.Request{System: system, User: user, Schema: prompts.Repair.Schema, MaxTokens: replyTokens,
		Account: actor.ID, Scopes: scopesBeyond(sent)}, nil)
	if err != nil {
		return ctx.Err() // a model that fails now costs only the repair
	}
	w.mended = out.Text
	b.mend(out.Text, in.Failed, sent)
	return nil
}

// mend takes from a reply the claims that were asked for, by their numbers.
func (b *Body) mend(reply string, failed []prompts.Failed, sent []retrieval.Hit) {
	raw, err := llm.Object(reply)
	if err != nil {
		return
	}
	var r repaired
	if json.Unmarshal(raw, &r) != nil {
		return
	}
	b.Claims = slices.Clone(b.Claims)
	for _, rc := range r.Claims {
		asked := slices.ContainsFunc(failed, func(f prompts.Failed) bool { return f.Number == rc.Number })
		if c := claimOf(rc.repliedClaim, sent); asked && rc.Number <= len(b.Claims) && strings.TrimSpace(c.Text) != "" {
			b.Claims[rc.Number-1] = c
		}
	}
}

// scopesBeyond are the scopes beside public of what is sent.
func scopesBeyond(hits []retrieval.Hit) (out []string) {
	for _, h := range hits {
		if h.Scope != publicScope && !slices.Contains(out, h.Scope) {
			out = append(out, h.Scope)
		}
	}
	return out
}
