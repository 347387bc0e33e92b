package segment

// Likeness is the share of character pairs that two texts have in common, from
// 0 to 1: Dice's coefficient, each pair counted as often as it stands there.
func Likeness(a, b string) float64 {
	x, y := characterPairs(a), characterPairs(b)
	common, total := 0, 0
	for pair, n := range x {
		common += min(n, y[pair])
		total += n
	}
	for _, n := range y {
		total += n
	}
	if total == 0 {
		return 0
	}
	return 2 * float64(common) / float64(total)
}

func characterPairs(s string) map[[2]rune]int {
	out := map[[2]rune]int{}
	var last rune
	for i, r := range s {
		if i > 0 {
			out[[2]rune{last, r}]++
		}
		last = r
	}
	return out
}
