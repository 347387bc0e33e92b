package retrieval

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/embed"
	"advisor/internal/db"
	"advisor/segment"
)

// Index finds passages. It is safe for concurrent use, and any number of
// processes may have one open on the same folder.
type Index struct {
	db     *db.DB
	cutter *segment.Segmenter // shared with the other rooms
	plain  *segment.Segmenter // the same without the office's own words
	lexis  *lexis             // guarded by mu; readers take the view's
	dir    string             // of the snapshot; empty: kept in memory only
	log    *slog.Logger
	p      params
	blend  blend
	now    func() time.Time

	current atomic.Pointer[view]
	serving atomic.Pointer[model] // nil: words only
	next    atomic.Pointer[model] // what shall serve once its vectors are made
	rights  sync.Map              // account to the scopes it had at its last search

	mu       sync.Mutex // one change of the view at a time
	onDisk   saved
	diskSeq  int64
	lastSave time.Time
	lastLook time.Time // for vectors that came later than their passages
}

// Open loads the snapshot in dir, or builds the index from the database when
// there is none that fits, and brings it up to date with the log. Call Follow
// to keep it so, and Close in the end.
func Open(ctx context.Context, d *db.DB, e embed.Embedder, s *segment.Segmenter, dir string, log *slog.Logger) (*Index, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	x := &Index{db: d, cutter: s, plain: s.With(nil), dir: dir, log: log, p: tuned, blend: learned, now: time.Now, onDisk: newSaved(), diskSeq: -1}
	x.lexis = newLexis(x.plain, nil)
	if e != nil {
		x.serving.Store(&model{Embedder: e})
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	err := d.Work(ctx, func(tx pgx.Tx) error { return x.load(ctx, tx) })
	if err != nil {
		return nil, fmt.Errorf("open search index: %w", err)
	}
	if err := x.sync(ctx); err != nil {
		return nil, fmt.Errorf("bring search index up to date: %w", err)
	}
	return x, nil
}

// load sets the first view: the snapshot when it belongs to this database and
// this way of cutting terms, otherwise an empty one that sync fills.
func (x *Index) load(ctx context.Context, tx pgx.Tx) error {
	versions, err := allVersions(ctx, tx)
	if err != nil {
		return err
	}
	x.publish(nil, versions, -1)
	if x.dir == "" {
		return nil
	}
	m, parts, names, err := loadSnapshot(x.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		x.log.Warn("search index on disk is unusable and will be built again", "error", err)
		return nil
	}
	if m.Terms != x.fingerprint() {
		x.log.Info("search index was made by another version and will be built again")
		return nil
	}
	if a, err := anchor(ctx, tx, m.Seq); err != nil || a != m.Anchor {
		if err == nil {
			x.log.Warn("search index on disk belongs to another database and will be built again")
		}
		return err
	}
	x.onDisk, x.diskSeq = names, m.Seq
	if _, err := x.addVectors(ctx, parts, x.Embedder()); err != nil {
		return err
	}
	x.lexis = newLexis(x.plain, m.Words)
	x.publish(parts, versions, m.Seq)
	return nil
}

// sampleText holds every kind of term; how it is cut identifies the segmenter.
const sampleText = "云川市人民政府办公室关于印发《云川市公共数据共享管理办法》的通知（云政办发〔2024〕5号）第一百二十条之一第二款第（三）项，" +
	"自2025年3月1日起施行，经费12.5万元由市财政局保障。ＡＢＣ 数据 Data-3 的共享、开放与安全"

// fingerprint changes whenever the same passages would make another index.
func (x *Index) fingerprint() string {
	h := sha256.New()
	for _, t := range x.plain.Terms(sampleText) {
		_, _ = h.Write([]byte(t + "\n"))
	}
	_, _ = fmt.Fprintf(h, "%s %d %d", shardMagic, x.p.context, x.p.contextLength)
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// publish makes a new view the one that searches see.
func (x *Index) publish(parts []part, versions map[int64]*version, seq int64) {
	v := newView(parts, versions, seq)
	v.lexis = x.lexis
	x.current.Store(v)
}

// Passages is how many passages can be found.
func (x *Index) Passages() int { return x.current.Load().live }

// Close saves what has not been saved. The index must not be used afterwards.
func (x *Index) Close(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.save(ctx, 1)
}

// save writes a snapshot when at least so many passages, or any deletions, are
// not in the one on disk. It is not an error when another process keeps it.
func (x *Index) save(ctx context.Context, atLeast int) error {
	v := x.current.Load()
	unsaved := x.onDisk.lacks(v.parts)
	if x.dir == "" || v.seq < x.diskSeq || v.seq == x.diskSeq && unsaved == 0 {
		return nil
	}
	if unsaved < atLeast && atLeast > 1 {
		return nil
	}
	m := manifest{Terms: x.fingerprint(), Seq: v.seq, Words: v.lexis.words}
	err := x.db.Work(ctx, func(tx pgx.Tx) (err error) {
		m.Anchor, err = anchor(ctx, tx, v.seq)
		return err
	})
	if err != nil {
		return fmt.Errorf("save search index: %w", err)
	}
	parts, names, err := saveSnapshot(x.dir, m, v.parts, x.onDisk)
	if errors.Is(err, errBusy) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("save search index: %w", err)
	}
	x.onDisk, x.diskSeq, x.lastSave = names, v.seq, x.now()
	x.publish(parts, v.versions, v.seq)
	return nil
}
