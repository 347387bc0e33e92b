package experts

import (
	"errors"
	"slices"

	"advisor/experts/calendar"
	"advisor/internal/problem"
)

// Conflict is a member's answer about conflicts of interest. That nobody has
// asked yet and that there is none are different answers.
type Conflict string

// The answers.
const (
	Undeclared Conflict = "undeclared"
	None       Conflict = "none"
	Conflicted Conflict = "declared"
)

// Case is a review as the rules see it: loaded under its row's lock, acted on
// in memory, written back. Its methods change it or say why not; after an error
// it is to be thrown away.
type Case struct {
	ID, DraftID int64
	Committee   int64 // 0 while the office has none
	Scope       string
	State       State
	Round, Tier int
	Policy      Policy
	Asker       int64
	Department  string // the asker's
	Revision    int    // the present text: number, hash, who wrote it
	Hash        string
	Author      int64
	Machine     bool
	Editors     []int64 // who only adjusted its form, beside the author
	Renews      int64   // the applied review that this one is to replace
	formal      bool    // the edit at hand changed the form alone
	Seats       []Seat
	Ballots     []Ballot
	Opinions    []Opinion
	Labels      []Mark // in the order in which they were set
	Comments    []PublicComment
	Meetings    []Meeting
	Persons     map[int64]int64 // the natural persons of merged accounts
	Workdays    int             // given to the legal section
	Calendar    *calendar.Calendar
	Drawn       bool   // candidates come in an order drawn by lot
	Renewed     bool   // a new round with a quorum stands behind what happens; set by who knows
	Path        []Step // the moves made since it was loaded
}

// Seat is one member of the panel. A recused member keeps the seat's record
// but no longer counts.
type Seat struct {
	Account    int64
	Department string
	Domains    []string
	Conflict   Conflict
	Dissent    bool  // named for holding other views on the matter
	Lapsed     bool  // never answered in time and was let go
	To, From   int64 // the delegate, and the member whose delegate this is
}

// Ballot is one person's vote on one text, never changed. One with a claim is a
// remark on that claim and counts towards nothing.
type Ballot struct {
	ID      int64
	From    int64 // the ballot it was carried over from by an edit, 0 when it was cast
	Account int64
	Round   int
	Hash    string
	Score   int
	Reason  string
	Text    string
	Claim   *int
	Marks   *Marks
	Entry   int64 // what it was entered from, where the office did it from paper
}

// Marks rate what the statute has experts judge, each from 1 to 9.
type Marks struct {
	Necessity   int `json:"necessity"`
	Feasibility int `json:"feasibility"`
	Soundness   int `json:"soundness"`
}

// Opinion is something said that wants an answer.
type Opinion struct {
	Number  int
	Account int64
	Strong  bool // it came with a ballot that the policy wants answered
	Text    string
	Claim   *int
	As      Adoption
}

// Adoption is what became of an opinion: 采纳, 部分采纳, 不采纳; empty while unanswered.
type Adoption string

// The answers to an opinion.
const (
	Adopted    Adoption = "yes"
	PartAdopt  Adoption = "partly"
	NotAdopted Adoption = "no"
)

// seated are the members that count: not recused, not handed on, each person once.
func (c *Case) seated() (seats []Seat) {
	for i, s := range c.Seats {
		if c.counts(i) {
			seats = append(seats, s)
		}
	}
	return seats
}

func (c *Case) seat(account int64) *Seat {
	for i := range c.Seats {
		if c.Seats[i].Account == account {
			return &c.Seats[i]
		}
	}
	return nil
}

// mayVote says whether a member's ballot on the present text would count.
func (c *Case) mayVote(s Seat) bool {
	return s.Conflict != Conflicted && s.To == 0 && !s.Lapsed && !c.wrote(s.Account) && !c.same(s.Account, c.Asker)
}

// ballot is the account's counted ballot on the present text, if any.
func (c *Case) ballot(account int64) *Ballot {
	for i, b := range c.Ballots {
		if b.Account == account && b.Claim == nil && b.Round == c.Round && b.Hash == c.Hash {
			return &c.Ballots[i]
		}
	}
	return nil
}

