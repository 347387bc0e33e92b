package experts

import (
	"regexp"
	"slices"
)

// route seats a panel. The asker never sits on the own question.
func (c *Case) route(seats []Seat) error {
	if err := c.place(Route); err != nil {
		return err
	}
	for _, s := range seats {
		if c.same(s.Account, c.Asker) {
			return askerOnPanel
		}
		if !c.holds(s.Account) {
			s.Conflict = Undeclared
			c.Seats = append(c.Seats, s)
		}
	}
	if broken := c.Policy.unmet(c.seated(), c.Department); len(broken) > 0 {
		return panelUnmet.because(sentence(broken))
	}
	return c.step(Route)
}

// declare enters a member's answer. A conflict recuses for good; it may be
// found late, and then the ballot stops counting. Substitutes are tried in
// order, and the seats taken by them are returned.
func (c *Case) declare(account int64, answer Conflict, substitutes []Seat) ([]Seat, error) {
	if err := c.place(Declare); err != nil {
		return nil, err
	}
	s := c.seat(account)
	switch {
	case s == nil:
		return nil, notOnPanel
	case s.Conflict == Conflicted:
		return nil, conflictDeclared
	case s.To != 0:
		return nil, delegated
	case s.Lapsed && answer == None:
		return nil, lapsed
	case answer == None && s.Conflict == None:
		return nil, nil // said before
	}
	s.Conflict = answer
	var added []Seat
	if answer == Conflicted && c.replaceable() {
		added = c.substitute(substitutes)
	}
	return added, c.step(Declare)
}

// replaceable says whether a recused member's seat can still be filled.
func (c *Case) replaceable() bool {
	switch c.State {
	case Routed, Round1, Round2:
		return true
	}
	return false
}

// substitute fills up the panel with the fewest candidates that make it lawful again.
func (c *Case) substitute(candidates []Seat) []Seat {
	candidates = slices.DeleteFunc(slices.Clone(candidates), func(s Seat) bool { return c.same(s.Account, c.Asker) || c.holds(s.Account) })
	added, ok := fill(c.Policy, c.Department, c.seated(), candidates)
	if !ok {
		return nil
	}
	for i := range added {
		added[i].Conflict = Undeclared
	}
	c.Seats = append(c.Seats, added...)
	return added
}

// vote casts a ballot on the text it names, and on no other. A ballot that the
// policy wants answered becomes an opinion as well; its number is returned.
func (c *Case) vote(b Ballot) (opinion *Opinion, err error) {
	s, err := c.member(b.Account)
	if err != nil {
		return nil, err
	}
	if err := c.Policy.admits(b); err != nil {
		return nil, err
	}
	if err := c.present(b.Hash); err != nil {
		return nil, err
	}
	if !c.mayVote(*s) {
		return nil, ownEdit
	}
	if err := c.place(Vote); err != nil {
		return nil, err
	}
	b.Round = c.Round
	if b.Claim == nil && c.ballot(b.Account) != nil || b.Claim != nil && c.remarked(b) {
		return nil, alreadyVoted
	}
	c.Ballots = append(c.Ballots, b)
	if c.Policy.AnswerAt < 0 && b.Score <= c.Policy.AnswerAt && b.Claim == nil {
		opinion = c.say(Opinion{Account: b.Account, Strong: true, Text: b.Text})
	}
	if b.Claim != nil {
		return opinion, nil // a remark moves nothing
	}
	return opinion, c.step(Vote)
}

func (c *Case) remarked(b Ballot) bool {
	return slices.ContainsFunc(c.Ballots, func(o Ballot) bool {
		return o.Account == b.Account && o.Claim != nil && *o.Claim == *b.Claim && o.Round == b.Round && o.Hash == b.Hash
	})
}

// admits checks a ballot's own form.
func (p Policy) admits(b Ballot) error {
	switch {
	case b.Score < -2 || b.Score > 2:
		return badScore
	case b.Marks != nil && !b.Marks.valid():
		return badMarks
	case p.Marks && b.Claim == nil && b.Marks == nil:
		return marksNeeded
	case b.Score < 0 && b.Reason == "":
		return reasonNeeded
	case b.Reason != "":
		return p.admitsReason(b.Reason)
	}
	return nil
}

