// Command test runs go test and prints its own lines: each package's closing
// line, and whatever a failing test said. With CI set it also fails when a test
// was skipped, and lists those in any case.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

type event struct {
	Action, Package, Test, Output, ImportPath, FailedBuild string
}

func main() {
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "run go test:", err)
		os.Exit(1)
	}
	skipped := report(os.Stdout, out)
	err = cmd.Wait()
	for _, s := range skipped {
		fmt.Println("SKIP", s)
	}
	if err != nil {
		os.Exit(1)
	}
	if len(skipped) > 0 && os.Getenv("CI") != "" {
		fmt.Printf("FAIL: %d skipped with CI set\n", len(skipped))
		os.Exit(1)
	}
}

// report copies what people want to see and gives the skipped tests.
func report(to io.Writer, from io.Reader) (skipped []string) {
	said := map[string][]string{} // per test, until it is known how it ends
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(to, lines.Text())
			continue
		}
		test := e.Package + " " + e.Test
		switch {
		case e.Action == "build-output":
			fmt.Fprint(to, e.Output)
		case e.Action == "output" && strings.HasPrefix(e.Output, "-test.shuffle "):
			said[test] = append(said[test], e.Output) // the seed matters only to a failure
		case e.Action == "fail" && e.Test == "":
			fmt.Fprint(to, strings.Join(said[test], ""))
			delete(said, test)
		case e.Action == "output" && e.Test == "":
			if e.Output != "PASS\n" && !strings.HasPrefix(e.Output, "?") && !strings.Contains(e.Output, "[no test files]") {
				fmt.Fprint(to, e.Output)
			}
		case e.Action == "output":
			said[test] = append(said[test], e.Output)
		case e.Action == "skip" && e.Test != "":
			skipped = append(skipped, test+": "+reason(said[test]))
			delete(said, test)
		case e.Action == "fail" && e.Test != "":
			fmt.Fprint(to, strings.Join(said[test], ""))
			delete(said, test)
		case e.Action == "pass":
			delete(said, test)
		}
	}
	// What a crashed test program left unfinished.
	for _, words := range said {
		fmt.Fprint(to, strings.Join(words, ""))
	}
	return skipped
}

func reason(said []string) string {
	for _, s := range said {
		if !strings.HasPrefix(s, "===") && !strings.HasPrefix(strings.TrimSpace(s), "---") {
			return strings.TrimSpace(s)
		}
	}
	return ""
}
