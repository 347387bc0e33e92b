package corpus

import "testing"

func TestReadHeader(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       Header
	}{
		{"a rule in a notice", "云川市人民政府关于印发《云川市公共数据管理办法》的通知\n云政发〔2023〕8号\n各街道办事处：\n现将《云川市公共数据管理办法》印发给你们。\n云川市人民政府\n2023年5月10日\n云川市公共数据管理办法\n第一条 为了规范公共数据管理，制定本办法。\n第二条 本办法自2023年7月1日起施行，有效期5年。",
			Header{Title: "云川市人民政府关于印发《云川市公共数据管理办法》的通知", DocNumber: "云政发〔2023〕8号", Issuer: "云川市人民政府", Level: "规范性文件", Kind: Law, Issued: "2023-05-10", Effective: "2023-07-01", Repealed: "2028-07-01"}},
		{"the note under a title", "# 海州市数据条例\n\n（2019年8月1日海州市第三届人民代表大会常务委员会第五次会议通过　根据2023年9月28日海州市人民代表大会常务委员会《关于修改〈海州市数据条例〉的决定》修正）\n\n第一条 为了发展数据事业，制定本条例。\n\n第二条 本条例自2019年10月1日起施行。",
			Header{Title: "海州市数据条例", Issuer: "海州市人民代表大会常务委员会", Level: "地方性法规", Kind: Law, Issued: "2023-09-28"}},
		{"all in one note", "# 云川市数字企业扶持办法（试行）\n云政发〔2024〕8号\n（2024年5月13日云川市人民政府印发，自2024年6月15日起试行，有效期至2027年12月31日）\n第一条 为了扶持企业，制定本办法。",
			Header{Title: "云川市数字企业扶持办法（试行）", DocNumber: "云政发〔2024〕8号", Issuer: "云川市人民政府", Level: "规范性文件", Kind: Law, Issued: "2024-05-13", Effective: "2024-06-15", Repealed: "2028-01-01"}},
		{"in force when published", "云川市信用修复办法\n云信办〔2024〕3号\n2024年2月29日\n第一条 为了规范信用修复，制定本办法。\n第二条 本办法自发布之日起施行。",
			Header{Title: "云川市信用修复办法", DocNumber: "云信办〔2024〕3号", Level: "规范性文件", Kind: Law, Issued: "2024-02-29", Effective: "2024-02-29"}},
		{"Chinese date, broken title", "云川市人民政府\n关于废止部分文件的\n通知\n云政发〔2022〕1号\n经研究，决定废止《云川市停车管理办法》。\n云川市人民政府\n二〇二二年一月十日",
			Header{Title: "云川市人民政府关于废止部分文件的通知", DocNumber: "云政发〔2022〕1号", Issuer: "云川市人民政府", Level: "规范性文件", Kind: Official, Issued: "2022-01-10"}},
		{"nothing to go by", "随手记下的几句话，没有标题。", Header{Title: "x", Kind: Other}},
		{"minutes", "云川市政府专题会议纪要\n时间：2025年4月2日\n会议议定：同意立项。", Header{Title: "云川市政府专题会议纪要", Kind: Minutes}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := cutText(t, "x.md", tc.text, Header{}).Header; got != tc.want {
				t.Errorf("want %+v\n got %+v", tc.want, got)
			}
		})
	}
	given := cutText(t, "x.md", "云川市信用修复办法\n第一条 甲。", Header{Title: "给定名称", Issued: "1954", Level: "规范性文件"}).Header
	if given.Title != "给定名称" || given.Issued != "" {
		t.Errorf("want what is given to win and a bare year dropped, got %+v", given)
	}
}

