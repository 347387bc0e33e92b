package experts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"advisor/accounts"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// Recuse enters a conflict that the office found and the member did not declare.
func (d *Desk) Recuse(ctx context.Context, actor accounts.Account, review int64, login, text string) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Recuse, func(tx pgx.Tx, c *Case) (record, error) {
		if !office(actor) {
			return record{}, notYours
		}
		account, err := accountOf(ctx, tx, login)
		if err != nil {
			return record{}, err
		}
		candidates, err := d.candidates(ctx, tx, c)
		if err != nil {
			return record{}, err
		}
		added, err := c.recuse(actor.ID, account, clean(text), c.free(candidates))
		if err != nil {
			return record{}, err
		}
		if err := insertSeats(ctx, tx, c.ID, added, actor.ID, d.Now()); err != nil {
			return record{}, err
		}
		commitment, err := insertFoundConflict(ctx, tx, c.ID, account, actor.ID, clean(text), d.Now())
		if err != nil {
			return record{}, err
		}
		if c.State == Stale {
			if err := markStale(ctx, tx, c.ID); err != nil {
				return record{}, err
			}
		}
		return record{data: map[string]any{"account": account, "commitment": commitment, "substitutes": accountsOf(added)}}, nil
	})
}

func accountOf(ctx context.Context, tx pgx.Tx, login string) (id int64, err error) {
	err = tx.QueryRow(ctx, `select id from account where login = $1`, login).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, notSeated
	}
	if err != nil {
		return 0, fmt.Errorf("find account: %w", err)
	}
	return id, nil
}

// Delegate hands the actor's seat to another expert, who then declares for himself.
func (d *Desk) Delegate(ctx context.Context, actor accounts.Account, review int64, to string) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Delegate, func(tx pgx.Tx, c *Case) (record, error) {
		candidates, err := d.candidates(ctx, tx, c)
		if err != nil {
			return record{}, err
		}
		i := slices.IndexFunc(candidates, func(k candidate) bool { return k.login == to })
		if i < 0 {
			return record{}, notExpert.Because(fmt.Errorf("%s", to))
		}
		if err := c.delegate(actor.ID, candidates[i].Seat); err != nil {
			return record{}, err
		}
		seat := c.Seats[len(c.Seats)-1]
		if err := insertSeats(ctx, tx, c.ID, []Seat{seat}, actor.ID, d.Now()); err != nil {
			return record{}, err
		}
		_, err = tx.Exec(ctx, `update panel_member set delegated_to = $3 where review_id = $1 and account_id = $2`, c.ID, actor.ID, seat.Account)
		if err != nil {
			return record{}, fmt.Errorf("hand the seat on: %w", err)
		}
		return record{data: map[string]any{"delegate": seat.Account}}, nil
	})
}

// Again opens a second round on the same text, where the first one disagreed.
func (d *Desk) Again(ctx context.Context, actor accounts.Account, review int64) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Again, func(_ pgx.Tx, c *Case) (record, error) {
		if !office(actor) {
			return record{}, notYours
		}
		return record{data: map[string]any{}}, c.again(actor.ID)
	})
}

// Attach keeps a signed original with the review and gives its number.
func (d *Desk) Attach(ctx context.Context, actor accounts.Account, review int64, name, media string, bytes []byte) (int64, error) {
	d = d.still()
	if len(bytes) == 0 || len(bytes) > 20<<20 || clean(name) == "" {
		return 0, problem.New(problem.Invalid, "bad-paper", "附件没有保存", "文件是空的、没有名称，或者超过 20 兆字节", "请核对文件后重试")
	}
	sum := sha256.Sum256(bytes)
	hash := "sha256:" + hex.EncodeToString(sum[:])
	var id int64
	_, err := d.act(ctx, actor, review, Attach, func(tx pgx.Tx, c *Case) (record, error) {
		if !office(actor) && !actor.Has(accounts.Legal) {
			return record{}, notYours
		}
		if err := c.clear(actor.ID); err != nil {
			return record{}, err
		}
		err := tx.QueryRow(ctx, `insert into paper (review_id, name, media, bytes, hash, added_by, at) values ($1, $2, $3, $4, $5, $6, $7) returning id`,
			review, clean(name), media, bytes, hash, actor.ID, d.Now()).Scan(&id)
		if err != nil {
			return record{}, fmt.Errorf("store paper: %w", err)
		}
		return record{data: map[string]any{"paper": id, "paper_hash": hash}}, nil
	})
	return id, err
}

// Label puts one of the statute's other duties on record.
func (d *Desk) Label(ctx context.Context, actor accounts.Account, review int64, m Mark) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Label, func(tx pgx.Tx, c *Case) (record, error) {
		if !office(actor) {
			return record{}, notYours
		}
		m := m.cleaned()
		m.Account = actor.ID
		if err := c.mark(m); err != nil {
			return record{}, err
		}
		return d.keepLabel(ctx, tx, c)
	})
}

