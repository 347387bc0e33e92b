package corpus

import (
	"regexp"
	"sort"
	"strings"
)

// Declared is what is said of one version: by the file, the manifest or a keeper.
type Declared struct {
	Path                        string
	Level                       string
	Issued, Effective, Repealed Date
	Status                      string
}

// Chain derives when each version of a document is in force: from its own
// start, up to the start of the next one that starts later. Two that start on
// one day stand side by side, as the parts of a code do.
func Chain(all []Declared) []Validity {
	out := make([]Validity, len(all))
	order := make([]int, len(all))
	starts := together(all)
	for i, d := range all {
		order[i] = i
		out[i] = Validity{Effective: starts[i], Repealed: d.Repealed}
	}
	sort.Slice(order, func(a, b int) bool {
		x, y := order[a], order[b]
		if out[x].Effective != out[y].Effective {
			return out[x].Effective < out[y].Effective
		}
		return all[x].Path < all[y].Path
	})
	for at, i := range order {
		if next := later(out, order[at+1:], out[i].Effective); next != "" && (out[i].Repealed == "" || next < out[i].Repealed) {
			out[i].Repealed = next
		}
		out[i].Over = out[i].Repealed == "" && saysOver(all[i].Status)
	}
	return out
}

// together gives each version its start. Files of one law issued on one day are
// copies of one text; when they disagree, one states the first version's date
// and the latest date is the text's own.
func together(all []Declared) []Date {
	latest := map[Date]Date{}
	for _, d := range all {
		if normative[d.Level] != "" && d.Issued != "" {
			latest[d.Issued] = max(latest[d.Issued], d.start())
		}
	}
	starts := make([]Date, len(all))
	for i, d := range all {
		starts[i] = d.start()
		if normative[d.Level] != "" && d.Issued != "" {
			starts[i] = latest[d.Issued]
		}
	}
	return starts
}

// later is the first start after this one; a version without dates ends nobody's.
func later(out []Validity, rest []int, start Date) Date {
	if start == "" {
		return ""
	}
	for _, j := range rest {
		if out[j].Effective > start {
			return out[j].Effective
		}
	}
	return ""
}

// start is the day this very text begins to hold. The date a law states is
// often that of its first version, before the amended text was even made; then
// the amended text holds from when it was issued. A 公文 may reach back in time.
func (d Declared) start() Date {
	if d.Effective == "" || d.Effective < d.Issued && normative[d.Level] != "" {
		return d.Issued
	}
	return d.Effective
}

func saysOver(status string) bool {
	for _, word := range []string{"废止", "失效", "历史版本", "已被修改", "被取代", "停止执行"} {
		if strings.Contains(status, word) && !strings.Contains(status, "部分") {
			return true
		}
	}
	return false
}

// normative levels: a later text of the same name replaces the earlier.
var normative = map[string]string{
	"法律": "法律", "宪法": "法律", "修正案": "法律", "立法解释": "法律", "修改决定": "法律", "有关法律问题的决定": "法律",
	"行政法规": "行政法规", "司法解释": "司法解释", "地方性法规": "地方性法规", "自治条例": "地方性法规", "单行条例": "地方性法规",
	"部门规章": "部门规章", "地方政府规章": "地方政府规章",
}

// Identity says which document a file is a version of: files of one identity
// are versions of one document. Laws and rules go by level, place and name. A
// 公文 goes by its number as well, for next year's 关于做好…的通知 replaces
// nothing; what has neither, by the path it came from.
func Identity(h Header, importPath string) string {
	name := bareName(h.Title)
	if level, ok := normative[h.Level]; ok {
		place := h.Region
		if place == "" && level == "地方性法规" {
			place = h.Issuer
		}
		return join("law", level, place, name)
	}
	switch {
	case h.Kind == Law, ruleName.MatchString(name) && h.Kind == Official:
		return join("rule", authority(h, name), name)
	case h.Kind == Official && h.DocNumber != "":
		return join("official", squeeze(h.DocNumber), name)
	case h.Kind == Official && h.Issued != "":
		return join("official", authority(h, name), string(h.Issued), name)
	case h.Kind == DutyList:
		return join("list", authority(h, name), name)
	}
	return join("file", importPath)
}

func join(parts ...string) string { return strings.Join(parts, "|") }

var (
	ruleName  = regexp.MustCompile(`(条例|规定|办法|细则|规则|规程|标准|准则|章程|制度)$`)
	issuing   = regexp.MustCompile(`关于(?:重新)?(?:印发|公布|发布|颁布|修订印发)(.+?)的(?:通知|公告|通告|函)$`)
	amendNote = regexp.MustCompile(`[（(](?:[^（()）]*(?:修正|修订|修改|试行|暂行|文本|征求意见)[^（()）]*)[)）]$`)
	placeName = regexp.MustCompile(`^[\p{Han}]{2,7}?[省市县区州盟旗]`)
)

// bareName drops from a title what changes between versions: 中华人民共和国,
// 关于印发…的通知 around it, （试行） or （2023年修正）after it.
func bareName(title string) string {
	name := squeeze(title)
	name = strings.NewReplacer("(", "（", ")", "）", "〈", "《", "〉", "》", "\"", "").Replace(name)
	if m := issuing.FindStringSubmatch(name); m != nil {
		name = m[1]
	}
	name = strings.TrimPrefix(name, "中华人民共和国")
	for {
		short := strings.TrimSpace(amendNote.ReplaceAllString(strings.Trim(name, "《》"), ""))
		if short == name || short == "" {
			return strings.ReplaceAll(name, "《中华人民共和国", "《")
		}
		name = short
	}
}

// LookupName is the name under which other texts call a document: 《关于甲的解释》
// is 《最高人民法院关于甲的解释》.
func LookupName(title string) string {
	name := bareName(title)
	if at := strings.Index(name, "关于"); at > 0 && nameOffice.MatchString(name[:at]) {
		return name[at:]
	}
	return name
}

var nameOffice = regexp.MustCompile(`^[\p{Han}、]{2,60}(?:委员会|人民政府|办公厅|办公室|法院|检察院|国务院|代表大会|中心|领导小组|署|局|部|厅|委)(?:印发|转发)?$`)

// authority is whose rule it is; a name that begins with its place says so
// itself, whichever office signed.
func authority(h Header, name string) string {
	if placeName.MatchString(name) {
		return h.Region
	}
	who := squeeze(h.Issuer)
	for _, office := range []string{"办公厅", "办公室"} {
		who = strings.TrimSuffix(who, office)
	}
	return h.Region + who
}
