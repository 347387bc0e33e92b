package experts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"advisor/accounts"

	"github.com/jackc/pgx/v5"
)

// Tiding is one sentence for one person about what happened to a review.
type Tiding struct {
	Account, Review, Application int64
	Kind, Text, Link             string
	Urgent                       bool // it is the reader's turn, or the law changed
	At                           time.Time
}

// happened is a line of a review's history as tidings are made from it.
type happened struct {
	review, draft, asker, author int64
	application, appliedBy       int64
	scope, title                 string
	event                        Event
	from, to                     State
	round, revision              int
	actor                        int64
	text                         string
	data                         map[string]any
	at                           time.Time
	members                      []int64 // seated and not recused
	pending                      []int64 // of them, those who have not declared
	unvoted                      []int64 // of them, those whose ballot on the present text is outstanding
	office, deciders, legal      []int64
}

// Tidings says whom to tell what of the event with this leaf. Nobody is told
// anything about a ballot or an opinion, not even that there is one: what is
// sealed stays sealed here too, and what nobody hears cannot be timed. tx acts
// as worker; who may not see the review's scope is told nothing of it.
func (d *Desk) Tidings(ctx context.Context, tx pgx.Tx, seq int64) ([]Tiding, error) {
	h, err := loadHappened(ctx, tx, seq)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what happened at leaf %d: %w", seq, err)
	}
	return h.tidings(), nil
}

func loadHappened(ctx context.Context, tx pgx.Tx, seq int64) (h happened, err error) {
	err = tx.QueryRow(ctx, `select r.id, r.draft_id, r.asker, r.author, coalesce(p.id, 0), coalesce(p.applied_by, 0), r.scope,
		  case when r.scope = 'public' then coalesce(v.body::jsonb ->> 'question', '') else '' end,
		  e.event, e.from_state, e.to_state, e.round, r.revision, coalesce(e.actor, 0), e.text, e.data, e.at
		from review_event e join review r on r.id = e.review_id left join application p on p.review_id = r.id
		left join revision v on v.draft_id = r.draft_id and v.number = r.revision where e.leaf_seq = $1`, seq).
		Scan(&h.review, &h.draft, &h.asker, &h.author, &h.application, &h.appliedBy, &h.scope, &h.title, &h.event, &h.from, &h.to, &h.round, &h.revision,
			&h.actor, &h.text, &h.data, &h.at)
	if err != nil {
		return h, err
	}
	seats, err := seatsOf(ctx, tx, h.review)
	if err != nil {
		return h, err
	}
	for _, s := range seats {
		if s.Conflict != Conflicted {
			h.members = append(h.members, s.Account)
		}
		if s.Conflict == Undeclared {
			h.pending = append(h.pending, s.Account)
		}
	}
	if h.unvoted, err = unvoted(ctx, tx, h.review); err != nil {
		return h, err
	}
	if h.office, err = holders(ctx, tx, h.scope, accounts.Secretary, accounts.Chair); err != nil {
		return h, err
	}
	if h.legal, err = holders(ctx, tx, h.scope, "legal"); err != nil {
		return h, err
	}
	recused := func(a int64) bool {
		return slices.ContainsFunc(seats, func(s Seat) bool { return s.Account == a && s.Conflict == Conflicted })
	}
	h.deciders, err = holders(ctx, tx, h.scope, accounts.Decider)
	h.deciders = slices.DeleteFunc(h.deciders, recused)
	return h, err
}

