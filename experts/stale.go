package experts

import (
	"context"
	"fmt"
	"time"

	"advisor/accounts"
	"advisor/corpus"

	"github.com/jackc/pgx/v5"
)

// StaleFlag says that something an application cites was changed after it was
// applied. It is raised in the transaction of the change and closes only by the
// new round that puts another application in its place.
type StaleFlag struct {
	ID            int64      `json:"flag_id,string"`
	ApplicationID int64      `json:"application_id,string"`
	ReviewID      int64      `json:"review_id,string"`
	Title         string     `json:"title"` // the question; empty for those who may not read the draft
	VersionID     int64      `json:"version_id,string"`
	DocumentID    int64      `json:"document_id,string"`
	Document      string     `json:"document"`
	Provisions    []string   `json:"provisions"`
	Reason        string     `json:"reason"` // repealed, superseded, ended, precedent
	LapsesOn      string     `json:"lapses_on,omitempty"`
	Successor     int64      `json:"successor,string,omitempty"`
	InEffect      bool       `json:"in_effect"` // false while the last day is still to come
	RaisedAt      time.Time  `json:"raised_at"`
	ClosedAt      *time.Time `json:"closed_at,omitempty"`
	ClosedBy      int64      `json:"closed_by,string,omitempty"` // the review
	Renewal       int64      `json:"renewal,string,omitempty"`   // the review under way that is to replace it
}

// Words says what happened to the basis, for people.
func (f StaleFlag) Words() string {
	word := map[string]string{"repealed": "已废止", "superseded": "已被新版本取代", "ended": "已失效", "precedent": "所依先例的依据已失效"}[f.Reason]
	if f.InEffect || f.LapsesOn == "" {
		if f.LapsesOn != "" {
			return "自 " + f.LapsesOn + " 起" + word
		}
		return word
	}
	return "将自 " + f.LapsesOn + " 起" + map[string]string{"repealed": "废止", "superseded": "被新版本取代"}[f.Reason]
}

// StaleFilter narrows StaleFlags.
type StaleFilter struct {
	Application int64 // 0: any
	Closed      bool  // closed ones and those of what is no longer acted on too
	Limit       int   // 0: 200
}

// StaleFlags lists the flags that the actor may know of, newest first.
func (d *Desk) StaleFlags(ctx context.Context, actor accounts.Account, f StaleFilter) (list []StaleFlag, err error) {
	if f.Limit <= 0 {
		f.Limit = 200
	}
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select f.id, f.application_id, a.review_id, coalesce(v.body::jsonb ->> 'question', ''), f.version_id,
			  coalesce(d.document_id, 0), coalesce(d.title, ''), f.provisions, f.reason, coalesce(to_char(f.lapses_on, 'YYYY-MM-DD'), ''), coalesce(f.successor, 0),
			  f.in_effect, f.raised_at, f.closed_at, coalesce(f.closed_by, 0),
			  coalesce((select max(r.id) from review r where r.renews = a.review_id and r.state not in ('returned', 'rejected', 'withdrawn')), 0)
			from stale_flag f join application a on a.id = f.application_id
			left join revision v on v.draft_id = a.draft_id and v.number = a.revision left join version d on d.id = f.version_id
			where ($1 = 0 or f.application_id = $1) and ($2 or f.closed_at is null and a.state in ('applied', 'suspended', 'stale'))
			order by f.id desc limit $3`, f.Application, f.Closed, f.Limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s StaleFlag, err error) {
			err = row.Scan(&s.ID, &s.ApplicationID, &s.ReviewID, &s.Title, &s.VersionID, &s.DocumentID, &s.Document, &s.Provisions, &s.Reason,
				&s.LapsesOn, &s.Successor, &s.InEffect, &s.RaisedAt, &s.ClosedAt, &s.ClosedBy, &s.Renewal)
			return s, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list stale flags: %w", err)
	}
	return orEmpty(list), nil
}

// LapseDue lets flags take effect whose last day has passed: the law was to
// change on a later day than the one on which that became known. It acts as
// worker, for nobody in particular; the flag's own raiser stands in the log.
func (d *Desk) LapseDue(ctx context.Context) (n int, err error) {
	d = d.still()
	err = d.DB.Work(ctx, func(tx pgx.Tx) error {
		n = 0
		rows, err := tx.Query(ctx, `select review, application, from_state, to_state, round, revision, hash, flags, versions,
			coalesce(to_char(lapses_on, 'YYYY-MM-DD'), ''), raised_by from stale_flag_due($1)`, d.Now())
		if err != nil {
			return fmt.Errorf("flags that are due: %w", err)
		}
		var by []int64
		list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l corpus.Lapsed, err error) {
			var who int64
			err = row.Scan(&l.Review, &l.Application, &l.From, &l.To, &l.Round, &l.Revision, &l.Hash, &l.Flags, &l.Versions, &l.On, &who)
			by = append(by, who)
			return l, err
		})
		if err != nil {
			return fmt.Errorf("flags that are due: %w", err)
		}
		for i, l := range list {
			if err := l.Log(ctx, tx, d.Now(), by[i], -1); err != nil {
				return err
			}
		}
		n = len(list)
		return nil
	})
	return n, err
}
