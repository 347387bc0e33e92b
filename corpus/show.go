package corpus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"advisor/audit"
	"advisor/internal/problem"
)

// Shown is a document as `documents show --json` gives it. Provisions and
// source are those of the version in force on the day, else of the newest.
type Shown struct {
	DocumentID int64            `json:"document_id,string"`
	VersionID  int64            `json:"version_id,string"`
	Title      string           `json:"title"`
	DocNumber  string           `json:"doc_number"`
	Issuer     string           `json:"issuer"`
	Level      string           `json:"level"`
	Region     string           `json:"region"`
	Kind       string           `json:"kind"`
	Scope      string           `json:"scope"`
	Versions   []ShownVersion   `json:"versions"`
	Provisions []ShownProvision `json:"provisions"`
	Source     string           `json:"source"`
}

// ShownVersion is one line of a document's history, newest first.
type ShownVersion struct {
	VersionID int64  `json:"version_id,string"`
	Path      string `json:"path"`
	Title     string `json:"title"`
	DocNumber string `json:"doc_number"`
	Issued    Date   `json:"issued"`
	Effective Date   `json:"effective"`
	Repealed  Date   `json:"repealed"`
	Status    string `json:"status"`
	Declared  string `json:"declared_status"`
	Ground    string `json:"repeal_ground"`
	EndedBy   string `json:"ended_by"` // the text that repeals it, read from that text
	EndedByID int64  `json:"ended_by_id,string,omitempty"`
	Articles  int    `json:"articles"`
}

// ShownProvision counts Start and End in characters of Source, for readers in
// any language. Path holds the numbers alone; Headings the headings whole.
type ShownProvision struct {
	Path     []string `json:"path"`
	Headings []string `json:"headings"`
	Label    string   `json:"label"`
	Start    int      `json:"start"`
	End      int      `json:"end"`
}

// Show reads a document. versionID 0 is the version in force on the day.
func Show(ctx context.Context, tx pgx.Tx, documentID, versionID int64, on Date) (Shown, error) {
	versions, err := History(ctx, tx, documentID, on)
	if err != nil {
		return Shown{}, err
	}
	pick := versions[0].VersionID
	for i := len(versions) - 1; i >= 0; i-- {
		if versions[i].Status == InForce {
			pick = versions[i].VersionID
		}
	}
	for _, v := range versions {
		if v.VersionID == versionID {
			pick = versionID
		}
	}
	if versionID != 0 && pick != versionID {
		return Shown{}, noDocument(versionID)
	}
	v, err := VersionByID(ctx, tx, pick)
	if err != nil {
		return Shown{}, err
	}
	return Shown{DocumentID: documentID, VersionID: v.ID, Title: v.Title, DocNumber: v.DocNumber, Issuer: v.Issuer, Level: v.Level,
		Region: v.Region, Kind: v.Kind, Scope: v.Scope, Versions: versions, Provisions: inCharacters(v.Text, v.Provisions), Source: v.Text}, nil
}

// inCharacters turns byte offsets into character offsets in one pass.
func inCharacters(text string, all []Provision) []ShownProvision {
	out := make([]ShownProvision, 0, len(all))
	at, chars := 0, 0
	count := func(to int) int {
		if to < at {
			return utf8.RuneCountInString(text[:to])
		}
		chars += utf8.RuneCountInString(text[at:to])
		at = to
		return chars
	}
	for _, p := range all {
		numbers := make([]string, len(p.Path))
		for i, heading := range p.Path {
			numbers[i], _, _ = strings.Cut(heading, " ")
		}
		out = append(out, ShownProvision{Path: numbers, Headings: p.Path, Label: p.Label, Start: count(p.Start), End: count(p.End)})
	}
	return out
}

func noDocument(id int64) error {
	return problem.New(problem.NotFound, "no-document", "没有找到文件 "+strconv.FormatInt(id, 10), "它不存在，或不在您的知悉范围内", "请用 advisor documents list 查看文件编号").Because(ErrNotFound)
}

// newestFirst: of several files that start on one day the fullest stands first,
// for a code is often kept whole and in parts.
const newestFirst = `effective desc nulls last, articles desc, issued desc nulls last, import_path`

