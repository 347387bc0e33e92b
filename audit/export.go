package audit

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
)

// Export writes every leaf, one a line, exactly as it was hashed: what another
// needs to recompute the whole log without the database and without trust.
func Export(ctx context.Context, pool beginner, w io.Writer) (size int64, err error) {
	tx, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return 0, fmt.Errorf("open the log: %w", err)
	}
	defer tx.Rollback(ctx) //nolint:errcheck // read only
	rows, err := tx.Query(ctx, `select seq, body from audit_leaf order by seq`)
	if err != nil {
		return 0, fmt.Errorf("read the log: %w", err)
	}
	out := bufio.NewWriter(w)
	var seq int64
	var body string
	_, err = pgx.ForEachRow(rows, []any{&seq, &body}, func() error {
		if seq != size {
			return fmt.Errorf("leaf %d is missing", size)
		}
		size++
		_, err := out.WriteString(body + "\n")
		return err
	})
	return size, errors.Join(err, out.Flush())
}

// VerifyExport recomputes the log from an export and holds it to a checkpoint
// that was kept elsewhere. It needs neither database nor network. Leaves after
// the checkpoint are counted, and nothing is said of them.
func VerifyExport(r io.Reader, checkpoint []byte, keys []string) (Report, error) {
	known, err := verifiers(keys)
	if err != nil {
		return Report{}, err
	}
	report := Report{Problems: []Problem{}, Checkpoints: 1}
	c, err := openCheckpoint(string(checkpoint), known)
	if err != nil {
		report.Problems = append(report.Problems, Problem{-1, "所给检查点的签名无效：文件被改动过，或者签名用的不是这个系统的密钥"})
		return report, nil
	}
	var f frontier
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 2*maxBody), 2*maxBody)
	for lines.Scan() {
		line := lines.Bytes()
		var leaf Body
		if json.Unmarshal(line, &leaf) != nil {
			report.Problems = append(report.Problems, Problem{f.size, fmt.Sprintf("第 %d 条记录不是合法的日志记录", f.size)})
		}
		f.add(tlog.RecordHash(line))
		if f.size == c.Size && f.root() != c.Root {
			report.Problems = append(report.Problems, Problem{0, fmt.Sprintf("前 %d 条记录与所给检查点不一致：有记录被改写", c.Size)})
		}
	}
	if err := lines.Err(); err != nil {
		return report, fmt.Errorf("read the exported log: %w", err)
	}
	if f.size < c.Size {
		report.Problems = append(report.Problems, Problem{f.size, fmt.Sprintf("日志被截短：检查点签署时有 %d 条记录，现在只有 %d 条", c.Size, f.size)})
	}
	root := f.root()
	report.Size, report.Root, report.OK = f.size, root.String(), len(report.Problems) == 0
	return report, nil
}
