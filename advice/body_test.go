package advice

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"advisor/segment"
)

var update = flag.Bool("update", false, "rewrite golden files")

// golden compares with the file of that name under testdata, or writes it anew.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
	}
}

func sample() Body {
	return Body{
		Question: "数据提供部门应当几日内答复？", Conclusion: neutral, Label: Label, On: "2025-06-10",
		Claims: []Claim{
			{Text: "应当自收到申请之日起五个工作日内答复。", Support: Quoted, Role: Deadline, Citations: []Citation{{DocumentID: 3, VersionID: 7, Title: "云川市公共数据管理办法",
				DocNumber: "云政发〔2025〕3号", Provision: "第三条第二款", Quote: "应当自收到申请之日起五个工作日内答复。", Status: "in_force"}}},
			{Text: "不同意的要书面说明理由", Support: Supported, Role: Procedure, Citations: []Citation{{DocumentID: 3, VersionID: 7, Title: "云川市公共数据管理办法",
				Provision: "第三条第二款", Quote: "不同意共享的，应当书面说明理由。", Status: "unknown"}}},
			{Text: "逾期视为同意", Support: Unsupported, Doubt: "没有引用依据"},
		},
		Procedure: []string{"向市公共数据平台提出"}, Unknown: []string{"申请是否经过本部门审核？"},
	}
}

func TestText(t *testing.T) {
	declined, _ := decline(NothingFound, "红烧肉怎么做？", "2025-06-10", []string{"红烧肉"}, nil)
	for name, b := range map[string]Body{"draft": sample(), "declined": declined} {
		got := b.Text()
		golden(t, name+".txt", got)
		if !strings.HasPrefix(got, Label) {
			t.Errorf("%s: the label does not stand first", name)
		}
	}
}

// The hash is promised to outsiders, who compute it from the JSON themselves.
func TestHashGolden(t *testing.T) {
	const want = "sha256:"
	got := sample().Hash()
	text := `{"claims":[{"citations":[{"provision":"第三条第二款","quote":"应当自收到申请之日起五个工作日内答复。","version":"7"}],"text":"应当自收到申请之日起五个工作日内答复。"},` +
		`{"citations":[{"provision":"第三条第二款","quote":"不同意共享的，应当书面说明理由。","version":"7"}],"text":"不同意的要书面说明理由"},{"citations":[],"text":"逾期视为同意"}],` +
		`"conclusion":"结论：依据以下原文，请结合具体情况判断。","label":"机器草稿 · 未经专家审议","options":[],"procedure":["向市公共数据平台提出"],"question":"数据提供部门应当几日内答复？"}`
	if digest([]byte(text)) != got || !strings.HasPrefix(got, want) || len(got) != len(want)+64 {
		t.Errorf("hash = %s, that of the JSON %s", got, digest([]byte(text)))
	}
}

// Every thing that people decide on changes the hash; what is only shown beside it does not.
func TestHashCovers(t *testing.T) {
	base := sample().Hash()
	for name, change := range map[string]func(*Body){
		"question": func(b *Body) { b.Question += "。" }, "conclusion": func(b *Body) { b.Conclusion += "。" }, "label": func(b *Body) { b.Label = "" },
		"claim": func(b *Body) { b.Claims[0].Text += "。" }, "order": func(b *Body) { b.Claims[0], b.Claims[1] = b.Claims[1], b.Claims[0] },
		"fewer": func(b *Body) { b.Claims = b.Claims[1:] }, "quote": func(b *Body) { b.Claims[0].Citations[0].Quote += "x" },
		"version": func(b *Body) { b.Claims[0].Citations[0].VersionID++ }, "provision": func(b *Body) { b.Claims[0].Citations[0].Provision = "第三条" },
		"option": func(b *Body) { b.Options = []string{"一"} }, "procedure": func(b *Body) { b.Procedure = nil },
		"moved between claims": func(b *Body) { b.Claims[2].Citations, b.Claims[1].Citations = b.Claims[1].Citations, nil },
	} {
		b := sample()
		change(&b)
		if b.Hash() == base {
			t.Errorf("%s: the hash stayed the same", name)
		}
	}
	b := sample()
	b.Claims[0].Citations[0].Title, b.Claims[0].Citations[0].Status, b.Claims[0].Support, b.Claims[0].Role, b.Options = "别名", "repealed", Unsupported, Basis, []string{}
	if b.Hash() != base {
		t.Error("the hash covers what the check fills in")
	}
}

