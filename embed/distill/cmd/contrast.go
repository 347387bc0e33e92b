package main

import (
	"flag"
	"fmt"
	"os"

	"advisor/embed/distill"
)

// contrast trains a model on all questions of the first folder by one recipe
// and writes it as the program carries it.
func contrast(args []string) error {
	flags := flag.NewFlagSet("contrast", flag.ExitOnError)
	base := flags.String("base", "", "model to start from")
	qa := flags.String("answers", "", "questions with written answers")
	shelf := flags.String("shelf", "", "cache of texts cut into terms")
	own := flags.Int("own", 20000, "pairs made of the texts themselves")
	how := flags.String("recipe", "", "as in a line of cross's recipes")
	out := flags.String("out", "embed/static/zh.model", "model file to write")
	quiet := flags.Bool("quiet", false, "do not measure")
	_ = flags.Parse(args)
	r, err := parse(*how)
	if err != nil {
		return err
	}
	l, err := newLab(*base, *qa, *shelf, *own, flags.Args())
	if err != nil {
		return err
	}
	readings := l.base.Reader(l.passages)
	m := l.first(r, readings)
	l.second(m, r, readings, every)
	if err := os.WriteFile(*out, m.Bytes(), 0o644); err != nil {
		return err
	}
	raw := m.Bytes()
	fmt.Printf("%d terms, %.1f MB\n", len(m.Terms), float64(len(raw))/1e6)
	if m, err = distill.Parse(string(raw)); err != nil { // with steps of eight bits, as it will be used
		return err
	}
	for _, s := range l.sets[1:] { // the first was trained on
		if *quiet {
			break
		}
		l.show("trained", s, l.dense(m, s, every))
	}
	return nil
}
