package retrieval

import (
	"regexp"
	"strings"
)

// secondary is what carries a law out rather than being one: administrative
// regulations of the State Council and rules of its departments. Lay questions
// about rights and duties are answered by laws far more often (one article of
// eighteen was an answer against one of two hundred, on STARD), and the two say
// much the same in much the same words. Papers of the place itself are not
// secondary: they are what an office asks for.
func secondary(level, title string) bool {
	switch level {
	case "行政法规", "部门规章", "部门规范性文件":
		return true
	case "":
	default:
		return false
	}
	// Question sets tell no level; their titles name an article: 印章条例第十条.
	_, at, ok := placeAtEnd(title)
	return ok && carriesOut.MatchString(strings.TrimRight(title[:at], "（）()0123456789年修正订-"))
}

var carriesOut = regexp.MustCompile(`(条例|办法|规定|细则|规则|通知|决定|意见)$`)