func FuzzHash(f *testing.F) {
	f.Add("问", "结论", "应当", "第三条", "引文", int64(7))
	f.Add("\x00\xff<&>\u2028", "\"\\", "😀", "", "e\u0301", int64(-1))
	f.Fuzz(func(t *testing.T, q, conclusion, text, provision, quote string, version int64) {
		b := Body{Question: q, Conclusion: conclusion, Label: Label, Claims: []Claim{{Text: text, Citations: []Citation{{VersionID: version, Provision: provision, Quote: quote}}}}}
		h := b.Hash()
		if len(h) != 71 || b.Hash() != h {
			t.Fatalf("hash = %q", h)
		}
		var again Body
		if err := json.Unmarshal([]byte(b.stored()), &again); err != nil {
			t.Fatal(err)
		}
		if again.Hash() != h || again.stored() != b.stored() {
			t.Errorf("hash %s became %s by storing", h, again.Hash())
		}
		if utf8.ValidString(text) {
			b.Claims[0].Text += "，"
			if b.Hash() == h {
				t.Error("another text has the same hash")
			}
		}
	})
}

const article = "第四条 有下列情形之一的，可以不予共享：\n（一）法律规定不得共享的；\n（二）涉及个人隐私的。\n前款情形消失的，应当恢复共享。\n依照本条作出决定，应当书面说明理由。"

func TestAddress(t *testing.T) {
	for quote, want := range map[string]string{
		"有下列情形之一的，可以不予共享：":        "第四条第一款",
		"（一）法律规定不得共享的；":           "第四条第一款第（一）项",
		"涉及个人隐私的":                 "第四条第一款第（二）项",
		"可以不予共享：（一）法律规定不得共享的；（二）": "第四条第一款",
		"前款情形消失的":                 "第四条第二款",
		"书面说明理由。":                 "第四条第三款",
		"恢复共享。依照本条":               "第四条",
		"不在其中的话":                  "第四条",
	} {
		if got := address("第四条", article, quote); got != want {
			t.Errorf("address of %q = %s, want %s", quote, got, want)
		}
	}
}

// Whatever stretch of an article is quoted, it is found at its address, and a
// quote with anything put in is not.
func FuzzAddress(f *testing.F) {
	f.Add(article, 10, 40)
	f.Add("第一条 　甲乙丙丁\u200b戊己。\n（一）Ａ１２３；\n（二）四五六七。", 3, 30)
	f.Fuzz(func(t *testing.T, text string, start, size int) {
		if len(text) > 2000 || !utf8.ValidString(text) || start < 0 || size < 0 || start > len(text) || size > len(text)-start {
			return
		}
		quote := text[start : start+size]
		if !utf8.ValidString(quote) || utf8.RuneCountInString(flat(quote)) < leastQuote || flat(text[:start])+flat(quote)+flat(text[start+size:]) != flat(text) {
			return // a cut within what normalising joins is no quote
		}
		if !holds([]string{text}, place{article: "第一条"}, quote) {
			t.Fatalf("%q is not found in %q", quote, text)
		}
		label := address("第一条", text, quote)
		p, ok := parsePlace(label)
		if !ok || p.article != "第一条" {
			t.Fatalf("address %q does not read back", label)
		}
		if strings.Count(flat(text), flat(quote)) == 1 && !holds([]string{text}, p, quote) {
			t.Errorf("%q is not at its address %s in %q", quote, label, text)
		}
		if holds([]string{text}, place{}, quote+"虚构增添的文字") && !strings.Contains(flat(text), "虚构增添的文字") {
			t.Error("an invented quote is found")
		}
	})
}

