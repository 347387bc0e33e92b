package experts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"advisor/accounts"
	"advisor/advice"
	"advisor/corpus"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// candidate is an expert of the review's committee, and what speaks for or
// against seating him here.
type candidate struct {
	Seat
	login, name  string
	organisation string
	load, most   int
	fits         int
	fields       []string // which of his fields the matter touches
	barred       string   // why the solver passes him over; the office may still name him
	shut         bool     // and may not: not in service, or without the right to know
}

// choose takes the named candidates, or fills the panel up from all of them.
func (c *Case) choose(candidates []candidate, logins []string) ([]Seat, error) {
	if c.Policy.Draw && (len(logins) > 0 || !c.Drawn) {
		return nil, drawFirst
	}
	if len(logins) > 0 {
		return c.named(candidates, logins)
	}
	if len(c.seated()) > 0 && len(c.Policy.unmet(c.seated(), c.Department)) == 0 {
		return nil, nil // the panel stands; this resumes what was stalled
	}
	picks := c.picks(candidates)
	seats, ok := solve(c.Policy, c.Department, c.seated(), picks)
	if !ok {
		return nil, panelUnmet.because(fmt.Sprintf("名册上现有 %d 位可请的专家，组不成符合规则的专家组（%d 人，%s，本部门不超过 %d%%）；不能满足的是：%s",
			len(picks), c.Policy.Panel, map[bool]string{true: "单数", false: "单双数不限"}[c.Policy.Odd], c.Policy.Share,
			sentence(obstacles(c.Policy, c.Department, c.seated(), picks))))
	}
	return seats, nil
}

func (c *Case) named(candidates []candidate, logins []string) (seats []Seat, err error) {
	for _, login := range logins {
		i := slices.IndexFunc(candidates, func(k candidate) bool { return k.login == login && !k.shut })
		if i < 0 {
			return nil, notExpert.Because(fmt.Errorf("%s", login))
		}
		if c.same(candidates[i].Account, c.Asker) {
			return nil, askerOnPanel
		}
		seats = append(seats, candidates[i].Seat)
	}
	return seats, nil
}

// picks are those who can still be seated, with what each costs: nobody's load
// grows while another who knows the matter as well has less to do, and knowing
// the matter outweighs a few reviews in hand.
func (c *Case) picks(candidates []candidate) (picks []pick) {
	for _, k := range candidates {
		if k.barred == "" && !c.same(k.Account, c.Asker) && !c.holds(k.Account) {
			cost := k.load*k.load + 4*max(0, 3-k.fits)
			if c.Drawn {
				cost = 0 // the lot decides, and nothing else
			}
			picks = append(picks, pick{k.Seat, cost})
		}
	}
	return picks
}

// free are the candidates who can still be seated, those first who know the matter.
func (c *Case) free(candidates []candidate) []Seat { return seatsOfPicks(c.picks(candidates)) }

