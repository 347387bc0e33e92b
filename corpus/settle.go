package corpus

import "cmp"

// Filed is a version as far as its validity is concerned.
type Filed struct {
	Path      string
	Scope     string
	Header    Header
	Relations []Relation
	Note      string // what a note under the title says of its validity
}

// Settled is when a version is in force, and what about that a person should look at.
type Settled struct {
	Validity
	EndedBy string // the text that repeals it
	Doubts  []Doubt
}

// SettleAll derives the validity of all versions of a corpus at once, as the
// database does document by document.
func SettleAll(all []Filed, today Date) []Settled {
	s := shelve(all)
	first := make([]Validity, len(all))
	for _, is := range s.identity {
		for n, v := range Chain(s.declared(is)) {
			first[is[n]] = v
		}
	}
	endings, doubts := s.apply(first)
	out := make([]Settled, len(all))
	valid := make([]Validity, len(all))
	for id, is := range s.identity {
		for n, v := range Derive(s.declared(is), endings[id]) {
			valid[is[n]] = v
			for _, e := range endings[id] {
				if v.Repealed != "" && e.On == v.Repealed {
					out[is[n]].EndedBy = e.By
				}
			}
		}
	}
	known := know(all, valid, today)
	for i, f := range all {
		out[i].Validity = valid[i]
		if valid[i].Status(today) != Ended {
			out[i].Doubts = append(doubts[i], known.doubts(f, valid[i], today)...)
		}
	}
	return out
}

// doubtAll lists the doubts about versions whose validity is settled already.
func doubtAll(all []Filed, valid []Validity, today Date) [][]Doubt {
	_, doubts := shelve(all).apply(valid)
	known := know(all, valid, today)
	out := make([][]Doubt, len(all))
	for i, f := range all {
		if valid[i].Status(today) != Ended {
			out[i] = append(doubts[i], known.doubts(f, valid[i], today)...)
		}
	}
	return out
}

// shelve sorts versions by the documents they belong to.
func shelve(all []Filed) *library {
	s := &library{identity: map[string][]int{}, byName: map[string][]string{}, all: all}
	for i, f := range all {
		id := f.shelf()
		if len(s.identity[id]) == 0 {
			name := LookupName(f.Header.Title)
			s.byName[name] = append(s.byName[name], id)
		}
		s.identity[id] = append(s.identity[id], i)
	}
	return s
}

// shelf is the document a version belongs to: one scope's own, as stored.
func (f Filed) shelf() string {
	return f.Scope + "|" + Identity(f.Header, f.Path)
}

type library struct {
	all      []Filed
	identity map[string][]int
	byName   map[string][]string
}

func (s *library) declared(is []int) []Declared {
	out := make([]Declared, len(is))
	for n, i := range is {
		h := s.all[i].Header
		out[n] = Declared{Path: s.all[i].Path, Level: h.Level, Issued: h.Issued, Effective: h.Effective, Repealed: h.Repealed, Status: h.Status}
	}
	return out
}

func (s *library) target(id string) Target {
	is := s.identity[id]
	h := s.all[is[0]].Header
	t := Target{Identity: id, Title: h.Title, Issuer: h.Issuer, Level: h.Level, Region: h.Region, Number: h.DocNumber}
	for _, i := range is {
		t.Issued = append(t.Issued, s.all[i].Header.Issued)
	}
	return t
}

// apply finds what every text does to other documents: the endings that are
// certain, by document, and the doubts about what is not, by version.
func (s *library) apply(valid []Validity) (endings map[string][]Ending, doubts map[int][]Doubt) {
	endings, doubts = map[string][]Ending{}, map[int][]Doubt{}
	for i, f := range s.all {
		h := f.Header
		by := Actor{Identity: f.shelf(), Title: h.Title, Issuer: h.Issuer, Level: h.Level, Region: h.Region, Effective: valid[i].Effective, Issued: h.Issued}
		for _, r := range f.Relations {
			if r.Verb != Basis && r.State != "refused" {
				s.relate(r, f.Scope, by, valid, endings, doubts)
			}
		}
	}
	return endings, doubts
}

func (s *library) relate(r Relation, scope string, by Actor, valid []Validity, endings map[string][]Ending, doubts map[int][]Doubt) {
	var ids []string
	var targets []Target
	for _, id := range s.byName[r.Name()] {
		if its := s.all[s.identity[id][0]].Scope; scope == its || scope == "public" {
			ids, targets = append(ids, id), append(targets, s.target(id))
		}
	}
	picked, confidence := Meant(r, by, targets)
	if r.State == "confirmed" {
		confidence = 1
	}
	on := cmp.Or(r.On, by.Effective, by.Issued)
	for _, n := range picked {
		id := ids[n]
		switch {
		case r.Verb == Amends || r.Part:
			s.changed(r, by, s.identity[id], valid, doubts)
		case confidence >= Certain:
			endings[id] = append(endings[id], Ending{On: on, Made: r.Dates, By: by.Title, Relation: r.ID})
		default:
			for _, at := range s.identity[id] {
				if valid[at].Repealed == "" && max(s.all[at].Header.Issued, valid[at].Effective) < on {
					doubts[at] = append(doubts[at], Doubt{Code: DoubtRepeal, Why: "《" + by.Title + "》似已将其废止", Name: r.Name(), Relation: r.ID, Weight: 90})
				}
			}
		}
	}
}

// changed doubts the versions of a document that were made before a change of
// it, when no later one is here.
func (s *library) changed(r Relation, by Actor, is []int, first []Validity, doubts map[int][]Doubt) {
	newest := Date("")
	for _, i := range is {
		newest = max(newest, s.all[i].Header.Issued, first[i].Effective)
	}
	on := max(by.Issued, by.Effective)
	if newest >= min(cmp.Or(by.Issued, on), cmp.Or(by.Effective, on)) {
		return
	}
	for _, i := range is {
		if first[i].Repealed != "" {
			continue
		}
		d := Doubt{Code: DoubtAmended, Why: "已由《" + by.Title + "》修改，库中没有修改后的文本", Name: by.Title, Weight: 60}
		if r.Verb == Repeals {
			d = Doubt{Code: DoubtPart, Why: "《" + by.Title + "》废止了其中部分内容", Name: by.Title, Weight: 60}
		}
		doubts[i] = append(doubts[i], d)
	}
}
