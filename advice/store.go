package advice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"advisor/audit"
	"advisor/internal/problem"
)

// storeQuestion makes the conversation when there is none, and the question.
func storeQuestion(ctx context.Context, tx pgx.Tx, account int64, q Ask, now time.Time) (Ask, error) {
	var err error
	if q.ConversationID == 0 {
		err = tx.QueryRow(ctx, `insert into conversation (account_id, title, created_at, touched_at) values ($1, $2, $3, $3) returning id`,
			account, title(q.Text), now).Scan(&q.ConversationID)
	} else {
		var id int64
		err = tx.QueryRow(ctx, `update conversation set touched_at = $2 where id = $1 returning id`, q.ConversationID, now).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return q, problem.New(problem.NotFound, "no-conversation", "没有提交问题", "没有找到这次对话", "请新建提问").Because(err)
		}
	}
	if err != nil {
		return q, fmt.Errorf("store conversation: %w", err)
	}
	whole := q.Whole
	if whole == q.Text {
		whole = ""
	}
	err = tx.QueryRow(ctx, `insert into question (conversation_id, account_id, text, whole, on_date, asked_at) values ($1, $2, $3, $4, $5::date, $6) returning id`,
		q.ConversationID, account, q.Text, whole, string(q.On), now).Scan(&q.QuestionID)
	if err != nil {
		return q, fmt.Errorf("store question: %w", err)
	}
	return q, nil
}

// title is how a conversation is listed: its first question, cut short.
func title(question string) string { return clip(oneLine(question), 40) }

func storeFailure(ctx context.Context, tx pgx.Tx, question int64, p *problem.Problem) error {
	raw, err := json.Marshal(p)
	if err == nil {
		_, err = tx.Exec(ctx, `update question set failure = $2 where id = $1`, question, raw)
	}
	if err != nil {
		return fmt.Errorf("store failure of question %d: %w", question, err)
	}
	return nil
}

// store keeps a draft, its first revision and the leaf that says so.
func store(ctx context.Context, tx pgx.Tx, answer Answer, b Body, replay []byte) (Answer, error) {
	err := tx.QueryRow(ctx, `insert into draft (question_id, account_id, scope, status, reason, notice, drafter, model, prompt, took_ms, created_at, replay)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning id`,
		answer.QuestionID, answer.AskedBy, answer.Scope, answer.Status, answer.Reason, answer.Notice, answer.Drafter,
		answer.Model, answer.Prompt, answer.TookMS, answer.At, replay).Scan(&answer.DraftID)
	if err != nil {
		return answer, fmt.Errorf("store draft of question %d: %w", answer.QuestionID, err)
	}
	r, err := AddRevision(ctx, tx, answer.DraftID, NewRevision{Body: b, Author: answer.AskedBy, Machine: true, At: answer.At})
	if err != nil {
		return answer, err
	}
	_, err = audit.Append(ctx, tx, answer.At, audit.Leaf{Kind: "draft.created", Actor: answer.AskedBy,
		Subject: audit.Subject("draft", answer.DraftID), Data: map[string]any{"question": audit.Subject("question", answer.QuestionID),
			"status": answer.Status, "drafter": answer.Drafter, "revision": r.Number, "hash": r.Hash, "body": r.Digest()}})
	return answer.with(r), err
}

// with puts a revision's text into an answer.
func (a Answer) with(r Revision) Answer {
	a.Revision, a.Hash, a.Body, a.Claims, a.Label = r.Number, r.Hash, r.Body, r.Body.Claims, r.Body.Label
	a.Parts, a.Text = r.Body.parts(), r.Body.Text()
	if a.Notice != "" {
		a.Text = strings.Replace(a.Text, "\n", "\n提示："+a.Notice+"\n", 1)
	}
	return a
}

const draftSQL = `select d.id, d.question_id, d.account_id, d.scope, d.status, d.reason, d.notice, d.drafter, d.model, d.prompt, d.took_ms, d.created_at,
	coalesce(q.conversation_id, 0), coalesce(case when q.whole = '' then '' else q.text end, '')
	from draft d left join question q on q.id = d.question_id`

// load reads a draft as the machine wrote it. What experts made of it belongs
// to the review, which may still be closed to the asker.
func load(ctx context.Context, tx pgx.Tx, id int64) (Answer, error) {
	var a Answer
	err := tx.QueryRow(ctx, draftSQL+` where d.id = $1`, id).Scan(&a.DraftID, &a.QuestionID, &a.AskedBy, &a.Scope, &a.Status, &a.Reason,
		&a.Notice, &a.Drafter, &a.Model, &a.Prompt, &a.TookMS, &a.At, &a.ConversationID, &a.Asked)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, noDraft(err)
	}
	if err != nil {
		return a, fmt.Errorf("read draft %d: %w", id, err)
	}
	r, err := LoadRevision(ctx, tx, id, 1)
	if err != nil {
		return a, err
	}
	a.Question = r.Body.Question
	return a.with(r), nil
}

func noDraft(err error) error {
	return problem.New(problem.NotFound, "not-found", "没有找到这份建议稿", "它不存在，或者不在您的知悉范围内", "请核对编号").Because(err)
}

