package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"advisor/embed/distill"
	"advisor/segment"
)

// set is a folder of questions made ready: terms, rankings by words.
type set struct {
	*distill.Trial
	texts, questions, asked [][]string
	lexical                 [][]distill.Ranked
	index                   *distill.Lexical
	read                    []distill.Reading // all models of a lab share one vocabulary
}

func readSet(dir string, seg *segment.Segmenter, shelf *distill.Shelf) (*set, error) {
	t, err := distill.ReadTrial(dir, "dev")
	if err != nil {
		return nil, err
	}
	s := &set{Trial: t}
	for _, x := range t.Texts {
		s.texts = append(s.texts, shelf.Cut(x, seg.Terms))
	}
	for _, x := range t.Questions {
		s.questions, s.asked = append(s.questions, shelf.Cut(x, seg.Terms)), append(s.asked, seg.QueryTerms(x))
	}
	x := distill.NewLexical(s.texts)
	x.K1, x.B = 0.9, 0.6
	s.lexical, s.index = x.Rank(s.asked), x
	fmt.Println(t.Name, "lexical ", t.Measure(s.lexical))
	return s, nil
}

// answers reads a file of questions with written answers, by question.
func answers(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	out := map[string]string{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var row struct{ Question, Answer string }
		if err := json.Unmarshal(bytes.ReplaceAll(lines.Bytes(), []byte(": NaN"), []byte(": null")), &row); err != nil {
			return nil, err
		}
		out[row.Question] = row.Answer
	}
	return out, lines.Err()
}

// lab is everything that trials of contrastive training share.
type lab struct {
	seg      *segment.Segmenter
	sets     []*set // the first is the one with folds
	base     *distill.Model
	passages [][]string // of all sets, then of own pairs
	from     []int      // place of each set's first passage
	own      []distill.Pair
	written  map[string]string
}

func (l *lab) dense(m *distill.Model, s *set, those func(int) bool) [][]distill.Ranked {
	run, _ := l.run(m, s, those)
	return run
}

// run ranks a set's passages for those questions and gives the cosine of any pair.
func (l *lab) run(m *distill.Model, s *set, those func(int) bool) ([][]distill.Ranked, func(q int, at int32) float64) {
	if s.read == nil {
		s.read = m.Reader(s.texts)
	}
	vectors := m.Vectors(s.read)
	asked := make([][]float32, len(s.questions))
	for i, r := range m.Reader(s.questions) {
		if those(i) {
			asked[i] = m.Vector(r)
		}
	}
	return distill.Nearest(vectors, asked), func(q int, at int32) float64 {
		var sum float32
		for k, x := range asked[q] {
			sum += x * vectors[at][k]
		}
		return float64(sum)
	}
}

func every(int) bool { return true }

func (l *lab) show(name string, s *set, dense [][]distill.Ranked) {
	line := fmt.Sprintf("%-22s %-14s dense %.4f r100 %.3f | mix", name, s.Name, s.Measure(dense).NDCG10, s.Measure(dense).Recall100)
	for _, w := range []float64{0.2, 0.3, 0.4, 0.5, 0.6, 0.7} {
		m := s.Measure(distill.Mix(s.lexical, dense, w))
		line += fmt.Sprintf(" %.4f", m.NDCG10)
		if w > 0.65 {
			line += fmt.Sprintf(" r100 %.3f", m.Recall100)
		}
	}
	fmt.Println(line)
}

// labelled gives the pairs of the first set's questions that are not held back.
func (l *lab) labelled(those func(q int) bool) (asked, told []distill.Pair) {
	s := l.sets[0]
	for q := range s.Questions {
		if !those(q) {
			continue
		}
		p := distill.Pair{Question: s.questions[q], Answers: s.Answers(q)}
		right := map[int32]bool{}
		for _, a := range p.Answers {
			right[a] = true
		}
		for _, r := range s.lexical[q][:min(30, len(s.lexical[q]))] {
			if !right[r.At] {
				p.Against = append(p.Against, r.At)
			}
		}
		asked = append(asked, p)
		if text := l.written[s.Questions[q]]; text != "" {
			told = append(told, distill.Pair{Question: l.seg.Terms(text), Answers: p.Answers, Against: p.Against})
		}
	}
	return asked, told
}

