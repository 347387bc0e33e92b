package experts

import "fmt"

// State is where a review stands, stored as the word that INTERFACE.md lists.
type State string

// The states that tiers 0 and 1 use.
const (
	Drafted        State = "drafted"         // there is a draft; nobody has asked for a review
	Screened       State = "screened"        // every claim is cited and its basis in force
	Routed         State = "routed"          // a panel is named; some have still to declare
	Declared       State = "declared"        // every member has declared; the round opens at once
	Round1         State = "round1"          // sealed ballots on the machine's text
	Deliberating   State = "deliberating"    // all ballots are in and lie open
	Round2         State = "round2"          // ballots on an edited text; every further edit starts this again
	Approved       State = "approved"        // the machine's text, unchanged
	ApprovedEdited State = "approved-edited" // a text the experts changed
	Returned       State = "returned"
	Rejected       State = "rejected"
	Withdrawn      State = "withdrawn"
	Stalled        State = "stalled" // the panel no longer satisfies its policy, or time ran out
	Applied        State = "applied"
	Suspended      State = "suspended"
	Stale          State = "stale" // applied, and what it rested on has since failed
)

// Event is what somebody, or the clock, does to a review.
type Event string

// The events.
const (
	Submit   Event = "submit"
	Route    Event = "route"
	Declare  Event = "declare"
	Open     Event = "open"
	Vote     Event = "vote"
	Edit     Event = "edit"
	Opine    Event = "opinion"
	Dispose  Event = "dispose"
	Close    Event = "close"
	Return   Event = "return"
	Reject   Event = "reject"
	Withdraw Event = "withdraw"
	Expire   Event = "expire"
	Apply    Event = "apply"
	Suspend  Event = "suspend"
)

// Facts are what the guards ask about a review, as it is after the event's own
// effect: the ballot counted, the declaration entered, the text changed.
type Facts struct {
	Screened bool // every claim is cited and every basis is in force
	Panel    bool // the seats satisfy the policy
	Declared bool // every seat has answered
	AllIn    bool // everyone who may vote on the present text has
	Met      bool // everything the policy asks of an approval, the panel included
	Edited   bool // the present text is not the machine's
	Later    bool // this is a round after the first
}

// guard is a condition with the words it is drawn and refused with.
type guard struct {
	words string
	holds func(Facts) bool
}

var (
	always    = guard{"", func(Facts) bool { return true }}
	screened  = guard{"逐条有依据且现行有效", func(f Facts) bool { return f.Screened }}
	panel     = guard{"专家组符合规则", func(f Facts) bool { return f.Panel }}
	noPanel   = guard{"专家组不再符合规则", func(f Facts) bool { return !f.Panel }}
	answered  = guard{"符合规则且全部申报", func(f Facts) bool { return f.Panel && f.Declared }}
	first     = guard{"第一轮，票未到齐", func(f Facts) bool { return !f.Later && !f.AllIn }}
	firstIn   = guard{"第一轮，票已到齐", func(f Facts) bool { return !f.Later && f.AllIn }}
	later     = guard{"第二轮及以后", func(f Facts) bool { return f.Later }}
	panelIn   = guard{"符合规则，票已到齐", func(f Facts) bool { return f.Panel && f.AllIn }}
	met       = guard{"达到通过条件", func(f Facts) bool { return f.Met && !f.Edited }}
	metEdited = guard{"达到通过条件，文本经过修改", func(f Facts) bool { return f.Met && f.Edited }}
	holding   = guard{"仍达到通过条件", func(f Facts) bool { return f.Met }}
	broken    = guard{"不再达到通过条件", func(f Facts) bool { return !f.Met }}
)

// transition is one row of the table: in from, on an event, if the guard holds, to.
type transition struct {
	from State
	on   Event
	to   State
	if_  guard
}

