package corpus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/audit"
	"advisor/internal/problem"
)

// Doubtful is a version whose validity a person should look at, and why.
type Doubtful struct {
	DocumentID int64   `json:"document_id,string"`
	VersionID  int64   `json:"version_id,string"`
	Title      string  `json:"title"`
	DocNumber  string  `json:"doc_number"`
	Issuer     string  `json:"issuer"`
	Level      string  `json:"level"`
	Effective  Date    `json:"effective"`
	Status     string  `json:"status"`
	Doubts     []Doubt `json:"doubts"`
}

// ListDoubts lists the versions in force whose validity is doubtful, the
// heaviest doubt first; doubts that a person has answered are left out.
func ListDoubts(ctx context.Context, tx pgx.Tx, today Date) ([]Doubtful, error) {
	all, about, valid, err := filed(ctx, tx)
	if err != nil {
		return nil, err
	}
	answered, err := answers(ctx, tx)
	if err != nil {
		return nil, err
	}
	var out []Doubtful
	for i, doubts := range doubtAll(all, valid, today) {
		d := about[i]
		for _, x := range doubts {
			if !answered[answerKey{d.VersionID, x.Code, x.Name}] {
				d.Doubts = append(d.Doubts, x)
			}
		}
		if len(d.Doubts) == 0 {
			continue
		}
		slices.SortStableFunc(d.Doubts, func(a, b Doubt) int { return b.Weight - a.Weight })
		d.Status = valid[i].Status(today)
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b Doubtful) int {
		return cmp.Or(b.Doubts[0].Weight-a.Doubts[0].Weight, cmp.Compare(a.DocumentID, b.DocumentID))
	})
	return out, nil
}

// filed reads all versions with what their texts do to others.
func filed(ctx context.Context, tx pgx.Tx) (all []Filed, about []Doubtful, valid []Validity, err error) {
	const q = `select v.id, d.id, v.import_path, v.scope, v.title, v.doc_number, split_part(v.declared, chr(31), 3), v.level, d.region, d.kind, v.note,
			coalesce(to_char(v.issued, 'YYYY-MM-DD'), ''), coalesce(to_char(v.effective, 'YYYY-MM-DD'), ''), coalesce(to_char(v.repealed, 'YYYY-MM-DD'), ''), v.ended
		from version v join document d on d.id = v.document_id order by v.id`
	rows, err := tx.Query(ctx, q)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read versions: %w", err)
	}
	at := map[int64]int{}
	var id, document int64
	var f Filed
	var v Validity
	h := &f.Header
	_, err = pgx.ForEachRow(rows, []any{&id, &document, &f.Path, &f.Scope, &h.Title, &h.DocNumber, &h.Issuer, &h.Level, &h.Region, &h.Kind, &f.Note,
		&h.Issued, &v.Effective, &v.Repealed, &v.Over}, func() error {
		at[id] = len(all)
		all, valid = append(all, f), append(valid, v)
		about = append(about, Doubtful{DocumentID: document, VersionID: id, Title: h.Title, DocNumber: h.DocNumber, Issuer: h.Issuer, Level: h.Level, Effective: v.Effective})
		return nil
	})
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read versions: %w", err)
	}
	const relations = `select id, version_id, verb, title, doc_number, part, coalesce(to_char(takes, 'YYYY-MM-DD'), ''), confidence, state from relation order by id`
	if rows, err = tx.Query(ctx, relations); err != nil {
		return nil, nil, nil, fmt.Errorf("read relations: %w", err)
	}
	var r Relation
	_, err = pgx.ForEachRow(rows, []any{&r.ID, &id, &r.Verb, &r.Title, &r.Number, &r.Part, &r.On, &r.Confidence, &r.State}, func() error {
		if i, ok := at[id]; ok {
			all[i].Relations = append(all[i].Relations, r)
		}
		return nil
	})
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read relations: %w", err)
	}
	return all, about, valid, nil
}

type answerKey struct {
	version    int64
	code, name string
}

func answers(ctx context.Context, tx pgx.Tx) (map[answerKey]bool, error) {
	rows, err := tx.Query(ctx, `select version_id, code, name from validity_answer`)
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	all := map[answerKey]bool{}
	var k answerKey
	_, err = pgx.ForEachRow(rows, []any{&k.version, &k.code, &k.name}, func() error {
		all[k] = true
		return nil
	})
	return all, err
}

