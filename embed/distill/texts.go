// Package distill trains the built-in embedder: it gathers passages, has a
// teacher model give their vectors once, and finds the vector of each term by
// ridge regression.
package distill

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Source is a folder of text and how many of its passages to take.
type Source struct {
	Path string // a .jsonl file with title and text, or a folder of Markdown
	Take int    // at most so many passages, chosen by hash; 0 for all
}

// Passage is one text of the training set. Its key is the hash of the text.
type Passage struct {
	Key  [16]byte
	Text string
}

const (
	passageRunes  = 300 // the length at which a passage is closed
	sentenceShare = 3   // of so many sentences one is also a text by itself
)

// Gather reads the sources' passages, without repetition, in an order that
// depends on their text alone, so that any first part is a fair sample.
// Questions are short, so a share of the passages' sentences stand for themselves.
func Gather(sources []Source) ([]Passage, error) {
	seen := map[[16]byte]bool{}
	var all []Passage
	for _, s := range sources {
		texts, err := s.read()
		if err != nil {
			return nil, err
		}
		var own []Passage
		for _, t := range texts {
			p := Passage{Key: KeyOf(t), Text: t}
			if !seen[p.Key] {
				seen[p.Key] = true
				own = append(own, p)
			}
		}
		order(own)
		if s.Take > 0 && len(own) > s.Take {
			own = own[:s.Take]
		}
		all = append(all, own...)
	}
	for _, p := range all {
		for _, t := range Sentences(p.Text) {
			k := KeyOf(t)
			if k[15]%sentenceShare == 0 && !seen[k] {
				seen[k] = true
				all = append(all, Passage{k, t})
			}
		}
	}
	order(all)
	return all, nil
}

// Alone makes each text a passage.
func Alone(texts []string) []Passage {
	out := make([]Passage, len(texts))
	for i, t := range texts {
		out[i] = Passage{KeyOf(t), t}
	}
	return out
}

// KeyOf names a text in the cache of teacher vectors.
func KeyOf(text string) [16]byte {
	sum := sha256.Sum256([]byte(text))
	return [16]byte(sum[:16])
}

func order(ps []Passage) {
	slices.SortFunc(ps, func(a, b Passage) int { return strings.Compare(string(a.Key[:]), string(b.Key[:])) })
}

// Sentences gives the sentences of a text that are neither crumbs nor endless.
func Sentences(text string) []string {
	var out []string
	for _, s := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("。；！？\n", r) }) {
		s = strings.TrimSpace(s)
		if n := utf8.RuneCountInString(s); n >= 6 && n <= 80 {
			out = append(out, s)
		}
	}
	return out
}

func (s Source) read() ([]string, error) {
	if strings.HasSuffix(s.Path, ".jsonl") {
		return readLines(s.Path)
	}
	var out []string
	err := filepath.WalkDir(s.Path, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".md") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read training text: %w", err)
		}
		out = append(out, markdown(string(raw))...)
		return nil
	})
	return out, err
}

func readLines(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read training text: %w", err)
	}
	defer f.Close()
	var out []string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var row struct {
			Title, Text, Question, Context string
			QAs                            []struct{ Question string }
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if row.Question != "" {
			out = append(out, row.Question)
			continue
		}
		for _, q := range row.QAs {
			out = append(out, q.Question)
		}
		out = append(out, cut(row.Title, strings.Split(row.Text+row.Context, "\n"))...)
	}
	return out, lines.Err()
}

// markdown cuts one document, leaving out its head of metadata.
func markdown(text string) []string {
	title, _, _ := strings.Cut(strings.TrimPrefix(text, "# "), "\n")
	if _, body, ok := strings.Cut(text, "<!-- INFO END -->"); ok {
		text = body
	}
	title = strings.TrimSpace(title)
	return append(cut(title, strings.Split(text, "\n")), title)
}

// cut joins lines into passages of about passageRunes; an article begins its own.
func cut(title string, lines []string) []string {
	var out []string
	var now []rune
	flush := func() {
		if len(now) >= 10 {
			out = append(out, strings.TrimSpace(title+" "+string(now)))
		}
		now = now[:0]
	}
	for _, l := range lines {
		r := []rune(strings.TrimSpace(strings.TrimLeft(l, "#> 　")))
		if len(r) == 0 {
			continue
		}
		if len(now)+len(r) > passageRunes+150 || r[0] == '第' && len(now) > 0 {
			flush()
		}
		for len(r) > passageRunes+150 {
			now = append(now, r[:passageRunes]...)
			flush()
			r = r[passageRunes-50:]
		}
		now = append(now, r...)
	}
	flush()
	return out
}
