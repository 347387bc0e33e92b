package experts

import (
	"context"
	"fmt"
	"slices"

	"advisor/accounts"
	"advisor/advice"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

var (
	badSeed         = problem.New(problem.Invalid, "bad-seed", "没有送出校准件", "论断序号不对，或者改后的文字与原文相同", "请用 review show 核对论断序号")
	badSeedKind     = problem.New(problem.Invalid, "bad-seed-kind", "没有送出校准件", "错误种类应是 number、modal、party、provision、negation、repealed、other 之一", "请重新选择")
	calibrationItem = problem.New(problem.Refused, "calibration", "没有采纳落实", "这是埋有一处错误的校准件，只用于检验审议，不能采纳落实", "请结束或撤回这一件")
)

var seedKinds = []string{"number", "modal", "party", "provision", "negation", "repealed", "other"}

// Calibrate sends one of the office's own drafts to the committee with an error
// put into one of its claims. The panel is told nothing; what it marks down is
// counted in Learned. The table of applications itself refuses such an item.
func (d *Desk) Calibrate(ctx context.Context, actor accounts.Account, draft int64, claim int, kind, text string) (View, error) {
	d = d.still()
	if !office(actor) {
		return View{}, notYours
	}
	if !slices.Contains(seedKinds, kind) {
		return View{}, badSeedKind
	}
	var id int64
	err := d.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		c, err := d.draftCase(ctx, tx, actor, draft)
		if err != nil {
			return err
		}
		if c.Asker != actor.ID {
			return notAsker // an item of another's would be mistaken for an answer
		}
		seeded, err := seed(ctx, tx, c, claim, clean(text))
		if err != nil {
			return err
		}
		added, err := advice.AddRevision(ctx, tx, draft, advice.NewRevision{Body: seeded, Author: actor.ID, Machine: true, At: d.Now()})
		if err != nil {
			return err
		}
		c.Revision, c.Hash, c.Author, c.Machine = added.Number, added.Hash, actor.ID, true
		c.Path = []Step{{Submit, Drafted, Screened}}
		if c.ID, err = insertReview(ctx, tx, c, actor.ID, d.Now()); err != nil {
			return err
		}
		id = c.ID
		_, err = tx.Exec(ctx, `insert into calibration (review_id, claim, kind, seeded_by, at) values ($1, $2, $3, $4, $5)`, c.ID, claim, kind, actor.ID, d.Now())
		if err != nil {
			return fmt.Errorf("note the calibration item: %w", err)
		}
		// The log says nothing of what it is before it is over: the leaf is a review's like any other.
		data := c.opened()
		data["digest"] = added.Digest()
		return d.settle(ctx, tx, actor, *c, c, Submit, record{data: data})
	})
	if err = attempted(Submit, named(err)); err != nil {
		return View{}, err
	}
	return d.Show(ctx, actor, id)
}

func seed(ctx context.Context, tx pgx.Tx, c *Case, claim int, text string) (advice.Body, error) {
	r, err := advice.LatestRevision(ctx, tx, c.DraftID)
	if err != nil {
		return advice.Body{}, err
	}
	b := r.Body
	if claim < 1 || claim > len(b.Claims) || text == "" || text == b.Claims[claim-1].Text {
		return advice.Body{}, badSeed
	}
	b.Claims = slices.Clone(b.Claims)
	b.Claims[claim-1].Text = text
	if b.Claims[claim-1].Support == advice.Quoted {
		b.Claims[claim-1].Support = advice.Supported // it is no quotation any more, and must not say so
	}
	return b, nil
}
