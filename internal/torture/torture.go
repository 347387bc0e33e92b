// Package torture lets a test run a tenth of its tries in `make test` and all
// of them in `make torture`, and say how it went in one line that
// scripts/torture gathers into a table. Only tests import it.
package torture

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// Full tells whether this is the long run.
func Full() bool { return os.Getenv("ADVISOR_TORTURE") != "" }

// Tries is all for the long run and a tenth of all, at least one, otherwise.
func Tries(all int) int {
	if Full() {
		return all
	}
	return max(1, all/10)
}

// Seed is the same on every run unless ADVISOR_SEED says otherwise.
func Seed() int64 {
	if s, err := strconv.ParseInt(os.Getenv("ADVISOR_SEED"), 10, 64); err == nil {
		return s
	}
	return 20261127
}

// Report writes the line of the table when t ends. id names the fault or
// invariant (F23, I16); tries and failures are read at the end.
func Report(t testing.TB, id string, tries, failures *int) {
	t.Helper()
	began := time.Now()
	t.Cleanup(func() {
		bad := *failures
		if t.Failed() && bad == 0 {
			bad = 1
		}
		fmt.Printf("TORTURE\t%s\t%s\t%d\t%d\t%d\t%.1f\n", id, t.Name(), *tries, bad, Seed(), time.Since(began).Seconds())
	})
}
