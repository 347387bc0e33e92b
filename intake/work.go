package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/corpus/format"
	"advisor/internal/problem"
	"advisor/internal/queue"
)

const (
	beat  = 2 * time.Second  // between a worker's signs of life
	stale = 30 * time.Second // without one the worker is taken for dead
)

// WorkTime is what one uploaded file may take in all.
const WorkTime = 20 * time.Minute

// People finds an account by its id.
type People interface {
	ByID(ctx context.Context, id int64) (accounts.Account, error)
}

// Work takes one uploaded file into the corpus on behalf of who sent it. It may
// run twice or beside a twin: the file's row says who is at it, and only the
// transaction that saves the document makes anything visible. What is wrong
// with the file ends in its row; the error is for what a later try may mend.
func (i *Importer) Work(ctx context.Context, people People, file int64) error {
	owner, err := i.claim(ctx, file)
	if err != nil || owner == 0 {
		return err
	}
	actor, err := people.ByID(ctx, owner)
	if err != nil {
		return fmt.Errorf("sender of file %d: %w", file, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go i.heartbeat(ctx, cancel, file)
	err = i.workOn(ctx, actor, file)
	switch {
	case err == nil || errors.Is(context.Cause(ctx), errCancelled):
		return nil
	case ctx.Err() != nil:
		i.release(context.WithoutCancel(ctx), file)
		return err
	}
	return i.fail(context.WithoutCancel(ctx), actor, file, err)
}

var errCancelled = errors.New("cancelled by a person")

// claim takes the file for this worker, and says whose it is; 0 when somebody
// else is at it or nothing is left to do.
func (i *Importer) claim(ctx context.Context, file int64) (owner int64, err error) {
	const q = `update upload_file f set stage = 'reading', beat_at = now(), changed_at = now() from upload u
		where f.id = $1 and u.id = f.upload_id and (f.stage = 'waiting'
			or f.stage in ('reading','cutting','embedding','saving') and (f.beat_at is null or f.beat_at < now() - $2::interval))
		returning u.account_id`
	err = i.db.Work(ctx, func(tx pgx.Tx) error {
		owner = 0
		err := tx.QueryRow(ctx, q, file, stale).Scan(&owner)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("claim file %d: %w", file, err)
	}
	return owner, nil
}

// release gives the file back: the program is stopping.
func (i *Importer) release(ctx context.Context, file int64) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	err := i.db.Work(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update upload_file set stage = 'waiting', beat_at = null, changed_at = now() where id = $1 and stage in ('reading','cutting','embedding','saving')`, file)
		return err
	})
	if err != nil {
		i.log.Warn("a file was left under way; it is taken up again", "file", file, "error", err)
	}
}

// heartbeat says that the worker lives, and hears when a person cancels.
func (i *Importer) heartbeat(ctx context.Context, cancel context.CancelCauseFunc, file int64) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var live bool
		err := i.db.Work(ctx, func(tx pgx.Tx) error {
			err := tx.QueryRow(ctx, `update upload_file set beat_at = now() where id = $1 and stage in ('reading','cutting','embedding','saving') returning true`, file).Scan(&live)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			return err
		})
		if err == nil && !live {
			cancel(errCancelled)
			return
		}
	}
}

// Resume puts files back in the queue whose worker died. It runs as a job, each minute.
func (i *Importer) Resume(ctx context.Context) error {
	return i.db.Work(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `update upload_file set stage = 'waiting', beat_at = null where id in (select id from upload_file
			where stage in ('reading','cutting','embedding','saving') and (beat_at is null or beat_at < now() - $1::interval) order by id limit 500 for update skip locked) returning id`, stale)
		if err != nil {
			return fmt.Errorf("find files left behind: %w", err)
		}
		files, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		for _, file := range files {
			if err == nil {
				err = queue.Enqueue(ctx, tx, queue.Upload, queue.UploadArgs{File: file})
			}
		}
		return err
	})
}

func (i *Importer) fail(ctx context.Context, actor accounts.Account, file int64, cause error) error {
	i.log.Info("an uploaded file was not taken in", "file", file, "error", cause)
	return i.db.As(ctx, actor.ID, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `update upload_file set stage = 'failed', reason = $2, changed_at = now() where id = $1 and stage <> 'cancelled'`, file, reason(cause))
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return i.note(ctx, tx, actor, "upload.failed", file, map[string]any{"code": codeOf(cause)})
	})
}

func codeOf(err error) string {
	var p *problem.Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return "failed"
}

// workOn reads, cuts, embeds and saves, telling the file's row each step.
func (i *Importer) workOn(ctx context.Context, actor accounts.Account, file int64) error {
	var f Uploaded
	tmp, err := i.temp()
	if err != nil {
		return diskProblem("", err)
	}
	defer drop(tmp)
	err = i.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select `+fileColumns+` from upload_file f left join version v on v.id = f.version_id where f.id = $1`, file)
		if err != nil {
			return err
		}
		if f, err = pgx.CollectExactlyOneRow(rows, scanFile); err != nil {
			return err
		}
		return copyFile(ctx, tx, file, tmp)
	})
	if err != nil {
		return fmt.Errorf("fetch uploaded file %d: %w", file, err)
	}
	if isArchive(f.Name) {
		return i.open(ctx, actor, f, tmp)
	}
	if err := i.mayImport(ctx, actor, f.Scope); err != nil {
		return err
	}
	return i.takeIn(ctx, actor, f, tmp)
}

