package learn

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/jackc/pgx/v5"

	"advisor/embed/distill"
	"advisor/experts"
)

const (
	// fewest lessons: with less nobody could say whether the new model is better.
	fewest = 10
	// sample is how many of the corpus's passages take part.
	sample = 12000
	// own are pairs made of the corpus itself: they keep the model from
	// forgetting, and some of them, kept apart, tell whether it has.
	own      = 3000
	ownApart = 300
	folds    = 5
	// vectorShare is the vectors' weight in the mix that is measured.
	vectorShare = 0.4
	// ownLoss is how much of the own pairs' measure may be lost, doubt how likely chance may be.
	ownLoss = 0.005
	doubt   = 0.1
	tries   = 2000 // of the bootstrap
)

// recipe is gentle: on the dev questions of the delivered model's making,
// larger steps won on what was learned and lost elsewhere.
var recipe = distill.Drill{Steps: 120, Rate: 0.02, Temperature: 0.05, Pull: 0.001, Against: 2, Seed: 1}

// school is all that takes part in learning.
type school struct {
	lessons  []experts.Lesson
	left     int
	struck   int
	texts    []string // passages
	terms    [][]string
	asked    [][]string // by lesson, as the embedder reads it
	words    [][]string // by lesson, as the index of words reads it
	answers  [][]int32  // by lesson: places in texts
	against  [][]int32
	own      []distill.Pair
	ownApart []distill.Pair
	ownTerms [][]string // the passages of own pairs, each without the sentence taken out
}

func (s *school) applications() []int64 {
	out := []int64{}
	for _, l := range s.lessons {
		out = append(out, l.Application)
	}
	return out
}

