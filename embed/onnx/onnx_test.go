//go:build onnx

package onnx

import (
	"math"
	"os"
	"testing"
)

// TestModelFolder runs the model in ADVISOR_TEST_ONNX, a folder with a .onnx
// file, its tokenizer.json and the ONNX Runtime library.
func TestModelFolder(t *testing.T) {
	dir := os.Getenv("ADVISOR_TEST_ONNX")
	if dir == "" {
		t.Fatal("set ADVISOR_TEST_ONNX to a folder with model, tokenizer and library")
	}
	m, err := Open(dir, "", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	v, err := m.Embed(t.Context(), []string{"老板拖欠工资怎么办", "", "用人单位应当及时足额支付劳动报酬。", "机动车应当遵守限速规定。"})
	if err != nil {
		t.Fatal(err)
	}
	like := func(a, b []float32) (sum float64) {
		for k := range a {
			sum += float64(a[k]) * float64(b[k])
		}
		return sum
	}
	for i := range v {
		if len(v[i]) != m.Dim() || math.Abs(like(v[i], v[i])-1) > 1e-4 {
			t.Errorf("vector %d: want length 1 in %d dimensions, got %v in %d", i, m.Dim(), like(v[i], v[i]), len(v[i]))
		}
	}
	if near, far := like(v[0], v[2]), like(v[0], v[3]); near <= far {
		t.Errorf("want wages nearer to wages (%.3f) than to traffic (%.3f)", near, far)
	}
}
