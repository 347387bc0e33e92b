package corpus

import (
	"slices"
	"strings"
)

// Actor is who does a relation: the version that says so.
type Actor struct {
	Identity, Title, Issuer, Level, Region string
	Effective                              Date // when the version begins to hold
	Issued                                 Date
}

// Target is a document that a relation may mean.
type Target struct {
	Identity, Title, Issuer, Level, Region, Number string
	Issued                                         []Date // of its versions
}

// Meant picks, from documents of one name, those that a relation means, and how
// sure that is. A text ends its like and what stands below it, never what stands
// above; one city's rule does not touch another's.
func Meant(r Relation, by Actor, candidates []Target) (picked []int, confidence float64) {
	confidence = r.Confidence
	mine := Rank(by.Level, by.Issuer, by.Region, by.Title)
	for i, t := range candidates {
		switch {
		case t.Identity == by.Identity:
		case elsewhere(by, t):
		case whose(r.Title) != "" && whose(t.Title) != "" && whose(r.Title) != whose(t.Title):
		case r.Number != "" && t.Number != "" && normative[t.Level] == "" && squeeze(r.Number) != squeeze(t.Number):
		default:
			picked = append(picked, i)
		}
	}
	if len(picked) > 1 {
		if same := slices.DeleteFunc(slices.Clone(picked), func(i int) bool {
			return !(r.Number != "" && squeeze(candidates[i].Number) == squeeze(r.Number)) && !made(r, candidates[i])
		}); len(same) > 0 {
			picked = same
		} else if same := slices.DeleteFunc(slices.Clone(picked), func(i int) bool { return candidates[i].Issuer != by.Issuer }); len(same) > 0 {
			picked = same
		}
	}
	if len(picked) > 1 {
		confidence -= 0.3
	}
	for _, i := range picked {
		t := candidates[i]
		if whose(r.Title) == "" && t.Issuer != "" && by.Issuer != "" && normative[t.Level] == "" && !shares(t.Issuer, by.Issuer) {
			confidence -= 0.2 // 《关于做好防汛工作的通知》 of another office
		}
		if theirs := Rank(t.Level, t.Issuer, t.Region, t.Title); mine < theirs && theirs > 0 {
			confidence = min(confidence, 0.4)
		}
	}
	return picked, confidence
}

// made says whether the text names a day on which one of the target's versions was made.
func made(r Relation, t Target) bool {
	return slices.ContainsFunc(r.Dates, func(d Date) bool { return slices.Contains(t.Issued, d) })
}

func elsewhere(by Actor, t Target) bool {
	if by.Region == "" || t.Region == "" || by.Region == t.Region {
		return false
	}
	return !strings.HasPrefix(t.Region, by.Region) && !strings.HasPrefix(by.Region, t.Region)
}

// Ending is a relation that has been resolved to a document: it ends the
// versions that began before it.
type Ending struct {
	On       Date
	Made     []Date // the days on which, the text says, what it ends was made
	By       string // who says so
	Relation int64  // its number in the database
}

// Derive says when each version of a document is in force: by the versions
// beside it, and by what other documents say of it.
func Derive(all []Declared, endings []Ending) []Validity {
	out := Chain(all)
	for _, e := range endings {
		if e.On == "" {
			continue
		}
		for i := range out {
			began := max(out[i].Effective, all[i].Issued)
			if all[i].Issued != "" && out[i].Effective != "" && all[i].Issued < out[i].Effective {
				began = all[i].Issued
			}
			if began != "" && began >= e.On {
				continue // made after, or by, the act that ended the old one
			}
			if out[i].Repealed == "" || e.On < out[i].Repealed {
				out[i].Repealed = e.On
				out[i].Over = false
			}
		}
	}
	return out
}

// whose is the office that a name begins with: 最高人民法院 of 最高人民法院关于….
func whose(title string) string {
	name := bareName(title)
	return strings.TrimSuffix(name, LookupName(title))
}

func shares(a, b string) bool {
	for _, office := range strings.FieldsFunc(a, func(r rune) bool { return r == '、' || r == ' ' || r == '，' }) {
		if strings.Contains(b, office) {
			return true
		}
	}
	return strings.Contains(a, b)
}
