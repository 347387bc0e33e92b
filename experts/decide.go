package experts

import (
	"context"
	"fmt"

	"advisor/accounts"
	"advisor/advice"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// Vote casts the actor's ballot on the text it names.
func (d *Desk) Vote(ctx context.Context, actor accounts.Account, review int64, b Ballot) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Vote, func(tx pgx.Tx, c *Case) (record, error) {
		b.Account, b.Reason, b.Text = actor.ID, clean(b.Reason), clean(b.Text)
		return d.cast(ctx, tx, c, b)
	})
}

// cast takes a ballot and writes it down.
func (d *Desk) cast(ctx context.Context, tx pgx.Tx, c *Case, b Ballot) (record, error) {
	opinion, err := c.vote(b)
	if err != nil {
		return record{}, err
	}
	cast := c.Ballots[len(c.Ballots)-1]
	id, commitment, err := insertBallot(ctx, tx, c.ID, cast, d.Now())
	if err != nil {
		return record{}, err
	}
	data := map[string]any{"ballot": id, "account": cast.Account, "commitment": commitment}
	if cast.Entry != 0 {
		data["entry"] = cast.Entry
	}
	if opinion != nil {
		if data["opinion_commitment"], err = insertOpinion(ctx, tx, c, *opinion, d.Now()); err != nil {
			return record{}, err
		}
		data["opinion"] = opinion.Number
	}
	return record{data: data}, nil
}

// checkedEdit verifies an edited text. A quote that is not in its source is
// refused; a claim that nothing supports is kept, marked and set apart.
func (d *Desk) checkedEdit(ctx context.Context, tx pgx.Tx, old, body advice.Body) (advice.Body, error) {
	if body.Question != "" && body.Question != old.Question {
		return body, problem.New(problem.Invalid, "question-changed", "修改没有保存", "问题是提问人的原话，不能修改", "请只修改结论、论断和引用")
	}
	body.Question, body.On = old.Question, old.On
	if body.Label == "" {
		body.Label = old.Label
	}
	if clean(body.Conclusion) == "" {
		return body, problem.New(problem.Invalid, "no-conclusion", "修改没有保存", "结论是空的", "请写明结论")
	}
	checked, findings, err := d.Check.Check(ctx, tx, body)
	if err != nil {
		return body, fmt.Errorf("check edited text: %w", err)
	}
	for _, f := range findings {
		if f.Code == "quote-not-in-source" || f.Code == "no-such-provision" {
			return body, problem.New(problem.Invalid, "bad-citation", "修改没有保存", fmt.Sprintf("第 %d 条论断：%s", f.Claim+1, f.Text), "请照录原文，或者删去这条引用")
		}
	}
	return checked, nil
}

// Opinion records something a member wants answered, beside the vote.
func (d *Desk) Opinion(ctx context.Context, actor accounts.Account, review int64, text string, claim *int) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Opine, func(tx pgx.Tx, c *Case) (record, error) {
		o, err := c.opine(actor.ID, clean(text), claim)
		if err != nil {
			return record{}, err
		}
		commitment, err := insertOpinion(ctx, tx, c, *o, d.Now())
		return record{data: map[string]any{"opinion": o.Number, "account": actor.ID, "opinion_commitment": commitment}}, err
	})
}

// Dispose answers an opinion in writing: adopted, partly, or not, and why.
func (d *Desk) Dispose(ctx context.Context, actor accounts.Account, review int64, number int, as Adoption, reason string) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Dispose, func(tx pgx.Tx, c *Case) (record, error) {
		if !office(actor) {
			return record{}, notYours
		}
		if err := c.dispose(actor.ID, number, as, clean(reason)); err != nil {
			return record{}, err
		}
		data := map[string]any{"opinion": number, "as": string(as)}
		return record{data: data}, answerOpinion(ctx, tx, c.ID, number, as, clean(reason), actor.ID, d.Now())
	})
}

// Close ends the round with an approval, if and only if the policy is met.
func (d *Desk) Close(ctx context.Context, actor accounts.Account, review int64) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Close, func(_ pgx.Tx, c *Case) (record, error) {
		if !office(actor) {
			return record{}, notYours
		}
		t := c.Tally()
		return record{data: map[string]any{"for": t.For, "neutral": t.Neutral, "against": t.Against}}, c.close(actor.ID)
	})
}

// Return sends the text back, to the machine for another draft or to the asker.
func (d *Desk) Return(ctx context.Context, actor accounts.Account, review int64, to, reason, text string) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Return, func(_ pgx.Tx, c *Case) (record, error) {
		if to != "machine" && to != "author" {
			return record{}, problem.New(problem.Invalid, "bad-return", "没有受理", "退回对象应是 machine（重新拟稿）或 author（提问人）", "请重新选择")
		}
		if !office(actor) {
			if _, err := c.member(actor.ID); err != nil {
				return record{}, err
			}
		}
		return d.end(c, actor, Return, reason, text, map[string]any{"returned_to": to})
	})
}

// Reject ends the review against the text, with reasons.
func (d *Desk) Reject(ctx context.Context, actor accounts.Account, review int64, reason, text string) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Reject, func(_ pgx.Tx, c *Case) (record, error) {
		if !office(actor) {
			return record{}, notYours
		}
		return d.end(c, actor, Reject, reason, text, map[string]any{})
	})
}

// Withdraw takes the question back; only its asker can.
func (d *Desk) Withdraw(ctx context.Context, actor accounts.Account, review int64, text string) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Withdraw, func(_ pgx.Tx, c *Case) (record, error) {
		return d.end(c, actor, Withdraw, "", text, map[string]any{})
	})
}

func (d *Desk) end(c *Case, actor accounts.Account, event Event, reason, text string, data map[string]any) (record, error) {
	reason, text = clean(reason), clean(text)
	if reason != "" {
		data["reason"] = reason
	}
	return record{text: text, data: data}, c.end(actor.ID, event, reason, text)
}
