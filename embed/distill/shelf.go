package distill

import (
	"bufio"
	"encoding/gob"
	"errors"
	"io/fs"
	"os"
	"strings"
)

// Shelf keeps texts cut into terms, since cutting takes longer than many a
// training. It is a cache: whoever changes segment or the sources deletes it.
type Shelf struct {
	Terms []string
	Texts map[[16]byte][]uint32 // places in Terms
	place map[string]uint32
	fresh bool
}

// OpenShelf reads a cache, or makes an empty one where there is none.
func OpenShelf(path string) (*Shelf, error) {
	s := &Shelf{Texts: map[[16]byte][]uint32{}, place: map[string]uint32{}}
	if path == "" {
		return s, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if err := gob.NewDecoder(bufio.NewReaderSize(f, 1<<20)).Decode(s); err != nil {
		return nil, err
	}
	for i, t := range s.Terms {
		s.place[t] = uint32(i)
	}
	return s, nil
}

// Cut gives a text's terms, as cut makes them the first time.
func (s *Shelf) Cut(text string, cut func(string) []string) []string {
	key := KeyOf(text)
	at, ok := s.Texts[key]
	if !ok {
		for _, t := range cut(text) {
			p, known := s.place[t]
			if !known {
				p = uint32(len(s.Terms))
				t = strings.Clone(t)
				s.place[t], s.Terms = p, append(s.Terms, t)
			}
			at = append(at, p)
		}
		s.Texts[key], s.fresh = at, true
	}
	out := make([]string, len(at))
	for i, p := range at {
		out[i] = s.Terms[p]
	}
	return out
}

// Save writes the cache if anything was added.
func (s *Shelf) Save(path string) error {
	if path == "" || !s.fresh {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := gob.NewEncoder(w).Encode(s); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
