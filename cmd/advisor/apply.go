package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/experts"
	"advisor/intake"
	"advisor/jobs"
	"advisor/notify"
)

func applyCommand(f *flags) action {
	hash := f.String("hash", "", "所采纳修订稿的指纹")
	receipt := f.String("receipt", "", "回执写入的文件")
	return onOne("审议", printApplication, func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.Application, error) {
		a, err := e.desk.Apply(ctx, actor, review, *hash)
		if err != nil {
			return a, err
		}
		if err := e.workOff(ctx); err != nil { // stays queued; serve or the next apply does it
			e.log.Error("work off the queue", "application", a.ID, "err", err)
		}
		if *receipt != "" {
			a.Receipt = *receipt
			return a, e.receipt(ctx, a.ID, *receipt)
		}
		return a, nil
	})
}

func printApplication(w io.Writer, a experts.Application) {
	fmt.Fprintf(w, "采纳落实 %d  审议 %d  %s  %s  %s  %s\n", a.ID, a.ReviewID, experts.Word(experts.State(a.State)), when(a.AppliedAt), a.Name, a.Hash)
	if a.Receipt != "" {
		fmt.Fprintln(w, "回执已写入", a.Receipt)
	}
}

// background prepares the work that is done beside requests.
func (e *env) background(ctx context.Context) (*jobs.Jobs, error) {
	importer, _, err := e.importer(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := e.tellers(ctx); err != nil {
		return nil, err
	}
	return jobs.New(e.db, jobs.Tasks{
		Upload:     func(ctx context.Context, file int64) error { return importer.Work(ctx, e.accounts, file) },
		UploadTime: intake.WorkTime,
		Resume:     importer.Resume,
		Checkpoint: func(ctx context.Context) error {
			_, err := e.checkpoint(ctx)
			return err
		},
		Clock: func(ctx context.Context) error {
			_, err := e.desk.Tick(ctx)
			return err
		},
		Learn: e.learnNightly,
		Notify: func(ctx context.Context, seq int64) error {
			return e.db.Work(ctx, func(tx pgx.Tx) error {
				list, err := e.desk.Tidings(ctx, tx, seq)
				if err != nil {
					return err
				}
				notices := make([]notify.Notice, len(list))
				for i, n := range list {
					notices[i] = notify.Notice{Account: n.Account, Seq: seq, Kind: n.Kind, ReviewID: n.Review, ApplicationID: n.Application,
						Text: n.Text, Link: n.Link, Urgent: n.Urgent, At: n.At}
				}
				return e.notices.Tell(ctx, tx, notices)
			})
		},
		Deliver: e.deliver,
		Lapse: func(ctx context.Context) error {
			_, err := e.desk.LapseDue(ctx)
			return err
		},
		Precedent: func(ctx context.Context, application int64) error {
			var p experts.Precedent
			err := e.db.Work(ctx, func(tx pgx.Tx) (err error) {
				p, err = e.desk.Precedent(ctx, tx, application)
				return err
			})
			if err != nil {
				return err
			}
			actor, err := e.accounts.ByID(ctx, p.Actor)
			if err != nil {
				return err
			}
			_, err = importer.ImportText(ctx, actor, p.Scope, p.ImportPath, p.Header, p.Text)
			return err
		},
	}, e.log)
}

// workOff does the background work that is due, for commands that run without serve.
func (e *env) workOff(ctx context.Context) error {
	j, err := e.background(ctx)
	if err != nil {
		return err
	}
	_, err = j.Drain(ctx)
	return err
}

func applicationsList(f *flags) action {
	limit := f.Int("limit", 100, "最多几件")
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		l, err := e.desk.Applications(ctx, actor, 0, *limit)
		if err != nil {
			return err
		}
		return e.print(map[string]any{"applications": l}, func(w io.Writer) {
			if len(l) == 0 {
				fmt.Fprintln(w, "台账还是空的。审议通过后用 advisor apply 采纳落实。")
			}
			for _, a := range l {
				printApplication(w, a)
			}
		})
	}
}

func applicationsShow(*flags) action {
	return onApplication(func(ctx context.Context, e *env, actor accounts.Account, n int64) (experts.Application, error) {
		return e.desk.Application(ctx, actor, n)
	})
}

func applicationsSuspend(f *flags) action {
	reason := f.String("reason", "", "理由")
	return onApplication(func(ctx context.Context, e *env, actor accounts.Account, n int64) (experts.Application, error) {
		return e.desk.Suspend(ctx, actor, n, *reason)
	})
}

func onApplication(act func(ctx context.Context, e *env, actor accounts.Account, n int64) (experts.Application, error)) action {
	return onOne("采纳落实", printApplication, act)
}

// when is a time as people at the office read it, whatever the machine's zone.
func when(t time.Time) string { return t.In(corpus.Zone).Format("2006-01-02 15:04") }
