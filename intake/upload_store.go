package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/internal/problem"
	"advisor/internal/queue"
)

// Uploaded is a file of an upload, and how far it has come.
type Uploaded struct {
	ID         int64     `json:"id,string"`
	UploadID   int64     `json:"-"`
	ParentID   int64     `json:"-"`
	Scope      string    `json:"scope"`
	Name       string    `json:"name"`
	Size       int64     `json:"size"`
	Stage      string    `json:"stage"`
	Reason     string    `json:"reason,omitempty"`
	Warnings   []string  `json:"warnings,omitempty"`
	Kind       string    `json:"kind,omitempty"`
	Provisions int       `json:"provisions"`
	Passages   int       `json:"passages"`
	DocumentID int64     `json:"document_id,string,omitempty"`
	VersionID  int64     `json:"version_id,string,omitempty"`
	ChangedAt  time.Time `json:"changed_at"`

	hash  string
	depth int
}

// Final says that nothing more will happen to the file by itself.
func (f Uploaded) Final() bool {
	switch f.Stage {
	case Done, Same, Opened, Broken, Cancelled:
		return true
	}
	return false
}

// Upload is a batch of files.
type Upload struct {
	ID    int64      `json:"job_id,string"`
	State string     `json:"state"` // running, done, partly, failed, cancelled
	Scope string     `json:"scope"`
	By    string     `json:"by"`
	At    time.Time  `json:"at"`
	Files []Uploaded `json:"files"`
}

// chunkSize is how much of a file one row holds.
const chunkSize = 512 << 10

