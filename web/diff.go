package web

import (
	"advisor/segment"
	"slices"
	"strings"
)

// run is a stretch of text: unchanged (""), deleted ("del"), inserted ("ins"), or highlighted ("mark").
type run struct{ Kind, Text string }

// part is a paragraph of a comparison, or some unchanged ones folded away.
type part struct {
	Folded []string
	Runs   []run
}

// compare lays two texts beside each other: paragraphs first, then words within
// the paragraphs that changed. cut gives a paragraph's words.
func compare(before, after string, cut func(string) []string) []part {
	var parts []part
	var removed, added []string
	flush := func() {
		for _, p := range pairUp(removed, added) {
			parts = append(parts, part{Runs: compareWords(p[0], p[1], cut)})
		}
		removed, added = nil, nil
	}
	for _, e := range script(paragraphs(before), paragraphs(after)) {
		switch e.kind {
		case "del":
			removed = append(removed, e.word)
		case "ins":
			added = append(added, e.word)
		default:
			flush()
			if n := len(parts); n > 0 && parts[n-1].Folded != nil {
				parts[n-1].Folded = append(parts[n-1].Folded, e.word)
			} else {
				parts = append(parts, part{Folded: []string{e.word}})
			}
		}
	}
	flush()
	return parts
}

// pairUp says which new paragraph each removed one became: in order when there
// are as many, else the most alike; what has no counterpart stands alone.
func pairUp(removed, added []string) (pairs [][2]string) {
	if len(removed) == len(added) {
		for i := range removed {
			pairs = append(pairs, [2]string{removed[i], added[i]})
		}
		return pairs
	}
	const leastAlike = 0.3
	next := 0
	for _, r := range removed {
		best, share := -1, leastAlike
		for j := next; j < len(added); j++ {
			if s := segment.Likeness(r, added[j]); s > share {
				best, share = j, s
			}
		}
		if best < 0 {
			pairs = append(pairs, [2]string{r, ""})
			continue
		}
		for ; next < best; next++ {
			pairs = append(pairs, [2]string{"", added[next]})
		}
		pairs = append(pairs, [2]string{r, added[best]})
		next = best + 1
	}
	for ; next < len(added); next++ {
		pairs = append(pairs, [2]string{"", added[next]})
	}
	return pairs
}

func paragraphs(text string) []string {
	lines := strings.Split(text, "\n")
	return slices.DeleteFunc(lines, func(s string) bool { return strings.TrimSpace(s) == "" })
}

// compareWords is the difference of two paragraphs, neighbouring words of one
// kind joined. Paragraphs with little in common are struck and written anew:
// a patchwork of single words cannot be read.
func compareWords(before, after string, cut func(string) []string) []run {
	var runs []run
	same := 0
	for _, e := range readable(script(split(before, cut), split(after, cut))) {
		if e.kind == "" {
			same += len(e.word)
		}
		if n := len(runs); n > 0 && runs[n-1].Kind == e.kind {
			runs[n-1].Text += e.word
		} else {
			runs = append(runs, run{e.kind, e.word})
		}
	}
	if before != "" && after != "" && 4*same < min(len(before), len(after)) {
		return []run{{"del", before}, {"ins", after}}
	}
	return runs
}

// readable swallows islands: one or two characters that happen to be the same
// between two changes are part of the change to a reader, who would otherwise
// have to put words together from splinters.
func readable(steps []step) []step {
	const island = 2
	out := make([]step, 0, len(steps))
	changed := false // something was changed before
	for i := 0; i < len(steps); {
		if steps[i].kind != "" {
			out, changed = append(out, steps[i]), true
			i++
			continue
		}
		j, size := i, 0
		for j < len(steps) && steps[j].kind == "" {
			size += len([]rune(steps[j].word))
			j++
		}
		small := changed && j < len(steps) && size <= island
		for ; i < j; i++ {
			if small {
				out = append(out, step{"del", steps[i].word}, step{"ins", steps[i].word})
			} else {
				out = append(out, steps[i])
			}
		}
	}
	return deletionsFirst(out)
}

