// Command torture runs the tests that report through internal/torture at full
// length and prints their table: id, test, tries, failures, seed, seconds. It
// fails when a test failed or when no test reported anything.
package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"
)

func main() {
	args := append([]string{"test", "-count=1", "-p=1", "-v", "-timeout=6h", "-run", "Torture|Fuzz"}, packages()...)
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "ADVISOR_TORTURE=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "run go test:", err)
		os.Exit(1)
	}
	var rows []string
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		l := lines.Text()
		switch {
		case strings.HasPrefix(l, "TORTURE\t"):
			rows = append(rows, strings.TrimPrefix(l, "TORTURE\t"))
			fmt.Fprintln(os.Stderr, l)
		case strings.HasPrefix(l, "--- FAIL"), strings.HasPrefix(l, "FAIL"), strings.HasPrefix(l, "    "):
			fmt.Fprintln(os.Stderr, l)
		}
	}
	err = cmd.Wait()
	slices.Sort(rows)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "id\ttest\ttries\tfailures\tseed\tseconds")
	for _, r := range rows {
		fmt.Fprintln(table, r)
	}
	_ = table.Flush()
	if err != nil || len(rows) == 0 {
		os.Exit(1)
	}
}

// packages are those named on the command line, or all.
func packages() []string {
	if len(os.Args) > 1 {
		return os.Args[1:]
	}
	return []string{"./..."}
}
