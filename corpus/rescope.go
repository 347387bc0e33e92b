package corpus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/audit"
)

// Rescope takes a document with all its versions into another scope, for one
// who may see both: what cites it keeps its numbers, and who may not see the new
// scope finds it no more. A document of the same identity there takes the
// versions in. It ends the transaction and gives the document's number there.
func Rescope(ctx context.Context, tx pgx.Tx, now time.Time, actor, documentID int64, scope string) (int64, error) {
	rows, err := tx.Query(ctx, `select v.id from version v join document d on d.id = v.document_id where d.id = $1 and d.scope <> $2 order by v.id`, documentID, scope)
	if err != nil {
		return 0, fmt.Errorf("versions of document %d: %w", documentID, err)
	}
	versions, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(versions) == 0 {
		return documentID, err
	}
	var touched []int64
	to := documentID
	for _, id := range versions {
		var its []int64
		if to, its, err = move(ctx, tx, id, scope); err != nil {
			return 0, err
		}
		touched = append(touched, its...)
	}
	return to, announceMove(ctx, tx, now, actor, to, scope, touched)
}

func announceMove(ctx context.Context, tx pgx.Tx, now time.Time, actor, documentID int64, scope string, touched []int64) error {
	var all []int64
	for _, id := range touched {
		all = withID(all, id)
	}
	return announce(ctx, tx, now, audit.Leaf{Kind: "document.rescoped", Actor: actor, Subject: audit.Subject("document", documentID),
		Data: map[string]any{"scope": scope}}, all)
}

// move takes one version into another scope with all its parts, which follow by
// their foreign keys; vectors have none and go by hand.
func move(ctx context.Context, tx pgx.Tx, versionID int64, scope string) (documentID int64, touched []int64, err error) {
	const target = `insert into document (scope, identity, kind, title, doc_number, issuer, level, region, name)
		select $2, d.identity, d.kind, d.title, d.doc_number, d.issuer, d.level, d.region, d.name
		from version v join document d on d.id = v.document_id where v.id = $1
		on conflict (scope, identity) do update set name = excluded.name
		returning id`
	var before int64
	if err := tx.QueryRow(ctx, `select document_id from version where id = $1 for update`, versionID).Scan(&before); err != nil {
		return 0, nil, notFound(err)
	}
	if err := tx.QueryRow(ctx, target, versionID, scope).Scan(&documentID); err != nil {
		return 0, nil, fmt.Errorf("move version %d: %w", versionID, err)
	}
	const vectors = `update passage_vector x set scope = $2 from passage p where p.version_id = $1 and x.passage_id = p.id`
	if _, err := tx.Exec(ctx, vectors, versionID, scope); err != nil {
		return 0, nil, fmt.Errorf("move vectors of version %d: %w", versionID, err)
	}
	if _, err := tx.Exec(ctx, `update version set document_id = $2, scope = $3 where id = $1`, versionID, documentID, scope); err != nil {
		return 0, nil, fmt.Errorf("move version %d: %w", versionID, err)
	}
	touched, err = settleAround(ctx, tx, documentID, before, nil)
	return documentID, withID(touched, versionID), err
}

// narrow takes a version that the public still sees into the narrower scope
// that it is now imported for. Only the very same document is taken: another
// office may have a file of one path. It gives what has to be indexed again.
func narrow(ctx context.Context, tx pgx.Tx, scope, importPath, textHash string, h Header) (touched []int64, err error) {
	if scope == accounts.PublicScope {
		return nil, nil
	}
	const q = `select v.id from version v join document d on d.id = v.document_id
		where v.scope = $1 and v.import_path = $2 and (d.identity = $3 or v.text_hash = $4)
			and not exists (select from version n where n.scope = $5 and n.import_path = $2)`
	var id int64
	err = tx.QueryRow(ctx, q, accounts.PublicScope, importPath, Identity(h, importPath), textHash, scope).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for %q in public: %w", importPath, err)
	}
	_, touched, err = move(ctx, tx, id, scope)
	return touched, err
}
