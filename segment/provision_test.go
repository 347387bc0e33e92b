package segment

import (
	"fmt"
	"testing"
)

func TestNumeral(t *testing.T) {
	for text, want := range map[string]int{
		"零": 0, "一": 1, "十": 10, "十五": 15, "二十": 20, "廿一": 21, "卅": 30, "一百": 100, "一百〇二": 102, "一百零二": 102, "一百一十": 110,
		"两百": 200, "一千二百六十": 1260, "一千零一": 1001, "二〇二四": 2024, "二零二四": 2024, "三万五千": 35000, "一亿二千万": 120000000,
		"贰拾叁": 23, "100": 100, "１０２": 102, " 一 百 零 二 ": 102, "3万": 30000, "○": 0,
	} {
		if got, ok := Numeral(text); !ok || got != want {
			t.Errorf("numeral %q: want %d, got %d %v", text, want, got, ok)
		}
	}
	for _, text := range []string{"", "条", "一条", "万", "1.5", "-3", "99999999999999999999999999", "一百条"} {
		if got, ok := Numeral(text); ok {
			t.Errorf("numeral %q: want none, got %d", text, got)
		}
	}
}

func TestChineseNumeralReadsBack(t *testing.T) {
	for n := range 12000 {
		if got, ok := Numeral(ChineseNumeral(n)); !ok || got != n {
			t.Fatalf("numeral of %q: want %d, got %d %v", ChineseNumeral(n), n, got, ok)
		}
	}
	for n, want := range map[int]string{0: "〇", 10: "十", 12: "十二", 20: "二十", 102: "一百零二", 110: "一百一十", 1260: "一千二百六十", 10010: "一万零一十", 100000: "十万", -5: "负五"} {
		if got := ChineseNumeral(n); got != want {
			t.Errorf("%d: want %s, got %s", n, want, got)
		}
	}
}

func TestParseProvision(t *testing.T) {
	for text, want := range map[string]string{
		"《民法典》第一百条第二款第（三）项":             "[民法典 100.0.2.3 《民法典》第一百条第二款第（三）项]",
		"《中华人民共和国刑法》第120条之一":            "[中华人民共和国刑法 120.1.0.0 《中华人民共和国刑法》第120条之一]",
		"根据《云川市政务数据共享管理办法》（2024年修订）第三条": "[云川市政务数据共享管理办法 3.0.0.0 《云川市政务数据共享管理办法》（2024年修订）第三条]",
		"农民专业合作社法第三十三条的内容是什么？":          "[农民专业合作社法 33.0.0.0 农民专业合作社法第三十三条]",
		"请问根据劳动合同法第 ４０ 条怎么赔":            "[劳动合同法 40.0.0.0 劳动合同法第 ４０ 条]",
		"依照本法第十条、第十二条第一款和第三款的规定":        "[ 10.0.0.0 第十条][ 12.0.1.0 第十二条第一款][ 12.0.3.0 第三款]",
		"《云川市城市管理办法》第一条、第三条":            "[云川市城市管理办法 1.0.0.0 《云川市城市管理办法》第一条][云川市城市管理办法 3.0.0.0 第三条]",
		"修正案2004年第二十二条的内容":              "[修正案2004年 22.0.0.0 修正案2004年第二十二条]",
		"民法典（2020年）第十条":                 "[民法典 10.0.0.0 民法典（2020年）第十条]",
		"在2004年第三条":                     "[ 3.0.0.0 第三条]",
		"违反本条例第五条至第七条":                  "[ 5.0.0.0 第五条][ 7.0.0.0 第七条]",
		"第一百条第（二）项":                     "[ 100.0.0.2 第一百条第（二）项]",
		"第五十条第二项、第三项":                   "[ 50.0.0.2 第五十条第二项][ 50.0.0.3 第三项]",
		"民法典的第一千零四十二条":                  "[民法典 1042.0.0.0 民法典的第一千零四十二条]",
		"第三条\u200b第二款":                  "[ 3.0.2.0 第三条\u200b第二款]",
		"前款规定的第二项":                      "",
		"第三次会议":                         "",
		"条条框框":                          "",
		"第条":                            "",
		"":                              "",
	} {
		got := ""
		for _, r := range ParseProvision(text) {
			got += fmt.Sprintf("[%s %d.%d.%d.%d %s]", r.Title, r.Article, r.ArticleSub, r.Paragraph, r.Item, text[r.Start:r.End])
		}
		if got != want {
			t.Errorf("places in %q:\nwant %s\n got %s", text, want, got)
		}
	}
}

func TestRefLabel(t *testing.T) {
	r := Ref{Article: 120, ArticleSub: 1, Paragraph: 2, Item: 3}
	if got, want := r.Label(), "第一百二十条之一第二款第（三）项"; got != want {
		t.Errorf("label: want %s, got %s", want, got)
	}
	back := ParseProvision(r.Label())
	if len(back) != 1 || back[0].Article != 120 || back[0].ArticleSub != 1 || back[0].Paragraph != 2 || back[0].Item != 3 {
		t.Errorf("label read back: want the same place, got %+v", back)
	}
}

func FuzzParseProvision(f *testing.F) {
	for _, seed := range []string{"《民法典》第一百条第二款第（三）项、第四条", "第１条之一", "《《》》第一条", "\xff第一条", "第一条）第"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for _, r := range ParseProvision(text) {
			if r.Start < last || r.End <= r.Start || r.End > len(text) {
				t.Fatalf("want places in order inside %q, got %+v after %d", text, r, last)
			}
			if r.Article <= 0 {
				t.Errorf("want an article, got %+v", r)
			}
			last = r.End
		}
	})
}