func newLab(base, qa, cut string, own int, dirs []string) (*lab, error) {
	seg, err := segment.Default()
	if err != nil {
		return nil, err
	}
	shelf, err := distill.OpenShelf(cut)
	if err != nil {
		return nil, err
	}
	l := &lab{seg: seg}
	if l.base, err = load(base); err != nil {
		return nil, err
	}
	if l.written, err = answers(qa); err != nil {
		return nil, err
	}
	var texts []string
	for _, d := range dirs {
		s, err := readSet(d, seg, shelf)
		if err != nil {
			return nil, err
		}
		l.sets, l.from = append(l.sets, s), append(l.from, len(l.passages))
		l.passages = append(l.passages, s.texts...)
		texts = append(texts, s.Texts...)
	}
	q, p := distill.Own(texts, own, 1)
	for i := range q {
		l.own = append(l.own, distill.Pair{Question: shelf.Cut(q[i], seg.Terms), Answers: []int32{int32(len(l.passages))}})
		l.passages = append(l.passages, shelf.Cut(p[i], seg.Terms))
	}
	return l, shelf.Save(cut)
}

// cross compares recipes of contrastive training by cross-validation over the
// questions of the first folder; the other folders show what is lost elsewhere.
func cross(args []string) error {
	flags := flag.NewFlagSet("cross", flag.ExitOnError)
	base := flags.String("base", "", "model kept by fit")
	qa := flags.String("answers", "", "questions with written answers")
	shelf := flags.String("shelf", "", "cache of texts cut into terms")
	own := flags.Int("own", 40000, "pairs made of the texts themselves")
	recipes := flags.String("recipes", "", "file of recipes, one a line")
	quiet := flags.Bool("quiet", false, "do not measure the base model")
	folds := flags.Int("folds", 5, "only so many of the five folds")
	_ = flags.Parse(args)
	l, err := newLab(*base, *qa, *shelf, *own, flags.Args())
	if err != nil {
		return err
	}
	for _, s := range l.sets {
		if !*quiet {
			l.show("base", s, l.dense(l.base, s, every))
		}
	}
	readings := l.base.Reader(l.passages)
	raw, err := os.ReadFile(*recipes)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := l.try(line, readings, *folds); err != nil {
			return err
		}
	}
	return nil
}

// recipe is two runs of training: on own pairs, then with labelled ones too.
type recipe struct {
	by                      string // question or answer
	cases                   string // file for what fusion is trained on
	steps1, steps2          int
	rate1, rate2            float64
	own1, own2, asked, told int // pairs in a batch
	against                 int
	pull, temperature       float64
}

