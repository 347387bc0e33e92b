package segment

import (
	"fmt"
	"slices"
	"testing"
)

func TestOfficialTokens(t *testing.T) {
	for text, want := range map[string][]string{
		"云政办发〔2024〕5号":    {"云政办发〔2024〕5号", "〔2024〕5号"},
		"云政办发[2024]5号":    {"云政办发〔2024〕5号"},
		"云政办发【2024】第5号":   {"云政办发〔2024〕5号"},
		"云政办发（２０２４）５号":    {"云政办发〔2024〕5号"},
		"云政办发﹝2024年﹞5号":   {"云政办发〔2024〕5号"},
		"根据云政办发〔二〇二四〕十五号": {"云政办发〔2024〕15号"},
		"第一百条":            {"第100条"},
		"第100条":           {"第100条"},
		"第 １００ 条第二款第（三）项": {"第100条", "第100条第2款", "第100条第2款第3项"},
		"第一百二十条之一":        {"第120条之1"},
		"国务院令第656号":       {"令第656号"},
		"国务院第656号令":       {"令第656号"},
		"2024年5月1日起":      {"2024-05-01"},
		"二〇二四年五月一日":       {"2024-05-01"},
		"2024-5-1":        {"2024-05-01"},
		"2024/05/01":      {"2024-05-01"},
		"2024年5月份":        {"2024-05"},
		"罚款三万元":           {"30000元"},
		"罚款3万元":           {"30000元"},
		"罚款3.5万元":         {"35000元"},
		"人民币1,200.50元":    {"1200元"},
		"五百元以下":           {"500元"},
		"《中华人民共和国民法典》":    {"《民法典》"},
		"《民 法 典》":         {"《民法典》"},
		"《关于实施〈云川办法〉的通知》": {"《关于实施〈云川办法〉的通知》"},
		"市住建局牵头":          {"机关:住房和城乡建设"},
		"市住房和城乡建设局牵头":     {"机关:住房和城乡建设"},
		"县人力资源社会保障局":      {"机关:人力资源和社会保障"},
		"市发改委会同财政局":       {"机关:发展和改革", "机关:财政"},
	} {
		got := ours(t).Terms(text)
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("terms of %q: want %s among them, got %q", text, w, got)
			}
		}
	}
}

func TestWhatIsNoOfficialToken(t *testing.T) {
	for text, not := range map[string]string{
		"教育改革":       "机关:教育",
		"第三次会议":      "第3条",
		"二元结构":       "0元",
		"（2024）年":    "〔2024〕",
		"2024年13月1日": "2024-13-01",
		"3.14.15":    "0003-14-15",
		"《没有结尾":      "《没有结尾》",
	} {
		if got := ours(t).Terms(text); slices.Contains(got, not) {
			t.Errorf("terms of %q: want no %s, got %q", text, not, got)
		}
	}
}

func TestTerms(t *testing.T) {
	for text, want := range map[string][]string{
		"":     {},
		"法":    {"法"},
		"，":    {},
		"法院":   {"法院", "_法院"},
		"人民法院": {"人民法院", "人民", "民法", "法院", "_人民", "_民法", "_法院"},
		"A类":   {"a类", "a", "类"},
	} {
		got := ours(t).Terms(text)
		if text == "A类" { // whichever way the dictionary has it, the letter is small
			if !slices.ContainsFunc(got, func(s string) bool { return slices.Contains(want, s) }) {
				t.Errorf("terms of %q: want lower case, got %q", text, got)
			}
			continue
		}
		if !slices.Equal(got, want) {
			t.Errorf("terms of %q:\nwant %q\n got %q", text, want, got)
		}
	}
}

func TestAppendTermsKeepsWhatWasThere(t *testing.T) {
	got := ours(t).AppendTerms([]string{"先"}, "法院")
	if want := []string{"先", "法院", "_法院"}; !slices.Equal(got, want) {
		t.Errorf("want %q, got %q", want, got)
	}
}

func TestQueryTerms(t *testing.T) {
	got := ours(t).QueryTerms("请问中华人民共和国有低保吗？")
	for _, w := range []string{"中华人民共和国", "低保", "_低保"} {
		if !slices.Contains(got, w) {
			t.Errorf("want %s kept, got %q", w, got)
		}
	}
	for _, w := range []string{"请问", "吗", "_请问", "_问中", "_保吗", "共和国"} {
		if slices.Contains(got, w) {
			t.Errorf("want %s dropped, got %q", w, got)
		}
	}
	if got := ours(t).QueryTerms("谢谢"); len(got) == 0 {
		t.Error("want the terms of a question of courtesy alone, got none")
	}
}

func FuzzTerms(f *testing.F) {
	for _, seed := range []string{"", "第一百条", "云政〔2024〕5号", "《", "1.", "1,", "2024年", "\xff", "〔〕〔", "第（", "人社局", "一亿亿亿亿亿亿元"} {
		f.Add(seed)
	}
	s, err := Default()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, term := range append(s.Terms(text), s.QueryTerms(text)...) {
			if term == "" {
				t.Fatalf("want no empty term in %q", text)
			}
		}
	})
}

func ExampleSegmenter_Terms() {
	s, err := Default()
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Terms("依照本办法第二十一条"))
	// Output: [依照 本 办法 第二十一条 第二 第二十 第二十一 二十 二十一 二十一条 十一 一条 _依照 _照本 _本办 _办法 _法第 _第二 _二十 _十一 _一条 第21条]
}