// unvoted are the members whose ballot on the present text is outstanding.
func unvoted(ctx context.Context, tx pgx.Tx, review int64) ([]int64, error) {
	rows, err := tx.Query(ctx, `select m.account_id from panel_member m join review r on r.id = m.review_id
		where r.id = $1 and m.conflict = 'none' and m.delegated_to is null and not m.lapsed and (r.machine or m.account_id <> r.author) and not m.account_id = any (r.editors)
		  and not exists (select from ballot b where b.review_id = r.id and b.account_id = m.account_id and b.round = r.round and b.hash = r.hash and b.claim is null)
		order by m.account_id`, review)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// holders are the active accounts that hold one of the roles and may see the scope.
func holders(ctx context.Context, tx pgx.Tx, scope string, roles ...string) ([]int64, error) {
	rows, err := tx.Query(ctx, `select distinct a.id from account a join account_role r on r.account_id = a.id and r.role = any($2)
		where a.active and ($1 = 'public' or exists (select from account_scope s where s.account_id = a.id and s.scope = $1)
		  or exists (select from account_role x where x.account_id = a.id and x.role = 'admin')) order by a.id`, scope, roles)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// tell collects tidings, one a person: the first sentence said to somebody stands.
type tell struct {
	h    happened
	list []Tiding
}

func (t *tell) say(kind string, urgent bool, text string, to ...int64) {
	for _, account := range to {
		if account == 0 || account == t.h.actor || slices.ContainsFunc(t.list, func(o Tiding) bool { return o.Account == account }) {
			continue
		}
		link := fmt.Sprintf("/reviews/%d", t.h.review)
		if kind == "application.stale" || kind == "application.changed" {
			link = fmt.Sprintf("/ledger/%d", t.h.application)
		}
		t.list = append(t.list, Tiding{Account: account, Review: t.h.review, Application: t.h.application, Kind: kind, Text: text, Link: link, Urgent: urgent, At: t.h.at})
	}
}

func (h happened) tidings() []Tiding {
	t := &tell{h: h}
	what := fmt.Sprintf("审议 #%d", h.review)
	if h.title != "" {
		what += "“" + clipTitle(h.title) + "”"
	}
	others := slices.DeleteFunc(slices.Clone(h.members), func(a int64) bool { return slices.Contains(h.pending, a) })
	t.say("review.turn", true, what+"：请您办理。", ids(h.data["turn"])...)
	switch h.event {
	case Submit:
		t.say("review.turn", true, what+"已提交，请组成专家组。", h.office...)
		t.say("review.progress", false, what+"已提交审议，等待组成专家组。", h.asker)
	case Route:
		t.say("review.turn", true, what+"请您参加，请先申报有无利益冲突。", ids(h.data["seats"])...)
		t.say("review.progress", false, what+"的专家组已组成，正在申报利益冲突。", h.asker)
	case Declare:
		t.say("review.turn", true, what+"请您替补参加，请先申报有无利益冲突。", ids(h.data["substitutes"])...)
		if h.data["conflict"] == string(Conflicted) {
			t.say("review.changed", h.to == Stalled, what+"有专家申报利益冲突并回避。", h.office...)
		}
	case Vote:
		if h.to == Deliberating && h.from != Deliberating {
			t.say("review.turn", true, what+"的票已到齐，请主持讨论或结束本轮。", h.office...)
			t.say("review.changed", false, what+"的票已到齐，意见和票数现已公开。", others...)
		}
	case Edit:
		if h.data["change"] != "format" {
			t.say("review.turn", true, fmt.Sprintf("%s有新的一稿（第 %d 稿），请重新表决。", what, h.revision), others...)
			t.say("review.progress", false, fmt.Sprintf("%s由专家修改为第 %d 稿，正在重新表决。", what, h.revision), h.asker)
		}
	case Close:
		if h.to == Approved || h.to == ApprovedEdited {
			t.say("review.turn", true, what+"已审议通过，可以采纳落实。", h.deciders...)
		}
		t.say("review.progress", true, what+"："+Word(h.to)+"。", h.asker)
		t.say("review.changed", false, what+"："+Word(h.to)+"。", h.members...)
	case Return, Reject, Withdraw:
		t.say("review.ended", true, what+Word(h.to)+"。", h.asker)
		t.say("review.ended", false, what+Word(h.to)+"，不必再办理。", slices.Concat(h.members, h.office)...)
	case Apply:
		t.say("application.changed", false, fmt.Sprintf("%s已采纳落实，登记为台账第 %d 号。", what, h.application), slices.Concat([]int64{h.asker}, h.members, h.office)...)
	case Suspend, Retire, Resume, Supersede:
		t.say("application.changed", true, fmt.Sprintf("台账第 %d 号：%s。", h.application, ActWord(h.event)), slices.Concat([]int64{h.asker, h.appliedBy}, h.members, h.office)...)
	case Remind:
		due := "即将到期"
		switch h.to {
		case Routed, Stalled:
			t.say("review.turn", true, what+due+"，请尽快申报有无利益冲突。", h.pending...)
		case Round1, Round2:
			t.say("review.turn", true, what+due+"，请尽快表决。", h.unvoted...)
		}
		t.say("review.changed", false, what+due+"。", h.office...)
	case Escalate:
		t.say("review.turn", true, what+"已超过办理期限，请处理。", h.office...)
	case Substitute:
		t.say("review.turn", true, what+"请您替补参加，请先申报有无利益冲突。", ids(h.data["substitutes"])...)
		t.say("review.ended", false, what+"您没有在期限内申报，已由他人替补。", ids(h.data["lapsed"])...)
		t.say("review.changed", false, what+"有专家逾期未申报，已由他人替补。", h.office...)
	case Again:
		t.say("review.turn", true, what+"意见分歧，请对同一文本再次表决。", others...)
	case Refer:
		t.say("review.turn", true, what+"请作合法性审查。", h.legal...)
		t.say("review.progress", false, what+"已送合法性审查。", h.asker)
	case Meet:
		t.say("review.turn", true, what+"的会议记录已登记，请作出决定。", h.deciders...)
	case Decide:
		if h.to == Decided {
			t.say("review.turn", true, what+"已决定通过，可以采纳落实。", h.deciders...)
		}
		t.say("review.progress", true, what+"："+Word(h.to)+"。", h.asker)
		t.say("review.changed", false, what+"："+Word(h.to)+"。", slices.Concat(h.office, h.members)...)
	case Delegate:
		t.say("review.turn", true, what+"请您受托参加，请先申报有无利益冲突。", ids([]any{h.data["delegate"]})...)
	case Flag:
		t.say("application.stale", true, h.lapseWords(), slices.Concat([]int64{h.asker, h.appliedBy}, h.members, h.office, h.deciders)...)
	default:
		if h.to != h.from {
			t.say("review.changed", h.to == Stalled, what+"："+Word(h.to)+"。", slices.Concat(h.office, []int64{h.asker})...)
		}
	}
	return t.list
}

func (h happened) lapseWords() string {
	day, _ := h.data["lapses_on"].(string)
	if h.to == Applied && day != "" {
		return fmt.Sprintf("台账第 %d 号所依据的文件将自 %s 起失效或被取代，请在此之前重新审议。", h.application, day)
	}
	return fmt.Sprintf("台账第 %d 号所依据的文件已被修改、废止或取代，须重新审议；在此之前请勿再据以办理新的事项。", h.application)
}

// ids reads account ids from an event's data.
func ids(v any) (list []int64) {
	all, _ := v.([]any)
	for _, x := range all {
		if f, ok := x.(float64); ok {
			list = append(list, int64(f))
		}
	}
	return list
}

func clipTitle(s string) string {
	const most = 30
	r := []rune(s)
	if len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
