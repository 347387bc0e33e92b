package bench

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"strings"
	"unicode/utf8"
)

// Pool is what made-up corpora are put together from: the sentences and titles
// of real ones, so that words are as frequent as they are in real texts.
type Pool struct {
	titles, sentences []string
}

// ReadPool takes the sentences of all Markdown and text files.
func ReadPool(files fs.FS) (Pool, error) {
	var p Pool
	seen := make(map[string]bool)
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".md" && path.Ext(name) != ".txt" {
			return err
		}
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		p.titles = append(p.titles, strings.TrimSuffix(path.Base(name), path.Ext(name)))
		for s := range strings.FieldsFuncSeq(string(b), func(r rune) bool { return r == '\n' || r == '。' || r == '；' }) {
			s = strings.TrimLeft(strings.TrimSpace(s), "#*-> 　")
			if n := utf8.RuneCountInString(s); n >= 12 && n <= 200 && !seen[s] {
				seen[s] = true
				p.sentences = append(p.sentences, s)
			}
		}
		return nil
	})
	if err == nil && (len(p.sentences) < 10 || len(p.titles) == 0) {
		err = fmt.Errorf("only %d sentences in %d files", len(p.sentences), len(p.titles))
	}
	return p, err
}

// Document is a made-up one.
type Document struct{ Path, Title, Text string }

// articles is how many a made-up document has, each a passage.
const articles = 25

// Document makes the n-th document: as many articles of two or three sentences
// from anywhere. The same n always gives the same.
func (p Pool) Document(n int) Document {
	r := rand.New(rand.NewPCG(uint64(n), 20250301))
	title := fmt.Sprintf("%s（测速%d）", p.titles[r.IntN(len(p.titles))], n)
	var b strings.Builder
	b.WriteString(title + "\n")
	for i := range articles {
		fmt.Fprintf(&b, "第%s条 ", numeral(i+1))
		for range 2 + r.IntN(2) {
			b.WriteString(p.sentences[r.IntN(len(p.sentences))] + "。")
		}
		b.WriteByte('\n')
	}
	return Document{Path: fmt.Sprintf("bench/%06d.txt", n), Title: title, Text: b.String()}
}

// Article makes a document of one passage.
func (p Pool) Article(n int) Document {
	r := rand.New(rand.NewPCG(uint64(n), 20250302))
	title := p.titles[r.IntN(len(p.titles))]
	var b strings.Builder
	for range 2 + r.IntN(2) {
		b.WriteString(p.sentences[r.IntN(len(p.sentences))] + "。")
	}
	return Document{Path: fmt.Sprintf("d%06d", n), Title: title, Text: b.String()}
}

// Documents is how many documents make so many passages.
func Documents(passages int) int { return max(1, (passages+articles-1)/articles) }

func numeral(n int) string {
	digits := []rune("零一二三四五六七八九")
	switch {
	case n < 10:
		return string(digits[n])
	case n < 20:
		return strings.TrimSuffix("十"+string(digits[n-10]), "零")
	}
	return strings.TrimSuffix(string(digits[n/10])+"十"+string(digits[n%10]), "零")
}

// Questions makes questions: pieces of sentences, as somebody half remembers them.
func (p Pool) Questions(n int) []string {
	r := rand.New(rand.NewPCG(7, 20250301))
	out := make([]string, n)
	for i := range out {
		s := []rune(p.sentences[r.IntN(len(p.sentences))])
		length := min(len(s), 8+r.IntN(14))
		from := r.IntN(len(s) - length + 1)
		out[i] = string(s[from:from+length]) + []string{"", "怎么规定", "由谁负责", "需要什么条件"}[r.IntN(4)]
	}
	return out
}