// Tally counts the ballots on the present text by members who may vote on it
// and have declared that nothing stands against it.
func (c *Case) Tally() Tally {
	t := Tally{Quorum: c.Policy.Quorum, Needed: c.Policy.Approvals}
	for _, b := range c.counted() {
		t.Ballots++
		switch {
		case b.Score > 0:
			t.For++
		case b.Score < 0:
			t.Against++
		default:
			t.Neutral++
		}
	}
	for _, o := range c.Opinions {
		if s := c.seat(o.Account); o.Strong && o.As == "" && s != nil && s.Conflict == None {
			t.Open++
		}
	}
	c.weigh(&t)
	t.Met = len(c.Policy.lacking(t)) == 0
	return t
}

// counted are the ballots on the present text of members who may vote on it and
// have declared that nothing stands against it.
func (c *Case) counted() (list []Ballot) {
	for _, s := range c.seated() {
		if b := c.ballot(s.Account); b != nil && c.mayVote(s) && s.Conflict == None {
			list = append(list, *b)
		}
	}
	return list
}

// facts are what the machine's guards ask, drawn from the case as it now is.
func (c *Case) facts() Facts {
	seats := c.seated()
	f := Facts{
		Screened: true,
		Panel:    len(c.Policy.unmet(seats, c.Department)) == 0,
		Declared: !slices.ContainsFunc(seats, func(s Seat) bool { return s.Conflict == Undeclared }),
		AllIn:    len(seats) > 0,
		Edited:   !c.Machine,
		Later:    c.Round > 1,
		Major:    c.Tier == 2,
		Disputed: c.disputed() && !c.settled(),
		Ready:    len(c.missing()) == 0,
		Answered: c.answered(),
		Finding:  c.finding(),
		Decision: c.decision(),
		Renewed:  c.Renewed,
		Formal:   c.formal,
	}
	for _, s := range seats {
		if c.mayVote(s) && c.ballot(s.Account) == nil {
			f.AllIn = false
		}
	}
	// What the legal section sent back is not approved again as it stands.
	f.Met = f.Panel && c.Tally().Met && f.Finding != SentBack
	return f
}

// step moves the case along the machine, after the event's own effect. That
// nobody is left to declare opens the round in the same breath: were it the
// first ballot that opened it, the state would tell the others that one is in.
func (c *Case) step(event Event) error {
	next, err := Next(c.State, event, c.facts())
	var blocked *Blocked
	if errors.As(err, &blocked) {
		return c.refusal(blocked)
	}
	c.Path = append(c.Path, Step{event, c.State, next})
	c.State = next
	if next == Declared {
		return c.step(Open)
	}
	return nil
}

// Step is one move along the machine.
type Step struct {
	On       Event
	From, To State
}

// place says whether the event has any place in the present state, before its
// effect is worked out: the plainest refusal comes first.
func (c *Case) place(event Event) error {
	if !slices.ContainsFunc(transitions, func(t transition) bool { return t.from == c.State && t.on == event }) {
		return c.refusal(&Blocked{State: c.State, Event: event})
	}
	return nil
}

// present refuses a hash that is not the present text's and names the one that is.
func (c *Case) present(hash string) error {
	if hash == c.Hash {
		return nil
	}
	p := *staleHash
	p.Now = c.Hash
	return &p
}

// member is the account's seat, if it may act on the material.
func (c *Case) member(account int64) (*Seat, error) {
	s := c.seat(account)
	switch {
	case s == nil:
		return nil, notOnPanel
	case s.Conflict == Conflicted:
		return nil, conflictDeclared
	case s.To != 0:
		return nil, delegated
	case s.Lapsed:
		return nil, lapsed
	case s.Conflict == Undeclared:
		return nil, undeclared
	}
	return s, nil
}

// clear refuses somebody who is recused in this very review, whatever other office they hold.
func (c *Case) clear(account int64) error {
	if slices.ContainsFunc(c.Seats, func(s Seat) bool { return s.Conflict == Conflicted && c.same(s.Account, account) }) {
		return conflictDeclared
	}
	return nil
}

// refusal puts a blocked step into words.
func (c *Case) refusal(b *Blocked) error {
	p := problem.New(problem.Refused, "not-now", acts[b.Event]+"未能进行", "审议目前处于“"+Word(b.State)+"”", "请刷新后查看这件审议的现状")
	if len(b.Needs) > 0 {
		p.Why += "，需要" + b.Needs[0]
	}
	return p
}