// split cuts a text into words and, between them, single characters. The
// segmenter's words are normalised and leave out blanks and punctuation, so each
// is looked up again in the text; the pieces always give the text back.
func split(text string, cut func(string) []string) []string {
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		return strings.Split(text, "")
	}
	var pieces []string
	at := 0
	for _, word := range cut(text) {
		i := strings.Index(lower[at:], word)
		if i < 0 || word == "" {
			continue
		}
		pieces = append(pieces, strings.Split(text[at:at+i], "")...)
		pieces = append(pieces, text[at+i:at+i+len(word)])
		at += i + len(word)
	}
	return append(pieces, strings.Split(text[at:], "")...)
}

// step is one element of an edit script.
type step struct{ kind, word string }

// maxEdits bounds the work on texts that have nothing in common.
const maxEdits = 1500

// script is the shortest way from a to b, after Myers (1986).
func script(a, b []string) []step {
	var head, tail []step
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head, a, b = append(head, step{"", a[0]}), a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail = append(tail, step{"", a[len(a)-1]})
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	slices.Reverse(tail)
	return slices.Concat(head, middle(a, b), tail)
}

func middle(a, b []string) []step {
	trace, found := walk(a, b)
	if !found {
		var all []step
		for _, w := range a {
			all = append(all, step{"del", w})
		}
		for _, w := range b {
			all = append(all, step{"ins", w})
		}
		return all
	}
	var steps []step
	x, y := len(a), len(b)
	for d := len(trace) - 1; d >= 0; d-- {
		at := func(k int) int { return trace[d][k+d+1] }
		k := x - y
		prev := k - 1
		if k == -d || k != d && at(k-1) < at(k+1) {
			prev = k + 1
		}
		px := at(prev)
		py := px - prev
		if d == 0 {
			px, py = 0, 0
		}
		for x > px && y > py {
			x, y = x-1, y-1
			steps = append(steps, step{"", a[x]})
		}
		if d == 0 {
			break
		}
		if x > px {
			x--
			steps = append(steps, step{"del", a[x]})
		} else {
			y--
			steps = append(steps, step{"ins", b[y]})
		}
	}
	slices.Reverse(steps)
	return slices.Clip(deletionsFirst(steps))
}

// walk goes forward until both ends are reached; trace[d] is the furthest x on
// each diagonal before the d-th edit, offset by d+1.
func walk(a, b []string) (trace [][]int, found bool) {
	limit := min(len(a)+len(b), maxEdits)
	v := make([]int, 2*limit+3)
	mid := limit + 1
	for d := 0; d <= limit; d++ {
		trace = append(trace, slices.Clone(v[mid-d-1:mid+d+2]))
		for k := -d; k <= d; k += 2 {
			x := v[mid+k-1] + 1
			if k == -d || k != d && v[mid+k-1] < v[mid+k+1] {
				x = v[mid+k+1]
			}
			y := x - k
			for x < len(a) && y < len(b) && a[x] == b[y] {
				x, y = x+1, y+1
			}
			v[mid+k] = x
			if x >= len(a) && y >= len(b) {
				return trace, true
			}
		}
	}
	return nil, false
}

// deletionsFirst orders each changed stretch: what was struck, then what came instead.
func deletionsFirst(steps []step) []step {
	out := make([]step, 0, len(steps))
	for i := 0; i < len(steps); {
		if steps[i].kind == "" {
			out = append(out, steps[i])
			i++
			continue
		}
		j := i
		for j < len(steps) && steps[j].kind != "" {
			j++
		}
		for _, kind := range []string{"del", "ins"} {
			for _, s := range steps[i:j] {
				if s.kind == kind {
					out = append(out, s)
				}
			}
		}
		i = j
	}
	return out
}
