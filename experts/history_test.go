package experts

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"advisor/internal/problem"
	"advisor/internal/torture"

	"pgregory.net/rapid"
)

// histories is how many random ones run: 100,000 in `make torture`, a tenth of them in `make test`.
var histories = torture.Tries(100_000)

func TestMain(m *testing.M) {
	flag.Parse()
	set := false
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == "rapid.checks" })
	if !set {
		if err := flag.Set("rapid.checks", fmt.Sprint(histories)); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

const asker = 100

// world is a case under random acts, with a second set of books kept by the
// test itself: what was accepted, in the order in which it was.
type world struct {
	c        *Case
	policy   Policy
	authors  map[string]int64 // of every text there was
	cast     []Ballot         // accepted, whole-text
	answered map[int]bool
	applied  int
	texts    int
	found    map[string]Finding  // the legal section's latest, by text
	decided  map[string]Decision // the head's latest, by text
	handed   map[int64]bool      // who handed the seat on
}

// try runs one act on a copy and keeps the copy only if the act was accepted, as the Desk does.
func (w *world) try(act func(c *Case) error) error {
	c := *w.c
	c.Seats, c.Ballots, c.Opinions = slices.Clone(c.Seats), slices.Clone(c.Ballots), slices.Clone(c.Opinions)
	c.Labels, c.Meetings, c.Comments = slices.Clone(c.Labels), slices.Clone(c.Meetings), slices.Clone(c.Comments)
	c.Path = nil
	err := act(&c)
	if err == nil {
		w.c = &c
	}
	var p *problem.Problem
	if err != nil && !errors.As(err, &p) {
		panic(fmt.Sprintf("a refusal without words: %v", err))
	}
	return err
}

var (
	people = rapid.Int64Range(1, 8)
	who    = rapid.SampledFrom([]int64{1, 2, 3, 4, 5, 6, 7, 8, asker, 50})
	scores = rapid.IntRange(-2, 2)
)

func drawPolicy(t *rapid.T) Policy {
	return rapid.Custom(func(t *rapid.T) Policy {
		p := Policy{Tier: rapid.IntRange(0, 2).Draw(t, "tier"), Panel: rapid.IntRange(1, 5).Draw(t, "panel"), Odd: rapid.Bool().Draw(t, "odd"),
			Share: rapid.SampledFrom([]int{0, 34, 50, 100}).Draw(t, "share"), AnswerAt: rapid.SampledFrom([]int{0, -2}).Draw(t, "answer")}
		if p.Tier == 2 {
			p.Needs = []string{"risk", "legality"}
		}
		p.SecondRound, p.Claims = rapid.Bool().Draw(t, "second"), rapid.Bool().Draw(t, "claims")
		p.Quorum = rapid.IntRange(1, p.Panel).Draw(t, "quorum")
		p.Approvals = rapid.IntRange(1, p.Quorum).Draw(t, "approvals")
		return p
	}).Filter(func(p Policy) bool { return p.Check() == nil }).Draw(t, "policy")
}

func seatFor(account int64) Seat {
	s := Seat{Account: account, Department: "甲局"}
	if account <= 2 {
		s.Department = "本局"
	}
	return s
}

func (w *world) hash(t *rapid.T) string {
	if rapid.IntRange(0, 3).Draw(t, "present") > 0 {
		return w.c.Hash
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(w.authors))).Draw(t, "hash")
}