func (m Mark) cleaned() Mark {
	for _, s := range []*string{&m.Text, &m.From, &m.Until, &m.Short, &m.Power, &m.Process, &m.Content} {
		*s = clean(*s)
	}
	return m
}

func (d *Desk) keepLabel(ctx context.Context, tx pgx.Tx, c *Case) (record, error) {
	m := c.Labels[len(c.Labels)-1]
	id, commitment, err := insertLabel(ctx, tx, c.ID, m, d.Now())
	return record{text: m.Text, data: map[string]any{"label": id, "kind": string(m.Kind), "result": m.Result, "commitment": commitment}}, err
}

// Comment records one opinion of the public.
func (d *Desk) Comment(ctx context.Context, actor accounts.Account, review int64, from, text string) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Comment, func(tx pgx.Tx, c *Case) (record, error) {
		if !office(actor) {
			return record{}, notYours
		}
		if err := c.clear(actor.ID); err != nil {
			return record{}, err
		}
		p := PublicComment{Number: len(c.Comments) + 1, From: clean(from), Text: clean(text)}
		if p.Text == "" {
			return record{}, textNeeded
		}
		c.Comments = append(c.Comments, p)
		if err := c.step(Comment); err != nil {
			return record{}, err
		}
		salt := newSalt()
		_, err := tx.Exec(ctx, `insert into public_comment (review_id, number, source, text, salt, entered_by, at) values ($1, $2, $3, $4, $5, $6, $7)`,
			c.ID, p.Number, p.From, p.Text, salt, actor.ID, d.Now())
		if err != nil {
			return record{}, fmt.Errorf("store comment: %w", err)
		}
		return record{data: map[string]any{"comment": p.Number, "commitment": commit(salt, p.From, p.Text)}}, nil
	})
}

// AnswerComment says what became of an opinion of the public.
func (d *Desk) AnswerComment(ctx context.Context, actor accounts.Account, review int64, number int, as Adoption, reason string) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Comment, func(tx pgx.Tx, c *Case) (record, error) {
		if !office(actor) {
			return record{}, notYours
		}
		if err := c.answerComment(actor.ID, number, as, clean(reason)); err != nil {
			return record{}, err
		}
		_, err := tx.Exec(ctx, `update public_comment set adoption = $3, adoption_reason = $4, disposed_by = $5, disposed_at = $6 where review_id = $1 and number = $2`,
			c.ID, number, as, clean(reason), actor.ID, d.Now())
		if err != nil {
			return record{}, fmt.Errorf("answer comment: %w", err)
		}
		return record{data: map[string]any{"comment": number, "as": string(as)}}, nil
	})
}

func (c *Case) answerComment(account int64, number int, as Adoption, reason string) error {
	if err := c.clear(account); err != nil {
		return err
	}
	if number < 1 || number > len(c.Comments) {
		return noOpinion
	}
	p := &c.Comments[number-1]
	switch {
	case as != Adopted && as != PartAdopt && as != NotAdopted:
		return badAdoption
	case reason == "":
		return textNeeded
	case p.As != "":
		return alreadyDisposed
	}
	p.As, p.Reason = as, reason
	return c.step(Comment)
}

// Refer sends the approved text to the legal section.
func (d *Desk) Refer(ctx context.Context, actor accounts.Account, review int64, hash string, workdays int, short string) (View, error) {
	d = d.still()
	if workdays == 0 {
		workdays = legalityDays
	}
	return d.act(ctx, actor, review, Refer, func(tx pgx.Tx, c *Case) (record, error) {
		if !office(actor) {
			return record{}, notYours
		}
		if err := c.refer(actor.ID, hash, workdays, clean(short)); err != nil {
			return record{}, err
		}
		c.Workdays = workdays
		_, err := tx.Exec(ctx, `update review set workdays = $2, short_reason = $3 where id = $1`, c.ID, workdays, clean(short))
		return record{text: clean(short), data: map[string]any{"workdays": workdays}}, err
	})
}

// Find is the legal section's finding on exactly the text it names.
func (d *Desk) Find(ctx context.Context, actor accounts.Account, review int64, m Mark) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Legal, func(tx pgx.Tx, c *Case) (record, error) {
		if !actor.Has(accounts.Legal) {
			return record{}, notYours
		}
		m := m.cleaned()
		m.Account = actor.ID
		if err := c.find(m); err != nil {
			return record{}, err
		}
		return d.keepLabel(ctx, tx, c)
	})
}

// Meet enters the record of the deliberation.
func (d *Desk) Meet(ctx context.Context, actor accounts.Account, review int64, m Meeting) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Meet, func(tx pgx.Tx, c *Case) (record, error) {
		if !office(actor) {
			return record{}, notYours
		}
		m := m.cleaned()
		m.EnteredBy = actor.ID
		if err := c.meet(m); err != nil {
			return record{}, err
		}
		kept := c.Meetings[len(c.Meetings)-1]
		commitment, err := insertMeeting(ctx, tx, c.ID, kept, d.Now())
		return record{data: map[string]any{"meeting": kept.Number, "commitment": commitment}}, err
	})
}

