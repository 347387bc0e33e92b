package corpus

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// putRelations replaces what a version's text does to other documents, and
// gives the names of those it repeals, or did before. What a person decided of
// a relation stays as long as the text says it.
func putRelations(ctx context.Context, tx pgx.Tx, versionID int64, scope string, replace bool, all []Relation) (names []string, err error) {
	n := len(all)
	verbs, titles, keys, numbers := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	made, parts, takes := make([]string, n), make([]bool, n), make([]string, n)
	starts, ends, confidence := make([]int32, n), make([]int32, n), make([]float32, n)
	for i, r := range all {
		verbs[i], titles[i], keys[i], numbers[i] = r.Verb, r.Title, r.Name(), r.Number
		parts[i], takes[i], starts[i], ends[i], confidence[i] = r.Part, string(r.On), int32(r.Start), int32(r.End), float32(r.Confidence)
		made[i] = arrayOf(r.Dates)
	}
	if replace {
		const drop = `delete from relation r where version_id = $1
			and not exists (select from unnest($2::text[], $3::text[], $4::text[]) as t(verb, name, number)
				where t.verb = r.verb and t.name = r.name and t.number = r.doc_number)
			returning name, verb`
		rows, err := tx.Query(ctx, drop, versionID, verbs, keys, numbers)
		if err != nil {
			return nil, fmt.Errorf("clear relations of version %d: %w", versionID, err)
		}
		var name, verb string
		if _, err := pgx.ForEachRow(rows, []any{&name, &verb}, func() error {
			if verb == Repeals {
				names = append(names, name)
			}
			return nil
		}); err != nil {
			return nil, fmt.Errorf("clear relations of version %d: %w", versionID, err)
		}
	}
	if n == 0 {
		return names, nil
	}
	const q = `insert into relation (version_id, scope, verb, title, name, doc_number, made, part, takes, start_at, end_at, confidence)
		select $1, $2, verb, title, name, number, made::date[], part, nullif(takes, '')::date, s, e, c
		from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bool[], $9::text[], $10::int[], $11::int[], $12::real[])
			as t(verb, title, name, number, made, part, takes, s, e, c)
		on conflict (version_id, verb, name, doc_number) do update set title = excluded.title, made = excluded.made, part = excluded.part,
			takes = excluded.takes, start_at = excluded.start_at, end_at = excluded.end_at, confidence = excluded.confidence`
	if _, err := tx.Exec(ctx, q, versionID, scope, verbs, titles, keys, numbers, made, parts, takes, starts, ends, confidence); err != nil {
		return nil, fmt.Errorf("save %d relations: %w", n, err)
	}
	for i, verb := range verbs {
		if verb == Repeals {
			names = append(names, keys[i])
		}
	}
	return names, nil
}

func arrayOf(all []Date) string {
	out := "{"
	for i, d := range all {
		if i > 0 {
			out += ","
		}
		out += string(d)
	}
	return out + "}"
}

func putReferences(ctx context.Context, tx pgx.Tx, versionID int64, scope string, all []Reference) error {
	n := len(all)
	if n == 0 {
		return nil
	}
	of, starts, ends := make([]int32, n), make([]int32, n), make([]int32, n)
	names, labels, articles := make([]string, n), make([]string, n), make([]string, n)
	for i, r := range all {
		of[i], starts[i], ends[i] = int32(r.Provision), int32(r.Start), int32(r.End)
		names[i], labels[i], articles[i] = r.Name, r.Label, r.Article
	}
	const q = `insert into reference (version_id, scope, provision, start_at, end_at, name, label, article)
		select $1, $2, t.* from unnest($3::int[], $4::int[], $5::int[], $6::text[], $7::text[], $8::text[]) as t`
	if _, err := tx.Exec(ctx, q, versionID, scope, of, starts, ends, names, labels, articles); err != nil {
		return fmt.Errorf("save %d references: %w", n, err)
	}
	return nil
}

