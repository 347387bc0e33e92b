package llm

import (
	"regexp"
	"strings"
)

var thought = regexp.MustCompile(`(?s)<(think|thinking|thought|reasoning)>.*?(?:</(?:think|thinking|thought|reasoning)>|$)`)

var thoughtEnd = regexp.MustCompile(`</(?:think|thinking|thought|reasoning)>`)

// WithoutThought takes a model's reasoning out of its reply. Some servers drop
// the opening mark, because their template has written it for the model.
func WithoutThought(text string) string {
	text = thought.ReplaceAllString(text, "")
	if all := thoughtEnd.FindAllStringIndex(text, -1); len(all) > 0 {
		text = text[all[len(all)-1][1]:]
	}
	return strings.TrimSpace(text)
}

// spoken passes on the parts of a stream that are the reply, and keeps back
// those of a thought. A mark may be cut anywhere, so the last few bytes wait.
type spoken struct {
	on   func(string)
	held string
	in   bool
}

var thoughtMarks = []string{"<think>", "<thinking>", "<thought>", "<reasoning>", "</think>", "</thinking>", "</thought>", "</reasoning>"}

func (s *spoken) write(piece string) {
	s.held += piece
	for {
		at, mark := firstMark(s.held)
		if at < 0 {
			break
		}
		s.pass(s.held[:at])
		s.in = !strings.HasPrefix(mark, "</")
		s.held = s.held[at+len(mark):]
	}
	keep := markBegun(s.held)
	s.pass(s.held[:len(s.held)-keep])
	s.held = s.held[len(s.held)-keep:]
}

func (s *spoken) end() { s.pass(s.held); s.held = "" }

func (s *spoken) pass(text string) {
	if !s.in && text != "" && s.on != nil {
		s.on(text)
	}
}

func firstMark(text string) (at int, mark string) {
	at = -1
	for _, m := range thoughtMarks {
		if i := strings.Index(text, m); i >= 0 && (at < 0 || i < at) {
			at, mark = i, m
		}
	}
	return at, mark
}

// markBegun is how many bytes at the end may be the beginning of a mark.
func markBegun(text string) int {
	for n := min(len(text), len("</reasoning>")-1); n > 0; n-- {
		for _, m := range thoughtMarks {
			if strings.HasPrefix(m, text[len(text)-n:]) {
				return n
			}
		}
	}
	return 0
}