// History lists a document's versions, newest first, with their status on a day.
func History(ctx context.Context, tx pgx.Tx, documentID int64, on Date) ([]ShownVersion, error) {
	const q = `select id, import_path, title, doc_number, coalesce(to_char(issued, 'YYYY-MM-DD'), ''), coalesce(to_char(effective, 'YYYY-MM-DD'), ''),
			coalesce(to_char(repealed, 'YYYY-MM-DD'), ''), ended, declared_status, repeal_ground, articles,
			coalesce((select b.title from relation r join version b on b.id = r.version_id where r.id = version.ended_by), ''),
			coalesce((select b.document_id from relation r join version b on b.id = r.version_id where r.id = version.ended_by), 0)
		from version where document_id = $1 order by ` + newestFirst
	rows, err := tx.Query(ctx, q, documentID)
	if err != nil {
		return nil, fmt.Errorf("history of document %d: %w", documentID, err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (v ShownVersion, err error) {
		var over bool
		err = row.Scan(&v.VersionID, &v.Path, &v.Title, &v.DocNumber, &v.Issued, &v.Effective, &v.Repealed, &over, &v.Declared, &v.Ground, &v.Articles, &v.EndedBy, &v.EndedByID)
		v.Status = Validity{Effective: v.Effective, Repealed: v.Repealed, Over: over}.Status(on)
		return v, err
	})
	if err != nil {
		return nil, fmt.Errorf("history of document %d: %w", documentID, err)
	}
	if len(all) == 0 {
		return nil, noDocument(documentID)
	}
	return all, nil
}

// Listed is one document of a list, with its newest version's dates.
type Listed struct {
	DocumentID int64  `json:"document_id,string"`
	Title      string `json:"title"`
	DocNumber  string `json:"doc_number"`
	Issuer     string `json:"issuer"`
	Level      string `json:"level"`
	Region     string `json:"region"`
	Kind       string `json:"kind"`
	Scope      string `json:"scope"`
	Effective  Date   `json:"effective"`
	Repealed   Date   `json:"repealed"`
	Status     string `json:"status"`
	Versions   int    `json:"versions"`
	Articles   int    `json:"articles"`
}

// Filter narrows a list; empty fields do not. After is the last id of the page
// before; Limit 0 is all.
type Filter struct {
	Words, Kind, Level, Scope string
	After                     int64
	Limit                     int
}

// List lists documents by id. Words are looked for in title and number.
func List(ctx context.Context, tx pgx.Tx, f Filter, on Date) ([]Listed, error) {
	const q = `select d.id, d.title, d.doc_number, d.issuer, d.level, d.region, d.kind, d.scope,
			coalesce(to_char(v.effective, 'YYYY-MM-DD'), ''), coalesce(to_char(v.repealed, 'YYYY-MM-DD'), ''), v.ended, v.articles,
			(select count(*) from version n where n.document_id = d.id)
		from document d
		join lateral (select effective, repealed, ended, articles from version v where v.document_id = d.id
			order by effective <= $7::date desc nulls last, effective desc nulls last, articles desc, import_path limit 1) v on true
		where d.id > $1 and ($2 = '' or strpos(d.title, $2) > 0 or strpos(d.doc_number, $2) > 0)
			and ($3 = '' or d.kind = $3) and ($4 = '' or d.level = $4) and ($5 = '' or d.scope = $5)
		order by d.id limit nullif($6, 0)`
	rows, err := tx.Query(ctx, q, f.After, f.Words, f.Kind, f.Level, f.Scope, f.Limit, string(on))
	if err != nil {
		return nil, fmt.Errorf("list documents: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Listed, err error) {
		var over bool
		err = row.Scan(&l.DocumentID, &l.Title, &l.DocNumber, &l.Issuer, &l.Level, &l.Region, &l.Kind, &l.Scope, &l.Effective, &l.Repealed, &over, &l.Articles, &l.Versions)
		l.Status = Validity{Effective: l.Effective, Repealed: l.Repealed, Over: over}.Status(on)
		return l, err
	})
}

// Repeal ends the newest version of a document on a day, on a stated ground,
// and announces it. It ends the transaction.
func Repeal(ctx context.Context, tx pgx.Tx, now time.Time, actor, documentID int64, on Date, ground string) error {
	if ground = strings.TrimSpace(ground); ground == "" || on == "" {
		return problem.New(problem.Invalid, "repeal-ground", "未能登记废止", "须写明废止日期和依据", "请补充后重试")
	}
	const lock = `select id from document where id = $1 for update`
	var id int64
	if err := tx.QueryRow(ctx, lock, documentID).Scan(&id); errors.Is(err, pgx.ErrNoRows) {
		return noDocument(documentID)
	} else if err != nil {
		return fmt.Errorf("lock document %d: %w", documentID, err)
	}
	const q = `update version set declared_repealed = $2::date, repeal_ground = $3 where id =
		(select id from version where document_id = $1 order by ` + newestFirst + ` limit 1)
		returning id`
	if err := tx.QueryRow(ctx, q, documentID, string(on), ground).Scan(&id); err != nil {
		return fmt.Errorf("repeal document %d: %w", documentID, notFound(err))
	}
	touched, err := settle(ctx, tx, documentID)
	if err != nil {
		return err
	}
	leaf := audit.Leaf{Kind: "document.repealed", Actor: actor, Subject: audit.Subject("document", documentID), Data: map[string]any{"version": id, "on": string(on)}}
	return announce(ctx, tx, now, leaf, withID(touched, id))
}

// Hash is one hash over all documents that the acting account sees: sorted
// import paths, text hashes, labels and offsets. Ids, times and the order of
// imports do not enter it, so an import killed and resumed gives the same.
func Hash(ctx context.Context, tx pgx.Tx) (string, error) {
	const q = `select v.import_path, v.text_hash,
			coalesce((select string_agg(concat_ws(chr(31), p.label, p.start_at, p.end_at), chr(30) order by p.ord) from provision p where p.version_id = v.id), ''),
			coalesce((select string_agg(concat_ws(chr(31), s.label, s.start_at, s.end_at), chr(30) order by s.ord) from passage s where s.version_id = v.id), '')
		from version v order by v.import_path collate "C", v.scope collate "C"`
	rows, err := tx.Query(ctx, q)
	if err != nil {
		return "", fmt.Errorf("hash documents: %w", err)
	}
	sum := sha256.New()
	var path, text, provisions, passages string
	_, err = pgx.ForEachRow(rows, []any{&path, &text, &provisions, &passages}, func() error {
		for _, part := range []string{path, text, provisions, passages} {
			fmt.Fprintf(sum, "%d:%s", len(part), part)
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("hash documents: %w", err)
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}
