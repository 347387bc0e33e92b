package llm

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"
)

// errNoObject is a reply in which no JSON object could be found or mended.
var errNoObject = errors.New("no JSON object in the reply")

// Bounds on the search for an object.
const (
	longestObject = 256 << 10
	mostStarts    = 1000
)

// Object finds the JSON object in a reply: past reasoning, a code fence and
// words around it. What small models get wrong in form is mended: full-width
// punctuation, trailing commas, raw line breaks in strings, Python's words,
// comments. What is missing is not made up: a reply that was cut off is refused.
func Object(text string) (json.RawMessage, error) {
	text = WithoutThought(text)
	if len(text) > longestObject {
		text = text[:longestObject]
	}
	for tried := 0; tried < mostStarts; tried++ {
		at := strings.IndexAny(text, "{｛")
		if at < 0 {
			break
		}
		text = text[at:]
		if raw := strictly(text); raw != nil {
			return raw, nil
		}
		if begins.MatchString(text) { // this was it; an object further in is only a part
			if raw := strictly(mend(text)); raw != nil {
				return raw, nil
			}
			break
		}
		_, size := utf8.DecodeRuneInString(text)
		text = text[size:]
	}
	return nil, errNoObject
}

// begins tells an object from a brace among words.
var begins = regexp.MustCompile(`^[{｛]\s*["'“＂A-Za-z_]`)

// strictly reads one object from the beginning of text, if there is one and it is not empty.
func strictly(text string) json.RawMessage {
	var raw json.RawMessage
	if json.NewDecoder(strings.NewReader(text)).Decode(&raw) != nil {
		return nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || len(fields) == 0 {
		return nil
	}
	return raw
}

// mending rewrites a nearly-JSON text in one pass, outside and inside strings.
type mending struct {
	out   strings.Builder
	close rune // the mark that ends the string we are in, 0 outside
	word  strings.Builder
}

func mend(text string) string {
	m := &mending{}
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		if m.close != 0 {
			i += m.inside(runes[i:])
			continue
		}
		i += m.outside(runes[i:])
	}
	m.flush()
	return m.out.String()
}

// inside handles one character of a string; it says how many more it took.
func (m *mending) inside(r []rune) int {
	switch {
	case r[0] == '\\' && len(r) > 1:
		if r[1] == '\'' {
			m.out.WriteRune('\'')
			return 1
		}
		m.out.WriteRune(r[0])
		m.out.WriteRune(r[1])
		return 1
	case r[0] == m.close && endsString(r[1:]):
		m.close = 0
		m.out.WriteByte('"')
	case r[0] == '"':
		m.out.WriteString(`\"`) // a quotation inside the string
	case r[0] == '\n':
		m.out.WriteString(`\n`)
	case r[0] == '\t':
		m.out.WriteString(`\t`)
	case r[0] < ' ':
	default:
		m.out.WriteRune(r[0])
	}
	return 0
}

// endsString says whether what follows a closing mark is what may follow a string.
func endsString(rest []rune) bool {
	for _, r := range rest {
		if !strings.ContainsRune(" \t\r\n", r) {
			return strings.ContainsRune(",:}]，：｝］", r)
		}
	}
	return false // cut off
}

func (m *mending) outside(r []rune) int {
	switch r[0] {
	case '"', '\'', '＂':
		m.flush()
		m.close = r[0]
		m.out.WriteByte('"')
	case '“':
		m.flush()
		m.close = '”'
		m.out.WriteByte('"')
	case '，', ',':
		m.flush()
		if !endsList(r[1:]) {
			m.out.WriteByte(',')
		}
	case '：', ':':
		m.flush()
		m.out.WriteByte(':')
	case '｛', '{', '［', '[', '｝', '}', '］', ']':
		m.flush()
		m.out.WriteByte(map[rune]byte{'｛': '{', '{': '{', '［': '[', '[': '[', '｝': '}', '}': '}', '］': ']', ']': ']'}[r[0]])
	case '/':
		if len(r) > 1 && r[1] == '/' {
			n := 0
			for n < len(r) && r[n] != '\n' {
				n++
			}
			return n - 1
		}
	case ' ', '\t', '\r', '\n':
		m.flush()
		m.out.WriteByte(' ')
	default:
		m.word.WriteRune(r[0])
	}
	return 0
}

// endsList says whether a comma is followed by the end of its list or object.
func endsList(rest []rune) bool {
	for _, r := range rest {
		if !strings.ContainsRune(" \t\r\n", r) {
			return strings.ContainsRune("}]｝］", r)
		}
	}
	return false
}

// flush writes a bare word: a number or literal as it is, a name in quotation marks.
func (m *mending) flush() {
	w := m.word.String()
	m.word.Reset()
	switch w {
	case "":
		return
	case "True", "TRUE":
		w = "true"
	case "False", "FALSE":
		w = "false"
	case "None", "undefined", "NaN":
		w = "null"
	}
	if !json.Valid([]byte(w)) {
		quoted, err := json.Marshal(w)
		if err != nil {
			return
		}
		w = string(quoted)
	}
	m.out.WriteString(w)
}