func (i *Importer) takeIn(ctx context.Context, actor accounts.Account, f Uploaded, tmp *os.File) error {
	j := &job{Importer: i, actor: actor, options: Options{Scope: f.Scope}, known: map[string]string{}}
	r := read{source: source{path: importPath("上传", f.Name), name: f.Name, scope: f.Scope, size: f.Size,
		open: func() (io.ReaderAt, func() error, error) { return tmp, func() error { return nil }, nil }}}
	err := j.careful(f.Name, func() (err error) {
		if r.hash, err = hashOf(r.source, tmp); err != nil {
			return err
		}
		read, err := format.Read(ctx, f.Name, tmp, f.Size)
		if err != nil {
			return err
		}
		if err := i.stage(ctx, actor, f.ID, Cutting); err != nil {
			return err
		}
		r.cut = corpus.CutFile(read, corpus.Header{})
		return nil
	})
	if err != nil {
		return err
	}
	if r.source.path, err = i.pathFor(ctx, actor, f, r.cut); err != nil {
		return err
	}
	if err := i.stage(ctx, actor, f.ID, Embedding); err != nil {
		return err
	}
	if r.vectors, err = j.embed(ctx, r.cut); err != nil {
		return err
	}
	if err := i.stage(ctx, actor, f.ID, Saving); err != nil {
		return err
	}
	r.also = func(ctx context.Context, tx pgx.Tx, s corpus.Saved) error {
		return i.finish(ctx, tx, f, r, s, tmp)
	}
	if _, err := j.commit(ctx, []read{r}); err != nil {
		return err
	}
	return i.index.Sync(ctx)
}

// pathFor is the file's import path. A file of the same name that is another
// document must not take its place.
func (i *Importer) pathFor(ctx context.Context, actor accounts.Account, f Uploaded, c corpus.Cut) (string, error) {
	plain := importPath("上传", f.Name)
	var identity string
	err := i.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		const q = `select d.identity from version v join document d on d.id = v.document_id where v.scope = $1 and v.import_path = $2`
		err := tx.QueryRow(ctx, q, f.Scope, plain).Scan(&identity)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err == nil && identity != "" && identity != corpus.Identity(c.Header, plain) {
		plain = importPath("上传", strings.TrimPrefix(f.hash, "sha256:")[:12], f.Name)
	}
	return plain, err
}

