package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
)

const receiptFormat = "advisor-receipt/1"

// Receipt proves that one leaf is in the log. Whoever has the log's public key
// can check it with nothing else: no database, no network, no trust in the server.
type Receipt struct {
	Format     string           `json:"format"`
	Seq        int64            `json:"seq"`
	Leaf       string           `json:"leaf"` // the exact bytes that were hashed
	Proof      tlog.RecordProof `json:"proof"`
	Checkpoint string           `json:"checkpoint"`
}

// Proved is what a valid receipt says.
type Proved struct {
	Seq        int64
	Leaf       Body
	Checkpoint Checkpoint
}

var (
	noLeaf     = problem.New(problem.NotFound, "no-leaf", "未能出具回执", "日志中没有这条记录", "请核对编号")
	unsigned   = problem.New(problem.Failed, "not-yet-signed", "未能出具回执", "这条记录之后还没有签署检查点", "请先运行 advisor audit checkpoint")
	badReceipt = problem.New(problem.Failed, "bad-receipt", "回执未通过核验", "内容与签名不符：可能被改动过，或者不是这把公钥所属的系统出具的", "请向出具单位索取原件，并核对公钥")
)

// NewReceipt proves leaf seq against the newest checkpoint signed by one of keys.
func NewReceipt(ctx context.Context, tx pgx.Tx, seq int64, keys ...string) (Receipt, error) {
	c, err := Latest(ctx, tx, keys...)
	if err != nil {
		return Receipt{}, err
	}
	r := Receipt{Format: receiptFormat, Seq: seq, Checkpoint: c.Note}
	err = tx.QueryRow(ctx, `select body from audit_leaf where seq = $1`, seq).Scan(&r.Leaf)
	if errors.Is(err, pgx.ErrNoRows) {
		return Receipt{}, noLeaf
	}
	if err != nil {
		return Receipt{}, fmt.Errorf("read leaf %d: %w", seq, err)
	}
	if c.Size <= seq {
		return Receipt{}, unsigned
	}
	r.Proof, err = tlog.ProveRecord(c.Size, seq, nodes(ctx, tx))
	if err != nil {
		return Receipt{}, fmt.Errorf("prove leaf %d: %w", seq, err)
	}
	return r, nil
}

// File is the receipt as it is handed over.
func (r Receipt) File() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", "  ")
	return append(b, '\n'), err
}

// VerifyReceipt checks a receipt, its file or the text of its QR code, with a
// public key and nothing else.
func VerifyReceipt(file []byte, publicKey string) (Proved, error) {
	known, err := verifiers([]string{publicKey})
	if err != nil {
		return Proved{}, err
	}
	r, err := readReceipt(file)
	if err != nil {
		return Proved{}, badReceipt.Because(err)
	}
	c, err := openCheckpoint(r.Checkpoint, known)
	if err != nil {
		return Proved{}, badReceipt.Because(err)
	}
	if r.Seq < 0 || r.Seq >= c.Size {
		return Proved{}, badReceipt.Because(fmt.Errorf("leaf %d of %d", r.Seq, c.Size))
	}
	if err := tlog.CheckRecord(r.Proof, c.Size, c.Root, r.Seq, tlog.RecordHash([]byte(r.Leaf))); err != nil {
		return Proved{}, badReceipt.Because(err)
	}
	p := Proved{Seq: r.Seq, Checkpoint: c}
	if err := json.Unmarshal([]byte(r.Leaf), &p.Leaf); err != nil {
		return Proved{}, badReceipt.Because(err)
	}
	return p, nil
}
