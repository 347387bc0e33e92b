package advice

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// confidenceText has the trees by which signs become a confidence, and what they
// were fitted on.
//
//go:embed confidence.txt
var confidenceText string

// confidenceTrees are read at the first question: every command would pay for them.
var confidenceTrees = sync.OnceValue(func() forest { return treesIn(confidenceText) })

// forest adds what its trees say; even is what it starts from, so that 0 parts
// what is answered from what is declined.
type forest struct {
	even  float64
	trees []tree
}

// tree is a list of nodes, the first its root.
type tree []node

// node sends a sign on by its limit, or, without a next, is a value.
type node struct {
	sign, below, above int
	limit, value       float64
}

func (t tree) value(s signs) float64 {
	at := 0
	for t[at].below > 0 {
		if s[t[at].sign] <= t[at].limit {
			at = t[at].below
		} else {
			at = t[at].above
		}
	}
	return t[at].value
}

// treesIn reads the file that was made with the program; a line that is none of
// its kind is a programmer's error.
func treesIn(text string) (f forest) {
	for _, l := range strings.Split(strings.TrimSpace(text), "\n") {
		if strings.HasPrefix(l, "#") {
			continue
		}
		if l == "" {
			f.trees = append(f.trees, nil)
			continue
		}
		var err error
		if rest, ok := strings.CutPrefix(l, "even "); ok {
			_, err = fmt.Sscan(rest, &f.even)
		} else {
			var n node
			n, err = nodeIn(l)
			last := len(f.trees) - 1
			f.trees[last] = append(f.trees[last], n)
		}
		if err != nil {
			panic(fmt.Sprintf("advice: confidence.txt: %q: %v", l, err))
		}
	}
	return f
}

func nodeIn(line string) (n node, err error) {
	if !strings.Contains(line, " ") {
		_, err = fmt.Sscan(line, &n.value)
		return n, err
	}
	var name string
	if _, err = fmt.Sscan(line, &name, &n.limit, &n.below, &n.above); err != nil {
		return n, err
	}
	if n.sign = slices.Index(signNames, name); n.sign < 0 {
		err = fmt.Errorf("no sign %s", name)
	}
	return n, err
}
