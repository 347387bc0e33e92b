package chat

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/audit"
	"advisor/internal/problem"
)

// Feedback is what somebody thought of an answer.
type Feedback struct {
	DraftID int64     `json:"draft_id,string"`
	Useful  bool      `json:"useful"`
	Reason  string    `json:"reason"`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
}

// Reason is one thing that may be wrong with an answer.
type Reason struct{ Code, Words string }

// Reasons are what people may choose from, in the order in which they are shown.
var Reasons = []Reason{{"off-topic", "没有回答所问"}, {"missing", "遗漏了应有的依据"}, {"outdated", "引用的规定已经失效"},
	{"wrong", "引用与说法对不上"}, {"unclear", "表述不清楚"}, {"other", "其他"}}

const longestFeedback = 2000

func (f Feedback) check() error {
	bad := func(why, do string) error {
		return problem.New(problem.Invalid, "bad-feedback", "没有记下评价", why, do)
	}
	known := f.Reason == ""
	for _, r := range Reasons {
		known = known || r.Code == f.Reason
	}
	if !known {
		return bad("没有这种原因", "请从所列的原因中选择")
	}
	if utf8.RuneCountInString(f.Text) > longestFeedback {
		return bad("说明超过 2000 个字", "请缩短后再提交")
	}
	return nil
}

// Rate keeps what the actor thinks of a draft, in place of what was said before.
func (c *Chat) Rate(ctx context.Context, actor accounts.Account, f Feedback) error {
	if f.Useful {
		f.Reason = ""
	}
	if err := f.check(); err != nil {
		return err
	}
	if _, err := c.advisor.Draft(ctx, actor, f.DraftID); err != nil {
		return err
	}
	now := c.now().UTC()
	err := c.db.As(ctx, actor.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into feedback (draft_id, account_id, useful, reason, text, at) values ($1, $2, $3, $4, $5, $6)
			on conflict (draft_id, account_id) do update set useful = excluded.useful, reason = excluded.reason, text = excluded.text, at = excluded.at`,
			f.DraftID, actor.ID, f.Useful, f.Reason, f.Text, now)
		if err != nil {
			return err
		}
		_, err = audit.Append(ctx, tx, now, audit.Leaf{Kind: "feedback.set", Actor: actor.ID, Subject: audit.Subject("draft", f.DraftID),
			Data: map[string]any{"useful": f.Useful, "reason": f.Reason, "at": now.Format(time.RFC3339Nano)}})
		return err
	})
	if err != nil {
		return fmt.Errorf("keep feedback on draft %d: %w", f.DraftID, err)
	}
	return nil
}

// Rated gives the actor's own feedback on each of the drafts.
func (c *Chat) Rated(ctx context.Context, actor accounts.Account, drafts []int64) (map[int64]Feedback, error) {
	rated := map[int64]Feedback{}
	err := c.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select draft_id, useful, reason, text, at from feedback where draft_id = any($1) and account_id = $2`, drafts, actor.ID)
		if err != nil {
			return err
		}
		var f Feedback
		_, err = pgx.ForEachRow(rows, []any{&f.DraftID, &f.Useful, &f.Reason, &f.Text, &f.At}, func() error {
			rated[f.DraftID] = f
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read feedback: %w", err)
	}
	return rated, nil
}
