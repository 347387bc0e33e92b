package evals

import (
	"context"
	"slices"

	"advisor/corpus"
	"advisor/intake"
)

// Validity says how well what is in force comes out of the texts alone: the
// rows of a manifest are settled twice, with all it says and with its columns of
// status and dates left out, and compared version by version.
type Validity struct {
	Manifest string          `json:"manifest"`
	On       string          `json:"on"`
	Versions int             `json:"versions"`
	Same     int             `json:"same"`   // in force, or not, either way
	Queued   int             `json:"queued"` // of the others, those that wait for a person
	Queue    int             `json:"queue"`  // all that wait for a person
	Codes    map[string]int  `json:"codes"`
	Share    float64         `json:"share"`
	ByStatus map[string]Same `json:"by_status"`
	Others   []Differs       `json:"others"`
	Wrong    []Differs       `json:"queued_versions,omitempty"`
}

// Same counts the versions of one status of the manifest.
type Same struct {
	Versions int `json:"versions"`
	Same     int `json:"same"`
}

// Differs is a version that came out differently.
type Differs struct {
	Path   string   `json:"path"`
	Stated string   `json:"stated"` // by the manifest
	With   string   `json:"with"`
	Read   string   `json:"read"`
	Doubts []string `json:"doubts"`
}

// blanked are the columns that validity is read without.
var blanked = []string{"status", "date_issued", "date_effective", "date_repealed"}

// MeasureValidity compares the two on a day.
func MeasureValidity(ctx context.Context, manifest string, on corpus.Date) (Validity, error) {
	v := Validity{Manifest: manifest, On: string(on), ByStatus: map[string]Same{}, Codes: map[string]int{}}
	with, err := settled(ctx, manifest, nil, on)
	if err != nil {
		return v, err
	}
	read, err := settled(ctx, manifest, blanked, on)
	if err != nil {
		return v, err
	}
	for path, w := range with {
		r, ok := read[path]
		if !ok {
			continue
		}
		v.Versions++
		if len(r.Doubts) > 0 {
			v.Queue++
			v.Codes[r.Doubts[0].Code]++
		}
		s := v.ByStatus[w.Stated]
		s.Versions++
		a, b := w.Status(on), r.Status(on)
		if (a == corpus.InForce) == (b == corpus.InForce) {
			v.Same++
			s.Same++
		} else {
			d := Differs{Path: path, Stated: w.Stated, With: a, Read: b}
			for _, x := range r.Doubts {
				d.Doubts = append(d.Doubts, x.Code+" "+x.Why)
			}
			if len(r.Doubts) > 0 {
				v.Queued++
			}
			v.Others = append(v.Others, d)
		}
		v.ByStatus[w.Stated] = s
	}
	v.Share = float64(v.Same) / float64(max(v.Versions, 1))
	slices.SortFunc(v.Others, func(a, b Differs) int { return compare(a.Path, b.Path) })
	return v, nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

type settledVersion struct {
	Stated string
	corpus.Settled
}

// settled derives the validity of every version that a manifest lists.
func settled(ctx context.Context, manifest string, without []string, on corpus.Date) (map[string]settledVersion, error) {
	var all []corpus.Filed
	_, err := intake.Look(ctx, intake.Options{Manifest: manifest, Without: without}, func(s intake.Seen) error {
		if s.Err == nil {
			all = append(all, corpus.Filed{Path: s.Path, Scope: "public", Header: s.Cut.Header, Relations: s.Cut.Relations, Note: s.Cut.Note})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b corpus.Filed) int { return compare(a.Path, b.Path) })
	out := make(map[string]settledVersion, len(all))
	for i, s := range corpus.SettleAll(all, on) {
		out[all[i].Path] = settledVersion{Stated: all[i].Header.Status, Settled: s}
	}
	return out, nil
}
