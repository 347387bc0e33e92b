package draw

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// TestGolden keeps the drawing what published records say it was.
func TestGolden(t *testing.T) {
	pool := []string{"甲", "乙", "丙", "丁", "戊"}
	seed := Seed(PoolHash(pool), []string{"secret one", "secret two"})
	if again := Seed(PoolHash(pool), []string{"secret two", "secret one"}); again != seed {
		t.Error("the seed depends on the order in which the secrets were given")
	}
	got := fmt.Sprint(Order(seed, len(pool)))
	const want = "[1 2 4 3 0]"
	if got != want {
		t.Errorf("want %s, got %s", want, got)
	}
	if other := Seed(PoolHash(pool[:4]), []string{"secret one", "secret two"}); other == seed {
		t.Error("another pool has the same seed")
	}
}

func TestOrderIsAPermutation(t *testing.T) {
	for n := range 40 {
		order := Order(Seed("p", []string{fmt.Sprint(n)}), n)
		slices.Sort(order)
		for i, x := range order {
			if i != x {
				t.Fatalf("n=%d: not a permutation: %v", n, order)
			}
		}
	}
}

// TestFairness: over 20,000 draws of the first of 7, χ² stays below the 0.1 %
// point for 6 degrees of freedom, 22.46.
func TestFairness(t *testing.T) {
	const draws, n = 20_000, 7
	count := make([]float64, n)
	for i := range draws {
		count[Order(Seed("pool", []string{fmt.Sprint("a", i), fmt.Sprint("b", i)}), n)[0]]++
	}
	chi := 0.0
	for _, c := range count {
		chi += math.Pow(c-draws/float64(n), 2) / (draws / float64(n))
	}
	if chi > 22.46 {
		t.Errorf("the draw favours somebody: χ² %.1f, %v", chi, count)
	}
}

func TestCheck(t *testing.T) {
	c := []string{Commit("a"), Commit("b")}
	for _, x := range []struct {
		secrets []string
		ok      bool
	}{{[]string{"b", "a"}, true}, {[]string{"a"}, false}, {[]string{"a", "a"}, false}, {[]string{"a", "c"}, false}} {
		if err := Check(c, x.secrets); (err == nil) != x.ok {
			t.Errorf("%v: want ok %v, got %v", x.secrets, x.ok, err)
		}
	}
}
