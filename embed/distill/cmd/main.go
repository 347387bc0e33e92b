// Command cmd trains the built-in embedder. docs/embedder.md says how.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"advisor/embed/distill"
	"advisor/embed/onnx"
)

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: cmd teach|fit|measure [flags]")
	}
	steps := map[string]func([]string) error{"teach": teach}
	step, ok := steps[os.Args[1]]
	if !ok {
		log.Fatalf("no such step: %s", os.Args[1])
	}
	if err := step(os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}

// sources reads PATH or PATH=TAKE.
func sources(args []string) ([]distill.Source, error) {
	var out []distill.Source
	for _, a := range args {
		path, take, _ := strings.Cut(a, "=")
		n := 0
		if take != "" {
			var err error
			if n, err = strconv.Atoi(take); err != nil {
				return nil, fmt.Errorf("source %s: %w", a, err)
			}
		}
		out = append(out, distill.Source{Path: path, Take: n})
	}
	return out, nil
}

func teach(args []string) error {
	flags := flag.NewFlagSet("teach", flag.ExitOnError)
	cache := flags.String("vectors", "", "file of teacher vectors, made or continued")
	model := flags.String("teacher", "", "folder of the teacher (.onnx and tokenizer.json)")
	library := flags.String("library", "", "ONNX Runtime shared library")
	threads := flags.Int("threads", 1, "threads")
	count := flags.Bool("count", false, "only count the passages")
	_ = flags.Parse(args)
	from, err := sources(flags.Args())
	if err != nil {
		return err
	}
	passages, err := distill.Gather(from)
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
