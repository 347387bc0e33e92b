package chat

import "testing"

func TestWhole(t *testing.T) {
	const first = "企业信用修复后，原行政处罚信息是否仍可公示？"
	for _, c := range []struct{ name, text, before, want string }{
		{"the first question", "需要多久？", "", "需要多久？"},
		{"short", "需要多久？", first, "企业信用修复后，原行政处罚信息是否仍可公示；需要多久？"},
		{"with a leading word", "那么由谁审批？", first, "企业信用修复后，原行政处罚信息是否仍可公示；由谁审批？"},
		{"pointing back", "如果企业不服这个决定，可以向哪个机关申诉？", first, "企业信用修复后，原行政处罚信息是否仍可公示；如果企业不服这个决定，可以向哪个机关申诉？"},
		{"stands alone", "公共数据共享申请由哪个部门受理并在几日内答复？", first, "公共数据共享申请由哪个部门受理并在几日内答复？"},
		{"short but about something else", "网格员怎么考核？", first, "网格员怎么考核？"},
		{"names a document", "《网格管理办法》呢？", first, "《网格管理办法》呢？"},
		{"the topic of a chain does not grow", "收费吗？", "企业信用修复后；需要多久？", "企业信用修复后；收费吗？"},
		{"asked again", "是否仍可公示？", first, "是否仍可公示？"},
	} {
		var earlier []string
		if c.before != "" {
			earlier = []string{c.before}
		}
		if got := whole(c.text, earlier); got != c.want {
			t.Errorf("%s: whole(%q) = %q, want %q", c.name, c.text, got, c.want)
		}
	}
}