// acts are the random acts. Each checks what must hold of its being accepted.
func (w *world) acts() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"route": func(t *rapid.T) {
			var seats []Seat
			if rapid.Bool().Draw(t, "named") {
				for _, a := range rapid.SliceOfNDistinct(who, 1, 5, rapid.ID[int64]).Draw(t, "experts") {
					seats = append(seats, seatFor(a))
				}
			} else {
				var free []Seat
				for a := int64(1); a <= 8; a++ {
					if w.c.seat(a) == nil {
						free = append(free, seatFor(a))
					}
				}
				seats, _ = fill(w.c.Policy, w.c.Department, w.c.seated(), free)
			}
			if w.try(func(c *Case) error { return c.route(seats) }) == nil && w.c.seat(asker) != nil {
				t.Fatal("the asker sits on the panel")
			}
		},
		"declare": func(t *rapid.T) {
			answer := None
			if rapid.IntRange(0, 3).Draw(t, "conflict") == 0 {
				answer = Conflicted
			}
			w.declare(t, who.Draw(t, "by"), answer)
		},
		"vote": func(t *rapid.T) {
			b := Ballot{Account: who.Draw(t, "by"), Hash: w.hash(t), Score: scores.Draw(t, "score"), Reason: rapid.SampledFrom([]string{"", "unclear"}).Draw(t, "reason")}
			if rapid.IntRange(0, 5).Draw(t, "remark") == 0 {
				claim := rapid.IntRange(0, 2).Draw(t, "claim")
				b.Claim = &claim
			}
			w.vote(t, b)
		},
		"next": w.next, "next again": w.next, "and again": w.next,
		"edit": func(t *rapid.T) {
			by, named := who.Draw(t, "by"), w.hash(t)
			w.texts++
			text := fmt.Sprintf("text%d", w.texts)
			before := *w.c
			s := w.c.seat(by)
			if w.try(func(c *Case) error { return c.edit(by, named, text) }) != nil {
				return
			}
			w.authors[text] = by
			if named != before.Hash || s == nil || s.Conflict != None {
				t.Fatalf("%d edited %s while the text was %s", by, named, before.Hash)
			}
			if w.c.Revision != before.Revision+1 || w.c.Round != before.Round+1 || w.c.Tally().Ballots != 0 {
				t.Fatal("an edit kept votes or did not start a new round")
			}
			for _, s := range w.c.seated() {
				if w.c.State == Round2 && s.Conflict == None && s.Account != by && !w.turn(s.Account) {
					t.Fatalf("%d is not asked to vote again", s.Account)
				}
			}
		},
		"opinion": func(t *rapid.T) {
			by := who.Draw(t, "by")
			if w.try(func(c *Case) error { _, err := c.opine(by, "意见", nil); return err }) == nil && w.c.seat(by).Conflict != None {
				t.Fatalf("%d spoke without a declaration", by)
			}
		},
		"dispose": func(t *rapid.T) {
			n := rapid.IntRange(1, 6).Draw(t, "opinion")
			if w.try(func(c *Case) error { return c.dispose(50, n, NotAdopted, "理由") }) == nil {
				if w.answered[n] {
					t.Fatalf("opinion %d answered twice", n)
				}
				w.answered[n] = true
			}
		},
		"close": w.close,
		"end": func(t *rapid.T) {
			event := rapid.SampledFrom([]Event{Return, Reject, Withdraw}).Draw(t, "event")
			by := who.Draw(t, "by")
			if rapid.IntRange(0, 63).Draw(t, "really") == 0 {
				_ = w.try(func(c *Case) error { return c.end(by, event, "unclear", "说明") })
			}
		},
		"expire": func(t *rapid.T) {
			if rapid.IntRange(0, 7).Draw(t, "really") == 0 && w.try(func(c *Case) error { return c.step(Expire) }) == nil && w.c.State != Stalled {
				t.Fatalf("time passing led to %s", w.c.State)
			}
		},
		"delegate": func(t *rapid.T) {
			by, to := who.Draw(t, "by"), people.Draw(t, "to")
			was := w.c.seat(by)
			if w.try(func(c *Case) error { return c.delegate(by, seatFor(to)) }) != nil {
				return
			}
			if was.From != 0 || w.handed[by] || w.c.mayVote(*w.c.seat(by)) {
				t.Fatalf("%d handed on what was handed to him, twice, or kept the vote", by)
			}
			w.handed[by] = true
		},
		"recuse": func(t *rapid.T) {
			by, whom := who.Draw(t, "by"), people.Draw(t, "whom")
			if rapid.IntRange(0, 3).Draw(t, "really") == 0 {
				_ = w.try(func(c *Case) error {
					_, err := c.recuse(by, whom, "查明", []Seat{seatFor(people.Draw(t, "substitute"))})
					return err
				})
			}
		},
		"again": func(t *rapid.T) {
			before := *w.c
			if w.try(func(c *Case) error { return c.again(50) }) == nil && (w.c.Hash != before.Hash || w.c.Round != before.Round+1 || w.c.Tally().Ballots != 0) {
				t.Fatal("a second round changed the text or kept ballots")
			}
		},
		"overdue": func(t *rapid.T) {
			if rapid.IntRange(0, 7).Draw(t, "really") > 0 {
				return
			}
			was := w.c.State
			_ = w.try(func(c *Case) error {
				_, _, _, err := c.overdue([]Seat{seatFor(people.Draw(t, "substitute"))})
				return err
			})
			if s := w.c.State; s != was && s != Stalled && (was != Routed || s != Round1 && s != Round2 && s != Deliberating) {
				t.Fatalf("time passing led from %s to %s", was, s)
			}
		},
		"legal": func(t *rapid.T) { w.legal(t, who.Draw(t, "by"), w.hash(t)) },
		"meet":  func(t *rapid.T) { w.meet(t, w.hash(t)) },
		"decide": func(t *rapid.T) {
			w.decide(t, rapid.SampledFrom([]int64{50, 60}).Draw(t, "by"), rapid.SampledFrom([]Decision{Adopt, Adopt, Refuse, Revise, Postpone}).Draw(t, "decision"))
		},
		"resume": func(t *rapid.T) { _ = w.try(func(c *Case) error { return c.step(Resume) }) },
		"apply":  func(t *rapid.T) { w.apply(t, w.hash(t)) },
		"suspend": func(t *rapid.T) {
			if rapid.IntRange(0, 7).Draw(t, "really") == 0 {
				_ = w.try(func(c *Case) error { return c.step(Suspend) })
			}
		},
		"": w.check,
	}
}

