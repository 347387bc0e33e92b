package corpus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/audit"
)

// Saved says what Save did.
type Saved struct {
	DocumentID, VersionID int64
	Passages              []SavedPassage // none when unchanged
	Change                string         // Added, Updated or Unchanged
	Touched               []int64        // versions to index again: this one and those whose dates changed
	TextHash              string
	Withdrawn             bool // from the public, into the narrower scope it was now saved in
}

// SavedPassage is a passage with its new id; Text and Context are what is embedded.
type SavedPassage struct {
	ID            int64
	Ord           int
	Label         string
	Context, Text string
}

// What a Save did.
const (
	Added     = "added"
	Updated   = "updated"
	Unchanged = "unchanged"
)

// Save stores a cut file as a version, whole, inside tx under the acting
// account: the document it belongs to, its provisions and passages, and the
// dates of the versions beside it. Call Announce last in the same transaction.
//
// The document's row is locked first, so that two files of one document saved
// at once see each other's dates. Rows go in by INSERT … SELECT unnest: COPY
// does not work under row-level security.
func Save(ctx context.Context, tx pgx.Tx, actor int64, scope, importPath, fileHash string, c Cut) (Saved, error) {
	textHash := hashOf(c.Text)
	moved, err := narrow(ctx, tx, scope, importPath, textHash, c.Header)
	if err != nil {
		return Saved{}, err
	}
	documentID, err := putDocument(ctx, tx, scope, importPath, c.Header)
	if err != nil {
		return Saved{}, err
	}
	old, err := versionAt(ctx, tx, scope, importPath)
	if err != nil {
		return Saved{}, err
	}
	cutHash := hashOfCut(c)
	s := Saved{DocumentID: documentID, VersionID: old.id, Change: Updated, TextHash: textHash, Touched: moved, Withdrawn: len(moved) > 0}
	kept := old.id != 0 && old.textHash == s.TextHash && old.cutHash == cutHash // the parts stay as they are, with their ids
	if kept && len(moved) == 0 && old.document == documentID && old.header == declared(c.Header) {
		s.Change = Unchanged
		if old.fileHash != fileHash {
			_, err = tx.Exec(ctx, `update version set file_hash = $2 where id = $1`, old.id, fileHash)
		}
		return s, err
	}
	if old.id == 0 {
		s.Change = Added
	}
	if s.VersionID, err = putVersion(ctx, tx, documentID, scope, importPath, fileHash, s.TextHash, cutHash, c); err != nil {
		return Saved{}, err
	}
	if !kept {
		if s.Passages, err = putParts(ctx, tx, s.VersionID, scope, old.id != 0, c); err != nil {
			return Saved{}, err
		}
	}
	names, err := putRelations(ctx, tx, s.VersionID, scope, old.id != 0, c.Relations)
	if err != nil {
		return Saved{}, err
	}
	around, err := settleAround(ctx, tx, documentID, old.document, names)
	for _, id := range append(around, s.VersionID) {
		s.Touched = withID(s.Touched, id)
	}
	return s, err
}

