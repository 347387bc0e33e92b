package retrieval

import (
	"hash/fnv"
	"strconv"
	"strings"

	"advisor/segment"
)

// A provision can be looked up by the name of its law and its place in it.
// Such a name is a term of its own in the index, "§民法典#100", which no text
// contains: an exact look-up is one more posting list.

// aliases are short names that are not a part of the full one.
var aliases = map[string]string{
	"民诉法": "民事诉讼法", "刑诉法": "刑事诉讼法", "行诉法": "行政诉讼法",
	"土管法": "土地管理法", "治安法": "治安管理处罚法", "消法": "消费者权益保护法",
	"消保法": "消费者权益保护法", "招投标法": "招标投标法", "政采法": "政府采购法",
	"个保法": "个人信息保护法", "数安法": "数据安全法", "网安法": "网络安全法",
	"信息公开条例": "政府信息公开条例", "未保法": "未成年人保护法", "国赔法": "国家赔偿法",
	"道交法": "道路交通安全法", "环保法": "环境保护法", "村组法": "村民委员会组织法",
}

// shortTitle is what people call a law: without book marks, the country's name
// in front and a bracketed remark behind.
func shortTitle(title string) string {
	t := strings.Map(func(r rune) rune {
		switch r {
		case '《', '》', '〈', '〉', ' ', '\t', '\n', '"', '“', '”':
			return -1
		}
		return r
	}, segment.Normalize(title))
	for strings.HasSuffix(t, ")") {
		i := strings.LastIndex(t, "(")
		// 解释(一) is another document than 解释(二): a number is no remark.
		if i <= 0 || numbered(t[i+1:len(t)-1]) {
			break
		}
		t = t[:i]
	}
	return strings.TrimPrefix(t, "中华人民共和国")
}

func numbered(s string) bool {
	_, ok := segment.Numeral(s)
	return ok
}

// provisionName is the index term of a place; detail adds paragraph and item.
func provisionName(title string, r segment.Ref, detail bool) string {
	s := "§" + title + "#" + strconv.Itoa(r.Article)
	if r.ArticleSub > 0 {
		s += "-" + strconv.Itoa(r.ArticleSub)
	}
	if detail && (r.Paragraph > 0 || r.Item > 0) {
		s += "." + strconv.Itoa(r.Paragraph) + "." + strconv.Itoa(r.Item)
	}
	return s
}

// namesOf gives the terms under which a passage can be looked up. Evaluation
// sets carry the article in the title; then the title is read instead of the label.
func namesOf(title, label string) []string {
	r, ok := place(label)
	if !ok {
		at := 0
		if r, at, ok = placeAtEnd(title); !ok {
			return nil
		}
		title = title[:at]
	}
	var names []string
	for _, t := range append(amendment(title), shortTitle(title)) {
		names = append(names, provisionName(t, r, false))
		if r.Paragraph > 0 || r.Item > 0 {
			names = append(names, provisionName(t, r, true))
		}
	}
	return names
}

// headings gives the terms by which a question means this document: its title
// in book marks, its number, and the offices that issued it. They count like
// words of the text, but add nothing to its length.
func (x *lexis) headings(r row) []string {
	out := []string{"《" + segment.Title(shortTitle(r.title)) + "》"}
	for _, t := range x.cutter.Terms(r.number) {
		if strings.Contains(t, "〔") {
			out = append(out, t)
		}
	}
	for _, t := range x.cutter.Terms(r.issuer) {
		if strings.HasPrefix(t, "机关:") {
			out = append(out, t)
		}
	}
	return out
}

// amendment gives the names of one of several amendments to a law, which only
// the year in brackets tells apart: 宪法修正案2004年, and without the law's name.
func amendment(title string) []string {
	law, year, ok := strings.Cut(segment.Normalize(title), "修正案(")
	if year, isYear := strings.CutSuffix(year, "年)"); ok && isYear && len(year) == 4 {
		short := "修正案" + year + "年"
		return []string{shortTitle(law) + short, short}
	}
	return nil
}

// place reads a text that is a place and nothing else: 第十条第二款.
func place(text string) (segment.Ref, bool) {
	if !strings.HasPrefix(text, "第") {
		return segment.Ref{}, false
	}
	refs := segment.ParseProvision(text)
	if len(refs) != 1 || refs[0].Article == 0 || refs[0].Start != 0 || refs[0].End != len(text) {
		return segment.Ref{}, false
	}
	return refs[0], true
}

// placeAtEnd reads a text that ends in a place, which begins at the given byte.
func placeAtEnd(text string) (r segment.Ref, at int, ok bool) {
	for i := range text {
		if i > 0 && strings.HasPrefix(text[i:], "第") {
			if r, ok := place(text[i:]); ok {
				return r, i, true
			}
		}
	}
	return segment.Ref{}, 0, false
}

// named is a place that the question names, with the terms to look it up: the
// full place first, then its article.
type named struct {
	title string
	terms []uint64
}

// resolve finds the provisions that a question names. A title written without
// book marks may have swallowed words before it (请问劳动合同法第十条): its
// longest end that is a title in the index counts.
func (v *view) resolve(text string, f *filter) []named {
	var out []named
	last := ""
	for _, r := range segment.ParseProvision(text) {
		if r.Article == 0 {
			if r.Title != "" {
				last = shortTitle(r.Title)
			}
			continue
		}
		title := shortTitle(r.Title)
		if title == "" {
			title = last // 《民法典》第一百条和第一百零一条
		}
		for _, t := range endings(title) {
			if full, ok := aliases[t]; ok {
				t = full
			}
			article := hashTerm(provisionName(t, r, false))
			if !v.has(article, f) {
				continue
			}
			n := named{title: t, terms: []uint64{article}}
			if detail := hashTerm(provisionName(t, r, true)); detail != article && v.has(detail, f) {
				n.terms = []uint64{detail, article}
			}
			out, last = append(out, n), t
			break
		}
	}
	return out
}

// endings gives a title and what is left when characters are taken off its front.
func endings(title string) []string {
	var out []string
	for i := range title {
		if len(title)-i >= len("宪法") {
			out = append(out, title[i:])
		}
	}
	return out
}

func (v *view) has(hash uint64, f *filter) bool { return len(v.passages(hash, f)) > 0 }

// passages gives the visible passages that carry a term.
func (v *view) passages(hash uint64, f *filter) []found {
	var out []found
	for p, x := range v.parts {
		from, to := x.find(hash)
		for _, l := range x.low[from:to] {
			if f.tiers[p][l] != hidden {
				out = append(out, found{part: p, local: int(l), id: x.ids[l]})
			}
		}
	}
	return out
}

// labelHash tells apart the passages of a document so that the same place in
// two versions is recognised: by label, or by text where there is none.
func labelHash(label, text string) uint32 {
	h := fnv.New32a()
	if label == "" {
		label = text
	}
	_, _ = h.Write([]byte(label))
	return h.Sum32()
}