func (w *world) declare(t *rapid.T, by int64, answer Conflict) {
	subs := []Seat{seatFor(people.Draw(t, "substitute")), seatFor(people.Draw(t, "another"))}
	was := w.c.seat(by)
	before := Conflict("")
	if was != nil {
		before = was.Conflict
	}
	err := w.try(func(c *Case) error { _, err := c.declare(by, answer, subs); return err })
	if err == nil && (was == nil || before == Conflicted) {
		t.Fatalf("accepted a declaration from %d who was %q", by, before)
	}
	if err == nil && w.c.State == Applied && !w.holds() {
		t.Fatal("an application whose quorum broke is not flagged")
	}
}

func (w *world) vote(t *rapid.T, b Ballot) {
	present, author := w.c.Hash, w.c.Author
	s := w.c.seat(b.Account)
	if w.try(func(c *Case) error { _, err := c.vote(b); return err }) != nil {
		return
	}
	switch {
	case b.Hash != present:
		t.Fatalf("a ballot on %s was taken while the text was %s", b.Hash, present)
	case s == nil || s.Conflict != None:
		t.Fatalf("took a ballot of %d without a declaration", b.Account)
	case b.Account == author || b.Account == asker:
		t.Fatalf("took a ballot of %d on the own text", b.Account)
	}
	if b.Claim == nil {
		b.Round = w.c.Round
		w.cast = append(w.cast, b)
	}
}

func (w *world) close(t *rapid.T) {
	if w.try(func(c *Case) error { return c.close(50) }) == nil {
		w.mustHold(t)
	}
}

func (w *world) apply(t *rapid.T, hash string) {
	was := w.c.State
	if w.try(func(c *Case) error { return c.apply(60, hash) }) != nil {
		return
	}
	w.applied++
	if w.policy.Tier == 2 && (was != Decided || !w.found[hash].clears() || w.decided[hash] != Adopt) {
		t.Fatalf("a major decision was applied from %s with finding %q and decision %q", was, w.found[hash], w.decided[hash])
	}
	if w.policy.Tier < 2 && was != Approved && was != ApprovedEdited || hash != w.c.Hash {
		t.Fatalf("applied %s from state %s while the text was %s", hash, was, w.c.Hash)
	}
	w.mustHold(t)
}

func (w *world) legal(t *rapid.T, by int64, hash string) {
	result := rapid.SampledFrom([]Finding{Cleared, Cleared, ClearedWithRisk, SentBack}).Draw(t, "finding")
	seated := w.c.holds(by)
	if w.try(func(c *Case) error {
		return c.find(Mark{Account: by, Hash: hash, Result: string(result), Text: "意见", Power: "是", Process: "是", Content: "是"})
	}) != nil {
		return
	}
	if seated || by == asker || hash != w.c.Hash {
		t.Fatalf("%d, seated %v, set legality of %s while the text was %s", by, seated, hash, w.c.Hash)
	}
	w.found[hash] = result
}

