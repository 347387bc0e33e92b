package retrieval

import (
	"testing"
)

func TestProvisionsNamedInAQuestion(t *testing.T) {
	passages := []struct{ title, label string }{
		{"中华人民共和国云川法", "第一百条"},                // 1
		{"中华人民共和国云川法", "第一百条第二款"},             // 2
		{"中华人民共和国云川法", "第一百零一条之一"},            // 3
		{"云川市公共数据共享管理办法（试行）", "第十二条第一款第（三）项"}, // 4
		{"民事诉讼法第九条", ""},                      // 5: an evaluation set's way
		{"关于适用云川法若干问题的解释（一）", "第三条"},          // 6
		{"关于适用云川法若干问题的解释（二）", "第三条"},          // 7
		{"云川法修正案（2004年）", "第四条"},              // 8
		{"云川法修正案（2018年）", "第四条"},              // 9
	}
	var entries []entry
	versions := map[int64]*version{1: {id: 1}}
	for i, p := range passages {
		e := entry{id: int64(i + 1), version: 1}
		for _, n := range namesOf(p.title, p.label) {
			e.exact = append(e.exact, hashTerm(n))
		}
		entries = append(entries, e)
	}
	v := newView([]part{{shard: build(entries, tuned)}}, versions, 0)
	cases := []struct {
		question string
		want     []int64 // of the first reference's best term, then of the next references
	}{
		{"《云川法》第一百条说什么？", []int64{1, 2}},
		{"中华人民共和国云川法第100条第二款", []int64{2}},
		{"请问云川法第一百零一条之一怎么理解", []int64{3}},
		{"根据《云川市公共数据共享管理办法》第十二条第一款第三项", []int64{4}},
		{"民诉法第九条的内容是什么？", []int64{5}},
		{"《云川法》第一百零一条之一和《民事诉讼法》第九条", []int64{3, 5}},
		{"《关于适用云川法若干问题的解释（二）》第三条", []int64{7}},
		{"修正案2004年第四条的内容是什么？", []int64{8}},
		{"云川法修正案（2018年）第四条", []int64{9}},
		{"云川法第五百条", nil},
		{"数据怎么共享", nil},
	}
	for _, c := range cases {
		t.Run(c.question, func(t *testing.T) {
			var got []int64
			for _, n := range v.resolve(c.question, open(v)) {
				for _, f := range v.passages(n.terms[0], open(v)) {
					got = append(got, f.id)
				}
			}
			if len(got) != len(c.want) {
				t.Fatalf("want passages %v, got %v", c.want, got)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Fatalf("want passages %v, got %v", c.want, got)
				}
			}
		})
	}
}
