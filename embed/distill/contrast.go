package distill

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Pair is a question, or what stands for one, with passages that answer it and
// passages that only look as if they did, as places in a list of passages.
type Pair struct {
	Question []string
	Answers  []int32
	Against  []int32
}

// Course is pairs to train on and how many of them stand in each batch.
type Course struct {
	Pairs []Pair
	Batch int
}

// Drill are the choices of contrastive training.
type Drill struct {
	Steps       int
	Rate        float64 // size of the first step; steps shrink to nothing
	Temperature float64
	Pull        float64 // share of the way back to the start that a term goes after each step
	Against     int     // passages of Against a question
	Seed        uint64
}

// Reader turns passages' terms into what training works on.
func (m *Model) Reader(texts [][]string) []Reading {
	out := make([]Reading, len(texts))
	inParts(len(texts), func(from, to int) {
		for i := from; i < to; i++ {
			out[i] = Reading(m.read(texts[i]))
		}
	})
	return out
}

// Reading is a text as the model sees it.
type Reading features

// Vectors are the model's vectors for texts.
func (m *Model) Vectors(texts []Reading) [][]float32 {
	out := make([][]float32, len(texts))
	inParts(len(texts), func(from, to int) {
		for i := from; i < to; i++ {
			out[i] = m.Vector(texts[i])
		}
	})
	return out
}

// Vector is the model's vector for a text.
func (m *Model) Vector(r Reading) []float32 {
	v := make([]float32, m.Dim)
	m.sum(v, r)
	unit(v)
	return v
}

func (m *Model) sum(v []float32, r Reading) {
	for k, t := range r.at {
		mulAdd(v, m.Rows[int(t)*m.Dim:][:m.Dim], r.weight[k])
	}
}

// Clone copies the model's vectors; the vocabulary is shared.
func (m *Model) Clone() *Model {
	return &Model{Vocabulary: m.Vocabulary, Dim: m.Dim, Rows: slices.Clone(m.Rows)}
}

// Contrast moves the term vectors so that each question comes nearer to its
// answers than to the other passages of its batch. The start is the anchor:
// steps are small, shrink to nothing, and every term that moved is pulled back
// a little. It gives the mean loss of the first and the last tenth of the
// steps, and what puts everything back.
func (m *Model) Contrast(passages []Reading, courses []Course, d Drill) (first, last float64, undo func()) {
	t := trainer{m: m, anchor: map[int32][]float32{}, passages: passages, d: d, square: make([]float32, len(m.Terms)),
		random: rand.New(rand.NewPCG(d.Seed, 11))}
	for _, c := range courses {
		x := track{Course: c}
		for _, p := range c.Pairs {
			x.questions = append(x.questions, Reading(m.read(p.Question)))
		}
		t.tracks = append(t.tracks, &x)
	}
	tenth := max(1, d.Steps/10)
	for step := range d.Steps {
		loss := t.step(d.Rate * (1 - float64(step)/float64(d.Steps)))
		if step < tenth {
			first += loss / float64(tenth)
		}
		if step >= d.Steps-tenth {
			last += loss / float64(tenth)
		}
	}
	return first, last, func() {
		for term, row := range t.anchor {
			copy(m.Rows[int(term)*m.Dim:], row)
		}
	}
}

// track is a course on its way: its pairs in an order drawn anew each time.
type track struct {
	Course
	questions []Reading
	order     []int
}

func (t *track) next(random *rand.Rand) int {
	if len(t.order) == 0 {
		t.order = random.Perm(len(t.Pairs))
	}
	i := t.order[0]
	t.order = t.order[1:]
	return i
}

type trainer struct {
	m        *Model
	anchor   map[int32][]float32 // the terms moved so far as they were
	passages []Reading
	tracks   []*track
	d        Drill
	square   []float32 // mean square of each term's gradients, added up
	mean     float64   // of those of a step, running
	random   *rand.Rand
}

// side is one text of a batch.
type side struct {
	reading  Reading
	vector   []float32
	length   float32
	gradient []float32
}

func (t *trainer) embed(r Reading) side {
	s := side{reading: r, vector: make([]float32, t.m.Dim), gradient: make([]float32, t.m.Dim)}
	t.m.sum(s.vector, r)
	s.length = float32(math.Sqrt(float64(dot(s.vector, s.vector))))
	stretch(s.vector, 1/max(s.length, 1e-9))
	return s
}

// batch is what one step trains on: each question with the place of its own
// answer among the passages, and all its answers by their numbers.
type batch struct {
	questions, docs []Reading
	own             []int
	right           [][]int32
	which           []int32 // by doc: its number
}

func (t *trainer) draw() (b batch) {
	add := func(passage int32) {
		b.which, b.docs = append(b.which, passage), append(b.docs, t.passages[passage])
	}
	for _, c := range t.tracks {
		for range min(c.Batch, len(c.Pairs)) {
			i := c.next(t.random)
			p := c.Pairs[i]
			if len(p.Answers) == 0 || len(c.questions[i].at) == 0 {
				continue
			}
			b.questions, b.right, b.own = append(b.questions, c.questions[i]), append(b.right, p.Answers), append(b.own, len(b.docs))
			add(p.Answers[t.random.IntN(len(p.Answers))])
			for range min(t.d.Against, len(p.Against)) {
				add(p.Against[t.random.IntN(len(p.Against))])
			}
		}
	}
	return b
}

