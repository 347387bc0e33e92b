package experts

import (
	"context"
	"fmt"
	"unicode/utf8"

	"advisor/accounts"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// Scribbles are what somebody typed on a review and has not sent: by form and
// field, with the hash of the text that was before them.
type Scribbles struct {
	Fields map[string]string
	Hash   map[string]string
}

// maxFields bounds a form, maxField one field of it.
const (
	maxFields = 400
	maxField  = 20000
)

var tooMuch = problem.New(problem.Invalid, "too-long", "没有暂存", "内容过长", "请分段填写，或者先提交一部分")

// Scribble keeps what the actor has typed into a form of a review, as it is
// typed. It is the actor's alone; an empty field is forgotten.
func (d *Desk) Scribble(ctx context.Context, actor accounts.Account, review int64, form, hash string, fields map[string]string) error {
	if len(fields) > maxFields {
		return tooMuch
	}
	return d.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		for name, text := range fields {
			field := form + ":" + name
			if utf8.RuneCountInString(text) > maxField || len(field) > 100 {
				return tooMuch
			}
			var err error
			if text = clean(text); text == "" {
				_, err = tx.Exec(ctx, `delete from scribble where account_id = $1 and review_id = $2 and field = $3`, actor.ID, review, field)
			} else {
				_, err = tx.Exec(ctx, `insert into scribble (account_id, review_id, field, text, hash, at) values ($1, $2, $3, $4, $5, $6)
					on conflict (account_id, review_id, field) do update set text = excluded.text, hash = excluded.hash, at = excluded.at`,
					actor.ID, review, field, text, hash, d.Now())
			}
			if err != nil {
				return fmt.Errorf("keep what was typed: %w", err)
			}
		}
		return nil
	})
}

// Scribbles gives back what the actor has typed on a review, and notes that the
// review lies open before the actor: the time that judging takes counts from here.
func (d *Desk) Scribbles(ctx context.Context, actor accounts.Account, review int64) (s Scribbles, err error) {
	s = Scribbles{Fields: map[string]string{}, Hash: map[string]string{}}
	err = d.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into item_opened (account_id, review_id, round, at)
			select $1, r.id, r.round, $3 from review r where r.id = $2 and review_seat(r.id) = 'none' on conflict do nothing`, actor.ID, review, d.Now())
		if err != nil {
			return fmt.Errorf("note the opening: %w", err)
		}
		rows, err := tx.Query(ctx, `select field, text, hash from scribble where account_id = $1 and review_id = $2`, actor.ID, review)
		if err != nil {
			return err
		}
		var field, text, hash string
		_, err = pgx.ForEachRow(rows, []any{&field, &text, &hash}, func() error {
			s.Fields[field], s.Hash[field] = text, hash
			return nil
		})
		return err
	})
	return s, err
}

// Forget drops what was typed into a form, because it has been sent.
func (d *Desk) Forget(ctx context.Context, actor accounts.Account, review int64, form string) error {
	return d.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `delete from scribble where account_id = $1 and review_id = $2 and field like $3`, actor.ID, review, form+":%")
		return err
	})
}
