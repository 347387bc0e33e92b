package advice

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// derive arranges what the claims say: who has a part in the matter, how cases
// stand to the question, which provisions differ. It states nothing that no
// claim states, so whoever changes a claim changes it too.
func (a *Advisor) derive(b *Body) {
	b.Departments, b.Cases, b.Conflicts = nil, nil, nil
	for i, c := range b.Claims {
		if c.Support == Unsupported {
			continue
		}
		for _, q := range c.Citations {
			b.addDepartments(i+1, q.Quote)
		}
		if c.Role == CaseLike && len(c.Citations) > 0 {
			b.Cases = append(b.Cases, a.compare(b.Question, i+1, c))
		}
		for j, other := range b.Claims[:i] {
			if over := a.conflict(other, c); over != "" {
				b.Conflicts = append(b.Conflicts, Conflict{First: j + 1, Second: i + 1, Over: over})
			}
		}
	}
}

// An office's name in official texts, and the words that give it a part.
const officeName = `([\p{Han}（）]{0,16}?(?:局|委员会|部门|机关|政府|办公室|中心|法院|检察院|街道办事处|社区|党委|国务院))`

var partCues = []struct {
	part string
	form *regexp.Regexp
}{
	{"会同", regexp.MustCompile(`(?:会同|商)` + officeName)},
	{"征求意见", regexp.MustCompile(`(?:征求|听取)` + officeName + `(?:的)?意见`)},
	{"审批", regexp.MustCompile(`(?:报经?|报请|提请|经|由)` + officeName + `(?:审查)?(?:批准|审批|审定|审核|核准|同意|许可)`)},
	{"备案", regexp.MustCompile(`(?:报|向)` + officeName + `(?:进行)?备案`)},
	{"主管", regexp.MustCompile(`(?:^|[，。；：由])` + officeName + `(?:具体)?(?:负责|主管|统筹)`)},
}

// vagueOffice names nobody in particular.
var vagueOffice = regexp.MustCompile(`^(有关|相关|其他|各|该|其|上级|下级|本|同级|所属|所在|任何|原|数据需求|数据提供)?(部门|机关|政府|中心|委员会|单位)$`)

const mostDepartments = 8

func (b *Body) addDepartments(claim int, quote string) {
	for _, cue := range partCues {
		for _, m := range cue.form.FindAllStringSubmatch(flat(quote), 3) {
			name := strings.TrimLeft(m[1], "（）经由向报")
			if utf8.RuneCountInString(name) < 3 || vagueOffice.MatchString(name) || len(b.Departments) >= mostDepartments {
				continue
			}
			if !slices.ContainsFunc(b.Departments, func(d Department) bool { return d.Name == name && d.Part == cue.part }) {
				b.Departments = append(b.Departments, Department{Name: name, Part: cue.part, Claim: claim})
			}
		}
	}
}

// mostTelling is how many words a comparison with a case names on each side.
const mostTelling = 5

// compare says which of a question's telling words a case speaks of, and which it does not.
func (a *Advisor) compare(question string, claim int, c Claim) Case {
	text := strings.ToLower(flat(c.Text + c.Citations[0].Title))
	out := Case{Claim: claim, Title: c.Citations[0].Title, Alike: []string{}, Differs: []string{}}
	seen := map[string]bool{}
	for _, w := range a.seg.Words(question) {
		w = strings.Clone(w)
		if utf8.RuneCountInString(w) < 2 || harmless[w] || asking[w] || seen[w] {
			continue
		}
		seen[w] = true
		if strings.Contains(text, w) {
			out.Alike = append(out.Alike, w)
		} else {
			out.Differs = append(out.Differs, w)
		}
	}
	out.Alike, out.Differs = out.Alike[:min(len(out.Alike), mostTelling)], out.Differs[:min(len(out.Differs), mostTelling)]
	return out
}

// asking are words that make a question and tell nothing of its matter.
var asking = wordSet(`怎么 怎么办 怎样 如何 什么 哪些 哪个 哪里 多少 多久 多长 是否 能否 可否 能不能 可不可以 是不是 要不要 有没有 算不算 为什么 谁 几个 吗 呢 请问 应该 需要 我们 我 他们 如果 没有 的话 行不行 怎么样 多长时间 时候`)

func wordSet(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}

// sameMatter is how much of a clause another document's must hold for the two to
// speak of the same thing; below it, different deadlines are of different things.
const sameMatter = 0.72

// conflict says over what two claims of different documents differ, if they do.
func (a *Advisor) conflict(x, y Claim) string {
	if x.Support == Unsupported || x.Role == CaseLike || y.Role == CaseLike {
		return ""
	}
	for _, p := range x.Citations {
		for _, q := range y.Citations {
			if p.DocumentID == q.DocumentID || p.VersionID == q.VersionID {
				continue
			}
			if over := a.differOver(p.Quote, q.Quote); over != "" {
				return over
			}
		}
	}
	return ""
}

func (a *Advisor) differOver(x, y string) string {
	others := clauses(y)
	for _, c := range clauses(x) {
		at, share := nearest(unfigured(c), unfiguredAll(others))
		if share < sameMatter || utf8.RuneCountInString(c) < 8 {
			continue
		}
		theirs := factsOf(a.seg, others[at])
		for _, f := range factsOf(a.seg, c) {
			if f.kind != "机关" && contradicts(f, theirs) {
				return "“" + c + "”与“" + others[at] + "”"
			}
		}
	}
	return ""
}

// unfigured leaves out a clause's amounts, so that two clauses with different ones are alike.
func unfigured(c string) string { return amount.ReplaceAllString(c, "") }

func unfiguredAll(list []string) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = unfigured(c)
	}
	return out
}
