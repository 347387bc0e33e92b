package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

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
	threads := flags.Int("threads", 1, "threads")
	count := flags.Bool("count", false, "only count the passages")
	_ = flags.Parse(args)
	passages, err := gather(flags.Args())
	if err != nil {
		return err
	}
	fmt.Println("passages:", len(passages))
	if *count {
		return nil
	}
	teacher, err := onnx.Open(*model, *library, *threads)
	if err != nil {
		return err
	}
	start := time.Now()
	return distill.Teach(context.Background(), *cache, teacher, passages, func(done, of int) {
		if done%5120 < 256 {
			fmt.Printf("%d of %d, %.0f/s\n", done, of, float64(done)/time.Since(start).Seconds())
		}
	})
}

// fit trains on the passages whose teacher vectors are there and writes the model.
func fit(args []string) error {
	flags := flag.NewFlagSet("fit", flag.ExitOnError)
	cache := flags.String("vectors", "", "file of teacher vectors")
	width := flags.Int("width", 512, "length of the teacher's vectors")
	out := flags.String("out", "embed/static/zh.model", "model file to write")
	var s distill.Settings
	flags.IntVar(&s.Size, "terms", 60000, "size of the vocabulary")
	flags.IntVar(&s.Dim, "dim", 256, "length of vectors, a multiple of 64")
	flags.Float64Var(&s.Ridge, "ridge", 0.3, "ridge")
	flags.IntVar(&s.Steps, "steps", 15, "steps of conjugate gradient")
	flags.BoolVar(&s.Center, "center", false, "take the teacher's mean away")
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
	var texts [][]string
	var teacher [][]float32
	for _, p := range passages {
		if v := vectors.Rows[p.Key]; v != nil {
			texts, teacher = append(texts, seg.Terms(p.Text)), append(teacher, v)
		}
	}
	fmt.Printf("%d of %d passages have teacher vectors\n", len(texts), len(passages))
	start := time.Now()
	m := distill.Fit(texts, teacher, s, func(step int, left float64) {
		fmt.Printf("step %d: %.4f left, %.0f s\n", step, left, time.Since(start).Seconds())
	})
	return os.WriteFile(*out, m.Bytes(), 0o644)
}
