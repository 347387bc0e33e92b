package experts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"advisor/accounts"
	"advisor/advice"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// View is a review as one person may see it, in INTERFACE.md's shape. What is
// null is not hidden by the page but was never read: the policies of the tables
// decide. Before the own ballot is sealed nothing in it depends on others' ballots.
type View struct {
	ReviewID int64         `json:"review_id,string"`
	DraftID  int64         `json:"draft_id,string"`
	Title    string        `json:"title"` // the question, open to members before they declare
	Scope    string        `json:"scope"`
	State    State         `json:"state"`
	Round    int           `json:"round"`
	Tier     int           `json:"tier"`
	Policy   Policy        `json:"policy"`
	Revision int           `json:"revision"`
	Hash     string        `json:"hash"`
	Asker    string        `json:"asker"`
	Name     string        `json:"asker_name"`
	OpenedAt time.Time     `json:"opened_at"`
	ClosedAt *time.Time    `json:"closed_at,omitempty"`
	Draft    *advice.Body  `json:"draft"`
	Panel    []Member      `json:"panel"`
	Tally    *Tally        `json:"tally"`
	Ballots  []CastBallot  `json:"ballots"`
	Opinions []SaidOpinion `json:"opinions"`
	History  []Happening   `json:"history"`
	Acts     []Event       `json:"acts"` // what the viewer may do now
	Turn     Event         `json:"turn"` // what is waiting for the viewer; empty for nothing
	Next     string        `json:"next"` // what happens next, in words

	ApplicationID int64 `json:"application_id,string,omitempty"`

	Due      *time.Time      `json:"due,omitempty"` // when the present stage is overdue
	Labels   []Mark          `json:"labels"`
	Comments []PublicComment `json:"comments"`
	Meetings []Meeting       `json:"meetings"` // for office, legal section, deciders and auditors
	Missing  []string        `json:"missing"`  // what the statute wants before the legal section is asked
	Entries  []OpenEntry     `json:"entries"`  // entered from paper and not yet confirmed
}

// OpenEntry is a ballot that the office entered and nobody has confirmed.
type OpenEntry struct {
	Entry  int64  `json:"entry,string"`
	Expert string `json:"expert"`
	Score  int    `json:"score"`
	Reason string `json:"reason"`
	Text   string `json:"text"`
	Paper  int64  `json:"paper,string"`
	By     string `json:"entered_by"`
}

// Member is one seat. Voted is null while the viewer may not know.
type Member struct {
	Expert       string   `json:"expert"`
	Name         string   `json:"name"`
	Organisation string   `json:"organisation"`
	Conflict     Conflict `json:"conflict"`
	Voted        *bool    `json:"voted"`
	Author       bool     `json:"author"` // wrote the present text and so does not vote on it
	Dissent      bool     `json:"dissent,omitempty"`
	DelegatedTo  string   `json:"delegated_to,omitempty"`
	DelegateOf   string   `json:"delegate_of,omitempty"`

	account int64
}

// CastBallot is a ballot that lies open to the viewer.
type CastBallot struct {
	Expert  string `json:"expert"`
	Round   int    `json:"round"`
	Hash    string `json:"hash"`
	Score   int    `json:"score"`
	Reason  string `json:"reason"`
	Text    string `json:"text"`
	Claim   *int   `json:"claim"`
	Marks   *Marks `json:"marks,omitempty"`
	Entered bool   `json:"entered,omitempty"` // by the office, from paper
	Present bool   `json:"present"`           // on the present text; the others are outdated
}

// SaidOpinion is an opinion and what became of it.
type SaidOpinion struct {
	Number   int        `json:"opinion"`
	Expert   string     `json:"expert"`
	Strong   bool       `json:"strong"`
	Text     string     `json:"text"`
	Claim    *int       `json:"claim"`
	Hash     string     `json:"hash"`
	At       time.Time  `json:"at"`
	Adopted  Adoption   `json:"adopted"`
	Reason   string     `json:"reason"`
	Disposed *time.Time `json:"disposed_at"`
}

// Happening is one line of a review's history.
type Happening struct {
	At    time.Time      `json:"at"`
	Actor string         `json:"actor"`
	Name  string         `json:"name"`
	Event Event          `json:"event"`
	From  State          `json:"from"`
	To    State          `json:"to"`
	Round int            `json:"round"`
	Hash  string         `json:"hash"`
	Text  string         `json:"text"`
	Data  map[string]any `json:"data,omitempty"`
}

// May says whether the viewer may do this now.
func (v View) May(event Event) bool { return slices.Contains(v.Acts, event) }

// Show is a review as the actor may see it.
func (d *Desk) Show(ctx context.Context, actor accounts.Account, review int64) (View, error) {
	var v View
	err := d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		c, err := loadCase(ctx, tx, review, "")
		if err != nil {
			return err
		}
		v = View{ReviewID: c.ID, DraftID: c.DraftID, Scope: c.Scope, State: c.State, Round: c.Round, Tier: c.Tier, Policy: c.Policy,
			Revision: c.Revision, Hash: c.Hash}
		return v.fill(ctx, tx, c, actor)
	})
	return v, err
}

