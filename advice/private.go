package advice

import (
	"regexp"
	"strings"

	"advisor/segment"
)

// classified marks text that says of itself that it is classified. A question
// about secrecy (怎样定密？) has none of these marks.
var classified = regexp.MustCompile(`(绝密|机密|秘密)\s*[★☆]|[【\[（(](绝密|机密)[】\]）)]|密级\s*[:：]\s*(绝密|机密|秘密)|(以下|如下|下列|上述)(内容|材料|文件|数据|信息)?.{0,8}(属于?|系|是|为)(国家秘密|绝密|机密)|(绝密|机密|涉密)(文件|材料|内容|会议纪要)(如下|内容如下|的内容是|全文|原文)`)

// What tells one person from all others. A hotline or an office's telephone is no such thing.
var (
	identity = regexp.MustCompile(`(?:^|[^0-9])([1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx])(?:[^0-9]|$)`)
	mobile   = regexp.MustCompile(`(?:^|[^0-9])(1[3-9]\d[ -]?\d{4}[ -]?\d{4})(?:[^0-9]|$)`)
	bankCard = regexp.MustCompile(`(?:^|[^0-9])(6\d{3}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}(?:[ -]?\d{1,3})?)(?:[^0-9]|$)`)
)

// privateIn names the kind of personal data in a question, or nothing.
func privateIn(question string) string {
	text := segment.Normalize(question)
	switch {
	case identity.MatchString(text):
		return "公民身份号码"
	case anyMatch(bankCard, text, luhn):
		return "银行卡号"
	case mobile.MatchString(text):
		return "手机号码"
	}
	return ""
}

func anyMatch(form *regexp.Regexp, text string, valid func(string) bool) bool {
	for _, m := range form.FindAllStringSubmatch(text, -1) {
		if valid(m[1]) {
			return true
		}
	}
	return false
}

// luhn is the check digit's rule of bank cards: it tells one from any long number.
func luhn(number string) bool {
	digits := strings.NewReplacer(" ", "", "-", "").Replace(number)
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return len(digits) >= 16 && sum%10 == 0
}

// factless are questions that point at something they do not name.
var factless = regexp.MustCompile(`(这|那|该|此)(样|种|个|件|项|类)?(情况|情形|事情|事项|事|做法|问题|申请|材料|项目|单位|人)?`)

// needsFacts says that a question names no matter at all: what is left of it
// without pointing and asking words is nothing that could be looked up.
func (a *Advisor) needsFacts(question string) bool {
	rest := 0
	for _, w := range a.seg.Words(factless.ReplaceAllString(question, "　")) {
		if len([]rune(w)) > 1 && !harmless[w] && !asking[w] && !idle[w] {
			rest++
		}
	}
	return rest == 0
}

// idle are words of office life that name no matter by themselves.
var idle = wordSet(`处理 办理 解决 答复 材料 手续 部门 单位 规定 政策 文件 情况 问题 时间 期限 费用 多少钱 标准 流程 程序 条件 违法 合法 违规 合规 帮忙 看看 说明 告诉 一下 大家 领导 今天 明天 昨天 可以做 还要 交 去 找 批准 同意 允许 提供 准备 需不需要 行吗 可以吗 对吗 合适`)
