package experts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"advisor/accounts"
	"advisor/audit"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// AddInterest keeps something that may bar an expert from a matter. Experts add
// their own; the office adds anybody's.
func (d *Desk) AddInterest(ctx context.Context, actor accounts.Account, i Interest) (Interest, error) {
	i.About, i.What = clean(i.About), clean(i.What)
	if interestWords[i.Kind] == "" || i.What == "" || i.About == "" && i.With == "" || !validDay(i.Since) || !validDay(i.Until) {
		return i, problem.New(problem.Invalid, "bad-interest", "没有登记", "类别应是 employer、project、kin、cowork 或 other，并写明与何事（何人）有关、是什么关系", "请补充后重试")
	}
	if actor.Login != i.Expert && !staff(actor) {
		return i, notYours
	}
	err := d.logged(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		account, err := accountOf(ctx, tx, i.Expert)
		if err != nil {
			return audit.Leaf{}, noExpertLine
		}
		var with int64
		if i.With != "" {
			if with, err = accountOf(ctx, tx, i.With); err != nil {
				return audit.Leaf{}, noExpertLine
			}
		}
		err = tx.QueryRow(ctx, `insert into expert_interest (account_id, kind, about, with_account, what, since, until, added_by, at)
			values ($1, $2, $3, nullif($4, 0), $5, nullif($6, '')::date, nullif($7, '')::date, $8, $9) returning id`,
			account, i.Kind, i.About, with, i.What, string(i.Since), string(i.Until), actor.ID, d.Now()).Scan(&i.ID)
		return audit.Leaf{Kind: "committee.interest", Subject: audit.Subject("account", account), Data: map[string]any{"interest": i.ID, "kind": i.Kind}}, err
	})
	return i, err
}

// Interests are an expert's, for the office and the expert.
func (d *Desk) Interests(ctx context.Context, actor accounts.Account, login string) (list []Interest, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select i.id, a.login, i.kind, i.about, coalesce(w.login, ''), i.what, coalesce(i.since::text, ''), coalesce(i.until::text, '')
			from expert_interest i join account a on a.id = i.account_id left join account w on w.id = i.with_account
			where ($1 = '' or a.login = $1) and i.ended_at is null order by a.login, i.id`, login)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (i Interest, err error) {
			err = row.Scan(&i.ID, &i.Expert, &i.Kind, &i.About, &i.With, &i.What, &i.Since, &i.Until)
			return i, err
		})
		return err
	})
	return orEmpty(list), err
}

// Note is one line of an expert's integrity record (article 21).
type Note struct {
	Expert string    `json:"expert"`
	Kind   string    `json:"kind"`
	Text   string    `json:"text"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// NoteKinds are the kinds of notes, with their words.
var NoteKinds = []struct{ Kind, Words string }{
	{"praise", "表扬"}, {"late", "逾期"}, {"undeclared", "应申报未申报"}, {"leak", "违反保密"}, {"breach", "其他失信"}, {"exit", "退出"}, {"return", "重新聘任"},
}

// AddNote adds to an expert's integrity record, which is never rewritten.
func (d *Desk) AddNote(ctx context.Context, actor accounts.Account, n Note) error {
	if !slices.ContainsFunc(NoteKinds, func(k struct{ Kind, Words string }) bool { return k.Kind == n.Kind }) || clean(n.Text) == "" {
		return problem.New(problem.Invalid, "bad-note", "没有登记", "类别不对，或者没有写明情况", "请补充后重试")
	}
	if n.Expert == actor.Login {
		return notYours
	}
	return d.manage(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		account, err := accountOf(ctx, tx, n.Expert)
		if err != nil {
			return audit.Leaf{}, noExpertLine
		}
		_, err = tx.Exec(ctx, `insert into expert_record (account_id, kind, text, added_by, at) values ($1, $2, $3, $4, $5)`, account, n.Kind, clean(n.Text), actor.ID, d.Now())
		return audit.Leaf{Kind: "committee.note", Subject: audit.Subject("account", account), Data: map[string]any{"kind": n.Kind}}, err
	})
}

