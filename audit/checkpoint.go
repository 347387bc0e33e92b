package audit

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint says what the log was at one size. Its note is in C2SP's form:
// origin, size and base64 root, each on a line, then the signatures. Kept by
// somebody else it binds everything before it.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
	Note   string
	At     time.Time
}

var (
	badKey        = problem.New(problem.Invalid, "bad-key", "无法核验", "公钥的格式不对", "公钥是 advisor audit key 打印的那一行")
	badCheckpoint = problem.New(problem.Failed, "bad-checkpoint", "检查点未通过核验", "格式不对，或者不是用所给公钥对应的私钥签署的", "请确认检查点文件完整，公钥与签署时一致")
	emptyLog      = problem.New(problem.Failed, "empty-log", "未能签署检查点", "日志中还没有记录", "有了第一条记录之后再签署")
	corruptLog    = problem.New(problem.Failed, "log-corrupt", "未能签署检查点", "日志与上一检查点或与自身的散列不一致，拒绝为其签名", "请运行 advisor audit verify 查明是哪一条记录")
)

// Sign signs the log as it stands and stores the checkpoint; with nothing new
// since the last one it returns that. It first recomputes every leaf since the
// last checkpoint, because a signature over a flipped bit cannot be taken back.
// tx acts as worker: no request may sign.
func Sign(ctx context.Context, tx pgx.Tx, key *Key, now time.Time) (Checkpoint, error) {
	var size int64
	if err := tx.QueryRow(ctx, sizeSQL).Scan(&size); err != nil {
		return Checkpoint{}, fmt.Errorf("read the log's size: %w", err)
	}
	if size == 0 {
		return Checkpoint{}, emptyLog
	}
	key, err := key.present()
	if err != nil {
		return Checkpoint{}, err
	}
	publics, err := key.Publics()
	if err != nil {
		return Checkpoint{}, err
	}
	known, err := verifiers(publics)
	if err != nil {
		return Checkpoint{}, err
	}
	last, err := latest(ctx, tx, known)
	if err != nil {
		return Checkpoint{}, err
	}
	if last.Size == size {
		return last, nil
	}
	root, err := rootAfter(ctx, tx, last, size)
	if err != nil {
		return Checkpoint{}, err
	}
	c := Checkpoint{Origin: key.Origin(), Size: size, Root: root, At: now.UTC()}
	signed, err := note.Sign(&note.Note{Text: c.text()}, key.signer)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("sign a checkpoint: %w", err)
	}
	c.Note = string(signed)
	// Two signers of the same size wrote the same text; which row stays is all one.
	_, err = tx.Exec(ctx, `insert into audit_checkpoint (size, note, at) values ($1, $2, $3) on conflict do nothing`, c.Size, c.Note, c.At)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("store a checkpoint: %w", err)
	}
	return c, nil
}

// Latest is the newest stored checkpoint signed by one of keys; its Size is 0 when there is none.
func Latest(ctx context.Context, tx pgx.Tx, keys ...string) (Checkpoint, error) {
	known, err := verifiers(keys)
	if err != nil {
		return Checkpoint{}, err
	}
	return latest(ctx, tx, known)
}

func latest(ctx context.Context, q querier, known note.Verifiers) (Checkpoint, error) {
	var text string
	var at time.Time
	err := q.QueryRow(ctx, `select note, at from audit_checkpoint order by size desc limit 1`).Scan(&text, &at)
	if errors.Is(err, pgx.ErrNoRows) {
		return Checkpoint{}, nil
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read the last checkpoint: %w", err)
	}
	c, err := openCheckpoint(text, known)
	c.At = at
	return c, err
}

// rootAfter recomputes the tree from the last checkpoint to size and insists
// that it starts from what was signed and ends in what is stored.
func rootAfter(ctx context.Context, q querier, last Checkpoint, size int64) (tlog.Hash, error) {
	stored := nodes(ctx, q)
	if last.Size > size {
		return tlog.Hash{}, corruptLog.Because(fmt.Errorf("%d leaves, %d signed", size, last.Size))
	}
	f, err := frontierAt(last.Size, stored)
	if err != nil {
		return tlog.Hash{}, corruptLog.Because(err)
	}
	if last.Size > 0 && f.root() != last.Root {
		return tlog.Hash{}, corruptLog.Because(fmt.Errorf("root at %d is not the signed one", last.Size))
	}
	err = eachChunk(ctx, q, last.Size, size, func(c chunk) error {
		for seq := c.from; seq < c.to; seq++ {
			body, ok := c.bodies[seq]
			if !ok || !c.add(f, tlog.RecordHash([]byte(body))) {
				return corruptLog.Because(fmt.Errorf("leaf %d", seq))
			}
		}
		return nil
	})
	return f.root(), err
}

func (c Checkpoint) text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

// openCheckpoint reads a signed note and checks its signature.
func openCheckpoint(text string, known note.Verifiers) (Checkpoint, error) {
	n, err := note.Open([]byte(text), known)
	if err != nil {
		return Checkpoint{}, badCheckpoint.Because(err)
	}
	lines := strings.Split(n.Text, "\n") // a note's text ends in a newline, so the last is empty
	if len(lines) < 4 {
		return Checkpoint{}, badCheckpoint.Because(errors.New("fewer than three lines"))
	}
	c := Checkpoint{Origin: lines[0], Note: text}
	c.Size, err = strconv.ParseInt(lines[1], 10, 64)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || err2 != nil || c.Size < 0 || len(root) != tlog.HashSize || n.Sigs[0].Name != c.Origin {
		return Checkpoint{}, badCheckpoint.Because(errors.New("not a checkpoint"))
	}
	c.Root = tlog.Hash(root)
	return c, nil
}
