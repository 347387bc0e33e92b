package distill

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"golang.org/x/sync/errgroup"

	"advisor/embed"
)

// Vectors are the teacher's answers, kept in a file because they take longer
// to make than everything else together.
type Vectors struct {
	Dim  int
	Rows map[[16]byte][]float32
}

// ReadVectors reads a cache; a last record that was cut off is left out.
func ReadVectors(path string, dim int) (*Vectors, error) {
	v := &Vectors{Dim: dim, Rows: map[[16]byte][]float32{}}
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return v, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read teacher vectors: %w", err)
	}
	for size := 16 + 2*dim; len(raw) >= size; raw = raw[size:] {
		row := make([]float32, dim)
		for i := range row {
			row[i] = float32(int16(binary.LittleEndian.Uint16(raw[16+2*i:]))) / math.MaxInt16
		}
		v.Rows[[16]byte(raw[:16])] = row
	}
	return v, nil
}

// Teach asks the teacher for every passage that the cache at path lacks.
// It may be stopped at any time and goes on where it was.
// Several texts are asked for at the same time: the runtime's own threads wait
// for each other after every layer, which is slow on a busy machine.
func Teach(ctx context.Context, path string, teacher embed.Embedder, passages []Passage, atOnce int, progress func(done, of int)) error {
	known, err := ReadVectors(path, teacher.Dim())
	if err != nil {
		return err
	}
	var todo []Passage
	for _, p := range passages {
		if known.Rows[p.Key] == nil {
			todo = append(todo, p)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("keep teacher vectors: %w", err)
	}
	defer f.Close()
	size := int64(16 + 2*teacher.Dim())
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("keep teacher vectors: %w", err)
	}
	if _, err := f.Seek(end/size*size, io.SeekStart); err != nil { // over a torn last record
		return fmt.Errorf("keep teacher vectors: %w", err)
	}
	const step = 1024 // texts of like length share a batch
	for i := 0; i < len(todo); i += step {
		part := todo[i:min(i+step, len(todo))]
		if err := teach(ctx, f, teacher, part, atOnce); err != nil {
			return err
		}
		progress(i+len(part), len(todo))
	}
	return f.Close()
}

// ask stores the vectors of every n-th text from the k-th.
func ask(ctx context.Context, teacher embed.Embedder, part []Passage, rows [][]float32, k, n int) error {
	var texts []string
	for i := k; i < len(part); i += n {
		texts = append(texts, part[i].Text)
	}
	got, err := teacher.Embed(ctx, texts)
	for i, v := range got {
		rows[k+i*n] = v
	}
	return err
}

func teach(ctx context.Context, w io.Writer, teacher embed.Embedder, part []Passage, atOnce int) error {
	rows := make([][]float32, len(part))
	group, ctx := errgroup.WithContext(ctx)
	for k := range max(1, atOnce) {
		group.Go(func() error { return ask(ctx, teacher, part, rows, k, max(1, atOnce)) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("ask teacher: %w", err)
	}
	var out []byte
	for i, row := range rows {
		out = append(out, part[i].Key[:]...)
		for _, x := range row { // unit vectors: each part lies between -1 and 1
			out = binary.LittleEndian.AppendUint16(out, uint16(int16(math.Round(float64(x)*math.MaxInt16))))
		}
	}
	if _, err := w.Write(out); err != nil {
		return fmt.Errorf("keep teacher vectors: %w", err)
	}
	return nil
}
