package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/experts"
	"advisor/internal/problem"
)

func day(s string) corpus.Date { return corpus.Date(s) }

// dayOr is a day as it is typed, or another time when nothing was.
func dayOr(s string, otherwise time.Time) (time.Time, error) {
	if s == "" {
		return otherwise, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, s, corpus.Zone)
	if err != nil {
		return at, problem.New(problem.Invalid, "usage", "没有看懂日期 "+s, "应写作 2026-01-01", "请修改后重试")
	}
	return at, nil
}

func reviewDossier(f *flags) action {
	out := f.String("out", "", "写到哪个文件：.html 或 .docx")
	return onOne("审议", func(w io.Writer, d built) { fmt.Fprintf(w, "卷宗已写到 %s\n%s\n%s\n", d.File, d.Hash, d.Receipt) },
		func(ctx context.Context, e *env, actor accounts.Account, review int64) (built, error) {
			doc, err := e.desk.Dossier(ctx, actor, review)
			if err != nil {
				return built{}, err
			}
			lay := doc.HTML
			if strings.HasSuffix(*out, ".docx") {
				lay = doc.DOCX
			}
			file, err := lay()
			if err != nil {
				return built{}, err
			}
			name := *out
			if name == "" {
				name = fmt.Sprintf("dossier-%d.html", review)
			}
			if err := os.WriteFile(name, file, 0o600); err != nil {
				return built{}, problem.New(problem.Failed, "not-written", "卷宗没有写出", err.Error(), "请换一个位置")
			}
			return built{name, doc.Hash(), doc.Receipt}, nil
		})
}

type built struct {
	File    string `json:"file"`
	Hash    string `json:"hash"`
	Receipt string `json:"receipt"`
}

func reviewPropose(*flags) action {
	return onOne("审议", func(w io.Writer, p experts.Proposal) {
		for _, s := range p.Seats {
			fmt.Fprintf(w, "拟请 %-14s %s：%s\n", s.Expert, s.Name, s.Why)
		}
		for _, s := range p.Barred {
			fmt.Fprintf(w, "不请 %-14s %s：%s\n", s.Expert, s.Name, s.Why)
		}
		for _, u := range p.Unmet {
			fmt.Fprintf(w, "不能满足：%s\n", u)
		}
	}, func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.Proposal, error) {
		return e.desk.Propose(ctx, actor, review)
	})
}

func reviewDrawSeal(*flags) action {
	return onOne("审议", func(w io.Writer, s sealedSecret) {
		fmt.Fprintf(w, "已封存。启封时要用这一串，只显示这一次：\n%s\n", s.Secret)
	}, func(ctx context.Context, e *env, actor accounts.Account, review int64) (sealedSecret, error) {
		secret, err := e.desk.SealDraw(ctx, actor, review)
		return sealedSecret{secret}, err
	})
}

type sealedSecret struct {
	Secret string `json:"secret"`
}

func reviewDrawFreeze(*flags) action {
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.FreezeDraw(ctx, actor, review)
	})
}

func reviewDrawOpen(f *flags) action {
	secret := f.String("secret", "", "封存时给的那一串")
	return onReview(func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.View, error) {
		return e.desk.OpenDraw(ctx, actor, review, *secret)
	})
}

func reviewDrawShow(*flags) action {
	return onOne("审议", func(w io.Writer, r experts.DrawRecord) {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		_ = enc.Encode(r) // to a terminal
	}, func(ctx context.Context, e *env, actor accounts.Account, review int64) (experts.DrawRecord, error) {
		return e.desk.Drawn(ctx, actor, review)
	})
}

// drawVerify needs no database: the record is all there is to it.
func drawVerify(*flags) action {
	return func(_ context.Context, e *env, args []string) error {
		path, err := one(args, "抽取记录（review draw show --json 所示）")
		if err != nil {
			return err
		}
		file, err := readFile("抽取记录", path)
		if err != nil {
			return err
		}
		var r experts.DrawRecord
		if err := json.Unmarshal(file, &r); err != nil {
			return problem.New(problem.Invalid, "bad-record", "没有读懂抽取记录 "+path, err.Error(), "请用 advisor review draw show 编号 --json 导出的文件")
		}
		if err := experts.VerifyDraw(r); err != nil {
			return problem.New(problem.Failed, "draw-wrong", "抽取记录不成立", err.Error(), "请与审计记录中冻结的名单散列核对")
		}
		return e.print(map[string]any{"ok": true, "panel": r.Panel}, func(w io.Writer) { fmt.Fprintf(w, "按记录重新抽取，结果一致：%v\n", r.Panel) })
	}
}