func (v *View) fill(ctx context.Context, tx pgx.Tx, c *Case, actor accounts.Account) error {
	var open bool
	err := tx.QueryRow(ctx, `select a.login, a.name, r.opened_at, r.closed_at, review_open(r.id), coalesce((select p.id from application p where p.review_id = r.id), 0), coalesce(review_subject(r.id), '')
		from review r join account a on a.id = r.asker where r.id = $1`, c.ID).Scan(&v.Asker, &v.Name, &v.OpenedAt, &v.ClosedAt, &open, &v.ApplicationID, &v.Title)
	if err != nil {
		return fmt.Errorf("read review %d: %w", c.ID, err)
	}
	if v.Draft, err = visibleText(ctx, tx, c); err != nil {
		return err
	}
	if v.Draft != nil {
		v.Title = v.Draft.Question
	}
	if v.Panel, err = members(ctx, tx, c); err != nil {
		return fmt.Errorf("read panel: %w", err)
	}
	if v.Ballots, err = castBallots(ctx, tx, c); err != nil {
		return fmt.Errorf("read ballots: %w", err)
	}
	if v.Opinions, err = said(ctx, tx, c.ID); err != nil {
		return fmt.Errorf("read opinions: %w", err)
	}
	if v.History, err = history(ctx, tx, c.ID); err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	if err := v.fillDecisions(ctx, tx, c); err != nil {
		return err
	}
	v.seal(c, actor, open)
	v.Acts, v.Turn = c.open(actor, v.Opinions)
	v.Acts, v.Next = orEmpty(v.Acts), next(v.State, v.Turn)
	return nil
}

// seal says who has voted, as far as the viewer may know, and counts once the
// viewer may see the ballots: the office not before they are all in.
func (v *View) seal(c *Case, actor accounts.Account, open bool) {
	for i := range v.Panel {
		m := &v.Panel[i]
		voted := c.ballot(m.account) != nil
		if open || m.account == actor.ID {
			m.Voted = &voted
		}
	}
	own := c.seat(actor.ID) != nil && c.ballot(actor.ID) != nil
	if open && (own || c.State.Open() || c.facts().AllIn || c.Policy.Open && c.seat(actor.ID) != nil) {
		t := c.Tally()
		v.Tally = &t
	} else {
		v.Ballots = slices.DeleteFunc(v.Ballots, func(b CastBallot) bool { return b.Expert != actor.Login })
	}
}

// open lists what the actor may do now, and which of it is waited for.
func (c *Case) open(actor accounts.Account, opinions []SaidOpinion) (may []Event, turn Event) {
	can := func(event Event, holds bool) bool {
		if holds && c.place(event) == nil {
			may = append(may, event)
			return true
		}
		return false
	}
	s := c.seat(actor.ID)
	member := s != nil && s.Conflict == None && s.To == 0 && !s.Lapsed
	clear := s == nil || s.Conflict != Conflicted
	open := slices.ContainsFunc(opinions, func(o SaidOpinion) bool { return o.Adopted == "" })
	if can(Declare, s != nil && s.Conflict == Undeclared && !s.Lapsed && s.To == 0) {
		turn = Declare
	}
	if can(Vote, member && c.mayVote(*s) && c.ballot(actor.ID) == nil) {
		turn = Vote
	}
	can(Edit, member)
	can(Opine, member)
	if can(Route, office(actor)) && turn == "" && (c.State == Screened || c.State == Stalled) {
		turn = Route
	}
	if can(Dispose, office(actor) && clear && open) && turn == "" {
		turn = Dispose
	}
	if can(Close, office(actor) && clear) && turn == "" && c.facts().AllIn {
		turn = Close
	}
	can(Return, clear && (office(actor) || member))
	can(Reject, office(actor) && clear)
	can(Withdraw, c.Asker == actor.ID)
	if can(Apply, actor.Has(accounts.Decider) && clear && (c.Tier < 2 || c.State == Decided)) && turn == "" {
		turn = Apply
	}
	can(Suspend, actor.Has(accounts.Decider))
	can(Delegate, s != nil && s.Conflict != Conflicted && s.To == 0 && s.From == 0 && c.ballot(actor.ID) == nil)
	can(Recuse, office(actor) && clear && len(c.Seats) > 0)
	can(Again, office(actor) && clear && c.disputed() && !c.settled())
	major := c.Tier == 2
	can(Label, office(actor) && clear && major)
	can(Comment, office(actor) && clear && major)
	for _, e := range []struct {
		event Event
		holds bool
	}{
		{Refer, office(actor) && clear && major},
		{Legal, actor.Has(accounts.Legal) && clear && s == nil && c.finding() == ""},
		{Meet, office(actor) && clear && c.finding().clears()},
		{Decide, actor.Has(accounts.Decider) && clear},
	} {
		if can(e.event, e.holds) && turn == "" {
			turn = e.event
		}
	}
	return may, turn
}

