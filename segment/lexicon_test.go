package segment

import (
	"flag"
	"math"
	"os"
	"sync"
	"testing"

	"github.com/go-ego/gse"
)

var update = flag.Bool("update", false, "write the dictionary file anew")

// reference is gse itself, with the dictionary that ours is made from.
var reference = sync.OnceValue(func() *gse.Segmenter {
	g := &gse.Segmenter{SkipLog: true, NotLoadHMM: true}
	if err := g.LoadDictEmbed("zh_s"); err != nil {
		panic(err)
	}
	return g
})

// distance is how gse weighs a word: the bits of its share of all counts.
func distance(total, count float64) float32 {
	return float32(math.Log2(total)) - float32(math.Log2(count))
}

func referenceWords() []entry {
	g := reference()
	words := make([]entry, 0, len(g.Dict.Tokens))
	for i := range g.Dict.Tokens {
		t := &g.Dict.Tokens[i]
		words = append(words, entry{[]rune(t.Text()), distance(g.Dict.TotalFreq(), t.Freq())})
	}
	return words
}

// TestDictionaryFile holds the file in the program against gse's dictionary,
// word by word and weight by weight; with -update it makes the file.
func TestDictionaryFile(t *testing.T) {
	words := referenceWords()
	if *update {
		if err := os.WriteFile("zh.lexicon", compile(words).bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	x := ours(t).words
	for _, w := range words {
		if got, ok := x.find(w.word); !ok || got != w.dist {
			t.Fatalf("word %q: want distance %v, got %v %v (run go generate)", string(w.word), w.dist, got, ok)
		}
	}
	if got := x.count(); got != len(words) {
		t.Errorf("want the %d words of gse's dictionary and no other, got %d (run go generate)", len(words), got)
	}
}

func (x *lexicon) find(word []rune) (float32, bool) {
	node, value := uint32(root), uint16(0)
	for _, r := range word {
		cell, ok := x.step(node, x.code(r))
		if !ok {
			return 0, false
		}
		node, value = uint32(cell>>32), uint16(cell>>16)
	}
	return x.dist[value], value != 0
}

func (x *lexicon) count() int {
	n := 0
	for _, c := range x.cells {
		if uint16(c>>16) != 0 {
			n++
		}
	}
	return n
}

func TestLexiconFindsWhatItWasGiven(t *testing.T) {
	x := compile([]entry{
		{[]rune("云川"), 3}, {[]rune("云川市"), 2}, {[]rune("市"), 1}, {[]rune("云川"), 9}, {[]rune("𠮷野"), 4}, {[]rune("a4纸"), 5},
	})
	y, err := readLexicon(string(x.bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]float32{"云川": 3, "云川市": 2, "市": 1, "𠮷野": 4, "a4纸": 5, "云": 0, "川市": 0, "纸": 0, "": 0, "云川市区": 0} {
		if got, ok := y.find([]rune(word)); got != want || ok != (want > 0) {
			t.Errorf("find %q: want %v, got %v %v", word, want, got, ok)
		}
	}
}

func TestDamagedDictionaryIsRefused(t *testing.T) {
	good := string(compile([]entry{{[]rune("云川"), 3}}).bytes())
	for name, raw := range map[string]string{"empty": "", "head only": good[:20], "cut off": good[:len(good)-1], "other magic": "x" + good[1:]} {
		if _, err := readLexicon(raw); err == nil {
			t.Errorf("%s: want an error, got none", name)
		}
	}
}