// candidates are the experts who could sit, those first whose domains the
// question touches, then those with the fewest reviews in hand.
func (d *Desk) candidates(ctx context.Context, tx pgx.Tx, c *Case) ([]candidate, error) {
	today := corpus.Today(d.Now())
	rows, err := tx.Query(ctx, `select e.account_id, a.login, a.name, coalesce(nullif(e.organisation, ''), a.organisation), a.department, e.domains, e.dissent, e.max_load,
		  (select count(*) from panel_member m join review r on r.id = m.review_id
		   where m.account_id = e.account_id and m.conflict <> 'declared' and not m.lapsed and m.delegated_to is null
		     and r.state in ('routed', 'round1', 'deliberating', 'round2', 'stalled')),
		  case when not (e.active and a.active) then '已不在册'
		       when not exists (select from account_role o where o.account_id = a.id and o.role = 'expert') then '没有专家岗位'
		       when $1 <> 'public' and not exists (select from account_scope s where s.account_id = a.id and s.scope = $1)
		         and not exists (select from account_role o where o.account_id = a.id and o.role = 'admin') then '无权知悉这件材料'
		       when $2 <> 0 and exists (select from expert_committee k where k.account_id = e.account_id)
		         and not exists (select from expert_committee k where k.account_id = e.account_id and k.committee_id = $2) then '不属于这个委员会'
		       when e.term_from > $3::date or e.term_until < $3::date then '不在任期内'
		       else '' end
		from expert e join account a on a.id = e.account_id order by e.account_id`, c.Scope, c.Committee, string(today))
	if err != nil {
		return nil, fmt.Errorf("list candidates: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k candidate, err error) {
		err = row.Scan(&k.Account, &k.login, &k.name, &k.organisation, &k.Department, &k.Domains, &k.Dissent, &k.most, &k.load, &k.barred)
		k.shut = k.barred != ""
		if k.barred == "" && k.most > 0 && k.load >= k.most {
			k.barred = fmt.Sprintf("手上已有 %d 件，达到其承担上限", k.load)
		}
		return k, err
	})
	if err != nil {
		return nil, fmt.Errorf("list candidates: %w", err)
	}
	m, err := matterOf(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	interests, err := interestsOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	for i := range list {
		k := &list[i]
		for _, domain := range k.Domains {
			if _, touched := m.domains[domain]; touched || domain != "" && strings.Contains(m.text, domain) {
				k.fields = append(k.fields, domain)
			}
		}
		k.fits = len(k.fields)
		if k.barred == "" {
			k.barred = m.bars(interests[k.Account], today)
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.fits, a.fits), cmp.Compare(a.load, b.load))
	})
	if c.Policy.Draw {
		return c.byLot(ctx, tx, list)
	}
	return list, nil
}

// matter is what a review is about, as far as routing needs to know.
type matter struct {
	text         string
	department   string
	organisation string
	asker        int64
	domains      map[string]string // each with what brought it up
}

