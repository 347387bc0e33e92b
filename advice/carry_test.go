package advice

import (
	"strings"
	"testing"

	"advisor/segment"
)

// Sentences of the fictional city, and false ones made from each by one change.
var carried = []struct {
	cited string
	kept  []string
	bent  map[string]string
}{
	{
		cited: "数据提供部门应当自收到申请之日起五个工作日内答复；不同意共享的，应当书面说明理由。",
		kept:  []string{"数据提供部门应当自收到申请之日起5个工作日内答复", "不同意共享的，必须书面说明理由", "根据规定，数据提供部门收到申请后，应当在五个工作日内答复。"},
		bent: map[string]string{
			"number": "数据提供部门应当自收到申请之日起八个工作日内答复", "unit": "数据提供部门应当自收到申请之日起五个月内答复", "modal": "数据提供部门可以自收到申请之日起五个工作日内答复",
			"denial dropped": "同意共享的，应当书面说明理由", "denial added": "数据提供部门不应当自收到申请之日起五个工作日内答复", "office": "人民法院应当自收到申请之日起五个工作日内答复",
			"party": "数据需求部门应当自收到申请之日起五个工作日内答复",
		},
	},
	{
		cited: "违反本办法规定，泄露共享数据的，由市综合行政执法局责令改正，处一万元以上五万元以下罚款；情节严重的，处五万元以上十万元以下罚款。",
		kept:  []string{"泄露共享数据的，处10000元以上50000元以下罚款", "情节严重的，处五万元以上十万元以下罚款。"},
		bent: map[string]string{
			"sum": "泄露共享数据的，由市综合行政执法局责令改正，处二万元以上五万元以下罚款", "direction": "泄露共享数据的，处一万元以下罚款",
			"the other limit": "情节严重的，处五万元以上一万元以下罚款", "office": "泄露共享数据的，由市公安局责令改正",
		},
	},
	{
		cited: "企业对不予修复决定不服的，可以自收到决定之日起三十日内向市司法局申请复核；复核期间不停止决定的执行。",
		kept:  []string{"企业对不予修复决定不服的，可以在30日内向市司法局申请复核", "复核期间不停止决定的执行"},
		bent: map[string]string{
			"denial dropped within a word": "企业对不予修复决定服的，可以自收到决定之日起三十日内向市司法局申请复核", "denial dropped": "复核期间停止决定的执行",
			"party": "个人对不予修复决定不服的，可以自收到决定之日起三十日内向市司法局申请复核", "must": "企业对不予修复决定不服的，应当自收到决定之日起三十日内向市司法局申请复核",
			"document number": "按照云政发〔2024〕1号，企业可以向市司法局申请复核",
		},
	},
	{
		cited: "县级以上人民政府应当在会议召开三日以前将材料送达参会单位。",
		kept:  []string{"县级以上人民政府应当在会议召开三日以前将材料送达参会单位"},
		bent: map[string]string{"before and after": "县级以上人民政府应当在会议召开三日以后将材料送达参会单位", "level": "省级以上人民政府应当在会议召开三日以前将材料送达参会单位",
			"another matter": "参会单位收取材料费用的标准由财政部门制定"},
	},
}

func TestUncarried(t *testing.T) {
	seg, err := segment.Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range carried {
		for _, claim := range append(c.kept, c.cited) {
			if code, doubt := uncarried(seg, claim, c.cited); code != "" {
				t.Errorf("true, but %s (%s): %s", code, doubt, claim)
			}
		}
		for name, claim := range c.bent {
			code, doubt := uncarried(seg, claim, c.cited)
			if code == "" || doubt == "" {
				t.Errorf("%s: shown as supported: %s", name, claim)
			}
		}
	}
}

// Whatever is cut out of a sentence at its commas is carried by it, and nothing
// is carried by an empty text.
func FuzzUncarried(f *testing.F) {
	for _, c := range carried {
		f.Add(c.cited, 0, 1)
	}
	seg, err := segment.Default()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, cited string, from, to int) {
		if len(cited) > 600 {
			return
		}
		all := strings.SplitAfter(cited, "，")
		if from < 0 || to > len(all) || from >= to {
			return
		}
		claim := strings.Join(all[from:to], "")
		if carriedShare(seg, claim, claim) < 1 {
			return // nothing but single characters
		}
		if code, doubt := uncarried(seg, claim, claim); code != "" {
			t.Errorf("%q does not carry itself: %s %s", claim, code, doubt)
		}
		if code, _ := uncarried(seg, claim, ""); code == "" {
			t.Errorf("%q is carried by nothing", claim)
		}
	})
}
