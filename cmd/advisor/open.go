package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"advisor/accounts"
	"advisor/advice"
	"advisor/audit"
	"advisor/chat"
	"advisor/embed"
	"advisor/embed/onnx"
	"advisor/embed/openai"
	"advisor/embed/static"
	"advisor/experts"
	"advisor/intake"
	"advisor/internal/db"
	"advisor/internal/localpg"
	"advisor/internal/problem"
	"advisor/llm"
	"advisor/migrations"
	"advisor/notify"
	"advisor/retrieval"
	"advisor/segment"
)

// env is the outside world and the rooms that a command has opened. Each opener
// opens what it needs first, in the order of the straight line: database,
// account, index, advice, experts. close closes them backwards.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string

	in      *inputs
	cfg     *config
	printed bool
	log     *slog.Logger
	closers []func() error

	pg       *localpg.Server // nil with an external database
	conn     db.Config
	started  db.Report
	db       *db.DB
	accounts *accounts.Store
	actor    accounts.Account
	words    *segment.Segmenter
	embedder embed.Embedder
	idx      *retrieval.Index
	advisor  *advice.Advisor
	talk     *chat.Chat
	desk     *experts.Desk
	notices  *notify.Room
}

func (e *env) now() time.Time { return time.Now() }

func (e *env) onClose(fn func() error) { e.closers = append(e.closers, fn) }

func (e *env) close() error {
	var errs []error
	for i := len(e.closers) - 1; i >= 0; i-- {
		errs = append(errs, e.closers[i]())
	}
	e.closers = nil
	return errors.Join(errs...)
}

func (c *config) keys() string  { return filepath.Join(c.Home, "keys") }
func (c *config) index() string { return filepath.Join(c.Home, "index") }

// connect finds the server and says how to reach it in each role. With no URL
// configured the private cluster is started, or attached to.
func (e *env) connect(ctx context.Context) error {
	if e.conn.App != "" {
		return nil
	}
	if e.log == nil {
		e.log = e.cfg.logger(e.stderr)
	}
	if e.cfg.DatabaseURL != "" {
		e.conn = db.Config{Owner: e.cfg.OwnerURL, App: e.cfg.DatabaseURL, Worker: e.cfg.WorkerURL, Auditor: e.cfg.AuditorURL, Log: e.log}
		if e.conn.Auditor == "" {
			e.conn.Auditor = e.cfg.OwnerURL
		}
		return nil
	}
	s, err := localpg.Open(ctx, localpg.Config{Home: e.cfg.Home, Bin: e.cfg.PGBin, Log: e.log})
	if err != nil {
		return err
	}
	e.onClose(s.Close)
	e.pg = s
	e.conn = db.Config{Owner: s.Conn("advisor_owner", localpg.Database), App: s.Conn("advisor_app", localpg.Database),
		Worker: s.Conn("advisor_worker", localpg.Database), Auditor: s.Conn("advisor_auditor", localpg.Database), Log: e.log}
	return nil
}

// openDB opens the database in its present structure. The private one is
// brought up to date by itself; an external one only by advisor migrate up.
func (e *env) openDB(ctx context.Context) error {
	if e.db != nil {
		return nil
	}
	if err := e.connect(ctx); err != nil {
		return err
	}
	if e.in.scratch {
		if err := e.scratch(ctx); err != nil {
			return err
		}
	}
	if e.pg != nil || e.in.scratch {
		if err := migrations.Up(ctx, e.conn.Owner); err != nil {
			return noDatabase(err)
		}
	} else if err := e.refusePending(ctx); err != nil {
		return noDatabase(err)
	}
	d, err := db.Open(ctx, e.conn)
	if err != nil {
		return err
	}
	e.onClose(func() error { d.Close(); return nil })
	if e.started, err = d.Start(ctx); err != nil {
		return err
	}
	for _, w := range e.started.Warnings {
		e.log.Warn(w)
	}
	e.db, e.accounts = d, accounts.New(d, e.now)
	return nil
}

