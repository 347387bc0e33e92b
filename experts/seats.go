package experts

import "slices"

// person is the natural person behind an account: merged accounts have one.
func (c *Case) person(account int64) int64 {
	if p, ok := c.Persons[account]; ok {
		return p
	}
	return account
}

func (c *Case) same(a, b int64) bool { return c.person(a) == c.person(b) }

// holds says whether somebody already has a seat, under this account or another of theirs.
func (c *Case) holds(account int64) bool {
	return slices.ContainsFunc(c.Seats, func(s Seat) bool { return c.same(s.Account, account) })
}

// counts says whether a seat counts at all: not recused, not handed on, and no
// second seat of a person who has one.
func (c *Case) counts(i int) bool {
	s := c.Seats[i]
	if s.Conflict == Conflicted || s.To != 0 || s.Lapsed {
		return false
	}
	for j, o := range c.Seats {
		if j == i || !c.same(o.Account, s.Account) {
			continue
		}
		// A conflict is the person's; of two good seats the earlier counts.
		if o.Conflict == Conflicted || j < i && o.To == 0 && !o.Lapsed {
			return false
		}
	}
	return true
}

// recuse enters a conflict that somebody else found. It does what the member's
// own declaration would have done.
func (c *Case) recuse(by, account int64, text string, substitutes []Seat) ([]Seat, error) {
	if err := c.clear(by); err != nil {
		return nil, err
	}
	if err := c.place(Recuse); err != nil {
		return nil, err
	}
	s := c.seat(account)
	switch {
	case s == nil:
		return nil, notSeated
	case text == "":
		return nil, textNeeded
	case s.Conflict == Conflicted:
		return nil, conflictDeclared
	case c.same(by, account):
		return nil, declareYourself
	}
	s.Conflict = Conflicted
	var added []Seat
	if c.replaceable() {
		added = c.substitute(substitutes)
	}
	return added, c.step(Recuse)
}

// delegate hands a member's seat on: one step, to somebody who passes the same
// checks. The delegate declares for himself; who handed on has no vote then.
func (c *Case) delegate(account int64, to Seat) error {
	s := c.seat(account)
	switch {
	case s == nil:
		return notOnPanel
	case s.Conflict == Conflicted:
		return conflictDeclared
	case s.To != 0:
		return delegated
	case s.Lapsed:
		return lapsed
	case s.From != 0:
		return oneStep
	}
	if err := c.place(Delegate); err != nil {
		return err
	}
	switch {
	case c.ballot(account) != nil:
		return alreadyVoted
	case c.same(to.Account, c.Asker):
		return askerOnPanel
	case c.same(to.Account, c.Author) && !c.Machine:
		return ownEdit
	case c.holds(to.Account):
		return alreadySeated
	case !competent(*s, to):
		return otherField
	}
	s.To = to.Account
	to.From, to.Conflict, to.Dissent = account, Undeclared, s.Dissent
	c.Seats = append(c.Seats, to)
	if broken := c.Policy.unmet(c.seated(), c.Department); len(broken) > 0 {
		return panelUnmet.because(sentence(broken))
	}
	return c.step(Delegate)
}

// competent says whether the delegate knows at least one of the member's fields.
func competent(member, delegate Seat) bool {
	return len(member.Domains) == 0 || slices.ContainsFunc(member.Domains, func(d string) bool { return slices.Contains(delegate.Domains, d) })
}

// again opens a second round on the same text: the ballots disagree or are undecided.
func (c *Case) again(account int64) error {
	if err := c.clear(account); err != nil {
		return err
	}
	if err := c.place(Again); err != nil {
		return err
	}
	if !c.disputed() || c.settled() {
		return noDispute
	}
	if err := c.step(Again); err != nil { // while the ballots that disagree still count
		return err
	}
	c.Round++
	return nil
}
