package chat

import (
	"context"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/advice"
)

// A follow-up is short or points back; longer questions stand alone.
const (
	alwaysShort   = 4   // characters: 多久？ 收费吗？
	shortQuestion = 14  // when it begins as only a follow-up does: 需要准备哪些材料？
	pointingBack  = 40  // with a word that points back
	longestTopic  = 120 // of the earlier question that is carried over
	mostBefore    = 20  // earlier questions that are looked at
)

var (
	pointer = regexp.MustCompile(`^(那么?|那如果|如果|要是|若|还有|另外|此外|再|同样|这样|这种|这个|这些|该|其|它|上述|前述|以上|刚才|为什么|为何|具体|然后|又)|(它|该(情形|情况|事项|项目|单位|申请|规定)|上述|前述|这种情况|这个|这样|前面|刚才|其中).*|呢[？?]?$`)
	bare    = regexp.MustCompile(`^(需要?|要|由谁|谁|多久|多少|几|怎么|怎样|如何|什么|哪|能否|可否|是否|可以|应当|有没有|期限|时限|程序|流程|材料|条件|收费|费用|逾期|罚)`)
	lead    = regexp.MustCompile(`^(那么?|还有|另外|此外|然后|请问|再问一下)[，,]?`)
	ending  = regexp.MustCompile(`[？?。！!；;，,\s]+$`)
)

// complete makes a follow-up whole: a short or elliptic question carries the
// topic of the one before it. This is a plain rule, shown to the asker as such:
// a wrong guess is visible and can be asked again in full.
func (c *Chat) complete(ctx context.Context, actor accounts.Account, q advice.Ask) (advice.Ask, error) {
	if q.ConversationID == 0 || q.QuestionID != 0 || q.Whole != "" {
		return q, nil
	}
	text, err := advice.CheckQuestion(q.Text)
	if err != nil {
		return q, err
	}
	var earlier []string
	err = c.db.Read(ctx, actor.ID, func(tx pgx.Tx) (err error) {
		earlier, err = asked(ctx, tx, q.ConversationID)
		return err
	})
	q.Whole = whole(text, earlier)
	return q, err
}

// Whole makes a follow-up whole for a program that keeps its conversation itself:
// earlier are the questions before it as they were typed, the first first.
func Whole(text string, earlier []string) string {
	understood := ""
	for _, q := range earlier[max(0, len(earlier)-mostBefore):] {
		if understood == "" {
			understood = q
			continue
		}
		understood = whole(q, []string{understood})
	}
	if understood == "" {
		return text
	}
	return whole(text, []string{understood})
}

// whole gives the question with the topic of the one before, or as it is.
// earlier are the questions before it as they were understood, the last first.
func whole(text string, earlier []string) string {
	if len(earlier) == 0 || !elliptic(text) {
		return text
	}
	topic := ending.ReplaceAllString(topicOf(earlier[0]), "")
	rest := lead.ReplaceAllString(text, "")
	if topic == "" || rest == "" || strings.Contains(topic, ending.ReplaceAllString(rest, "")) {
		return text
	}
	return topic + "；" + rest
}

// elliptic says whether a question cannot stand alone. One that names a
// document or an article can, however short.
func elliptic(text string) bool {
	n := utf8.RuneCountInString(ending.ReplaceAllString(text, ""))
	if strings.Contains(text, "《") {
		return false
	}
	return n <= alwaysShort || n <= shortQuestion && bare.MatchString(text) || n <= pointingBack && pointer.MatchString(text)
}

// topicOf is the part of a whole question that later ones carry on: the first,
// so that a chain of follow-ups does not grow.
func topicOf(question string) string {
	first, _, _ := strings.Cut(question, "；")
	if runes := []rune(first); len(runes) > longestTopic {
		return string(runes[:longestTopic])
	}
	return first
}
