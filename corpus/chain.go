package corpus

import (
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
