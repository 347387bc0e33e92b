package experts

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"advisor/advice"
)

func textOf(claims ...string) advice.Body {
	b := advice.Body{Question: "能否共享？", Conclusion: "可以共享。", Label: advice.Label, Options: []string{"甲", "乙"}}
	for _, c := range claims {
		b.Claims = append(b.Claims, advice.Claim{Text: c, Support: advice.Quoted, Citations: []advice.Citation{{VersionID: int64(len(c)), Provision: "第十条", Quote: c}}})
	}
	return b
}

func TestChange(t *testing.T) {
	base := textOf("甲应当答复。", "乙可以 申请。", "丙不得拒绝。")
	with := func(change func(b *advice.Body)) advice.Body {
		b := base
		b.Claims = slices.Clone(base.Claims)
		for i := range b.Claims {
			b.Claims[i].Citations = slices.Clone(base.Claims[i].Citations)
		}
		change(&b)
		return b
	}
	for _, c := range []struct {
		name    string
		after   advice.Body
		format  bool
		changed []int
		moved   map[int]int
	}{
		{"nothing", base, true, nil, map[int]int{1: 1, 2: 2, 3: 3}},
		{"blanks and widths", with(func(b *advice.Body) {
			b.Claims[1].Text = "乙可以申请。"
			b.Conclusion = "可以\n共享。\u200b"
			b.Claims[0].Citations[0].Provision = "第十条 "
		}), true, nil, map[int]int{1: 1, 2: 2, 3: 3}},
		{"a word", with(func(b *advice.Body) { b.Claims[1].Text = "乙应当申请。" }), false, []int{2}, map[int]int{1: 1, 3: 3}},
		{"a comma's kind", with(func(b *advice.Body) { b.Claims[0].Text = "甲、应当答复。" }), false, []int{1}, map[int]int{2: 2, 3: 3}},
		{"a citation's provision", with(func(b *advice.Body) { b.Claims[2].Citations[0].Provision = "第十一条" }), false, []int{3}, map[int]int{1: 1, 2: 2}},
		{"a citation's version", with(func(b *advice.Body) { b.Claims[2].Citations[0].VersionID = 9 }), false, []int{3}, map[int]int{1: 1, 2: 2}},
		{"the conclusion", with(func(b *advice.Body) { b.Conclusion = "不可以共享。" }), false, nil, map[int]int{1: 1, 2: 2, 3: 3}},
		{"an option", with(func(b *advice.Body) { b.Options = []string{"甲"} }), false, nil, map[int]int{1: 1, 2: 2, 3: 3}},
		{"a claim removed", with(func(b *advice.Body) { b.Claims = b.Claims[1:] }), false, []int{1}, map[int]int{2: 1, 3: 2}},
	} {
		got := changeOf(base, c.after)
		if got.Format != c.format || !slices.Equal(got.Changed, c.changed) || fmt.Sprint(got.Moved) != fmt.Sprint(c.moved) {
			t.Errorf("%s: want format %v, changed %v, moved %v; got %+v", c.name, c.format, c.changed, c.moved, got)
		}
	}
	if plainText("第 10 5 条ＡＢ　c") != "第10 5条AB c" {
		t.Errorf("plain text: got %q", plainText("第 10 5 条ＡＢ　c"))
	}
}

func TestMerge(t *testing.T) {
	base := textOf("一", "二", "三", "四")
	theirs, mine := textOf("一", "二改", "三", "四"), textOf("一", "二", "三", "四改")
	mine.Conclusion = "可以有条件共享。"
	got, clashes := merge(base, theirs, mine)
	if len(clashes) > 0 || claimWords(got) != "一 二改 三 四改" || got.Conclusion != mine.Conclusion {
		t.Errorf("want both changes, got %q, %q, clashes %v", claimWords(got), got.Conclusion, clashes)
	}
	theirs, mine = textOf("二", "三", "四", "五新"), textOf("一", "新", "二", "三", "四")
	got, clashes = merge(base, theirs, mine)
	if len(clashes) > 0 || claimWords(got) != "新 二 三 四 五新" {
		t.Errorf("want removal and additions joined, got %q, clashes %v", claimWords(got), clashes)
	}
	_, clashes = merge(base, textOf("一", "二甲", "三", "四"), textOf("一", "二乙", "三", "四"))
	if !slices.Equal(clashes, []string{"第 2 条论断"}) {
		t.Errorf("want the second claim in conflict, got %v", clashes)
	}
	_, clashes = merge(base, textOf("一", "三", "四"), textOf("一", "二乙", "三", "四"))
	if !slices.Equal(clashes, []string{"第 2 条论断"}) {
		t.Errorf("want a claim removed here and changed there in conflict, got %v", clashes)
	}
	if same, clashes := merge(base, textOf("一", "二甲", "三", "四"), textOf("一", "二甲", "三", "四")); len(clashes) > 0 || claimWords(same) != "一 二甲 三 四" {
		t.Errorf("want the same change once, got %q", claimWords(same))
	}
}

func claimWords(b advice.Body) string {
	var list []string
	for _, c := range b.Claims {
		list = append(list, c.Text)
	}
	return fmt.Sprint(list)[1 : len(fmt.Sprint(list))-1]
}

// Disjoint edits always merge, whatever they are, and each ends up in the result;
// two edits of one claim never do, unless they are the same.
func TestMergeOfRandomEdits(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for range 3000 {
		n := 2 + random.IntN(6)
		words := make([]string, n)
		for i := range words {
			words[i] = fmt.Sprintf("论断%d的原话", i)
		}
		base := textOf(words...)
		a, b := random.IntN(n), random.IntN(n)
		left, right := slices.Clone(words), slices.Clone(words)
		left[a], right[b] = words[a]+"甲改", words[b]+"乙改"
		got, clashes := merge(base, textOf(left...), textOf(right...))
		if a == b {
			if len(clashes) == 0 {
				t.Fatalf("claim %d was changed in two ways and merged to %q", a+1, claimWords(got))
			}
			continue
		}
		if len(clashes) > 0 || got.Claims[a].Text != left[a] || got.Claims[b].Text != right[b] || len(got.Claims) != n {
			t.Fatalf("edits of %d and %d: got %q, clashes %v", a+1, b+1, claimWords(got), clashes)
		}
	}
}