// fillDecisions adds what a major decision has beside votes. The meetings are
// read from the table, under its policy.
func (v *View) fillDecisions(ctx context.Context, tx pgx.Tx, c *Case) error {
	v.Labels, v.Comments, v.Missing = orEmpty(c.Labels), orEmpty(c.Comments), []string{}
	if c.Tier == 2 {
		v.Missing = orEmpty(c.missing())
	}
	if err := tx.QueryRow(ctx, `select due_at from review where id = $1`, c.ID).Scan(&v.Due); err != nil {
		return fmt.Errorf("read the clock: %w", err)
	}
	var visible int
	if err := tx.QueryRow(ctx, `select count(*) from meeting where review_id = $1`, c.ID).Scan(&visible); err != nil {
		return fmt.Errorf("read meetings: %w", err)
	}
	v.Meetings = []Meeting{}
	if visible > 0 {
		v.Meetings = c.Meetings
	}
	rows, err := tx.Query(ctx, `select e.id, a.login, e.body, e.paper_id, o.login from entry e join account a on a.id = e.account_id join account o on o.id = e.entered_by
		where e.review_id = $1 and e.confirmed_by is null order by e.id`, c.ID)
	if err != nil {
		return fmt.Errorf("read entries: %w", err)
	}
	v.Entries, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e OpenEntry, err error) {
		var body []byte
		var b Ballot
		if err = row.Scan(&e.Entry, &e.Expert, &body, &e.Paper, &e.By); err == nil {
			err = json.Unmarshal(body, &b)
		}
		e.Score, e.Reason, e.Text = b.Score, b.Reason, b.Text
		return e, err
	})
	v.Entries = orEmpty(v.Entries)
	return err
}

// visibleText is the present text, or nil for those who may not read it.
func visibleText(ctx context.Context, tx pgx.Tx, c *Case) (*advice.Body, error) {
	r, err := advice.LoadRevision(ctx, tx, c.DraftID, c.Revision)
	var p *problem.Problem
	if errors.As(err, &p) && p.Kind == problem.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &r.Body, nil
}

func members(ctx context.Context, tx pgx.Tx, c *Case) ([]Member, error) {
	rows, err := tx.Query(ctx, `select m.account_id, a.login, a.name, coalesce(nullif(e.organisation, ''), a.organisation), m.conflict, m.dissent,
		  coalesce(t.login, ''), coalesce(f.login, '')
		from panel_member m join account a on a.id = m.account_id join expert e on e.account_id = m.account_id
		left join account t on t.id = m.delegated_to left join account f on f.id = m.delegated_from
		where m.review_id = $1 order by m.seated_at, m.account_id`, c.ID)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Member, err error) {
		err = row.Scan(&m.account, &m.Expert, &m.Name, &m.Organisation, &m.Conflict, &m.Dissent, &m.DelegatedTo, &m.DelegateOf)
		m.Author = m.account == c.Author
		return m, err
	})
	return orEmpty(list), err
}

// castBallots reads the ballots that the table's policy lets the viewer read.
func castBallots(ctx context.Context, tx pgx.Tx, c *Case) ([]CastBallot, error) {
	rows, err := tx.Query(ctx, `select a.login, b.round, b.hash, b.score, b.reason, b.text, b.claim, b.marks, b.entry_id is not null
		from ballot b join account a on a.id = b.account_id where b.review_id = $1 order by b.round, a.login, b.claim nulls first`, c.ID)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (b CastBallot, err error) {
		err = row.Scan(&b.Expert, &b.Round, &b.Hash, &b.Score, &b.Reason, &b.Text, &b.Claim, &b.Marks, &b.Entered)
		b.Present = b.Hash == c.Hash && b.Round == c.Round
		return b, err
	})
	return orEmpty(list), err
}

func said(ctx context.Context, tx pgx.Tx, review int64) ([]SaidOpinion, error) {
	rows, err := tx.Query(ctx, `select o.number, a.login, o.strong, o.text, o.claim, o.hash, o.at, coalesce(o.adoption, ''), coalesce(o.adoption_reason, ''), o.disposed_at
		from opinion o join account a on a.id = o.account_id where o.review_id = $1 order by o.number`, review)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (o SaidOpinion, err error) {
		err = row.Scan(&o.Number, &o.Expert, &o.Strong, &o.Text, &o.Claim, &o.Hash, &o.At, &o.Adopted, &o.Reason, &o.Disposed)
		return o, err
	})
	return orEmpty(list), err
}

// history reads what happened, as far as the table's policy lets the viewer see.
func history(ctx context.Context, tx pgx.Tx, review int64) ([]Happening, error) {
	rows, err := tx.Query(ctx, `select e.at, coalesce(a.login, ''), coalesce(a.name, '系统'), e.event, e.from_state, e.to_state, e.round, e.hash, e.text, e.data
		from review_event e left join account a on a.id = e.actor where e.review_id = $1 order by e.id`, review)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h Happening, err error) {
		var data []byte
		if err = row.Scan(&h.At, &h.Actor, &h.Name, &h.Event, &h.From, &h.To, &h.Round, &h.Hash, &h.Text, &data); err == nil {
			err = json.Unmarshal(data, &h.Data)
		}
		return h, err
	})
	return orEmpty(list), err
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
