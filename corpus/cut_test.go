package corpus

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"advisor/corpus/format"
)

func cutText(t testing.TB, name, text string, h Header) Cut {
	t.Helper()
	f, err := format.Read(t.Context(), name, bytes.NewReader([]byte(text)), int64(len(text)))
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	return CutFile(f, h)
}

func labels(c Cut) []string {
	var out []string
	for _, p := range c.Provisions {
		out = append(out, p.Label)
	}
	return out
}

// The failures of rival programs (numerals above 千, spaces, references taken
// for headings, chapters taken for articles), each a case.
func TestProvisions(t *testing.T) {
	for _, tc := range []struct {
		name, title, text string
		want              []string
	}{
		{"plain", "云川市网格管理办法", "第一条 为了规范网格管理，制定本办法。\n第二条 本办法适用于本市。", []string{"第一条", "第二条"}},
		{"a reference at the start of a line opens nothing", "云川市网格管理办法",
			"第九条 网格员应当每日巡查。\n第十条 发现隐患的，应当报告。\n第十条规定的情形除外。\n第三条第二款所称隐患，是指下列情形：\n第二条、第五条的规定同样适用。\n第十一条 本办法由市综合行政执法局解释。",
			[]string{"第九条", "第十条", "第十一条"}},
		{"a spaced reference that breaks the sequence opens nothing", "云川市网格管理办法",
			"第一条 甲事项由网格员办理。\n第二条 乙事项由社区办理。\n第九十九条 见附表。\n第三条 丙事项由街道办理。\n第四条 丁事项由市办理。",
			[]string{"第一条", "第二条", "第三条", "第四条"}},
		{"spaced numerals", "云川市网格管理办法", "第 一 条 总体要求。\n第 十 条 另有规定的从其规定。\n第一百二十 八 条 罚则。", []string{"第一条", "第十条", "第一百二十八条"}},
		{"full-width, Arabic, 〇", "云川市网格管理办法", "第９９条 甲项由市定。\n第100条 乙项由市定。\n第一百〇一条 丙项由市定。\n第一百零二条　丁项由市定。", []string{"第九十九条", "第一百条", "第一百零一条", "第一百零二条"}},
		{"之一", "云川市网格管理办法", "第一百二十条 甲。\n第一百二十条之一 乙。\n第一百二十条之二　丙。\n第一百二十一条 丁。", []string{"第一百二十条", "第一百二十条之一", "第一百二十条之二", "第一百二十一条"}},
		{"no space after the number", "云川市网格管理办法", "第一条为了规范管理，制定本办法。\n第二条中小学校的网格另行规定。\n第三条以社区为单位划分网格。", []string{"第一条", "第二条", "第三条"}},
		{"the contents open nothing", "云川市网格管理办法", "目  录\n第一章 总则\n第二章 附则\n第一章 总则\n第一条 甲。\n第二章 附则\n第二条 乙。", []string{"第一条", "第二条"}},
		{"an annex counts anew", "云川市网格管理办法", "第一条 甲由市定。\n第二条 乙由市定。\n附件：网格员守则\n第一条 准时到岗。\n第二条 如实记录。", []string{"第一条", "第二条", "第一条", "第二条"}},
		{"an amendment's items", "云川市网格管理办法修正案", "一、将第三条修改为：“第三条 网格员应当每日巡查。”\n二、删去第五条。\n三、本修正案自公布之日起施行。", []string{"条目1", "条目2", "条目3"}},
		{"items that say so", "云川市人民代表大会常务委员会关于修改《云川市网格管理条例》的决定", "条目一 将第三条修改为：\n“第三条 每日巡查。”\n条目二 2025年起施行。", []string{"条目1", "条目2"}},
		{"a decision without items is one provision", "云川市人民代表大会常务委员会关于设立网格员日的决定", "云川市人民代表大会常务委员会会议决定：将每年5月6日设立为网格员日。", []string{"全文"}},
		{"a 公文 has none", "云川市人民政府办公室关于做好防汛工作的通知", "一、加强领导。\n（一）落实责任。\n1.健全机制。\n二、强化保障。", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := cutText(t, "x.txt", tc.title+"\n"+tc.text, Header{Title: tc.title})
			if got := labels(c); !slices.Equal(tc.want, got) {
				t.Errorf("want provisions %v, got %v", tc.want, got)
			}
			sound(t, c)
		})
	}
}

// A code of 1,260 articles under 编, 章 and 节 is cut at each article, and every
// article keeps the path above it.
func TestLongCode(t *testing.T) {
	var text strings.Builder
	text.WriteString("云川市政务服务法典\n")
	for n := 1; n <= 1260; n++ {
		if n%400 == 1 {
			fmt.Fprintf(&text, "第%s编 第%d部分\n", format.Chinese(n/400+1), n/400)
		}
		if n%40 == 1 {
			fmt.Fprintf(&text, "第%s章 各类事项\n", format.Chinese(n%400/40+1))
		}
		if n%10 == 1 {
			fmt.Fprintf(&text, "第%s节 一般规定\n", format.Chinese(n%40/10+1))
		}
		fmt.Fprintf(&text, "第%s条 事项%d由窗口受理。\n第%s条规定的期限从其规定。\n", format.Chinese(n), n, format.Chinese(max(n-3, 1)))
	}
	c := cutText(t, "x.txt", text.String(), Header{Title: "云川市政务服务法典"})
	if len(c.Provisions) != 1260 {
		t.Fatalf("want 1260 articles, got %d", len(c.Provisions))
	}
	last := c.Provisions[1259]
	if last.Label != "第一千二百六十条" || strings.Join(last.Path, "/") != "第四编 第3部分/第二章 各类事项/第二节 一般规定" {
		t.Errorf("want the last article with its whole path, got %s under %q", last.Label, last.Path)
	}
	sound(t, c)
}

