package corpus

import "testing"

func TestWithin(t *testing.T) {
	const text = "（三）召开论证会。会后形成意见。\n（四）改为接入。\n1.先行测试。\n（五）完成验收。\n五、保障措施\n各单位应当落实责任。"
	for words, want := range map[string]string{"召开论证会": "二、（三）", "会后形成": "二、（三）", "改为接入": "二、（四）", "先行测试": "二、（四）1.", "完成验收": "二、（五）", "保障措施": "五、", "落实责任": "五、"} {
		at := 0
		for i := range text {
			if len(text)-i >= len(words) && text[i:i+len(words)] == words {
				at = i
			}
		}
		if got := Within("二、（三）", text, at); got != want {
			t.Errorf("%s stands at %s, want %s", words, got, want)
		}
	}
	if got := Within("", "没有编号的一段话。\n又一段。", 30); got != "" {
		t.Errorf("a place in a text without numbers = %q", got)
	}
}
