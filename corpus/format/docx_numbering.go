package format

import (
	"context"
	"encoding/xml"
	"strconv"
	"strings"
)

// numbering gives the numbers that Word writes itself: 第一条, 一、, （一）, 1.
// Lists that share an abstract definition go on counting together, as in Word.
type numbering struct {
	lists  map[string]*list // by abstractNumId
	nums   map[string]*num  // by numId
	counts map[string][]int // by abstractNumId, the last number of each level
}

type list struct{ levels [9]listLevel }

type listLevel struct {
	start  int
	format string // numFmt
	text   string // lvlText: 第%1条
	legal  bool   // isLgl: every number in Arabic digits
	suffix string
}

type num struct {
	list   string
	starts map[int]int // lvlOverride/startOverride, used once
}

func readNumbering(ctx context.Context, p *pack) (*numbering, error) {
	n := &numbering{lists: map[string]*list{}, nums: map[string]*num{}, counts: map[string][]int{}}
	var open struct {
		list  *list
		num   *num
		level int
	}
	for tok, err := range p.tokens(ctx, "word/numbering.xml") {
		if err != nil {
			return n, err
		}
		t, ok := tok.(xml.StartElement)
		if !ok || len(n.lists)+len(n.nums) > 20_000 {
			continue
		}
		value := attr(t, "val")
		switch t.Name.Local {
		case "abstractNum":
			open.list, open.num = &list{}, nil
			n.lists[attr(t, "abstractNumId")] = open.list
		case "num":
			open.num, open.list = &num{starts: map[int]int{}}, nil
			n.nums[attr(t, "numId")] = open.num
		case "abstractNumId":
			if open.num != nil {
				open.num.list = value
			}
		case "lvl", "lvlOverride":
			open.level = min(small(attr(t, "ilvl")), 8)
		case "startOverride":
			if open.num != nil {
				open.num.starts[open.level] = small(value)
			}
		default:
			if open.list != nil {
				open.list.levels[open.level].property(t, value)
			}
		}
	}
	return n, nil
}

func (l *listLevel) property(t xml.StartElement, value string) {
	switch t.Name.Local {
	case "start":
		l.start = small(value)
	case "numFmt":
		l.format = value
	case "lvlText":
		l.text = value
	case "isLgl":
		l.legal = on(t)
	case "suff":
		l.suffix = value
	}
}

// next counts one paragraph of a list and gives the number Word shows before it.
func (n *numbering) next(id string, level int) string {
	use := n.nums[id]
	if id == "" || id == "0" || use == nil || n.lists[use.list] == nil || level > 8 {
		return ""
	}
	l := n.lists[use.list]
	counts := n.counts[use.list]
	if counts == nil {
		counts = make([]int, 9)
		for i := range counts {
			counts[i] = l.levels[i].start - 1
		}
		n.counts[use.list] = counts
	}
	if start, ok := use.starts[level]; ok {
		counts[level] = start - 1
		delete(use.starts, level)
	}
	counts[level]++
	for i := level + 1; i < 9; i++ {
		counts[i] = l.levels[i].start - 1
	}
	return l.show(counts, level)
}

func (l *list) show(counts []int, level int) string {
	at := l.levels[level]
	if at.format == "bullet" || at.format == "none" || at.text == "" {
		return ""
	}
	text := at.text
	for i := 0; i <= level; i++ {
		form := l.levels[i].format
		if at.legal {
			form = "decimal"
		}
		count := counts[i]
		if i < level && count < l.levels[i].start {
			count = l.levels[i].start
		}
		text = strings.ReplaceAll(text, "%"+strconv.Itoa(i+1), numeral(form, count))
	}
	if at.suffix == "nothing" {
		return text
	}
	return text + " "
}

// numeral writes a number as numFmt says.
func numeral(form string, n int) string {
	switch form {
	case "chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting", "taiwaneseCountingThousand", "koreanCounting":
		return Chinese(n)
	case "chineseLegalSimplified", "ideographLegalTraditional":
		return chinese(n, []rune("零壹贰叁肆伍陆柒捌玖"), []string{"", "拾", "佰", "仟"})
	case "ideographDigital", "japaneseDigitalTenThousand", "taiwaneseDigital":
		return digits(n, []rune("〇一二三四五六七八九"))
	case "ideographTraditional":
		return nth(n, "甲乙丙丁戊己庚辛壬癸")
	case "decimalFullWidth", "decimalFullWidth2":
		return digits(n, []rune("０１２３４５６７８９"))
	case "decimalEnclosedCircle", "decimalEnclosedCircleChinese":
		return nth(n, "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳")
	case "ideographEnclosedCircle":
		return nth(n, "㊀㊁㊂㊃㊄㊅㊆㊇㊈㊉")
	case "upperLetter":
		return nth(n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	case "lowerLetter":
		return nth(n, "abcdefghijklmnopqrstuvwxyz")
	case "upperRoman":
		return roman(n)
	case "lowerRoman":
		return strings.ToLower(roman(n))
	case "decimalZero":
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
	}
	return strconv.Itoa(n)
}

// Chinese writes a whole number as official texts do: 一百零一, 十二.
func Chinese(n int) string {
	return chinese(n, []rune("零一二三四五六七八九"), []string{"", "十", "百", "千"})
}

// chinese writes a number below ten thousand the way people count: 一百零一, 十二.
func chinese(n int, digit []rune, unit []string) string {
	if n <= 0 || n > 9999 {
		return strconv.Itoa(n)
	}
	var b strings.Builder
	zero := false
	for i, pow := 3, 1000; i >= 0; i, pow = i-1, pow/10 {
		d := n / pow % 10
		if d == 0 {
			zero = b.Len() > 0
			continue
		}
		if zero {
			b.WriteRune(digit[0])
			zero = false
		}
		if b.Len() > 0 || i != 1 || d != 1 { // 十二, not 一十二
			b.WriteRune(digit[d])
		}
		b.WriteString(unit[i])
	}
	return b.String()
}

func digits(n int, digit []rune) string {
	var b strings.Builder
	for _, r := range strconv.Itoa(n) {
		if r >= '0' && r <= '9' {
			b.WriteRune(digit[r-'0'])
		}
	}
	return b.String()
}

func nth(n int, marks string) string {
	if m := []rune(marks); n >= 1 && n <= len(m) {
		return string(m[n-1])
	}
	return strconv.Itoa(n)
}

func roman(n int) string {
	if n <= 0 || n > 3999 {
		return strconv.Itoa(n)
	}
	var b strings.Builder
	for _, step := range []struct {
		value int
		mark  string
	}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for ; n >= step.value; n -= step.value {
			b.WriteString(step.mark)
		}
	}
	return b.String()
}