// gather reads the lessons and a sample of the passages that everybody may see.
// Approved recommendations are documents too; they hold the very questions, so
// they are left out.
func (l *Learner) gather(ctx context.Context) (*school, error) {
	s := &school{}
	place := map[int64]int32{}
	var all []experts.Lesson
	err := l.DB.Work(ctx, func(tx pgx.Tx) (err error) {
		if all, err = l.Lessons(ctx, tx); err != nil {
			return err
		}
		cited := []int64{}
		for _, x := range all {
			cited = append(append(cited, x.Stood...), x.Struck...)
		}
		rows, err := tx.Query(ctx, `select p.id, p.context || ' ' || p.text from passage p
  join version v on v.id = p.version_id join document d on d.id = v.document_id
  where p.scope = 'public' and d.kind <> 'precedent'
  order by p.id = any($1) desc, md5(p.id::text) limit $2`, cited, sample+len(cited))
		if err != nil {
			return err
		}
		var id int64
		var text string
		_, err = pgx.ForEachRow(rows, []any{&id, &text}, func() error {
			place[id] = int32(len(s.texts))
			s.texts = append(s.texts, text)
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("gather lessons: %w", err)
	}
	for _, t := range s.texts {
		s.terms = append(s.terms, l.Terms(t))
	}
	for _, x := range all {
		s.add(l, x, place)
	}
	s.ownPairs(l)
	return s, nil
}

func (s *school) add(l *Learner, x experts.Lesson, place map[int64]int32) {
	find := func(ids []int64) (out []int32) {
		for _, id := range ids {
			if at, ok := place[id]; ok {
				out = append(out, at)
			}
		}
		return out
	}
	right := find(x.Stood)
	if len(right) == 0 {
		s.left++
		return
	}
	wrong := find(x.Struck)
	s.struck += len(wrong)
	s.lessons, s.answers, s.against = append(s.lessons, x), append(s.answers, right), append(s.against, wrong)
	s.asked, s.words = append(s.asked, l.Terms(x.Question)), append(s.words, l.Question(x.Question))
}

func (s *school) ownPairs(l *Learner) {
	questions, passages := distill.Own(s.texts, own+ownApart, 1)
	for i := range questions {
		p := distill.Pair{Question: l.Terms(questions[i]), Answers: []int32{int32(len(s.terms) + len(s.ownTerms))}}
		s.ownTerms = append(s.ownTerms, l.Terms(passages[i]))
		if i < ownApart {
			s.ownApart = append(s.ownApart, p)
		} else {
			s.own = append(s.own, p)
		}
	}
}

// pairs are the lessons of which take says so, with the best finds by words
// that are wrong beside those struck out.
func (s *school) pairs(found [][]distill.Ranked, take func(i int) bool) (out []distill.Pair) {
	for i := range s.lessons {
		if !take(i) {
			continue
		}
		p := distill.Pair{Question: s.asked[i], Answers: s.answers[i], Against: slices.Clone(s.against[i])}
		for _, r := range found[i][:min(10, len(found[i]))] {
			if !slices.Contains(p.Answers, r.At) {
				p.Against = append(p.Against, r.At)
			}
		}
		out = append(out, p)
	}
	return out
}

// study measures by cross-validation what learning brings and, when it brings
// something, learns from every lesson.
func (s *school) study(ctx context.Context, base *distill.Model, r *Report) (raw string, err error) {
	readings := base.Reader(append(slices.Clone(s.terms), s.ownTerms...))
	found := distill.NewLexical(s.terms).Rank(s.words)
	old := s.exam(base, readings, found, func(int) bool { return true })
	ownOld := s.ownExam(base, readings)
	fresh := make([]distill.Measures, len(s.lessons))
	alone := make([]float64, len(s.lessons))
	ownNew := 0.0
	for k := range folds {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		undo := s.drill(base, readings, found, func(i int) bool { return i%folds != k })
		part := s.exam(base, readings, found, func(i int) bool { return i%folds == k })
		for i := range s.lessons {
			if i%folds == k {
				fresh[i], alone[i] = part.mixed[i], part.vectors[i]
			}
		}
		ownNew += s.ownExam(base, readings) / folds
		undo()
	}
	r.Old, r.New = figures(old.mixed, old.vectors, ownOld), figures(fresh, alone, ownNew)
	r.Doubt = chance(old.mixed, fresh)
	r.Better, r.Reason = verdict(r)
	if !r.Better {
		return "", nil
	}
	s.drill(base, readings, found, func(int) bool { return true })
	if lost := ownOld - s.ownExam(base, readings); lost > ownLoss {
		r.Better, r.Reason = false, fmt.Sprintf("用全部采纳落实训练后，本单位文件自身的检索下降 %.3f，超过容许的 %.3f", lost, ownLoss)
		return "", nil
	}
	return string(base.Bytes()), nil
}

func verdict(r *Report) (bool, string) {
	switch {
	case r.New.NDCG10 <= r.Old.NDCG10:
		return false, "未参加训练的部分上没有变好，沿用现用模型"
	case r.Doubt > doubt:
		return false, fmt.Sprintf("有提高，但有 %.0f%% 的可能只是偶然，沿用现用模型", 100*r.Doubt)
	case r.Old.Own-r.New.Own > ownLoss:
		return false, fmt.Sprintf("对问题有提高，但本单位文件自身的检索下降 %.3f，沿用现用模型", r.Old.Own-r.New.Own)
	}
	return true, "未参加训练的部分上变好，本单位文件自身的检索没有变差"
}

// drill trains the model in place and gives what undoes it.
func (s *school) drill(m *distill.Model, readings []distill.Reading, found [][]distill.Ranked, take func(int) bool) (undo func()) {
	_, _, undo = m.Contrast(readings, []distill.Course{{Pairs: s.pairs(found, take), Batch: 32}, {Pairs: s.own, Batch: 48}}, recipe)
	return undo
}

type marks struct {
	mixed   []distill.Measures
	vectors []float64
}

// exam asks those lessons' questions.
func (s *school) exam(m *distill.Model, readings []distill.Reading, found [][]distill.Ranked, those func(int) bool) marks {
	passages := make([][]float32, len(s.terms))
	for i := range passages {
		passages[i] = m.Vector(readings[i])
	}
	asked := make([][]float32, len(s.lessons))
	for i, q := range m.Reader(s.asked) {
		if those(i) {
			asked[i] = m.Vector(q)
		}
	}
	dense := distill.Nearest(passages, asked)
	mixed := distill.Mix(found, dense, vectorShare)
	out := marks{make([]distill.Measures, len(s.lessons)), make([]float64, len(s.lessons))}
	for i := range s.lessons {
		if those(i) {
			out.mixed[i] = distill.MarkOf(mixed[i], s.answers[i])
			out.vectors[i] = distill.MarkOf(dense[i], s.answers[i]).NDCG10
		}
	}
	return out
}

// ownExam is how well sentences kept apart find the passages they came from.
func (s *school) ownExam(m *distill.Model, readings []distill.Reading) (mean float64) {
	if len(s.ownApart) == 0 {
		return 0
	}
	passages := make([][]float32, len(s.ownTerms))
	for i := range passages {
		passages[i] = m.Vector(readings[len(s.terms)+i])
	}
	var terms [][]string
	for _, p := range s.ownApart {
		terms = append(terms, p.Question)
	}
	asked := make([][]float32, len(terms))
	for i, q := range m.Reader(terms) {
		asked[i] = m.Vector(q)
	}
	for i, run := range distill.Nearest(passages, asked) {
		mean += distill.MarkOf(run, []int32{s.ownApart[i].Answers[0] - int32(len(s.terms))}).NDCG10 / float64(len(terms))
	}
	return mean
}

func figures(mixed []distill.Measures, vectors []float64, own float64) Figures {
	f := Figures{Own: own}
	n := float64(len(mixed))
	for i, m := range mixed {
		f.NDCG10 += m.NDCG10 / n
		f.Recall10 += m.Recall10 / n
		f.Vectors += vectors[i] / n
	}
	return f
}

// chance is how often a paired bootstrap finds no gain.
func chance(old, fresh []distill.Measures) float64 {
	random := rand.New(rand.NewPCG(1, 2))
	none := 0
	for range tries {
		var gain float64
		for range old {
			i := random.IntN(len(old))
			gain += fresh[i].NDCG10 - old[i].NDCG10
		}
		if gain <= 0 {
			none++
		}
	}
	return float64(none) / tries
}
