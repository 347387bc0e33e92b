package audit

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
)

// Options say what the log is verified against.
type Options struct {
	Keys       []string // public keys whose signatures count
	Checkpoint []byte   // a checkpoint kept elsewhere; the log's own can be rolled back
	Books      []Books  // the rooms' own tables, laid beside the log
}

// Books are a room's tables laid beside the log: shown every leaf in order, then
// asked which of the room's rows disagree with what was logged.
type Books interface {
	Leaf(seq int64, leaf Body)
	Compare(ctx context.Context, tx pgx.Tx) ([]Problem, error)
}

// Report is what a verification found, in INTERFACE.md's shape.
type Report struct {
	OK          bool      `json:"ok"`
	Size        int64     `json:"size"`
	Root        string    `json:"root"`
	Checkpoints int       `json:"checkpoints"`
	Problems    []Problem `json:"problems"`
}

// Problem is one thing that is wrong. Seq is the leaf it is about, the first
// one of a stretch, or -1 when it is about no leaf.
type Problem struct {
	Seq  int64  `json:"seq"`
	What string `json:"what"`
}

// maxProblems bounds a report; a log wholly overwritten would name every leaf.
const maxProblems = 200

// beginner is a pool or a connection.
type beginner interface {
	BeginTx(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error)
}

// Verify recomputes the whole log from its leaves within one snapshot, so that
// it can run while others append, and compares every stored hash, every stored
// checkpoint, the checkpoint kept elsewhere and the rooms' tables with it.
func Verify(ctx context.Context, pool beginner, o Options) (Report, error) {
	tx, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return Report{}, fmt.Errorf("open the log: %w", err)
	}
	defer tx.Rollback(ctx) //nolint:errcheck // read only
	known, err := verifiers(o.Keys)
	if err != nil {
		return Report{}, err
	}
	v := &verification{tx: tx, books: o.Books, report: Report{Problems: []Problem{}}}
	if err := v.loadCheckpoints(ctx, known); err != nil {
		return Report{}, err
	}
	v.loadOutside(o.Checkpoint, known)
	if err := v.walk(ctx); err != nil {
		return Report{}, fmt.Errorf("walk the log: %w", err)
	}
	v.beyond()
	for _, b := range o.Books {
		problems, err := b.Compare(ctx, tx)
		if err != nil {
			return Report{}, fmt.Errorf("compare tables with the log: %w", err)
		}
		for _, p := range problems {
			v.problem(p.Seq, p.What)
		}
	}
	return v.finish(), nil
}

// verification walks two trees at once: one recomputed from the leaves, one
// taken from the stored hashes. Where they differ a leaf was changed and is
// named; where the second differs from a checkpoint, everything was recomputed.
type verification struct {
	tx      pgx.Tx
	books   []Books
	leaves  frontier
	stored  frontier
	signed  []signed // by size
	agreed  int64    // size of the newest checkpoint of our own that agrees
	report  Report
	omitted int
}

// signed is a checkpoint waiting to be compared.
type signed struct {
	Checkpoint
	outside bool
}

func (v *verification) problem(seq int64, what string) {
	if len(v.report.Problems) >= maxProblems {
		v.omitted++
		return
	}
	v.report.Problems = append(v.report.Problems, Problem{seq, what})
}

// walk goes through [0, end), where end counts leaves and those whose hashes alone remain.
func (v *verification) walk(ctx context.Context) error {
	if err := v.tx.QueryRow(ctx, sizeSQL).Scan(&v.report.Size); err != nil {
		return err
	}
	var lastNode int64
	if err := v.tx.QueryRow(ctx, `select coalesce(max(idx), -1) from audit_node`).Scan(&lastNode); err != nil {
		return err
	}
	end := max(v.report.Size, leavesOf(lastNode))
	var present int64
	if err := v.tx.QueryRow(ctx, `select count(*) from audit_leaf`).Scan(&present); err != nil {
		return err
	}
	// A leaf planted far beyond the end would otherwise be walked to, step by step.
	if end > present+maxProblems+chunkSize {
		v.problem(present, fmt.Sprintf("日志中有 %d 条记录，编号却到了 %d：有记录被整段删除，或被插到了远处", present, end-1))
		end = present
	}
	return eachChunk(ctx, v.tx, 0, end, func(c chunk) error {
		for seq := c.from; seq < c.to; seq++ {
			v.leaf(seq, c)
			v.compareAt(seq + 1)
		}
		return ctx.Err()
	})
}

// leaf adds one leaf to both trees.
func (v *verification) leaf(seq int64, c chunk) {
	idx := tlog.StoredHashIndex(0, seq)
	was, hashed := c.hashes[idx]
	body, ok := c.bodies[seq]
	h := tlog.RecordHash([]byte(body))
	switch {
	case !ok && hashed:
		v.problem(seq, fmt.Sprintf("第 %d 条记录被删除，只剩下它的散列", seq))
		h = was
	case !ok:
		v.problem(seq, fmt.Sprintf("第 %d 条记录连同它的散列被删除", seq))
	case !hashed:
		v.problem(seq, fmt.Sprintf("第 %d 条记录的散列被删除", seq))
		was = h
	case was != h:
		v.problem(seq, fmt.Sprintf("第 %d 条记录被改动：内容与记入时的散列不符", seq))
	}
	v.leaves.add(h)
	v.node(seq, was, c)
	if ok {
		v.show(seq, body)
	}
}

// node follows the stored hashes up from leaf seq and insists that each is made of the two below.
func (v *verification) node(seq int64, h tlog.Hash, c chunk) {
	idx := tlog.StoredHashIndex(0, seq)
	level := 0
	for ; v.stored.size>>level&1 == 1; level++ {
		made := tlog.NodeHash(v.stored.edges[level], h)
		above, ok := c.hashes[idx+int64(level)+1]
		if !ok || above != made {
			v.problem(seq, fmt.Sprintf("第 %d 条记录之上的第 %d 层散列缺失或被改动", seq, level+1))
		}
		h = made
		if ok {
			h = above
		}
	}
	v.stored.edges[level] = h
	v.stored.size++
}

func (v *verification) show(seq int64, body string) {
	var leaf Body
	if err := json.Unmarshal([]byte(body), &leaf); err != nil {
		v.problem(seq, fmt.Sprintf("第 %d 条记录不是合法的日志记录", seq))
		return
	}
	for _, b := range v.books {
		b.Leaf(seq, leaf)
	}
}

func (v *verification) finish() Report {
	root := v.leaves.root()
	v.report.Root = root.String()
	if v.omitted > 0 {
		v.report.Problems = append(v.report.Problems, Problem{-1, fmt.Sprintf("另有 %d 处问题未列出", v.omitted)})
	}
	v.report.OK = len(v.report.Problems) == 0
	return v.report
}

// leavesOf is how many leaves the stored hash idx implies.
func leavesOf(idx int64) int64 {
	if idx < 0 {
		return 0
	}
	level, n := tlog.SplitStoredHashIndex(idx)
	return (n + 1) << level
}