// noDatabase says in plain words that the server could not be reached; the
// cause goes to the log.
func noDatabase(err error) error {
	var down *pgconn.ConnectError
	if !errors.As(err, &down) {
		return err
	}
	return problem.New(problem.Failed, "no-database", "未能连接数据库", "服务器没有应答，或拒绝了这个用户", "请检查数据库是否在运行、ADVISOR_DATABASE_URL 等设置是否正确").Because(err)
}

// refusePending keeps the program from running on an older structure. Without
// the owner's URL nothing can be said, and the first query will tell.
func (e *env) refusePending(ctx context.Context) error {
	if e.conn.Owner == "" {
		return nil
	}
	n, err := migrations.Pending(ctx, e.conn.Owner)
	if err == nil && n > 0 {
		return problem.New(problem.Refused, "migrations-pending", "未能打开数据库", "数据库结构比程序旧", "请先备份，再执行 advisor migrate up")
	}
	return err
}

// open opens the database and the account that acts.
func (e *env) open(ctx context.Context) (accounts.Account, error) {
	if e.actor.ID != 0 {
		return e.actor, nil
	}
	if err := e.openDB(ctx); err != nil {
		return accounts.Account{}, err
	}
	a, err := e.accounts.Local(ctx, e.in.as)
	e.actor = a
	return a, err
}

// index opens the search index.
func (e *env) index(ctx context.Context) (*retrieval.Index, accounts.Account, error) {
	actor, err := e.open(ctx)
	if err != nil || e.idx != nil {
		return e.idx, actor, err
	}
	common, err := segment.Default()
	if err != nil {
		return nil, actor, err
	}
	e.words = common.With(nil) // the office's own words come in here; the built-in embedder goes without
	if e.embedder, err = e.openEmbedder(ctx); err != nil {
		return nil, actor, err
	}
	var next embed.Embedder
	if e.embedder, next, err = e.serving(ctx, e.embedder); err != nil {
		return nil, actor, err
	}
	e.idx, err = retrieval.Open(ctx, e.db, e.embedder, e.words, e.cfg.index(), e.log)
	if err != nil {
		return nil, actor, err
	}
	if next != nil {
		e.idx.Prefer(next)
	}
	e.onClose(func() error { return e.idx.Close(context.WithoutCancel(ctx)) })
	return e.idx, actor, nil
}

func (e *env) openEmbedder(ctx context.Context) (embed.Embedder, error) {
	m, err := newEmbedder(ctx, e.cfg)
	if err == nil && e.cfg.Embed == "static" {
		m, err = e.learnedEmbedder(ctx, m)
	}
	if err != nil {
		return nil, problem.New(problem.Failed, "embedder", "未能打开向量来源 "+e.cfg.Embed, "模型文件不全、向量服务没有正确应答，或本程序编译时未包含 ONNX 支持",
			"请检查 ADVISOR_EMBED 及相关设置，或使用 ADVISOR_EMBED=static").Because(err)
	}
	return m, nil
}

// serving says which model answers: the one that is set, or for as long as that
// lacks vectors the built-in one, when it has them.
func (e *env) serving(ctx context.Context, wanted embed.Embedder) (now, next embed.Embedder, err error) {
	if e.cfg.Embed == "static" || e.cfg.WorkerURL == "" && e.cfg.DatabaseURL != "" {
		return wanted, nil, nil
	}
	before, err := static.New()
	if err != nil {
		return nil, nil, err
	}
	old, err := e.learnedEmbedder(ctx, before)
	if err != nil {
		return nil, nil, err
	}
	return retrieval.Choose(ctx, e.db, wanted, old)
}