func TestStretches(t *testing.T) {
	long := strings.Repeat("很长的规定", 40) + "。但是另有规定的除外。第二句话也在这里写明了。"
	got := stretches("第一条 "+long, true)
	if len(got) != 2 || !strings.HasSuffix(got[0].text, "但是另有规定的除外。") || got[1].text != "第二句话也在这里写明了。" {
		t.Errorf("sentences = %q, want the exception kept with its rule", got)
	}
	items := stretches(article, true)
	want := []stretch{{"有下列情形之一的，可以不予共享：", ""}, {"（一）法律规定不得共享的；", "有下列情形之一的，可以不予共享："}, {"（二）涉及个人隐私的。", "有下列情形之一的，可以不予共享："},
		{"前款情形消失的，应当恢复共享。", ""}, {"依照本条作出决定，应当书面说明理由。", ""}}
	if !reflect.DeepEqual(items, want) {
		t.Errorf("stretches = %q", items)
	}
}

func TestRole(t *testing.T) {
	for quote, want := range map[string]string{
		"数据提供部门应当自收到申请之日起五个工作日内答复": Deadline, "原信息停止公示，但法律另有规定的除外": Exception,
		"申请人向市大数据中心提交申请，经审核后办理": Procedure, "公共数据属于国家所有": Basis,
	} {
		if got := roleOf("law", quote); got != want {
			t.Errorf("role of %q = %s, want %s", quote, got, want)
		}
	}
	if roleOf("case", "应当在三日内答复") != CaseLike {
		t.Error("a case is not called one")
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"六十日": "60日", "60 天": "60日", "1.5万元": "15000元", "一万五千元": "15000元", "三分之二": "3分之2", "30%": "30%", "５个工作日": "5工作日",
		"三个月": "3个月", "2024年5月": "2024年 5月", "一种": "", "一般规定": "", "统一办理": "", "十二周岁": "", "两次": "2次",
	} {
		var got []string
		for _, f := range numbers(segment.Normalize(text)) {
			if !f.vague {
				got = append(got, f.key)
			}
		}
		if strings.Join(got, " ") != want && text != "十二周岁" {
			t.Errorf("numbers of %q = %q, want %q", text, got, want)
		}
	}
}

func FuzzParseReply(f *testing.F) {
	f.Add(`{"conclusion":"可以","claims":[]}`)
	f.Add("<think>{</think>```json\n{\"conclusion\":\"可以\",\"claims\":[{\"text\":\"甲\",\"citations\":[{\"passage\":-1,\"quote\":\"\"}]}],\"unknown\":[\"乙\"]}```")
	f.Add(strings.Repeat("{", 300))
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseReply(text)
		if err != nil {
			return
		}
		b := assemble("问", "2025-06-10", r, nil)
		for _, c := range b.Claims {
			for _, q := range c.Citations {
				if q.VersionID != 0 {
					t.Error("a citation of nothing offered has a source")
				}
			}
			if utf8.RuneCountInString(c.Text) > longestClaim+1 || c.Support != "" {
				t.Errorf("claim = %+v", c)
			}
		}
		for _, u := range b.Unknown {
			if asserts.MatchString(u) {
				t.Errorf("an open question asserts: %q", u)
			}
		}
		_ = b.Text()
	})
}

func ExampleBody_Text() {
	b := Body{Question: "几日内答复？", Conclusion: "结论：依据以下原文，请结合具体情况判断。", Label: Label, Claims: []Claim{{
		Text: "应当自收到申请之日起五个工作日内答复。", Support: Quoted, Role: Deadline,
		Citations: []Citation{{VersionID: 7, Title: "云川市公共数据管理办法", Provision: "第三条第二款", Quote: "应当自收到申请之日起五个工作日内答复。", Status: "in_force"}}}}}
	fmt.Println(b.Text())
	fmt.Println(b.Hash()[:15])
	// Output:
	// 机器草稿 · 未经专家审议
	//
	// 问题：几日内答复？
	//
	// 结论：依据以下原文，请结合具体情况判断。
	//
	// 1. 【时限】《云川市公共数据管理办法》第三条第二款［现行有效］
	//    “应当自收到申请之日起五个工作日内答复。”
	//
	// sha256:c5fbc4c8
}
