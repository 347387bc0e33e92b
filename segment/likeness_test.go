package segment

import "testing"

func TestLikeness(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"五个工作日", "五个工作日", 1}, {"", "", 0}, {"甲", "甲", 0}, {"甲乙", "丙丁", 0},
		{"五个工作日内", "十个工作日内", 0.8}, {"哈哈哈", "哈哈", 2.0 / 3},
	} {
		if got := Likeness(c.a, c.b); got != c.want || got != Likeness(c.b, c.a) {
			t.Errorf("%s, %s: want %v, got %v", c.a, c.b, c.want, got)
		}
	}
}
