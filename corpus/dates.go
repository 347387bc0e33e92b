package corpus

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

const dayForm = `([12]\d{3}|[１２][０-９]{3}|[一二][一二三四五六七八九〇○零]{3})\s*[年.-]\s*([01]?\d|[０１]?[０-９]|[一二三四五六七八九十]{1,2})\s*[月.-]\s*([0-3]?\d|[０-３]?[０-９]|[一二三四五六七八九十]{1,3})\s*日?`

var (
	day        = regexp.MustCompile(dayForm)
	startsFrom = regexp.MustCompile(`自?` + dayForm + `(?:零时)?起(?:正式)?(?:施行|实施|执行|生效|试行)`)
	startsNow  = regexp.MustCompile(`自(?:公布|发布|印发|颁布|下发|发文|公告)之日起(?:正式)?(?:施行|实施|执行|生效|试行)`)
	startsIn   = regexp.MustCompile(`自(?:公布|发布|印发)之日起(?:满)?([0-9一二三四五六七八九十]{1,3})(日|个月)后?(?:起)?(?:施行|实施)`)
	validUntil = regexp.MustCompile(`有效期(?:至|到|截至|截止到?)` + dayForm)
	validFor   = regexp.MustCompile(`有效期(?:为|限为)?\s*([0-9一二三四五六七八九十]{1,2})\s*年`)
)

// dated says whether a line has a date.
func dated(s string) bool { return len(s) < 1200 && day.MatchString(s) }

// dateOf reads one match of dayForm's three groups.
func dateOf(m []string) Date {
	year := 0
	for _, r := range m[0] {
		year = year*10 + max(digit(r), 0)
	}
	month, _ := readNumeral(m[1], 0)
	dayOf, _ := readNumeral(m[2], 0)
	d, err := ParseDate(fmt.Sprintf("%04d-%02d-%02d", year, month, dayOf))
	if err != nil {
		return ""
	}
	return d
}

// leadingDate reads a date at the start of a line, and gives what follows it.
func leadingDate(s string) (Date, string) {
	at := day.FindStringSubmatchIndex(s)
	if at == nil || at[0] != 0 {
		return "", s
	}
	return dateOf(day.FindStringSubmatch(s)[1:4]), s[at[1]:]
}

// issued is the latest date that the notes under the title give for an act of
// making it (题注), else a date the page states, else the one it is signed with.
func (r headerReader) issued(top, tail []string) Date {
	var last Date
	for _, s := range top {
		if !hasAny(s, "通过", "公布", "发布", "修正", "修订", "批准", "印发", "成文", "修改") {
			continue
		}
		for _, m := range day.FindAllStringSubmatchIndex(s, -1) {
			d := dateOf([]string{s[m[2]:m[3]], s[m[4]:m[5]], s[m[6]:m[7]]})
			if d > last && !bounds(s[:m[0]], strings.TrimSpace(s[m[1]:])) {
				last = d
			}
		}
		if last != "" && hasAny(s, "成文日期") {
			return dateOf(day.FindStringSubmatch(s[strings.Index(s, "成文日期"):])[1:4])
		}
	}
	if last != "" {
		return last
	}
	for i := len(tail) - 1; i >= 0; i-- {
		if d, rest := leadingDate(squeeze(tail[i])); d != "" && (rest == "" || hasAny(rest, "印发")) {
			return d
		}
	}
	for _, s := range top {
		if d, rest := leadingDate(squeeze(s)); d != "" && rest == "" {
			return d
		}
	}
	return ""
}

// bounds says, from the words around a date, that it begins or ends validity.
func bounds(before, after string) bool {
	if hasAnyPrefix(after, []string{"起", "施行", "实施", "止", "届满"}) {
		return true
	}
	for _, word := range []string{"自", "至", "到", "截至", "截止", "有效期"} {
		if strings.HasSuffix(before, word) {
			return true
		}
	}
	return false
}

