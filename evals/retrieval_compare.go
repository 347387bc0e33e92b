package evals

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"

	"advisor/internal/problem"
)

// Outcome is one question's line of a run: what was wanted, what came, how good it was.
type Outcome struct {
	ID        string         `json:"id"`
	Question  string         `json:"question"`
	NDCG10    float64        `json:"ndcg@10"`
	Recall10  float64        `json:"recall@10"`
	Recall100 float64        `json:"recall@100"`
	MRR10     float64        `json:"mrr@10"`
	Want      map[string]int `json:"want"`    // rank of each relevant document, 0 when it is not among the hundred
	Ranking   []string       `json:"ranking"` // the first ten
	First     []Reason       `json:"first"`   // why the first hits were found
}

// Reason is a hit as a report shows it.
type Reason struct {
	Document string   `json:"document"`
	Title    string   `json:"title"`
	Place    string   `json:"provision"`
	Lexical  int      `json:"lexical_rank"`
	Vector   int      `json:"vector_rank"`
	Terms    []string `json:"terms"`
}

// Run is an evaluation kept on disk: one line for the whole, one for each question.
type Run struct {
	Report    Report    `json:"report"`
	Questions []Outcome `json:"-"`
}

// Write keeps the run.
func (r Run) Write(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("keep run: %w", err)
	}
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	err = enc.Encode(r.Report)
	for _, q := range r.Questions {
		if err == nil {
			err = enc.Encode(q)
		}
	}
	if err == nil {
		err = w.Flush()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("keep run: %w", err)
	}
	return nil
}

// ReadRun reads what Write kept.
func ReadRun(file string) (r Run, err error) {
	bad := func(err error) error {
		return problem.New(problem.Invalid, "bad-run", "读取评测记录 "+file, err.Error(), "评测记录由 advisor eval retrieval --run 文件 写成").Because(err)
	}
	f, err := os.Open(file)
	if err != nil {
		return r, bad(err)
	}
	defer func() { _ = f.Close() }()
	in := json.NewDecoder(bufio.NewReader(f))
	if err := in.Decode(&r.Report); err != nil {
		return r, bad(err)
	}
	for in.More() {
		var o Outcome
		if err := in.Decode(&o); err != nil {
			return r, bad(err)
		}
		r.Questions = append(r.Questions, o)
	}
	return r, nil
}

// Difference is a measure's paired comparison of two runs over the same questions.
type Difference struct {
	Measure string  `json:"measure"`
	A       float64 `json:"a"`
	B       float64 `json:"b"`
	Low     float64 `json:"low"` // of b less a, 95 %
	High    float64 `json:"high"`
	P       float64 `json:"p"` // that chance alone makes so large a difference
}

// Comparison says how run b differs from run a.
type Comparison struct {
	Questions   int          `json:"questions"` // in both
	OnlyA       int          `json:"only_a"`
	OnlyB       int          `json:"only_b"`
	Differences []Difference `json:"differences"`
	Lost        []Change     `json:"lost"` // worst first
	Won         []Change     `json:"won"`  // best first
}

// Change is a question whose answer became better or worse.
type Change struct {
	ID       string  `json:"id"`
	Question string  `json:"question"`
	A        float64 `json:"a"` // nDCG@10
	B        float64 `json:"b"`
}

// resamples of the bootstrap; with ten thousand the ends of the interval stand to three decimals.
const resamples = 10_000

var measures = []struct {
	name string
	of   func(Outcome) float64
}{
	{"ndcg@10", func(o Outcome) float64 { return o.NDCG10 }},
	{"recall@10", func(o Outcome) float64 { return o.Recall10 }},
	{"recall@100", func(o Outcome) float64 { return o.Recall100 }},
	{"mrr@10", func(o Outcome) float64 { return o.MRR10 }},
}

// Compare pairs two runs question by question: a bootstrap interval for the
// difference of means, and a randomisation test of its sign.
func Compare(a, b Run) Comparison {
	var c Comparison
	before := make(map[string]Outcome, len(a.Questions))
	for _, q := range a.Questions {
		before[q.ID] = q
	}
	var x, y []Outcome
	for _, q := range b.Questions {
		if p, ok := before[q.ID]; ok {
			x, y = append(x, p), append(y, q)
		}
	}
	c.Questions, c.OnlyA, c.OnlyB = len(x), len(a.Questions)-len(x), len(b.Questions)-len(x)
	for _, m := range measures {
		d := make([]float64, len(x))
		var sumA, sumB float64
		for i := range x {
			d[i] = m.of(y[i]) - m.of(x[i])
			sumA, sumB = sumA+m.of(x[i]), sumB+m.of(y[i])
		}
		n := float64(max(1, len(x)))
		low, high := interval(d)
		c.Differences = append(c.Differences, Difference{m.name, sumA / n, sumB / n, low, high, byChance(d)})
	}
	c.Lost, c.Won = changes(x, y)
	return c
}

// interval is the bootstrap's 95 % interval of the mean. The seed is fixed, so
// that the same run always reports the same.
func interval(values []float64) (low, high float64) {
	if len(values) == 0 {
		return 0, 0
	}
	r := rand.New(rand.NewPCG(1, uint64(len(values))))
	means := make([]float64, resamples)
	for i := range means {
		for range values {
			means[i] += values[r.IntN(len(values))]
		}
		means[i] /= float64(len(values))
	}
	slices.Sort(means)
	return means[resamples*25/1000], means[resamples*975/1000-1]
}

// byChance is the share of random flips of the pairs whose mean is as far from
// nought as the one seen (two-sided).
func byChance(d []float64) float64 {
	changed := slices.DeleteFunc(slices.Clone(d), func(v float64) bool { return v == 0 })
	if len(changed) == 0 {
		return 1
	}
	var seen float64
	for _, v := range changed {
		seen += v
	}
	r := rand.New(rand.NewPCG(2, uint64(len(d))))
	far := 1 // the one seen
	for range resamples - 1 {
		var sum float64
		for _, v := range changed {
			if r.Uint64()&1 == 0 {
				v = -v
			}
			sum += v
		}
		if math.Abs(sum) >= math.Abs(seen)-1e-12 {
			far++
		}
	}
	return float64(far) / resamples
}

// shownChanges bounds each list.
const shownChanges = 20

func changes(x, y []Outcome) (lost, won []Change) {
	for i := range x {
		c := Change{x[i].ID, x[i].Question, x[i].NDCG10, y[i].NDCG10}
		if c.B < c.A-1e-9 {
			lost = append(lost, c)
		} else if c.B > c.A+1e-9 {
			won = append(won, c)
		}
	}
	gain := func(c Change) float64 { return c.B - c.A }
	slices.SortStableFunc(lost, func(a, b Change) int { return cmp.Compare(gain(a), gain(b)) })
	slices.SortStableFunc(won, func(a, b Change) int { return cmp.Compare(gain(b), gain(a)) })
	return lost[:min(len(lost), shownChanges)], won[:min(len(won), shownChanges)]
}