// Notes are an expert's integrity record, newest first.
func (d *Desk) Notes(ctx context.Context, actor accounts.Account, login string) (list []Note, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select a.login, n.kind, n.text, b.login, n.at from expert_record n join account a on a.id = n.account_id join account b on b.id = n.added_by
			where a.login = $1 order by n.id desc`, login)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (n Note, err error) {
			err = row.Scan(&n.Expert, &n.Kind, &n.Text, &n.By, &n.At)
			return n, err
		})
		return err
	})
	return orEmpty(list), err
}

// Invitation offers somebody a line of the roster.
type Invitation struct {
	ID       int64      `json:"invitation_id,string"`
	Login    string     `json:"account"`
	Offer    Expert     `json:"offer"`
	Note     string     `json:"note"`
	By       string     `json:"invited_by"`
	At       time.Time  `json:"at"`
	Answer   string     `json:"answer,omitempty"`
	Answered *time.Time `json:"answered_at,omitempty"`
}

// Invite asks an account to join; it is on the roster once it accepts.
func (d *Desk) Invite(ctx context.Context, actor accounts.Account, offer Expert, note string) error {
	if !slices.ContainsFunc(Kinds, func(k struct{ Kind, Words string }) bool { return k.Kind == offer.Kind }) {
		return badKind
	}
	return d.manage(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		account, err := accountOf(ctx, tx, offer.Login)
		if err != nil {
			return audit.Leaf{}, problem.New(problem.NotFound, "no-account", "没有发出邀请", "没有这个账号", "请先建立账号")
		}
		body, err := json.Marshal(offer)
		if err != nil {
			return audit.Leaf{}, fmt.Errorf("encode the offer: %w", err)
		}
		committee := int64(1)
		if len(offer.Committees) > 0 {
			committee = offer.Committees[0]
		}
		var id int64
		err = tx.QueryRow(ctx, `insert into invitation (account_id, committee_id, body, note, invited_by, at) values ($1, $2, $3, $4, $5, $6) returning id`,
			account, committee, body, clean(note), actor.ID, d.Now()).Scan(&id)
		return audit.Leaf{Kind: "committee.invited", Subject: audit.Subject("account", account), Data: map[string]any{"invitation": id}}, err
	})
}

// Invitations are those that the actor may know of, open ones first.
func (d *Desk) Invitations(ctx context.Context, actor accounts.Account) (list []Invitation, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select i.id, a.login, i.body, i.note, b.login, i.at, coalesce(i.answer, ''), i.answered_at
			from invitation i join account a on a.id = i.account_id join account b on b.id = i.invited_by order by i.answer nulls first, i.id desc limit 500`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (i Invitation, err error) {
			var body []byte
			if err = row.Scan(&i.ID, &i.Login, &body, &i.Note, &i.By, &i.At, &i.Answer, &i.Answered); err == nil {
				err = json.Unmarshal(body, &i.Offer)
			}
			return i, err
		})
		return err
	})
	return orEmpty(list), err
}

// AnswerInvitation accepts or declines the actor's open invitation.
func (d *Desk) AnswerInvitation(ctx context.Context, actor accounts.Account, accept bool) error {
	return d.logged(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		answer := map[bool]string{true: "accepted", false: "declined"}[accept]
		var id int64
		var body []byte
		err := tx.QueryRow(ctx, `update invitation set answer = $2, answered_at = $3 where account_id = $1 and answer is null returning id, body`, actor.ID, answer, d.Now()).Scan(&id, &body)
		if errors.Is(err, pgx.ErrNoRows) {
			return audit.Leaf{}, problem.New(problem.NotFound, "no-invitation", "没有受理", "没有待您答复的邀请", "请与专委会秘书处联系")
		}
		if err != nil {
			return audit.Leaf{}, fmt.Errorf("answer the invitation: %w", err)
		}
		leaf := audit.Leaf{Kind: "committee.invitation-" + answer, Subject: audit.Subject("account", actor.ID), Data: map[string]any{"invitation": id}}
		if !accept {
			return leaf, nil
		}
		if !actor.Has(accounts.Expert) {
			return leaf, problem.New(problem.Refused, "no-expert-role", "没有受理", "您的账号还没有“专家”岗位", "请管理员先加上专家岗位")
		}
		var offer Expert
		if err := json.Unmarshal(body, &offer); err != nil {
			return leaf, fmt.Errorf("read the offer: %w", err)
		}
		return leaf, offer.join(ctx, tx, actor.ID, d.Now())
	})
}