// Answer is what a person says to a doubt: the text stands, or it ended on a
// day. On may be empty where another text's repeal is confirmed: it says when.
type Answer struct {
	VersionID  int64
	Code, Name string
	Ended      bool
	On         Date
	Ground     string
}

// AnswerDoubt records the answer, draws its consequences and announces them. It
// ends the transaction.
func AnswerDoubt(ctx context.Context, tx pgx.Tx, now time.Time, actor int64, a Answer) error {
	a.Ground = strings.TrimSpace(a.Ground)
	if !slices.Contains([]string{DoubtRepeal, DoubtPart, DoubtAmended, DoubtBasis, DoubtNewer, DoubtNoDate, DoubtNote, DoubtTrial, DoubtOld, DoubtKeeper}, a.Code) {
		return problem.New(problem.Invalid, "doubt", "未能登记效力核定", "没有“"+a.Code+"”这种待核事项", "请按待核清单上的代码填写")
	}
	if a.Ended && a.Code != DoubtRepeal && (a.On == "" || a.Ground == "") {
		return problem.New(problem.Invalid, "repeal-ground", "未能登记失效", "须写明失效日期和依据", "请补充后重试")
	}
	documentID, scope, err := lockVersion(ctx, tx, a.VersionID)
	if err != nil {
		return err
	}
	if a.Code == DoubtRepeal {
		if err := decideRelation(ctx, tx, now, actor, documentID, a); err != nil {
			return err
		}
	}
	if a.Ended && a.On != "" {
		const q = `update version set declared_repealed = $2::date, repeal_ground = $3 where id = $1`
		if _, err := tx.Exec(ctx, q, a.VersionID, string(a.On), a.Ground); err != nil {
			return fmt.Errorf("end version %d: %w", a.VersionID, err)
		}
	}
	word := "stands"
	if a.Ended {
		word = "ended"
	}
	const q = `insert into validity_answer (version_id, scope, code, name, answer, ground, account_id, at) values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (version_id, code, name) do update set answer = excluded.answer, ground = excluded.ground, account_id = excluded.account_id, at = excluded.at`
	if _, err := tx.Exec(ctx, q, a.VersionID, scope, a.Code, a.Name, word, a.Ground, actor, now); err != nil {
		return fmt.Errorf("save answer on version %d: %w", a.VersionID, err)
	}
	touched, err := settle(ctx, tx, documentID)
	if err != nil {
		return err
	}
	leaf := audit.Leaf{Kind: "document.validity", Actor: actor, Subject: audit.Subject("document", documentID),
		Data: map[string]any{"version": a.VersionID, "doubt": a.Code, "answer": word, "on": string(a.On)}}
	return announce(ctx, tx, now, leaf, withID(touched, a.VersionID))
}

// lockVersion locks the document of a version, for one who may change it.
func lockVersion(ctx context.Context, tx pgx.Tx, versionID int64) (documentID int64, scope string, err error) {
	const q = `select d.id, d.scope from version v join document d on d.id = v.document_id where v.id = $1 for update of d`
	err = tx.QueryRow(ctx, q, versionID).Scan(&documentID, &scope)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, "", noDocument(versionID)
	}
	return documentID, scope, err
}

// decideRelation confirms or refuses the relations that seem to end a document.
func decideRelation(ctx context.Context, tx pgx.Tx, now time.Time, actor, documentID int64, a Answer) error {
	state := "refused"
	if a.Ended {
		state = "confirmed"
	}
	const q = `update relation set state = $3, decided_by = $4, decided_at = $5
		where verb = 'repeals' and not part and name = $2 and name = (select name from document where id = $1)`
	if _, err := tx.Exec(ctx, q, documentID, a.Name, state, actor, now); err != nil {
		return fmt.Errorf("decide on what ends document %d: %w", documentID, err)
	}
	return nil
}

// OfCode keeps what is doubtful for one reason; "" keeps all.
func OfCode(all []Doubtful, code string) []Doubtful {
	if code == "" {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(d Doubtful) bool {
		return !slices.ContainsFunc(d.Doubts, func(x Doubt) bool { return x.Code == code })
	})
}
