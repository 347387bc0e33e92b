package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"advisor/accounts"
	"advisor/experts"
	"advisor/internal/problem"
)

// byOffice runs an act of the committee's office and says that it was done.
func byOffice(act func(ctx context.Context, e *env, actor accounts.Account, args []string) (string, error)) action {
	return func(ctx context.Context, e *env, args []string) error {
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		done, err := act(ctx, e, actor, args)
		if err != nil {
			return err
		}
		return e.print(map[string]any{"done": done}, func(w io.Writer) { fmt.Fprintln(w, done) })
	}
}

func readFile(what, path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, problem.New(problem.Invalid, "no-file", "没有读到"+what+" "+path, err.Error(), "请核对路径")
	}
	return data, nil
}

func committeeExport(*flags) action {
	return byOffice(func(ctx context.Context, e *env, actor accounts.Account, args []string) (string, error) {
		path, err := one(args, "文件名")
		if err != nil {
			return "", err
		}
		file, err := e.desk.ExportRoster(ctx, actor)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			return "", problem.New(problem.Failed, "not-written", "名册没有写出", err.Error(), "请换一个位置")
		}
		return "名册已写到 " + path, nil
	})
}

func committeeImport(f *flags) action {
	preview := f.Bool("preview", false, "只说会做什么")
	return func(ctx context.Context, e *env, args []string) error {
		path, err := one(args, "表格文件")
		if err != nil {
			return err
		}
		file, err := readFile("名册", path)
		if err != nil {
			return err
		}
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		r, err := e.desk.ImportRoster(ctx, actor, file, *preview)
		if err != nil {
			return err
		}
		if len(r.Wrong) > 0 && !*preview {
			return problem.New(problem.Invalid, "bad-sheet", "名册没有导入", strings.Join(r.Wrong, "；"), "请修改表格后重试")
		}
		return e.print(r, func(w io.Writer) {
			fmt.Fprintf(w, "新增 %d，变更 %d，退出 %d\n", r.Added, r.Changed, r.Left)
			for _, x := range r.Wrong {
				fmt.Fprintln(w, "  不能导入：", x)
			}
		})
	}
}

func committeeInterest(f *flags) action {
	kind := f.String("kind", "other", "employer 任职单位，project 参与项目，kin 亲属，cowork 共事，other 其他")
	about, with, what := f.String("about", "", "与何事、何单位有关"), f.String("with", "", "与何人有关（账号）"), f.String("what", "", "是什么关系")
	since, until := f.String("since", "", "起"), f.String("until", "", "止")
	return byOffice(func(ctx context.Context, e *env, actor accounts.Account, args []string) (string, error) {
		login, err := one(args, "专家账号")
		if err != nil {
			return "", err
		}
		i := experts.Interest{Expert: login, Kind: *kind, About: *about, With: *with, What: *what}
		i.Since, i.Until = day(*since), day(*until)
		i, err = e.desk.AddInterest(ctx, actor, i)
		return fmt.Sprintf("已登记 %s 的利益关系（%s）", login, experts.InterestWord(i.Kind)), err
	})
}

func committeeNote(f *flags) action {
	kind, text := f.String("kind", "", "praise、late、undeclared、leak、breach、return"), f.String("text", "", "情况")
	return byOffice(func(ctx context.Context, e *env, actor accounts.Account, args []string) (string, error) {
		login, err := one(args, "专家账号")
		if err != nil {
			return "", err
		}
		return "已记入诚信档案", e.desk.AddNote(ctx, actor, experts.Note{Expert: login, Kind: *kind, Text: *text})
	})
}

func committeeLeave(f *flags) action {
	reason := f.String("reason", "", "退出的理由")
	return byOffice(func(ctx context.Context, e *env, actor accounts.Account, args []string) (string, error) {
		login, err := one(args, "专家账号")
		if err != nil {
			return "", err
		}
		return login + " 已退出名册，手上的审议照常办完", e.desk.LeaveRoster(ctx, actor, login, *reason)
	})
}

func committeeInvite(f *flags) action {
	var domains list
	kind, organisation, title := f.String("kind", "department", "来源"), f.String("organisation", "", "工作单位"), f.String("title", "", "职务")
	until, note := f.String("until", "", "任期止"), f.String("note", "", "附言")
	f.Var(&domains, "domain", "专业领域，可多次")
	return byOffice(func(ctx context.Context, e *env, actor accounts.Account, args []string) (string, error) {
		login, err := one(args, "账号")
		if err != nil {
			return "", err
		}
		offer := experts.Expert{Login: login, Kind: *kind, Organisation: *organisation, Title: *title, Domains: domains, Until: day(*until)}
		return "已邀请 " + login + "，待其答复：advisor committee answer --accept", e.desk.Invite(ctx, actor, offer, *note)
	})
}