// finish is the last of the transaction that saves the document.
func (i *Importer) finish(ctx context.Context, tx pgx.Tx, f Uploaded, r read, s corpus.Saved, tmp *os.File) error {
	stage := Done
	if s.Change == corpus.Unchanged {
		stage = Same
	} else {
		o := corpus.Original{VersionID: s.VersionID, Name: f.Name, Size: f.Size, Pages: r.cut.Pages, Spots: r.cut.Spots}
		if err := corpus.KeepOriginal(ctx, tx, f.Scope, o, io.NewSectionReader(tmp, 0, f.Size)); err != nil {
			return err
		}
	}
	warnings := r.cut.Warnings
	if warnings == nil {
		warnings = []string{}
	}
	tag, err := tx.Exec(ctx, `update upload_file set stage = $2, version_id = $3, kind = $4, provisions = $5, passages = $6, warnings = $7, changed_at = now()
		where id = $1 and stage in ('reading','cutting','embedding','saving')`, f.ID, stage, s.VersionID, r.cut.Header.Kind, len(r.cut.Provisions), len(r.cut.Passages), warnings)
	if err != nil {
		return fmt.Errorf("finish file %d: %w", f.ID, err)
	}
	if tag.RowsAffected() == 0 {
		return errCancelled
	}
	_, err = tx.Exec(ctx, `delete from upload_chunk where file_id = $1`, f.ID)
	return err
}

// stage notes how far a file has come. A cancelled file goes no further.
func (i *Importer) stage(ctx context.Context, actor accounts.Account, file int64, stage string) error {
	return i.db.As(ctx, actor.ID, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `update upload_file set stage = $2, beat_at = now(), changed_at = now() where id = $1 and stage in ('reading','cutting','embedding','saving')`, file, stage)
		if err == nil && tag.RowsAffected() == 0 {
			err = errCancelled
		}
		return err
	})
}

// careful keeps a reader that panics on a hostile file from taking more with it.
func (j *job) careful(name string, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			j.log.Error("a file made its reader panic", "path", name, "panic", fmt.Sprint(p))
			err = problem.New(problem.Failed, "unreadable", "读取 "+name, "文件内容异常", "请确认文件能正常打开")
		}
	}()
	return fn()
}

// open unpacks an archive: each file in it becomes a row and a job of its own.
func (i *Importer) open(ctx context.Context, actor accounts.Account, f Uploaded, tmp *os.File) error {
	if f.depth >= maxDepth {
		return problem.New(problem.Invalid, "archive-too-deep", "打开压缩包 "+f.Name, fmt.Sprintf("压缩包嵌套超过 %d 层", maxDepth), "请解压后再上传")
	}
	return i.db.As(ctx, actor.ID, func(tx pgx.Tx) error {
		n, skipped := 0, 0
		err := eachIn(ctx, f.Name, tmp, f.Size, func(name string, _ int64, body io.Reader) error {
			if !format.Readable(name) && !isArchive(name) {
				skipped++
				return nil
			}
			if n++; n > maxFiles {
				return tooBig(f.Name)
			}
			landed, size, hash, err := i.land(body)
			if err != nil {
				return err
			}
			defer drop(landed)
			if _, err := landed.Seek(0, io.SeekStart); err != nil {
				return err
			}
			inner := Uploaded{UploadID: f.UploadID, ParentID: f.ID, depth: f.depth + 1, Scope: f.Scope, Name: safeName(path.Base(name)), Size: size, hash: hash}
			if err := putFile(ctx, tx, &inner, landed); err != nil {
				return err
			}
			return queue.Enqueue(ctx, tx, queue.Upload, queue.UploadArgs{File: inner.ID})
		})
		if err != nil {
			return archiveProblem(f.Name, err)
		}
		if n == 0 {
			return problem.New(problem.Invalid, "empty-archive", "打开压缩包 "+f.Name, "压缩包里没有可以读取的文件", "请确认压缩包内容")
		}
		warnings := []string{}
		if skipped > 0 {
			warnings = append(warnings, fmt.Sprintf("有 %d 个文件的类型不能读取，已略过", skipped))
		}
		tag, err := tx.Exec(ctx, `update upload_file set stage = 'opened', warnings = $2, changed_at = now() where id = $1 and stage = 'reading'`, f.ID, warnings)
		if err == nil && tag.RowsAffected() == 0 {
			return errCancelled
		}
		if err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, `delete from upload_chunk where file_id = $1`, f.ID); err != nil {
			return err
		}
		return i.note(ctx, tx, actor, "upload.opened", f.ID, map[string]any{"files": n})
	})
}
