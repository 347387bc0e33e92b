// Package learn makes the built-in embedder of one office better by what its
// committee decided: every applied recommendation says which provisions answer
// a question and which only looked as if they did. It starts from the model
// that was delivered, trains it in small steps, measures old and new on lessons
// that were kept apart, adopts only what is better, and keeps the old one to go
// back to. Nothing leaves the machine.
//
// What is learned shows in everybody's searches; so it is learned only from
// what everybody may see.
package learn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/audit"
	"advisor/embed/distill"
	"advisor/experts"
	"advisor/internal/db"
	"advisor/internal/problem"
)

// Config is what learning needs of the other rooms.
type Config struct {
	DB        *db.DB
	Delivered string                  // the bytes of the built-in model
	Name      func(raw string) string // what the embedder calls a model
	Terms     func(text string) []string
	Question  func(text string) []string
	// Lessons gives what the committee decided; nil: experts.Lessons.
	Lessons func(ctx context.Context, tx pgx.Tx) ([]experts.Lesson, error)
	// Fill makes the vectors of every passage with a model before it serves.
	Fill func(ctx context.Context, raw string) error
	Now  func() time.Time
}

// Learner learns from the committee.
type Learner struct{ Config }

// New prepares learning.
func New(c Config) *Learner {
	if c.Lessons == nil {
		c.Lessons = experts.Lessons
	}
	return &Learner{c}
}

// Report is what a try measured and what came of it.
type Report struct {
	ID           int64     `json:"id,string,omitempty"`
	At           time.Time `json:"at"`
	Applications []int64   `json:"applications"` // what was learned from
	Left         int       `json:"left_out"`     // applications of which no cited passage is there any more
	Struck       int       `json:"struck"`       // passages that the committee struck out
	Passages     int       `json:"passages"`     // of the corpus, that took part
	Old          Figures   `json:"old"`
	New          Figures   `json:"new"`
	Doubt        float64   `json:"doubt"` // chance that the gain is chance, by paired bootstrap
	Better       bool      `json:"better"`
	Adopted      bool      `json:"adopted"`
	Reason       string    `json:"reason"`
	Model        string    `json:"model,omitempty"`
	Seconds      float64   `json:"seconds"`
}

// Figures are measured on lessons that the model had not seen, and on sentences
// of the office's own documents that must still find their provisions.
type Figures struct {
	NDCG10   float64 `json:"ndcg10"`
	Recall10 float64 `json:"recall10"`
	Vectors  float64 `json:"vectors_ndcg10"`
	Own      float64 `json:"own_ndcg10"`
}

// Run learns anew. With dry it only measures. by is the account that asked, 0 the nightly job.
func (l *Learner) Run(ctx context.Context, by int64, dry bool) (Report, error) {
	start := l.Now()
	s, err := l.gather(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("learn: %w", err)
	}
	r := Report{At: start, Applications: s.applications(), Left: s.left, Struck: s.struck, Passages: len(s.texts)}
	if len(s.lessons) < fewest {
		r.Reason = fmt.Sprintf("可学的采纳落实只有 %d 件，少于 %d 件，不足以衡量好坏", len(s.lessons), fewest)
		return r, l.note(ctx, by, dry, &r)
	}
	base, err := distill.Parse(l.Delivered)
	if err != nil {
		return r, fmt.Errorf("learn: %w", err)
	}
	var raw string
	if raw, err = s.study(ctx, base, &r); err != nil {
		return r, fmt.Errorf("learn: %w", err)
	}
	r.Seconds = l.Now().Sub(start).Seconds()
	if dry || !r.Better {
		return r, l.note(ctx, by, dry, &r)
	}
	r.Model = l.Name(raw)
	return r, l.adopt(ctx, by, raw, &r)
}

// note keeps the report of a try that changed nothing.
func (l *Learner) note(ctx context.Context, by int64, dry bool, r *Report) error {
	if dry {
		return nil
	}
	return l.DB.Work(ctx, func(tx pgx.Tx) error {
		if err := l.insert(ctx, tx, by, "", r); err != nil {
			return err
		}
		return l.leaf(ctx, tx, "learn.keep", by, r)
	})
}

