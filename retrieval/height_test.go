package retrieval

import "testing"

func TestWhatOnlyCarriesOutALaw(t *testing.T) {
	for _, c := range []struct {
		level, title string
		want         bool
	}{
		{"法律", "中华人民共和国数据法", false},
		{"行政法规", "云川条例", true},
		{"部门规章", "数据登记办法", true},
		{"规范性文件", "云川市数据管理办法", false},
		{"地方性法规", "海州市数据条例", false},
		{"", "数据条例第十条", true},
		{"", "数据登记办法（2019年修订）第三条", true},
		{"", "数据法第十条", false},
		{"", "云川市数据条例", false},
		{"", "关于数据的通知", false},
	} {
		if got := secondary(c.level, c.title); got != c.want {
			t.Errorf("%q %q: want %v, got %v", c.level, c.title, c.want, got)
		}
	}
}

func TestTheMixLeavesAnOrderThatBothSidesShare(t *testing.T) {
	all := []candidate{
		{id: 1, lexical: 2, cosine: 0.2, hasCosine: true},
		{id: 2, lexical: 9, cosine: 0.8, hasCosine: true, secondary: true},
		{id: 3, lexical: 8.9, cosine: 0.79, hasCosine: true},
	}
	mix(all, 0.5, 0)
	if all[0].id != 2 || all[2].id != 1 {
		t.Errorf("want 2, 3, 1, got %v", all)
	}
	mix(all, 0.5, 0.1)
	if all[0].id != 3 {
		t.Errorf("want the law before what carries it out when they are alike, got %v", all)
	}
}
