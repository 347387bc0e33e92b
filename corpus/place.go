package corpus

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Place is what stands under a label in a version: the text of every provision
// so labelled (a notice that prints two rules has two 第一条) or, where there is
// no such provision, of every passage.
type Place struct {
	VersionView // without Text and Provisions
	Texts       []string
}

// PlaceAt reads a place. The label is without 款 and 项; ErrNotFound when there
// is none to see.
func PlaceAt(ctx context.Context, tx pgx.Tx, versionID int64, label string) (Place, error) {
	const head = `select ` + versionColumns + ` from version v join document d on d.id = v.document_id where v.id = $1`
	var p Place
	if err := tx.QueryRow(ctx, head, versionID).Scan(p.fields()...); err != nil {
		return Place{}, notFound(fmt.Errorf("read version %d: %w", versionID, err))
	}
	const provisions = `select convert_from(substring(convert_to(v.text, 'UTF8') from p.start_at + 1 for p.end_at - p.start_at), 'UTF8')
		from provision p join version v on v.id = p.version_id where p.version_id = $1 and p.label = $2 order by p.ord limit 20`
	const passages = `select text from passage where version_id = $1 and label = $2 order by ord limit 2000`
	for _, q := range []string{provisions, passages} {
		rows, err := tx.Query(ctx, q, versionID, label)
		if err == nil {
			p.Texts, err = pgx.CollectRows(rows, pgx.RowTo[string])
		}
		if err != nil {
			return Place{}, fmt.Errorf("read %s of version %d: %w", label, versionID, err)
		}
		if len(p.Texts) > 0 {
			return p, nil
		}
	}
	return Place{}, fmt.Errorf("%s of version %d: %w", label, versionID, ErrNotFound)
}