// transitions is the whole machine. Rows of one state and event are tried in
// order and the first whose guard holds is taken; none means refused. What is
// not in the table cannot happen. docs/state-machine.md is drawn from it, and
// the database keeps the pairs of states in review_step.
var transitions = []transition{
	{Drafted, Submit, Screened, screened},

	{Screened, Route, Routed, panel},
	{Routed, Route, Declared, answered},
	{Routed, Route, Routed, panel},
	{Round1, Route, Round1, panel},
	{Round2, Route, Round2, panel},
	{Stalled, Route, Declared, answered},
	{Stalled, Route, Routed, panel},

	{Routed, Declare, Declared, answered},
	{Routed, Declare, Routed, panel},
	{Routed, Declare, Stalled, noPanel},
	{Round1, Declare, Deliberating, panelIn},
	{Round1, Declare, Round1, panel},
	{Round1, Declare, Stalled, noPanel},
	{Deliberating, Declare, Deliberating, panel},
	{Deliberating, Declare, Stalled, noPanel},
	{Round2, Declare, Round2, panel},
	{Round2, Declare, Stalled, noPanel},
	{Stalled, Declare, Stalled, always},
	{Approved, Declare, Approved, holding},
	{Approved, Declare, Stalled, broken},
	{ApprovedEdited, Declare, ApprovedEdited, holding},
	{ApprovedEdited, Declare, Stalled, broken},
	{Applied, Declare, Applied, holding},
	{Applied, Declare, Stale, broken},

	{Declared, Open, Deliberating, firstIn},
	{Declared, Open, Round1, first},
	{Declared, Open, Round2, later},

	{Routed, Vote, Routed, always}, // who declared early need not wait for the others
	{Round1, Vote, Deliberating, firstIn},
	{Round1, Vote, Round1, first},
	{Round2, Vote, Round2, later},

	{Routed, Edit, Routed, panel},
	{Round1, Edit, Round2, panel},
	{Deliberating, Edit, Round2, panel},
	{Round2, Edit, Round2, panel},
	{Approved, Edit, Round2, panel},
	{ApprovedEdited, Edit, Round2, panel},

	{Routed, Opine, Routed, always},
	{Round1, Opine, Round1, always},
	{Deliberating, Opine, Deliberating, always},
	{Round2, Opine, Round2, always},

	{Routed, Dispose, Routed, always},
	{Round1, Dispose, Round1, always},
	{Deliberating, Dispose, Deliberating, always},
	{Round2, Dispose, Round2, always},
	{Stalled, Dispose, Stalled, always},

	// A member who never answers does not hold up the others: what counts is
	// that the ballots cast by those who did meet the policy.
	{Routed, Close, Approved, met},
	{Routed, Close, ApprovedEdited, metEdited},
	{Round1, Close, Approved, met},
	{Round1, Close, ApprovedEdited, metEdited},
	{Deliberating, Close, Approved, met},
	{Deliberating, Close, ApprovedEdited, metEdited},
	{Round2, Close, Approved, met},
	{Round2, Close, ApprovedEdited, metEdited},

	{Screened, Return, Returned, always},
	{Routed, Return, Returned, always},
	{Round1, Return, Returned, always},
	{Deliberating, Return, Returned, always},
	{Round2, Return, Returned, always},
	{Stalled, Return, Returned, always},

	{Screened, Reject, Rejected, always},
	{Routed, Reject, Rejected, always},
	{Round1, Reject, Rejected, always},
	{Deliberating, Reject, Rejected, always},
	{Round2, Reject, Rejected, always},
	{Stalled, Reject, Rejected, always},

	{Screened, Withdraw, Withdrawn, always},
	{Routed, Withdraw, Withdrawn, always},
	{Round1, Withdraw, Withdrawn, always},
	{Deliberating, Withdraw, Withdrawn, always},
	{Round2, Withdraw, Withdrawn, always},
	{Stalled, Withdraw, Withdrawn, always},
	{Approved, Withdraw, Withdrawn, always},
	{ApprovedEdited, Withdraw, Withdrawn, always},

	{Screened, Expire, Stalled, always},
	{Routed, Expire, Stalled, always},
	{Round1, Expire, Stalled, always},
	{Deliberating, Expire, Stalled, always},
	{Round2, Expire, Stalled, always},

	{Approved, Apply, Applied, holding},
	{ApprovedEdited, Apply, Applied, holding},

	{Applied, Suspend, Suspended, always},
	{Stale, Suspend, Suspended, always},
}

// Blocked says why an event does not happen: it has no place in the state, or
// none of its guards holds.
type Blocked struct {
	State State
	Event Event
	Needs []string // the guards' words; empty when the event has no place here
}

func (b *Blocked) Error() string {
	if len(b.Needs) == 0 {
		return fmt.Sprintf("%s has no place in state %s", b.Event, b.State)
	}
	return fmt.Sprintf("%s in state %s needs one of %q", b.Event, b.State, b.Needs)
}

// Next is the state machine: where event leads from state under facts. It has
// no other input and no effect.
func Next(state State, event Event, facts Facts) (State, error) {
	blocked := &Blocked{State: state, Event: event}
	for _, t := range transitions {
		if t.from != state || t.on != event {
			continue
		}
		if t.if_.holds(facts) {
			return t.to, nil
		}
		blocked.Needs = append(blocked.Needs, t.if_.words)
	}
	return state, blocked
}

// Ended says that nothing more will happen to the review itself.
func (s State) Ended() bool {
	return s == Returned || s == Rejected || s == Withdrawn || s == Suspended
}

// Open says that the ballots of the present round may lie open: nobody can vote any more.
func (s State) Open() bool {
	switch s {
	case Deliberating, Approved, ApprovedEdited, Returned, Rejected, Withdrawn, Applied, Suspended, Stale:
		return true
	}
	return false
}
