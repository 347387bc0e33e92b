package advice

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"advisor/corpus"
)

// source is what stands at a cited place, as the acting account may see it.
type source struct {
	documentID         int64
	title, docNumber   string
	level, kind, scope string
	validity           corpus.Validity
	texts              []string // of every provision or passage so labelled: a notice may print two rules
}

var errNoSource = errors.New("no such place, or none that one may see")

const headSQL = `select v.document_id, case when v.title = '' then d.title else v.title end,
	case when v.doc_number = '' then d.doc_number else v.doc_number end, d.level, d.kind, v.scope,
	coalesce(v.effective::text, ''), coalesce(v.repealed::text, ''), v.ended
	from version v join document d on d.id = v.document_id where v.id = $1`

// Offsets are bytes, so the text is cut as bytes.
const provisionSQL = `select convert_from(substring(convert_to(v.text, 'UTF8') from p.start_at + 1 for p.end_at - p.start_at), 'UTF8')
	from provision p join version v on v.id = p.version_id where p.version_id = $1 and p.label = $2 order by p.ord limit 20`

const passageSQL = `select text from passage where version_id = $1 and label = $2 order by ord limit 2000`

// readSource reads the article, or whatever passages carry the label.
func readSource(ctx context.Context, tx pgx.Tx, version int64, article string) (source, error) {
	var s source
	v := &s.validity
	err := tx.QueryRow(ctx, headSQL, version).Scan(&s.documentID, &s.title, &s.docNumber, &s.level, &s.kind, &s.scope, &v.Effective, &v.Repealed, &v.Over)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, errNoSource
	}
	if err != nil {
		return s, fmt.Errorf("read version %d: %w", version, err)
	}
	for _, sql := range []string{provisionSQL, passageSQL} {
		rows, err := tx.Query(ctx, sql, version, article)
		if err == nil {
			s.texts, err = pgx.CollectRows(rows, pgx.RowTo[string])
		}
		if err != nil {
			return s, fmt.Errorf("read %s of version %d: %w", article, version, err)
		}
		if len(s.texts) > 0 {
			return s, nil
		}
	}
	return s, errNoSource
}

// pinpoint gives each citation of an article the shortest official address of
// where its quote stands. A quote that is not there is left to the check.
func pinpoint(ctx context.Context, tx pgx.Tx, b *Body) error {
	for i := range b.Claims {
		for j := range b.Claims[i].Citations {
			c := &b.Claims[i].Citations[j]
			p := parsePlace(c.Provision)
			if !strings.HasSuffix(p.article, "条") && !p.inside() && !strings.Contains(p.article, "条之") && !strings.HasPrefix(p.article, "条目") {
				continue
			}
			s, err := readSource(ctx, tx, c.VersionID, p.article)
			if errors.Is(err, errNoSource) {
				continue
			}
			if err != nil {
				return err
			}
			for _, text := range s.texts {
				if holds([]string{text}, place{article: p.article}, c.Quote) {
					c.Provision = address(p.article, text, c.Quote)
					break
				}
			}
		}
	}
	return nil
}
