package advice

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/retrieval"
)

// What the parts of a question add to the hits of the whole: the first few of
// each, placed a little below those of the whole that stand as high.
const (
	partHits  = 3
	partShare = 0.85
)

// find searches for the whole question and, where it has several parts, for
// each of them. It gives the hits together and what each search has to decide on.
func (a *Advisor) find(ctx context.Context, actor accounts.Account, q Ask) (retrieval.Result, []found, error) {
	query := retrieval.Query{Text: q.Whole, K: searchHits, Mode: retrieval.Hybrid, On: q.On}
	whole, err := a.search.Search(ctx, actor, query)
	if err != nil {
		return whole, nil, err
	}
	seen := []found{seenIn(whole)}
	all := parts(q.Whole)
	if len(all) < 2 {
		return whole, seen, nil
	}
	for _, part := range all {
		query.Text = part
		r, err := a.search.Search(ctx, actor, query)
		if err != nil {
			return whole, nil, err
		}
		seen = append(seen, seenIn(r))
		whole.Hits = merge(whole.Hits, r.Hits)
	}
	return whole, seen, nil
}

// office gives the office's name, empty before its first day.
func (a *Advisor) office(ctx context.Context, actor accounts.Account) (name string, err error) {
	err = a.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		name, err = nameOfOffice(ctx, tx)
		return err
	})
	return name, err
}

func seenIn(r retrieval.Result) found {
	wanted, total := wants(r.Terms)
	return found{r.Evidence, signsOf(r.Query, r.Terms, looks(citable(r.Hits), wanted, total))}
}

// merge adds to hits the first of a part's, each where its share of its own
// list's best score puts it.
func merge(hits, part []retrieval.Hit) []retrieval.Hit {
	if len(hits) == 0 || len(part) == 0 || hits[0].Score <= 0 || part[0].Score <= 0 {
		return append(hits, part...)
	}
	best, scale := hits[0].Score, partShare*hits[0].Score/part[0].Score
	for _, h := range part[:min(len(part), partHits)] {
		if slices.ContainsFunc(hits, func(o retrieval.Hit) bool { return o.PassageID == h.PassageID }) {
			continue
		}
		h.Score = min(h.Score*scale, best)
		hits = append(hits, h)
	}
	slices.SortStableFunc(hits, func(x, y retrieval.Hit) int { return cmp.Compare(y.Score, x.Score) })
	for i := range hits {
		hits[i].Rank = i + 1
	}
	return hits
}