// nameOfOffice is the office's own name: rules of its place stand before those of others.
func nameOfOffice(ctx context.Context, tx pgx.Tx) (name string, err error) {
	err = tx.QueryRow(ctx, `select coalesce(max(name), '') from office`).Scan(&name)
	if err != nil {
		return "", fmt.Errorf("read the office's name: %w", err)
	}
	return name, nil
}

// scopesForModel are the scopes whose text may be sent to the configured model.
func scopesForModel(ctx context.Context, tx pgx.Tx) (map[string]bool, error) {
	rows, err := tx.Query(ctx, `select name from scope where send_to_model order by name`)
	if err != nil {
		return nil, fmt.Errorf("read scopes: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read scopes: %w", err)
	}
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out, nil
}

// NewRevision is a text to be added to a draft.
type NewRevision struct {
	Body    Body
	Author  int64
	Machine bool
	Reason  string
	At      time.Time
}

const revisionColumns = `draft_id, number, hash, body, author, machine, reason, at`

// LoadRevision reads one revision under the acting account's rights.
func LoadRevision(ctx context.Context, tx pgx.Tx, draftID int64, number int) (Revision, error) {
	return scanRevision(tx.QueryRow(ctx, `select `+revisionColumns+` from revision where draft_id = $1 and number = $2`, draftID, number))
}

// LatestRevision reads a draft's last revision under the acting account's rights.
func LatestRevision(ctx context.Context, tx pgx.Tx, draftID int64) (Revision, error) {
	return scanRevision(tx.QueryRow(ctx, `select `+revisionColumns+` from revision where draft_id = $1 order by number desc limit 1`, draftID))
}

// AddRevision stores a text as the draft's next revision. A text that the draft
// had before, word for word, is refused: one hash names one revision.
func AddRevision(ctx context.Context, tx pgx.Tx, draftID int64, n NewRevision) (Revision, error) {
	body := n.Body.whole()
	r := Revision{DraftID: draftID, Hash: body.Hash(), Body: body, Stored: body.stored(),
		Author: n.Author, Machine: n.Machine, Reason: n.Reason, At: n.At.UTC().Truncate(time.Microsecond)}
	if err := staysInScope(ctx, tx, draftID, body); err != nil {
		return Revision{}, err
	}
	err := tx.QueryRow(ctx, `insert into revision (draft_id, number, hash, body, author, machine, reason, at)
		select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7 from revision where draft_id = $1
		returning number`, draftID, r.Hash, r.Stored, r.Author, r.Machine, r.Reason, r.At).Scan(&r.Number)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.ConstraintName == "revision_hash" {
		return Revision{}, problem.New(problem.Conflict, "same-text", "没有形成新的修订稿", "内容与本建议稿已有的一稿完全相同", "请修改后再保存").Because(err)
	}
	if errors.As(err, &pg) && pg.ConstraintName == "revision_pkey" {
		return Revision{}, problem.New(problem.Conflict, "stale-hash", "没有形成新的修订稿", "别人刚刚保存了新的一稿", "请刷新后在最新一稿上修改").Because(err)
	}
	if err != nil {
		return Revision{}, fmt.Errorf("store revision of draft %d: %w", draftID, err)
	}
	return r, nil
}

// staysInScope refuses a text that quotes what the draft's readers may not all see.
func staysInScope(ctx context.Context, tx pgx.Tx, draftID int64, b Body) error {
	var cited []int64
	for _, c := range b.Claims {
		for _, q := range c.Citations {
			cited = append(cited, q.VersionID)
		}
	}
	var strays bool
	err := tx.QueryRow(ctx, `select exists (select from version v join draft d on d.id = $1
		where v.id = any($2) and v.scope <> 'public' and v.scope <> d.scope)`, draftID, cited).Scan(&strays)
	if err != nil {
		return fmt.Errorf("scopes cited by draft %d: %w", draftID, err)
	}
	if strays {
		return problem.New(problem.Refused, "other-scope", "没有形成修订稿", "它引用了超出本建议稿知悉范围的文件", "请只引用公开文件和本建议稿知悉范围内的文件")
	}
	return nil
}

func scanRevision(row pgx.Row) (Revision, error) {
	var r Revision
	err := row.Scan(&r.DraftID, &r.Number, &r.Hash, &r.Stored, &r.Author, &r.Machine, &r.Reason, &r.At)
	if errors.Is(err, pgx.ErrNoRows) {
		return Revision{}, noDraft(err)
	}
	if err != nil {
		return Revision{}, fmt.Errorf("read revision: %w", err)
	}
	if err := json.Unmarshal([]byte(r.Stored), &r.Body); err != nil {
		return Revision{}, fmt.Errorf("read revision %d of draft %d: %w", r.Number, r.DraftID, err)
	}
	return r, nil
}

// Digest is the hash of the very bytes that are kept, for the audit leaf: Hash
// covers what is decided on, Digest also what is only shown beside it.
func (r Revision) Digest() string { return digest([]byte(r.Stored)) }
