package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"advisor/embed/distill"
	"advisor/segment"
)

// widen adds to a model the terms of sources and of a dictionary for which the
// teacher was asked alone.
func widen(args []string) error {
	flags := flag.NewFlagSet("widen", flag.ExitOnError)
	base := flags.String("base", "", "model to widen")
	cache := flags.String("vectors", "", "file of teacher vectors")
	width := flags.Int("width", 512, "length of the teacher's vectors")
	shelf := flags.String("shelf", "", "cache of texts cut into terms")
	size := flags.Int("terms", 120000, "size of the vocabulary")
	words := flags.String("words", "", "dictionary of general words")
	often := flags.Int("general", 100, "how often the dictionary must have counted a general word")
	weight := flags.Float64("weight", 1, "weight of a new term, against the median of the model's")
	keep := flags.String("keep", "", "where to keep the model with all digits")
	_ = flags.Parse(args)
	m, err := load(*base)
	if err != nil {
		return err
	}
	vectors, err := distill.ReadVectors(*cache, *width)
	if err != nil {
		return err
	}
	passages, err := gather(flags.Args())
	if err != nil {
		return err
	}
	seg, err := segment.Default()
	if err != nil {
		return err
	}
	cut, err := distill.OpenShelf(*shelf)
	if err != nil {
		return err
	}
	var texts [][]string
	for _, p := range passages {
		texts = append(texts, cut.Cut(p.Text, seg.Terms))
	}
	if err := cut.Save(*shelf); err != nil {
		return err
	}
	general, err := generalWords(*words, *often)
	if err != nil {
		return err
	}
	found := distill.Choose(texts, 1<<20).ByFrequency()
	alone := map[string][]float32{}
	for _, t := range append(append(found, m.Terms...), general...) {
		t = strings.TrimPrefix(t, "_")
		if v := vectors.Rows[distill.KeyOf(t)]; v != nil {
			alone[t] = v
		}
	}
	wide := m.Widen(append(general, found...), func(string) float32 { return float32(*weight) }, alone, *size)
	fmt.Printf("%d terms, then %d; the teacher was asked for %d\n", len(m.Terms), len(wide.Terms), len(alone))
	if *keep != "" {
		return wide.Save(*keep)
	}
	return os.WriteFile("embed/static/zh.model", wide.Bytes(), 0o644)
}
