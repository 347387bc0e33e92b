package bench

import (
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
)

// WriteCSV writes every single time, so that others can compute what we did not.
func WriteCSV(path string, runs map[string][]float64) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	w := csv.NewWriter(f)
	_ = w.Write([]string{"run", "n", "ms"})
	for _, name := range slices.Sorted(maps.Keys(runs)) {
		for i, ms := range runs[name] {
			_ = w.Write([]string{name, strconv.Itoa(i + 1), strconv.FormatFloat(ms, 'f', 3, 64)})
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		f.Close()
		return fmt.Errorf("write figures: %w", err)
	}
	return f.Close()
}
