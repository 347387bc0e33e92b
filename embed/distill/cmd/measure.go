package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"advisor/embed/distill"
	"advisor/embed/static"
	"advisor/segment"
)

// measure prints the figures of folders of questions: BM25 alone, a model
// alone, and mixes of both.
func measure(args []string) error {
	flags := flag.NewFlagSet("measure", flag.ExitOnError)
	model := flags.String("model", "embed/static/zh.model", "model file")
	split := flags.String("split", "dev", "split of the questions")
	k1 := flags.Float64("k1", 0.9, "BM25 k1")
	b := flags.Float64("b", 0.6, "BM25 b")
	every := flags.Bool("every", false, "questions keep their question words")
	_ = flags.Parse(args)
	seg, err := segment.Default()
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(*model)
	if err != nil {
		return err
	}
	embedder, err := static.Read(string(raw), seg)
	if err != nil {
		return err
	}
	for _, dir := range flags.Args() {
		t, err := distill.ReadTrial(dir, *split)
		if err != nil {
			return err
		}
		var texts, questions [][]string
		for _, s := range t.Texts {
			texts = append(texts, seg.Terms(s))
		}
		for _, s := range t.Questions {
			if *every {
				questions = append(questions, seg.Terms(s))
			} else {
				questions = append(questions, seg.QueryTerms(s))
			}
		}
		x := distill.NewLexical(texts)
		x.K1, x.B = *k1, *b
		lexical := x.Rank(questions)
		fmt.Println(t.Name, "lexical ", t.Measure(lexical))
		passages, err := embedder.Embed(context.Background(), t.Texts)
		if err != nil {
			return err
		}
		asked, err := embedder.Embed(context.Background(), t.Questions)
		if err != nil {
			return err
		}
		dense := distill.Nearest(passages, asked)
		fmt.Println(t.Name, "vector  ", t.Measure(dense))
		for _, w := range []float64{0.2, 0.3, 0.4, 0.5, 0.6, 0.7} {
			fmt.Println(t.Name, "mix", w, " ", t.Measure(distill.Mix(lexical, dense, w)))
		}
	}
	return nil
}
