package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"advisor/internal/problem"

	"golang.org/x/mod/sumdb/tlog"
)

// Kept is the folder of an outside witness: the checkpoints it has seen, each
// proved to extend the one before. It runs on another machine, under another
// hand, and trusts nothing but the log's public keys. What it holds is what the
// office can no longer rewrite unnoticed.
type Kept struct {
	Dir  string
	Keys []string
}

var (
	forked = problem.New(problem.Failed, "log-forked", "见证未通过", "日志与本机保存的检查点不一致：有记录被改写，或者向不同的人出示了不同的日志", "请保存 refused 文件，停止信任该系统，立即报告审计部门")
	shrunk = problem.New(problem.Failed, "log-shrunk", "见证未通过", "日志比本机保存的检查点短：有记录被删除，或者系统被恢复到较早的备份", "请保存 refused 文件，立即报告审计部门")
)

// Latest is the newest checkpoint kept; its Size is 0 when there is none.
func (k Kept) Latest() (Checkpoint, error) {
	files, err := filepath.Glob(filepath.Join(k.Dir, "*.checkpoint"))
	if err != nil {
		return Checkpoint{}, err
	}
	known, err := verifiers(k.Keys)
	if err != nil {
		return Checkpoint{}, err
	}
	var last Checkpoint
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return Checkpoint{}, fmt.Errorf("read a kept checkpoint: %w", err)
		}
		c, err := openCheckpoint(string(text), known)
		if err != nil {
			return Checkpoint{}, problem.New(problem.Failed, "kept-damaged", "未能读取本机保存的检查点", filepath.Base(file)+" 被改动过，或者签署它的公钥不在所给之列", "请从备份恢复这个文件夹，或用 --succession 给出密钥更换声明").Because(err)
		}
		if c.Size > last.Size {
			last = c
		}
	}
	return last, nil
}

// Accept takes the log's word that it is now as text says, if it can prove that
// it only grew: proof gives the consistency proof between two sizes. A log that
// shrank or forked is refused, and what it said is kept as evidence.
func (k Kept) Accept(text []byte, proof func(older, newer int64) (tlog.TreeProof, error)) (Checkpoint, error) {
	known, err := verifiers(k.Keys)
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := openCheckpoint(string(text), known)
	if err != nil {
		return Checkpoint{}, k.refuse(text, err)
	}
	last, err := k.Latest()
	if err != nil {
		return Checkpoint{}, err
	}
	switch {
	case last.Size == 0:
	case c.Origin != last.Origin:
		return Checkpoint{}, k.refuse(text, forked.Because(fmt.Errorf("origin %s, was %s", c.Origin, last.Origin)))
	case c.Size < last.Size:
		return Checkpoint{}, k.refuse(text, shrunk.Because(fmt.Errorf("size %d, was %d", c.Size, last.Size)))
	case c.Size == last.Size:
		if c.Root != last.Root {
			return Checkpoint{}, k.refuse(text, forked.Because(fmt.Errorf("two roots of size %d", c.Size)))
		}
		return c, nil
	default:
		p, err := proof(last.Size, c.Size)
		if err != nil {
			return Checkpoint{}, fmt.Errorf("ask for a consistency proof: %w", err)
		}
		if err := tlog.CheckTree(p, c.Size, c.Root, last.Size, last.Root); err != nil {
			return Checkpoint{}, k.refuse(text, forked.Because(err))
		}
	}
	return c, k.keep(c)
}

// keep writes a checkpoint under its size and never over another.
func (k Kept) keep(c Checkpoint) error {
	if err := os.MkdirAll(k.Dir, 0o755); err != nil {
		return fmt.Errorf("make the witness's folder: %w", err)
	}
	file := filepath.Join(k.Dir, fmt.Sprintf("%012d.checkpoint", c.Size))
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keep a checkpoint: %w", err)
	}
	_, err = f.WriteString(c.Note)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("keep a checkpoint: %w", err)
	}
	return nil
}

// refuse keeps what was refused: it is the proof of what the log's keeper claimed.
func (k Kept) refuse(text []byte, why error) error {
	if err := os.MkdirAll(k.Dir, 0o755); err != nil {
		return errors.Join(why, err)
	}
	file := filepath.Join(k.Dir, "refused-"+time.Now().UTC().Format("20060102T150405.000000000")+".txt")
	if err := os.WriteFile(file, text, 0o444); err != nil {
		return errors.Join(why, err)
	}
	return why
}

// ParseProof reads a consistency proof as the interface for programs gives it.
func ParseProof(hashes []string) (tlog.TreeProof, error) {
	var p tlog.TreeProof
	for i, s := range hashes {
		raw, err := base64.StdEncoding.DecodeString(s)
		if err != nil || len(raw) != tlog.HashSize {
			return nil, errors.New("hash " + strconv.Itoa(i) + " of the proof is none")
		}
		p = append(p, tlog.Hash(raw))
	}
	return p, nil
}
