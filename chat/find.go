package chat

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
)

// Bounds on a search of one's own conversations.
const (
	mostWords   = 8
	mostFound   = 50
	longestWord = 60 // characters
)

// Find lists one's own conversations in which every word was asked or answered,
// the last used first.
func (c *Chat) Find(ctx context.Context, actor accounts.Account, words string) (list []Conversation, err error) {
	patterns := patternsOf(words)
	if len(patterns) == 0 {
		return c.Conversations(ctx, actor)
	}
	err = c.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, findSQL, patterns, mostFound)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Conversation, err error) {
			err = row.Scan(&c.ID, &c.Title, &c.At)
			return c, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("search conversations: %w", err)
	}
	return list, nil
}

// findSQL reads the few hundred conversations that one person has; row-level
// security has left only those, and drafts that the person may still see.
const findSQL = `select c.id, c.title, c.touched_at from conversation c
where (select string_agg(q.text || ' ' || q.whole || ' ' || coalesce((select r.body from draft d join revision r on r.draft_id = d.id and r.number = 1
         where d.question_id = q.id order by d.id desc limit 1), ''), ' ')
       from question q where q.conversation_id = c.id) ilike all ($1)
order by c.touched_at desc, c.id desc limit $2`

func patternsOf(words string) []string {
	var out []string
	for _, w := range strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(words, "\x00", ""), "")) {
		if r := []rune(w); utf8.RuneCountInString(w) > longestWord {
			w = string(r[:longestWord])
		}
		if len(out) < mostWords {
			out = append(out, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(w)+"%")
		}
	}
	return out
}
