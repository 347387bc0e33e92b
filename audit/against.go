package audit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"
)

// loadCheckpoints reads the log's own checkpoints and checks their signatures.
func (v *verification) loadCheckpoints(ctx context.Context, known note.Verifiers) error {
	rows, err := v.tx.Query(ctx, `select size, note, at from audit_checkpoint order by size`)
	if err != nil {
		return fmt.Errorf("read checkpoints: %w", err)
	}
	var size int64
	var text string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&size, &text, &at}, func() error {
		v.report.Checkpoints++
		c, err := openCheckpoint(text, known)
		switch {
		case err != nil:
			v.problem(-1, fmt.Sprintf("库内大小为 %d 的检查点签名无效", size))
		case c.Size != size:
			v.problem(-1, fmt.Sprintf("库内检查点被改动：登记的大小是 %d，签名里是 %d", size, c.Size))
		default:
			v.signed = append(v.signed, signed{Checkpoint: c})
		}
		return nil
	})
	return err
}

// loadOutside adds the checkpoint that was kept elsewhere.
func (v *verification) loadOutside(text []byte, known note.Verifiers) {
	if text == nil {
		return
	}
	c, err := openCheckpoint(string(text), known)
	if err != nil {
		v.problem(-1, "所给检查点的签名无效：文件被改动过，或者签名用的不是这个系统的密钥")
		return
	}
	for _, s := range v.signed {
		if s.Size == c.Size && s.Root != c.Root {
			v.problem(-1, fmt.Sprintf("大小为 %d 的检查点有两份，签名都有效而内容不同：有人用签名密钥重签了被改写的日志", c.Size))
		}
	}
	v.signed = append(v.signed, signed{Checkpoint: c, outside: true})
	slices.SortStableFunc(v.signed, func(a, b signed) int { return int(a.Size - b.Size) })
}

// compareAt compares the stored tree at size with the checkpoints of that size.
// A leaf that alone was changed has been named already and leaves the stored
// tree as it was signed; a difference here means that hashes were recomputed.
func (v *verification) compareAt(size int64) {
	for len(v.signed) > 0 && v.signed[0].Size <= size {
		c := v.signed[0]
		v.signed = v.signed[1:]
		switch {
		case c.Size < size: // size 0, which says nothing
		case c.Root == v.stored.root():
			v.agreed = c.Size
		default:
			v.rewritten(c)
		}
	}
}

// rewritten reports that the log no longer leads to a signed root, and between
// which leaves the change lies as far as the checkpoints that do agree can tell.
func (v *verification) rewritten(c signed) {
	whose := "库内"
	if c.outside {
		whose = "所给"
	}
	where := fmt.Sprintf("第 %d 条至第 %d 条之间", v.agreed, c.Size-1)
	if v.agreed == c.Size-1 {
		where = fmt.Sprintf("第 %d 条", v.agreed)
	}
	v.problem(v.agreed, fmt.Sprintf("日志被改写：与%s大小为 %d 的检查点不一致，改动在%s", whose, c.Size, where))
	// Every later checkpoint of our own covers the same change.
	v.signed = slices.DeleteFunc(v.signed, func(s signed) bool { return !s.outside && !c.outside })
}

// beyond reports checkpoints larger than the log.
func (v *verification) beyond() {
	for _, c := range v.signed {
		whose := "库内"
		if c.outside {
			whose = "所给"
		}
		v.problem(v.stored.size, fmt.Sprintf("日志被截短：%s检查点签署时有 %d 条记录，现在只有 %d 条，第 %d 条起被删除",
			whose, c.Size, v.stored.size, v.stored.size))
	}
}
