package intake

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/internal/db"
	"advisor/internal/problem"
	"advisor/retrieval"
)

// Importer makes files searchable. It is safe for concurrent use.
type Importer struct {
	db    *db.DB
	index *retrieval.Index
	now   func() time.Time
	log   *slog.Logger
	spool string
}

// New makes an importer that feeds index.
func New(d *db.DB, index *retrieval.Index, now func() time.Time, log *slog.Logger) *Importer {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Importer{db: d, index: index, now: now, log: log}
}

// Options say what to import.
type Options struct {
	Paths    []string
	Scope    string   // empty: public
	Manifest string   // a TSV whose rows, not Paths, are imported
	Preview  bool     // read and cut, save nothing
	Without  []string // columns of the manifest that are left out, to be read from the texts
	Progress func(Progress)
}

// Import makes files searchable on behalf of actor. A file that fails costs
// only itself and is listed. The error is for what stops the whole.
func (i *Importer) Import(ctx context.Context, actor accounts.Account, o Options) (Report, error) {
	l, err := listed(o)
	if err != nil {
		return Report{}, err
	}
	return i.run(ctx, actor, l, o)
}

// Text is a document that is at hand as text.
type Text struct {
	Path   string // import path
	Header corpus.Header
	Body   string
}

// ImportTexts makes texts searchable, as files are.
func (i *Importer) ImportTexts(ctx context.Context, actor accounts.Account, scope string, texts []Text, progress func(Progress)) (Report, error) {
	var l list
	for _, t := range texts {
		l.sources = append(l.sources, fromMemory(importPath(t.Path), "text.txt", []byte(t.Body), t.Header))
	}
	l.refuseTwins()
	return i.run(ctx, actor, l, Options{Scope: scope, Progress: progress})
}

// ImportText makes one text searchable and gives its version: a precedent, for example.
func (i *Importer) ImportText(ctx context.Context, actor accounts.Account, scope, path string, h corpus.Header, text string) (versionID int64, err error) {
	r, err := i.ImportTexts(ctx, actor, scope, []Text{{Path: path, Header: h, Body: text}}, nil)
	if err != nil {
		return 0, err
	}
	if len(r.Failures) > 0 {
		return 0, problem.New(problem.Failed, "not-imported", "导入 "+path, r.Failures[0].Reason, "请检查内容后重试")
	}
	err = i.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select id from version where scope = $1 and import_path = $2`, scopeOr(scope), importPath(path)).Scan(&versionID)
	})
	return versionID, err
}

func scopeOr(scope string) string {
	if scope == "" {
		return accounts.PublicScope
	}
	return scope
}

// run imports what is listed: workers read and cut while one writer saves.
func (i *Importer) run(ctx context.Context, actor accounts.Account, l list, o Options) (Report, error) {
	o.Scope = scopeOr(o.Scope)
	for _, scope := range l.spread(o.Scope) {
		if err := i.mayImport(ctx, actor, scope); err != nil {
			return Report{}, err
		}
	}
	started := i.now()
	j := &job{Importer: i, actor: actor, options: o, known: map[string]string{}}
	j.report.Failures = append([]Failure{}, l.failures...)
	j.report.Documents.Missing, j.report.Documents.Failed = l.missing, len(l.failures)
	if err := j.lookUp(ctx, l.sources); err != nil {
		return j.report, err
	}
	j.meter = newMeter(len(l.sources), i.now, o.Progress)
	err := j.pump(ctx, l.sources)
	if err == nil {
		err = j.lookElsewhere(ctx, l.sources)
	}
	if err == nil && !o.Preview {
		err = j.settle(ctx)
	}
	slices.SortFunc(j.report.Failures, func(a, b Failure) int { return compareText(a.Path, b.Path) })
	j.report.Seconds = i.now().Sub(started).Seconds()
	return j.report, err
}

func compareText(a, b string) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// spread gives every source without a scope of its own the import's, and
// lists the scopes that are written to.
func (l *list) spread(scope string) []string {
	all := []string{scope}
	for n := range l.sources {
		s := &l.sources[n]
		if s.scope == "" {
			s.scope = scope
		}
		if !slices.Contains(all, s.scope) {
			all = append(all, s.scope)
		}
	}
	return all
}

// mayImport refuses early what the database would refuse for each document. An
// unknown scope must not end as a public document.
func (i *Importer) mayImport(ctx context.Context, actor accounts.Account, scope string) error {
	var known bool
	err := i.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select exists (select from scope where name = $1)`, scope).Scan(&known)
	})
	if err != nil {
		return err
	}
	if !known {
		return problem.New(problem.Refused, "no-scope", "导入到知悉范围 "+scope, "没有这一范围，或您没有这一范围的权限", "请管理员先用 advisor scope add 新增，再授予您")
	}
	if !slices.Contains(actor.Scopes, scope) && !actor.Has(accounts.Admin) {
		return problem.New(problem.Refused, "no-scope", "导入到知悉范围 "+scope, "您没有这一范围的权限", "请管理员授予该范围，或换一个范围")
	}
	if !actor.Has(accounts.Keeper) && !actor.Has(accounts.Admin) && !actor.Has(accounts.Decider) {
		return problem.New(problem.Refused, "no-right", "导入文件", "导入文件须有资料员角色", "请管理员授予该角色")
	}
	return nil
}

// lookUp asks, once for all files, under which hash each was imported before.
func (j *job) lookUp(ctx context.Context, sources []source) error {
	paths := map[string][]string{}
	for _, s := range sources {
		paths[s.scope] = append(paths[s.scope], s.path)
	}
	return j.db.Read(ctx, j.actor.ID, func(tx pgx.Tx) error {
		for scope, its := range paths {
			known, err := corpus.Known(ctx, tx, scope, its)
			if err != nil {
				return err
			}
			maps.Copy(j.known, known)
		}
		return nil
	})
}

// lookElsewhere says which files another scope holds too, when all is saved.
func (j *job) lookElsewhere(ctx context.Context, sources []source) error {
	paths := map[string][]string{}
	for _, s := range sources {
		paths[s.scope] = append(paths[s.scope], s.path)
	}
	return j.db.Read(ctx, j.actor.ID, func(tx pgx.Tx) error {
		for scope, its := range paths {
			if err := j.warnElsewhere(ctx, tx, scope, its); err != nil {
				return err
			}
		}
		return nil
	})
}

func (j *job) warnElsewhere(ctx context.Context, tx pgx.Tx, scope string, paths []string) error {
	other, err := corpus.Elsewhere(ctx, tx, scope, paths)
	if err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(other)) {
		j.report.Warnings = append(j.report.Warnings, Failure{path, "知悉范围 " + other[path] + " 里有路径相同的文件，仍对该范围的人可见；如应收回，请调整那份文件的知悉范围或登记废止"})
	}
	return nil
}

// settle brings the search index up to what was just saved, and makes the
// vectors that are missing. Nothing is lost when it fails: the next import, or
// serve, does it.
func (j *job) settle(ctx context.Context) error {
	j.meter.stage("更新检索索引")
	if err := j.index.Sync(ctx); err != nil {
		return err
	}
	if j.report.Documents.Added+j.report.Documents.Updated+j.report.Documents.Unchanged == 0 {
		return nil
	}
	// Documents saved under another model have no vectors of this one yet.
	j.meter.stage("补算向量")
	if _, err := j.index.FillVectors(ctx); err != nil && !errors.Is(err, context.Canceled) {
		j.log.Warn("passages without vectors were left; they are found by their words", "error", err)
	}
	j.meter.stage("完成")
	return ctx.Err()
}
