package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"advisor/audit"
	"advisor/corpus"
	"advisor/internal/problem"
	"advisor/web"
)

// drain is how long requests in flight may take to end after a stop was asked for.
const drain = 8 * time.Second

func serveCommand(f *flags) action {
	development := f.Bool("development", false, "同时提供页面样张（仅开发用）")
	return func(ctx context.Context, e *env, _ []string) error { return serve(ctx, e, *development) }
}

// serve runs the pages, the interfaces and the background work until ctx ends.
func serve(ctx context.Context, e *env, development bool) error {
	site, err := e.site(ctx, development)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", e.cfg.Addr)
	if err != nil {
		return problem.New(problem.Failed, "listen", "未能在 "+e.cfg.Addr+" 提供网页", err.Error(), "请换一个地址（ADVISOR_ADDR），或停掉占用它的程序").Because(err)
	}
	stop, err := e.behind(ctx)
	if err != nil {
		listener.Close()
		return err
	}
	defer stop()
	server := &http.Server{Handler: site, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Fprintf(e.stderr, "网页已就绪：http://%s  （按 Ctrl-C 停止）\n", listener.Addr())
	select {
	case err := <-failed:
		return fmt.Errorf("serve pages: %w", err)
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := server.Shutdown(late); errors.Is(err, context.DeadlineExceeded) {
		return server.Close() // streams still open; their runs are kept in the database
	} else if err != nil {
		return fmt.Errorf("stop serving: %w", err)
	}
	return nil
}

// site composes the rooms into pages.
func (e *env) site(ctx context.Context, development bool) (http.Handler, error) {
	if _, _, err := e.chat(ctx); err != nil {
		return nil, err
	}
	importer, _, err := e.importer(ctx)
	if err != nil {
		return nil, err
	}
	key, err := audit.OpenKey(e.cfg.keys())
	if err != nil {
		return nil, err
	}
	origins, _ := web.WidgetOrigins(e.cfg.WidgetOrigins) // checked at start
	notices, err := e.tellers(ctx)
	if err != nil {
		return nil, err
	}
	s, err := web.New(web.Rooms{
		Notices:  notices,
		Accounts: e.accounts, Advisor: e.advisor, Chat: e.talk, Desk: e.desk, Index: e.idx, Importer: importer, Segmenter: e.words,
		Library: corpus.Library{DB: e.db}, Dictionary: corpus.Dictionary{DB: e.db, Now: e.now}, Witness: audit.Witness{DB: e.db, Key: key, Now: e.now},
		Now: e.now, Log: e.log, PublicURL: e.cfg.PublicURL, WidgetOrigins: origins, Version: version, Development: development,
	})
	if err != nil {
		return nil, err
	}
	return s.Handler(), nil
}

// behind starts what runs behind the pages: the index follows the log, vectors
// of a new model are filled in, jobs are worked off.
func (e *env) behind(ctx context.Context) (stop func(), err error) {
	j, err := e.background(ctx)
	if err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(ctx)
	if err := j.Start(running); err != nil {
		cancel()
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.idx.Follow(running)
	}()
	go e.fillVectors(running)
	go e.followModel(running)
	return func() {
		late, end := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer end()
		if err := j.Stop(late); err != nil {
			e.log.Warn("stop jobs", "err", err)
		}
		cancel()
		<-done
	}, nil
}

func (e *env) fillVectors(ctx context.Context) {
	if _, err := e.idx.FillVectors(ctx); err != nil && ctx.Err() == nil {
		e.log.Error("fill vectors", "err", err)
	}
}
