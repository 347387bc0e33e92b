package advice

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"advisor/segment"
)

// Facts are what a claim must not say unless its cited text says it: numbers
// with their units, document numbers, titles, offices, modal words and
// negation. They are compared in one spelling: 六十日 and 60 天 are equal.

type fact struct {
	kind string // 数字, 文号, 文件, 机关, 情态, 方向
	key  string
	as   string // as written
	// vague: 一种, 一项 are an article rather than a number. A claim need not
	// carry them; a text that has them carries the number.
	vague bool
}

var (
	amount = regexp.MustCompile(`(\d[\d,]*(?:\.\d+)?|[〇零一二三四五六七八九十百千两壹贰叁肆伍陆柒捌玖拾佰仟万亿]+)\s*(万|亿)?\s*(个?工作日|个月|个小时|小时|分钟|日|天|周|月|年|元|%|分之|倍|人|名|户|家|件|次|条|款|项|章|节|编|号|级|岁|公里|平方米|米|亩|吨|种|类|份|期|届)?`)
	// Chinese numerals are part of many words; only these units make them numbers.
	modal = regexp.MustCompile(`可以不|可不|不应当?|不得|禁止|严禁|不准|不许|不可以?|不能|无权|应当|必须|务必|应(?:予|由|在|自|于|依法|按|向|及时|经)|可以|有权|允许|须|可`)
	// Words in which 可, 须, 不, 无, 非, 未 or 免 mean nothing of the kind.
	innocent = regexp.MustCompile(`许可证?|认可|可行性?|可能性?|可靠|可持续|可再生|可信|不动产|不断|不同|不仅|不但|不论|无论|不管|不含|非常|未来|未成年人?|不可抗力|不可分|无偿|非法|不法|不良|不当|不利|不服|非物质|非税|非营利|非公有|无线|无人机|免疫`)
	negation = regexp.MustCompile(`不|无|非|未|免|除外|禁止|严禁`)
)

// Which side of a limit: 五年以上 is not 五年以下, 开庭三日前 not 三日后.
var direction = regexp.MustCompile(`不超过|不高于|不多于|不少于|不低于|至少|至多|以上|以下|以内|以外|以前|以后|之前|之后|[日天月年满]前|[日天月年满]后`)

var sides = func() map[string]string {
	out := map[string]string{"不超过": "不过界", "不高于": "不过界", "不多于": "不过界", "至多": "不过界", "不少于": "不低界", "不低于": "不低界", "至少": "不低界", "以上": "上界", "以下": "下界", "以内": "内围", "以外": "外围", "以前": "前时", "之前": "前时", "以后": "后时", "之后": "后时"}
	for _, unit := range []string{"日", "天", "月", "年", "满"} {
		out[unit+"前"], out[unit+"后"] = "前时", "后时"
	}
	return out
}()

var modalClass = map[string]string{
	"可以不": "可以不", "可不": "可以不",
	"不应当": "不得", "不应": "不得", "不得": "不得", "禁止": "不得", "严禁": "不得", "不准": "不得", "不许": "不得", "不可以": "不得", "不可": "不得", "不能": "不得", "无权": "不得",
	"应当": "应当", "必须": "应当", "务必": "应当", "须": "应当",
	"可以": "可以", "有权": "可以", "允许": "可以", "可": "可以",
}

// factsOf reads the facts of a text.
func factsOf(seg *segment.Segmenter, text string) []fact {
	text = segment.Normalize(text)
	out := numbers(text)
	plain := innocent.ReplaceAllString(text, "　")
	for _, m := range modal.FindAllString(plain, -1) {
		class, ok := modalClass[m]
		if !ok {
			class = "应当" // 应予, 应由, …
		}
		out = append(out, fact{kind: "情态", key: class, as: m})
	}
	for _, m := range direction.FindAllString(text, -1) {
		out = append(out, fact{kind: "方向", key: sides[m], as: m})
	}
	for _, term := range seg.Terms(text) {
		switch {
		case strings.HasPrefix(term, "机关:"):
			out = append(out, fact{kind: "机关", key: term, as: strings.TrimPrefix(term, "机关:")})
		case strings.Contains(term, "〔"):
			out = append(out, fact{kind: "文号", key: term, as: term})
		case strings.HasPrefix(term, "《"):
			out = append(out, fact{kind: "文件", key: term, as: term})
		}
	}
	return out
}

func numbers(text string) []fact {
	var out []fact
	for _, m := range amount.FindAllStringSubmatchIndex(text, -1) {
		digits, unit := text[m[2]:m[3]], group(text, m, 3)
		arabic := digits[0] < 0x80
		if unit == "" && !arabic {
			continue
		}
		value, ok := number(digits, group(text, m, 2))
		if !ok {
			continue
		}
		vague := !arabic && value == 1 && indefinite[unit]
		as := strings.TrimSpace(text[m[0]:m[1]])
		if unit == "分之" { // 三分之二: the share, not the three
			if rest, ok := share(text[m[1]:]); ok {
				out = append(out, fact{kind: "数字", key: fmt.Sprintf("%s分之%d", value1(value), rest), as: as + segment.ChineseNumeral(rest)})
			}
			continue
		}
		out = append(out, fact{"数字", value1(value) + sameUnit(unit), as, vague})
		if side := direction.FindString(text[m[1]:]); side != "" && strings.HasPrefix(text[m[1]:], side) {
			out = append(out, fact{kind: "数字", key: value1(value) + sameUnit(unit) + sides[side], as: as + side}) // 五万元以下 is not 五万元以上
		}
	}
	return out
}

func group(text string, m []int, n int) string {
	if m[2*n] < 0 {
		return ""
	}
	return text[m[2*n]:m[2*n+1]]
}

// indefinite are the units of which 一 is no number.
var indefinite = map[string]bool{"种": true, "类": true, "项": true, "家": true, "人": true, "名": true, "件": true, "次": true, "份": true, "级": true, "期": true, "户": true}

func sameUnit(u string) string {
	switch u {
	case "天":
		return "日"
	case "工作日", "个工作日":
		return "工作日"
	case "个小时":
		return "小时"
	}
	return u
}

func number(digits, times string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.ReplaceAll(digits, ",", ""), 64)
	if err != nil {
		n, ok := segment.Numeral(digits)
		if !ok {
			return 0, false
		}
		v = float64(n)
	}
	switch times {
	case "万":
		v *= 1e4
	case "亿":
		v *= 1e8
	}
	return v, true
}

func share(rest string) (int, bool) {
	end := 0
	for i, r := range rest {
		if !strings.ContainsRune("〇零一二三四五六七八九十百千0123456789", r) {
			break
		}
		end = i + len(string(r))
	}
	return segment.Numeral(rest[:end])
}

func value1(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// polarity is how often a stretch of text denies, without words that only look so.
func polarity(text string) int {
	return len(negation.FindAllString(innocent.ReplaceAllString(segment.Normalize(text), "　"), -1))
}

// spelled writes the amounts of a text in one spelling, so that 十万元 and
// 10万元 count as the same words where two clauses are compared.
func spelled(text string) string {
	text = segment.Normalize(text)
	return amount.ReplaceAllStringFunc(text, func(m string) string {
		if facts := numbers(m); len(facts) > 0 {
			return facts[0].key
		}
		return m
	})
}
