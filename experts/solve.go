package experts

import "slices"

// pick is one person the solver may seat, with what seating costs: load, and
// how far from the matter.
type pick struct {
	Seat
	cost int
}

// fill finds the fewest candidates that, added to the seats, satisfy the
// policy, preferring those who come first.
func fill(p Policy, department string, seats, candidates []Seat) ([]Seat, bool) {
	picks := make([]pick, len(candidates))
	for i, s := range candidates {
		picks[i] = pick{Seat: s}
	}
	return solve(p, department, seats, picks)
}

// solve finds exactly the cheapest of the smallest panels that satisfy the
// policy; of equals, the one whose members come first. Every rule is a count
// (members, members of the department, domains covered, a seat for dissent), so
// the best completion depends only on the counts so far and is remembered.
func solve(p Policy, department string, seats []Seat, picks []pick) ([]Seat, bool) {
	for more := max(p.Panel-len(seats), 0); more <= len(picks) && more <= p.Panel+2; more++ {
		n := len(seats) + more
		if p.Odd && n%2 == 0 {
			continue
		}
		s := solver{p: p, department: department, picks: picks, own: p.Share * n / 100, known: map[tally]int{}}
		start := tally{left: more}
		for _, seat := range seats {
			start = s.with(start, seat)
		}
		if s.best(start) == never {
			continue
		}
		return s.follow(start), true
	}
	return nil, false
}

// tally is what the rules need to know of a panel half made.
type tally struct {
	next, left, own int
	domains         uint16
	dissent         bool
}

type solver struct {
	p          Policy
	department string
	picks      []pick
	own        int // most of the asking department
	known      map[tally]int
}

// never is the cost of what cannot be done.
const never = 1 << 30

// with counts one more member.
func (s *solver) with(t tally, seat Seat) tally {
	if s.department != "" && seat.Department == s.department {
		t.own++
	}
	for i, d := range s.p.Domains {
		if slices.Contains(seat.Domains, d) {
			t.domains |= 1 << i
		}
	}
	t.dissent = t.dissent || seat.Dissent
	return t
}

// best is the least cost of filling what is left from the picks not yet considered.
func (s *solver) best(t tally) int {
	switch {
	case t.own > s.own || t.left > len(s.picks)-t.next:
		return never
	case t.left == 0:
		if s.p.Dissent && !t.dissent || t.domains != 1<<len(s.p.Domains)-1 {
			return never
		}
		return 0
	}
	if cost, ok := s.known[t]; ok {
		return cost
	}
	cost := min(s.taken(t), s.best(s.passed(t)))
	s.known[t] = cost
	return cost
}

func (s *solver) passed(t tally) tally { t.next++; return t }

// taken is the cost when the next pick is seated.
func (s *solver) taken(t tally) int {
	rest := s.best(s.seat(t))
	if rest == never {
		return never
	}
	return rest + s.picks[t.next].cost
}

func (s *solver) seat(t tally) tally {
	t = s.with(t, s.picks[t.next].Seat)
	t.next++
	t.left--
	return t
}

// follow reads the panel off the costs, taking whoever comes first where there is a choice.
func (s *solver) follow(t tally) (panel []Seat) {
	for t.left > 0 {
		if s.taken(t) == s.best(t) {
			panel = append(panel, s.picks[t.next].Seat)
			t = s.seat(t)
			continue
		}
		t = s.passed(t)
	}
	return panel
}

// obstacles names the rules each of which, if it alone did not hold, would let a
// panel be found; when none alone is to blame, all that cannot be met together.
func obstacles(p Policy, department string, seats []Seat, picks []pick) (words []string) {
	all := []struct {
		words string
		drop  func(*Policy)
	}{
		{"人数应为单数", func(q *Policy) { q.Odd = false }},
		{"本部门专家占比上限", func(q *Policy) { q.Share = 100 }},
		{"须有持不同意见的专家", func(q *Policy) { q.Dissent = false }},
		{"专家组人数", func(q *Policy) { q.Panel = max(1, min(len(seats)+len(picks), q.Panel-1)) }},
	}
	for i, d := range p.Domains {
		all = append(all, struct {
			words string
			drop  func(*Policy)
		}{"须有“" + d + "”领域的专家", func(q *Policy) { q.Domains = slices.Delete(slices.Clone(q.Domains), i, i+1) }})
	}
	for _, rule := range all {
		q := p
		rule.drop(&q)
		if _, ok := solve(q, department, seats, picks); ok {
			words = append(words, rule.words)
		}
	}
	if len(words) == 0 {
		return append(p.unmet(append(slices.Clone(seats), seatsOfPicks(picks)...), department), "几条规则同时不能满足")
	}
	return words
}

func seatsOfPicks(picks []pick) []Seat {
	seats := make([]Seat, len(picks))
	for i, k := range picks {
		seats[i] = k.Seat
	}
	return seats
}
