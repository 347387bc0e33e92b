package corpus

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// What one version does to another document.
const (
	Repeals = "repeals"
	Amends  = "amends"
	Basis   = "basis" // it was made under the other: 根据《甲》，制定本办法
)

// Relation is what a text says it does to another document: the closing clause
// …同时废止, the list of a decision, 关于修改《…》的决定. It is read, so it may be
// wrong: Confidence says how plainly the text speaks, and below Certain nothing
// follows from it until a person confirms it.
type Relation struct {
	Verb       string
	Title      string // the other document's name, as written
	Number     string // its 文号, where the text gives it
	Dates      []Date // the days on which, the text says, it was made or changed
	Part       bool   // only some of its provisions are meant
	On         Date   // when it takes effect; empty: when the text itself does
	Start, End int    // where the text says so
	Confidence float64
	ID         int64  // in the database
	State      string // there: read, confirmed, refused
}

// Certain is the least confidence at which a relation counts without a person.
const Certain = 0.8

// Name is the name under which the other document is looked up.
func (r Relation) Name() string { return LookupName(r.Title) }

var (
	ends     = regexp.MustCompile(`(同时|即行|自行|相应|一并|予以|自动|立即|均|即|也|亦|便|全部|现行|统一)?(废止|失效|停止执行|停止施行|停止使用|不再执行|不再适用|不再施行)`)
	endsList = regexp.MustCompile(`(废止|失效|停止执行)[^。；]{0,40}[：:]$`)
	hedged   = regexp.MustCompile(`不一致|相抵触|抵触的|有关规定|其他规定|不再适用于|应当|可以|要求|请求|申请|裁定|决定停止|有下列|情形|需要|或者废止|修改、废止|废止、修改|拟订|建议|未被|尚未|没有|不得|期间|自行废止|如果|失效后|废止后|废止前|失效前|废止的|失效的|已废止|已经废止|被废止|有效期|清理`)
	placed   = regexp.MustCompile(`^\s*(?:（[^（）]{0,40}）|\([^()]{0,40}\))?(?:中的?|的)?(?:关于|有关)?[^，。；《》]{0,8}?第[〇零一二三四五六七八九十百千\d]+(?:条|款|项|章)`)
	inside   = regexp.MustCompile(`^\s*(?:（[^（）]{0,40}）|\([^()]{0,40}\))?(?:中|里)`)
	changing = regexp.MustCompile(`关于(?:修改|修正|修订)(?:和废止)?[〈《]`)
	repealed = regexp.MustCompile(`关于(?:废止|宣布失效|宣布废止)`)
	bracket  = regexp.MustCompile(`^\s*[（(]([^（()）]{4,60})[)）]`)
)

// readRelations reads what the text does to other documents. Cases, minutes and
// reports tell of such acts, they perform none.
func (c *cutter) readRelations() []Relation {
	switch c.header.Kind {
	case Law, Official:
	default:
		return nil
	}
	r := relationReader{cutter: c, seen: map[string]int{}}
	r.fromTitle()
	r.basis()
	for i := 0; i < len(c.lines); i++ {
		l := c.lines[i]
		if l.contents || l.end-l.start > 6000 {
			continue
		}
		i = r.line(i)
	}
	return r.found
}

type relationReader struct {
	*cutter
	found []Relation
	seen  map[string]int
}

func (r *relationReader) add(x Relation) {
	name := x.Name()
	if utf8.RuneCountInString(name) < 3 || name == LookupName(r.header.Title) && x.Verb != Repeals {
		return
	}
	key := x.Verb + "|" + name + "|" + squeeze(x.Number)
	if at, ok := r.seen[key]; ok {
		if x.Confidence > r.found[at].Confidence && !(x.Part && !r.found[at].Part) {
			r.found[at] = x
		}
		return
	}
	r.seen[key] = len(r.found)
	r.found = append(r.found, x)
}

// fromTitle reads 关于修改《甲》的决定, 关于废止《甲》的决定 and 甲修正案（二）.
func (r *relationReader) fromTitle() {
	title := strings.NewReplacer("〈", "《", "〉", "》").Replace(r.header.Title)
	verb := ""
	switch {
	case changing.MatchString(r.header.Title):
		verb = Amends
	case repealed.MatchString(title):
		verb = Repeals
	}
	if verb != "" {
		for _, n := range namesIn(title) {
			r.add(Relation{Verb: verb, Title: n.name, Start: 0, End: 0, Confidence: 0.95})
		}
	}
	if verb == Amends || strings.HasSuffix(title, "的决定") && strings.Contains(title, "修改") {
		r.changedItems()
	}
	if before, _, ok := strings.Cut(title, "修正案"); ok && before != "" && !strings.Contains(title, "《") && strings.HasSuffix(before, "法") {
		r.add(Relation{Verb: Amends, Title: before, Confidence: 0.95})
	}
}

