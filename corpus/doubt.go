package corpus

import (
	"regexp"
	"slices"
	"strings"
)

// Doubt is why a person should look at a version's validity. It is derived each
// time it is asked for; a person's answer to it is kept.
type Doubt struct {
	Code     string `json:"code"`
	Why      string `json:"why"`             // in Chinese, for the keeper
	Name     string `json:"name"`            // the other document it is about, "" for none
	Relation int64  `json:"relation,string"` // the relation to confirm, 0 for none
	Weight   int    `json:"weight"`          // the heavier, the sooner it is asked
}

// The codes of doubts.
const (
	DoubtRepeal  = "repeal"      // a text seems to repeal it
	DoubtPart    = "part"        // a text repeals a part of it
	DoubtAmended = "amended"     // changed, and the changed text is not here
	DoubtBasis   = "basis-ended" // what it was made under is repealed
	DoubtNewer   = "newer"       // a later text on the same matter
	DoubtNoDate  = "no-date"     // nothing says since when it holds
	DoubtNote    = "note"        // a note under its title says that it is over
	DoubtTrial   = "trial"       // 试行, 暂行, for longer than such texts hold
	DoubtOld     = "old"         // not touched for so long that it should be looked at
	DoubtKeeper  = "keeper"      // none: a keeper says so unasked
)

// aged is how long after its last change a text on trial, and any other, is
// asked about: 试行 texts hold two to five years; the yearly clearing of
// documents (清理) rarely leaves one alone for fifteen.
const (
	agedTrial = 6
	agedAny   = 15
)

// whole is what the corpus as a whole says: used to doubt one version.
type whole struct {
	ended map[string]string // bare name of a repealed document → who repeals it
	stems map[string][]stemmed
}

type stemmed struct {
	name, place string
	rank        int
	start       Date
}

// doubts lists what is doubtful about the newest version of a document that
// counts as in force on a day.
func (k whole) doubts(f Filed, v Validity, today Date) (out []Doubt) {
	h := f.Header
	rank := Rank(h.Level, h.Issuer, h.Region, h.Title)
	if h.Kind != Law && h.Kind != Official || rank == rankNone || v.Status(today) == Ended {
		return nil
	}
	last := max(h.Issued, v.Effective)
	if last == "" {
		out = append(out, Doubt{Code: DoubtNoDate, Why: "正文未注明公布或施行日期", Weight: 50})
	}
	if f.Note != "" {
		out = append(out, Doubt{Code: DoubtNote, Why: "正文题注写有“" + f.Note + "”", Weight: 95})
	}
	for _, r := range f.Relations {
		if by, over := k.ended[r.Name()]; r.Verb == Basis && over && r.Name() != LookupName(h.Title) {
			out = append(out, Doubt{Code: DoubtBasis, Why: "所依据的《" + r.Title + "》已由《" + by + "》废止", Name: r.Title, Weight: 80})
			break
		}
	}
	if itemised(h) { // an amendment or decision has done its work; it does not grow old
		return out
	}
	place, stem := stemOf(h)
	for _, s := range k.stems[stem] {
		if s.name != bareName(h.Title) && s.start > last && last != "" && s.rank >= rank && (s.place == place) {
			out = append(out, Doubt{Code: DoubtNewer, Why: "有更晚的同类文件《" + s.name + "》（" + string(s.start) + "）", Name: s.name, Weight: 70})
			break
		}
	}
	switch {
	case last == "":
	case hasAny(h.Title, "试行", "暂行", "试点") && last.add(agedTrial, 0, 0) < today:
		out = append(out, Doubt{Code: DoubtTrial, Why: "试行、暂行文件，最后一次制定或修改在 " + string(last), Weight: 40})
	case last.add(agedAny, 0, 0) < today:
		out = append(out, Doubt{Code: DoubtOld, Why: "最后一次制定或修改在 " + string(last) + "，久未清理", Weight: 20})
	}
	return out
}

var (
	stemEnds = regexp.MustCompile(`(?:法典|法|条例|规定|办法|细则|规则|决定|意见|通知|解释|安排|准则)$`)
	stemFill = strings.NewReplacer("管理", "", "工作", "", "若干", "", "暂行", "", "试行", "", "促进", "", "保护", "", "实施", "", "具体", "", "应用", "", "法律", "", "适用", "", "问题", "", "案件", "", "有关", "", "最高人民法院", "", "最高人民检察院", "", "关于", "", "审理", "", "办理", "", "的", "", "和", "", "及", "", "与", "", "、", "", "建设", "", "服务", "", "处罚", "")
)

// stemOf is the place and the matter of a name: two texts of one stem, one place
// and different names may stand for one another.
func stemOf(h Header) (place, stem string) {
	name := bareName(h.Title)
	place = placeName.FindString(name)
	stem = strings.TrimPrefix(name, place)
	stem = strings.Trim(parenthetical.ReplaceAllString(stem, ""), "《》")
	stem = stemFill.Replace(stemEnds.ReplaceAllString(stem, ""))
	return place, stem
}

// know gathers what doubts needs from all versions with their validity.
func know(all []Filed, valid []Validity, today Date) whole {
	k := whole{ended: map[string]string{}, stems: map[string][]stemmed{}}
	alive := map[string]bool{}
	for i, f := range all {
		name := LookupName(f.Header.Title)
		if s := valid[i].Status(today); s == InForce || s == NotYet {
			alive[name] = true
			if place, stem := stemOf(f.Header); len([]rune(stem)) >= 2 {
				h := f.Header
				k.stems[stem] = append(k.stems[stem], stemmed{bareName(h.Title), place, Rank(h.Level, h.Issuer, h.Region, h.Title), max(h.Issued, valid[i].Effective)})
			}
		}
	}
	for i, f := range all {
		if valid[i].Status(today) == NotYet {
			continue
		}
		for _, r := range f.Relations {
			if r.Verb == Repeals && !r.Part && r.Confidence >= Certain && !alive[r.Name()] {
				k.ended[r.Name()] = f.Header.Title
			}
		}
	}
	for _, s := range k.stems {
		slices.SortFunc(s, func(a, b stemmed) int { return strings.Compare(string(b.start), string(a.start)) })
	}
	return k
}
