package experts_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"advisor/accounts"
	"advisor/experts"
	"advisor/internal/problem"
	"advisor/internal/torture"
)

var stored = flag.Int("histories", 0, "random histories against PostgreSQL; 0: 2,000 in make torture, 20 otherwise")

// TestTortureRandomHistoriesOnTheDatabase lets four people at a time do random things
// to one review after another, and then asks the tables, in SQL of its own,
// whether a rule was broken, and the log whether it still tells the same story.
func TestTortureRandomHistoriesOnTheDatabase(t *testing.T) {
	histories, violations := 20, 0
	if torture.Full() {
		histories = 2_000
	}
	if *stored > 0 {
		histories = *stored
	}
	torture.Report(t, "I1-I23 db", &histories, &violations)
	d := newDesk(t)
	reached := map[experts.State]int{}
	for h := range histories {
		v, err := d.Submit(t.Context(), d.asker, d.draft(body(fmt.Sprintf("第 %d 个问题", h)), "drafted"))
		if err != nil {
			t.Fatal(err)
		}
		if h%4 != 0 { // most begin where it gets interesting
			v = d.ok(d.Route(t.Context(), d.secretary, v.ReviewID, nil))
			for _, e := range d.members {
				_, _ = d.Declare(t.Context(), e, v.ReviewID, "none")
			}
		}
		var wg sync.WaitGroup
		for hand := range 4 {
			random := rand.New(rand.NewPCG(uint64(h), uint64(hand)))
			wg.Go(func() {
				for range 14 {
					var p *problem.Problem
					if err := d.anything(random, v.ReviewID); err != nil && !errors.As(err, &p) {
						t.Errorf("history %d: an error without words: %v", h, err)
					}
				}
			})
		}
		wg.Wait()
		v = d.ok(d.Show(t.Context(), d.secretary, v.ReviewID))
		reached[v.State]++
	}
	t.Logf("ended in %v", reached)
	for rule, sql := range broken {
		if n := d.count(`select count(*) from (` + sql + `) x`); n != 0 {
			violations += n
			t.Errorf("%s: %d times", rule, n)
		}
	}
	if r := d.verify(); !r.OK {
		t.Errorf("want log and tables to agree, got %+v", r.Problems)
	}
}

// anything does one random thing as one random person, most often what would come next.
func (d *desk) anything(random *rand.Rand, review int64) error {
	ctx := d.t.Context()
	who := d.members[random.IntN(5)]
	v, err := d.Show(ctx, who, review)
	if err != nil {
		return err
	}
	hash := v.Hash
	if random.IntN(8) == 0 {
		hash = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	}
	switch random.IntN(16) {
	case 0, 1:
		_, err = d.Route(ctx, d.secretary, review, nil)
	case 2, 3, 4:
		_, err = d.Declare(ctx, who, review, "none")
	case 5:
		if random.IntN(4) == 0 {
			_, err = d.Declare(ctx, who, review, "有利害关系")
		}
	case 6, 7, 8, 9:
		_, err = d.Vote(ctx, who, review, experts.Ballot{Hash: hash, Score: random.IntN(8)%5 - 2 + random.IntN(2), Reason: "unclear"})
	case 10:
		if random.IntN(3) > 0 {
			return nil
		}
		b := body(v.Asker)
		b.Question = ""
		b.Conclusion = fmt.Sprintf("改为 %d", random.IntN(1000))
		_, err = d.Edit(ctx, who, review, hash, b, "")
	case 11:
		_, err = d.Opinion(ctx, who, review, "意见", nil)
	case 12:
		_, err = d.Dispose(ctx, d.secretary, review, 1+random.IntN(3), experts.PartAdopt, "理由")
	case 13, 14:
		_, err = d.Close(ctx, []accounts.Account{d.secretary, d.chair}[random.IntN(2)], review)
	case 15:
		_, err = d.Apply(ctx, d.decider, review, hash)
	}
	return err
}

// broken finds what must never be, by rule. None of it uses the room's own functions.
var broken = map[string]string{
	"applied without its approvals": `select from application a join review r on r.id = a.review_id
		where (select count(distinct b.account_id) from ballot b join panel_member m using (review_id, account_id) join revision v on v.draft_id = r.draft_id and v.hash = b.hash
		       where b.review_id = r.id and b.hash = a.hash and b.claim is null and b.score > 0 and m.conflict = 'none'
		         and (v.machine or v.author <> b.account_id) and b.account_id <> r.asker) < (r.policy ->> 'approvals')::int
		  and r.state <> 'stale'`,
	"applied another text than was closed on": `select from application a where a.hash is distinct from
		(select e.hash from review_event e where e.review_id = a.review_id and e.event = 'close' order by e.id desc limit 1)`,
	"applied twice":                         `select from application group by review_id having count(*) > 1`,
	"a ballot on a text that was not there": `select from ballot b where not exists (select from review r join revision v using (draft_id) where r.id = b.review_id and v.hash = b.hash)`,
	"two ballots of one person":             `select from ballot group by review_id, account_id, round, hash, claim having count(*) > 1`,
	"a ballot before the declaration":       `select from ballot b where not exists (select from declaration c where c.review_id = b.review_id and c.account_id = b.account_id and c.conflict = 'none' and c.at <= b.at)`,
	"a ballot on the own text":              `select from ballot b join review r on r.id = b.review_id join revision v on v.draft_id = r.draft_id and v.hash = b.hash where not v.machine and v.author = b.account_id`,
	"the asker on the panel":                `select from panel_member m join review r on r.id = m.review_id where m.account_id = r.asker`,
	"a strong objection passed over": `select from review r where r.state in ('approved', 'approved-edited', 'applied')
		and exists (select from opinion o join panel_member m using (review_id, account_id) where o.review_id = r.id and o.strong and o.adoption is null and m.conflict = 'none')`,
	"a panel against its policy": `select from review r where r.state in ('approved', 'approved-edited', 'applied')
		and (select count(*) from panel_member m where m.review_id = r.id and m.conflict <> 'declared') not in (3, 5)`,
	"a change without its leaf": `select from review_event e left join audit_leaf l on l.seq = e.leaf_seq where l.seq is null`,
}
