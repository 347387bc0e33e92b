package corpus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// PassageView is a passage as people see it.
type PassageView struct {
	ID, DocumentID, VersionID int64
	Title, DocNumber, Issuer  string
	Level, Region, Kind       string
	Scope                     string
	Label                     string
	Path                      []string // of its provision
	Context, Text             string
	Start, End                int // byte offsets into the version's text
	Issued                    Date
	Validity
}

// PassagesByID reads passages under the acting account's rights, in the order
// of ids; those that it may not see are left out.
func PassagesByID(ctx context.Context, tx pgx.Tx, ids []int64) (all []PassageView, err error) {
	var b pgx.Batch
	QueuePassages(&b, ids, &all)
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return nil, fmt.Errorf("read %d passages: %w", len(ids), err)
	}
	return all, nil
}

// QueuePassages is PassagesByID as part of a batch, whose round trip it shares.
func QueuePassages(b *pgx.Batch, ids []int64, all *[]PassageView) {
	const q = `select p.id, d.id, v.id, v.title, v.doc_number, d.issuer, v.level, d.region, d.kind, p.scope, p.label,
			coalesce(r.path, '{}'), p.context, p.text, p.start_at, p.end_at, coalesce(to_char(v.issued, 'YYYY-MM-DD'), ''),
			coalesce(to_char(v.effective, 'YYYY-MM-DD'), ''), coalesce(to_char(v.repealed, 'YYYY-MM-DD'), ''), v.ended
		from unnest($1::bigint[]) with ordinality as t(id, n)
		join passage p on p.id = t.id join version v on v.id = p.version_id join document d on d.id = v.document_id
		left join provision r on r.id = p.provision_id
		order by t.n`
	b.Queue(q, ids).Query(func(rows pgx.Rows) (err error) {
		*all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p PassageView, err error) {
			err = row.Scan(&p.ID, &p.DocumentID, &p.VersionID, &p.Title, &p.DocNumber, &p.Issuer, &p.Level, &p.Region, &p.Kind, &p.Scope, &p.Label,
				&p.Path, &p.Context, &p.Text, &p.Start, &p.End, &p.Issued, &p.Effective, &p.Repealed, &p.Over)
			return p, err
		})
		return err
	})
}

// VersionView is one version whole, with its document's header.
type VersionView struct {
	ID, DocumentID                          int64
	Title, DocNumber, Issuer, Level, Region string
	Kind, Scope, ImportPath                 string
	Issued                                  Date
	Validity
	Text       string
	Provisions []Provision
}

const versionColumns = `v.id, d.id, v.title, v.doc_number, d.issuer, v.level, d.region, d.kind, v.scope, v.import_path,
	coalesce(to_char(v.issued, 'YYYY-MM-DD'), ''), coalesce(to_char(v.effective, 'YYYY-MM-DD'), ''), coalesce(to_char(v.repealed, 'YYYY-MM-DD'), ''), v.ended`

func (v *VersionView) fields() []any {
	return []any{&v.ID, &v.DocumentID, &v.Title, &v.DocNumber, &v.Issuer, &v.Level, &v.Region, &v.Kind, &v.Scope, &v.ImportPath,
		&v.Issued, &v.Effective, &v.Repealed, &v.Over}
}

// VersionByID reads a version with its text and provisions; ErrNotFound when
// the acting account sees none.
func VersionByID(ctx context.Context, tx pgx.Tx, id int64) (VersionView, error) {
	const q = `select ` + versionColumns + `, v.text from version v join document d on d.id = v.document_id where v.id = $1`
	var v VersionView
	err := tx.QueryRow(ctx, q, id).Scan(append(v.fields(), &v.Text)...)
	if err != nil {
		return VersionView{}, notFound(fmt.Errorf("read version %d: %w", id, err))
	}
	v.Provisions, err = provisionsOf(ctx, tx, id)
	return v, err
}

