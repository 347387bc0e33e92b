package experts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"advisor/accounts"
	"advisor/advice"
	"advisor/audit"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// mayEdit says whether the account may put a new text in the place of the one
// named. The rules that say no to a person come first.
func (c *Case) mayEdit(account int64, named string) error {
	if _, err := c.member(account); err != nil {
		return err
	}
	if err := c.present(named); err != nil {
		return err
	}
	return c.place(Edit)
}

// edit puts a new text in the place of the one named. Every ballot on the old
// text is outdated, because ballots name hashes.
func (c *Case) edit(account int64, named, hash string) error {
	_, err := c.replace(account, named, hash, Change{})
	return err
}

// replace puts a new text in the place of the one named and carries over the
// ballots that depended on nothing that changed. An edit of the form alone
// starts no new round: all that was voted stands, and the editor joins those
// who do not vote on the text. After an approval even that is voted on anew,
// for an approval names a hash.
func (c *Case) replace(account int64, named, hash string, ch Change) ([]Ballot, error) {
	if err := c.mayEdit(account, named); err != nil {
		return nil, err
	}
	if hash == c.Hash {
		return nil, nothingChanged
	}
	writers := []int64{account}
	if ch.Format && !c.Machine {
		writers = append(slices.Clone(c.Editors), c.Author, account)
	}
	if c.votersWithout(writers...) < c.Policy.Quorum {
		return nil, tooFewLeft
	}
	round, was := c.Round, c.Hash
	c.Revision++
	c.Hash, c.formal = hash, ch.Format
	if !ch.Format || c.State == Approved || c.State == ApprovedEdited {
		c.Round++
	}
	if ch.Format && !c.Machine {
		if !slices.Contains(c.Editors, account) && account != c.Author {
			c.Editors = append(slices.Clone(c.Editors), account)
		}
	} else {
		c.Author, c.Editors = account, nil
	}
	c.Machine = false
	carried := c.carry(round, was, ch)
	return carried, c.step(Edit)
}

// carry makes from the ballots on the text that was there the ones that still
// say what their voters said: all of them after an edit of the form alone, and
// otherwise those on claims that were not touched.
func (c *Case) carry(round int, was string, ch Change) (carried []Ballot) {
	for _, b := range slices.Clone(c.Ballots) {
		s := c.seat(b.Account)
		if b.Round != round || b.Hash != was || s == nil || s.Conflict != None || !c.mayVote(*s) {
			continue
		}
		if b.Claim == nil && !ch.Format {
			continue
		}
		if b.Claim != nil {
			now, ok := ch.Moved[*b.Claim]
			if !ok {
				continue
			}
			b.Claim = &now
		}
		b.From, b.ID, b.Round, b.Hash = b.ID, 0, c.Round, c.Hash
		c.Ballots = append(c.Ballots, b)
		carried = append(carried, b)
	}
	return carried
}

// wrote says whether the account wrote the present text or adjusted its form.
func (c *Case) wrote(account int64) bool {
	return c.same(account, c.Author) || slices.ContainsFunc(c.Editors, func(e int64) bool { return c.same(e, account) })
}

// votersWithout is how many could vote on a text that these accounts wrote.
func (c *Case) votersWithout(accounts ...int64) (n int) {
	for _, s := range c.seated() {
		wrote := slices.ContainsFunc(accounts, func(a int64) bool { return c.same(a, s.Account) })
		if !wrote && !c.same(s.Account, c.Asker) {
			n++
		}
	}
	return n
}

// Edit puts a new text in the place of the one whose hash is named. The
// question stays the asker's; every citation is checked again.
func (d *Desk) Edit(ctx context.Context, actor accounts.Account, review int64, hash string, body advice.Body, reason string) (View, error) {
	return d.edit(ctx, actor, review, hash, body, reason, false)
}

// Merge is Edit for a text made from an earlier one than the present: what the
// two changed in different places is joined; what both changed is refused with
// the places named, and nothing is lost, for the one text is stored and the
// other still in its writer's hands.
func (d *Desk) Merge(ctx context.Context, actor accounts.Account, review int64, hash string, body advice.Body, reason string) (View, error) {
	return d.edit(ctx, actor, review, hash, body, reason, true)
}

func (d *Desk) edit(ctx context.Context, actor accounts.Account, review int64, hash string, body advice.Body, reason string, joining bool) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Edit, func(tx pgx.Tx, c *Case) (record, error) {
		named := hash
		if joining {
			named = c.Hash
		}
		// The rules first: who may not edit learns nothing about the text.
		if err := c.mayEdit(actor.ID, named); err != nil {
			return record{}, err
		}
		old, err := advice.LoadRevision(ctx, tx, c.DraftID, c.Revision)
		if err != nil {
			return record{}, err
		}
		data := map[string]any{"draft": c.DraftID, "was": old.Hash}
		if hash != c.Hash {
			if body, err = joined(ctx, tx, c, hash, old.Body, body); err != nil {
				return record{}, err
			}
			data["merged_from"] = hash
		}
		if body, err = d.checkedEdit(ctx, tx, old.Body, body); err != nil {
			return record{}, err
		}
		if body.Hash() == old.Hash {
			return record{}, nothingChanged
		}
		return d.revise(ctx, tx, actor, c, old, advice.NewRevision{Body: body, Author: actor.ID, Reason: clean(reason), At: d.Now()}, data)
	})
}