func committeeAnswer(f *flags) action {
	accept, decline := f.Bool("accept", false, "接受"), f.Bool("decline", false, "谢绝")
	return byOffice(func(ctx context.Context, e *env, actor accounts.Account, _ []string) (string, error) {
		if *accept == *decline {
			return "", problem.New(problem.Invalid, "usage", "没有受理", "请给出 --accept 或 --decline 之一", "advisor help committee answer")
		}
		return map[bool]string{true: "已接受邀请，列入名册", false: "已谢绝邀请"}[*accept], e.desk.AnswerInvitation(ctx, actor, *accept)
	})
}

func committeeMerge(f *flags) action {
	into := f.String("into", "", "同一人的另一账号")
	return byOffice(func(ctx context.Context, e *env, actor accounts.Account, args []string) (string, error) {
		login, err := one(args, "账号")
		if err != nil {
			return "", err
		}
		return login + " 与 " + *into + " 此后按同一人计票", e.desk.MergeAccounts(ctx, actor, login, *into)
	})
}

func committeeRule(f *flags) action {
	kind, pattern, domain := f.String("kind", "word", "word 词语，department 部门，law 所引法规"), f.String("pattern", "", "出现什么"), f.String("domain", "", "归哪个领域")
	drop := f.Bool("drop", false, "删去这条规则")
	return byOffice(func(ctx context.Context, e *env, actor accounts.Account, _ []string) (string, error) {
		return "分送规则已更新", e.desk.SetRoutingRule(ctx, actor, experts.RoutingRule{Kind: *kind, Pattern: *pattern, Domain: *domain}, *drop)
	})
}

func policyPresets(*flags) action {
	return func(_ context.Context, e *env, _ []string) error {
		l := experts.Presets()
		return e.print(map[string]any{"presets": l}, func(w io.Writer) {
			for _, p := range l {
				fmt.Fprintf(w, "%-14s 第 %d 级 %s\n", p.Code, p.Policy.Tier, p.Words)
			}
		})
	}
}

func policyTry(f *flags) action {
	file, preset := f.String("file", "", "规则的 JSON 文件"), f.String("preset", "", "或者预置规则的代码")
	limit := f.Int("limit", 50, "最近多少件")
	return func(ctx context.Context, e *env, _ []string) error {
		p, err := policyFrom(*file, *preset)
		if err != nil {
			return err
		}
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		l, err := e.desk.TryPolicy(ctx, actor, p, *limit)
		if err != nil {
			return err
		}
		return e.print(map[string]any{"trials": l}, func(w io.Writer) {
			for _, t := range l {
				fmt.Fprintf(w, "审议 %d：原规则%s，新规则%s %s\n", t.ReviewID, passed(t.Was), passed(t.Would), strings.Join(t.Lack, "；"))
			}
			if len(l) == 0 {
				fmt.Fprintln(w, "这一级还没有可以试算的审议")
			}
		})
	}
}

func passed(b bool) string { return map[bool]string{true: "达到", false: "未达到"}[b] }

// policyFrom reads a policy from a file or takes a preset.
func policyFrom(file, preset string) (p experts.Policy, err error) {
	for _, x := range experts.Presets() {
		if x.Code == preset {
			return x.Policy, nil
		}
	}
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil {
		return p, problem.New(problem.Invalid, "bad-policy-file", "没有读懂审议规则文件 "+file, err.Error(), "请以 advisor policy show 所示的一项为底稿，或者用 --preset")
	}
	return p, nil
}

func calendarShow(*flags) action {
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		file, c, err := e.desk.Calendar(ctx, actor)
		if err != nil {
			return err
		}
		return e.print(map[string]any{"days": c.Days()}, func(w io.Writer) { fmt.Fprint(w, file) })
	}
}

func calendarSet(*flags) action {
	return byOffice(func(ctx context.Context, e *env, actor accounts.Account, args []string) (string, error) {
		path, err := one(args, "日历文件")
		if err != nil {
			return "", err
		}
		file, err := readFile("日历", path)
		if err != nil {
			return "", err
		}
		return "工作日历已更新，用于此后的期限", e.desk.SetCalendar(ctx, actor, string(file))
	})
}

func calendarAdd(f *flags) action {
	from, days := f.String("from", "", "自哪一天（默认今天）"), f.Int("days", 1, "几个工作日")
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.experts(ctx)
		if err != nil {
			return err
		}
		_, c, err := e.desk.Calendar(ctx, actor)
		if err != nil {
			return err
		}
		at, err := dayOr(*from, e.now())
		if err != nil {
			return err
		}
		due := c.Add(at, *days)
		return e.print(map[string]any{"due": due.Format("2006-01-02"), "known": c.Knows(due)}, func(w io.Writer) {
			fmt.Fprintf(w, "%s 起 %d 个工作日，至 %s\n", at.Format("2006-01-02"), *days, due.Format("2006-01-02"))
			if !c.Knows(due) {
				fmt.Fprintf(w, "注意：日历没有 %d 年的放假安排，只按星期计算\n", due.Year())
			}
		})
	}
}