func (w *world) meet(t *rapid.T, hash string) {
	view := rapid.SampledFrom([]string{"for", "against"}).Draw(t, "view")
	m := Meeting{Hash: hash, Kind: "常务会议", Date: "2026-03-20", Record: "讨论", EnteredBy: 50, Members: []Attendee{
		{Name: "甲", View: view, Said: "原话"}, {Name: "乙", View: "for"}, {Name: "丙", View: view, Said: "原话"}, {Name: "首长", View: "for", Head: true}}}
	if w.try(func(c *Case) error { return c.meet(m) }) != nil {
		return
	}
	if !w.found[hash].clears() {
		t.Fatal("deliberated without a finding that clears")
	}
	for _, o := range w.c.Opinions {
		if o.As == "" {
			t.Fatal("deliberated with an opinion that has no disposition")
		}
	}
}

func (w *world) decide(t *rapid.T, by int64, d Decision) {
	reason := rapid.SampledFrom([]string{"", "理由"}).Draw(t, "why")
	if w.try(func(c *Case) error { return c.decide(by, c.Hash, d, reason) }) != nil {
		return
	}
	w.decided[w.c.Hash] = d
	m := w.c.Meetings[len(w.c.Meetings)-1]
	if by == m.EnteredBy || m.Against && reason == "" {
		t.Fatal("the one who entered the record decided, or a decision against the majority has no reason")
	}
}

// onward does what a major decision waits for once its panel has approved.
func (w *world) onward(t *rapid.T) {
	switch w.c.State {
	case Approved, ApprovedEdited:
		_ = w.try(func(c *Case) error { return c.mark(Mark{Kind: Risk, Result: "low", Text: "可控", Account: 50}) })
		_ = w.try(func(c *Case) error { return c.refer(50, c.Hash, 7, "") })
	case Legality:
		if w.c.finding() == "" {
			w.legal(t, 70, w.c.Hash)
			return
		}
		for _, o := range w.c.Opinions {
			if o.As == "" && w.try(func(c *Case) error { return c.dispose(50, o.Number, NotAdopted, "理由") }) == nil {
				w.answered[o.Number] = true
			}
		}
		w.meet(t, w.c.Hash)
	case Deliberated:
		w.decide(t, 60, Adopt)
	case Decided:
		w.apply(t, w.c.Hash)
	}
}

// next does what the review waits for, so that histories get somewhere.
func (w *world) next(t *rapid.T) {
	switch w.c.State {
	case Screened, Stalled:
		var free []Seat
		for a := int64(1); a <= 8; a++ {
			if w.c.seat(a) == nil {
				free = append(free, seatFor(a))
			}
		}
		if seats, ok := fill(w.c.Policy, w.c.Department, w.c.seated(), free); ok {
			_ = w.try(func(c *Case) error { return c.route(seats) })
		}
	case Approved, ApprovedEdited, Legality, Deliberated, Decided:
		switch {
		case w.policy.Tier == 2:
			w.onward(t)
		case rapid.Bool().Draw(t, "go"):
			w.apply(t, w.c.Hash)
		}
	default:
		for _, s := range w.c.seated() {
			if s.Conflict == Undeclared {
				w.declare(t, s.Account, None)
				return
			}
			if w.turn(s.Account) {
				w.vote(t, Ballot{Account: s.Account, Hash: w.c.Hash, Score: rapid.SampledFrom([]int{2, 1, 1, 0, -1, -2}).Draw(t, "score"), Reason: "unclear"})
				return
			}
		}
		w.close(t)
	}
}

func (w *world) turn(account int64) bool {
	s := w.c.seat(account)
	return w.c.mayVote(*s) && w.c.ballot(account) == nil && w.c.place(Vote) == nil
}

// mustHold counts the test's own books: does the present text have its approval?
func (w *world) mustHold(t *rapid.T) {
	if !w.holds() {
		t.Fatalf("%s without an approval: policy %+v, seats %+v, ballots %+v", w.c.State, w.policy, w.c.Seats, w.cast)
	}
}

