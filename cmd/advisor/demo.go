package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"advisor/accounts"
	"advisor/advice"
	"advisor/audit"
	"advisor/experts"
	"advisor/intake"
	"advisor/internal/problem"
	"advisor/sample"
)

// demoCommand walks the whole line on the fictional city in HOME/demo, step by
// step. On a terminal it goes on serving the pages; otherwise it ends by itself.
func demoCommand(f *flags) action {
	checkOnly := f.Bool("check", false, "走完即止，不启动网页")
	return func(ctx context.Context, e *env, _ []string) error {
		e.cfg.Home = filepath.Join(e.cfg.Home, "demo")
		e.cfg.DatabaseURL = "" // the demo never touches an office's own database
		d := &demo{e: e, out: e.stdout, passwords: map[string]string{}}
		if e.in.json {
			d.out = io.Discard
		}
		if err := d.run(ctx); err != nil {
			return err
		}
		serving := !*checkOnly && e.getenv("CI") == "" && !e.in.json && onTerminal(e.stdout)
		if e.in.json {
			return e.print(d.result, func(io.Writer) {})
		}
		if !serving {
			fmt.Fprintln(d.out, "\n示例走完。启动网页继续体验：在终端执行 make demo，或 advisor serve --home "+e.cfg.Home)
			return nil
		}
		return serve(ctx, e, false)
	}
}

func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// demo carries one run from step to step.
type demo struct {
	e         *env
	out       io.Writer
	step      int
	office    sample.Office
	passwords map[string]string
	answers   []advice.Answer
	review    experts.View
	result    demoResult
}

// demoResult is what demo --json prints.
type demoResult struct {
	Answers     []advice.Answer     `json:"answers"`
	ReviewID    int64               `json:"review_id,string"`
	Hash        string              `json:"hash"`
	Application experts.Application `json:"application"`
	Receipt     string              `json:"receipt"`
	Verified    audit.Report        `json:"verified"`
	Logins      map[string]string   `json:"logins"`
}

func (d *demo) say(format string, a ...any) { fmt.Fprintf(d.out, format+"\n", a...) }

func (d *demo) title(s string) {
	d.step++
	d.say("\n%d. %s", d.step, s)
}

func (d *demo) run(ctx context.Context) (err error) {
	if d.office, err = sample.Open(); err != nil {
		return err
	}
	d.say("双智演示 · %s", d.office.Name)
	d.say("%s", d.office.Notice)
	for _, step := range []func(context.Context) error{d.open, d.load, d.ask, d.submit, d.deliberate, d.apply, d.verify} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.logins()
	return nil
}

// open makes the office's first day: organisation, accounts, scopes, committee.
func (d *demo) open(ctx context.Context) error {
	d.title("开办：单位、账号、专家顾问委员会")
	actor, err := d.e.experts(ctx)
	if err != nil {
		return err
	}
	if err := d.people(ctx, actor); err != nil {
		return err
	}
	if err := d.committee(ctx, actor); err != nil {
		return err
	}
	d.say("   %s：部门 %d 个，账号 %d 个，委员 %d 名", d.office.Name, len(d.office.Departments), len(d.office.Accounts), len(d.office.Committee))
	return nil
}

// load imports the city's documents.
func (d *demo) load(ctx context.Context) error {
	d.title("导入：法规制度、清单、案例")
	manifest, err := sample.Unpack(filepath.Join(d.e.cfg.Home, "sample"))
	if err != nil {
		return err
	}
	importer, actor, err := d.e.importer(ctx)
	if err != nil {
		return err
	}
	r, err := importer.Import(ctx, actor, intake.Options{Paths: []string{filepath.Dir(manifest)}, Scope: "public", Manifest: manifest})
	if err != nil {
		return err
	}
	if r.Documents.Failed > 0 {
		return problem.New(problem.Failed, "demo-import", "示例文件未能全部导入", r.Failures[0].Path+" "+r.Failures[0].Reason, "请报告此问题")
	}
	d.say("   新增 %d，未变 %d；条 %d，检索片段 %d；%.1f 秒", r.Documents.Added, r.Documents.Unchanged, r.Provisions, r.Passages, r.Seconds)
	return nil
}

// ask puts the three questions, the last of which has no basis and is declined.
func (d *demo) ask(ctx context.Context) error {
	questions, err := sample.Demo()
	if err != nil {
		return err
	}
	talk, _, err := d.e.chat(ctx)
	if err != nil {
		return err
	}
	for _, q := range questions {
		d.title("提问：" + q.Text)
		asker, err := d.e.accounts.ByLogin(ctx, q.As)
		if err != nil {
			return err
		}
		a, err := talk.Ask(ctx, asker, advice.Ask{Text: q.Text}, nil)
		if err != nil {
			return err
		}
		if declined := a.Status == advice.Declined; declined != q.Decline {
			return problem.New(problem.Failed, "demo-answer", "示例问题没有得到应有的答复", q.Text+"："+a.Status, "请报告此问题")
		}
		d.say("%s", indent(a.Text))
		d.answers = append(d.answers, a)
	}
	d.result.Answers = d.answers
	return nil
}

// indent sets a text off from the demo's own words.
func indent(s string) string {
	return "   " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n   ")
}

// verify recomputes the whole log and checks the receipt as an outsider would.
func (d *demo) verify(ctx context.Context) error {
	d.title("核验：离线核验回执，重新计算全部审计记录")
	key, err := audit.OpenKey(d.e.cfg.keys())
	if err != nil {
		return err
	}
	data, err := os.ReadFile(d.result.Receipt)
	if err != nil {
		return fmt.Errorf("read the receipt: %w", err)
	}
	p, err := audit.VerifyReceipt(data, key.Public())
	if err != nil {
		return err
	}
	d.say("   回执有效：第 %d 条记录（%s）在 %d 条的日志之中", p.Seq, p.Leaf.Kind, p.Checkpoint.Size)
	r, err := d.e.verify(ctx, audit.Options{Books: []audit.Books{experts.NewBooks()}})
	if err != nil {
		return err
	}
	d.result.Verified = r
	if !r.OK {
		printVerified(d.out, r)
		return problem.New(problem.Failed, "demo-verify", "审计记录核验未通过", fmt.Sprintf("%d 处问题", len(r.Problems)), "请报告此问题")
	}
	d.say("   核验通过：%d 条记录，%d 个检查点", r.Size, r.Checkpoints)
	return nil
}

func (d *demo) logins() {
	d.title("本次演示的账号（密码每次重新生成，只显示这一次）")
	d.result.Logins = d.passwords
	for _, a := range d.office.Accounts {
		if p, ok := d.passwords[a.Login]; ok {
			d.say("   %-14s %-18s %s · %s（%s）", a.Login, p, a.Name, a.Department, roleNames(a.Roles))
		}
	}
}

func roleNames(roles []string) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = accounts.RoleName(r)
	}
	return strings.Join(names, "、")
}