// step trains on one batch and gives its loss.
func (t *trainer) step(rate float64) float64 {
	b := t.draw()
	if len(b.questions) < 2 {
		return 0
	}
	questions, docs := t.embedAll(b.questions), t.embedAll(b.docs)
	pull := make([][]float32, len(questions)) // what each doc weighs in each question's gradient
	losses := make([]float64, len(questions))
	inParts(len(questions), func(from, to int) {
		for q := from; q < to; q++ {
			losses[q], pull[q] = t.score(&questions[q], docs, b.which, b.own[q], b.right[q])
		}
	})
	inParts(len(docs), func(from, to int) {
		for d := from; d < to; d++ {
			for q := range questions {
				if g := pull[q][d]; g != 0 {
					mulAdd(docs[d].gradient, questions[q].vector, g)
				}
			}
		}
	})
	t.update(append(questions, docs...), rate)
	var loss float64
	for _, x := range losses {
		loss += x / float64(len(losses))
	}
	return loss
}

func (t *trainer) embedAll(readings []Reading) []side {
	out := make([]side, len(readings))
	inParts(len(readings), func(from, to int) {
		for i := from; i < to; i++ {
			out[i] = t.embed(readings[i])
		}
	})
	return out
}

// score gives one question's loss, its gradient, and what share of it each doc
// has; other answers of its own do not count against it.
func (t *trainer) score(q *side, docs []side, which []int32, own int, right []int32) (loss float64, pull []float32) {
	share := make([]float64, len(docs))
	var sum float64
	for i := range docs {
		if i != own && slices.Contains(right, which[i]) {
			continue
		}
		share[i] = math.Exp((float64(dot(q.vector, docs[i].vector)) - 1) / t.d.Temperature)
		sum += share[i]
	}
	pull = make([]float32, len(docs))
	for i := range docs {
		g := share[i] / sum
		if i == own {
			g--
		}
		if math.Abs(g) < 1e-4 {
			continue
		}
		pull[i] = float32(g)
		mulAdd(q.gradient, docs[i].vector, pull[i])
	}
	return -math.Log(share[own] / sum), pull
}

// update moves the terms of all texts against their gradients, several parts of
// the vocabulary at a time.
func (t *trainer) update(texts []side, rate float64) {
	for _, s := range texts {
		// The vector is unit: what would only make it longer has no effect.
		mulAdd(s.gradient, s.vector, -dot(s.gradient, s.vector))
		stretch(s.gradient, 1/max(s.length, 1e-9))
	}
	const shards = 6
	var moved [shards]moves
	inParts(shards, func(from, to int) {
		for k := from; k < to; k++ {
			moved[k] = gradients(texts, int32(k), shards, t.m.Dim)
		}
	})
	var mean, n float64
	for _, x := range moved {
		mean, n = mean+x.square, n+float64(len(x.terms))
	}
	t.mean += mean / max(n, 1)
	for _, x := range moved { // the anchor is one map
		for _, term := range x.terms {
			if t.anchor[term] == nil {
				t.anchor[term] = slices.Clone(t.m.Rows[int(term)*t.m.Dim:][:t.m.Dim])
			}
		}
	}
	inParts(shards, func(from, to int) {
		for k := from; k < to; k++ {
			t.move(moved[k], rate)
		}
	})
}

// moves are the gradients of some terms.
type moves struct {
	terms  []int32
	sums   []float32
	square float64 // mean squares, added up
}

// gradients adds up those of the terms whose number leaves rest k.
func gradients(texts []side, k, shards int32, dim int) (m moves) {
	at := map[int32]int{}
	for _, s := range texts {
		for i, term := range s.reading.at {
			if term%shards != k {
				continue
			}
			place, ok := at[term]
			if !ok {
				place = len(m.terms)
				at[term], m.terms, m.sums = place, append(m.terms, term), append(m.sums, make([]float32, dim)...)
			}
			mulAdd(m.sums[place*dim:][:dim], s.gradient, s.reading.weight[i])
		}
	}
	for i := range m.terms {
		g := m.sums[i*dim:][:dim]
		m.square += float64(dot(g, g)) / float64(dim)
	}
	return m
}

func (t *trainer) move(m moves, rate float64) {
	dim := t.m.Dim
	for i, term := range m.terms {
		g, row := m.sums[i*dim:][:dim], t.m.Rows[int(term)*dim:][:dim]
		t.square[term] += dot(g, g) / float32(dim)
		mulAdd(row, g, -float32(rate/math.Sqrt(float64(t.square[term])+t.mean)))
		if t.d.Pull > 0 {
			stretch(row, float32(1-t.d.Pull))
			mulAdd(row, t.anchor[term], float32(t.d.Pull))
		}
	}
}