// revise stores a checked text as the next revision and settles what it means for the votes.
func (d *Desk) revise(ctx context.Context, tx pgx.Tx, actor accounts.Account, c *Case, old advice.Revision, n advice.NewRevision, data map[string]any) (record, error) {
	ch := changeOf(old.Body, n.Body)
	added, err := advice.AddRevision(ctx, tx, c.DraftID, n)
	if err != nil {
		return record{}, err
	}
	for _, r := range []advice.Revision{old, added} {
		if err := insertMeaning(ctx, tx, r); err != nil {
			return record{}, err
		}
	}
	carried, err := c.replace(actor.ID, old.Hash, added.Hash, ch)
	if err != nil {
		return record{}, err
	}
	c.Revision = added.Number
	data["digest"], data["changed"], data["added"], data["change"] = added.Digest(), ch.Changed, ch.Added, "text"
	if ch.Format {
		data["change"] = "format"
	}
	return record{text: n.Reason, data: data, after: func() error { return d.carryOver(ctx, tx, actor, c, carried) }}, nil
}

// joined merges a text that was made from an earlier revision into the present one.
func joined(ctx context.Context, tx pgx.Tx, c *Case, hash string, theirs, mine advice.Body) (advice.Body, error) {
	for number := c.Revision - 1; number >= 1; number-- {
		base, err := advice.LoadRevision(ctx, tx, c.DraftID, number)
		if err != nil {
			return advice.Body{}, err
		}
		if base.Hash != hash {
			continue
		}
		body, clashes := merge(base.Body, theirs, mine)
		if len(clashes) > 0 {
			p := problem.New(problem.Conflict, "edit-conflict", "修改没有保存", "在您修改期间，他人已保存新的一稿，两人改到了同一处："+strings.Join(clashes, "、"),
				"您的文字仍在下面，他人的新稿在“差异”中；请对照后在新稿上修改再保存")
			p.Now = c.Hash
			return advice.Body{}, p
		}
		return body, nil
	}
	return advice.Body{}, c.present(hash)
}

// Joined is the actor's text, made from an earlier revision, laid over the
// present one: what the others changed elsewhere is in it; where both changed
// the same place the actor's words stand, and the places are named.
func (d *Desk) Joined(ctx context.Context, actor accounts.Account, review int64, hash string, mine advice.Body) (body advice.Body, clashes []string, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		c, err := loadCase(ctx, tx, review, "")
		if err != nil {
			return err
		}
		theirs, err := advice.LoadRevision(ctx, tx, c.DraftID, c.Revision)
		if err != nil {
			return err
		}
		for number := c.Revision; number >= 1; number-- {
			base, err := advice.LoadRevision(ctx, tx, c.DraftID, number)
			if err != nil {
				return err
			}
			if base.Hash == hash {
				body, clashes = join(base.Body, theirs.Body, mine)
				return nil
			}
		}
		return c.present(hash)
	})
	return body, clashes, err
}

// carryOver writes down the ballots that were carried, each with its leaf.
func (d *Desk) carryOver(ctx context.Context, tx pgx.Tx, actor accounts.Account, c *Case, carried []Ballot) error {
	for _, b := range carried {
		salt := newSalt()
		var id int64
		if err := tx.QueryRow(ctx, `select carry_ballot($1, $2, $3, $4)`, b.From, b.Claim, salt, d.Now()).Scan(&id); err != nil {
			return fmt.Errorf("carry ballot %d over: %w", b.From, err)
		}
		_, err := audit.Append(ctx, tx, d.Now(), audit.Leaf{Kind: "review.carry", Actor: actor.ID, Subject: audit.Subject("review", c.ID), Data: map[string]any{
			"ballot": id, "carried_from": b.From, "commitment": b.commitment(salt), "claim": b.Claim, "account": b.Account,
			"to": string(c.State), "round": c.Round, "revision": c.Revision, "hash": c.Hash}})
		if err != nil {
			return err
		}
	}
	return nil
}

func insertMeaning(ctx context.Context, tx pgx.Tx, r advice.Revision) error {
	_, err := tx.Exec(ctx, `insert into revision_meaning (draft_id, number, hash, whole, claims) values ($1, $2, $3, $4, $5) on conflict do nothing`,
		r.DraftID, r.Number, r.Hash, meaning(r.Body), claimMeanings(r.Body))
	if err != nil {
		return fmt.Errorf("store what revision %d means: %w", r.Number, err)
	}
	return nil
}

// still is the desk with its clock stopped: one act has one time, in every row
// it writes and in its leaf, so that the log gives the rows back exactly.
func (d *Desk) still() *Desk {
	now := d.Now().UTC().Truncate(time.Microsecond)
	c := *d
	c.Now = func() time.Time { return now }
	return &c
}