// documentsNamed gives the documents that other texts call by these names,
// locked in the order of their numbers.
func documentsNamed(ctx context.Context, tx pgx.Tx, names []string) ([]int64, error) {
	rows, err := tx.Query(ctx, `select id from document where name = any($1) order by id for update`, names)
	if err != nil {
		return nil, fmt.Errorf("look up documents by name: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// said is a relation with who says it.
type said struct {
	id, document int64
	r            Relation
	by           Actor
	state        string
}

// saying gives what other texts say of documents of one name: those of the
// document's own scope, and what is public.
func saying(ctx context.Context, tx pgx.Tx, name, scope, verb string) ([]said, error) {
	const q = `select r.id, d.id, r.verb, r.title, r.doc_number, r.made::text[], r.part, coalesce(to_char(r.takes, 'YYYY-MM-DD'), ''),
			r.confidence, r.state, d.identity, v.title, split_part(v.declared, chr(31), 3), v.level, d.region,
			coalesce(to_char(v.effective, 'YYYY-MM-DD'), ''), coalesce(to_char(v.issued, 'YYYY-MM-DD'), '')
		from relation r join version v on v.id = r.version_id join document d on d.id = v.document_id
		where r.name = $1 and r.verb = $3 and r.state <> 'refused' and r.scope in ('public', $2) order by r.id`
	rows, err := tx.Query(ctx, q, name, scope, verb)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s said, err error) {
		var made []string
		err = row.Scan(&s.id, &s.document, &s.r.Verb, &s.r.Title, &s.r.Number, &made, &s.r.Part, &s.r.On, &s.r.Confidence, &s.state,
			&s.by.Identity, &s.by.Title, &s.by.Issuer, &s.by.Level, &s.by.Region, &s.by.Effective, &s.by.Issued)
		for _, d := range made {
			s.r.Dates = append(s.r.Dates, Date(d))
		}
		return s, err
	})
}

// endingsOf gives the certain endings of a document by other texts.
func endingsOf(ctx context.Context, tx pgx.Tx, documentID int64) ([]Ending, error) {
	var name, scope string
	if err := tx.QueryRow(ctx, `select name, scope from document where id = $1`, documentID).Scan(&name, &scope); err != nil || name == "" {
		return nil, notFound(err)
	}
	all, err := saying(ctx, tx, name, scope, Repeals)
	if err != nil {
		return nil, fmt.Errorf("what ends document %d: %w", documentID, err)
	}
	var out []Ending
	for _, s := range all {
		e, sure, err := meant(ctx, tx, documentID, name, scope, s)
		if err != nil {
			return nil, err
		}
		if sure >= Certain && !s.r.Part {
			out = append(out, e)
		}
	}
	return out, nil
}

// meant resolves a relation among the documents of its name: how surely it
// means this one. What a person confirmed is sure.
func meant(ctx context.Context, tx pgx.Tx, documentID int64, name, scope string, s said) (Ending, float64, error) {
	ids, targets, err := targetsNamed(ctx, tx, name, scope)
	if err != nil {
		return Ending{}, 0, err
	}
	picked, confidence := Meant(s.r, s.by, targets)
	e := Ending{On: s.r.On, Made: s.r.Dates, By: s.by.Title, Relation: s.id}
	if e.On == "" {
		e.On = s.by.Effective
	}
	if e.On == "" {
		e.On = s.by.Issued
	}
	for _, i := range picked {
		if ids[i] == documentID {
			if s.state == "confirmed" {
				confidence = 1
			}
			return e, confidence, nil
		}
	}
	return e, 0, nil
}

func targetsNamed(ctx context.Context, tx pgx.Tx, name, scope string) (ids []int64, all []Target, err error) {
	const q = `select d.id, d.identity, d.title, d.issuer, d.level, d.region, d.doc_number,
			array(select coalesce(to_char(issued, 'YYYY-MM-DD'), '') from version v where v.document_id = d.id order by 1)
		from document d where d.name = $1 and d.scope = $2 order by d.id`
	rows, err := tx.Query(ctx, q, name, scope)
	if err != nil {
		return nil, nil, fmt.Errorf("look up %q: %w", name, err)
	}
	var id int64
	var t Target
	var issued []string
	_, err = pgx.ForEachRow(rows, []any{&id, &t.Identity, &t.Title, &t.Issuer, &t.Level, &t.Region, &t.Number, &issued}, func() error {
		t.Issued = nil
		for _, d := range issued {
			t.Issued = append(t.Issued, Date(d))
		}
		ids, all = append(ids, id), append(all, t)
		return nil
	})
	return ids, all, err
}
