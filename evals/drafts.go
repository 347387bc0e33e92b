package evals

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/advice"
	"advisor/corpus"
	"advisor/internal/problem"
	"advisor/segment"
)

// Asker answers questions as production does; *advice.Advisor is one.
type Asker interface {
	Ask(ctx context.Context, actor accounts.Account, q advice.Ask, on func(advice.Event)) (advice.Answer, error)
}

// DraftQuestion is a question with what a good draft rests on.
type DraftQuestion struct {
	ID      string
	Kind    string
	Text    string
	On      corpus.Date
	As      string // login of who asks; empty: whoever runs the evaluation
	Gold    []Gold
	Points  []string
	Decline bool
}

// Gold names an article: by its document's import path, or by its title where no
// path is known. An empty label is the document as a whole.
type Gold struct {
	Path, Title, Label string
}

// DraftOutcome is what became of one question.
type DraftOutcome struct {
	ID        string   `json:"id"`
	Kind      string   `json:"kind"`
	Question  string   `json:"question"`
	Decline   bool     `json:"should_decline"`
	Status    string   `json:"status"`
	Why       string   `json:"decline_kind,omitempty"`
	Cited     []string `json:"cited"`  // places in the order shown, each once
	Gold      []string `json:"gold"`   // as named
	Found     bool     `json:"found"`  // a gold article among the first five
	First3    float64  `json:"first3"` // share of gold among the first three, of three
	Precision float64  `json:"precision"`
	Recall    float64  `json:"recall"`
	Points    float64  `json:"points"` // share of the required points that the draft holds
	Claims    int      `json:"claims"`
	Doubtful  int      `json:"unsupported"`
	Quotes    int      `json:"quotes"`
	Inexact   int      `json:"inexact"`
	Stale     int      `json:"not_in_force"`
	TookMS    float64  `json:"took_ms"`
	Tokens    int      `json:"tokens"`
}

// Drafts asks every question and measures what comes back.
func (b Bench) Drafts(ctx context.Context, asker Asker, questions []DraftQuestion, who func(login string) (accounts.Account, bool), each func(done, all int)) (DraftRun, error) {
	paths, err := b.paths(ctx)
	if err != nil {
		return DraftRun{}, err
	}
	var run DraftRun
	for i, q := range questions {
		actor := b.Actor
		if a, ok := who(q.As); q.As != "" && ok {
			actor = a
		}
		o, err := b.draft(ctx, asker, actor, q, paths)
		if err != nil {
			return run, fmt.Errorf("question %s: %w", q.ID, err)
		}
		run.Questions = append(run.Questions, o)
		if each != nil {
			each(i+1, len(questions))
		}
	}
	run.Report = reportOn(run.Questions)
	return run, nil
}

func (b Bench) draft(ctx context.Context, asker Asker, actor accounts.Account, q DraftQuestion, paths map[int64]string) (DraftOutcome, error) {
	o := DraftOutcome{ID: q.ID, Kind: q.Kind, Question: q.Text, Decline: q.Decline, Cited: []string{}, Gold: []string{}}
	for _, g := range q.Gold {
		o.Gold = append(o.Gold, g.Path+g.Title+g.Label)
	}
	spent, err := b.tokens(ctx)
	if err != nil {
		return o, err
	}
	began := time.Now()
	a, err := asker.Ask(ctx, actor, advice.Ask{Text: q.Text, On: q.On}, nil)
	o.TookMS = float64(time.Since(began).Microseconds()) / 1000
	if err != nil {
		if problem.As(err).Kind == problem.Invalid { // a question that is refused has no draft
			o.Status = advice.Declined
			return o, nil
		}
		return o, err
	}
	after, err := b.tokens(ctx)
	if err != nil {
		return o, err
	}
	o.Tokens, o.Status = after-spent, a.Status
	if a.Decline != nil {
		o.Why = a.Decline.Kind
	}
	o.cited(a, q, paths)
	o.Points = covered(q.Points, a)
	return o, b.verify(ctx, &o, a)
}