func provisionsOf(ctx context.Context, tx pgx.Tx, versionID int64) ([]Provision, error) {
	const q = `select ord, path, label, start_at, end_at from provision where version_id = $1 order by ord`
	rows, err := tx.Query(ctx, q, versionID)
	if err != nil {
		return nil, fmt.Errorf("provisions of version %d: %w", versionID, err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Provision, err error) {
		err = row.Scan(&p.Ord, &p.Path, &p.Label, &p.Start, &p.End)
		return p, err
	})
}

// ProvisionView is a provision, or a 款 or 项 of one, with its version's
// header but not its text: Text is the provision's own.
type ProvisionView struct {
	VersionView        // without Text and Provisions
	Label       string // as asked for, in official form
	Path        []string
	Start, End  int // byte offsets into the version's text
	Text        string
}

// ProvisionAt reads the provision that label names in a version: 第十条, or
// 第十条第二款第（三）项 for a part of it. Several of one label, as annexes
// have, give the first. ErrNotFound when there is none to see.
func ProvisionAt(ctx context.Context, tx pgx.Tx, versionID int64, label string) (ProvisionView, error) {
	article, paragraph, item := splitLabel(label)
	const q = `select ` + versionColumns + `, p.path, p.label, p.start_at, p.end_at,
			convert_from(substring(convert_to(v.text, 'UTF8') from p.start_at + 1 for p.end_at - p.start_at), 'UTF8')
		from provision p join version v on v.id = p.version_id join document d on d.id = v.document_id
		where p.version_id = $1 and p.label = $2 order by p.ord limit 1`
	var p ProvisionView
	err := tx.QueryRow(ctx, q, versionID, article).Scan(append(p.fields(), &p.Path, &p.Label, &p.Start, &p.End, &p.Text)...)
	if err != nil {
		return ProvisionView{}, notFound(fmt.Errorf("read %s of version %d: %w", article, versionID, err))
	}
	if paragraph == 0 && item == 0 {
		return p, nil
	}
	start, end, ok := Part(p.Text, paragraph, item)
	if !ok {
		return ProvisionView{}, fmt.Errorf("%s of version %d has no such part: %w", article, versionID, ErrNotFound)
	}
	_, paras := addresses(p.Text, linesOf(p.Text))
	p.Label += address(span{para: max(paragraph, 1), item: item}, paras)
	p.Start, p.End, p.Text = p.Start+start, p.Start+end, p.Text[start:end]
	return p, nil
}

func notFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}

// Place is what stands under a label in a version: the text of every provision
// so labelled (a notice that prints two rules has two 第一条) or, in a 公文 and
// other documents without provisions, the lines under it.
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
	rows, err := tx.Query(ctx, provisions, versionID, label)
	if err == nil {
		p.Texts, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err == nil && len(p.Texts) == 0 {
		p.Texts, err = freeAt(ctx, tx, versionID, label)
	}
	if err != nil {
		return Place{}, fmt.Errorf("read %s of version %d: %w", label, versionID, err)
	}
	if len(p.Texts) == 0 {
		return Place{}, fmt.Errorf("%s of version %d: %w", label, versionID, ErrNotFound)
	}
	return p, nil
}

// freeAt gives what stands under a label outside provisions, one text a passage.
func freeAt(ctx context.Context, tx pgx.Tx, versionID int64, label string) ([]string, error) {
	const q = `select label, text from passage where version_id = $1 and provision_id is null order by ord limit 20000`
	rows, err := tx.Query(ctx, q, versionID)
	if err != nil {
		return nil, err
	}
	var texts []string
	var from, text string
	_, err = pgx.ForEachRow(rows, []any{&from, &text}, func() error {
		var b strings.Builder
		walk(from, text, func(at string, start, end int) bool {
			if strings.HasPrefix(at, squeeze(label)) {
				b.WriteString(text[start:end])
				b.WriteByte('\n')
			}
			return true
		})
		if b.Len() > 0 {
			texts = append(texts, b.String())
		}
		return nil
	})
	return texts, err
}
