package experts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"advisor/advice"
)

// Change says what one text changed in another, in the terms that ballots
// depend on: a ballot on the whole text depends on all that it means, a ballot
// on a claim on that claim and its citations alone.
type Change struct {
	// Format says that the two mean the same: only blanks and the width of
	// letters and punctuation differ.
	Format bool
	// Moved gives for each claim of the old text, counted from 1, its number in
	// the new one; a claim that was changed or removed is not in it.
	Moved map[int]int
	// Changed and Added are claims of the old and of the new text.
	Changed, Added []int
}

// changeOf compares two texts.
func changeOf(before, after advice.Body) Change {
	c := Change{Format: meaning(before) == meaning(after), Moved: map[int]int{}}
	was, now := claimMeanings(before), claimMeanings(after)
	taken := make([]bool, len(now))
	for i, m := range was {
		at := slices.IndexFunc(now, func(n string) bool { return n == m })
		for at >= 0 && taken[at] {
			next := slices.Index(now[at+1:], m)
			if next < 0 {
				at = -1
				break
			}
			at += next + 1
		}
		if at < 0 {
			c.Changed = append(c.Changed, i+1)
			continue
		}
		taken[at] = true
		c.Moved[i+1] = at + 1
	}
	for i := range now {
		if !taken[i] {
			c.Added = append(c.Added, i+1)
		}
	}
	return c
}

// meaning is the hash of what a text says, whatever its blanks and widths. Two
// texts with one meaning differ in form alone.
func meaning(b advice.Body) string { return plainBody(b).Hash() }

// claimMeanings are the hashes that ballots on single claims depend on: the
// claim's words and each citation's version, provision and quote.
func claimMeanings(b advice.Body) []string {
	b = plainBody(b)
	list := make([]string, len(b.Claims))
	for i, c := range b.Claims {
		parts := []any{c.Text}
		for _, q := range c.Citations {
			parts = append(parts, []any{q.VersionID, q.Provision, q.Quote})
		}
		list[i] = digestOf(parts)
	}
	return list
}

// plainBody is a text with every word of it in plain form. It goes through JSON
// so that no field of a text, present or to come, is left out.
func plainBody(b advice.Body) advice.Body {
	var plain advice.Body
	raw, err := json.Marshal(b)
	if err == nil {
		var v any
		if err = json.Unmarshal(raw, &v); err == nil {
			if raw, err = json.Marshal(plainValue(v)); err == nil {
				err = json.Unmarshal(raw, &plain)
			}
		}
	}
	if err != nil {
		panic(fmt.Sprintf("experts: a text that is no JSON: %v", err)) // texts are plain structures
	}
	return plain
}

func plainValue(v any) any {
	switch v := v.(type) {
	case string:
		return plainText(v)
	case []any:
		for i := range v {
			v[i] = plainValue(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plainValue(v[k])
		}
	}
	return v
}

// plainText folds what is form and not meaning: blanks and characters without
// width fall away, but for one blank that keeps two Latin words or numbers
// apart; full-width letters, digits and punctuation become half-width. A comma
// that became an enumeration comma is a change of meaning and stays one.
func plainText(s string) string {
	var out []rune
	gap := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || r == 0x3000:
			gap = true
			continue
		case r == 0x200b || r == 0x200c || r == 0x200d || r == 0xfeff || r == 0x00ad:
			continue
		case r >= 0xff01 && r <= 0xff5e:
			r -= 0xfee0
		}
		if gap && len(out) > 0 && latin(out[len(out)-1]) && latin(r) {
			out = append(out, ' ')
		}
		gap = false
		out = append(out, r)
	}
	return string(out)
}

func latin(r rune) bool { return r < 0x250 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

func digestOf(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("experts: encode %T: %v", v, err))
	}
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Words says what a change did, for people.
func (c Change) Words() string {
	if c.Format {
		return "仅调整格式，表决继续有效"
	}
	var parts []string
	if n := len(c.Changed); n > 0 {
		parts = append(parts, "改动或删去论断 "+numbers(c.Changed))
	}
	if len(c.Added) > 0 {
		parts = append(parts, "新写论断 "+numbers(c.Added))
	}
	if len(parts) == 0 {
		return "论断未动，改动了结论或其他部分"
	}
	return strings.Join(parts, "；")
}

func numbers(list []int) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = fmt.Sprint(n)
	}
	return strings.Join(words, "、")
}
