package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"advisor/embed/distill"
	"advisor/embed/onnx"
	"advisor/segment"
)

// teach makes the teacher's vectors of all passages, or goes on making them.
func teach(args []string) error {
	flags := flag.NewFlagSet("teach", flag.ExitOnError)
	cache := flags.String("vectors", "", "file of teacher vectors, made or continued")
	model := flags.String("teacher", "", "folder of the teacher (.onnx and tokenizer.json)")
	library := flags.String("library", "", "ONNX Runtime shared library")
	threads := flags.Int("threads", 1, "texts asked for at the same time")
	count := flags.Bool("count", false, "only count the passages")
	terms := flags.Int("terms", 150000, "so many terms are texts too, asked first")
	words := flags.String("words", "", "dictionary of general words, for what the sources lack")
	_ = flags.Parse(args)
	passages, err := gather(flags.Args())
	if err != nil {
		return err
	}
	vocabulary, err := vocabulary(passages, *terms, *words)
	if err != nil {
		return err
	}
	fmt.Println("terms:", len(vocabulary))
	// What is short is cheap and says as much: it is asked first.
	slices.SortStableFunc(passages, func(a, b distill.Passage) int { return cmp.Compare(short(b), short(a)) })
	passages = append(distill.Alone(vocabulary), passages...)
	fmt.Println("passages:", len(passages))
	if *count {
		return nil
	}
	teacher, err := onnx.Open(*model, *library, 1)
	if err != nil {
		return err
	}
	start := time.Now()
	return distill.Teach(context.Background(), *cache, teacher, passages, *threads, func(done, of int) {
		if done%5120 < 1024 {
			fmt.Printf("%d of %d, %.0f/s\n", done, of, float64(done)/time.Since(start).Seconds())
		}
	})
}

func short(p distill.Passage) int {
	if utf8.RuneCountInString(p.Text) <= 100 {
		return 1
	}
	return 0
}

// vocabulary gives, as they are written, the most frequent terms of the
// passages and the most frequent words of a dictionary with lines "word count kind".
func vocabulary(passages []distill.Passage, size int, dictionary string) ([]string, error) {
	seg, err := segment.Default()
	if err != nil {
		return nil, err
	}
	var texts [][]string
	for _, p := range passages {
		texts = append(texts, seg.Terms(p.Text))
	}
	var out []string
	seen := map[string]bool{}
	add := func(t string) {
		if t = strings.TrimPrefix(t, "_"); !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	for _, t := range distill.Choose(texts, size).Terms {
		add(t)
	}
	general, err := generalWords(dictionary, generalWord)
	for _, w := range general {
		add(w)
	}
	return out, err
}

// generalWord is how often a dictionary must have counted a word of its own.
const generalWord = 30

// fit trains on the passages whose teacher vectors are there and writes the model.
func fit(args []string) error {
	flags := flag.NewFlagSet("fit", flag.ExitOnError)
	cache := flags.String("vectors", "", "file of teacher vectors")
	shelf := flags.String("shelf", "", "cache of texts cut into terms")
	width := flags.Int("width", 512, "length of the teacher's vectors")
	out := flags.String("out", "embed/static/zh.model", "model file to write")
	keep := flags.String("keep", "", "where to keep the model with all digits, to train it further")
	size := flags.Int("terms", 118000, "size of the vocabulary")
	words := flags.String("words", "", "dictionary of general words")
	general := flags.Int("general", 100, "how often the dictionary must have counted a word that gets a vector of its own")
	long := flags.Int("long", 0, "at most so many long passages")
	var s distill.Settings
	flags.IntVar(&s.Dim, "dim", 256, "length of vectors, a multiple of 64")
	flags.Float64Var(&s.Ridge, "ridge", 1, "ridge")
	flags.IntVar(&s.Steps, "steps", 10, "steps of conjugate gradient")
	flags.Float64Var(&s.Grow, "grow", 0.15, "likeness of a text's terms")
	_ = flags.Parse(args)
	passages, err := gather(flags.Args())
	if err != nil {
		return err
	}
	vectors, err := distill.ReadVectors(*cache, *width)
	if err != nil {
		return err
	}
	seg, err := segment.Default()
	if err != nil {
		return err
	}
	shelf2, err := distill.OpenShelf(*shelf)
	if err != nil {
		return err
	}
	var texts [][]string
	var lessons []distill.Lesson
	for _, p := range passages {
		terms := shelf2.Cut(p.Text, seg.Terms)
		texts = append(texts, terms)
		if v := vectors.Rows[p.Key]; v != nil && (*long == 0 || short(p) == 1 || len(lessons) < *long) {
			lessons = append(lessons, distill.Lesson{Terms: terms, Vector: v})
		}
	}
	if err := shelf2.Save(*shelf); err != nil {
		return err
	}
	fmt.Printf("%d of %d passages have teacher vectors\n", len(lessons), len(passages))
	vocabulary, alone, err := choose(texts, *size, *words, *general, vectors)
	if err != nil {
		return err
	}
	start := time.Now()
	m := distill.Fit(vocabulary, lessons, alone, s, func(step int, left float64) {
		fmt.Printf("step %d: %.4f left, %.0f s\n", step, left, time.Since(start).Seconds())
	})
	if *keep != "" {
		if err := m.Save(*keep); err != nil {
			return err
		}
	}
	return os.WriteFile(*out, m.Bytes(), 0o644)
}

// choose gives the vocabulary and the teacher's vectors of its terms alone.
func choose(texts [][]string, size int, dictionary string, often int, vectors *distill.Vectors) (*distill.Vocabulary, map[string][]float32, error) {
	general, err := generalWords(dictionary, often)
	if err != nil {
		return nil, nil, err
	}
	v := distill.Choose(texts, size, general...)
	alone := map[string][]float32{}
	for _, t := range v.Terms {
		t = strings.TrimPrefix(t, "_")
		if x := vectors.Rows[distill.KeyOf(t)]; x != nil {
			alone[t] = x
		}
	}
	fmt.Printf("%d terms, %d general words asked for, %d terms known to the teacher\n", len(v.Terms), len(general), len(alone))
	return v, alone, nil
}

// generalWords reads a dictionary with lines "word count kind".
func generalWords(dictionary string, often int) ([]string, error) {
	if dictionary == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(dictionary)
	if err != nil {
		return nil, err
	}
	var out []string
	for line := range strings.Lines(string(raw)) {
		if f := strings.Fields(line); len(f) > 1 {
			if n, _ := strconv.Atoi(f[1]); n >= often {
				out = append(out, strings.ToLower(f[0]))
			}
		}
	}
	return out, nil
}