// settleAround derives anew the dates of a document, of the one that the
// version was taken for before, and of those whose names its text ends.
func settleAround(ctx context.Context, tx pgx.Tx, documentID, before int64, names []string) (touched []int64, err error) {
	ids := []int64{documentID}
	if before != 0 && before != documentID {
		ids = append(ids, before)
	}
	if len(names) > 0 {
		others, err := documentsNamed(ctx, tx, names)
		if err != nil {
			return nil, err
		}
		ids = append(ids, others...)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		its, err := settle(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		touched = append(touched, its...)
	}
	return touched, nil
}

// hashOfCut identifies how a text is cut and what is read from it, so that a
// file cut again by a better cutter keeps its passages where nothing changed.
func hashOfCut(c Cut) string {
	h := sha256.New()
	for _, p := range c.Provisions {
		fmt.Fprintf(h, "%s|%q|%d|%d\n", p.Label, p.Path, p.Start, p.End)
	}
	for _, p := range c.Passages {
		fmt.Fprintf(h, "%s|%s|%d|%d|%d\n", p.Label, p.Context, p.ProvisionOrd, p.Start, p.End)
	}
	for _, r := range c.Relations {
		fmt.Fprintf(h, "%s|%s|%s|%v|%s|%d|%d|%g\n", r.Verb, r.Title, r.Number, r.Part, r.On, r.Start, r.End, r.Confidence)
	}
	for _, r := range c.References {
		fmt.Fprintf(h, "%d|%d|%s|%s\n", r.Start, r.End, r.Name, r.Label)
	}
	fmt.Fprintf(h, "%s", c.Note)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func withID(ids []int64, id int64) []int64 {
	for _, have := range ids {
		if have == id {
			return ids
		}
	}
	return append(ids, id)
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// putDocument finds or makes the document and locks its row until commit.
func putDocument(ctx context.Context, tx pgx.Tx, scope, importPath string, h Header) (id int64, err error) {
	const q = `insert into document (scope, identity, kind, title, doc_number, issuer, level, region, name)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (scope, identity) do update set name = excluded.name
		returning id`
	err = tx.QueryRow(ctx, q, scope, Identity(h, importPath), h.Kind, h.Title, h.DocNumber, h.Issuer, h.Level, h.Region, LookupName(h.Title)).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("save document %q: %w", h.Title, err)
	}
	return id, nil
}

type stored struct {
	id, document       int64
	fileHash, textHash string
	cutHash, header    string
}

// declared is all of a header that a version or its document stores.
func declared(h Header) string {
	return strings.Join([]string{h.Title, h.DocNumber, h.Issuer, h.Level, h.Region, string(h.Issued), string(h.Effective), string(h.Repealed), h.Status}, "\x1f")
}

func versionAt(ctx context.Context, tx pgx.Tx, scope, importPath string) (v stored, err error) {
	const q = `select id, document_id, file_hash, text_hash, cut_hash, declared from version where scope = $1 and import_path = $2 for update`
	err = tx.QueryRow(ctx, q, scope, importPath).Scan(&v.id, &v.document, &v.fileHash, &v.textHash, &v.cutHash, &v.header)
	if errors.Is(err, pgx.ErrNoRows) {
		return stored{}, nil
	}
	return v, err
}

// putVersion writes the version's row. A repeal that a keeper entered, with its
// ground, outlives a new reading of the file.
func putVersion(ctx context.Context, tx pgx.Tx, documentID int64, scope, importPath, fileHash, textHash, cutHash string, c Cut) (id int64, err error) {
	const q = `insert into version (document_id, scope, import_path, file_hash, text_hash, text, title, doc_number, level,
			issued, effective, declared_effective, declared_repealed, declared_status, declared, articles, note, cut_hash)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, nullif($10, '')::date, nullif($11, '')::date, nullif($11, '')::date, nullif($12, '')::date, $13, $14, $15, $16, $17)
		on conflict (scope, import_path) do update set document_id = excluded.document_id, file_hash = excluded.file_hash,
			text_hash = excluded.text_hash, text = excluded.text, title = excluded.title, doc_number = excluded.doc_number, level = excluded.level,
			issued = excluded.issued, declared_effective = excluded.declared_effective,
			declared_repealed = case when version.repeal_ground = '' then excluded.declared_repealed else version.declared_repealed end,
			declared_status = excluded.declared_status, declared = excluded.declared, articles = excluded.articles,
			note = excluded.note, cut_hash = excluded.cut_hash
		returning id`
	h := c.Header
	err = tx.QueryRow(ctx, q, documentID, scope, importPath, fileHash, textHash, c.Text, h.Title, h.DocNumber, h.Level,
		string(h.Issued), string(h.Effective), string(h.Repealed), h.Status, declared(h), len(c.Provisions), c.Note, cutHash).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("save version %q: %w", importPath, err)
	}
	return id, nil
}

// putParts replaces a version's provisions and passages.
func putParts(ctx context.Context, tx pgx.Tx, versionID int64, scope string, replace bool, c Cut) ([]SavedPassage, error) {
	if replace {
		for _, q := range []string{`delete from passage where version_id = $1`, `delete from provision where version_id = $1`, `delete from reference where version_id = $1`} {
			if _, err := tx.Exec(ctx, q, versionID); err != nil {
				return nil, fmt.Errorf("clear version %d: %w", versionID, err)
			}
		}
	}
	if err := putProvisions(ctx, tx, versionID, scope, c.Provisions); err != nil {
		return nil, err
	}
	if err := putReferences(ctx, tx, versionID, scope, c.References); err != nil {
		return nil, err
	}
	return putPassages(ctx, tx, versionID, scope, c)
}

func putProvisions(ctx context.Context, tx pgx.Tx, versionID int64, scope string, all []Provision) error {
	if len(all) == 0 {
		return nil
	}
	paths, labels := make([]string, len(all)), make([]string, len(all))
	starts, ends := make([]int32, len(all)), make([]int32, len(all))
	for i, p := range all {
		paths[i], labels[i] = strings.Join(p.Path, "\x1f"), p.Label
		starts[i], ends[i] = int32(p.Start), int32(p.End)
	}
	const q = `insert into provision (version_id, scope, ord, path, label, start_at, end_at)
		select $1, $2, n - 1, case when path = '' then '{}' else string_to_array(path, chr(31)) end, label, s, e
		from unnest($3::text[], $4::text[], $5::int[], $6::int[]) with ordinality as t(path, label, s, e, n)`
	if _, err := tx.Exec(ctx, q, versionID, scope, paths, labels, starts, ends); err != nil {
		return fmt.Errorf("save %d provisions: %w", len(all), err)
	}
	return nil
}

func putPassages(ctx context.Context, tx pgx.Tx, versionID int64, scope string, c Cut) ([]SavedPassage, error) {
	n := len(c.Passages)
	labels, contexts, texts := make([]string, n), make([]string, n), make([]string, n)
	starts, ends, of := make([]int32, n), make([]int32, n), make([]int32, n)
	for i, p := range c.Passages {
		labels[i], contexts[i], texts[i] = p.Label, p.Context, c.Text[p.Start:p.End]
		starts[i], ends[i], of[i] = int32(p.Start), int32(p.End), int32(p.ProvisionOrd)
	}
	const q = `insert into passage (version_id, provision_id, scope, ord, label, context, start_at, end_at, text)
		select $1, v.id, $2, t.n - 1, t.label, t.context, t.s, t.e, t.text
		from unnest($3::text[], $4::text[], $5::int[], $6::int[], $7::text[], $8::int[]) with ordinality as t(label, context, s, e, text, of, n)
		left join provision v on v.version_id = $1 and v.ord = t.of
		returning id, ord`
	rows, err := tx.Query(ctx, q, versionID, scope, labels, contexts, starts, ends, texts, of)
	if err != nil {
		return nil, fmt.Errorf("save %d passages: %w", n, err)
	}
	saved := make([]SavedPassage, n)
	var id int64
	var ord int
	_, err = pgx.ForEachRow(rows, []any{&id, &ord}, func() error {
		saved[ord] = SavedPassage{ID: id, Ord: ord, Label: labels[ord], Context: contexts[ord], Text: texts[ord]}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("save %d passages: %w", n, err)
	}
	return saved, nil
}

// settle derives the dates of all versions of a document anew, gives it the
// header of its newest, and returns the versions whose dates changed.
func settle(ctx context.Context, tx pgx.Tx, documentID int64) ([]int64, error) {
	const q = `select id, import_path, level, coalesce(to_char(issued, 'YYYY-MM-DD'), ''), coalesce(to_char(declared_effective, 'YYYY-MM-DD'), ''),
			coalesce(to_char(declared_repealed, 'YYYY-MM-DD'), ''), declared_status,
			coalesce(to_char(effective, 'YYYY-MM-DD'), ''), coalesce(to_char(repealed, 'YYYY-MM-DD'), ''), ended, coalesce(ended_by, 0)
		from version where document_id = $1 order by ` + newestFirst
	rows, err := tx.Query(ctx, q, documentID)
	if err != nil {
		return nil, fmt.Errorf("versions of document %d: %w", documentID, err)
	}
	var ids []int64
	var all []Declared
	var was []dates
	var id int64
	var d Declared
	var v dates
	_, err = pgx.ForEachRow(rows, []any{&id, &d.Path, &d.Level, &d.Issued, &d.Effective, &d.Repealed, &d.Status, &v.Effective, &v.Repealed, &v.Over, &v.by}, func() error {
		ids, all, was = append(ids, id), append(all, d), append(was, v)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("versions of document %d: %w", documentID, err)
	}
	endings, err := endingsOf(ctx, tx, documentID)
	if err != nil {
		return nil, err
	}
	var touched []int64
	var changed []dates
	for i, valid := range Derive(all, endings) {
		now := dates{Validity: valid, by: endedBy(valid, endings)}
		if now != was[i] {
			touched, changed = append(touched, ids[i]), append(changed, now)
		}
	}
	if err := putDates(ctx, tx, touched, changed); err != nil {
		return nil, err
	}
	if len(all) == 1 && len(touched) == 0 {
		return nil, nil
	}
	return touched, putHeader(ctx, tx, documentID)
}

// dates are when a version is in force, and the relation that ends it, 0 for none.
type dates struct {
	Validity
	by int64
}

func endedBy(v Validity, endings []Ending) int64 {
	for _, e := range endings {
		if v.Repealed != "" && e.On == v.Repealed {
			return e.Relation
		}
	}
	return 0
}

func putDates(ctx context.Context, tx pgx.Tx, ids []int64, all []dates) error {
	if len(ids) == 0 {
		return nil
	}
	from, to, over, by := make([]string, len(ids)), make([]string, len(ids)), make([]bool, len(ids)), make([]int64, len(ids))
	for i, v := range all {
		from[i], to[i], over[i], by[i] = string(v.Effective), string(v.Repealed), v.Over, v.by
	}
	const q = `update version set effective = nullif(t.f, '')::date, repealed = nullif(t.t, '')::date, ended = t.o, ended_by = nullif(t.b, 0)
		from unnest($1::bigint[], $2::text[], $3::text[], $4::bool[], $5::bigint[]) as t(id, f, t, o, b) where version.id = t.id`
	if _, err := tx.Exec(ctx, q, ids, from, to, over, by); err != nil {
		return fmt.Errorf("save dates of %d versions: %w", len(ids), err)
	}
	return nil
}

// putHeader shows a document under the name and number of its newest version.
func putHeader(ctx context.Context, tx pgx.Tx, documentID int64) error {
	const q = `update document set title = v.title, doc_number = v.doc_number, issuer = split_part(v.declared, chr(31), 3), level = v.level
		from (select * from version where document_id = $1 order by ` + newestFirst + ` limit 1) v where document.id = $1
		and (document.title, document.doc_number, document.issuer, document.level)
			is distinct from (v.title, v.doc_number, split_part(v.declared, chr(31), 3), v.level)`
	if _, err := tx.Exec(ctx, q, documentID); err != nil {
		return fmt.Errorf("save header of document %d: %w", documentID, err)
	}
	return nil
}

// Announce appends the audit leaf of each saved version and tells the index
// what to read again. It takes the log's lock, so it is the transaction's end.
func Announce(ctx context.Context, tx pgx.Tx, now time.Time, actor int64, saved ...Saved) error {
	for _, s := range saved {
		if s.Change == Unchanged || s.VersionID == 0 {
			continue
		}
		err := announce(ctx, tx, now, audit.Leaf{Kind: "document.imported", Actor: actor, Subject: audit.Subject("document", s.DocumentID),
			Data: map[string]any{"version": s.VersionID, "change": s.Change, "text": "sha256:" + s.TextHash}}, s.Touched)
		if err != nil {
			return err
		}
	}
	return nil
}

// announce appends a leaf, then the feed rows that carry its number.
func announce(ctx context.Context, tx pgx.Tx, now time.Time, leaf audit.Leaf, versions []int64) error {
	seq, err := audit.Append(ctx, tx, now, leaf)
	if err != nil {
		return err
	}
	const q = `insert into corpus_change (seq, version_id) select $1, unnest($2::bigint[])`
	if _, err := tx.Exec(ctx, q, seq, versions); err != nil {
		return fmt.Errorf("tell the index of %d versions: %w", len(versions), err)
	}
	return consequences(ctx, tx, now, leaf.Actor, seq, versions)
}

// Known gives the file hash under which each import path was last saved in a
// scope, so that unchanged files are skipped. Paths never saved are absent.
func Known(ctx context.Context, tx pgx.Tx, scope string, importPaths []string) (map[string]string, error) {
	const q = `select import_path, file_hash from version where scope = $1 and import_path = any($2)`
	rows, err := tx.Query(ctx, q, scope, importPaths)
	if err != nil {
		return nil, fmt.Errorf("look up %d import paths: %w", len(importPaths), err)
	}
	known := map[string]string{}
	var path, hash string
	_, err = pgx.ForEachRow(rows, []any{&path, &hash}, func() error {
		known[path] = hash
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look up %d import paths: %w", len(importPaths), err)
	}
	return known, nil
}

// Elsewhere gives, for import paths that other scopes hold too, one such scope
// that the acting account sees. Saving into a narrower scope than the public
// takes the document along; otherwise it makes another one.
func Elsewhere(ctx context.Context, tx pgx.Tx, scope string, importPaths []string) (map[string]string, error) {
	const q = `select import_path, min(scope) from version where scope <> $1 and import_path = any($2) group by import_path`
	rows, err := tx.Query(ctx, q, scope, importPaths)
	if err != nil {
		return nil, fmt.Errorf("look for %d import paths in other scopes: %w", len(importPaths), err)
	}
	other := map[string]string{}
	var path, in string
	_, err = pgx.ForEachRow(rows, []any{&path, &in}, func() error {
		other[path] = in
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for %d import paths in other scopes: %w", len(importPaths), err)
	}
	return other, nil
}