var changedItem = regexp.MustCompile(`^(?:将|对|修改)?《`)

// changedItems reads a decision that changes several texts, one an item:
// 一、将《甲》第十条修改为….
func (r *relationReader) changedItems() {
	for _, l := range r.lines {
		if l.mark.unit != "一、" && l.mark.unit != "（一）" || l.end-l.start > 2000 || !changedItem.MatchString(r.after(l)) {
			continue
		}
		if names := namesIn(r.of(l)); len(names) > 0 && !hasAny(r.of(l), "废止", "失效") {
			r.add(Relation{Verb: Amends, Title: names[0].name, Start: l.start, End: l.end, Confidence: 0.85})
		}
	}
}

var (
	under   = regexp.MustCompile(`(?:根据|依据|依照|按照)[^。；]*?《`)
	applies = regexp.MustCompile(`(?:适用|实施|贯彻|执行|在民事审判工作中适用)[〈《]([^〉》]+)[〉》]`)
)

// basis reads what the text was made under, in its first lines and in its name.
func (r *relationReader) basis() {
	for _, m := range applies.FindAllStringSubmatch(r.header.Title, 3) {
		r.add(Relation{Verb: Basis, Title: m[1], Confidence: 0.9})
	}
	for i, l := range r.lines[:min(len(r.lines), 30)] {
		s := r.of(l)
		at := under.FindStringIndex(s)
		if at == nil || i > 0 && l.mark.unit == "条" && l.mark.n > 1 {
			continue
		}
		for _, sp := range sentenceSpans(s) {
			if part := s[sp[0]:sp[1]]; under.MatchString(part) && hasAny(part, "制定", "解释", "如下", "决定", "通知", "意见", "批复", "结合") {
				for _, n := range namesIn(part) {
					r.add(Relation{Verb: Basis, Title: n.name, Start: l.start + sp[0], End: l.start + sp[1], Confidence: 0.9})
				}
				return
			}
		}
	}
}

// line reads the relations of line i, and of the list it introduces; it gives
// the last line read.
func (r *relationReader) line(i int) int {
	l := r.lines[i]
	s := r.of(l)
	if !hasAny(s, "废止", "失效", "停止执行", "停止施行", "停止使用", "不再执行", "不再适用", "不再施行") {
		return i
	}
	if endsList.MatchString(s) && !hasAny(s, "情形", "应当", "条件", "不得") {
		return r.list(i)
	}
	for _, at := range sentenceSpans(s) {
		r.sentence(l, s[at[0]:at[1]], l.start+at[0])
	}
	return i
}

// list reads the items after 下列文件予以废止：.
func (r *relationReader) list(i int) int {
	on := r.starts(r.of(r.lines[i]), r.lines[i].start)
	first := mark{}
	last := i
	for j := i + 1; j < len(r.lines) && j < i+800; j++ {
		l := r.lines[j]
		s := r.of(l)
		if l.mark.unit == "" || l.mark.unit == "条" || l.mark.unit == "章" || first.unit != "" && l.mark.unit != first.unit {
			break
		}
		if first.unit == "" {
			first = l.mark
		}
		names := namesIn(s)
		if len(names) == 0 { // 1. 云川市停车管理办法（云政发〔2010〕2号）
			name, _, _ := strings.Cut(strings.NewReplacer("(", "（").Replace(r.after(l)), "（")
			if nameEnds.MatchString(strings.TrimRight(name, "。；，")) {
				names = []named{{name: strings.TrimRight(name, "。；，"), end: l.mark.rest + len(name)}}
			}
		}
		for _, n := range names[:min(1, len(names))] {
			x := Relation{Verb: Repeals, Title: n.name, On: on, Start: l.start, End: l.end, Confidence: 0.95,
				Number: numberAfter(s[min(n.end, len(s)):]), Dates: datesIn(s[:n.start]), Part: partial(s[min(n.end, len(s)):])}
			r.add(x)
		}
		last = j
	}
	return last
}

