package distill

import (
	"bufio"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
)

// magic begins a model file; embed/static reads what Bytes writes.
const magic = "advisor static 1\n"

// Bytes is the model as embed/static wants it: the magic line; three 32-bit
// numbers (terms, dimensions, length of the names); the names, each ended by a
// line feed, sorted; each term's scale (with its weight in it) as 32-bit
// float; each term's vector in 8-bit steps of its scale.
func (m *Model) Bytes() []byte {
	out := []byte(magic)
	names := 0
	for _, t := range m.Terms {
		names += len(t) + 1
	}
	for _, n := range []int{len(m.Terms), m.Dim, names} {
		out = binary.LittleEndian.AppendUint32(out, uint32(n))
	}
	for _, t := range m.Terms {
		out = append(append(out, t...), '\n')
	}
	scales := make([]float32, len(m.Terms))
	for t := range m.Terms {
		for _, x := range m.Rows[t*m.Dim:][:m.Dim] {
			scales[t] = max(scales[t], float32(math.Abs(float64(x)))/127)
		}
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(scales[t]*m.Weight[t]))
	}
	for t, s := range scales {
		for _, x := range m.Rows[t*m.Dim:][:m.Dim] {
			if s == 0 {
				out = append(out, 0)
				continue
			}
			out = append(out, byte(int8(math.Round(float64(x/s)))))
		}
	}
	return out
}

// Save writes the model with all its digits, to go on training it.
func (m *Model) Save(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	defer func() { _ = f.Close() }()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := gob.NewEncoder(w).Encode(saved{m.Terms, m.Weight, m.Dim, m.Rows}); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	return f.Close()
}

type saved struct {
	Terms  []string
	Weight []float32
	Dim    int
	Rows   []float32
}

// Load reads what Save wrote.
func Load(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	defer func() { _ = f.Close() }()
	var s saved
	if err := gob.NewDecoder(bufio.NewReaderSize(f, 1<<20)).Decode(&s); err != nil {
		return nil, fmt.Errorf("load model %s: %w", path, err)
	}
	return &Model{Vocabulary: vocabularyOf(s.Terms, s.Weight), Dim: s.Dim, Rows: s.Rows}, nil
}

// ErrModel says that a model file cannot be read.
var ErrModel = errors.New("model file is damaged or of another version")

// Parse reads what Bytes wrote, to train it further. A term's weight cannot be
// told from its steps any more; it is 1, and the vector holds it.
func Parse(raw string) (*Model, error) {
	body, ok := strings.CutPrefix(raw, magic)
	if !ok || len(body) < 12 {
		return nil, ErrModel
	}
	number := func(at int) int { return int(binary.LittleEndian.Uint32([]byte(body[at : at+4]))) }
	terms, dim, names := number(0), number(4), number(8)
	if dim == 0 || len(body) != 12+names+terms*(4+dim) {
		return nil, ErrModel
	}
	m := &Model{Vocabulary: vocabularyOf(strings.Split(body[12:12+names], "\n")[:terms], make([]float32, terms)), Dim: dim, Rows: make([]float32, terms*dim)}
	scales, steps := body[12+names:], body[12+names+4*terms:]
	for t := range terms {
		m.Weight[t] = 1
		scale := math.Float32frombits(binary.LittleEndian.Uint32([]byte(scales[4*t : 4*t+4])))
		for k := range dim {
			m.Rows[t*dim+k] = scale * float32(int8(steps[t*dim+k]))
		}
	}
	return m, nil
}
