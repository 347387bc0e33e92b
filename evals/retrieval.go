package evals

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/intake"
	"advisor/internal/db"
	"advisor/internal/problem"
	"advisor/retrieval"
)

// deep is how many documents a ranking holds; recall@100 needs a hundred.
const deep = 100

// Options say what to evaluate.
type Options struct {
	Dir      string
	Split    string // empty: dev
	Mode     string // empty: hybrid
	Progress func(intake.Progress)
	Each     func(Answer) // called with every question's ranking; may be nil
	Run      *Run         // filled in when given
}

// Answer is one question with what was found for it.
type Answer struct {
	ID, Question string
	Ranking      []string // document ids, best first
	NDCG10       float64
	Result       retrieval.Result
}

// Bench is where an evaluation runs: a database of its own, empty before.
type Bench struct {
	DB       *db.DB
	Index    *retrieval.Index
	Importer *intake.Importer
	Actor    accounts.Account
}

// Retrieval imports a BEIR folder through intake and asks its questions as
// production does. A document ranks where its best passage does.
func (b Bench) Retrieval(ctx context.Context, o Options) (Report, error) {
	if o.Split == "" {
		o.Split = "dev"
	}
	if o.Mode == "" {
		o.Mode = retrieval.Hybrid
	}
	f, err := readFolder(o.Dir, o.Split)
	if err != nil {
		return Report{}, err
	}
	r := Report{Dataset: f.name, Split: o.Split, Mode: o.Mode, Queries: len(f.questions), Documents: len(f.documents)}
	started := time.Now()
	if r.Passages, err = b.load(ctx, f, o.Progress); err != nil {
		return r, fmt.Errorf("import %s: %w", f.name, err)
	}
	r.ImportSeconds = time.Since(started).Seconds()
	return b.ask(ctx, f, r, o)
}

// load makes each document of the folder a document of the corpus, its id the import path.
func (b Bench) load(ctx context.Context, f folder, progress func(intake.Progress)) (passages int, err error) {
	texts := make([]intake.Text, len(f.documents))
	for i, d := range f.documents {
		body := d.Text
		if body == "" {
			body = d.Title
		}
		texts[i] = intake.Text{Path: d.ID, Body: body, Header: corpus.Header{Title: d.Title}}
	}
	report, err := b.Importer.ImportTexts(ctx, b.Actor, "", texts, progress)
	if err == nil && len(report.Failures) > 0 {
		err = fmt.Errorf("%d documents failed, the first %s: %s", len(report.Failures), report.Failures[0].Path, report.Failures[0].Reason)
	}
	return report.Passages, err
}

func (b Bench) ask(ctx context.Context, f folder, r Report, o Options) (Report, error) {
	paths, err := b.paths(ctx)
	if err != nil {
		return r, err
	}
	// Several passages may belong to one document: ask for more than a hundred.
	k := deep + deep/4
	if 2*r.Passages > 3*r.Documents {
		k = 2 * deep
	}
	took := make([]float64, 0, len(f.questions))
	var outcomes []Outcome
	for _, q := range f.questions {
		started := time.Now()
		result, err := b.Index.Search(ctx, b.Actor, retrieval.Query{Text: q.Text, K: k, Mode: o.Mode})
		if err != nil && problem.As(err).Kind != problem.Invalid { // a question that is refused finds nothing
			return r, fmt.Errorf("question %s: %w", q.ID, err)
		}
		took = append(took, float64(time.Since(started).Microseconds())/1000)
		a := Answer{ID: q.ID, Question: q.Text, Ranking: documents(result.Hits, paths), Result: result}
		r.add(&a, f.judged[q.ID])
		outcomes = append(outcomes, outcome(a, f.judged[q.ID], paths))
		if o.Each != nil {
			o.Each(a)
		}
	}
	r.mean(len(f.questions))
	r.P50MS, r.P95MS = quantile(took, 0.50), quantile(took, 0.95)
	each := make([]float64, len(outcomes))
	for i, q := range outcomes {
		each[i] = q.NDCG10
	}
	r.NDCG10Low, r.NDCG10High = interval(each)
	if o.Run != nil {
		*o.Run = Run{Report: r, Questions: outcomes}
	}
	return r, nil
}

// outcome is what a run keeps of one question.
func outcome(a Answer, want judged, paths map[int64]string) Outcome {
	o := Outcome{ID: a.ID, Question: a.Question, NDCG10: a.NDCG10, Recall10: recall(a.Ranking, want, 10), Recall100: recall(a.Ranking, want, 100),
		MRR10: mrr(a.Ranking, want, 10), Want: make(map[string]int), Ranking: a.Ranking[:min(10, len(a.Ranking))]}
	for id, grade := range want {
		if grade > 0 {
			o.Want[id] = slices.Index(a.Ranking, id) + 1
		}
	}
	for _, h := range a.Result.Hits[:min(5, len(a.Result.Hits))] {
		o.First = append(o.First, Reason{paths[h.VersionID], h.Title, h.Provision, h.Why.LexicalRank, h.Why.VectorRank, h.Why.Terms})
	}
	return o
}

// paths gives each version's import path, which is the document's id in the folder.
func (b Bench) paths(ctx context.Context) (map[int64]string, error) {
	paths := make(map[int64]string)
	err := b.DB.Read(ctx, b.Actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select id, import_path from version`)
		if err != nil {
			return err
		}
		var id int64
		var path string
		_, err = pgx.ForEachRow(rows, []any{&id, &path}, func() error { paths[id] = path; return nil })
		return err
	})
	return paths, err
}

// documents keeps each document where its best passage stands.
func documents(hits []retrieval.Hit, paths map[int64]string) []string {
	seen := make(map[string]bool, len(hits))
	out := make([]string, 0, deep)
	for _, h := range hits {
		if id := paths[h.VersionID]; !seen[id] && len(out) < deep {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

func (r *Report) add(a *Answer, want judged) {
	a.NDCG10 = ndcg(a.Ranking, want, 10)
	r.NDCG10 += a.NDCG10
	r.Recall10 += recall(a.Ranking, want, 10)
	r.Recall100 += recall(a.Ranking, want, 100)
	r.MRR10 += mrr(a.Ranking, want, 10)
}

func (r *Report) mean(n int) {
	for _, sum := range []*float64{&r.NDCG10, &r.Recall10, &r.Recall100, &r.MRR10} {
		*sum /= float64(max(1, n))
	}
}
