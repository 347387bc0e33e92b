package experts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"advisor/advice"
	"advisor/segment"
)

// merge joins two texts that were both made from base: what only one of them
// changed is taken from it. Where both changed the same claim or part in
// different ways nothing is decided for them: the places are named, and both
// texts stay as they are.
func merge(base, theirs, mine advice.Body) (advice.Body, []string) {
	body, clashes := join(base, theirs, mine)
	if len(clashes) > 0 {
		return advice.Body{}, clashes
	}
	return body, nil
}

// join is merge with mine standing where both changed the same place: what a
// form shows to the one whose text could not be merged, to decide by hand.
func join(base, theirs, mine advice.Body) (advice.Body, []string) {
	b, t, m := parts(base), parts(theirs), parts(mine)
	var clashes []string
	merged := map[string]json.RawMessage{}
	for name := range union(b, t, m) {
		if name == "claims" {
			continue
		}
		v, ok := onlyChange(b[name], t[name], m[name])
		if !ok {
			clashes = append(clashes, partName(name))
		}
		if v != nil {
			merged[name] = v
		}
	}
	slices.Sort(clashes)
	claims, more := mergeClaims(claimsOf(base), claimsOf(theirs), claimsOf(mine))
	clashes = append(clashes, more...)
	merged["claims"] = encode(claims)
	var out advice.Body
	if err := json.Unmarshal(encode(merged), &out); err != nil {
		panic(fmt.Sprintf("experts: merged text: %v", err))
	}
	return out, clashes
}

// onlyChange is the three-way choice for one part; nil stands for absent.
func onlyChange(base, theirs, mine json.RawMessage) (json.RawMessage, bool) {
	switch {
	case bytes.Equal(theirs, mine):
		return theirs, true
	case bytes.Equal(base, theirs):
		return mine, true
	case bytes.Equal(base, mine):
		return theirs, true
	}
	return mine, false
}

// mergeClaims follows each claim of base into both texts. New claims keep their
// place after the claim they were written behind, theirs before mine.
func mergeClaims(base, theirs, mine []json.RawMessage) ([]json.RawMessage, []string) {
	t, m := align(base, theirs), align(base, mine)
	merged := append([]json.RawMessage{}, newBehind(-1, t, theirs, m, mine)...)
	var clashes []string
	for i := range base {
		v, ok := onlyChange(base[i], at(theirs, t.of[i]), at(mine, m.of[i]))
		if !ok {
			clashes = append(clashes, fmt.Sprintf("第 %d 条论断", i+1))
		}
		if v != nil {
			merged = append(merged, v)
		}
		merged = append(merged, newBehind(i, t, theirs, m, mine)...)
	}
	return merged, clashes
}

func at(list []json.RawMessage, i int) json.RawMessage {
	if i < 0 {
		return nil
	}
	return list[i]
}

// newBehind are the claims written behind base's claim i, the same one once.
func newBehind(i int, t alignment, theirs []json.RawMessage, m alignment, mine []json.RawMessage) (list []json.RawMessage) {
	for _, n := range t.after[i] {
		list = append(list, theirs[n])
	}
	for _, n := range m.after[i] {
		if !slices.ContainsFunc(list, func(have json.RawMessage) bool { return bytes.Equal(have, mine[n]) }) {
			list = append(list, mine[n])
		}
	}
	return list
}

// alignment says which claim of a later text each claim of base became, -1 for
// none, and which claims are new behind which.
type alignment struct {
	of    []int
	after map[int][]int
}

// align pairs equal claims first, in order; between two such pairs, claims are
// paired in order while both sides have one, the likelier first.
func align(base, later []json.RawMessage) alignment {
	a := alignment{of: make([]int, len(base)), after: map[int][]int{}}
	for i := range a.of {
		a.of[i] = -1
	}
	used := make([]bool, len(later))
	for _, p := range common(base, later) {
		a.of[p[0]], used[p[1]] = p[1], true
	}
	i, j := 0, 0
	for i < len(base) || j < len(later) {
		endI, endJ := i, j
		for endI < len(base) && a.of[endI] < 0 {
			endI++
		}
		for endJ < len(later) && !used[endJ] {
			endJ++
		}
		pairGap(&a, used, base, later, i, endI, j, endJ)
		i, j = endI+1, endJ+1
	}
	behind := -1
	for n := range later {
		if used[n] {
			behind = slices.Index(a.of, n)
			continue
		}
		a.after[behind] = append(a.after[behind], n)
	}
	return a
}

// pairGap pairs the changed claims of one gap: in order when there are as many
// on both sides, else each with the most similar that is left.
func pairGap(a *alignment, used []bool, base, later []json.RawMessage, i, endI, j, endJ int) {
	if endI-i == endJ-j {
		for ; i < endI; i, j = i+1, j+1 {
			a.of[i], used[j] = j, true
		}
		return
	}
	const leastLike = 0.3
	for ; i < endI; i++ {
		best, share := -1, leastLike
		for n := j; n < endJ; n++ {
			if s := segment.Likeness(string(base[i]), string(later[n])); !used[n] && s > share {
				best, share = n, s
			}
		}
		if best >= 0 {
			a.of[i], used[best] = best, true
			j = best + 1
		}
	}
}

// common is a longest common subsequence of equal claims, as pairs of places.
func common(a, b []json.RawMessage) (pairs [][2]int) {
	best := make([][]int, len(a)+1)
	for i := range best {
		best[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if bytes.Equal(a[i], b[j]) {
				best[i][j] = best[i+1][j+1] + 1
			} else {
				best[i][j] = max(best[i+1][j], best[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case bytes.Equal(a[i], b[j]):
			pairs = append(pairs, [2]int{i, j})
			i, j = i+1, j+1
		case best[i+1][j] >= best[i][j+1]:
			i++
		default:
			j++
		}
	}
	return pairs
}

// parts are a text's fields by name, so that a field still to come is merged too.
func parts(b advice.Body) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	if err := json.Unmarshal(encode(b), &out); err != nil {
		panic(fmt.Sprintf("experts: a text's parts: %v", err))
	}
	return out
}

// claimsOf are the claims as JSON, without what the check works out anew.
func claimsOf(b advice.Body) []json.RawMessage {
	list := make([]json.RawMessage, len(b.Claims))
	for i, c := range b.Claims {
		c.Support, c.Doubt = "", ""
		c.Citations = slices.Clone(c.Citations)
		for j := range c.Citations {
			q := &c.Citations[j]
			q.Status, q.PassageID = "", 0
		}
		list[i] = encode(c)
	}
	return list
}

func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("experts: encode %T: %v", v, err))
	}
	return raw
}

func union(maps ...map[string]json.RawMessage) map[string]bool {
	all := map[string]bool{}
	for _, m := range maps {
		for k := range m {
			all[k] = true
		}
	}
	return all
}

func partName(field string) string {
	names := map[string]string{"question": "问题", "conclusion": "结论", "options": "可选方案", "procedure": "办理程序", "unknown": "尚不清楚", "label": "标识", "on": "适用日期"}
	if n, ok := names[field]; ok {
		return n
	}
	return field
}
