package onnx

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func tokenizer(t *testing.T, text string) (*Tokenizer, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadTokenizer(path)
}

func TestEncode(t *testing.T) {
	tok, err := tokenizer(t, `{"normalizer":{"lowercase":true},"model":{"type":"WordPiece","vocab":{"[CLS]":1,"[SEP]":2,"[UNK]":3,"云":4,"川":5,"abc":6,"##d":7,"。":8,"2":9,"##0":10}}}`)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]int64{
		"":            {1, 2},
		"云川。":         {1, 4, 5, 8, 2},
		"ABCd 20":     {1, 6, 7, 9, 10, 2},
		"abcx":        {1, 3, 2},
		"市":           {1, 3, 2},
		"云\u200b川\n云": {1, 4, 5, 4, 2},
	} {
		if got := tok.Encode(text, 512); !slices.Equal(got, want) {
			t.Errorf("tokens of %q: want %v, got %v", text, want, got)
		}
	}
	if got, want := tok.Encode("云川云川", 4), []int64{1, 4, 5, 2}; !slices.Equal(got, want) {
		t.Errorf("cut to 4 tokens: want %v, got %v", want, got)
	}
}

func TestOtherTokenizersAreRefused(t *testing.T) {
	for name, text := range map[string]string{"no JSON": "x", "no vocabulary": "{}"} {
		if _, err := tokenizer(t, text); err == nil {
			t.Errorf("%s: want an error, got none", name)
		}
	}
	if _, err := ReadTokenizer(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no file: want an error, got none")
	}
}