func parse(line string) (recipe, error) {
	r := recipe{by: "question", steps1: 0, rate1: 0.01, own1: 128, steps2: 200, rate2: 0.01, own2: 64, asked: 64, told: 0, against: 1, pull: 0.001, temperature: 0.05}
	for _, f := range strings.Fields(line) {
		k, v, _ := strings.Cut(f, "=")
		to := map[string]any{"by": &r.by, "cases": &r.cases, "steps1": &r.steps1, "steps2": &r.steps2, "rate1": &r.rate1, "rate2": &r.rate2, "own1": &r.own1,
			"own2": &r.own2, "asked": &r.asked, "told": &r.told, "against": &r.against, "pull": &r.pull, "temp": &r.temperature}[k]
		if to == nil {
			return r, fmt.Errorf("recipe: no %s", k)
		}
		if _, err := fmt.Sscan(v, to); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (l *lab) first(r recipe, readings []distill.Reading) *distill.Model {
	m := l.base.Clone()
	if r.steps1 > 0 {
		first, last, _ := m.Contrast(readings, []distill.Course{{Pairs: l.own, Batch: r.own1}}, distill.Drill{Steps: r.steps1, Rate: r.rate1, Temperature: r.temperature, Pull: r.pull, Seed: 1})
		fmt.Printf("  own pairs: loss %.3f, then %.3f\n", first, last)
	}
	return m
}

func (l *lab) second(m *distill.Model, r recipe, readings []distill.Reading, those func(int) bool) {
	asked, told := l.labelled(those)
	first, last, _ := m.Contrast(readings, []distill.Course{{Pairs: asked, Batch: r.asked}, {Pairs: told, Batch: r.told}, {Pairs: l.own, Batch: r.own2}},
		distill.Drill{Steps: r.steps2, Rate: r.rate2, Temperature: r.temperature, Pull: r.pull, Against: r.against, Seed: 2})
	fmt.Printf("  labelled: loss %.3f, then %.3f\n", first, last)
}

func (l *lab) try(line string, readings []distill.Reading, folds int) error {
	r, err := parse(line)
	if err != nil {
		return err
	}
	start := time.Now()
	fmt.Println("##", line)
	m := l.first(r, readings)
	if r.steps1 > 0 {
		for _, s := range l.sets {
			l.show("own", s, l.dense(m, s, every))
		}
	}
	if r.steps2 == 0 {
		return nil
	}
	s := l.sets[0]
	fold := s.Split(5, r.by == "answer")
	dense := make([][]distill.Ranked, len(s.Questions))
	learned := s.Learned(fold)
	var kept []Case
	var folding sync.WaitGroup
	var one sync.Mutex
	for k := range folds {
		folding.Go(func() {
			x := m.Clone()
			l.second(x, r, readings, func(q int) bool { return fold[q] != k })
			run, cosine := l.run(x, s, func(q int) bool { return fold[q] == k })
			one.Lock()
			defer one.Unlock()
			for q, r := range run {
				if fold[q] == k {
					dense[q] = r
				}
			}
			if r.cases != "" {
				kept = append(kept, s.cases(0, run, cosine, fold, learned, func(q int) bool { return fold[q] == k })...)
			}
			for i, s := range l.sets[1:] {
				if k > 0 {
					break
				}
				run, cosine := l.run(x, s, every)
				l.show("fold 0", s, run)
				if r.cases != "" {
					kept = append(kept, s.cases(i+1, run, cosine, s.Split(5, false), nil, every)...)
				}
			}
		})
	}
	folding.Wait()
	if r.cases != "" {
		if err := keepCases(r.cases, kept); err != nil {
			return err
		}
	}
	held := func(q int) bool { return fold[q] < folds }
	for _, w := range []float64{0.4, 0.5, 0.6, 0.7, 1} {
		mix := distill.Mix(s.lexical, dense, w)
		all := s.MeasureThose(mix, held)
		fmt.Printf("%s w %.1f: all %.4f r100 %.3f | learned %.4f | not %.4f\n", s.Name, w, all.NDCG10, all.Recall100,
			s.MeasureThose(mix, func(q int) bool { return held(q) && learned[q] }).NDCG10,
			s.MeasureThose(mix, func(q int) bool { return held(q) && !learned[q] }).NDCG10)
	}
	plain := s.MeasureThose(s.lexical, held)
	fmt.Printf("%s words: all %.4f | learned %.4f | not %.4f   %.0f s\n", s.Name, plain.NDCG10,
		s.MeasureThose(s.lexical, func(q int) bool { return held(q) && learned[q] }).NDCG10,
		s.MeasureThose(s.lexical, func(q int) bool { return held(q) && !learned[q] }).NDCG10, time.Since(start).Seconds())
	return nil
}

// load reads a model with all its digits or as the program carries it.
func load(path string) (*distill.Model, error) {
	if strings.HasSuffix(path, ".model") {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return distill.Parse(string(raw))
	}
	return distill.Load(path)
}
