package corpus

import (
	"strings"
	"testing"
)

// What closing clauses and decisions say; each line is one relation as
// "verb name number part since".
func TestRelations(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"a closing clause", "# 云川市停车管理办法\n\n第一条 甲。\n\n第二十条 本办法自2024年5月1日起施行。2010年3月1日云川市人民政府公布的《云川市机动车停车管理暂行办法》（云政发〔2010〕5号）同时废止。",
			"repeals 云川市机动车停车管理暂行办法 云政发〔2010〕5号 2024-05-01 made 2010-03-01"},
		{"several at once", "# 云川市数据条例\n\n第一条 甲。\n\n第九条 本条例自公布之日起施行，《云川市信息条例》、《云川市〈档案法〉实施办法》同时废止。",
			"repeals 云川市信息条例\nrepeals 云川市〈档案法〉实施办法"},
		{"without book marks", "# 云川市户口办法\n\n第一条 甲。\n\n第九条 本办法自2020年1月1日起施行。1995年6月8日市人民政府发布的云川市户口登记办法同时废止。",
			"repeals 云川市户口登记办法 2020-01-01 made 1995-06-08"},
		{"a part only", "# 云川市水办法\n\n第一条 甲。\n\n第二条 《云川市井办法》第三条同时废止。", "repeals 云川市井办法 part"},
		{"a list", "# 云川市人民政府关于废止部分文件的通知\n\n云政发〔2024〕1号\n\n自2024年2月1日起施行，下列文件予以废止：\n\n一、《云川市甲办法》（云政发〔2001〕1号）\n\n二、云川市乙规定（云政发〔2002〕2号）\n\n云川市人民政府\n\n2024年1月5日",
			"repeals 云川市甲办法 云政发〔2001〕1号 2024-02-01\nrepeals 云川市乙规定 云政发〔2002〕2号 2024-02-01"},
		{"a decision to repeal", "# 海州市人民代表大会常务委员会关于废止《海州市集市条例》的决定\n\n一、废止《海州市集市条例》。", "repeals 海州市集市条例"},
		{"a decision to change", "# 海州市人民代表大会常务委员会关于修改《海州市数据条例》等二件条例的决定\n\n一、将《海州市数据条例》第三条修改为：“甲”。\n\n二、将《海州市养犬条例》第五条删去。",
			"amends 海州市数据条例\namends 海州市养犬条例"},
		{"an amendment", "# 中华人民共和国数据法修正案（三）\n\n一、甲。", "amends 中华人民共和国数据法"},
		{"its basis", "# 云川市养犬办法\n\n第一条 根据《中华人民共和国动物防疫法》和《海州省养犬条例》，制定本办法。", "basis 中华人民共和国动物防疫法\nbasis 海州省养犬条例"},
		{"whatever disagrees is no name", "# 云川市养犬办法\n\n第一条 甲。\n\n第二条 本办法施行前的规定与本办法不一致的，同时废止。", ""},
		{"a file that may end is not ended", "# 云川市养犬办法\n\n第一条 《养犬证》有效期满不换的，《养犬证》自行废止的后果由本人承担。", ""},
		{"a procedure under another law", "# 云川市股票办法\n\n第一条 股东可以依照《民事诉讼法》规定的程序，请求法院宣告该股票失效。", ""},
		{"what others did is told, not done", "# 案例：某小区养犬纠纷\n\n基本案情\n\n2020年《云川市养犬办法》同时废止。\n\n裁判理由\n\n甲。", ""},
		{"stopping execution", "# 云川市办公室关于补贴的通知\n\n云办发〔2024〕2号\n\n一、甲。\n\n二、本通知自印发之日起执行，原《云川市补贴办法》同时停止执行。\n\n2024年3月1日", "repeals 云川市补贴办法"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, r := range cutText(t, "x.md", tc.text, Header{}).Relations {
				if r.Confidence < Certain {
					continue
				}
				s := r.Verb + " " + r.Title
				if r.Number != "" {
					s += " " + r.Number
				}
				if r.Part {
					s += " part"
				}
				if r.On != "" {
					s += " " + string(r.On)
				}
				if len(r.Dates) > 0 {
					s += " made " + string(r.Dates[0])
				}
				got = append(got, s)
			}
			if s := strings.Join(got, "\n"); s != tc.want {
				t.Errorf("want %q\n got %q", tc.want, s)
			}
		})
	}
}

