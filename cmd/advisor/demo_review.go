package main

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"advisor/accounts"
	"advisor/experts"
	"advisor/internal/problem"
	"advisor/sample"
)

// people makes the city's scopes and accounts. Those who sign in in the story
// get a new random password at each run.
func (d *demo) people(ctx context.Context, actor accounts.Account) error {
	store := d.e.accounts
	if need, err := store.NeedsSetup(ctx); err != nil {
		return err
	} else if need {
		i := slices.IndexFunc(d.office.Accounts, func(a sample.Account) bool { return slices.Contains(a.Roles, "admin") })
		a := d.office.Accounts[i]
		if _, err := store.First(ctx, accounts.Office{Name: d.office.Name, Short: d.office.Short},
			accounts.NewAccount{Login: a.Login, Name: a.Name, Department: a.Department, Organisation: a.Organisation,
				Password: accounts.Generate(), Roles: a.Roles}); err != nil {
			return err
		}
	}
	if err := d.scopes(ctx, actor); err != nil {
		return err
	}
	for _, a := range d.office.Accounts {
		if err := d.person(ctx, actor, a); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) scopes(ctx context.Context, actor accounts.Account) error {
	have, err := d.e.accounts.Scopes(ctx, actor)
	if err != nil {
		return err
	}
	for _, s := range d.office.Scopes {
		if slices.ContainsFunc(have, func(h accounts.Scope) bool { return h.Name == s.Name }) {
			continue
		}
		if err := d.e.accounts.AddScope(ctx, actor, accounts.Scope{Name: s.Name, Label: s.Label, SendToModel: s.SendToModel}); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) person(ctx context.Context, actor accounts.Account, a sample.Account) error {
	store := d.e.accounts
	account, err := store.ByLogin(ctx, a.Login)
	var p *problem.Problem
	if errors.As(err, &p) && p.Kind == problem.NotFound {
		account, err = store.Create(ctx, actor, accounts.NewAccount{Login: a.Login, Name: a.Name, Department: a.Department,
			Organisation: a.Organisation, Roles: a.Roles, Scopes: a.Scopes})
	}
	if err != nil || !a.First {
		return err
	}
	given, err := store.ResetPassword(ctx, actor, a.Login)
	if err != nil {
		return err
	}
	// Changed at once, as its owner would at the first sign-in, so that the
	// printed one works without a further step.
	own := accounts.Generate()
	d.passwords[a.Login] = own
	return store.SetPassword(ctx, account, given, own, "demo")
}

func (d *demo) committee(ctx context.Context, actor accounts.Account) error {
	if err := d.e.desk.SetCommittee(ctx, actor, experts.Committee{Name: d.office.Short + "专家顾问委员会", Tier: 1}); err != nil {
		return err
	}
	for _, m := range d.office.Committee {
		a, err := d.e.accounts.ByLogin(ctx, m.Login)
		if err != nil {
			return err
		}
		if _, err := d.e.desk.AddExpert(ctx, actor, experts.Expert{Login: m.Login, Kind: m.Kind, Organisation: a.Organisation,
			Title: m.Title, Domains: m.Domains, Active: true}); err != nil {
			return err
		}
	}
	return nil
}

// submit sends the first answer to the committee: the asker submits, the
// secretary names the panel, each member declares before the material opens.
func (d *demo) submit(ctx context.Context) error {
	d.title("送审：提交、组成专家组、逐人申报利益冲突")
	asker, err := d.as(ctx, "wangmin")
	if err != nil {
		return err
	}
	if d.review, err = d.e.desk.Submit(ctx, asker, d.answers[0].DraftID); err != nil {
		return err
	}
	id := d.review.ReviewID
	secretary, err := d.role(ctx, accounts.Secretary)
	if err != nil {
		return err
	}
	if d.review, err = d.e.desk.Route(ctx, secretary, id, demoPanel); err != nil {
		return err
	}
	// Declaring a conflict draws a substitute in, who then declares too.
	for {
		i := slices.IndexFunc(d.review.Panel, func(m experts.Member) bool { return m.Conflict == experts.Undeclared })
		if i < 0 {
			break
		}
		if err := d.declare(ctx, d.review.Panel[i].Expert); err != nil {
			return err
		}
	}
	d.say("   审议第 %d 件：%s", id, experts.Word(d.review.State))
	return nil
}

// declare answers for one member: with the interest the sample gives the author
// of the prefecture's rule, which the draft cites, and with none for the others.
func (d *demo) declare(ctx context.Context, login string) error {
	expert, err := d.as(ctx, login)
	if err != nil {
		return err
	}
	conflict, said := "none", "无利益冲突"
	if login == recused {
		i := slices.IndexFunc(d.office.Committee, func(m sample.Expert) bool { return m.Login == login })
		conflict = d.office.Committee[i].Interests[0].What
		said = conflict + "——回避，另行补选"
	}
	if d.review, err = d.e.desk.Declare(ctx, expert, d.review.ReviewID, conflict); err != nil {
		return err
	}
	d.say("   %s 申报：%s", expert.Name, said)
	return nil
}

// demoPanel has two from above, a neighbouring county, a lawyer and a
// department; the second of them wrote a rule that the draft cites.
var demoPanel = []string{"liangqiwen", recused, "songhaibo", "qinzheng", "dongping"}

const recused = "zhengguodong"

// deliberate votes, edits once, shows that the old text can no longer be voted
// on, votes again and closes.
func (d *demo) deliberate(ctx context.Context) error {
	d.title("表决：一名专家修改，旧票随之失效，就新稿再表决")
	desk, id := d.e.desk, d.review.ReviewID
	if err := d.vote(ctx, d.review.Hash, "liangqiwen"); err != nil {
		return err
	}
	editor, err := d.as(ctx, "qinzheng")
	if err != nil {
		return err
	}
	v, err := desk.Show(ctx, editor, id)
	if err != nil {
		return err
	}
	body, old := *v.Draft, v.Hash
	body.Procedure = append(slices.Clone(body.Procedure), "答复应当以书面或者共享平台办件形式作出，并留存办理记录。")
	if d.review, err = desk.Edit(ctx, editor, id, old, body, "补充答复形式，便于事后核查"); err != nil {
		return err
	}
	d.say("   %s 修改为修订稿 %d：%s", editor.Name, d.review.Revision, d.review.Hash)
	if err := d.vote(ctx, old, "songhaibo"); err == nil {
		return problem.New(problem.Failed, "demo-stale", "旧稿仍被接受表决", "应当拒绝而没有拒绝", "请报告此问题")
	} else {
		d.say("   就旧稿表决被拒绝：%s", problem.As(err).Why)
	}
	for _, m := range d.review.Panel {
		if m.Expert == editor.Login || m.Conflict != experts.None {
			continue
		}
		if err := d.vote(ctx, d.review.Hash, m.Expert); err != nil {
			return err
		}
	}
	chair, err := d.as(ctx, "xuguangyuan")
	if err != nil {
		return err
	}
	if d.review, err = desk.Show(ctx, chair, id); err != nil {
		return err
	}
	if d.review.May(experts.Close) {
		if d.review, err = desk.Close(ctx, chair, id); err != nil {
			return err
		}
	}
	d.say("   审议第 %d 件：%s", id, experts.Word(d.review.State))
	return nil
}

func (d *demo) vote(ctx context.Context, hash, login string) error {
	expert, err := d.as(ctx, login)
	if err != nil {
		return err
	}
	v, err := d.e.desk.Vote(ctx, expert, d.review.ReviewID, experts.Ballot{Hash: hash, Score: 1})
	if err == nil {
		d.review = v
		d.say("   %s 表决：赞成（+1）", expert.Name)
	}
	return err
}

// apply puts the approved text into effect, once, and gives out its receipt.
func (d *demo) apply(ctx context.Context) error {
	d.title("采纳落实：只对通过审议的那一稿，只此一次，出具回执")
	decider, err := d.role(ctx, accounts.Decider)
	if err != nil {
		return err
	}
	a, err := d.e.desk.Apply(ctx, decider, d.review.ReviewID, d.review.Hash)
	if err != nil {
		return err
	}
	if err := d.e.workOff(ctx); err != nil {
		return err
	}
	file := filepath.Join(d.e.cfg.Home, "receipt.json")
	if err := d.e.receipt(ctx, a.ID, file); err != nil {
		return err
	}
	a.Receipt = file
	d.result.ReviewID, d.result.Hash, d.result.Application, d.result.Receipt = d.review.ReviewID, d.review.Hash, a, file
	d.say("   采纳落实 %d：%s，%s；回执 %s", a.ID, decider.Name, when(a.AppliedAt), file)
	if _, err := d.e.desk.Apply(ctx, decider, d.review.ReviewID, d.review.Hash); err == nil {
		return problem.New(problem.Failed, "demo-twice", "同一件被采纳了两次", "应当拒绝而没有拒绝", "请报告此问题")
	} else {
		d.say("   再次采纳被拒绝：%s", problem.As(err).Why)
	}
	return nil
}

func (d *demo) as(ctx context.Context, login string) (accounts.Account, error) {
	return d.e.accounts.ByLogin(ctx, login)
}

// role finds the first account of the sample that has a role.
func (d *demo) role(ctx context.Context, role string) (accounts.Account, error) {
	i := slices.IndexFunc(d.office.Accounts, func(a sample.Account) bool { return slices.Contains(a.Roles, role) })
	return d.as(ctx, d.office.Accounts[i].Login)
}
