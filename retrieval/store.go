package retrieval

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"advisor/corpus"
	"advisor/embed"
)

// The statements that feed the index. They run as worker, across all scopes;
// docs/operations.md lists them.

type validity = corpus.Validity

// row is a passage as the index reads it.
type row struct {
	id, version   int64
	title, number string
	issuer, label string
	context, text string
}

// change is one entry of the log of what is searchable.
type change struct{ seq, version int64 }

// changesAfter gives the next changes; those of one number always together.
func changesAfter(ctx context.Context, tx pgx.Tx, seq int64, limit int) ([]change, error) {
	rows, err := tx.Query(ctx, `select seq, version_id from corpus_change where seq > $1 order by seq fetch first $2 rows with ties`, seq, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (change, error) {
		var c change
		return c, r.Scan(&c.seq, &c.version)
	})
}

func lastChange(ctx context.Context, tx pgx.Tx) (seq int64, err error) {
	err = tx.QueryRow(ctx, `select coalesce(max(seq), -1) from corpus_change`).Scan(&seq)
	return seq, err
}

// anchor is the hash of the audit leaf with this number, empty when there is
// none. It ties a snapshot to the database it was made from.
func anchor(ctx context.Context, tx pgx.Tx, seq int64) (string, error) {
	var body string
	err := tx.QueryRow(ctx, `select body from audit_leaf where seq = $1`, seq).Scan(&body)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:]), err
}

const versionColumns = `select id, document_id, scope,
  coalesce(to_char(effective, 'YYYY-MM-DD'), ''), coalesce(to_char(repealed, 'YYYY-MM-DD'), ''), ended, level, title from version`

func allVersions(ctx context.Context, tx pgx.Tx) (map[int64]*version, error) {
	rows, err := tx.Query(ctx, versionColumns)
	return scanVersions(rows, err)
}

func someVersions(ctx context.Context, tx pgx.Tx, ids []int64) (map[int64]*version, error) {
	rows, err := tx.Query(ctx, versionColumns+` where id = any($1)`, ids)
	return scanVersions(rows, err)
}

func scanVersions(rows pgx.Rows, err error) (map[int64]*version, error) {
	if err != nil {
		return nil, err
	}
	out := make(map[int64]*version)
	var v version
	var level, title string
	_, err = pgx.ForEachRow(rows, []any{&v.id, &v.document, &v.scope, &v.Effective, &v.Repealed, &v.Over, &level, &title}, func() error {
		c := v
		c.secondary = secondary(level, title)
		out[v.id] = &c
		return nil
	})
	return out, err
}

// passageIDs gives the present passages of some versions.
func passageIDs(ctx context.Context, tx pgx.Tx, versions []int64) ([]int64, error) {
	rows, err := tx.Query(ctx, `select id from passage where version_id = any($1)`, versions)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

const rowColumns = `select p.id, p.version_id, v.title, v.doc_number, d.issuer, p.label, p.context, p.text
  from passage p join version v on v.id = p.version_id join document d on d.id = v.document_id`

// rowsAfter pages through all passages.
func rowsAfter(ctx context.Context, tx pgx.Tx, id int64, limit int) ([]row, error) {
	rows, err := tx.Query(ctx, rowColumns+` where p.id > $1 order by p.id limit $2`, id, limit)
	return scanRows(rows, err)
}

func rowsByID(ctx context.Context, tx pgx.Tx, ids []int64) ([]row, error) {
	rows, err := tx.Query(ctx, rowColumns+` where p.id = any($1)`, ids)
	return scanRows(rows, err)
}

func scanRows(rows pgx.Rows, err error) ([]row, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(c pgx.CollectableRow) (row, error) {
		var r row
		return r, c.Scan(&r.id, &r.version, &r.title, &r.number, &r.issuer, &r.label, &r.context, &r.text)
	})
}

// vectorsOf reads the vectors of some passages under one model.
func vectorsOf(ctx context.Context, tx pgx.Tx, e embed.Embedder, passages []int64, each func(id int64, v []float32)) error {
	if err := knowVectors(ctx, tx); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `select passage_id, embedding from passage_vector where passage_id = any($1) and model = $2 and dim = $3`,
		passages, e.Name(), e.Dim())
	if err != nil {
		return err
	}
	var id int64
	var v pgvector.HalfVector
	_, err = pgx.ForEachRow(rows, []any{&id, &v}, func() error { each(id, v.Slice()); return nil })
	return err
}

// passagesWith gives the passages that contain a word in lower case.
func passagesWith(ctx context.Context, tx pgx.Tx, word string) ([]int64, error) {
	rows, err := tx.Query(ctx, `select id from passage where strpos(lower(normalize(context || ' ' || text, NFKC)), $1) > 0 order by id`, word)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}
