package advice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/audit"
	"advisor/corpus"
	"advisor/llm"
)

// Limits are the day's budgets in tokens, and prices for a million of them.
// Zero is no limit and no price.
type Limits struct {
	AccountTokens, OfficeTokens int64
	InputPrice, OutputPrice     float64
}

// keepReplies is how long a reply may answer for itself: the law it rests on
// is part of the request, so time alone does not make it wrong.
const keepReplies = 30 * 24 * time.Hour

// longestReply bounds a kept reply, in bytes.
const longestReply = 1 << 20

// NewBook makes the book of what models cost and replied.
func NewBook(db Database, limits Limits, now func() time.Time) *Book { return &Book{db, limits, now} }

// Book is an llm.Book in the database.
type Book struct {
	db     Database
	limits Limits
	now    func() time.Time
}

var _ llm.Book = (*Book)(nil)

// Reply gives a kept reply to the very same request, if the account may see
// every scope that it drew on.
func (b *Book) Reply(ctx context.Context, account int64, key string) (reply llm.Reply, found bool, err error) {
	err = b.db.Read(ctx, account, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `select text, model from model_reply where key = $1 and created_at > $2`,
			key, b.now().Add(-keepReplies)).Scan(&reply.Text, &reply.Model)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		found = err == nil
		return err
	})
	if err != nil {
		return llm.Reply{}, false, fmt.Errorf("read kept reply: %w", err)
	}
	return reply, found, nil
}

// Begin notes a call before anything is sent, at its estimated size, and refuses
// it when the day's budget does not hold it. Calls under way count.
func (b *Book) Begin(ctx context.Context, c llm.Call) (id int64, err error) {
	now := b.now().UTC()
	err = b.db.As(ctx, c.Account, func(tx pgx.Tx) error {
		if err := b.afford(ctx, tx, c, dayOf(now)); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `insert into model_call (account_id, at, model, key, scopes, input_tokens, output_tokens)
			values ($1, $2, $3, $4, $5, $6, $7) returning id`, c.Account, now, c.Model, c.Key, notNil(c.Scopes), c.InputTokens, c.OutputTokens).Scan(&id)
	})
	if errors.Is(err, llm.OverBudget) {
		return 0, llm.OverBudget
	}
	if err != nil {
		return 0, fmt.Errorf("note a model call: %w", err)
	}
	return id, nil
}

// afford holds one lock, so that calls that begin together are counted one after another.
func (b *Book) afford(ctx context.Context, tx pgx.Tx, c llm.Call, day time.Time) error {
	if b.limits.AccountTokens == 0 && b.limits.OfficeTokens == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtext('model_budget'))`); err != nil {
		return err
	}
	var own, office int64
	err := tx.QueryRow(ctx, `select coalesce(sum(input_tokens::bigint + output_tokens), 0)::bigint, model_spent($2)
		from model_call where account_id = $1 and at >= $2`, c.Account, day).Scan(&own, &office)
	if err != nil {
		return err
	}
	more := int64(c.InputTokens + c.OutputTokens)
	if over(b.limits.AccountTokens, own, more) || over(b.limits.OfficeTokens, office, more) {
		return llm.OverBudget
	}
	return nil
}

func over(limit, spent, more int64) bool { return limit > 0 && spent+more > limit }

// End writes down what a call came to, with the leaf that says which scopes'
// text left the house for which model, and keeps the reply.
func (b *Book) End(ctx context.Context, id int64, c llm.Call, keep *llm.Reply) error {
	outcome := c.Failure
	if outcome == "" {
		outcome = "ok"
	}
	now := b.now().UTC()
	err := b.db.As(ctx, c.Account, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update model_call set model = $2, input_tokens = $3, output_tokens = $4, cost_micro = $5, took_ms = $6, outcome = $7 where id = $1`,
			id, c.Model, c.InputTokens, c.OutputTokens, b.cost(c), float64(c.Took.Microseconds())/1000, outcome)
		if err != nil {
			return err
		}
		if keep != nil && len(keep.Text) <= longestReply {
			if err := b.keep(ctx, tx, c, *keep, now); err != nil {
				return err
			}
		}
		_, err = audit.Append(ctx, tx, now, audit.Leaf{Kind: "model.called", Actor: c.Account, Subject: audit.Subject("model_call", id),
			Data: map[string]any{"model": c.Model, "request": c.Key, "scopes": notNil(c.Scopes), "input": c.InputTokens, "output": c.OutputTokens, "outcome": outcome}})
		return err
	})
	if err != nil {
		return fmt.Errorf("write down model call %d: %w", id, err)
	}
	return nil
}

func (b *Book) keep(ctx context.Context, tx pgx.Tx, c llm.Call, r llm.Reply, now time.Time) error {
	if _, err := tx.Exec(ctx, `delete from model_reply where created_at < $1`, now.Add(-keepReplies)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `insert into model_reply (key, scopes, model, text, created_at) values ($1, $2, $3, $4, $5) on conflict (key) do nothing`,
		c.Key, notNil(c.Scopes), r.Model, clean(r.Text), now)
	return err
}

// cost is in millionths: tokens times the price of a million of them.
func (b *Book) cost(c llm.Call) int64 {
	return int64(float64(c.InputTokens)*b.limits.InputPrice + float64(c.OutputTokens)*b.limits.OutputPrice)
}

// Usage is what one account spent on one day.
type Usage struct {
	Day          corpus.Date `json:"day"`
	Account      string      `json:"account"`
	Model        string      `json:"model"`
	Calls        int         `json:"calls"`
	Failed       int         `json:"failed"`
	InputTokens  int64       `json:"input_tokens"`
	OutputTokens int64       `json:"output_tokens"`
	Cost         float64     `json:"cost"`
}

// Usage lists what was spent in the last days: one's own, or everybody's for
// an administrator or auditor.
func (b *Book) Usage(ctx context.Context, actor accounts.Account, days int) (all []Usage, err error) {
	since := dayOf(b.now().UTC()).AddDate(0, 0, 1-min(max(days, 1), 366))
	err = b.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select to_char(c.at at time zone 'Asia/Shanghai', 'YYYY-MM-DD') as day, a.login, c.model, count(*), count(*) filter (where c.outcome not in ('ok', 'open')),
			sum(c.input_tokens), sum(c.output_tokens), sum(c.cost_micro) / 1e6
			from model_call c join account a on a.id = c.account_id where c.at >= $1
			group by 1, 2, 3 order by 1 desc, 2, 3 limit 1000`, since)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (u Usage, err error) {
			err = row.Scan(&u.Day, &u.Account, &u.Model, &u.Calls, &u.Failed, &u.InputTokens, &u.OutputTokens, &u.Cost)
			return u, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read model use: %w", err)
	}
	return all, nil
}

// Limits are the budgets in force.
func (b *Book) Limits() Limits { return b.limits }

// dayOf is when the office's day began.
func dayOf(t time.Time) time.Time {
	y, m, d := t.In(corpus.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, corpus.Zone)
}
