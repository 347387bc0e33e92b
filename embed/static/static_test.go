package static

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"advisor/segment"
)

func model(t testing.TB) *Model {
	t.Helper()
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func embed(t testing.TB, texts ...string) [][]float32 {
	t.Helper()
	out, err := model(t).Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func like(a, b []float32) float64 {
	var sum float64
	for k := range a {
		sum += float64(a[k]) * float64(b[k])
	}
	return sum
}

func TestLikeTextsLieTogether(t *testing.T) {
	for _, c := range []struct{ question, near, far string }{
		{"老板拖欠工资怎么办", "用人单位未及时足额支付劳动报酬的，劳动者可以解除劳动合同。", "机动车在道路上行驶，应当遵守限速规定。"},
		{"离婚后孩子归谁抚养", "离婚后，子女的抚养权由父母双方协商。", "建设单位应当在开工前申请领取施工许可证。"},
		{"政务数据怎么共享", "各部门应当通过共享平台提供公共数据。", "餐饮服务提供者应当取得食品经营许可证。"},
		{"房东不退押金", "租赁期限届满，出租人应当返还保证金。", "国家实行义务教育制度。"},
	} {
		v := embed(t, c.question, c.near, c.far)
		if near, far := like(v[0], v[1]), like(v[0], v[2]); near <= far {
			t.Errorf("%s: want %q nearer (%.3f) than %q (%.3f)", c.question, c.near, near, c.far, far)
		}
	}
}

func TestVectorsAreUnitAndSteady(t *testing.T) {
	texts := []string{"云川市政务数据共享管理办法", "ＡＢＣ", "法", "𪚥龘靐", "", "，。！", strings.Repeat("审批", 5000), "坏\xff字"}
	first, again := embed(t, texts...), embed(t, texts...)
	for i, v := range first {
		if len(v) != model(t).Dim() {
			t.Errorf("%q: want %d dimensions, got %d", texts[i], model(t).Dim(), len(v))
		}
		if n := math.Sqrt(like(v, v)); n != 0 && math.Abs(n-1) > 1e-5 || math.IsNaN(n) {
			t.Errorf("%q: want length 1 or nothing known, got %v", texts[i], n)
		}
		if !slices.Equal(v, again[i]) {
			t.Errorf("%q: want the same vector each time", texts[i])
		}
	}
	for _, i := range []int{0, 2, 6, 7} {
		if like(first[i], first[i]) == 0 {
			t.Errorf("%q: want something known in it", texts[i])
		}
	}
	if got := like(first[4], first[4]); got != 0 {
		t.Errorf("empty text: want the zero vector, got length %v", got)
	}
}

// TestUnknownWordsFallBackOnCharacters takes a name no training text holds.
func TestUnknownWordsFallBackOnCharacters(t *testing.T) {
	v := embed(t, "砼砌办")
	if like(v[0], v[0]) == 0 {
		t.Error("want a vector from single characters, got none")
	}
}

func TestEmbedFromManySides(t *testing.T) {
	want := embed(t, "社区工作者的任期是几年")[0]
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if got := embed(t, "社区工作者的任期是几年")[0]; !slices.Equal(got, want) {
					t.Error("want the same vector under load")
				}
			}
		})
	}
	all.Wait()
}

func TestDamagedModelIsRefused(t *testing.T) {
	seg, err := segment.Default()
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{"empty": "", "magic only": magic, "cut off": builtIn[:len(builtIn)-1], "longer": builtIn + "x", "other": "x" + builtIn} {
		if _, err := Read(raw, seg); err == nil {
			t.Errorf("%s: want an error, got none", name)
		}
	}
}

func BenchmarkQuestion(b *testing.B) {
	m := model(b)
	for b.Loop() {
		if _, err := m.Embed(b.Context(), []string{"老板拖欠工资三个月，我该向哪个部门投诉？"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPassage(b *testing.B) {
	m := model(b)
	text := strings.Repeat("用人单位未及时足额支付劳动报酬的，劳动者可以解除劳动合同，并向市人力资源和社会保障局投诉。", 6)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := m.Embed(b.Context(), []string{text}); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleModel_Embed() {
	m, err := New()
	if err != nil {
		panic(err)
	}
	v, err := m.Embed(context.Background(), []string{"老板欠薪", "拖欠劳动报酬", "道路限速"})
	if err != nil {
		panic(err)
	}
	fmt.Println(like(v[0], v[1]) > like(v[0], v[2]))
	// Output: true
}
