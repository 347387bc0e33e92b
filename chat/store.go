package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/advice"
	"advisor/internal/problem"
)

// mostListed bounds a list of conversations or turns.
const mostListed = 200

// stored is a question as the database holds it, with its last draft.
type stored struct {
	id          int64
	text, whole string
	on          advice.Date
	at          time.Time
	failure     []byte
	draft       int64
}

// why says, for people, why there is no draft.
func (q stored) why() *problem.Problem {
	p := problem.New(problem.Failed, "interrupted", "没有完成解答", "解答中断了，问题已经保存", "请重新提问")
	if len(q.failure) > 0 && json.Unmarshal(q.failure, p) != nil {
		return problem.New(problem.Failed, "failed", "没有完成解答", "系统内部出错，问题已经保存", "请重新提问")
	}
	return p
}

const questionSQL = `select q.id, q.text, q.whole, to_char(q.on_date, 'YYYY-MM-DD'), q.asked_at, q.failure,
	coalesce((select max(d.id) from draft d where d.question_id = q.id), 0) from question q `

func questionByID(ctx context.Context, tx pgx.Tx, id int64) ([]stored, error) {
	return questions(ctx, tx, questionSQL+`where q.id = $1`, id)
}

// questionsOf gives a conversation's questions in order; exists is false when
// the acting account has no such conversation.
func questionsOf(ctx context.Context, tx pgx.Tx, conversation int64) (all []stored, exists bool, err error) {
	if err := tx.QueryRow(ctx, `select exists (select from conversation where id = $1)`, conversation).Scan(&exists); err != nil {
		return nil, false, fmt.Errorf("read conversation %d: %w", conversation, err)
	}
	all, err = questions(ctx, tx, `select * from (`+questionSQL+`where q.conversation_id = $1 order by q.id desc limit $2) t order by id`, conversation, mostListed)
	return all, exists, err
}

func questions(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]stored, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read questions: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (q stored, err error) {
		err = row.Scan(&q.id, &q.text, &q.whole, &q.on, &q.at, &q.failure, &q.draft)
		return q, err
	})
	if err != nil {
		return nil, fmt.Errorf("read questions: %w", err)
	}
	return all, nil
}

func conversations(ctx context.Context, tx pgx.Tx) ([]Conversation, error) {
	rows, err := tx.Query(ctx, `select id, title, touched_at from conversation order by touched_at desc, id desc limit $1`, mostListed)
	if err != nil {
		return nil, fmt.Errorf("list conversations: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Conversation, err error) {
		err = row.Scan(&c.ID, &c.Title, &c.At)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("list conversations: %w", err)
	}
	return list, nil
}

// asked gives the questions of a conversation as they were understood, the last first.
func asked(ctx context.Context, tx pgx.Tx, conversation int64) ([]string, error) {
	rows, err := tx.Query(ctx, `select case when whole = '' then text else whole end from question where conversation_id = $1 order by id desc limit 10`, conversation)
	if err != nil {
		return nil, fmt.Errorf("read earlier questions: %w", err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read earlier questions: %w", err)
	}
	return texts, nil
}
