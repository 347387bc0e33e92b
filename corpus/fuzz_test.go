package corpus

import (
	"bytes"
	"testing"

	"advisor/corpus/format"
)

// Whatever the text, the offsets give it back, nothing overlaps and no passage
// crosses a provision.
func FuzzCutFile(f *testing.F) {
	for _, seed := range []string{
		"云川市网格管理办法\n第一章 总则\n第一条 甲。\n（一）乙；\n（二）丙。\n第二条 丁。\n附件1\n第一条 戊。",
		"目录\n第一章 总则\n第一章 总则\n第 十 条 甲\n第十条之一 乙\n第十条规定的情形除外",
		"关于防汛的通知\n云政发〔2025〕3号\n一、甲\n（一）乙\n1.丙\n（1）丁\n云川市人民政府\n2025年1月1日",
		"全国人民代表大会常务委员会关于某事的决定\n全文 会议决定：甲。",
		"云川市停车规定\n第一条 根据《甲法》第三条，制定本规定。\n前款和前条第（一）项，适用本规定第一条。\n第二条 自2024年1月1日起施行，《云川市停车办法》（云政发〔2010〕1号）第三条同时废止。\n下列文件予以废止：\n一、《乙》《丙",
		"第条\n第一\n第一条之\n条目\n（\n（一\n一、\n1.\n第９９９９９条",
	} {
		f.Add(seed, "云川市网格管理办法", "法律")
	}
	f.Fuzz(func(t *testing.T, text, title, level string) {
		file, err := format.Read(t.Context(), "x.txt", bytes.NewReader([]byte(text)), int64(len(text)))
		if err != nil {
			return
		}
		c := CutFile(file, Header{Title: title, Level: level})
		sound(t, c)
		for _, r := range c.References {
			if r.Start < 0 || r.End <= r.Start || r.End > len(c.Text) || r.Label == "" || r.Provision >= len(c.Provisions) {
				t.Fatalf("a reference outside its text: %+v", r)
			}
		}
		for _, r := range c.Relations {
			if r.Start < 0 || r.End < r.Start || r.End > len(c.Text) || r.Name() == "" || r.Confidence <= 0 || r.Confidence > 1 {
				t.Fatalf("a relation outside its text: %+v", r)
			}
		}
		for _, p := range c.Provisions {
			text := c.Text[p.Start:p.End]
			para, item := Address(text, len(text)-1)
			if _, _, ok := Part(text, para, item); !ok {
				t.Fatalf("no part at address %d, %d of %q", para, item, text)
			}
		}
	})
}

func FuzzReadHeader(f *testing.F) {
	f.Add("云川市人民政府关于印发某办法的通知\n云政发〔2023〕8号\n2023年5月10日\n自2023年7月1日起施行，有效期5年。")
	f.Add("（2019年13月41日通过 二〇二三年九月）\n自公布之日起30日后施行\n有效期至9999年12月31日，本办法施行")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := format.Read(t.Context(), "x.md", bytes.NewReader([]byte(text)), int64(len(text)))
		if err != nil {
			return
		}
		h := CutFile(file, Header{}).Header
		for _, d := range []Date{h.Issued, h.Effective, h.Repealed} {
			if _, err := ParseDate(string(d)); err != nil {
				t.Fatalf("read an impossible date %q", d)
			}
		}
		if h.Kind == "" {
			t.Fatal("no kind")
		}
	})
}

func FuzzReadMark(f *testing.F) {
	f.Add("第 一百二十 条之一 甲")
	f.Add("（１）甲")
	f.Fuzz(func(t *testing.T, line string) {
		m := readMark(line)
		if m.unit != "" && (m.end <= 0 || m.end > m.rest || m.rest > len(line)) {
			t.Fatalf("mark outside its line: %+v of %q", m, line)
		}
	})
}
