package experts

// maxTries bounds the search for a panel; rosters of dozens stay far below it.
const maxTries = 200_000

// fill finds the fewest candidates that, added to the seats, satisfy the
// policy, preferring those who come first. Candidates come sorted by how well
// they fit and how little they have to do.
func fill(p Policy, department string, seats, candidates []Seat) ([]Seat, bool) {
	tries := 0
	for more := max(p.Panel-len(seats), 0); more <= len(candidates) && more <= p.Panel+2; more++ {
		if found, ok := choose(p, department, seats, candidates, nil, more, &tries); ok {
			return found, true
		}
	}
	return nil, false
}

// choose picks n candidates in order, backing off when what it picked cannot do.
func choose(p Policy, department string, seats, candidates, picked []Seat, n int, tries *int) ([]Seat, bool) {
	*tries++
	if *tries > maxTries || n > len(candidates) {
		return nil, false
	}
	all := append(append([]Seat{}, seats...), picked...)
	if n == 0 {
		return picked, len(p.unmet(all, department)) == 0
	}
	// More of the asking department than the whole panel may hold cannot be mended by adding others.
	if ofDepartment(all, department)*100 > p.Share*(len(all)+n) {
		return nil, false
	}
	for i, c := range candidates {
		if found, ok := choose(p, department, seats, candidates[i+1:], append(picked[:len(picked):len(picked)], c), n-1, tries); ok {
			return found, true
		}
	}
	return nil, false
}
