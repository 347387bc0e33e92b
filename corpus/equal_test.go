package corpus_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"advisor/corpus"
	"advisor/corpus/format"
	"advisor/corpus/format/formattest"
)

// The sample city's own rules, written as PDF, OFD, DOCX, HTML and in old
// encodings, are cut into the same provisions as their Markdown.
func TestProvisionsAgreeAcrossFormats(t *testing.T) {
	files, err := filepath.Glob("../sample/corpus/rules/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("want the sample's rules, got %d, %v", len(files), err)
	}
	total, same := 0, 0
	for _, path := range files {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text := textOf(t, source)
		want := provisions(t, "a.md", source)
		for name, data := range variants(t, text) {
			got := provisions(t, name, data)
			total += len(want)
			for key, n := range want {
				if got[key] >= n {
					same++
				} else {
					t.Logf("%s as %s lost %q", filepath.Base(path), name, key)
				}
			}
		}
	}
	if share := float64(same) / float64(total); share < 0.98 {
		t.Errorf("want 98 %% of %d provisions equal in every format, got %.2f %%", total, 100*share)
	} else {
		t.Logf("%d of %d provisions equal in every format (%.2f %%)", same, total, 100*share)
	}
}

// textOf takes a Markdown file apart into its title and paragraphs.
func textOf(t *testing.T, source []byte) formattest.Text {
	t.Helper()
	f, err := format.Read(t.Context(), "a.md", bytes.NewReader(source), int64(len(source)))
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range f.Blocks { // a note above the title is left out
		if b.Kind == format.Heading {
			text := formattest.Text{Title: b.Text}
			for _, b := range f.Blocks[i+1:] {
				text.Lines = append(text.Lines, b.Text)
			}
			return text
		}
	}
	t.Fatal("no title")
	return formattest.Text{}
}

func variants(t *testing.T, text formattest.Text) map[string][]byte {
	t.Helper()
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text.Plain()))
	if err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().Bytes([]byte(text.Plain()))
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"a.pdf": text.PDF(), "a.ofd": text.OFD(), "a.docx": text.DOCX(), "a.html": text.HTML(), "GB18030.txt": gb, "UTF-16.txt": wide}
}

// provisions counts a file's provisions by label and text without spaces.
func provisions(t *testing.T, name string, data []byte) map[string]int {
	t.Helper()
	f, err := format.Read(t.Context(), name, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	c := corpus.CutFile(f, corpus.Header{})
	found := map[string]int{}
	for _, p := range c.Provisions {
		found[p.Label+" "+strings.Join(strings.Fields(c.Text[p.Start:p.End]), "")]++
	}
	return found
}