// matterOf reads it. A member who routes by recusing can no longer read the
// draft: then the order is by load.
func matterOf(ctx context.Context, tx pgx.Tx, c *Case) (matter, error) {
	m := matter{asker: c.Asker, department: c.Department, domains: map[string]string{}}
	if err := tx.QueryRow(ctx, `select organisation from account where id = $1`, c.Asker).Scan(&m.organisation); err != nil {
		return m, fmt.Errorf("read the asker: %w", err)
	}
	r, err := advice.LoadRevision(ctx, tx, c.DraftID, c.Revision)
	var p *problem.Problem
	if errors.As(err, &p) && p.Kind == problem.NotFound {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	m.text = r.Body.Text()
	var laws []string
	for _, claim := range r.Body.Claims {
		for _, cite := range claim.Citations {
			laws = append(laws, cite.Title)
		}
	}
	rows, err := tx.Query(ctx, `select kind, pattern, domain from routing_rule order by kind, pattern, domain`)
	if err != nil {
		return m, fmt.Errorf("read routing rules: %w", err)
	}
	var kind, pattern, domain string
	_, err = pgx.ForEachRow(rows, []any{&kind, &pattern, &domain}, func() error {
		if m.touches(kind, pattern, laws) {
			m.domains[domain] = pattern
		}
		return nil
	})
	return m, err
}

// touches says whether a routing rule applies.
func (m matter) touches(kind, pattern string, laws []string) bool {
	switch kind {
	case "law":
		return slices.ContainsFunc(laws, func(title string) bool { return strings.Contains(title, pattern) })
	case "department":
		return m.department == pattern || strings.Contains(m.text, pattern)
	}
	return strings.Contains(m.text, pattern)
}

// Interest is something that may bar an expert from a matter.
type Interest struct {
	ID      int64       `json:"interest_id,string"`
	Expert  string      `json:"expert"`
	Kind    string      `json:"kind"`
	About   string      `json:"about,omitempty"`
	With    string      `json:"with,omitempty"` // a login
	What    string      `json:"what"`
	Since   corpus.Date `json:"since,omitempty"`
	Until   corpus.Date `json:"until,omitempty"`
	account int64
	with    int64
}

// windows are the years that an interest outlasts its end: one for an employer,
// four for common work, for life for kin (the rule of an open journal, quoted in
// reference/REVIEW.md §1; the statute gives no figure).
var windows = map[string]int{"employer": 1, "project": 4, "cowork": 4, "other": 0}

// bars gives the first interest that stands against the matter, in words.
func (m matter) bars(interests []Interest, today corpus.Date) string {
	for _, i := range interests {
		if i.expired(today) {
			continue
		}
		about := i.About != "" && (strings.Contains(m.text, i.About) || i.About == m.department || i.About == m.organisation)
		if about || i.with != 0 && i.with == m.asker {
			return "已知利益关系：" + InterestWord(i.Kind)
		}
	}
	return ""
}

func (i Interest) expired(today corpus.Date) bool {
	years, ends := windows[i.Kind]
	if i.Until == "" || !ends {
		return false
	}
	until, err := time.Parse(time.DateOnly, string(i.Until))
	return err == nil && until.AddDate(years, 0, 0).Format(time.DateOnly) < string(today)
}

var interestWords = map[string]string{"employer": "任职单位", "project": "参与项目", "kin": "亲属", "cowork": "共事", "other": "其他"}

// InterestWord is an interest's kind as people read it.
func InterestWord(kind string) string { return interestWords[kind] }

func interestsOf(ctx context.Context, tx pgx.Tx) (map[int64][]Interest, error) {
	rows, err := tx.Query(ctx, `select account_id, kind, about, coalesce(with_account, 0), coalesce(since::text, ''), coalesce(until::text, '') from known_interests() order by account_id`)
	if err != nil {
		return nil, fmt.Errorf("read interests: %w", err)
	}
	known := map[int64][]Interest{}
	var i Interest
	_, err = pgx.ForEachRow(rows, []any{&i.account, &i.Kind, &i.About, &i.with, &i.Since, &i.Until}, func() error {
		known[i.account] = append(known[i.account], i)
		return nil
	})
	return known, err
}

// Proposal is the panel that the policy, fields and load suggest, with reasons,
// or what stands in its way.
type Proposal struct {
	Seats  []Proposed        `json:"seats"`
	Barred []Proposed        `json:"barred"`
	Unmet  []string          `json:"unmet"`
	Fields map[string]string `json:"fields"` // domains that routing rules brought up, with what did
}

// Proposed is one expert and why.
type Proposed struct {
	Expert string `json:"expert"`
	Name   string `json:"name"`
	Why    string `json:"why"`
}

// Propose says whom the solver would seat, and why, and changes nothing.
func (d *Desk) Propose(ctx context.Context, actor accounts.Account, review int64) (p Proposal, err error) {
	if !office(actor) {
		return p, notYours
	}
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		c, err := loadCase(ctx, tx, review, "")
		if err != nil {
			return err
		}
		candidates, err := d.candidates(ctx, tx, c)
		if err != nil {
			return err
		}
		m, err := matterOf(ctx, tx, c)
		if err != nil {
			return err
		}
		p = c.propose(candidates)
		p.Fields = m.domains
		return nil
	})
	return p, err
}

func (c *Case) propose(candidates []candidate) Proposal {
	p := Proposal{Seats: []Proposed{}, Barred: []Proposed{}, Unmet: []string{}}
	picks := c.picks(candidates)
	seats, ok := solve(c.Policy, c.Department, c.seated(), picks)
	if !ok {
		p.Unmet = obstacles(c.Policy, c.Department, c.seated(), picks)
	}
	for _, k := range candidates {
		switch {
		case slices.ContainsFunc(seats, func(s Seat) bool { return s.Account == k.Account }):
			p.Seats = append(p.Seats, Proposed{k.login, k.name, k.why(c)})
		case k.barred != "":
			p.Barred = append(p.Barred, Proposed{k.login, k.name, k.barred})
		}
	}
	return p
}

// why says in words what speaks for a candidate.
func (k candidate) why(c *Case) string {
	var why []string
	if k.fits > 0 {
		why = append(why, "熟悉"+strings.Join(k.fields, "、"))
	}
	if k.Dissent && c.Policy.Dissent {
		why = append(why, "持不同意见")
	}
	if c.Department != "" && k.Department == c.Department {
		why = append(why, "来自提问部门")
	}
	return strings.Join(append(why, fmt.Sprintf("手上 %d 件", k.load)), "，")
}
