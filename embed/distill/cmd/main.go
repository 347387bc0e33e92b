// Command cmd trains and measures the built-in embedder. docs/embedder.md says how.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"advisor/embed/distill"
)

func main() {
	steps := map[string]func([]string) error{"teach": teach, "fit": fit, "widen": widen, "contrast": contrast, "cross": cross, "fusion": fusion, "measure": measure}
	if len(os.Args) < 2 || steps[os.Args[1]] == nil {
		log.Fatal("usage: cmd teach|fit|widen|contrast|cross|fusion|measure [flags] …")
	}
	if err := steps[os.Args[1]](os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}

// gather reads the passages of sources written PATH or PATH=TAKE.
func gather(args []string) ([]distill.Passage, error) {
	var from []distill.Source
	for _, a := range args {
		path, take, _ := strings.Cut(a, "=")
		n := 0
		if take != "" {
			var err error
			if n, err = strconv.Atoi(take); err != nil {
				return nil, fmt.Errorf("source %s: %w", a, err)
			}
		}
		from = append(from, distill.Source{Path: path, Take: n})
	}
	return distill.Gather(from)
}
