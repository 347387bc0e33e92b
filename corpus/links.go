package corpus

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Link is a reference of a text, resolved: the words at Start to End mean a
// place in the text itself or in another document.
type Link struct {
	Start, End int    // byte offsets into the version's text
	DocumentID int64  // 0: the text itself
	Title      string // of the other document
	Label      string
	Article    string
}

// LinksOf gives the references of a version that lead somewhere: to a provision
// of its own, or to a document that the acting account may see.
func LinksOf(ctx context.Context, tx pgx.Tx, versionID int64) ([]Link, error) {
	const q = `select r.start_at, r.end_at, coalesce(d.id, 0), coalesce(d.title, ''), r.label, r.article
		from reference r
		left join lateral (select id, title from document d where r.name <> '' and d.name = r.name
			order by d.scope = r.scope desc, d.id limit 1) d on true
		where r.version_id = $1 and (r.name = '' or d.id is not null) order by r.start_at`
	rows, err := tx.Query(ctx, q, versionID)
	if err != nil {
		return nil, fmt.Errorf("references of version %d: %w", versionID, err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Link, err error) {
		err = row.Scan(&l.Start, &l.End, &l.DocumentID, &l.Title, &l.Label, &l.Article)
		return l, err
	})
}

// Citing is a provision of another document that refers to one of this.
type Citing struct {
	DocumentID, VersionID int64
	Title, From           string // From: the provision it stands in, "" outside
	Label, Article        string // what it refers to
	Status                string
}

// CitedBy lists what refers to provisions of a document, from texts in force on
// the day first; at most limit.
func CitedBy(ctx context.Context, tx pgx.Tx, documentID int64, on Date, limit int) ([]Citing, error) {
	const q = `select d.id, v.id, v.title, coalesce(p.label, ''), r.label, r.article,
			coalesce(to_char(v.effective, 'YYYY-MM-DD'), ''), coalesce(to_char(v.repealed, 'YYYY-MM-DD'), ''), v.ended
		from document x join reference r on r.name = x.name and r.name <> ''
		join version v on v.id = r.version_id join document d on d.id = v.document_id
		left join provision p on p.version_id = v.id and p.ord = r.provision
		where x.id = $1 and d.id <> x.id
		order by (v.repealed is null or v.repealed > $2::date) and not v.ended desc, v.id, r.start_at limit $3`
	rows, err := tx.Query(ctx, q, documentID, string(on), limit)
	if err != nil {
		return nil, fmt.Errorf("what cites document %d: %w", documentID, err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Citing, err error) {
		var v Validity
		err = row.Scan(&c.DocumentID, &c.VersionID, &c.Title, &c.From, &c.Label, &c.Article, &v.Effective, &v.Repealed, &v.Over)
		c.Status = v.Status(on)
		return c, err
	})
}

// Tie is a document that this one rests on, changes or ends, or that does so to
// this one.
type Tie struct {
	Verb       string
	Title      string
	DocumentID int64 // 0 when it is not here, or not for the acting account
	Out        bool  // this one does it to the other
	Part       bool
	State      string
	Confidence float64
	On         Date
}

// TiesOf lists the relations of a version's document, in both directions.
func TiesOf(ctx context.Context, tx pgx.Tx, versionID int64) ([]Tie, error) {
	const q = `select r.verb, coalesce(d.title, r.title), coalesce(d.id, 0), true, r.part, r.state, r.confidence, coalesce(to_char(r.takes, 'YYYY-MM-DD'), '')
		from relation r
		left join lateral (select id, title from document d where d.name = r.name order by d.scope = r.scope desc, d.id limit 1) d on true
		where r.version_id = $1
		union all
		select r.verb, b.title, b.document_id, false, r.part, r.state, r.confidence, coalesce(to_char(coalesce(r.takes, b.effective), 'YYYY-MM-DD'), '')
		from version v join document x on x.id = v.document_id join relation r on r.name = x.name join version b on b.id = r.version_id
		where v.id = $1 and b.document_id <> x.id and x.name <> '' and (r.scope = 'public' or r.scope = x.scope)
		order by 4, 1, 2`
	rows, err := tx.Query(ctx, q, versionID)
	if err != nil {
		return nil, fmt.Errorf("relations of version %d: %w", versionID, err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t Tie, err error) {
		err = row.Scan(&t.Verb, &t.Title, &t.DocumentID, &t.Out, &t.Part, &t.State, &t.Confidence, &t.On)
		return t, err
	})
}

// Around is what stands around a version: where its words lead, what leads to it.
type Around struct {
	Links []Link
	Cited []Citing
	Ties  []Tie
}

// Around reads all of it.
func (l Library) Around(ctx context.Context, account, documentID, versionID int64, on Date, limit int) (a Around, err error) {
	err = l.DB.Read(ctx, account, func(tx pgx.Tx) error {
		if a.Links, err = LinksOf(ctx, tx, versionID); err != nil {
			return err
		}
		if a.Cited, err = CitedBy(ctx, tx, documentID, on, limit); err != nil {
			return err
		}
		a.Ties, err = TiesOf(ctx, tx, versionID)
		return err
	})
	return a, err
}

// Line is part of a provision as a page shows it: one line with its address.
type Line struct {
	Start, End int    // byte offsets into the provision's text
	Address    string // 第二款第（三）项; "" for the article's first line
}

// Lines gives the lines of a provision's text with their addresses, for links
// to any 款 and 项.
func Lines(provision string) []Line {
	spans, paras := addresses(provision, linesOf(provision))
	out := make([]Line, len(spans))
	for i, s := range spans {
		out[i] = Line{Start: s.start, End: s.end}
		if s.first && (i > 0 || paras > 1) {
			out[i].Address = address(s, paras)
		}
	}
	return out
}