func newEmbedder(ctx context.Context, c *config) (embed.Embedder, error) {
	if dir, ok := strings.CutPrefix(c.Embed, "onnx:"); ok {
		return onnx.Open(dir, "", runtime.GOMAXPROCS(0))
	}
	if c.Embed != "openai" {
		return static.New()
	}
	dim, err := strconv.Atoi(c.EmbedDim)
	if c.EmbedDim != "" && err != nil {
		return nil, fmt.Errorf("ADVISOR_EMBED_DIM: %w", err)
	}
	minute, err := strconv.Atoi(c.EmbedPerMinute)
	if c.EmbedPerMinute != "" && err != nil {
		return nil, fmt.Errorf("ADVISOR_EMBED_PER_MINUTE: %w", err)
	}
	return openai.Open(ctx, openai.Config{BaseURL: c.EmbedServer.BaseURL, APIKey: c.EmbedServer.APIKey, Model: c.EmbedServer.Model, Dim: dim, Minute: minute})
}

// importer opens the one path by which a file becomes searchable.
func (e *env) importer(ctx context.Context) (*intake.Importer, accounts.Account, error) {
	idx, actor, err := e.index(ctx)
	if err != nil {
		return nil, actor, err
	}
	i := intake.New(e.db, idx, e.now, e.log)
	i.Spool(filepath.Join(e.cfg.Home, "uploads"))
	return i, actor, nil
}

// chat opens the advisor and its conversations.
func (e *env) chat(ctx context.Context) (*chat.Chat, accounts.Account, error) {
	actor, err := e.experts(ctx)
	if err != nil || e.talk != nil {
		return e.talk, actor, err
	}
	e.talk = chat.New(e.db, e.advisor, e.now, e.log)
	e.onClose(func() error { return e.talk.Close(context.WithoutCancel(ctx)) })
	return e.talk, actor, nil
}

// experts opens the advisor and the committee's desk.
func (e *env) experts(ctx context.Context) (accounts.Account, error) {
	idx, actor, err := e.index(ctx)
	if err != nil || e.desk != nil {
		return actor, err
	}
	generator, err := e.openModel()
	if err != nil {
		return actor, err
	}
	e.advisor = advice.New(e.db, idx, generator, e.words, e.now, e.log)
	key, err := audit.OpenKey(e.cfg.keys())
	if err != nil {
		return actor, err
	}
	e.desk = experts.New(experts.Config{DB: e.db, Check: e.advisor, Key: key, Now: e.now, Log: e.log})
	return actor, nil
}

// openModel gives nil when no model is configured: the offline drafter works
// alone. Nothing is asked of a server here, so one that is down stops nothing.
func (e *env) openModel() (llm.Generator, error) {
	if e.cfg.LLM.BaseURL == "" {
		return nil, nil
	}
	book := advice.NewBook(e.db, e.cfg.budget, e.now)
	first, err := e.openServer(e.cfg.LLM, book)
	if err != nil || e.cfg.LLM2.BaseURL == "" {
		return first, err
	}
	second, err := e.openServer(e.cfg.LLM2, book)
	if err != nil {
		return nil, err
	}
	return llm.Fallback(first, second), nil
}

func (e *env) openServer(s modelServer, book llm.Book) (llm.Generator, error) {
	g, err := llm.Open(llm.Config{BaseURL: s.BaseURL, APIKey: s.APIKey, Model: s.Model})
	if err != nil {
		return nil, err
	}
	return llm.Guard(llm.Steady(g, e.now), book, e.now, e.log), nil
}

// tellers opens the room that tells people.
func (e *env) tellers(ctx context.Context) (*notify.Room, error) {
	if e.notices != nil {
		return e.notices, nil
	}
	if _, err := e.experts(ctx); err != nil {
		return nil, err
	}
	mail, err := notify.ParseMail(e.cfg.SMTPURL)
	if err != nil {
		return nil, err
	}
	e.notices = notify.New(notify.Config{DB: e.db, Mail: mail, PublicURL: e.cfg.PublicURL, Now: e.now, Log: e.log})
	return e.notices, nil
}

// deliver sends the mails and calls the webhooks that are due.
func (e *env) deliver(ctx context.Context) error {
	room, err := e.tellers(ctx)
	if err != nil {
		return err
	}
	_, err = room.MailDue(ctx)
	_, failed := room.HookDue(ctx)
	return errors.Join(err, failed)
}