func TestMeant(t *testing.T) {
	law := Target{Identity: "a", Title: "中华人民共和国数据法", Issuer: "全国人民代表大会", Level: "法律"}
	notice := Target{Identity: "b", Title: "关于做好防汛工作的通知", Issuer: "云川市应急管理局", Level: "规范性文件", Number: "云应急〔2020〕1号"}
	by := Actor{Identity: "x", Title: "云川市数据办法", Issuer: "云川市人民政府", Level: "规范性文件"}
	r := Relation{Verb: Repeals, Title: "中华人民共和国数据法", Confidence: 0.9}
	if _, sure := Meant(r, by, []Target{law}); sure >= Certain {
		t.Errorf("want a notice not to end a law, got confidence %v", sure)
	}
	if picked, sure := Meant(r, Actor{Identity: "y", Title: "中华人民共和国信息法", Issuer: "全国人民代表大会", Level: "法律"}, []Target{law}); len(picked) != 1 || sure < Certain {
		t.Errorf("want a law to end a law, got %v, %v", picked, sure)
	}
	if picked, _ := Meant(Relation{Title: notice.Title, Number: "云应急〔2021〕9号", Confidence: 0.9}, by, []Target{notice}); len(picked) != 0 {
		t.Errorf("want another number to mean another notice, got %v", picked)
	}
	if picked, _ := Meant(r, Actor{Identity: "a"}, []Target{law}); len(picked) != 0 {
		t.Error("want a text not to end its own document: its versions follow one another")
	}
	two := []Target{{Identity: "c", Title: "养犬办法", Issuer: "云川市公安局", Level: "规范性文件", Issued: []Date{"2001-01-01"}}, {Identity: "d", Title: "养犬办法", Issuer: "云川市城管局", Level: "规范性文件", Issued: []Date{"2005-01-01"}}}
	if picked, sure := Meant(Relation{Title: "养犬办法", Dates: []Date{"2005-01-01"}, Confidence: 0.9}, by, two); len(picked) != 1 || picked[0] != 1 || sure < 0.5 {
		t.Errorf("want the one made on the stated day, got %v, %v", picked, sure)
	}
	if _, sure := Meant(Relation{Title: "养犬办法", Confidence: 0.9}, by, two); sure >= Certain {
		t.Errorf("want two of one name to be a person's matter, got %v", sure)
	}
}

func TestRank(t *testing.T) {
	order := []Header{
		{Title: "中华人民共和国宪法", Level: "宪法"},
		{Title: "中华人民共和国数据法", Level: "法律", Issuer: "全国人民代表大会"},
		{Title: "数据条例", Level: "行政法规", Issuer: "国务院"},
		{Title: "海州省数据条例", Level: "地方性法规", Issuer: "海州省人民代表大会常务委员会", Region: "海州省"},
		{Title: "云川市数据条例", Level: "地方性法规", Issuer: "云川市人民代表大会常务委员会", Region: "云川市"},
		{Title: "数据规定", Level: "部门规章", Issuer: "公安部"},
		{Title: "海州省数据办法", Level: "地方政府规章", Issuer: "海州省人民政府", Region: "海州省"},
		{Title: "云川市数据办法", Level: "地方政府规章", Issuer: "云川市人民政府", Region: "云川市"},
		{Title: "关于数据的通知", Level: "规范性文件", Issuer: "国务院办公厅"},
		{Title: "关于数据的通知", Level: "规范性文件", Issuer: "云川市人民政府", Region: "云川市"},
		{Title: "关于数据的通知", Level: "规范性文件", Issuer: "东桥区人民政府", Region: "云川市"},
		{Title: "数据纠纷", Level: "典型案例"},
	}
	for i, h := range order[1:] {
		above := order[i]
		if a, b := Rank(above.Level, above.Issuer, above.Region, above.Title), Rank(h.Level, h.Issuer, h.Region, h.Title); a <= b {
			t.Errorf("want %s (%s) above %s (%s), got %d and %d", above.Title, above.Issuer, h.Title, h.Issuer, a, b)
		}
	}
}

func TestReferences(t *testing.T) {
	text := "# 云川市停车管理办法\n\n第一条 根据《中华人民共和国行政许可法》（以下简称行政许可法）第三条第二款、第五条，制定本办法。\n\n" +
		"第二条 违反本办法第一条、第三条第一款第（二）项的，依照刑法第三百四十条处罚。\n\n前款所称违反，是指甲。\n\n" +
		"第三条 下列情形，适用前条：\n\n（一）甲；\n\n（二）乙，但第二条第二款规定的除外。\n\n有前款第（二）项情形的，适用行政许可法第八十条之一，不适用第九十九条。"
	c := cutText(t, "x.md", text, Header{})
	var got []string
	for _, r := range c.References {
		got = append(got, c.Text[r.Start:r.End]+"→"+r.Name+" "+r.Label)
	}
	want := []string{
		"《中华人民共和国行政许可法》（以下简称行政许可法）第三条第二款→行政许可法 第三条第二款", "第五条→行政许可法 第五条",
		"第一条→ 第一条", "第三条第一款第（二）项→ 第三条第一款第（二）项", "刑法第三百四十条→刑法 第三百四十条",
		"前款→ 第二条第一款", "前条→ 第二条", "第二条第二款→ 第二条第二款", "前款第（二）项→ 第三条第一款第（二）项",
		"适用行政许可法第八十条之一→行政许可法 第八十条之一",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("want %s\n got %s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}