// cited compares the articles that the standing claims cite with the gold.
func (o *DraftOutcome) cited(a advice.Answer, q DraftQuestion, paths map[int64]string) {
	var right []bool
	hit := make([]bool, len(q.Gold))
	for _, c := range a.Claims {
		if c.Support == advice.Unsupported {
			continue
		}
		for _, s := range c.Citations {
			place := s.Title + article(s.Provision)
			if slices.Contains(o.Cited, place) {
				continue
			}
			good := false
			for i, g := range q.Gold {
				if g.matches(s, paths) {
					good, hit[i] = true, true
				}
			}
			o.Cited, right = append(o.Cited, place), append(right, good)
		}
	}
	n := 0
	for i, good := range right {
		if !good {
			continue
		}
		n++
		o.Found = o.Found || i < 5
		if i < 3 {
			o.First3 += 1.0 / 3
		}
	}
	if len(right) > 0 {
		o.Precision = float64(n) / float64(len(right))
	}
	for _, h := range hit {
		if h {
			o.Recall += 1 / float64(len(hit))
		}
	}
}

func (g Gold) matches(c advice.Citation, paths map[int64]string) bool {
	if g.Path != "" && paths[c.VersionID] != g.Path || g.Title != "" && nameOf(c.Title) != nameOf(g.Title) {
		return false
	}
	return g.Label == "" || article(c.Provision) == article(g.Label)
}

var articleForm = regexp.MustCompile(`第[一二三四五六七八九十百千零〇\d]+条(之[一二三四五六七八九十]+)?`)

// article is a place without its 款 and 项.
func article(provision string) string {
	if m := articleForm.FindString(provision); m != "" {
		return m
	}
	return provision
}

var marks = strings.NewReplacer("《", "", "》", "", "〈", "", "〉", "", "中华人民共和国", "")

// nameOf is a title as it is compared: without marks, the state's name and a version's date.
func nameOf(title string) string {
	title = marks.Replace(segment.Normalize(strings.Join(strings.Fields(title), "")))
	if i := strings.IndexAny(title, "(（"); i > 0 {
		title = title[:i]
	}
	return title
}

// verify reads every quote's source again, apart from the check that the draft
// went through, and counts what is not there or not in force.
func (b Bench) verify(ctx context.Context, o *DraftOutcome, a advice.Answer) error {
	return b.DB.Read(ctx, b.Actor.ID, func(tx pgx.Tx) error {
		for _, c := range a.Claims {
			o.Claims++
			if c.Support == advice.Unsupported {
				o.Doubtful++
				continue
			}
			for _, s := range c.Citations {
				o.Quotes++
				var text string
				if err := tx.QueryRow(ctx, `select text from version where id = $1`, s.VersionID).Scan(&text); err != nil {
					return fmt.Errorf("read version %d: %w", s.VersionID, err)
				}
				if !strings.Contains(bare(text), bare(s.Quote)) {
					o.Inexact++
				}
				if s.Status != corpus.InForce && s.Status != corpus.Unknown {
					o.Stale++
				}
			}
		}
		return nil
	})
}

func bare(s string) string { return strings.Join(strings.Fields(segment.Normalize(s)), "") }

// tokens is what models have used so far.
func (b Bench) tokens(ctx context.Context) (n int, err error) {
	err = b.DB.Read(ctx, b.Actor.ID, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select coalesce(sum(input_tokens + output_tokens), 0) from model_call`).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("read the models' use: %w", err)
	}
	return n, nil
}

// leastPoint is the share of a point's character pairs that a draft must hold.
const leastPoint = 0.6

// covered is the share of the points that the standing claims hold.
func covered(points []string, a advice.Answer) (share float64) {
	var text strings.Builder
	for _, c := range a.Claims {
		if c.Support != advice.Unsupported {
			text.WriteString(bare(c.Text) + "\n")
		}
	}
	for _, p := range points {
		all, held := 0, 0
		runes := []rune(bare(p))
		for i := 1; i < len(runes); i++ {
			all++
			if strings.Contains(text.String(), string(runes[i-1:i+1])) {
				held++
			}
		}
		if all > 0 && float64(held) >= leastPoint*float64(all) {
			share += 1 / float64(len(points))
		}
	}
	return share
}
