package llm

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestObject(t *testing.T) {
	want := map[string]any{"conclusion": "可以", "claims": []any{map[string]any{"text": "五个工作日", "n": 1.0}}}
	cases := map[string]string{
		"plain":                    `{"conclusion":"可以","claims":[{"text":"五个工作日","n":1}]}`,
		"fenced":                   "好的，以下是结果：\n```json\n{\"conclusion\":\"可以\",\"claims\":[{\"text\":\"五个工作日\",\"n\":1}]}\n```\n希望有帮助",
		"after a thought":          "<think>{\"conclusion\":\"不可以\"}</think>{\"conclusion\":\"可以\",\"claims\":[{\"text\":\"五个工作日\",\"n\":1}]}",
		"thought without its mark": "先想想 {\"conclusion\":\"不可以\"}</think>{\"conclusion\":\"可以\",\"claims\":[{\"text\":\"五个工作日\",\"n\":1}]}",
		"trailing commas":          `{"conclusion":"可以","claims":[{"text":"五个工作日","n":1,},],}`,
		"full-width":               `｛“conclusion”：“可以”，“claims”：［｛“text”：“五个工作日”，“n”：1｝］｝`,
		"single quotes":            `{'conclusion':'可以','claims':[{'text':'五个工作日','n':1}]}`,
		"bare names":               `{conclusion:"可以",claims:[{text:"五个工作日",n:1}]}`,
		"comment":                  "{\"conclusion\":\"可以\", // 结论\n\"claims\":[{\"text\":\"五个工作日\",\"n\":1}]}",
		"braces among words":       `用{}或{ 表示：{"conclusion":"可以","claims":[{"text":"五个工作日","n":1}]}`,
		"words before, no fence":   `结果如下 {"conclusion":"可以","claims":[{"text":"五个工作日","n":1}]} 完`,
	}
	for name, text := range cases {
		raw, err := Object(text)
		var got map[string]any
		if err == nil {
			err = json.Unmarshal(raw, &got)
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, error %v", name, got, err)
		}
	}
	raw, err := Object("{\"a\":\"他说\"可以\"\n第二行\"}")
	var got map[string]string
	if err != nil || json.Unmarshal(raw, &got) != nil || got["a"] != "他说\"可以\"\n第二行" {
		t.Errorf("quotation inside: %s %v", raw, err)
	}
	// Cut off, empty, no object, or a thought alone: nothing is made up.
	for _, text := range []string{"", "好的", "{}", `{"conclusion":"可以","claims":[{"text":"五个`, `{"conclusion":"可以","claims":[{"text":"五个工作日"},{"te`, "<think>{\"conclusion\":\"可以\"}", "[1,2]", "{｛{", strings.Repeat("{", 100_000)} {
		if raw, err := Object(text); err == nil {
			t.Errorf("%.40q: want none, got %s", text, raw)
		}
	}
}

func FuzzObject(f *testing.F) {
	f.Add(`{"a":"b"}`)
	f.Add("<think>x</think>{'a':1,}")
	f.Add(`｛“甲”：“乙"丙”｝`)
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := Object(text)
		if err != nil {
			return
		}
		var fields map[string]any
		if json.Unmarshal(raw, &fields) != nil || len(fields) == 0 {
			t.Errorf("%q gave %q", text, raw)
		}
	})
}

// However a stream is cut, what is passed on is the reply without its thought.
func TestSpoken(t *testing.T) {
	cases := map[string]string{
		"<think>嗯</think>可以": "可以", "可以": "可以", "a<b": "a<b", "a<think": "a<think", "<thinking>x</thinking>好<think>y</think>的": "好的", "x<think>永不结束": "x",
	}
	for text, want := range cases {
		for size := 1; size <= len(text); size++ {
			var got strings.Builder
			s := spoken{on: func(p string) { got.WriteString(p) }}
			for i := 0; i < len(text); i += size {
				s.write(text[i:min(i+size, len(text))])
			}
			s.end()
			if got.String() != want {
				t.Errorf("%q in pieces of %d: got %q, want %q", text, size, got.String(), want)
			}
		}
	}
}

func TestWithoutThoughtKeepsText(t *testing.T) {
	if got := WithoutThought(" 可以\n"); got != "可以" || !utf8.ValidString(got) {
		t.Errorf("got %q", got)
	}
}
