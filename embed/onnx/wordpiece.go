// Package onnx runs a sentence-embedding model from a folder that holds a
// .onnx file and its tokenizer.json. It needs cgo and the ONNX Runtime shared
// library, so the model itself is only compiled in with the build tag "onnx".
package onnx

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"unicode"
)

// maxWord is the longest word WordPiece tries to take apart, in characters.
const maxWord = 100

// Tokenizer is BERT's WordPiece, read from a tokenizer.json.
type Tokenizer struct {
	ids           map[string]int64
	cls, sep, unk int64
	lower         bool
}

// ReadTokenizer reads the parts of tokenizer.json that BERT models use.
func ReadTokenizer(path string) (*Tokenizer, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read tokenizer: %w", err)
	}
	var file struct {
		Normalizer struct {
			Lowercase bool `json:"lowercase"`
		} `json:"normalizer"`
		Model struct {
			Type  string           `json:"type"`
			Vocab map[string]int64 `json:"vocab"`
		} `json:"model"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, fmt.Errorf("read tokenizer %s: %w", path, err)
	}
	t := &Tokenizer{ids: file.Model.Vocab, lower: file.Normalizer.Lowercase}
	for name, id := range map[string]*int64{"[CLS]": &t.cls, "[SEP]": &t.sep, "[UNK]": &t.unk} {
		n, ok := t.ids[name]
		if !ok {
			return nil, fmt.Errorf("tokenizer %s: no token %s (not a BERT vocabulary)", path, name)
		}
		*id = n
	}
	return t, nil
}

// Encode gives the token ids of text, at most limit of them, markers included.
func (t *Tokenizer) Encode(text string, limit int) []int64 {
	ids := []int64{t.cls}
	for _, word := range basic(text) {
		if t.lower {
			word = strings.ToLower(word)
		}
		ids = t.pieces(ids, word)
		if len(ids) >= limit-1 {
			ids = ids[:limit-1]
			break
		}
	}
	return append(ids, t.sep)
}

// pieces appends the longest-first pieces of one word.
func (t *Tokenizer) pieces(ids []int64, word string) []int64 {
	runes := []rune(word)
	if len(runes) > maxWord {
		return append(ids, t.unk)
	}
	begin := len(ids)
	for start := 0; start < len(runes); {
		end := len(runes)
		for ; end > start; end-- {
			piece := string(runes[start:end])
			if start > 0 {
				piece = "##" + piece
			}
			if id, ok := t.ids[piece]; ok {
				ids = append(ids, id)
				break
			}
		}
		if end == start {
			return append(ids[:begin], t.unk)
		}
		start = end
	}
	return ids
}

// basic splits as BERT does before pieces: at blanks, with every Han character
// and every punctuation mark a word of its own.
func basic(text string) []string {
	var words []string
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
	}
	for _, r := range text {
		switch {
		case r == 0 || r == unicode.ReplacementChar:
		case unicode.IsSpace(r):
			flush()
		case unicode.In(r, unicode.Cc, unicode.Cf):
		case han(r) || punctuation(r):
			flush()
			words = append(words, string(r))
		default:
			word.WriteRune(r)
		}
	}
	flush()
	return words
}

func han(r rune) bool {
	return r >= 0x4E00 && r <= 0x9FFF || r >= 0x3400 && r <= 0x4DBF || r >= 0x20000 && r <= 0x2CEAF ||
		r >= 0xF900 && r <= 0xFAFF || r >= 0x2F800 && r <= 0x2FA1F
}

func punctuation(r rune) bool {
	return r < 0x80 && r > ' ' && !unicode.IsLetter(r) && !unicode.IsDigit(r) || unicode.IsPunct(r)
}
