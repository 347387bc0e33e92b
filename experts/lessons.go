package experts

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/advice"
)

// Lesson is what the committee made of one question: the passages that the
// applied recommendation rests on, and those that the machine had cited and the
// committee struck out.
type Lesson struct {
	Application   int64
	Question      string
	Stood, Struck []int64
}

// Lessons gives what was applied and still stands, oldest first. Only what
// everybody may see is taught: whatever is learned shows in everybody's
// searches. tx acts as worker.
func Lessons(ctx context.Context, tx pgx.Tx) ([]Lesson, error) {
	type applied struct {
		id, draft int64
		revision  int
	}
	rows, err := tx.Query(ctx, `select id, draft_id, revision from application where state = 'applied' and scope = $1 order by id`, accounts.PublicScope)
	if err != nil {
		return nil, fmt.Errorf("list applications: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (a applied, err error) {
		return a, r.Scan(&a.id, &a.draft, &a.revision)
	})
	if err != nil {
		return nil, fmt.Errorf("list applications: %w", err)
	}
	var out []Lesson
	for _, a := range list {
		last, err := advice.LoadRevision(ctx, tx, a.draft, a.revision)
		if err != nil {
			return nil, err
		}
		first, err := advice.LoadRevision(ctx, tx, a.draft, 1)
		if err != nil {
			return nil, err
		}
		l := Lesson{Application: a.id, Question: last.Body.Question, Stood: restsOn(last.Body)}
		for _, p := range restsOn(first.Body) {
			if !slices.Contains(l.Stood, p) {
				l.Struck = append(l.Struck, p)
			}
		}
		out = append(out, l)
	}
	return out, nil
}

// restsOn gives the passages that a text's supported claims cite.
func restsOn(b advice.Body) []int64 {
	var out []int64
	for _, c := range b.Claims {
		if c.Support == advice.Unsupported {
			continue
		}
		for _, s := range c.Citations {
			if s.PassageID != 0 && !slices.Contains(out, s.PassageID) {
				out = append(out, s.PassageID)
			}
		}
	}
	return out
}