func putFile(ctx context.Context, tx pgx.Tx, f *Uploaded, body io.Reader) error {
	const q = `insert into upload_file (upload_id, scope, parent_id, depth, name, size, hash) values ($1, $2, nullif($3, 0), $4, $5, $6, $7)
		returning id, stage, changed_at`
	err := tx.QueryRow(ctx, q, f.UploadID, f.Scope, f.ParentID, f.depth, f.Name, f.Size, f.hash).Scan(&f.ID, &f.Stage, &f.ChangedAt)
	if err != nil {
		return fmt.Errorf("enter file %q: %w", f.Name, err)
	}
	buf := make([]byte, chunkSize)
	for seq := 0; ; seq++ {
		n, err := io.ReadFull(body, buf)
		if n > 0 {
			const q = `insert into upload_chunk (file_id, scope, seq, data) values ($1, $2, $3, $4)`
			if _, err := tx.Exec(ctx, q, f.ID, f.Scope, seq, buf[:n]); err != nil {
				return fmt.Errorf("store file %q: %w", f.Name, err)
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read file %q: %w", f.Name, err)
		}
	}
}

// copyFile writes an uploaded file's bytes to w.
func copyFile(ctx context.Context, tx pgx.Tx, id int64, w io.Writer) error {
	rows, err := tx.Query(ctx, `select data from upload_chunk where file_id = $1 order by seq`, id)
	if err != nil {
		return fmt.Errorf("read uploaded file %d: %w", id, err)
	}
	var data []byte
	_, err = pgx.ForEachRow(rows, []any{&data}, func() error {
		_, err := w.Write(data)
		return err
	})
	return err
}

const fileColumns = `f.id, f.upload_id, coalesce(f.parent_id, 0), f.depth, f.scope, f.name, f.size, f.hash, f.stage, f.reason, f.warnings, f.kind,
	f.provisions, f.passages, coalesce(v.document_id, 0), coalesce(f.version_id, 0), f.changed_at`

func scanFile(row pgx.CollectableRow) (f Uploaded, err error) {
	err = row.Scan(&f.ID, &f.UploadID, &f.ParentID, &f.depth, &f.Scope, &f.Name, &f.Size, &f.hash, &f.Stage, &f.Reason, &f.Warnings, &f.Kind,
		&f.Provisions, &f.Passages, &f.DocumentID, &f.VersionID, &f.ChangedAt)
	return f, err
}

// Job reads a batch with its files.
func (i *Importer) Job(ctx context.Context, actor accounts.Account, id int64) (Upload, error) {
	all, err := i.uploads(ctx, actor, `where u.id = $1`, id, 1)
	if err != nil {
		return Upload{}, err
	}
	if len(all) == 0 {
		return Upload{}, errNoUpload
	}
	return all[0], nil
}

// Recent lists the newest batches that the actor may see, newest first.
func (i *Importer) Recent(ctx context.Context, actor accounts.Account, most int) ([]Upload, error) {
	return i.uploads(ctx, actor, `where $1 = 0`, 0, most)
}

func (i *Importer) uploads(ctx context.Context, actor accounts.Account, where string, id int64, most int) (all []Upload, err error) {
	err = i.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select u.id, u.scope, a.name, u.created_at from upload u join account a on a.id = u.account_id `+where+` order by u.id desc limit $2`, id, most)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (u Upload, err error) {
			err = row.Scan(&u.ID, &u.Scope, &u.By, &u.At)
			return u, err
		})
		for n := range all {
			if err != nil {
				break
			}
			rows, err = tx.Query(ctx, `select `+fileColumns+` from upload_file f left join version v on v.id = f.version_id where f.upload_id = $1 order by f.id limit 5000`, all[n].ID)
			if err == nil {
				all[n].Files, err = pgx.CollectRows(rows, scanFile)
				all[n].State = stateOf(all[n].Files)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list uploads: %w", err)
	}
	return all, nil
}

// stateOf sums up a batch.
func stateOf(files []Uploaded) string {
	good, bad, off := 0, 0, 0
	for _, f := range files {
		switch {
		case !f.Final():
			return "running"
		case f.Stage == Broken:
			bad++
		case f.Stage == Cancelled:
			off++
		default:
			good++
		}
	}
	switch {
	case bad+off == 0:
		return "done"
	case good > 0:
		return "partly"
	case bad == 0:
		return "cancelled"
	}
	return "failed"
}

// Cancel stops a file that is not finished. What it has not saved it never will.
func (i *Importer) Cancel(ctx context.Context, actor accounts.Account, file int64) error {
	return i.turn(ctx, actor, file, "upload.cancelled", `update upload_file set stage = 'cancelled', changed_at = now()
		where id = $1 and stage in ('waiting','reading','cutting','embedding','saving') returning upload_id`,
		problem.New(problem.Conflict, "not-running", "没有取消", "这个文件已经办完，或不在您的权限之内", "请刷新页面"), false)
}

// Retry puts a failed or cancelled file back in the queue.
func (i *Importer) Retry(ctx context.Context, actor accounts.Account, file int64) error {
	return i.turn(ctx, actor, file, "upload.retried", `update upload_file set stage = 'waiting', reason = '', beat_at = null, changed_at = now()
		where id = $1 and stage in ('failed','cancelled') and exists (select from upload_chunk where file_id = $1) returning upload_id`,
		problem.New(problem.Conflict, "not-failed", "没有重试", "这个文件没有失败，或原文件已不在", "请刷新页面；必要时重新上传"), true)
}

func (i *Importer) turn(ctx context.Context, actor accounts.Account, file int64, kind, sql string, refused *problem.Problem, again bool) error {
	return i.db.As(ctx, actor.ID, func(tx pgx.Tx) error {
		var upload int64
		err := tx.QueryRow(ctx, sql, file).Scan(&upload)
		if errors.Is(err, pgx.ErrNoRows) {
			return refused
		}
		if err == nil && again {
			err = queue.Enqueue(ctx, tx, queue.Upload, queue.UploadArgs{File: file})
		}
		if err != nil {
			return fmt.Errorf("%s %d: %w", kind, file, err)
		}
		return i.note(ctx, tx, actor, kind, file, map[string]any{"upload": upload})
	})
}
