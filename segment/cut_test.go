package segment

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/quick"
)

func ours(t testing.TB) *Segmenter {
	t.Helper()
	s, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sample is a text of ours with what official papers hold.
func sample(t testing.TB) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/sample.txt")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// pieces gives every piece of text, punctuation and blanks too, as gse's Cut does.
func (s *Segmenter) pieces(text string) []string {
	l := lattices.Get().(*lattice)
	defer l.done()
	l.read(text)
	l.cut(s.words, nil)
	out := []string{}
	start := 0
	for _, end := range l.ends {
		out = append(out, l.slice(start, int(end)))
		start = int(end)
	}
	return out
}

func same(t *testing.T, text string) {
	t.Helper()
	want, got := reference().Cut(text), ours(t).pieces(text)
	if !slices.Equal(want, got) {
		t.Errorf("cut %q:\nwant as gse %q\n        got %q", text, want, got)
	}
}

func TestCutsAsGse(t *testing.T) {
	for name, text := range map[string]string{
		"one word":        "法",
		"court":           "人民法院依法独立行使审判权",
		"number":          "国发〔2024〕5号",
		"mixed":           "A4纸100张，iPhone手机3部，T恤x2",
		"blanks":          "  云川市 \n\t 人民 政府  ",
		"punctuation":     "……——！？",
		"two-byte":        "café naïve Ωμέγα Привет，мир",
		"other scripts":   "ひらがな カタカナ 한국어",
		"rare characters": "𠮷野家 㐀 〇",
		"ambiguous":       "研究生命的起源和发展中国家用户",
		"upper case":      "WTO与CEPA",
		"empty":           "",
	} {
		t.Run(name, func(t *testing.T) { same(t, text) })
	}
	text := sample(t)
	same(t, text)
	same(t, strings.Repeat(text, 20)) // long sums round; both must round alike
	for line := range strings.Lines(text) {
		same(t, line)
	}
}

// TestCutsAsGseOnRandomText puts words, halves of words and anything else side
// by side, which meets more ambiguity than any real text.
func TestCutsAsGseOnRandomText(t *testing.T) {
	words := referenceWords()
	marks := []string{"，", "。", " ", "\n", "2024", "a", "〔", "第", "·", "é", "の", "𠀀"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var b strings.Builder
		for range 1 + random.IntN(20) {
			w := words[random.IntN(len(words))].word
			switch random.IntN(4) {
			case 0:
				b.WriteString(marks[random.IntN(len(marks))])
			case 1:
				b.WriteString(string(w[:1+random.IntN(len(w))]))
			case 2:
				b.WriteString(string(w[random.IntN(len(w)):]))
			default:
				b.WriteString(string(w))
			}
		}
		same(t, b.String())
		if t.Failed() {
			return
		}
	}
}

func TestPiecesRejoin(t *testing.T) {
	whole := func(text string) bool {
		text = Normalize(text)
		return strings.Join(ours(t).pieces(text), "") == lower(text)
	}
	if err := quick.Check(whole, nil); err != nil {
		t.Error(err)
	}
}

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"":                 {},
		"法":                {"法"},
		"，。 \n":            {},
		"ＡＢＣ公司，２０２４年":      {"abc", "公司", "2024", "年"},
		"人\u200b民\u202e法院": {"人民法院"},
		"坏\xff\xfe字":       {"坏", "字"},
		"推进政务服务一网通办，让群众少跑腿": {"推进", "政务", "服务", "一网通", "办", "让", "群众", "少", "跑腿"},
	} {
		if got := ours(t).Words(text); !slices.Equal(got, want) {
			t.Errorf("words of %q:\nwant %q\n got %q", text, want, got)
		}
	}
}

// TestLearnUnderLoad swaps the local words while others cut; the race detector watches.
func TestLearnUnderLoad(t *testing.T) {
	s := ours(t).With([]string{"云川市"})
	var cutters sync.WaitGroup
	for range 4 {
		cutters.Go(func() {
			for range 300 {
				got := strings.Join(s.Words("云川市数据局负责"), "|")
				if !strings.HasPrefix(got, "云川市|") && !strings.HasPrefix(got, "云川市数据局|") {
					t.Errorf("want a whole local dictionary at any moment, got %q", got)
				}
			}
		})
	}
	for i := range 300 {
		s.Learn([][]string{{"云川市"}, {"云川市", "云川市数据局"}}[i%2])
	}
	cutters.Wait()
	if got := ours(t).Words("云川市数据局"); slices.Contains(got, "云川市数据局") {
		t.Errorf("want the shared Segmenter untouched by another's words, got %q", got)
	}
}

func benchmark(b *testing.B, cut func(string)) {
	text := strings.Repeat(sample(b), 4)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		cut(text)
	}
}

func BenchmarkWords(b *testing.B)     { s := ours(b); benchmark(b, func(t string) { s.Words(t) }) }
func BenchmarkTerms(b *testing.B)     { s := ours(b); benchmark(b, func(t string) { s.Terms(t) }) }
func BenchmarkNormalize(b *testing.B) { benchmark(b, func(t string) { Normalize(t) }) }
func BenchmarkGse(b *testing.B)       { g := reference(); benchmark(b, func(t string) { g.Cut(t) }) }
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := readLexicon(dictionary); err != nil {
			b.Fatal(err)
		}
	}
}