// sentence reads one sentence: names before the verb are its objects.
func (r *relationReader) sentence(l line, s string, at int) {
	verbs := ends.FindAllStringIndex(s, -1)
	if len(verbs) == 0 {
		return
	}
	names := namesIn(s)
	from := 0
	for _, v := range verbs {
		verb := s[v[0]:v[1]]
		var objects []named
		for _, n := range names {
			if n.start >= from && n.end <= v[0] {
				objects = append(objects, n)
			}
		}
		if len(objects) == 0 {
			objects = bareObject(s[from:v[0]], from)
		}
		between := s[from:v[0]]
		if len(objects) > 0 {
			between = s[objects[len(objects)-1].end:v[0]]
		}
		rest := s[v[1]:]
		from = v[1]
		if len(objects) == 0 || hasAnyPrefix(rest, []string{"的", "前", "后", "时", "程序", "、", "或", "和", "情况", "日期"}) {
			continue
		}
		confidence := 0.9
		if !strings.HasPrefix(verb, "同时") {
			confidence = 0.85
		}
		if strings.Contains(verb, "停止执行") || strings.Contains(verb, "不再") {
			confidence -= 0.1
		}
		if hedged.MatchString(between) && !strings.HasPrefix(verb, "同时") {
			continue // 依照《甲》规定的程序，请求宣告股票失效
		}
		if hedged.MatchString(between) || utf8.RuneCountInString(between) > 60 {
			confidence -= 0.4
		}
		if c := r.header.Kind; c == Official && !hasAny(s, "同时", "本通知", "本意见", "本办法", "自", "起") {
			confidence -= 0.1
		}
		on := r.starts(s, at)
		for i, n := range objects {
			since := 0
			if i > 0 {
				since = objects[i-1].end
			}
			until := v[0]
			if i+1 < len(objects) {
				until = objects[i+1].start
			}
			after := s[n.end:until]
			x := Relation{Verb: Repeals, Title: n.name, On: on, Start: at, End: at + len(s), Confidence: confidence,
				Number: numberAfter(after), Dates: datesIn(s[since:n.start]), Part: partial(after)}
			if x.Number == "" {
				x.Number = docNumber([]string{squeeze(s[since:n.start])})
			}
			if n.bare {
				x.Confidence = min(x.Confidence, 0.8)
			}
			r.add(x)
		}
	}
}

// partial says, from what follows a name, that only a part of it is meant.
func partial(after string) bool {
	return placed.MatchString(after) || inside.MatchString(after) || strings.Contains(after, "部分") || strings.Contains(after, "有关") && strings.Contains(after, "规定")
}

// starts is the day a clause names for itself: the amended text of a rule still
// ends with the clause of its first version.
func (r *relationReader) starts(s string, at int) Date {
	if m := startsFrom.FindStringSubmatch(s); m != nil {
		return dateOf(m[1:4])
	}
	// 第二十条 本办法自…起施行。《甲》同时废止。
	begin := strings.LastIndexByte(r.text[:at], '\n') + 1
	end := at + len(s)
	if m := startsFrom.FindStringSubmatch(r.text[begin:end]); m != nil {
		return dateOf(m[1:4])
	}
	return ""
}

// sentenceSpans cuts a line after 。 and ；, but not inside 《》.
func sentenceSpans(s string) (out [][2]int) {
	depth, from := 0, 0
	for i, c := range s {
		switch c {
		case '《':
			depth++
		case '》':
			depth = max(0, depth-1)
		case '。', '；', ';':
			if depth == 0 {
				out = append(out, [2]int{from, i})
				from = i + utf8.RuneLen(c)
			}
		}
	}
	if from < len(s) {
		out = append(out, [2]int{from, len(s)})
	}
	return out
}

// named is a document's name within a sentence, book marks included.
type named struct {
	name       string
	start, end int
	bare       bool // without book marks
}

// namesIn finds the names between outermost book marks.
func namesIn(s string) (out []named) {
	depth, from := 0, 0
	for i, c := range s {
		switch c {
		case '《':
			if depth == 0 {
				from = i
			}
			depth++
		case '》':
			if depth == 0 {
				continue
			}
			if depth--; depth == 0 {
				name := s[from+len("《") : i]
				end := i + len("》")
				if m := bracket.FindStringSubmatch(s[end:]); m != nil && !strings.Contains(name, "试行") && hasAny(m[1], "试行", "暂行") {
					name += "（" + m[1] + "）"
				}
				out = append(out, named{name: name, start: from, end: end})
			}
		}
	}
	return out
}

var madeName = regexp.MustCompile(`(?:公布|发布|颁布|通过|颁发|批准|印发|制定)的([\p{Han}]{3,40}?(?:条例|规定|办法|细则|规则|决定|通知|法))$`)

// bareObject finds …公布的某某条例 written without book marks, right before the verb.
func bareObject(s string, at int) []named {
	trimmed := strings.TrimRight(s, "，, 　")
	m := madeName.FindStringSubmatchIndex(trimmed)
	if m == nil {
		return nil
	}
	return []named{{name: trimmed[m[2]:m[3]], start: at + m[2], end: at + m[3], bare: true}}
}

func numberAfter(s string) string {
	if m := bracket.FindStringSubmatch(s); m != nil {
		return docNumber([]string{squeeze(m[1])})
	}
	return ""
}

func datesIn(s string) (out []Date) {
	for _, m := range day.FindAllStringSubmatch(s, 6) {
		if d := dateOf(m[1:4]); d != "" {
			out = append(out, d)
		}
	}
	return out
}
