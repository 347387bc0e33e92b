package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/audit"
	"advisor/corpus/format"
	"advisor/internal/problem"
	"advisor/internal/queue"
)

// Limits of an upload.
const (
	MaxFile   = 256 << 20 // bytes of one file
	MaxUpload = 2 << 30   // bytes of one request
	maxFiles  = 2000      // of one batch, those out of archives included
	maxName   = 180       // bytes of a file's name
)

// The stages of an uploaded file.
const (
	Waiting   = "waiting"
	Reading   = "reading"
	Cutting   = "cutting"
	Embedding = "embedding"
	Saving    = "saving"
	Done      = "done"
	Same      = "unchanged"
	Opened    = "opened" // an archive: its files are rows of their own
	Broken    = "failed"
	Cancelled = "cancelled"
)

// Spool sets the folder where files lie while they come in or are read; the
// system's temporary folder when it is not called.
func (i *Importer) Spool(dir string) { i.spool = dir }

// Receive takes one file of a batch: to disk first, so that a slow sender holds
// no connection, then into the database with its job, in one transaction.
// upload 0 begins a batch.
func (i *Importer) Receive(ctx context.Context, actor accounts.Account, scope string, upload int64, name string, body io.Reader) (Uploaded, error) {
	scope = scopeOr(scope)
	if err := i.mayImport(ctx, actor, scope); err != nil {
		return Uploaded{}, err
	}
	name = safeName(name)
	if !format.Readable(name) && !isArchive(name) {
		return Uploaded{}, unreadableName(name)
	}
	tmp, size, hash, err := i.land(body)
	if err != nil {
		return Uploaded{}, diskProblem(name, err)
	}
	defer drop(tmp)
	f := Uploaded{UploadID: upload, Scope: scope, Name: name, Size: size, hash: hash}
	err = i.db.As(ctx, actor.ID, func(tx pgx.Tx) error {
		if _, err := tmp.Seek(0, io.SeekStart); err != nil {
			return err
		}
		return i.enter(ctx, tx, actor, &f, tmp)
	})
	return f, err
}

func unreadableName(name string) error {
	return problem.New(problem.Invalid, "file-type", "未能接收文件“"+name+"”", "还不能读取这种类型的文件", "可以上传 PDF、OFD、DOCX、DOC、WPS、XLSX、XLS、CSV、PPTX、EML、HTML、Markdown、文本，以及 ZIP、TAR、GZ、XZ 压缩包")
}

// land writes what comes to a file of its own.
func (i *Importer) land(body io.Reader) (*os.File, int64, string, error) {
	tmp, err := i.temp()
	if err != nil {
		return nil, 0, "", err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(tmp, sum), io.LimitReader(body, MaxFile+1))
	if err == nil && n > MaxFile {
		err = errTooLarge
	}
	if err != nil {
		drop(tmp)
		return nil, 0, "", err
	}
	return tmp, n, "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

var errTooLarge = errors.New("file too large")

func diskProblem(name string, err error) error {
	what := "未能接收文件“" + name + "”"
	switch {
	case errors.Is(err, errTooLarge):
		return problem.New(problem.Invalid, "too-large", what, fmt.Sprintf("文件超过 %d MB 的上限", MaxFile>>20), "请拆成几个文件后再上传")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return problem.New(problem.Failed, "disk-full", what, "磁盘已满", "请管理员清理磁盘后重试，已经保存的内容不受影响").Because(err)
	}
	return problem.New(problem.Failed, "not-received", what, "传送中断或无法写入磁盘", "请重试").Because(err)
}

// temp makes a file that has no name any more: it goes when it is closed.
func (i *Importer) temp() (*os.File, error) {
	if i.spool != "" {
		if err := os.MkdirAll(i.spool, 0o700); err != nil {
			return nil, err
		}
	}
	f, err := os.CreateTemp(i.spool, "file-")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

func drop(f *os.File) {
	if f != nil {
		_ = f.Close()
	}
}

// enter puts a file's row, bytes and job into tx.
func (i *Importer) enter(ctx context.Context, tx pgx.Tx, actor accounts.Account, f *Uploaded, body io.Reader) error {
	fresh := f.UploadID == 0
	if fresh {
		if err := tx.QueryRow(ctx, `insert into upload (scope, account_id) values ($1, $2) returning id`, f.Scope, actor.ID).Scan(&f.UploadID); err != nil {
			return fmt.Errorf("begin upload: %w", err)
		}
	} else if err := mayAdd(ctx, tx, actor, f); err != nil {
		return err
	}
	if err := putFile(ctx, tx, f, body); err != nil {
		return err
	}
	if err := queue.Enqueue(ctx, tx, queue.Upload, queue.UploadArgs{File: f.ID}); err != nil {
		return err
	}
	return i.note(ctx, tx, actor, "upload.received", f.ID, map[string]any{"upload": f.UploadID, "file": f.hash, "scope": f.Scope})
}

func (i *Importer) note(ctx context.Context, tx pgx.Tx, actor accounts.Account, kind string, file int64, data map[string]any) error {
	_, err := audit.Append(ctx, tx, i.now(), audit.Leaf{Kind: kind, Actor: actor.ID, Subject: audit.Subject("upload_file", file), Data: data})
	return err
}

// mayAdd refuses to add to somebody else's batch, or to one that is full.
func mayAdd(ctx context.Context, tx pgx.Tx, actor accounts.Account, f *Uploaded) error {
	var files int
	const q = `select u.scope, (select count(*) from upload_file where upload_id = u.id) from upload u where u.id = $1 and u.account_id = $2`
	err := tx.QueryRow(ctx, q, f.UploadID, actor.ID).Scan(&f.Scope, &files)
	if errors.Is(err, pgx.ErrNoRows) {
		return errNoUpload
	}
	if err == nil && files >= maxFiles {
		err = problem.New(problem.Invalid, "too-many-files", "未能接收文件", fmt.Sprintf("一批最多 %d 个文件", maxFiles), "请分批上传")
	}
	return err
}

var errNoUpload = problem.New(problem.NotFound, "no-upload", "没有找到这批文件", "编号不对，或者您无权查看", "请到资料员工作台查看")

// safeName makes a name that is fit to be shown and stored from whatever the
// sender calls the file: no folders, nothing invisible, not too long.
func safeName(name string) string {
	name = strings.ToValidUTF8(name, "")
	name = path.Base(path.Clean("/" + strings.ReplaceAll(name, "\\", "/")))
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return -1
		}
		return r
	}, name))
	ext := path.Ext(name)
	if len(ext) > 12 {
		ext = ""
	}
	stem := strings.TrimSuffix(name, ext)
	for len(stem)+len(ext) > maxName {
		_, n := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-n]
	}
	if strings.Trim(stem, ". /") == "" {
		stem = "未命名"
	}
	return stem + ext
}
