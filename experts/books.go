package experts

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"advisor/advice"
	"advisor/audit"

	"github.com/jackc/pgx/v5"
)

// Books lay the committee's tables beside the log: every text under its hash,
// every ballot and opinion under its commitment, every review where its last
// leaf left it, every application on the hash that was approved. What the log
// does not know, or knows otherwise, is named.
type Books struct {
	reviews map[int64]moved
	ballots map[int64]sealed
	// opinions by review and number: their commitments and what became of them.
	opinions map[[2]int64]sealed
	answers  map[[2]int64]string
	applied  map[int64]moved   // by application
	digests  map[string]sealed // of texts, by draft and hash
}

// moved is where a leaf left a review.
type moved struct {
	seq         int64
	state, hash string
	round       int64
	approved    string // the hash that was last approved
}

// sealed is a commitment and the leaf it stands in.
type sealed struct {
	seq        int64
	commitment string
}

var _ audit.Books = (*Books)(nil)

// NewBooks makes empty books for one verification.
func NewBooks() *Books {
	return &Books{reviews: map[int64]moved{}, ballots: map[int64]sealed{}, opinions: map[[2]int64]sealed{},
		answers: map[[2]int64]string{}, applied: map[int64]moved{}, digests: map[string]sealed{}}
}

// Leaf takes down what one leaf says about reviews.
func (b *Books) Leaf(seq int64, leaf audit.Body) {
	switch leaf.Kind {
	case "draft.created":
		id, _ := strings.CutPrefix(leaf.Subject, "draft/")
		b.digests[id+" "+word(leaf.Data["hash"])] = sealed{seq, word(leaf.Data["body"])}
	case "review.edit":
		b.digests[fmt.Sprint(whole(leaf.Data["draft"]), " ", word(leaf.Data["hash"]))] = sealed{seq, word(leaf.Data["digest"])}
	}
	id, ok := strings.CutPrefix(leaf.Subject, "review/")
	event, is := strings.CutPrefix(leaf.Kind, "review.")
	review, err := strconv.ParseInt(id, 10, 64)
	if !ok || !is || err != nil {
		return
	}
	m := moved{seq: seq, state: word(leaf.Data["to"]), hash: word(leaf.Data["hash"]), round: whole(leaf.Data["round"]), approved: b.reviews[review].approved}
	switch Event(event) {
	case Vote, "carry":
		b.ballots[whole(leaf.Data["ballot"])] = sealed{seq, word(leaf.Data["commitment"])}
	case Close:
		m.approved = m.hash
	case Dispose:
		b.answers[[2]int64{review, whole(leaf.Data["opinion"])}] = word(leaf.Data["as"])
	case Apply:
		b.applied[whole(leaf.Data["application"])] = m
	}
	if c := word(leaf.Data["opinion_commitment"]); c != "" {
		b.opinions[[2]int64{review, whole(leaf.Data["opinion"])}] = sealed{seq, c}
	}
	b.reviews[review] = m
}

func word(v any) string { s, _ := v.(string); return s }

// whole is a number as JSON gives it back.
func whole(v any) int64 { f, _ := v.(float64); return int64(f) }