// join takes up the line that was offered. A line that is in service is not touched.
func (e Expert) join(ctx context.Context, tx pgx.Tx, account int64, now time.Time) error {
	tag, err := tx.Exec(ctx, `update expert set kind = $2, organisation = $3, domains = $4, title = $5, active = true where account_id = $1 and not active`,
		account, e.Kind, clean(e.Organisation), orEmpty(e.Domains), clean(e.Title))
	if err == nil && tag.RowsAffected() == 0 {
		_, err = tx.Exec(ctx, `insert into expert (account_id, kind, organisation, domains, title, added_at, term_from, term_until, max_load, dissent)
			values ($1, $2, $3, $4, $5, $6, nullif($7, '')::date, nullif($8, '')::date, $9, $10) on conflict do nothing`,
			account, e.Kind, clean(e.Organisation), orEmpty(e.Domains), clean(e.Title), now, string(e.From), string(e.Until), e.MaxLoad, e.Dissent)
	}
	if err == nil && len(e.Committees) > 0 {
		_, err = tx.Exec(ctx, `insert into expert_committee (committee_id, account_id) values ($1, $2) on conflict do nothing`, e.Committees[0], account)
	}
	if err != nil {
		return fmt.Errorf("join the roster: %w", err)
	}
	return nil
}

// MergeAccounts says that two accounts are one natural person's: of the two only
// one ever counts. It cannot be undone, as ballots were counted by it.
func (d *Desk) MergeAccounts(ctx context.Context, actor accounts.Account, login, into string) error {
	return d.manage(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		account, err := accountOf(ctx, tx, login)
		if err != nil {
			return audit.Leaf{}, noExpertLine
		}
		person, err := accountOf(ctx, tx, into)
		if err != nil {
			return audit.Leaf{}, noExpertLine
		}
		if account == person {
			return audit.Leaf{}, problem.New(problem.Invalid, "same-account", "没有合并", "是同一个账号", "请核对账号")
		}
		_, err = tx.Exec(ctx, `insert into person_account (account_id, person) values ($1, account_person($2))`, account, person)
		return audit.Leaf{Kind: "committee.same-person", Subject: audit.Subject("account", account), Data: map[string]any{"person": person}}, err
	})
}

// RoutingRule sends a word, a department or a cited law to a domain.
type RoutingRule struct {
	Kind    string `json:"kind"` // word, department, law
	Pattern string `json:"pattern"`
	Domain  string `json:"domain"`
}

// SetRoutingRule adds a rule or, with drop, takes it away.
func (d *Desk) SetRoutingRule(ctx context.Context, actor accounts.Account, r RoutingRule, drop bool) error {
	r.Pattern, r.Domain = clean(r.Pattern), clean(r.Domain)
	if !slices.Contains([]string{"word", "department", "law"}, r.Kind) || len([]rune(r.Pattern)) < 2 || r.Domain == "" {
		return problem.New(problem.Invalid, "bad-rule", "没有保存", "规则的类别应是 word、department 或 law，词至少两个字，并写明领域", "请修改后重试")
	}
	return d.manage(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		var err error
		if drop {
			_, err = tx.Exec(ctx, `delete from routing_rule where kind = $1 and pattern = $2 and domain = $3`, r.Kind, r.Pattern, r.Domain)
		} else {
			_, err = tx.Exec(ctx, `insert into routing_rule (kind, pattern, domain, set_by, at) values ($1, $2, $3, $4, $5) on conflict do nothing`, r.Kind, r.Pattern, r.Domain, actor.ID, d.Now())
		}
		return audit.Leaf{Kind: "committee.routing", Subject: "committee/1", Data: map[string]any{"kind": r.Kind, "pattern": r.Pattern, "domain": r.Domain, "drop": drop}}, err
	})
}

// SetCalendar puts a calendar file in force, for due dates from now on.
func (d *Desk) SetCalendar(ctx context.Context, actor accounts.Account, file string) error {
	if _, err := parseCalendar(file); err != nil {
		return err
	}
	return d.manage(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		var id int64
		err := tx.QueryRow(ctx, `insert into calendar_file (body, set_by, at) values ($1, $2, $3) returning id`, file, actor.ID, d.Now()).Scan(&id)
		return audit.Leaf{Kind: "committee.calendar", Subject: audit.Subject("calendar", id)}, err
	})
}

// logged changes something of one's own, with its leaf.
func (d *Desk) logged(ctx context.Context, actor accounts.Account, fn func(tx pgx.Tx) (audit.Leaf, error)) error {
	return d.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		leaf, err := fn(tx)
		if err != nil {
			return err
		}
		leaf.Actor = actor.ID
		_, err = audit.Append(ctx, tx, d.Now(), leaf)
		return err
	})
}
