package experts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"advisor/accounts"
	"advisor/advice"
	"advisor/audit"
	"advisor/corpus"
	"advisor/internal/queue"

	"github.com/jackc/pgx/v5"
)

// Application is an approved text that is being acted on: one line of the ledger.
type Application struct {
	ID           int64     `json:"application_id,string"`
	ReviewID     int64     `json:"review_id,string"`
	DraftID      int64     `json:"draft_id,string"`
	Revision     int       `json:"revision"`
	Hash         string    `json:"hash"`
	AppliedAt    time.Time `json:"applied_at"`
	AppliedBy    string    `json:"applied_by"`
	Name         string    `json:"applied_by_name"`
	State        string    `json:"state"`
	SupersededBy int64     `json:"superseded_by,string,omitempty"`
	Renews       int64     `json:"renews,string,omitempty"` // the application that this one took the place of
	Reason       string    `json:"reason,omitempty"`
	Title        string    `json:"title,omitempty"` // the question; empty for those who may not read the draft
	LeafSeq      int64     `json:"leaf_seq"`
	Flags        int       `json:"stale_flags"` // open ones
	LapsesOn     string    `json:"lapses_on,omitempty"`
	Receipt      string    `json:"receipt"` // the file it was written to; set by who writes it
}

// Apply is the gate. It acts on an approved text under exactly the hash that
// was approved, once, and only while every basis is still in force. In the same
// transaction the text is queued to become a searchable precedent.
func (d *Desk) Apply(ctx context.Context, actor accounts.Account, review int64, hash string) (Application, error) {
	d = d.still()
	var a Application
	err := d.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		if !actor.Has(accounts.Decider) {
			return notYours
		}
		c, err := lockCase(ctx, tx, review)
		if err != nil {
			return err
		}
		before := *c
		if err := c.apply(actor.ID, hash); err != nil {
			return err
		}
		if err := d.stillInForce(ctx, tx, c); err != nil {
			return err
		}
		if err := saveCase(ctx, tx, before, c, d.Now()); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `select nextval('application_id_seq')`).Scan(&a.ID); err != nil {
			return fmt.Errorf("number the application: %w", err)
		}
		if err := queue.Enqueue(ctx, tx, queue.Precedent, queue.PrecedentArgs{Application: a.ID}); err != nil {
			return fmt.Errorf("queue the precedent: %w", err)
		}
		seq, err := d.write(ctx, tx, actor, c, c.Path[0], record{data: map[string]any{"application": a.ID}})
		if err != nil {
			return err
		}
		if a, err = insertApplication(ctx, tx, a.ID, c, actor, seq, d.Now()); err != nil {
			return err
		}
		return d.supersede(ctx, tx, actor, c, a.ID)
	})
	if err = attempted(Apply, named(err)); err != nil {
		d.refused(ctx, actor, review, Apply, err)
		return Application{}, err
	}
	return a, nil
}

// stillInForce checks every basis again: law may have changed since the vote.
func (d *Desk) stillInForce(ctx context.Context, tx pgx.Tx, c *Case) error {
	r, err := advice.LoadRevision(ctx, tx, c.DraftID, c.Revision)
	if err != nil {
		return err
	}
	if r.Body.Hash() != c.Hash {
		return fmt.Errorf("revision %d of draft %d is not the text that was approved", c.Revision, c.DraftID)
	}
	wants, err := d.unscreened(ctx, tx, r.Body)
	if err != nil {
		return err
	}
	if len(wants) > 0 {
		return notInForce.because(sentence(wants))
	}
	return nil
}

