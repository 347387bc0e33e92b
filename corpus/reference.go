package corpus

import (
	"regexp"
	"slices"
	"sort"
	"strings"

	"advisor/corpus/format"
	"advisor/segment"
)

// Reference is a place where a text names a provision: 本办法第十条, 《甲》第三条
// 第二款, 前款. It is kept with the words it stands in and the place it means;
// which version that is depends on the day and is looked up then.
type Reference struct {
	Provision  int    // Ord of the provision it stands in, -1 outside
	Start, End int    // its words, byte offsets into the text
	Name       string // LookupName of the document meant; "" is the text itself
	Label      string // 第十条第二款第（三）项
	Article    string // 第十条
}

// readReferences finds the references of all lines.
func (c *cutter) readReferences() []Reference {
	r := referenceReader{cutter: c}
	for i := 0; i < len(c.lines); {
		at := c.lines[i].provision
		from := i
		for i < len(c.lines) && c.lines[i].provision == at {
			i++
		}
		r.stretch(at, c.lines[from:i])
	}
	sort.Slice(r.found, func(a, b int) bool { return r.found[a].Start < r.found[b].Start })
	return slices.CompactFunc(r.found, func(a, b Reference) bool { return a.Start == b.Start })
}

type referenceReader struct {
	*cutter
	names map[string]bool // the documents that the text names in book marks
	found []Reference
}

// stretch reads the lines of one provision, or those between two.
func (r *referenceReader) stretch(provision int, lines []line) {
	var spans []span
	for i, l := range lines {
		s := r.of(l)
		if l.contents || !strings.Contains(s, "第") && !strings.Contains(s, "前") && !strings.Contains(s, "本条") {
			continue
		}
		skip := 0 // the line's own 第十条 is no reference
		if l.opens != nil {
			skip = l.mark.end
		}
		r.places(provision, l.start+skip, s[skip:])
		if provision < 0 {
			continue
		}
		if spans == nil {
			spans, _ = addresses(r.text, lines)
		}
		r.relative(provision, l.start+skip, s[skip:], spans[i].para)
	}
}

// places finds 第十条 and its like.
func (r *referenceReader) places(provision, at int, s string) {
	if !strings.Contains(s, "条") {
		return
	}
	last := ""
	for _, ref := range segment.ParseProvision(s) {
		if ref.Article == 0 {
			continue
		}
		name := ref.Title
		if name != "" {
			name = LookupName(r.known(name))
		} else if goesOn(s[:ref.Start]) {
			name = last
		}
		last = name
		if name == LookupName(r.header.Title) {
			name = ""
		}
		if name == "" && !r.has(segment.Ref{Article: ref.Article, ArticleSub: ref.ArticleSub}.Label()) {
			continue
		}
		r.found = append(r.found, Reference{Provision: provision, Start: at + ref.Start, End: at + ref.End, Name: name, Label: ref.Label(),
			Article: segment.Ref{Article: ref.Article, ArticleSub: ref.ArticleSub}.Label()})
	}
}

// goesOn: 《甲》第三条、第五条 — the second place is the first one's text too. The
// parser knows a plain list; 第三条第一款或者第五条所列 is for us.
func goesOn(before string) bool {
	for _, word := range []string{"本法", "本条例", "本办法", "本规定", "本细则", "本解释", "本决定"} {
		if strings.HasSuffix(before, word) {
			return false
		}
	}
	return hasAnySuffix(before, "、", "和", "或者", "或", "以及", "及", "至", "与")
}

func hasAnySuffix(s string, ends ...string) bool {
	return slices.ContainsFunc(ends, func(e string) bool { return strings.HasSuffix(s, e) })
}

// known is the name of a document within words that run together without book
// marks: 实施刑法 is 刑法, when the text names 《刑法》 elsewhere.
func (r *referenceReader) known(name string) string {
	if r.names == nil {
		r.names = map[string]bool{}
		for _, l := range r.lines {
			if l.end-l.start > 20000 || !strings.Contains(r.of(l), "《") && !strings.Contains(r.of(l), "简称") {
				continue
			}
			for _, n := range namesIn(r.of(l)) {
				r.names[bareName(n.name)] = true
			}
			for _, m := range shortened.FindAllStringSubmatch(r.of(l), 9) {
				r.names[m[1]] = true
			}
		}
	}
	bare := bareName(name)
	if r.names[bare] {
		return bare
	}
	for i := range bare {
		if i > 0 && r.names[bare[i:]] {
			return bare[i:]
		}
	}
	for _, lead := range []string{"实施", "适用", "构成", "属于", "触犯", "修改", "以及", "或者", "对于", "有关", "关于", "依", "按", "与", "和", "将", "对", "由", "在", "经", "以"} {
		bare = strings.TrimPrefix(bare, lead)
	}
	return bare
}

var shortened = regexp.MustCompile(`简称[“"《]?([\p{Han}]{2,20}?)[”"》）)]`)

// has says whether the text has such an article: a law cited by its number
// alone, 第三百四十条, in a text of ten articles means another one.
func (r *referenceReader) has(label string) bool {
	return slices.ContainsFunc(r.provisions, func(p Provision) bool { return p.Label == label })
}

var relativeForm = regexp.MustCompile(`(前|上|本)(两|二|三|四)?(款|条)(第[一二三四五六七八九十]{1,3}款)?(第[（(][一二三四五六七八九十]{1,3}[)）]项)?`)

// relative finds 前款, 前两款, 前条第二款, 本条第一款.
func (r *referenceReader) relative(provision, at int, s string, para int) {
	if !strings.ContainsAny(s, "前上本") {
		return
	}
	here := r.provisions[provision]
	for _, m := range relativeForm.FindAllStringSubmatchIndex(s, -1) {
		part := func(n int) string {
			if m[2*n] < 0 {
				return ""
			}
			return s[m[2*n]:m[2*n+1]]
		}
		article, rest := here.Label, part(4)+part(5)
		switch {
		case part(3) == "款" && part(1) == "本", part(3) == "条" && part(1) == "本" && rest == "":
			continue
		case part(3) == "款":
			back := map[string]int{"": 1, "两": 2, "二": 2, "三": 3, "四": 4}[part(2)]
			if para-back < 1 {
				continue
			}
			rest = "第" + format.Chinese(para-back) + "款" + part(5)
		case part(1) != "本":
			back := map[string]int{"": 1, "两": 2, "二": 2, "三": 3, "四": 4}[part(2)]
			if provision-back < 0 {
				continue
			}
			article = r.provisions[provision-back].Label
		}
		r.found = append(r.found, Reference{Provision: provision, Start: at + m[0], End: at + m[1], Label: article + rest, Article: article})
	}
}
