package distill

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Trial is a folder of questions whose right documents are known (BEIR's layout).
type Trial struct {
	Name      string
	Texts     []string // passages
	owner     []int32  // the document each belongs to
	Questions []string
	gold      []map[int32]bool
}

// ReadTrial reads dir with the judgements of qrels/split.tsv.
func ReadTrial(dir, split string) (*Trial, error) {
	t := &Trial{Name: filepath.Base(dir)}
	docs, err := t.readDocs(dir)
	if err != nil {
		return nil, err
	}
	judged, err := os.ReadFile(filepath.Join(dir, "qrels", split+".tsv"))
	if err != nil {
		return nil, fmt.Errorf("read judgements: %w", err)
	}
	gold := map[string]map[int32]bool{}
	for line := range strings.Lines(string(judged)) {
		f := strings.Fields(line)
		if d, ok := docs[f[1]]; ok && f[2] != "0" {
			if gold[f[0]] == nil {
				gold[f[0]] = map[int32]bool{}
			}
			gold[f[0]][d] = true
		}
	}
	return t, eachRow(filepath.Join(dir, "queries.jsonl"), func(r row) {
		if g := gold[r.ID]; g != nil {
			t.Questions, t.gold = append(t.Questions, r.Text), append(t.gold, g)
		}
	})
}

type row struct {
	ID    string `json:"_id"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

func eachRow(path string, do func(row)) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read trial: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		do(r)
	}
	return lines.Err()
}

// readDocs cuts documents above 450 characters into windows of 300, 50 of them shared.
func (t *Trial) readDocs(dir string) (map[string]int32, error) {
	path := filepath.Join(dir, "corpus.jsonl")
	if other, err := os.ReadFile(filepath.Join(dir, "CORPUS")); err == nil {
		path = filepath.Join(dir, strings.TrimSpace(string(other)))
	}
	docs := map[string]int32{}
	return docs, eachRow(path, func(r row) {
		d := int32(len(docs))
		docs[r.ID] = d
		text := []rune(r.Text)
		if len(text) <= 450 {
			t.add(r.Title, text, d)
			return
		}
		for i := 0; i < len(text)-50; i += 250 {
			t.add(r.Title, text[i:min(i+300, len(text))], d)
		}
	})
}

func (t *Trial) add(title string, text []rune, doc int32) {
	t.Texts, t.owner = append(t.Texts, title+" "+string(text)), append(t.owner, doc)
}

// listed is how many passages of each ranking are looked at.
const listed = 100

// Ranked is one passage of a ranking.
type Ranked struct {
	At    int32
	Score float64
}

// Measures are the usual figures, averaged over questions.
type Measures struct{ NDCG10, Recall10, Recall100 float64 }

func (m Measures) String() string {
	return fmt.Sprintf("nDCG@10 %.4f  recall@10 %.4f  recall@100 %.4f", m.NDCG10, m.Recall10, m.Recall100)
}

// Measure compares rankings, one per question, with the judgements.
func (t *Trial) Measure(runs [][]Ranked) Measures {
	return t.MeasureThose(runs, func(int) bool { return true })
}

// MeasureThose looks only at some of the questions.
func (t *Trial) MeasureThose(runs [][]Ranked, those func(q int) bool) Measures {
	var m Measures
	n := 0.0
	for q, run := range runs {
		if !those(q) {
			continue
		}
		one := t.measure(q, run)
		n++
		m.NDCG10 += one.NDCG10
		m.Recall10 += one.Recall10
		m.Recall100 += one.Recall100
	}
	n = max(n, 1)
	return Measures{m.NDCG10 / n, m.Recall10 / n, m.Recall100 / n}
}

// Answers gives the passages of a question's right documents.
func (t *Trial) Answers(q int) []int32 {
	var out []int32
	for i, d := range t.owner {
		if t.gold[q][d] {
			out = append(out, int32(i))
		}
	}
	return out
}

// Owner gives the document of a passage, Right whether that answers question q,
// Golds how many do, and Ideal the gain of the best ranking.
func (t *Trial) Owner(at int32) int32 { return t.owner[at] }

// Right says whether a passage's document answers question q.
func (t *Trial) Right(q int, at int32) bool { return t.gold[q][t.owner[at]] }

// Golds is how many documents answer question q.
func (t *Trial) Golds(q int) int { return len(t.gold[q]) }

// Ideal is the discounted gain of the best ranking possible.
func (t *Trial) Ideal(q int) (sum float64) {
	for i := range min(10, len(t.gold[q])) {
		sum += 1 / math.Log2(float64(i)+2)
	}
	return sum
}

// Split says which of the questions fold k of n holds back. By question they
// are drawn at random; by answer, questions that share a right document, be it
// through others, stay together.
func (t *Trial) Split(n int, byAnswer bool) []int {
	random := rand.New(rand.NewPCG(5, 5))
	if !byAnswer {
		out := make([]int, len(t.Questions))
		for i, q := range random.Perm(len(out)) {
			out[q] = i % n
		}
		return out
	}
	group := map[int32]int32{} // union of documents
	var root func(d int32) int32
	root = func(d int32) int32 {
		if p, ok := group[d]; ok && p != d {
			group[d] = root(p)
			return group[d]
		}
		return d
	}
	for _, g := range t.gold {
		first := int32(-1)
		for d := range g {
			if first >= 0 {
				group[root(d)] = root(first)
			}
			first = d
		}
	}
	size := map[int32]int{}
	var roots []int32
	for _, g := range t.gold {
		for d := range g {
			if size[root(d)]++; size[root(d)] == 1 {
				roots = append(roots, root(d))
			}
			break
		}
	}
	slices.SortFunc(roots, func(a, b int32) int { return cmp.Or(size[b]-size[a], int(a-b)) })
	fold, load := map[int32]int{}, make([]int, n)
	for _, r := range roots { // the largest first, each to the emptiest fold
		k := slices.Index(load, slices.Min(load))
		fold[r], load[k] = k, load[k]+size[r]
	}
	out := make([]int, len(t.Questions))
	for q, g := range t.gold {
		for d := range g {
			out[q] = fold[root(d)]
			break
		}
	}
	return out
}

// Learned says whether one of a question's right documents is also right for a
// question of another fold, that is, was trained on when this one was held back.
func (t *Trial) Learned(fold []int) []bool {
	out := make([]bool, len(t.Questions))
	for q, g := range t.gold {
		for p, other := range t.gold {
			for d := range other {
				out[q] = out[q] || fold[p] != fold[q] && g[d]
			}
		}
	}
	return out
}

// MarkOf measures one ranking of passages of which each is a document by itself.
func MarkOf(run []Ranked, answers []int32) Measures {
	one := &Trial{gold: []map[int32]bool{{}}}
	for _, a := range answers {
		one.gold[0][a] = true
	}
	most := int32(0)
	for _, r := range run {
		most = max(most, r.At)
	}
	one.owner = make([]int32, most+1)
	for i := range one.owner {
		one.owner[i] = int32(i)
	}
	return one.measure(0, run)
}

func (t *Trial) measure(q int, run []Ranked) Measures {
	gold, rank := t.gold[q], 0
	seen := map[int32]bool{}
	var m Measures
	for _, r := range run {
		d := t.owner[r.At]
		if seen[d] {
			continue
		}
		seen[d] = true
		if gold[d] {
			if rank < 10 {
				m.NDCG10 += 1 / math.Log2(float64(rank)+2)
				m.Recall10 += 1 / float64(len(gold))
			}
			m.Recall100 += 1 / float64(len(gold))
		}
		rank++
	}
	var best float64
	for i := range min(10, len(gold)) {
		best += 1 / math.Log2(float64(i)+2)
	}
	m.NDCG10 /= best
	return m
}

// Mix adds two rankings' scores, the first scaled to its best, the second
// between its worst and best, the second with the given weight.
func Mix(lexical, dense [][]Ranked, weight float64) [][]Ranked {
	out := make([][]Ranked, len(lexical))
	for q := range lexical {
		sum := map[int32]float64{}
		if l := lexical[q]; len(l) > 0 {
			for _, r := range l {
				sum[r.At] += (1 - weight) * r.Score / l[0].Score
			}
		}
		if d := dense[q]; len(d) > 0 {
			low, high := d[len(d)-1].Score, d[0].Score
			for _, r := range d {
				sum[r.At] += weight * (r.Score - low) / (high - low + 1e-9)
			}
		}
		for at, s := range sum {
			out[q] = append(out[q], Ranked{at, s})
		}
		best(&out[q])
	}
	return out
}

// best sorts a ranking and keeps its head.
func best(run *[]Ranked) {
	if len(*run) > 50*listed { // most of a long one cannot be in the head; leave it unsorted
		sampled := make([]float64, 0, 1000)
		for i := 0; i < len(*run); i += max(1, len(*run)/1000) {
			sampled = append(sampled, (*run)[i].Score)
		}
		slices.Sort(sampled)
		// Twice the head's share of the sample; should that be too few, all are sorted.
		floor := sampled[max(0, len(sampled)-1-2*listed*len(sampled)/len(*run)-10)]
		head := make([]Ranked, 0, 4*listed)
		for _, r := range *run {
			if r.Score >= floor {
				head = append(head, r)
			}
		}
		if len(head) >= listed {
			*run = head
		}
	}
	slices.SortFunc(*run, func(a, b Ranked) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.At, b.At)) })
	*run = (*run)[:min(listed, len(*run))]
}

// Nearest ranks the passages by their vectors' likeness to each question's;
// a question without a vector gets no ranking.
func Nearest(passages, questions [][]float32) [][]Ranked {
	out := make([][]Ranked, len(questions))
	inParts(len(questions), func(from, to int) {
		var all []Ranked
		for q := from; q < to; q++ {
			if questions[q] == nil {
				continue
			}
			all = slices.Grow(all[:0], len(passages))
			for i, p := range passages {
				all = append(all, Ranked{int32(i), float64(dot(p, questions[q]))})
			}
			head := all
			best(&head)
			out[q] = slices.Clone(head)
		}
	})
	return out
}

// inParts does n things, a few of them at the same time.
func inParts(n int, do func(from, to int)) {
	const parts = 6
	var all sync.WaitGroup
	for k := range parts {
		all.Go(func() { do(n*k/parts, n*(k+1)/parts) })
	}
	all.Wait()
}

// Lexical is a plain BM25 index for comparison.
type Lexical struct {
	K1, B    float64
	postings map[string][]posting
	length   []float64
	mean     float64
}

type posting struct {
	at    int32
	count float32
}

// NewLexical indexes the terms of each passage.
func NewLexical(passages [][]string) *Lexical {
	x := &Lexical{K1: 1.2, B: 0.75, postings: map[string][]posting{}, length: make([]float64, len(passages))}
	for i, terms := range passages {
		count := map[string]float32{}
		for _, t := range terms {
			count[t]++
		}
		for t, n := range count {
			x.postings[t] = append(x.postings[t], posting{int32(i), n})
		}
		x.length[i] = float64(len(terms))
		x.mean += float64(len(terms)) / float64(len(passages))
	}
	return x
}

// Rank gives the best passages for each question's terms.
func (x *Lexical) Rank(questions [][]string) [][]Ranked {
	out := make([][]Ranked, len(questions))
	inParts(len(questions), func(from, to int) {
		sums := make([]float64, len(x.length))
		for q := from; q < to; q++ {
			out[q] = x.rank(questions[q], sums)
		}
	})
	return out
}

func (x *Lexical) rank(question []string, sums []float64) (out []Ranked) {
	clear(sums)
	terms := slices.Clone(question)
	slices.Sort(terms)
	for _, t := range slices.Compact(terms) {
		x.add(sums, x.postings[t])
	}
	for at, s := range sums {
		if s > 0 {
			out = append(out, Ranked{int32(at), s})
		}
	}
	best(&out)
	return slices.Clone(out)
}

// Score is what Rank would give one passage, of which the terms are given.
func (x *Lexical) Score(question, passage []string) float64 {
	count := map[string]float64{}
	for _, t := range question {
		count[t] = 0
	}
	for _, t := range passage {
		if n, ok := count[t]; ok {
			count[t] = n + 1
		}
	}
	var sum float64
	for t, tf := range count {
		if tf > 0 {
			sum += x.idf(t) * tf * (x.K1 + 1) / (tf + x.K1*(1-x.B+x.B*float64(len(passage))/x.mean))
		}
	}
	return sum
}

// Most is more than any passage can score for a question.
func (x *Lexical) Most(question []string) (sum float64) {
	for t := range distinctSet(question) {
		sum += x.idf(t) * (x.K1 + 1)
	}
	return sum
}

func distinctSet(terms []string) map[string]bool {
	out := map[string]bool{}
	for _, t := range terms {
		out[t] = true
	}
	return out
}

func (x *Lexical) idf(term string) float64 {
	n, df := float64(len(x.length)), float64(len(x.postings[term]))
	return math.Log(1 + (n-df+0.5)/(df+0.5))
}

func (x *Lexical) add(sums []float64, list []posting) {
	n, df := float64(len(x.length)), float64(len(list))
	idf := math.Log(1 + (n-df+0.5)/(df+0.5))
	for _, p := range list {
		tf := float64(p.count)
		sums[p.at] += idf * tf * (x.K1 + 1) / (tf + x.K1*(1-x.B+x.B*x.length[p.at]/x.mean))
	}
}
