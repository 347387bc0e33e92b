package experts

import "fmt"

// State is where a review stands, stored as the word that INTERFACE.md lists.
type State string

// The states. Tiers 0 and 1 go from an approval straight to its application; a
// major decision (tier 2) goes by legality, deliberated and adopted.
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
	Stalled        State = "stalled"     // the panel no longer satisfies its policy, or time ran out
	Legality       State = "legality"    // with the legal section; and, once cleared, waiting for the meeting
	Deliberated    State = "deliberated" // the meeting is on record; the head has still to confirm the decision
	Decided        State = "adopted"     // decided after deliberation
	Applied        State = "applied"
	Suspended      State = "suspended"
	Stale          State = "stale"      // applied, and what it rested on has since failed
	Superseded     State = "superseded" // another application took its place
	Retired        State = "retired"    // taken out of force without another in its place
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

	Again     Event = "again"     // the panel votes a second time on the same text
	Recuse    Event = "recuse"    // the office found a conflict that the member did not declare
	Delegate  Event = "delegate"  // a member hands the seat on, once
	Label     Event = "label"     // public comments, hearing, risk, fair competition put on record
	Comment   Event = "comment"   // one opinion of the public, or the answer to it
	Refer     Event = "refer"     // to the legal section
	Legal     Event = "legal"     // the legal section's finding
	Meet      Event = "meet"      // the record of the deliberation
	Decide    Event = "decide"    // the head's decision
	Flag      Event = "flag"      // a basis failed after the application
	Reaffirm  Event = "reaffirm"  // a new round approved the same text
	Supersede Event = "supersede" // what a new round approved has been applied
	Retire    Event = "retire"
	Resume    Event = "resume"

	// These leave a review where it is and have no row in the table.
	Enter  Event = "enter"  // the office enters a ballot from paper; confirming it is a vote
	Attach Event = "attach" // a signed original is kept
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

	Major    bool     // tier 2
	Disputed bool     // the ballots disagree or are undecided, for the first time on this text
	Ready    bool     // what the statute wants before the legal section is on record
	Answered bool     // no opinion waits for a disposition
	Finding  Finding  // the legal section's, on the present text
	Decision Decision // the head's, on the present text
	Formal   bool     // the edit changed the form of the text alone
	Renewed  bool     // a new round with a quorum, on the law as it is now, stands behind the event
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

	minor     = guard{"仍达到通过条件，且不属于重大决策", func(f Facts) bool { return f.Met && !f.Major }}
	disputed  = guard{"票已到齐而意见分歧", func(f Facts) bool { return f.Panel && f.AllIn && f.Disputed }}
	major     = guard{"属于重大决策", func(f Facts) bool { return f.Major }}
	ready     = guard{"属于重大决策，公众参与、风险评估等程序已备齐", func(f Facts) bool { return f.Major && f.Met && f.Ready }}
	cleared   = guard{"合法性审查通过", func(f Facts) bool { return f.Met && f.Finding.clears() }}
	sentBack  = guard{"合法性审查退回修改", func(f Facts) bool { return f.Finding == SentBack }}
	meetable  = guard{"合法性审查通过，各条意见均已答复", func(f Facts) bool { return f.Met && f.Finding.clears() && f.Answered }}
	adopts    = guard{"决定通过", func(f Facts) bool { return f.Met && f.Finding.clears() && f.Answered && f.Decision == Adopt }}
	refuses   = guard{"决定不予通过", func(f Facts) bool { return f.Decision == Refuse }}
	revises   = guard{"决定修改后再议", func(f Facts) bool { return f.Decision == Revise }}
	postpones = guard{"决定暂缓", func(f Facts) bool { return f.Decision == Postpone }}
	decided   = guard{"决定通过，且仍达到通过条件", func(f Facts) bool { return f.Met && f.Finding.clears() && f.Decision == Adopt }}
	formal    = guard{"只调整格式，专家组符合规则", func(f Facts) bool { return f.Formal && f.Panel }}
	renewed   = guard{"新一轮审议已通过", func(f Facts) bool { return f.Renewed }}
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
	{Round1, Edit, Round1, formal},
	{Round1, Edit, Round2, panel},
	{Deliberating, Edit, Deliberating, formal},
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

	{Approved, Apply, Applied, minor},
	{ApprovedEdited, Apply, Applied, minor},

	{Applied, Suspend, Suspended, always},
	{Stale, Suspend, Suspended, always},
	{Suspended, Resume, Applied, holding},

	// The first round's ballots disagree: the panel talks and votes once more.
	{Deliberating, Again, Round2, disputed},
	{Round2, Again, Round2, disputed}, // likewise a text that was edited

	// A conflict that the office found, or that came out late, is a declaration in another's words.
	{Legality, Declare, Legality, holding},
	{Legality, Declare, Stalled, broken},
	{Deliberated, Declare, Deliberated, holding},
	{Deliberated, Declare, Stalled, broken},
	{Decided, Declare, Decided, holding},
	{Decided, Declare, Stalled, broken},
	{Routed, Recuse, Declared, answered},
	{Routed, Recuse, Routed, panel},
	{Routed, Recuse, Stalled, noPanel},
	{Round1, Recuse, Deliberating, panelIn},
	{Round1, Recuse, Round1, panel},
	{Round1, Recuse, Stalled, noPanel},
	{Deliberating, Recuse, Deliberating, panel},
	{Deliberating, Recuse, Stalled, noPanel},
	{Round2, Recuse, Round2, panel},
	{Round2, Recuse, Stalled, noPanel},
	{Stalled, Recuse, Stalled, always},
	{Approved, Recuse, Approved, holding},
	{Approved, Recuse, Stalled, broken},
	{ApprovedEdited, Recuse, ApprovedEdited, holding},
	{ApprovedEdited, Recuse, Stalled, broken},
	{Legality, Recuse, Legality, holding},
	{Legality, Recuse, Stalled, broken},
	{Deliberated, Recuse, Deliberated, holding},
	{Deliberated, Recuse, Stalled, broken},
	{Decided, Recuse, Decided, holding},
	{Decided, Recuse, Stalled, broken},
	{Applied, Recuse, Applied, holding},
	{Applied, Recuse, Stale, broken},

	{Routed, Delegate, Routed, panel},
	{Round1, Delegate, Round1, panel},
	{Round2, Delegate, Round2, panel},

	// The statute's other duties may be done beside the panel's work.
	{Screened, Label, Screened, major},
	{Routed, Label, Routed, major},
	{Round1, Label, Round1, major},
	{Deliberating, Label, Deliberating, major},
	{Round2, Label, Round2, major},
	{Approved, Label, Approved, major},
	{ApprovedEdited, Label, ApprovedEdited, major},
	{Screened, Comment, Screened, major},
	{Routed, Comment, Routed, major},
	{Round1, Comment, Round1, major},
	{Deliberating, Comment, Deliberating, major},
	{Round2, Comment, Round2, major},
	{Approved, Comment, Approved, major},
	{ApprovedEdited, Comment, ApprovedEdited, major},

	{Approved, Dispose, Approved, always},
	{ApprovedEdited, Dispose, ApprovedEdited, always},
	{Legality, Dispose, Legality, always},

	{Approved, Refer, Legality, ready},
	{ApprovedEdited, Refer, Legality, ready},
	{Legality, Legal, Legality, cleared},
	{Legality, Legal, Deliberating, sentBack},
	{Legality, Meet, Deliberated, meetable},
	{Legality, Return, Returned, always},
	{Legality, Withdraw, Withdrawn, always},
	{Deliberated, Decide, Decided, adopts},
	{Deliberated, Decide, Rejected, refuses},
	{Deliberated, Decide, Deliberating, revises},
	{Deliberated, Decide, Stalled, postpones},
	{Decided, Apply, Applied, decided},

	// What was applied lives on: flagged when its basis fails, and out of that
	// only by a new round, or out of force.
	{Applied, Flag, Stale, always},
	{Stale, Flag, Stale, always},
	{Suspended, Flag, Suspended, always},
	{Stale, Reaffirm, Applied, renewed},
	{Applied, Supersede, Superseded, renewed},
	{Stale, Supersede, Superseded, renewed},
	{Suspended, Supersede, Superseded, renewed},
	{Applied, Retire, Retired, always},
	{Stale, Retire, Retired, always},
	{Suspended, Retire, Retired, always},
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
	return s == Returned || s == Rejected || s == Withdrawn || s == Superseded || s == Retired
}

// Open says that the ballots of the present round may lie open: nobody can vote any more.
func (s State) Open() bool {
	switch s {
	case Deliberating, Approved, ApprovedEdited, Legality, Deliberated, Decided, Returned, Rejected, Withdrawn, Applied, Suspended, Stale, Superseded, Retired:
		return true
	}
	return false
}