func (m Marks) valid() bool {
	return min(m.Necessity, m.Feasibility, m.Soundness) >= 1 && max(m.Necessity, m.Feasibility, m.Soundness) <= 9
}

var reasonForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

func (p Policy) admitsReason(code string) error {
	if !reasonForm.MatchString(code) || len(p.Reasons) > 0 && !slices.Contains(p.Reasons, code) {
		return badReason
	}
	return nil
}

// say adds an opinion.
func (c *Case) say(o Opinion) *Opinion {
	o.Number = len(c.Opinions) + 1
	c.Opinions = append(c.Opinions, o)
	return &c.Opinions[len(c.Opinions)-1]
}

func (c *Case) opine(account int64, text string, claim *int) (*Opinion, error) {
	if _, err := c.member(account); err != nil {
		return nil, err
	}
	if text == "" {
		return nil, textNeeded
	}
	if err := c.step(Opine); err != nil {
		return nil, err
	}
	return c.say(Opinion{Account: account, Text: text, Claim: claim}), nil
}

// dispose answers an opinion in writing, once, and not by whoever gave it.
func (c *Case) dispose(account int64, number int, as Adoption, reason string) error {
	if err := c.clear(account); err != nil {
		return err
	}
	if number < 1 || number > len(c.Opinions) {
		return noOpinion
	}
	o := &c.Opinions[number-1]
	switch {
	case as != Adopted && as != PartAdopt && as != NotAdopted:
		return badAdoption
	case reason == "":
		return textNeeded
	case o.As != "":
		return alreadyDisposed
	case c.same(o.Account, account):
		return ownOpinion
	}
	o.As = as
	return c.step(Dispose)
}

// close ends the round with an approval, if and only if the policy is met.
func (c *Case) close(account int64) error {
	if err := c.clear(account); err != nil {
		return err
	}
	if err := c.place(Close); err != nil {
		return err
	}
	// Being refused would tell a member how the sealed round stands.
	if s := c.seat(account); s != nil && c.mayVote(*s) && c.ballot(account) == nil && !c.State.Open() {
		return ownBallotFirst
	}
	if lack := c.lacking(); len(lack) > 0 {
		return policyUnmet.because(sentence(lack))
	}
	return c.step(Close)
}

// lacking says what an approval still lacks. While ballots are outstanding it
// does not say how those cast stand.
func (c *Case) lacking() []string {
	f, t := c.facts(), c.Tally()
	lack := c.Policy.unmet(c.seated(), c.Department)
	if f.Finding == SentBack {
		lack = append(lack, "合法性审查已退回这一稿，应当先修改")
	}
	switch {
	case f.AllIn:
		return append(lack, c.Policy.lacking(t)...)
	case t.Ballots < t.Quorum:
		return append(lack, c.Policy.lacking(t)[0])
	case !t.Met:
		return append(lack, "已投的票尚未达到通过条件，还有专家没有表决")
	}
	return lack
}

// end returns, rejects or withdraws.
func (c *Case) end(account int64, event Event, reason, text string) error {
	if event == Withdraw && account != c.Asker {
		return notAsker
	}
	if event != Withdraw {
		if err := c.clear(account); err != nil {
			return err
		}
		if reason == "" || text == "" {
			return reasonNeeded
		}
		if err := c.Policy.admitsReason(reason); err != nil {
			return err
		}
	}
	return c.step(event)
}

// apply is the gate: the approved text, under the very hash that was approved.
func (c *Case) apply(account int64, hash string) error {
	switch c.State {
	case Applied, Suspended, Stale, Superseded, Retired:
		return alreadyApplied
	}
	if err := c.clear(account); err != nil {
		return err
	}
	if err := c.present(hash); err != nil {
		return err
	}
	switch {
	case c.Tier == 2 && (c.State == Approved || c.State == ApprovedEdited || c.State == Legality || c.State == Deliberated):
		return notDecided
	case c.State != Approved && c.State != ApprovedEdited && c.State != Decided:
		return notApproved
	}
	return c.step(Apply)
}
