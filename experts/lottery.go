package experts

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"advisor/accounts"
	"advisor/experts/draw"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// The steps of a draw. They move nothing in the table of states.
const (
	Seal   Event = "draw-seal"
	Freeze Event = "draw-freeze"
	Unseal Event = "draw-open"
)

var (
	drawFirst  = problem.New(problem.Refused, "draw-first", "专家组没有组成", "这件审议的规则要求随机抽取专家，抽取还没有完成", "请先由双方封存、秘书处冻结名单、双方启封，再组成专家组")
	drawOrder  = problem.New(problem.Refused, "draw-order", notTaken, "抽取应当依次：双方封存、冻结名单、双方启封", "请核对抽取的进展")
	drawSecret = problem.New(problem.Invalid, "draw-secret", notTaken, "与您封存的不符", "请使用封存时给您的那一串")
)

// SealDraw seals a secret of the actor's for the draw and gives it to the actor,
// the only time. One party is the office, the other is not: the asker, who
// decides, or who audits.
func (d *Desk) SealDraw(ctx context.Context, actor accounts.Account, review int64) (secret string, err error) {
	d = d.still()
	random := make([]byte, 16)
	rand.Read(random) //nolint:errcheck // never fails since Go 1.24
	secret = hex.EncodeToString(random)
	_, err = d.act(ctx, actor, review, Seal, func(tx pgx.Tx, c *Case) (record, error) {
		if err := c.drawable(); err != nil {
			return record{}, err
		}
		if !office(actor) && actor.ID != c.Asker && !actor.Has(accounts.Decider) && !actor.Has(accounts.Auditor) {
			return record{}, notYours
		}
		_, err := tx.Exec(ctx, `insert into draw_seal (review_id, account_id, office, commitment, at) values ($1, $2, $3, $4, $5)`,
			c.ID, actor.ID, office(actor), draw.Commit(secret), d.Now())
		if err != nil {
			return record{}, fmt.Errorf("seal: %w", err)
		}
		return record{data: map[string]any{"seal": draw.Commit(secret)}}, nil
	})
	return secret, err
}

func (c *Case) drawable() error {
	switch {
	case !c.Policy.Draw:
		return problem.New(problem.Refused, "no-draw", notTaken, "这件审议的规则不用随机抽取", "请直接组成专家组")
	case c.State != Screened && c.State != Stalled:
		return drawOrder
	}
	return nil
}

// FreezeDraw freezes the pool: everybody who may be seated, as of now. What is
// logged of it cannot be changed after.
func (d *Desk) FreezeDraw(ctx context.Context, actor accounts.Account, review int64) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Freeze, func(tx pgx.Tx, c *Case) (record, error) {
		if !office(actor) {
			return record{}, notYours
		}
		if err := c.drawable(); err != nil {
			return record{}, err
		}
		candidates, err := d.candidates(ctx, tx, c)
		if err != nil {
			return record{}, err
		}
		picks := c.picks(candidates)
		if _, ok := solve(c.Policy, c.Department, c.seated(), picks); !ok {
			return record{}, panelUnmet.because("名册上没有一个组合能满足规则：" + sentence(obstacles(c.Policy, c.Department, c.seated(), picks)))
		}
		lines := poolLines(picks)
		_, err = tx.Exec(ctx, `insert into draw_pool (review_id, lines, hash, frozen_by, at) values ($1, $2, $3, $4, $5)`, c.ID, lines, draw.PoolHash(lines), actor.ID, d.Now())
		if err != nil {
			return record{}, fmt.Errorf("freeze the pool: %w", err)
		}
		return record{data: map[string]any{"pool": draw.PoolHash(lines), "size": len(lines)}}, nil
	})
}

// poolLines are the pool by account number, with what the policy asks about.
func poolLines(picks []pick) []string {
	seats := seatsOfPicks(picks)
	slices.SortFunc(seats, func(a, b Seat) int { return int(a.Account - b.Account) })
	lines := make([]string, len(seats))
	for i, s := range seats {
		b, err := json.Marshal(poolSeat{s.Account, s.Department, orEmpty(s.Domains), s.Dissent})
		if err != nil {
			panic(fmt.Sprintf("experts: encode a seat: %v", err)) // strings and numbers always encode
		}
		lines[i] = string(b)
	}
	return lines
}

type poolSeat struct {
	Account    int64    `json:"account,string"`
	Department string   `json:"department"`
	Domains    []string `json:"domains"`
	Dissent    bool     `json:"dissent"`
}