func (m Meeting) cleaned() Meeting {
	m.Kind, m.Date, m.Place, m.Record = clean(m.Kind), clean(m.Date), clean(m.Place), clean(m.Record)
	m.Members = slices.Clone(m.Members)
	for i := range m.Members {
		a := &m.Members[i]
		a.Name, a.Post, a.View, a.Said = clean(a.Name), clean(a.Post), clean(a.View), clean(a.Said)
	}
	return m
}

// Decide is the head's decision, which confirms the record that the office entered.
func (d *Desk) Decide(ctx context.Context, actor accounts.Account, review int64, hash string, decision Decision, reason string) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Decide, func(tx pgx.Tx, c *Case) (record, error) {
		if !actor.Has(accounts.Decider) {
			return record{}, notYours
		}
		if err := c.decide(actor.ID, hash, decision, clean(reason)); err != nil {
			return record{}, err
		}
		m := c.Meetings[len(c.Meetings)-1]
		data := map[string]any{"meeting": m.Number, "decision": string(m.Decision), "against_majority": m.Against}
		return record{text: m.Reason, data: data}, storeDecision(ctx, tx, c.ID, m, d.Now())
	})
}

// Enter puts down a ballot that a member gave on paper or in a meeting. It
// counts once a second person has compared it with the original.
func (d *Desk) Enter(ctx context.Context, actor accounts.Account, review int64, login string, b Ballot, paper int64) (entry int64, err error) {
	d = d.still()
	_, err = d.act(ctx, actor, review, Enter, func(tx pgx.Tx, c *Case) (record, error) {
		if !office(actor) {
			return record{}, notYours
		}
		account, err := accountOf(ctx, tx, login)
		if err != nil {
			return record{}, err
		}
		if paper == 0 {
			return record{}, paperNeeded
		}
		b := b
		b.Account, b.Reason, b.Text = account, clean(b.Reason), clean(b.Text)
		trial := *c // what could not be cast is not entered
		trial.Ballots, trial.Opinions = slices.Clone(c.Ballots), slices.Clone(c.Opinions)
		if _, err := trial.vote(b); err != nil {
			return record{}, err
		}
		body, err := json.Marshal(b)
		if err != nil {
			return record{}, fmt.Errorf("encode ballot: %w", err)
		}
		err = tx.QueryRow(ctx, `insert into entry (review_id, account_id, body, paper_id, entered_by, at) values ($1, $2, $3, $4, $5, $6) returning id`,
			c.ID, account, body, paper, actor.ID, d.Now()).Scan(&entry)
		if err != nil {
			return record{}, fmt.Errorf("store entry: %w", err)
		}
		return record{data: map[string]any{"entry": entry, "account": account, "paper": paper}}, nil
	})
	return entry, err
}

// Confirm casts a ballot that the office entered: by the member, or by somebody
// of the office other than who entered it.
func (d *Desk) Confirm(ctx context.Context, actor accounts.Account, review, entry int64) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Vote, func(tx pgx.Tx, c *Case) (record, error) {
		b, by, err := openEntry(ctx, tx, c.ID, entry)
		if err != nil {
			return record{}, err
		}
		switch {
		case c.same(by, actor.ID):
			return record{}, ownEntry
		case b.Account != actor.ID && !office(actor):
			return record{}, notYours
		}
		if err := c.clear(actor.ID); err != nil {
			return record{}, err
		}
		if _, err := tx.Exec(ctx, `update entry set confirmed_by = $2, confirmed_at = $3 where id = $1`, entry, actor.ID, d.Now()); err != nil {
			return record{}, fmt.Errorf("confirm entry: %w", err)
		}
		b.Entry = entry
		return d.cast(ctx, tx, c, b)
	})
}

func openEntry(ctx context.Context, tx pgx.Tx, review, entry int64) (b Ballot, by int64, err error) {
	var body []byte
	err = tx.QueryRow(ctx, `select body, entered_by from entry where id = $1 and review_id = $2 and confirmed_by is null`, entry, review).Scan(&body, &by)
	if errors.Is(err, pgx.ErrNoRows) {
		return b, 0, noEntry
	}
	if err == nil {
		err = json.Unmarshal(body, &b)
	}
	if err != nil {
		return b, 0, fmt.Errorf("read entry %d: %w", entry, err)
	}
	return b, by, nil
}

// Paper reads an attached original.
func (d *Desk) Paper(ctx context.Context, actor accounts.Account, id int64) (name, media string, bytes []byte, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `select name, media, bytes from paper where id = $1`, id).Scan(&name, &media, &bytes)
		if errors.Is(err, pgx.ErrNoRows) {
			return noPaper
		}
		return err
	})
	return name, media, bytes, err
}
