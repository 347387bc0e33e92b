package corpus

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/audit"
	"advisor/internal/db"
	"advisor/internal/problem"
	"advisor/segment"
)

// The kinds of dictionary entries.
const (
	Word       = "word"       // one word that must not be taken apart
	Department = "department" // a department's full name; Means are its other names
	Synonym    = "synonym"    // what people say; Means are what documents say
)

// Entry is one line of the office's dictionary.
type Entry struct {
	ID    int64     `json:"id,string"`
	Kind  string    `json:"kind"`
	Term  string    `json:"term"`
	Means []string  `json:"means"`
	Note  string    `json:"note"`
	By    int64     `json:"created_by,string"`
	At    time.Time `json:"changed_at"`
}

// Dictionary keeps the office's own words. Every process takes a change over
// within a second, without a restart.
type Dictionary struct {
	DB  *db.DB
	Now func() time.Time
}

const (
	longestEntry = 60 // characters
	mostMeans    = 20
	mostEntries  = 20_000
)

// List gives the entries of a kind, or all when it is empty, in the order of
// their terms' code points.
func (d Dictionary) List(ctx context.Context, actor accounts.Account, kind string) (all []Entry, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		all, err = dictionaryEntries(ctx, tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list dictionary: %w", err)
	}
	return slices.DeleteFunc(all, func(e Entry) bool { return kind != "" && e.Kind != kind }), nil
}

// Put adds an entry, or replaces the one of the same kind and term.
func (d Dictionary) Put(ctx context.Context, actor accounts.Account, e Entry) (Entry, error) {
	e, err := settleEntry(e)
	if err != nil {
		return Entry{}, err
	}
	e.By, e.At = actor.ID, d.Now()
	const q = `insert into dictionary_entry (kind, term, means, note, created_by, changed_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (kind, term) do update set means = excluded.means, note = excluded.note,
		  created_by = excluded.created_by, changed_at = excluded.changed_at returning id`
	err = d.change(ctx, actor, e, "dictionary.put", func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, q, e.Kind, e.Term, e.Means, e.Note, e.By, e.At).Scan(&e.ID)
	})
	return e, err
}

// Remove takes an entry out.
func (d Dictionary) Remove(ctx context.Context, actor accounts.Account, kind, term string) error {
	e := Entry{Kind: kind, Term: plainTerm(term), At: d.Now()}
	return d.change(ctx, actor, e, "dictionary.removed", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `delete from dictionary_entry where kind = $1 and term = $2`, e.Kind, e.Term)
		if err == nil && tag.RowsAffected() == 0 {
			return problem.New(problem.NotFound, "no-entry", "未能从词典中删除“"+e.Term+"”", "词典中没有这一条", "请用 advisor dictionary list 查看")
		}
		return err
	})
}

// change runs one change with its leaf, and moves the number by which others see it.
func (d Dictionary) change(ctx context.Context, actor accounts.Account, e Entry, kind string, do func(tx pgx.Tx) error) error {
	if !actor.Has(accounts.Admin) && !actor.Has(accounts.Keeper) {
		return problem.New(problem.Refused, "not-keeper", "未能修改词典", "只有资料员和管理员可以修改词典", "请联系资料员")
	}
	err := d.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		leaf := audit.Leaf{Kind: kind, Actor: actor.ID, Subject: audit.Subject("dictionary", e.ID),
			Data: map[string]any{"kind": e.Kind, "term": e.Term, "means": e.Means, "note": e.Note}}
		seq, err := audit.Append(ctx, tx, e.At, leaf)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update dictionary_state set seq = $1`, seq)
		return err
	})
	if err != nil {
		return fmt.Errorf("change dictionary: %w", err)
	}
	return nil
}

func settleEntry(e Entry) (Entry, error) {
	e.Term, e.Note = plainTerm(e.Term), strings.TrimSpace(e.Note)
	means := make([]string, 0, len(e.Means))
	for _, m := range e.Means {
		if m = plainTerm(m); m != "" && m != e.Term && !slices.Contains(means, m) {
			means = append(means, m)
		}
	}
	e.Means = means
	refuse := func(why, do string) (Entry, error) {
		return Entry{}, problem.New(problem.Invalid, "bad-entry", "未能写入词典", why, do)
	}
	if e.Kind != Word && e.Kind != Department && e.Kind != Synonym {
		return refuse("没有“"+e.Kind+"”这一类", "类别为 word（词）、department（部门名称）或 synonym（同义说法）")
	}
	for _, t := range append([]string{e.Term}, e.Means...) {
		if n := utf8.RuneCountInString(t); n > longestEntry || n < 2 {
			return refuse("“"+t+"”的长度不合适", "每个词二至六十字")
		}
	}
	if e.Kind == Synonym && len(e.Means) == 0 {
		return refuse("同义说法须写明文件中的用语", "例如 advisor dictionary add synonym 欠薪 拖欠劳动报酬")
	}
	if e.Kind == Word && len(e.Means) > 0 {
		return refuse("词条不带其他说法", "要登记同义说法，请用 synonym 类")
	}
	if len(e.Means) > mostMeans {
		return refuse("一条的其他说法过多", "至多二十个")
	}
	return e, nil
}

// plainTerm is the spelling in which terms are kept and compared.
func plainTerm(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(segment.Normalize(s)), ""))
}

func dictionaryEntries(ctx context.Context, tx pgx.Tx) ([]Entry, error) {
	rows, err := tx.Query(ctx, `select id, kind, term, means, note, created_by, changed_at from dictionary_entry
		order by kind collate "C", term collate "C" limit $1`, mostEntries)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (e Entry, err error) {
		return e, r.Scan(&e.ID, &e.Kind, &e.Term, &e.Means, &e.Note, &e.By, &e.At)
	})
}

// DictionarySeq gives the number of the dictionary's last change.
func DictionarySeq(ctx context.Context, tx pgx.Tx) (seq int64, err error) {
	err = tx.QueryRow(ctx, `select seq from dictionary_state where id = 1`).Scan(&seq)
	return seq, err
}

// DictionaryEntries reads the whole dictionary, for the index.
func DictionaryEntries(ctx context.Context, tx pgx.Tx) ([]Entry, error) {
	return dictionaryEntries(ctx, tx)
}
