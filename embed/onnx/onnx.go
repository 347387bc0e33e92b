//go:build onnx

package onnx

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

const (
	window = 512  // longest input of the models meant here, in tokens
	budget = 2048 // tokens a batch: larger ones take memory and win nothing
)

var started = sync.OnceValue(func() error { return ort.InitializeEnvironment() })

// Model is a sentence-embedding model with CLS pooling and no instruction.
type Model struct {
	name    string
	dim     int
	tokens  *Tokenizer
	session *ort.DynamicAdvancedSession
	inputs  []string
}

// Open loads the model in dir with the ONNX Runtime library at the given path,
// using so many threads for one batch. With no path given the library is the
// one that lies in dir, or else the system's.
func Open(dir, library string, threads int) (*Model, error) {
	models, _ := filepath.Glob(filepath.Join(dir, "*.onnx"))
	vocab, _ := filepath.Glob(filepath.Join(dir, "*tokenizer.json"))
	if len(models) != 1 || len(vocab) != 1 {
		return nil, fmt.Errorf("open %s: want one .onnx file and one tokenizer.json, got %d and %d", dir, len(models), len(vocab))
	}
	tokens, err := ReadTokenizer(vocab[0])
	if err != nil {
		return nil, err
	}
	if library == "" {
		library = "libonnxruntime.so"
		if own, _ := filepath.Glob(filepath.Join(dir, "libonnxruntime*")); len(own) > 0 {
			library = own[0]
		}
	}
	ort.SetSharedLibraryPath(library)
	if err := started(); err != nil {
		return nil, fmt.Errorf("start ONNX Runtime %s: %w", library, err)
	}
	m := &Model{name: "onnx:" + strings.TrimSuffix(filepath.Base(models[0]), ".onnx"), tokens: tokens}
	return m, m.load(models[0], threads)
}

func (m *Model) load(path string, threads int) error {
	in, out, err := ort.GetInputOutputInfo(path)
	if err != nil {
		return fmt.Errorf("inspect %s: %w", path, err)
	}
	for _, i := range in {
		m.inputs = append(m.inputs, i.Name)
	}
	m.dim = int(out[0].Dimensions[len(out[0].Dimensions)-1])
	options, err := ort.NewSessionOptions()
	if err != nil {
		return fmt.Errorf("session options: %w", err)
	}
	defer options.Destroy()
	// Inputs differ in length, so a remembered memory pattern would never fit again.
	for _, set := range []error{options.SetIntraOpNumThreads(threads), options.SetMemPattern(false)} {
		if set != nil {
			return fmt.Errorf("session options: %w", set)
		}
	}
	m.session, err = ort.NewDynamicAdvancedSession(path, m.inputs, []string{out[0].Name}, options)
	if err != nil {
		return fmt.Errorf("load %s: %w", path, err)
	}
	return nil
}

// Name identifies the model.
func (m *Model) Name() string { return m.name }

// Dim is the length of a vector.
func (m *Model) Dim() int { return m.dim }

// Close frees the model.
func (m *Model) Close() error { return m.session.Destroy() }

// Embed gives one unit vector per text. Texts of like length share a batch.
func (m *Model) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	ids := make([][]int64, len(texts))
	order := make([]int, len(texts))
	for i, t := range texts {
		ids[i], order[i] = m.tokens.Encode(t, window), i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(len(ids[b]), len(ids[a])) })
	out := make([][]float32, len(texts))
	for len(order) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := min(len(order), max(1, budget/len(ids[order[0]])))
		if err := m.batch(ids, order[:n], out); err != nil {
			return nil, err
		}
		order = order[n:]
	}
	return out, nil
}

// batch runs the texts at the given places, longest first, and stores their vectors.
func (m *Model) batch(ids [][]int64, at []int, out [][]float32) error {
	width := len(ids[at[0]])
	tokens, mask := make([]int64, len(at)*width), make([]int64, len(at)*width)
	for row, i := range at {
		copy(tokens[row*width:], ids[i])
		for k := range ids[i] {
			mask[row*width+k] = 1
		}
	}
	shape := ort.NewShape(int64(len(at)), int64(width))
	inputs := make([]ort.Value, 0, len(m.inputs))
	for _, name := range m.inputs {
		data := make([]int64, len(tokens)) // token types: all of the first kind
		switch name {
		case "input_ids":
			data = tokens
		case "attention_mask":
			data = mask
		}
		t, err := ort.NewTensor(shape, data)
		if err != nil {
			return fmt.Errorf("make input %s: %w", name, err)
		}
		defer t.Destroy()
		inputs = append(inputs, t)
	}
	outputs := []ort.Value{nil}
	if err := m.session.Run(inputs, outputs); err != nil {
		return fmt.Errorf("run model: %w", err)
	}
	defer outputs[0].Destroy()
	hidden, ok := outputs[0].(*ort.Tensor[float32])
	if !ok {
		return fmt.Errorf("run model: output is %T, want 32-bit floats", outputs[0])
	}
	data := hidden.GetData()
	for row, i := range at {
		out[i] = unit(data[row*width*m.dim:][:m.dim]) // the first token's state stands for the text
	}
	return nil
}

func unit(v []float32) []float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) / math.Sqrt(max(sum, 1e-24)))
	}
	return out
}