func insertApplication(ctx context.Context, tx pgx.Tx, id int64, c *Case, actor accounts.Account, seq int64, now time.Time) (Application, error) {
	a := Application{ID: id, ReviewID: c.ID, DraftID: c.DraftID, Revision: c.Revision, Hash: c.Hash, AppliedAt: now.UTC(),
		AppliedBy: actor.Login, Name: actor.Name, State: "applied", LeafSeq: seq}
	_, err := tx.Exec(ctx, `insert into application (id, review_id, draft_id, scope, revision, hash, applied_by, applied_at, leaf_seq)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, id, c.ID, c.DraftID, c.Scope, c.Revision, c.Hash, actor.ID, now, seq)
	if err != nil {
		return Application{}, fmt.Errorf("store application: %w", err)
	}
	return a, nil
}

func markStale(ctx context.Context, tx pgx.Tx, review int64) error {
	_, err := tx.Exec(ctx, `update application set state = 'stale', reason = 'quorum' where review_id = $1 and state = 'applied'`, review)
	if err != nil {
		return fmt.Errorf("flag the application: %w", err)
	}
	return nil
}

const applicationSQL = `select p.id, p.review_id, p.draft_id, p.revision, p.hash, p.applied_at, a.login, a.name, p.state, p.reason,
	coalesce(v.body::jsonb ->> 'question', ''), p.leaf_seq, coalesce(p.superseded_by, 0),
	coalesce((select o.id from application o where o.superseded_by = p.id), 0),
	(select count(*) from stale_flag f where f.application_id = p.id and f.closed_at is null),
	coalesce((select to_char(min(f.lapses_on), 'YYYY-MM-DD') from stale_flag f where f.application_id = p.id and f.closed_at is null and not f.in_effect), '')
	from (select * from application p where ($1 = 0 or p.id = $1) and ($2 = 0 or p.id < $2) order by p.id desc limit $3) p join account a on a.id = p.applied_by
	left join lateral (select r.body from revision r where r.draft_id = p.draft_id and r.number = p.revision) v on true order by p.id desc`

func scanApplication(row pgx.CollectableRow) (a Application, err error) {
	err = row.Scan(&a.ID, &a.ReviewID, &a.DraftID, &a.Revision, &a.Hash, &a.AppliedAt, &a.AppliedBy, &a.Name, &a.State, &a.Reason, &a.Title, &a.LeafSeq, &a.SupersededBy, &a.Renews, &a.Flags, &a.LapsesOn)
	return a, err
}

// Application reads one line of the ledger.
func (d *Desk) Application(ctx context.Context, actor accounts.Account, id int64) (a Application, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, applicationSQL, id, 0, 1)
		if err != nil {
			return err
		}
		a, err = pgx.CollectExactlyOneRow(rows, scanApplication)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Application{}, noApplication
	}
	return a, err
}

// Applications is the ledger, newest first, from below the id before (0: from the top).
func (d *Desk) Applications(ctx context.Context, actor accounts.Account, before int64, limit int) (list []Application, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, applicationSQL, 0, before, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanApplication)
		return err
	})
	return list, err
}

// Receipt is the file that proves an application to anybody, offline. It signs
// a checkpoint when none covers the application yet.
func (d *Desk) Receipt(ctx context.Context, actor accounts.Account, application int64) ([]byte, error) {
	r, err := d.receipt(ctx, actor, application)
	if err != nil {
		return nil, err
	}
	return r.File()
}

// ReceiptQR is the receipt as a QR code, a PNG, for paper.
func (d *Desk) ReceiptQR(ctx context.Context, actor accounts.Account, application int64) ([]byte, error) {
	r, err := d.receipt(ctx, actor, application)
	if err != nil {
		return nil, err
	}
	return r.QR()
}

func (d *Desk) receipt(ctx context.Context, actor accounts.Account, application int64) (r audit.Receipt, err error) {
	a, err := d.Application(ctx, actor, application)
	if err != nil {
		return r, err
	}
	if d.Key == nil {
		return r, errors.New("no signing key: receipts cannot be made")
	}
	err = d.DB.Work(ctx, func(tx pgx.Tx) error {
		if _, err := audit.Sign(ctx, tx, d.Key, d.Now()); err != nil {
			return err
		}
		keys, err := d.Key.Publics()
		if err != nil {
			return err
		}
		r, err = audit.NewReceipt(ctx, tx, a.LeafSeq, keys...)
		return err
	})
	return r, err
}

// Precedent is what was applied, as a document for the corpus.
type Precedent struct {
	Actor      int64
	Scope      string
	ImportPath string
	Header     corpus.Header
	Text       string
}

// Precedent renders an application for intake. tx acts as worker: the job that
// calls it works for nobody in particular.
func (d *Desk) Precedent(ctx context.Context, tx pgx.Tx, application int64) (Precedent, error) {
	var p Precedent
	var draft, review int64
	var revision int
	var at time.Time
	var committee string
	err := tx.QueryRow(ctx, `select applied_by, scope, draft_id, review_id, revision, applied_at, coalesce((select k.name from committee k join review r on r.committee_id = k.id where r.id = review_id), (select k.name from committee k where k.id = 1), '专家顾问委员会')
		from application where id = $1`, application).Scan(&p.Actor, &p.Scope, &draft, &review, &revision, &at, &committee)
	if errors.Is(err, pgx.ErrNoRows) {
		return Precedent{}, noApplication
	}
	if err != nil {
		return Precedent{}, fmt.Errorf("load application %d: %w", application, err)
	}
	r, err := advice.LoadRevision(ctx, tx, draft, revision)
	if err != nil {
		return Precedent{}, err
	}
	day := corpus.Today(at)
	body := r.Body
	body.Label = fmt.Sprintf("经%s审议通过 · 审议第 %d 件 · %s 采纳落实", committee, review, day)
	p.ImportPath = fmt.Sprintf("precedent/%d", application)
	p.Header = corpus.Header{Title: title(body.Question), Issuer: committee, Kind: "precedent", Issued: day, Effective: day}
	p.Text = body.Text()
	return p, nil
}

// title names a precedent after its question.
func title(question string) string {
	const most = 40
	runes := []rune(question)
	if len(runes) > most {
		runes = append(runes[:most], '…')
	}
	return "审议意见：" + string(runes)
}
