package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/corpus/format"
	"advisor/internal/problem"
)

const (
	// inFlight bounds the bytes of files that are held at once; a text takes
	// several times its size on its way. A larger file has the way to itself.
	inFlight = 16 << 20
	// A transaction saves so many documents or passages at most: enough to make
	// the commit cheap, little to do again after a crash.
	batchDocuments = 64
	batchPassages  = 1200
	// embedAtOnce bounds the texts handed to the model in one call.
	embedAtOnce = 512
	// indexEvery is how often the index catches up while an import runs.
	indexEvery = 3 * time.Second
)

// job is one import under way. The report and the meter are the writer's alone.
type job struct {
	*Importer
	actor   accounts.Account
	options Options
	known   map[string]string
	report  Report
	meter   *meter
}

// read is a source that has been read, or why it could not be.
type read struct {
	source  source
	hash    string
	cut     corpus.Cut
	vectors [][]float32
	same    bool
	err     error
	release func()
	also    func(ctx context.Context, tx pgx.Tx, s corpus.Saved) error // what else the transaction does
}

// pump reads, cuts and embeds on every processor and saves on this goroutine.
// The channel and the semaphore hold back the readers when saving is slower.
func (j *job) pump(ctx context.Context, sources []source) error {
	group, ctx := errgroup.WithContext(ctx)
	done := make(chan read, 16)
	feed := make(chan source)
	group.Go(func() error {
		defer close(feed)
		for _, s := range sources {
			select {
			case feed <- s:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	budget := semaphore.NewWeighted(inFlight)
	var readers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		readers.Add(1)
		group.Go(func() error {
			defer readers.Done()
			return j.readAll(ctx, feed, done, budget)
		})
	}
	group.Go(func() error { readers.Wait(); close(done); return nil })
	group.Go(func() error { return j.write(ctx, done) })
	return group.Wait()
}

func (j *job) readAll(ctx context.Context, feed <-chan source, done chan<- read, budget *semaphore.Weighted) error {
	for s := range feed {
		weight := min(max(s.size, 4096), inFlight)
		if err := budget.Acquire(ctx, weight); err != nil {
			return err
		}
		r := j.readOne(ctx, s)
		r.release = func() { budget.Release(weight) }
		select {
		case done <- r:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// readOne takes one file as far as the database. A reader that panics on a
// hostile file must not take the other files with it.
func (j *job) readOne(ctx context.Context, s source) (r read) {
	r.source = s
	defer func() {
		if p := recover(); p != nil {
			j.log.Error("a file made its reader panic", "path", s.path, "panic", fmt.Sprint(p))
			r.err = problem.New(problem.Failed, "unreadable", "读取 "+s.path, "文件内容异常", "请确认文件能正常打开")
		}
	}()
	in, closing, err := s.open()
	if err != nil {
		r.err = err
		return r
	}
	defer func() { _ = closing() }()
	if r.hash, r.err = hashOf(s, in); r.err != nil {
		return r
	}
	if r.same = j.known[s.path] == r.hash; r.same {
		return r
	}
	f, err := format.Read(ctx, s.name, in, s.size)
	if err != nil {
		r.err = err
		return r
	}
	r.cut = corpus.CutFile(f, s.header)
	if len(f.Pages) > 0 {
		r.also = keepPaged(s, r.cut)
	}
	if !j.options.Preview {
		r.vectors, r.err = j.embed(ctx, r.cut)
	}
	return r
}

// keepPaged keeps a file that has pages beside its version, so that the page
// itself can be shown.
func keepPaged(s source, c corpus.Cut) func(context.Context, pgx.Tx, corpus.Saved) error {
	return func(ctx context.Context, tx pgx.Tx, saved corpus.Saved) error {
		if saved.Change == corpus.Unchanged {
			return nil
		}
		in, closing, err := s.open()
		if err != nil {
			return err
		}
		defer func() { _ = closing() }()
		return corpus.KeepOriginal(ctx, tx, s.scope, corpus.Original{VersionID: saved.VersionID, Name: s.name, Size: s.size, Pages: c.Pages, Spots: c.Spots},
			io.NewSectionReader(in, 0, s.size))
	}
}

// hashOf identifies what is imported: the file's bytes and what the manifest
// says of it, so that a corrected date counts as a change; and how it was cut, so
// that a better cutter cuts it again.
func hashOf(s source, in io.ReaderAt) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(in, 0, s.size)); err != nil {
		return "", err
	}
	header, err := json.Marshal(s.header)
	if err != nil {
		return "", err
	}
	_, _ = h.Write(header)
	fmt.Fprintf(h, "cutter %d", corpus.Cutter)
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// embed gives the vectors of a cut file's passages, in order.
func (j *job) embed(ctx context.Context, c corpus.Cut) ([][]float32, error) {
	var out [][]float32
	for from := 0; from < len(c.Passages); from += embedAtOnce {
		page := c.Passages[from:min(len(c.Passages), from+embedAtOnce)]
		texts := make([]string, len(page))
		for n, p := range page {
			texts[n] = p.Context + " " + c.Text[p.Start:p.End]
		}
		vectors, err := j.index.Embed(ctx, texts)
		if err != nil {
			return nil, err
		}
		out = append(out, vectors...)
	}
	return out, nil
}

// write saves what comes, in batches of what has piled up meanwhile.
func (j *job) write(ctx context.Context, done <-chan read) error {
	var batch []read
	passages, indexed := 0, j.now()
	flush := func() error {
		err := j.save(ctx, batch)
		for _, r := range batch {
			r.release()
		}
		batch, passages = batch[:0], 0
		if err == nil && !j.options.Preview && j.now().Sub(indexed) > indexEvery {
			indexed = j.now()
			err = j.index.Sync(ctx)
		}
		return err
	}
	for {
		r, more, waited := next(done, len(batch) == 0)
		if waited {
			if err := flush(); err != nil {
				return err
			}
			continue
		}
		if !more {
			return flush()
		}
		if j.count(r) {
			r.release()
			continue
		}
		batch, passages = append(batch, r), passages+len(r.cut.Passages)
		if len(batch) >= batchDocuments || passages >= batchPassages {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

// patience is how long a batch waits for company. Without it a slow reader
// would make every document a transaction of its own.
const patience = 30 * time.Millisecond

// next gives the next file read. When there is a batch to save and nothing has
// come for a while it says so instead.
func next(done <-chan read, idle bool) (r read, more, waited bool) {
	if idle {
		r, more = <-done
		return r, more, false
	}
	select {
	case r, more = <-done:
		return r, more, false
	case <-time.After(patience):
		return read{}, true, true
	}
}

// count takes note of a file that needs no saving, and says whether it is one.
func (j *job) count(r read) bool {
	switch {
	case r.err != nil:
		j.fail(r)
	case r.same:
		j.report.Documents.Unchanged++
	case j.options.Preview:
		j.report.Provisions += len(r.cut.Provisions)
		j.tally(r, j.wouldBe(r))
	default:
		return false
	}
	j.meter.add(0, j.report.Documents.Failed)
	return true
}

func (j *job) wouldBe(r read) string {
	if _, ok := j.known[r.source.path]; ok {
		return corpus.Updated
	}
	return corpus.Added
}

func (j *job) fail(r read) {
	j.report.Documents.Failed++
	j.report.Failures = append(j.report.Failures, Failure{r.source.path, reason(r.err)})
}

// reason is an error in words for people; what is none goes along for operators.
func reason(err error) string {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return cause(err)
	}
	s := p.Why
	if p.Do != "" {
		s += "；" + p.Do
	}
	return s
}

// save stores a batch in one transaction. When that fails the files go one by
// one, so that a bad one costs only itself.
func (j *job) save(ctx context.Context, batch []read) error {
	if len(batch) == 0 {
		return nil
	}
	done, err := j.commit(ctx, batch)
	if err != nil && ctx.Err() == nil && len(batch) > 1 && !stops(err) {
		for n := range batch {
			if err := j.save(ctx, batch[n:n+1]); err != nil {
				return err
			}
		}
		return nil
	}
	if err != nil && (ctx.Err() != nil || stops(err)) {
		return fmt.Errorf("save documents: %w", err)
	}
	for n, r := range batch {
		if err != nil {
			r.err = err
			j.fail(r)
			j.log.Warn("a file could not be saved", "path", r.source.path, "error", err)
		} else {
			j.tally(r, done[n].change)
			if done[n].withdrawn {
				j.report.Warnings = append(j.report.Warnings, Failure{r.source.path, "已从公开范围收回，改为只在知悉范围 " + r.source.scope + " 内可见"})
			}
			j.report.Provisions += len(r.cut.Provisions)
		}
		j.meter.add(len(r.cut.Passages), j.report.Documents.Failed)
	}
	return nil
}

// stops says that the error would meet every other file too.
func stops(err error) bool {
	var p *problem.Problem
	return errors.As(err, &p) && (p.Code == "no-right" || p.Code == "disk-full" || p.Code == "database")
}

// saved is what became of one file.
type saved struct {
	change    string
	withdrawn bool
}

func (j *job) commit(ctx context.Context, batch []read) (done []saved, err error) {
	err = j.db.As(ctx, j.actor.ID, func(tx pgx.Tx) error {
		done = done[:0]
		all := make([]corpus.Saved, 0, len(batch))
		for _, r := range batch {
			s, err := corpus.Save(ctx, tx, j.actor.ID, r.source.scope, r.source.path, r.hash, r.cut)
			if err != nil {
				return fmt.Errorf("save %s: %w", r.source.path, err)
			}
			if err := j.index.SaveVectors(ctx, tx, r.source.scope, s.Passages, inOrder(s.Passages, r.vectors)); err != nil {
				return fmt.Errorf("save %s: %w", r.source.path, err)
			}
			if r.also != nil {
				if err := r.also(ctx, tx, s); err != nil {
					return fmt.Errorf("save %s: %w", r.source.path, err)
				}
			}
			all, done = append(all, s), append(done, saved{s.Change, s.Withdrawn})
		}
		return corpus.Announce(ctx, tx, j.now(), j.actor.ID, all...)
	})
	return done, err
}

// inOrder picks the vectors of the passages that were saved.
func inOrder(saved []corpus.SavedPassage, vectors [][]float32) [][]float32 {
	out := make([][]float32, 0, len(saved))
	for _, p := range saved {
		if p.Ord < len(vectors) {
			out = append(out, vectors[p.Ord])
		}
	}
	return out
}

func (j *job) tally(r read, change string) {
	switch change {
	case corpus.Added:
		j.report.Documents.Added++
	case corpus.Updated:
		j.report.Documents.Updated++
	default:
		j.report.Documents.Unchanged++
		return
	}
	j.report.Passages += len(r.cut.Passages)
	for _, w := range r.cut.Warnings {
		j.report.Warnings = append(j.report.Warnings, Failure{r.source.path, w})
	}
}