func TestPassagesOfLongArticle(t *testing.T) {
	long := strings.Repeat("市大数据中心应当会同有关部门核实共享申请的依据和用途。", 12)
	text := "云川市公共数据管理办法\n第十条 " + long + "\n共享申请有下列情形之一的，不予受理：\n（一）" + long + "\n（二）无明确用途的；\n（三）" + long + "\n前款规定的情形应当书面告知。"
	c := cutText(t, "x.txt", text, Header{})
	var got []string
	for _, p := range c.Passages {
		got = append(got, p.Label)
	}
	want := []string{"", "第十条", "第十条第二款", "第十条第二款第（三）项"}
	if !slices.Equal(want, got) {
		t.Errorf("want passages labelled %q, got %q", want, got)
	}
	sound(t, c)
}

func TestAddressAndPart(t *testing.T) {
	article := "第十条 申请人应当提交材料。\n有下列情形之一的，不予受理：\n（一）材料不全的；\n（二）不属于职权范围的。\n前款规定的情形应当书面告知。"
	for _, tc := range []struct {
		words           string
		paragraph, item int
	}{{"提交材料", 1, 0}, {"有下列", 2, 0}, {"职权范围", 2, 2}, {"书面告知", 3, 0}} {
		p, i := Address(article, strings.Index(article, tc.words))
		if p != tc.paragraph || i != tc.item {
			t.Errorf("want %q at 第%d款第%d项, got %d, %d", tc.words, tc.paragraph, tc.item, p, i)
		}
		start, end, ok := Part(article, p, i)
		if !ok || !strings.Contains(article[start:end], tc.words) {
			t.Errorf("want part %d, %d to hold %q, got %q", p, i, tc.words, article[start:end])
		}
	}
	if _, _, ok := Part(article, 4, 0); ok {
		t.Error("want no fourth 款")
	}
	if p, i := Address("第五条 一款而已。\n（一）甲；\n（二）乙。", len("第五条 一款而已。\n（一）甲；\n（")); p != 0 || i != 2 {
		t.Errorf("want an only 款 left unnamed, got %d, %d", p, i)
	}
}

func TestOfficialPath(t *testing.T) {
	body := strings.Repeat("各有关部门要按照职责分工抓好落实，及时报告工作进展。", 9)
	text := "云川市人民政府办公室关于推进一枚印章管审批的通知\n云政办发〔2025〕12号\n各街道办事处，市政府各部门：\n一、总体要求\n" + body +
		"\n二、重点任务\n（一）集中划转事项。" + body + "\n1.编制目录。" + body + "\n（二）优化流程。" + body + "\n云川市人民政府办公室\n2025年3月6日"
	c := cutText(t, "x.txt", text, Header{})
	h := c.Header
	if h.DocNumber != "云政办发〔2025〕12号" || h.Issuer != "云川市人民政府办公室" || h.Issued != "2025-03-06" || h.Kind != Official || h.Level != "规范性文件" {
		t.Errorf("want the header of a 公文, got %+v", h)
	}
	want := map[string]string{"一、": "一、总体要求", "二、（一）": "（一）集中划转事项", "二、（一）1.": "二、重点任务", "二、（二）": "（二）优化流程"}
	for _, p := range c.Passages {
		if head, ok := want[p.Label]; ok {
			if !strings.Contains(p.Context, head) {
				t.Errorf("want %q above passage %s, got %q", head, p.Label, p.Context)
			}
			delete(want, p.Label)
		}
	}
	if len(want) > 0 {
		t.Errorf("want passages for %v too", want)
	}
	sound(t, c)
}

// sound checks what must hold of every cut.
func sound(t testing.TB, c Cut) {
	t.Helper()
	for i, p := range c.Provisions {
		if p.Ord != i || p.Start < 0 || p.End > len(c.Text) || p.Start >= p.End {
			t.Fatalf("provision %d has a wrong place: %+v", i, p)
		}
		if i > 0 && p.Start < c.Provisions[i-1].End {
			t.Fatalf("provision %d overlaps the one before", i)
		}
	}
	last := 0
	for i, p := range c.Passages {
		if p.Ord != i || p.Start < last || p.End > len(c.Text) || p.Start >= p.End {
			t.Fatalf("passage %d has a wrong place: %+v after %d of %d", i, p, last, len(c.Text))
		}
		last = p.End
		text := c.Text[p.Start:p.End]
		if !strings.HasPrefix(c.Text[p.Start:], text) || strings.ToValidUTF8(text, "") != text {
			t.Fatalf("passage %d splits a character", i)
		}
		if n := len([]rune(text)); n > mostChars+mostChars/10 {
			t.Fatalf("passage %d has %d characters", i, n)
		}
		if p.ProvisionOrd < 0 {
			continue
		}
		if of := c.Provisions[p.ProvisionOrd]; p.Start < of.Start || p.End > of.End {
			t.Fatalf("passage %d crosses the bounds of %s", i, of.Label)
		}
	}
}
