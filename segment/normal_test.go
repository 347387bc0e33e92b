package segment

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNormalize(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":                  {"", ""},
		"already normal":         {"云川市“一网通办”办法", "云川市“一网通办”办法"},
		"full-width":             {"ＡＢＣ１２３，（一）：５０％", "ABC123,(一):50%"},
		"ideographic blank":      {"第一条　为了", "第一条 为了"},
		"zero width":             {"人\u200b民\u200d政\ufeff府", "人民政府"},
		"bidi":                   {"\u202e令\u202c第\u2066五\u2069号", "令第五号"},
		"tags":                   {"通\U000E0041\U000E007F知", "通知"},
		"variation selector":     {"㐂\ufe00办\U000E0100法", "㐂办法"},
		"soft hyphen and nul":    {"通\u00ad知\x00书", "通知书"},
		"line ends":              {"一\r\n二\r三\u2028四", "一\n二\n三\n四"},
		"tabs stay":              {"一\t二", "一\t二"},
		"broken UTF-8":           {"坏\xff字\xe4\xb8", "坏\ufffd字\ufffd\ufffd"},
		"compatibility":          {"⼈㈠①㎡Ⅳ…", "人(一)1m2IV..."},
		"accent after invisible": {"e\u200b\u0301", "é"},
		"brackets of numbers":    {"国发﹝２０２４﹞５号", "国发〔2024〕5号"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Normalize(c.text); got != c.want {
				t.Errorf("normalize %q: want %q, got %q", c.text, c.want, got)
			}
			if got := NormalizeMap(c.text).Text; got != c.want {
				t.Errorf("normalize %q keeping offsets: want %q, got %q", c.text, c.want, got)
			}
		})
	}
}

func TestOffsetsLeadBack(t *testing.T) {
	const text = "依照\u200bＡ４〔２０２４〕号e\u0301件\xff完"
	m := NormalizeMap(text)
	for part, want := range map[string]string{"A4": "Ａ４", "〔2024〕": "〔２０２４〕", "é": "e\u0301", "依照": "依照", "完": "完", "件\ufffd": "件\xff"} {
		at := strings.Index(m.Text, part)
		start, end := m.Source(at, at+len(part))
		if got := strings.Trim(text[start:end], "\u200b"); got != want {
			t.Errorf("source of %q: want %q, got %q", part, want, got)
		}
	}
	if start, end := m.Source(0, len(m.Text)); start != 0 || end != len(text) {
		t.Errorf("source of everything: want 0 to %d, got %d to %d", len(text), start, end)
	}
}

func FuzzNormalize(f *testing.F) {
	for _, seed := range []string{"", "第一条", "Ａ\u0301", "e\u200b\u0301\xff", "가\u11a8", "①\r\n", "ﷺ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := Normalize(text)
		if !utf8.ValidString(once) {
			t.Errorf("want valid UTF-8, got %q", once)
		}
		if twice := Normalize(once); twice != once {
			t.Errorf("want the second time to change nothing, got %q from %q", twice, once)
		}
		m := NormalizeMap(text)
		if m.Text != once {
			t.Errorf("want the same text with offsets kept, got %q and %q", m.Text, once)
		}
		last := 0
		for i := range len(m.Text) + 1 {
			start, _ := m.Source(i, i)
			if start < last || start > len(text) {
				t.Fatalf("want offsets that rise inside the source of %d bytes, got %d after %d", len(text), start, last)
			}
			last = start
		}
		if last != len(text) {
			t.Errorf("want the end to lead to the end %d, got %d", len(text), last)
		}
	})
}