// Compare names the rows that disagree with what the leaves said.
func (b *Books) Compare(ctx context.Context, tx pgx.Tx) ([]audit.Problem, error) {
	var found []audit.Problem
	for _, compare := range []func(context.Context, pgx.Tx) ([]audit.Problem, error){b.texts, b.stands, b.votes, b.said, b.ledger} {
		more, err := compare(ctx, tx)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// texts recomputes every revision's hash from its body.
func (b *Books) texts(ctx context.Context, tx pgx.Tx) (found []audit.Problem, err error) {
	rows, err := tx.Query(ctx, `select draft_id, number, hash, body from revision order by draft_id, number`)
	if err != nil {
		return nil, fmt.Errorf("read revisions: %w", err)
	}
	var r advice.Revision
	_, err = pgx.ForEachRow(rows, []any{&r.DraftID, &r.Number, &r.Hash, &r.Stored}, func() error {
		logged, known := b.digests[fmt.Sprint(r.DraftID, " ", r.Hash)]
		seq := int64(-1)
		if known {
			seq = logged.seq
		}
		r.Body = advice.Body{}
		if err := json.Unmarshal([]byte(r.Stored), &r.Body); err != nil || r.Body.Hash() != r.Hash {
			found = append(found, audit.Problem{Seq: seq, What: fmt.Sprintf("建议稿 %d 第 %d 稿被改动：内容与它的散列不符", r.DraftID, r.Number)})
		} else if known && r.Digest() != logged.commitment {
			found = append(found, audit.Problem{Seq: seq, What: fmt.Sprintf("建议稿 %d 第 %d 稿被改动：存储的字节与日志记载不符", r.DraftID, r.Number)})
		}
		return nil
	})
	return found, err
}

// stands compares every review with where its last leaf left it.
func (b *Books) stands(ctx context.Context, tx pgx.Tx) (found []audit.Problem, err error) {
	rows, err := tx.Query(ctx, `select id, state, hash, round from review order by id`)
	if err != nil {
		return nil, fmt.Errorf("read reviews: %w", err)
	}
	var id int64
	var now moved
	left := len(b.reviews)
	_, err = pgx.ForEachRow(rows, []any{&id, &now.state, &now.hash, &now.round}, func() error {
		was, ok := b.reviews[id]
		switch {
		case !ok:
			found = append(found, audit.Problem{Seq: -1, What: fmt.Sprintf("审议 %d 没有日志记录", id)})
			return nil
		case was.state != now.state || was.hash != now.hash || was.round != now.round:
			found = append(found, audit.Problem{Seq: was.seq, What: fmt.Sprintf("审议 %d 被改动：表中是“%s”、第 %d 轮、%s，日志最后记载的是“%s”、第 %d 轮、%s",
				id, now.state, now.round, now.hash, was.state, was.round, was.hash)})
		}
		left--
		return nil
	})
	if left > 0 {
		found = append(found, audit.Problem{Seq: -1, What: fmt.Sprintf("日志记载的审议有 %d 件已不在表中", left)})
	}
	return found, err
}

// votes compares every ballot with its commitment.
func (b *Books) votes(ctx context.Context, tx pgx.Tx) (found []audit.Problem, err error) {
	rows, err := tx.Query(ctx, `select id, review_id, salt, account_id, round, hash, score, reason, text, claim, marks from ballot order by id`)
	if err != nil {
		return nil, fmt.Errorf("read ballots: %w", err)
	}
	var id, review int64
	var salt []byte
	var v Ballot
	seen := map[int64]bool{}
	_, err = pgx.ForEachRow(rows, []any{&id, &review, &salt, &v.Account, &v.Round, &v.Hash, &v.Score, &v.Reason, &v.Text, &v.Claim, &v.Marks}, func() error {
		seen[id] = true
		logged, ok := b.ballots[id]
		switch {
		case !ok:
			found = append(found, audit.Problem{Seq: -1, What: fmt.Sprintf("审议 %d 的表决票 %d 没有日志记录", review, id)})
		case logged.commitment != v.commitment(salt):
			found = append(found, audit.Problem{Seq: logged.seq, What: fmt.Sprintf("审议 %d 的表决票 %d 被改动：与投票时的记载不符", review, id)})
		}
		return nil
	})
	for id, logged := range b.ballots {
		if !seen[id] {
			found = append(found, audit.Problem{Seq: logged.seq, What: fmt.Sprintf("表决票 %d 被删除", id)})
		}
	}
	return found, err
}

// said compares every opinion with its commitment and its answer.
func (b *Books) said(ctx context.Context, tx pgx.Tx) (found []audit.Problem, err error) {
	rows, err := tx.Query(ctx, `select review_id, number, salt, text, coalesce(adoption, '') from opinion order by review_id, number`)
	if err != nil {
		return nil, fmt.Errorf("read opinions: %w", err)
	}
	var review, number int64
	var salt []byte
	var text, as string
	seen := map[[2]int64]bool{}
	_, err = pgx.ForEachRow(rows, []any{&review, &number, &salt, &text, &as}, func() error {
		key := [2]int64{review, number}
		seen[key] = true
		logged, ok := b.opinions[key]
		switch {
		case !ok:
			found = append(found, audit.Problem{Seq: -1, What: fmt.Sprintf("审议 %d 的第 %d 条意见没有日志记录", review, number)})
		case logged.commitment != commit(salt, text):
			found = append(found, audit.Problem{Seq: logged.seq, What: fmt.Sprintf("审议 %d 的第 %d 条意见被改动", review, number)})
		case b.answers[key] != as:
			found = append(found, audit.Problem{Seq: logged.seq, What: fmt.Sprintf("审议 %d 第 %d 条意见的采纳情况被改动", review, number)})
		}
		return nil
	})
	for key, logged := range b.opinions {
		if !seen[key] {
			found = append(found, audit.Problem{Seq: logged.seq, What: fmt.Sprintf("审议 %d 的第 %d 条意见被删除", key[0], key[1])})
		}
	}
	return found, err
}

// ledger insists that what was applied is what was approved.
func (b *Books) ledger(ctx context.Context, tx pgx.Tx) (found []audit.Problem, err error) {
	rows, err := tx.Query(ctx, `select id, review_id, hash, leaf_seq from application order by id`)
	if err != nil {
		return nil, fmt.Errorf("read applications: %w", err)
	}
	var id, review, seq int64
	var hash string
	seen := map[int64]bool{}
	_, err = pgx.ForEachRow(rows, []any{&id, &review, &hash, &seq}, func() error {
		seen[id] = true
		logged, ok := b.applied[id]
		switch {
		case !ok || logged.seq != seq:
			found = append(found, audit.Problem{Seq: seq, What: fmt.Sprintf("台账第 %d 件没有对应的日志记录", id)})
		case logged.hash != hash || logged.approved != hash:
			found = append(found, audit.Problem{Seq: seq, What: fmt.Sprintf("台账第 %d 件采纳的文本不是审议 %d 通过的文本", id, review)})
		}
		return nil
	})
	for id, logged := range b.applied {
		if !seen[id] {
			found = append(found, audit.Problem{Seq: logged.seq, What: fmt.Sprintf("台账第 %d 件被删除", id)})
		}
	}
	return found, err
}