func (w *world) holds() bool {
	counted, inFavour, against := 0, 0, 0
	seats, own := 0, 0
	for _, s := range w.c.Seats {
		if s.Conflict == Conflicted || w.handed[s.Account] || s.Lapsed {
			continue
		}
		seats++
		if s.Account <= 2 {
			own++
		}
		if s.Conflict != None || s.Account == w.authors[w.c.Hash] || s.Account == asker {
			continue
		}
		for _, b := range w.cast {
			if b.Account == s.Account && b.Hash == w.c.Hash && b.Round == w.c.Round {
				counted++
				if b.Score > 0 {
					inFavour++
				}
				if b.Score < 0 {
					against++
				}
			}
		}
	}
	p := w.policy
	if seats < p.Panel || p.Odd && seats%2 == 0 || own*100 > p.Share*seats {
		return false
	}
	for _, o := range w.c.Opinions {
		if p.AnswerAt < 0 && o.Strong && !w.answered[o.Number] && w.c.seat(o.Account).Conflict == None {
			return false
		}
	}
	return counted >= p.Quorum && inFavour >= p.Approvals && inFavour > against
}

// check holds after every act, accepted or not.
func (w *world) check(t *rapid.T) {
	if w.applied > 1 {
		t.Fatal("applied twice")
	}
	if fmt.Sprint(w.c.Policy) != fmt.Sprint(w.policy) {
		t.Fatal("the policy changed under the review")
	}
	if author, ok := w.authors[w.c.Hash]; !ok || author != w.c.Author {
		t.Fatal("the present text is none that was written, or not by its author")
	}
	once := map[string]bool{}
	for _, b := range w.c.Ballots {
		key := fmt.Sprint(b.Account, b.Round, b.Hash)
		if b.Claim == nil && once[key] {
			t.Fatalf("%d has two ballots on one text in one round", b.Account)
		}
		once[key] = once[key] || b.Claim == nil
	}
	switch w.c.State {
	case Legality, Deliberated, Decided:
		w.mustHold(t)
		if w.policy.Tier != 2 || w.c.State != Legality && !w.found[w.c.Hash].clears() {
			t.Fatalf("%s in tier %d with finding %q", w.c.State, w.policy.Tier, w.found[w.c.Hash])
		}
	case Approved, ApprovedEdited:
		w.mustHold(t)
		if (w.c.State == Approved) != w.c.Machine {
			t.Fatalf("%s, though the machine's text: %v", w.c.State, w.c.Machine)
		}
	case Round1:
		if w.c.Round != 1 {
			t.Fatal("round1 in a later round")
		}
	case Declared, Drafted:
		t.Fatalf("rests in state %s", w.c.State)
	}
}

// TestTortureRandomHistories drives random acts by random people and checks the
// invariants 1–7, 9, 11, 12, 14–18 and 29 of the review against books of its own. (8, the
// sealed ballots, is TestTwoWorlds; 14 rests on seats being people of the roster.)
func TestTortureRandomHistories(t *testing.T) {
	states := map[State]int{}
	tries, failures := 0, 0
	torture.Report(t, "I1-I18", &tries, &failures)
	rapid.Check(t, func(t *rapid.T) {
		w := &world{policy: drawPolicy(t), authors: map[string]int64{"text0": asker}, answered: map[int]bool{},
			found: map[string]Finding{}, decided: map[string]Decision{}, handed: map[int64]bool{}}
		tries++
		w.c = &Case{ID: 1, Tier: w.policy.Tier, State: Screened, Round: 1, Policy: w.policy, Asker: asker, Department: "本局", Revision: 1, Hash: "text0", Author: asker, Machine: true}
		t.Repeat(w.acts())
		states[w.c.State]++
	})
	t.Logf("ended in %v", states)
	for _, s := range []State{Applied, Approved, ApprovedEdited, Stalled, Stale, Round2, Deliberating, Legality, Deliberated, Decided} {
		if states[s] == 0 && !testing.Short() && histories >= 10_000 {
			t.Errorf("no history ended in %s: the test does not reach it", s)
		}
	}
}
