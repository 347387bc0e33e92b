package advice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"advisor/internal/problem"
)

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

func scanRevision(row pgx.Row) (Revision, error) {
	var r Revision
	err := row.Scan(&r.DraftID, &r.Number, &r.Hash, &r.Stored, &r.Author, &r.Machine, &r.Reason, &r.At)
	if errors.Is(err, pgx.ErrNoRows) {
		return Revision{}, problem.New(problem.NotFound, "not-found", "没有找到这份建议稿", "它不存在，或者不在您的知悉范围内", "请核对编号").Because(err)
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
