// Package static is the built-in embedder: one vector for each term (words,
// pairs of characters, single characters as fall-back), weighted, added up and
// normalised. It needs no runtime and no download, and takes microseconds.
package static

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"unicode/utf8"

	"advisor/segment"
)

//go:embed zh.model
var builtIn string

// ErrModel says that a model file cannot be used.
var ErrModel = errors.New("model file is damaged or of another version")

const magic = "advisor static 1\n"

// Model is a static embedder. It is safe for concurrent use.
type Model struct {
	name    string
	dim     int
	place   map[string]int32
	scale   []float32 // a term's weight times the size of its steps
	steps   string    // the vectors, dim signed bytes a term
	segment *segment.Segmenter
	scratch sync.Pool
}

var loaded = sync.OnceValues(func() (*Model, error) {
	seg, err := segment.Default()
	if err != nil {
		return nil, err
	}
	return Read(builtIn, seg)
})

// New gives the embedder built into the program, read once and shared.
func New() (*Model, error) { return loaded() }

// Delivered is the built-in model's file, to be trained further.
func Delivered() string { return builtIn }

// Read makes an embedder of a model file's bytes.
func Read(raw string, seg *segment.Segmenter) (*Model, error) {
	body, ok := strings.CutPrefix(raw, magic)
	if !ok || len(body) < 12 {
		return nil, ErrModel
	}
	terms, dim, names := number(body), number(body[4:]), number(body[8:])
	if len(body) != 12+names+terms*(4+dim) || dim == 0 {
		return nil, ErrModel
	}
	sum := sha256.Sum256([]byte(raw))
	m := &Model{
		name:    fmt.Sprintf("static-%d-%s", dim, hex.EncodeToString(sum[:4])),
		dim:     dim,
		place:   make(map[string]int32, terms),
		scale:   make([]float32, terms),
		steps:   body[12+names+4*terms:],
		segment: seg,
	}
	for i, t := range strings.SplitN(body[12:12+names], "\n", terms+1)[:terms] {
		m.place[t] = int32(i)
	}
	for i := range m.scale {
		m.scale[i] = math.Float32frombits(uint32(number(body[12+names+4*i:])))
	}
	if len(m.place) != terms {
		return nil, ErrModel
	}
	m.scratch.New = func() any { return &work{count: make([]float32, terms), sum: make([]int32, dim)} }
	return m, nil
}

func number(s string) int {
	return int(uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24)
}

// Name identifies the model: its length of vectors and the hash of its file.
func (m *Model) Name() string { return m.name }

// Dim is the length of a vector.
func (m *Model) Dim() int { return m.dim }

// Embed gives one unit vector per text; a text with nothing known in it gets
// the zero vector, which is like nothing else.
func (m *Model) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	all := make([]float32, len(texts)*m.dim)
	out := make([][]float32, len(texts))
	for i, t := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out[i] = all[i*m.dim : (i+1)*m.dim : (i+1)*m.dim]
		m.embed(out[i], t)
	}
	return out, nil
}

// work is the memory one text needs while it is embedded.
type work struct {
	terms []string
	count []float32 // by term; zero between texts
	seen  []int32   // the terms counted
	sum   []int32
}

func (m *Model) embed(v []float32, text string) {
	w := m.scratch.Get().(*work)
	defer m.scratch.Put(w)
	w.terms = m.segment.AppendTerms(w.terms[:0], text)
	m.tally(w)
	clear(w.sum)
	unit := m.unit(w)
	for _, p := range w.seen {
		add(w.sum, m.steps[int(p)*m.dim:][:m.dim], int32(unit*m.share(w, p)))
		w.count[p] = 0
	}
	w.seen = w.seen[:0]
	clear(w.terms) // they hold on to the text
	normalize(v, w.sum)
}

// share is how much a term adds to the text: its tenth mention counts less
// than its first.
func (m *Model) share(w *work, term int32) float32 {
	return m.scale[term] * float32(math.Sqrt(float64(w.count[term])))
}

// unit is the factor that makes the shares whole numbers: as large as sums of
// so many terms of 127 steps each can be in 32 bits, since whole numbers add
// up several times faster here than fractions.
func (m *Model) unit(w *work) float32 {
	var most float32
	for _, p := range w.seen {
		most = max(most, m.share(w, p))
	}
	return math.MaxInt32 / 128 / float32(len(w.seen)+1) / max(most, 1e-30)
}

// tally counts the known terms; an unknown pair counts as its two characters,
// half each.
func (m *Model) tally(w *work) {
	count := func(p int32, n float32) {
		if w.count[p] == 0 {
			w.seen = append(w.seen, p)
		}
		w.count[p] += n
	}
	for _, t := range w.terms {
		if p, ok := m.place[t]; ok {
			count(p, 1)
		} else if pair, ok := strings.CutPrefix(t, "_"); ok {
			_, n := utf8.DecodeRuneInString(pair)
			for _, c := range [2]string{pair[:n], pair[n:]} {
				if p, ok := m.place[c]; ok {
					count(p, 0.5)
				}
			}
		}
	}
}

// add adds a term's steps, so many times.
func add(sum []int32, steps string, times int32) {
	sum = sum[:len(steps)]
	for len(sum) >= 8 && len(steps) >= 8 {
		sum[0] += times * int32(int8(steps[0]))
		sum[1] += times * int32(int8(steps[1]))
		sum[2] += times * int32(int8(steps[2]))
		sum[3] += times * int32(int8(steps[3]))
		sum[4] += times * int32(int8(steps[4]))
		sum[5] += times * int32(int8(steps[5]))
		sum[6] += times * int32(int8(steps[6]))
		sum[7] += times * int32(int8(steps[7]))
		sum, steps = sum[8:], steps[8:]
	}
	for k := range sum {
		sum[k] += times * int32(int8(steps[k]))
	}
}

// normalize gives the sum's direction.
func normalize(v []float32, sum []int32) {
	var square float64
	for _, x := range sum {
		square += float64(x) * float64(x)
	}
	if square == 0 {
		return
	}
	n := 1 / math.Sqrt(square)
	for k := range v {
		v[k] = float32(n * float64(sum[k]))
	}
}
