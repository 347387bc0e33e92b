package experts

import (
	"errors"
	"regexp"
	"slices"

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
	Seats       []Seat
	Ballots     []Ballot
	Opinions    []Opinion
	Path        []Step // the moves made since it was loaded
}

// Seat is one member of the panel. A recused member keeps the seat's record
// but no longer counts.
type Seat struct {
	Account    int64
	Department string
	Domains    []string
	Conflict   Conflict
}

// Ballot is one person's vote on one text, never changed. One with a claim is a
// remark on that claim and counts towards nothing.
type Ballot struct {
	Account int64
	Round   int
	Hash    string
	Score   int
	Reason  string
	Text    string
	Claim   *int
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

// seated are the members that count: not recused.
func (c *Case) seated() []Seat {
	return slices.DeleteFunc(slices.Clone(c.Seats), func(s Seat) bool { return s.Conflict == Conflicted })
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
	return s.Conflict != Conflicted && s.Account != c.Author && s.Account != c.Asker
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
	for _, s := range c.Seats {
		b := c.ballot(s.Account)
		if b == nil || !c.mayVote(s) || s.Conflict != None {
			continue
		}
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
	t.Met = len(c.Policy.lacking(t)) == 0
	return t
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
	}
	for _, s := range seats {
		if c.mayVote(s) && c.ballot(s.Account) == nil {
			f.AllIn = false
		}
	}
	f.Met = f.Panel && c.Tally().Met
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
	case s.Conflict == Undeclared:
		return nil, undeclared
	}
	return s, nil
}

// clear refuses somebody who is recused in this very review, whatever other office they hold.
func (c *Case) clear(account int64) error {
	if s := c.seat(account); s != nil && s.Conflict == Conflicted {
		return conflictDeclared
	}
	return nil
}

// route seats a panel. The asker never sits on the own question.
func (c *Case) route(seats []Seat) error {
	if err := c.place(Route); err != nil {
		return err
	}
	for _, s := range seats {
		if s.Account == c.Asker {
			return askerOnPanel
		}
		if c.seat(s.Account) == nil {
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
	candidates = slices.DeleteFunc(slices.Clone(candidates), func(s Seat) bool { return s.Account == c.Asker || c.seat(s.Account) != nil })
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
	if err := c.Policy.admits(b.Score, b.Reason); err != nil {
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
func (p Policy) admits(score int, reason string) error {
	switch {
	case score < -2 || score > 2:
		return badScore
	case score < 0 && reason == "":
		return reasonNeeded
	case reason != "":
		return p.admitsReason(reason)
	}
	return nil
}

var reasonForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

func (p Policy) admitsReason(code string) error {
	if !reasonForm.MatchString(code) || len(p.Reasons) > 0 && !slices.Contains(p.Reasons, code) {
		return badReason
	}
	return nil
}

// edit puts a new text in the place of the one named. Every ballot on the old
// text is outdated, because ballots name hashes.
func (c *Case) edit(account int64, named, hash string) error {
	if _, err := c.member(account); err != nil {
		return err
	}
	if err := c.present(named); err != nil {
		return err
	}
	if err := c.place(Edit); err != nil {
		return err
	}
	if hash == c.Hash {
		return nothingChanged
	}
	if c.votersWithout(account) < c.Policy.Quorum {
		return tooFewLeft
	}
	c.Revision++
	c.Round++
	c.Hash, c.Author, c.Machine = hash, account, false
	return c.step(Edit)
}

// votersWithout is how many could vote on a text that the account wrote.
func (c *Case) votersWithout(account int64) (n int) {
	for _, s := range c.seated() {
		if s.Account != account && s.Account != c.Asker {
			n++
		}
	}
	return n
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
	case o.Account == account:
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
	if c.State == Applied || c.State == Suspended || c.State == Stale {
		return alreadyApplied
	}
	if err := c.clear(account); err != nil {
		return err
	}
	if err := c.present(hash); err != nil {
		return err
	}
	if c.State != Approved && c.State != ApprovedEdited {
		return notApproved
	}
	return c.step(Apply)
}

// refusal puts a blocked step into words.
func (c *Case) refusal(b *Blocked) error {
	p := problem.New(problem.Refused, "not-now", acts[b.Event]+"未能进行", "审议目前处于“"+Word(b.State)+"”", "请刷新后查看这件审议的现状")
	if len(b.Needs) > 0 {
		p.Why += "，需要" + b.Needs[0]
	}
	return p
}
