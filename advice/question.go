package advice

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"advisor/internal/problem"
)

// longestQuestion is in characters. A question is a page at most; a whole
// document is imported, not asked.
const longestQuestion = 2000

// CheckQuestion cleans a question as typed and refuses what is none.
func CheckQuestion(text string) (string, error) {
	if n := utf8.RuneCountInString(text); n > longestQuestion {
		return "", problem.New(problem.Invalid, "question-too-long", "没有提交这个问题",
			fmt.Sprintf("它有 %d 个字，超过了 %d 个字的上限", n, longestQuestion), "请概括成要问的事项；整篇材料请作为文件导入")
	}
	text = clean(text)
	if !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
		return "", problem.New(problem.Invalid, "empty-question", "没有提交问题", "问题是空的", "请写下要问的事项，例如：公共数据共享申请应当在几日内答复？")
	}
	return text, nil
}

// clean drops what cannot be seen (control and format characters, direction
// marks) and broken bytes, and keeps the rest as typed.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}