// adopt makes the new model's vectors while the old one serves, then changes over.
func (l *Learner) adopt(ctx context.Context, by int64, raw string, r *Report) error {
	if now, err := l.Serving(ctx); err == nil && now == r.Model {
		r.Better, r.Reason = false, "学得的结果与现用模型相同"
		return l.note(ctx, by, false, r)
	}
	if err := l.Fill(ctx, raw); err != nil {
		return fmt.Errorf("learn: make the new model's vectors: %w", err)
	}
	r.Adopted = true
	return l.DB.Work(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `update learned set serving = false where serving`); err != nil {
			return fmt.Errorf("retire the old model: %w", err)
		}
		if err := l.insert(ctx, tx, by, raw, r); err != nil {
			return err
		}
		// The bytes of all but the last three adopted ones make room.
		_, err := tx.Exec(ctx, `update learned set bytes = null where bytes is not null and not serving
			and id not in (select id from learned where adopted order by id desc limit 3)`)
		if err != nil {
			return fmt.Errorf("drop old models: %w", err)
		}
		return l.leaf(ctx, tx, "learn.adopt", by, r)
	})
}

func (l *Learner) insert(ctx context.Context, tx pgx.Tx, by int64, raw string, r *Report) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("keep report: %w", err)
	}
	var bytes []byte
	if raw != "" {
		bytes = []byte(raw)
	}
	var account *int64
	if by != 0 {
		account = &by
	}
	err = tx.QueryRow(ctx, `insert into learned (at, by_account, adopted, model, bytes, report, serving) values ($1, $2, $3, $4, $5, $6, $3) returning id`,
		r.At, account, r.Adopted, r.Model, bytes, body).Scan(&r.ID)
	if err != nil {
		return fmt.Errorf("keep report: %w", err)
	}
	return nil
}

// leafMost bounds the applications that one leaf names; a leaf is small.
const leafMost = 500

func (l *Learner) leaf(ctx context.Context, tx pgx.Tx, kind string, by int64, r *Report) error {
	named := r.Applications[max(0, len(r.Applications)-leafMost):]
	_, err := audit.Append(ctx, tx, l.Now(), audit.Leaf{Kind: kind, Actor: by, Subject: audit.Subject("learned", r.ID), Data: map[string]any{
		"model": r.Model, "applications": named, "count": len(r.Applications), "old": r.Old, "new": r.New, "adopted": r.Adopted}})
	return err
}

// Back changes to the model that served before, or to the delivered one.
func (l *Learner) Back(ctx context.Context, by int64) (model string, err error) {
	type was struct {
		id  int64
		raw []byte
	}
	var before was
	err = l.DB.Work(ctx, func(tx pgx.Tx) error {
		var now int64
		if err := tx.QueryRow(ctx, `select id from learned where serving`).Scan(&now); errors.Is(err, pgx.ErrNoRows) {
			return problem.New(problem.Refused, "nothing-learned", "退回上一个模型", "现在用的就是出厂模型", "没有可以退回的")
		} else if err != nil {
			return fmt.Errorf("find the serving model: %w", err)
		}
		err := tx.QueryRow(ctx, `select id, bytes, model from learned where adopted and bytes is not null and id < $1 order by id desc limit 1`, now).Scan(&before.id, &before.raw, &model)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", err
	}
	raw := string(before.raw)
	if before.id == 0 {
		raw, model = l.Delivered, l.Name(l.Delivered)
	}
	if err := l.Fill(ctx, raw); err != nil {
		return "", fmt.Errorf("learn: make the old model's vectors: %w", err)
	}
	return model, l.DB.Work(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `update learned set serving = false where serving`); err != nil {
			return fmt.Errorf("retire the model: %w", err)
		}
		if before.id != 0 {
			if _, err := tx.Exec(ctx, `update learned set serving = true where id = $1`, before.id); err != nil {
				return fmt.Errorf("go back: %w", err)
			}
		}
		_, err := audit.Append(ctx, tx, l.Now(), audit.Leaf{Kind: "learn.back", Actor: by, Subject: audit.Subject("learned", before.id), Data: map[string]any{"model": model}})
		return err
	})
}

// Serving names the learned model in use, empty for the delivered one.
func (l *Learner) Serving(ctx context.Context) (model string, err error) {
	err = l.DB.Work(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `select model from learned where serving`).Scan(&model)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return model, err
}

// Model gives the bytes of a learned model.
func (l *Learner) Model(ctx context.Context, name string) (raw string, err error) {
	err = l.DB.Work(ctx, func(tx pgx.Tx) error {
		var b []byte
		err := tx.QueryRow(ctx, `select bytes from learned where model = $1 and bytes is not null order by id desc limit 1`, name).Scan(&b)
		raw = string(b)
		return err
	})
	return raw, err
}

// Reports gives the last tries, newest first.
func (l *Learner) Reports(ctx context.Context, account int64, limit int) (list []Report, err error) {
	err = l.DB.Read(ctx, account, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select id, report from learned order by id desc limit $1`, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Report, err error) {
			var body []byte
			var id int64
			if err = row.Scan(&id, &body); err == nil {
				err = json.Unmarshal(body, &r)
			}
			r.ID = id
			return r, err
		})
		return err
	})
	return list, err
}