// OpenDraw opens the actor's sealed secret.
func (d *Desk) OpenDraw(ctx context.Context, actor accounts.Account, review int64, secret string) (View, error) {
	d = d.still()
	return d.act(ctx, actor, review, Unseal, func(tx pgx.Tx, c *Case) (record, error) {
		tag, err := tx.Exec(ctx, `update draw_seal set secret = $3, opened_at = $4 where review_id = $1 and account_id = $2 and secret is null and commitment = $5`,
			c.ID, actor.ID, strings.TrimSpace(secret), d.Now(), draw.Commit(strings.TrimSpace(secret)))
		if err != nil {
			return record{}, fmt.Errorf("open the seal: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return record{}, drawSecret
		}
		return record{data: map[string]any{"opened": draw.Commit(strings.TrimSpace(secret))}}, nil
	})
}

// DrawRecord is everything that somebody needs to draw again and compare.
type DrawRecord struct {
	ReviewID    int64    `json:"review_id,string"`
	Policy      Policy   `json:"policy"`
	Department  string   `json:"department"`
	Pool        []string `json:"pool"`
	PoolHash    string   `json:"pool_hash"`
	Commitments []string `json:"commitments"`
	Secrets     []string `json:"secrets"`
	Panel       []int64  `json:"panel"` // account numbers, in the order drawn
}

// Drawn is the record of a review's draw, as far as it has come.
func (d *Desk) Drawn(ctx context.Context, actor accounts.Account, review int64) (r DrawRecord, err error) {
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		c, err := loadCase(ctx, tx, review, "")
		if err != nil {
			return err
		}
		r, err = drawOf(ctx, tx, c)
		return err
	})
	return r, err
}

func drawOf(ctx context.Context, tx pgx.Tx, c *Case) (DrawRecord, error) {
	r := DrawRecord{ReviewID: c.ID, Policy: c.Policy, Department: c.Department, Pool: []string{}, Commitments: []string{}, Secrets: []string{}, Panel: []int64{}}
	err := tx.QueryRow(ctx, `select lines, hash from draw_pool where review_id = $1`, c.ID).Scan(&r.Pool, &r.PoolHash)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return r, fmt.Errorf("read the pool: %w", err)
	}
	rows, err := tx.Query(ctx, `select commitment, coalesce(secret, '') from draw_seal where review_id = $1 order by commitment`, c.ID)
	if err != nil {
		return r, fmt.Errorf("read the seals: %w", err)
	}
	var commitment, secret string
	_, err = pgx.ForEachRow(rows, []any{&commitment, &secret}, func() error {
		r.Commitments = append(r.Commitments, commitment)
		if secret != "" {
			r.Secrets = append(r.Secrets, secret)
		}
		return nil
	})
	if err != nil || len(r.Pool) == 0 || len(r.Secrets) < 2 {
		return r, err
	}
	panel, err := r.draw()
	r.Panel = panel
	return r, err
}

// draw works out the panel: the pool in the drawn order, and the first
// combination in that order that satisfies the policy.
func (r DrawRecord) draw() ([]int64, error) {
	order, err := r.order()
	if err != nil {
		return nil, err
	}
	seats, ok := fill(r.Policy, r.Department, nil, order)
	if !ok {
		return nil, errors.New("no panel in the pool satisfies the policy")
	}
	return accountsOf(seats), nil
}

func (r DrawRecord) order() ([]Seat, error) {
	seats := make([]Seat, len(r.Pool))
	for i, k := range draw.Order(draw.Seed(r.PoolHash, r.Secrets), len(r.Pool)) {
		var p poolSeat
		if err := json.Unmarshal([]byte(r.Pool[k]), &p); err != nil {
			return nil, fmt.Errorf("read line %d of the pool: %w", k+1, err)
		}
		seats[i] = Seat{Account: p.Account, Department: p.Department, Domains: p.Domains, Dissent: p.Dissent}
	}
	return seats, nil
}

// VerifyDraw draws again from a record, without any database, and says what does not agree.
func VerifyDraw(r DrawRecord) error {
	if draw.PoolHash(r.Pool) != r.PoolHash {
		return errors.New("名单与冻结时的散列不符")
	}
	if len(r.Commitments) != 2 || draw.Check(r.Commitments, r.Secrets) != nil {
		return errors.New("启封的内容与封存的不符，或者尚未全部启封")
	}
	panel, err := r.draw()
	if err != nil {
		return fmt.Errorf("按记录抽不出专家组：%w", err)
	}
	if !slices.Equal(panel, r.Panel) {
		return fmt.Errorf("按记录抽出的是 %v，而记载的是 %v", panel, r.Panel)
	}
	return nil
}

// byLot puts the candidates in the drawn order; those outside the frozen pool
// are passed over. Without a finished draw nobody is left.
func (c *Case) byLot(ctx context.Context, tx pgx.Tx, candidates []candidate) ([]candidate, error) {
	r, err := drawOf(ctx, tx, c)
	if err != nil || len(r.Secrets) < 2 || len(r.Pool) == 0 {
		return candidates, err
	}
	order, err := r.order()
	if err != nil {
		return nil, err
	}
	c.Drawn = true
	place := map[int64]int{}
	for i, s := range order {
		place[s.Account] = i
	}
	for i := range candidates {
		if _, in := place[candidates[i].Account]; !in && candidates[i].barred == "" {
			candidates[i].barred = "不在抽取名单内"
		}
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return place[a.Account] - place[b.Account] })
	return candidates, nil
}