// effective reads the clause 自…起施行, of which the last counts, or the note
// under the title.
func (r headerReader) effective(top []string, issued Date) Date {
	for _, s := range top {
		if m := day.FindStringSubmatchIndex(s); m != nil && hasAnyPrefix(strings.TrimSpace(s[m[1]:]), []string{"施行", "起施行", "实施", "起实施"}) {
			return dateOf([]string{s[m[2]:m[3]], s[m[4]:m[5]], s[m[6]:m[7]]})
		}
	}
	for i := len(r.lines) - 1; i >= 0; i-- {
		s := r.of(r.lines[i])
		if !hasAny(s, "起施行", "起实施", "起执行", "起生效", "起正式", "起试行", "后施行", "后实施") {
			continue
		}
		if d := clause(s, issued); d != "" {
			return d
		}
	}
	return ""
}

func clause(s string, issued Date) Date {
	if m := startsFrom.FindStringSubmatch(s); m != nil {
		return dateOf(m[1:4])
	}
	if startsNow.MatchString(s) {
		return issued
	}
	if m := startsIn.FindStringSubmatch(s); m != nil {
		n, _ := readNumeral(m[1], 0)
		if m[2] == "日" {
			return issued.add(0, 0, n)
		}
		return issued.add(0, n, 0)
	}
	return ""
}

// expiry reads a term of validity: 有效期至2028年12月31日, 有效期5年.
func (r headerReader) expiry(effective Date) Date {
	for i := len(r.lines) - 1; i >= max(0, len(r.lines)-60); i-- {
		s := r.of(r.lines[i])
		if !strings.Contains(s, "有效期") || !hasAny(s, "施行", "实施", "执行", "印发", "本办法", "本规定", "本通知", "本细则", "本意见", "本方案") {
			continue
		}
		if m := validUntil.FindStringSubmatch(s); m != nil {
			return dateOf(m[1:4]).add(0, 0, 1)
		}
		if m := validFor.FindStringSubmatch(s); m != nil && hasAny(s, "起施行", "起实施", "起执行", "之日起", "文件有效期") {
			n, _ := readNumeral(m[1], 0)
			return effective.add(n, 0, 0)
		}
	}
	return ""
}

// add moves a known date.
func (d Date) add(years, months, days int) Date {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return ""
	}
	return Date(t.AddDate(years, months, days).Format(time.DateOnly))
}

func hasAny(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// Date is a calendar day in Asia/Shanghai written YYYY-MM-DD; empty is unknown.
// The written form orders as the days do, so dates compare as strings.
type Date string

// ParseDate reads YYYY-MM-DD, and refuses days that do not exist.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return "", nil
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", fmt.Errorf("日期 %q 应写成 2025-03-01 的样子", s)
	}
	return Date(s), nil
}

// Zone is Asia/Shanghai, which has kept UTC+8 all year since 1992.
var Zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// Today is the day at now in Asia/Shanghai.
func Today(now time.Time) Date {
	return Date(now.In(Zone).Format(time.DateOnly))
}

// The statuses of a version on a day.
const (
	InForce = "in_force"
	Ended   = "repealed"
	NotYet  = "not_yet"
	Unknown = "unknown"
)

// Status says whether a version with these dates is in force on a day. A
// version is in force from effective up to, not including, repealed.
func Status(effective, repealed, on Date) string {
	return Validity{Effective: effective, Repealed: repealed}.Status(on)
}

// Validity is when a version is in force. Over marks one that is known to be
// out of force without anyone saying since when.
type Validity struct {
	Effective, Repealed Date
	Over                bool
}

// Status says how the version stands on a day.
func (v Validity) Status(on Date) string {
	switch {
	case v.Repealed != "" && on >= v.Repealed, v.Over && v.Repealed == "":
		return Ended
	case v.Effective == "":
		return Unknown
	case on < v.Effective:
		return NotYet
	}
	return InForce
}
