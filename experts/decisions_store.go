package experts

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"advisor/experts/calendar"

	"github.com/jackc/pgx/v5"
)

// loadDecisions reads what a case has beside panel, ballots and opinions.
func loadDecisions(ctx context.Context, tx pgx.Tx, c *Case) (err error) {
	if c.Labels, err = labelsOf(ctx, tx, c.ID); err != nil {
		return fmt.Errorf("load labels of review %d: %w", c.ID, err)
	}
	if c.Comments, err = commentsOf(ctx, tx, c.ID); err != nil {
		return fmt.Errorf("load comments on review %d: %w", c.ID, err)
	}
	if c.Meetings, err = meetingsOf(ctx, tx, c.ID); err != nil {
		return fmt.Errorf("load meetings on review %d: %w", c.ID, err)
	}
	if c.Persons, err = personsOf(ctx, tx); err != nil {
		return fmt.Errorf("load merged accounts: %w", err)
	}
	if c.Calendar, err = workdays(ctx, tx); err != nil {
		return err
	}
	return nil
}

func labelsOf(ctx context.Context, tx pgx.Tx, review int64) ([]Mark, error) {
	rows, err := tx.Query(ctx, `select kind, result, hash, body, set_by, coalesce(paper_id, 0) from review_label where review_id = $1 order by id`, review)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Mark, err error) {
		var body []byte
		var kept Mark
		if err = row.Scan(&kept.Kind, &kept.Result, &kept.Hash, &body, &kept.Account, &kept.Paper); err == nil {
			m = kept
			err = json.Unmarshal(body, &m)
		}
		m.Kind, m.Result, m.Hash, m.Account, m.Paper = kept.Kind, kept.Result, kept.Hash, kept.Account, kept.Paper
		return m, err
	})
}

func commentsOf(ctx context.Context, tx pgx.Tx, review int64) ([]PublicComment, error) {
	rows, err := tx.Query(ctx, `select number, source, text, coalesce(adoption, ''), coalesce(adoption_reason, '') from public_comment where review_id = $1 order by number`, review)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p PublicComment, err error) {
		err = row.Scan(&p.Number, &p.From, &p.Text, &p.As, &p.Reason)
		return p, err
	})
}

// meetingsOf reads through a function: the rules count a deliberation whoever acts.
func meetingsOf(ctx context.Context, tx pgx.Tx, review int64) ([]Meeting, error) {
	rows, err := tx.Query(ctx, `select number, hash, body, coalesce(paper_id, 0), entered_by, coalesce(decision, ''), coalesce(reason, ''), coalesce(against_majority, false), coalesce(decided_by, 0)
		from case_meetings($1) order by number`, review)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Meeting, error) {
		var m, kept Meeting
		var body []byte
		err := row.Scan(&kept.Number, &kept.Hash, &body, &kept.Paper, &kept.EnteredBy, &kept.Decision, &kept.Reason, &kept.Against, &kept.DecidedBy)
		if err == nil {
			err = json.Unmarshal(body, &m)
		}
		kept.Kind, kept.Date, kept.Place, kept.Members, kept.Record = m.Kind, m.Date, m.Place, m.Members, m.Record
		return kept, err
	})
}

func personsOf(ctx context.Context, tx pgx.Tx) (map[int64]int64, error) {
	rows, err := tx.Query(ctx, `select account_id, person from person_account order by account_id`)
	if err != nil {
		return nil, err
	}
	persons := map[int64]int64{}
	var account, person int64
	_, err = pgx.ForEachRow(rows, []any{&account, &person}, func() error { persons[account] = person; return nil })
	return persons, err
}

// workdays is the office's calendar, the built-in one while it has set none.
func workdays(ctx context.Context, tx pgx.Tx) (*calendar.Calendar, error) {
	file := calendar.Builtin()
	err := tx.QueryRow(ctx, `select coalesce((select body from calendar_file order by id desc limit 1), $1)`, string(file)).Scan(&file)
	if err != nil {
		return nil, fmt.Errorf("read the calendar: %w", err)
	}
	c, err := calendar.Parse(file)
	if err != nil {
		return nil, fmt.Errorf("the calendar in force cannot be read: %w", err)
	}
	return c, nil
}

func insertLabel(ctx context.Context, tx pgx.Tx, review int64, m Mark, now time.Time) (id int64, commitment string, err error) {
	body, err := json.Marshal(m)
	if err != nil {
		return 0, "", fmt.Errorf("encode label: %w", err)
	}
	salt := newSalt()
	err = tx.QueryRow(ctx, `insert into review_label (review_id, kind, result, hash, body, paper_id, salt, set_by, at)
		values ($1, $2, $3, $4, $5, nullif($6, 0), $7, $8, $9) returning id`,
		review, m.Kind, m.Result, m.Hash, body, m.Paper, salt, m.Account, now).Scan(&id)
	if err != nil {
		return 0, "", fmt.Errorf("store label: %w", err)
	}
	return id, m.commitment(salt), nil
}

func (m Mark) commitment(salt []byte) string {
	return commit(salt, string(m.Kind), m.Result, m.Hash, m.Text, m.From, m.Until, m.Short, m.Power, m.Process, m.Content, fmt.Sprint(m.Paper))
}

func insertMeeting(ctx context.Context, tx pgx.Tx, review int64, m Meeting, now time.Time) (commitment string, err error) {
	body, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("encode meeting: %w", err)
	}
	salt := newSalt()
	_, err = tx.Exec(ctx, `insert into meeting (review_id, number, hash, body, paper_id, salt, entered_by, at) values ($1, $2, $3, $4, nullif($5, 0), $6, $7, $8)`,
		review, m.Number, m.Hash, body, m.Paper, salt, m.EnteredBy, now)
	if err != nil {
		return "", fmt.Errorf("store meeting: %w", err)
	}
	return m.commitment(salt), nil
}

// commitment binds the log to the record as it was entered, before the decision.
func (m Meeting) commitment(salt []byte) string {
	parts := []string{fmt.Sprint(m.Number), m.Hash, m.Kind, m.Date, m.Place, m.Record, fmt.Sprint(m.Paper)}
	for _, a := range m.Members {
		parts = append(parts, a.Name, a.Post, fmt.Sprint(a.Absent, a.Head), a.View, a.Said)
	}
	return commit(salt, parts...)
}

func storeDecision(ctx context.Context, tx pgx.Tx, review int64, m Meeting, now time.Time) error {
	_, err := tx.Exec(ctx, `update meeting set decision = $3, reason = $4, against_majority = $5, decided_by = $6, decided_at = $7 where review_id = $1 and number = $2`,
		review, m.Number, m.Decision, m.Reason, m.Against, m.DecidedBy, now)
	if err != nil {
		return fmt.Errorf("store decision: %w", err)
	}
	return nil
}
