package experts

import (
	"slices"

	"advisor/experts/consensus"
)

// dimensions are what the statute has experts judge (article 19).
var dimensions = []struct {
	code, words string
	of          func(Marks) int
}{
	{"necessity", "必要性", func(m Marks) int { return m.Necessity }},
	{"feasibility", "可行性", func(m Marks) int { return m.Feasibility }},
	{"soundness", "科学性", func(m Marks) int { return m.Soundness }},
}

// rating puts a score from −2 to +2 on the scale from 1 to 9.
func rating(score int) int { return 5 + 2*score }

// weigh works out what the ratings come to, which claims are opposed, and
// whether the policy wants a second vote.
func (c *Case) weigh(t *Tally) {
	p := c.Policy
	if p.Marks || p.SecondRound {
		t.Merit = c.merit()
	}
	if p.Claims {
		t.Claims = c.opposed()
	}
	// After the second round what stays uncertain is said to be; it is not voted on for ever.
	t.Dispute = p.SecondRound && c.disputed() && !c.settled()
}

// settled says that the present text has been voted on twice.
func (c *Case) settled() bool { return c.Round > 1 && c.earlier() }

// earlier says whether there was a round before on the present text.
func (c *Case) earlier() bool {
	return slices.ContainsFunc(c.Ballots, func(b Ballot) bool { return b.Hash == c.Hash && b.Round < c.Round && b.Claim == nil })
}

// disputed says whether any dimension is uncertain among the ballots counted.
func (c *Case) disputed() bool {
	for _, r := range c.merit() {
		if r.N > 0 && r.Outcome == consensus.Uncertain {
			return true
		}
	}
	return false
}

// merit rates each dimension; ballots without ratings are rated by their score.
func (c *Case) merit() map[string]consensus.Result {
	ratings := map[string][]int{}
	for _, b := range c.counted() {
		for _, d := range dimensions {
			r := rating(b.Score)
			if b.Marks != nil {
				r = d.of(*b.Marks)
			}
			ratings[d.code] = append(ratings[d.code], r)
		}
	}
	results := map[string]consensus.Result{}
	for _, d := range dimensions {
		results[d.code] = consensus.Of(ratings[d.code])
	}
	return results
}

// opposed are the claims that more members vote against than for.
func (c *Case) opposed() (claims []int) {
	balance := map[int]int{}
	for _, s := range c.seated() {
		if s.Conflict != None || !c.mayVote(s) {
			continue
		}
		for _, b := range c.Ballots {
			if b.Account == s.Account && b.Claim != nil && b.Hash == c.Hash && b.Round == c.Round && b.Score != 0 {
				balance[*b.Claim] += map[bool]int{true: 1, false: -1}[b.Score > 0]
			}
		}
	}
	for claim, n := range balance {
		if n < 0 {
			claims = append(claims, claim)
		}
	}
	slices.Sort(claims)
	return claims
}