func TestIdentity(t *testing.T) {
	same := [][2]Header{
		{{Title: "中华人民共和国数据法", Level: "法律"}, {Title: "数据法（2023年修正）", Level: "法律", Issuer: "别的写法"}},
		{{Title: "中华人民共和国数据法修正案（二）", Level: "法律"}, {Title: "中华人民共和国数据法修正案(二)", Level: "修正案"}},
		{{Title: "云川市公共数据管理办法（试行）", Kind: Law, Issuer: "云川市人民政府办公室"}, {Title: "云川市人民政府关于印发《云川市公共数据管理办法》的通知", Kind: Law, Issuer: "云川市人民政府"}},
	}
	for _, p := range same {
		if a, b := Identity(p[0], "a"), Identity(p[1], "b"); a != b {
			t.Errorf("want one document, got %q and %q", a, b)
		}
	}
	different := [][2]Header{
		{{Title: "中华人民共和国数据法修正案（二）", Level: "法律"}, {Title: "中华人民共和国数据法修正案（三）", Level: "法律"}},
		{{Title: "养犬管理条例", Level: "地方性法规", Region: "海州市"}, {Title: "养犬管理条例", Level: "地方性法规", Region: "江州市"}},
		{{Title: "关于做好防汛工作的通知", Kind: Official, Issuer: "云川市应急管理局", Issued: "2024-05-01"}, {Title: "关于做好防汛工作的通知", Kind: Official, Issuer: "云川市应急管理局", Issued: "2025-05-01"}},
		{{Title: "财务管理办法", Kind: Law, Issuer: "云川市财政局"}, {Title: "财务管理办法", Kind: Law, Issuer: "云川市民政局"}},
		{{Title: "案例", Kind: Case}, {Title: "案例", Kind: Case}},
	}
	for _, p := range different {
		if a, b := Identity(p[0], "a"), Identity(p[1], "b"); a == b {
			t.Errorf("want two documents, got %q for %q and %q", a, p[0].Title, p[1].Title)
		}
	}
}

func TestChain(t *testing.T) {
	law := func(path string, issued, effective Date, status string) Declared {
		return Declared{Path: path, Level: "法律", Issued: issued, Effective: effective, Status: status}
	}
	for _, tc := range []struct {
		name string
		all  []Declared
		want []Validity
	}{
		{"a new version ends the old", []Declared{law("b", "2020-10-17", "2021-06-01", "现行"), law("a", "2012-10-26", "2007-06-01", "现行")},
			[]Validity{{Effective: "2021-06-01"}, {Effective: "2012-10-26", Repealed: "2021-06-01"}}},
		{"copies of one text stand together, at the later start", []Declared{law("a", "2012-10-26", "1995-02-28", ""), law("b", "2012-10-26", "2013-01-01", "")},
			[]Validity{{Effective: "2013-01-01"}, {Effective: "2013-01-01"}}},
		{"over, nobody says since when", []Declared{law("a", "2001-01-01", "", "已废止")}, []Validity{{Effective: "2001-01-01", Over: true}}},
		{"no dates", []Declared{{Path: "a"}, {Path: "b", Issued: "2020-01-01"}}, []Validity{{}, {Effective: "2020-01-01"}}},
		{"a notice may reach back", []Declared{{Path: "a", Level: "规范性文件", Issued: "2020-02-15", Effective: "2020-01-01"}}, []Validity{{Effective: "2020-01-01"}}},
		{"repealed before the next came", []Declared{{Path: "a", Level: "法律", Issued: "2000-01-01", Repealed: "2005-01-01"}, law("b", "2010-01-01", "", "")},
			[]Validity{{Effective: "2000-01-01", Repealed: "2005-01-01"}, {Effective: "2010-01-01"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Chain(tc.all)
			for i := range tc.want {
				if got[i] != tc.want[i] {
					t.Errorf("version %s: want %+v, got %+v", tc.all[i].Path, tc.want[i], got[i])
				}
			}
		})
	}
}

func TestStatus(t *testing.T) {
	for _, tc := range []struct {
		v    Validity
		on   Date
		want string
	}{
		{Validity{Effective: "2023-07-01"}, "2023-06-30", NotYet},
		{Validity{Effective: "2023-07-01"}, "2023-07-01", InForce},
		{Validity{Effective: "2023-07-01", Repealed: "2025-01-01"}, "2024-12-31", InForce},
		{Validity{Effective: "2023-07-01", Repealed: "2025-01-01"}, "2025-01-01", Ended},
		{Validity{Effective: "2023-07-01", Over: true}, "2025-01-01", Ended},
		{Validity{}, "2025-01-01", Unknown},
	} {
		if got := tc.v.Status(tc.on); got != tc.want {
			t.Errorf("%+v on %s: want %s, got %s", tc.v, tc.on, tc.want, got)
		}
	}
}
