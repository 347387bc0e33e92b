package experts

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"advisor/accounts"
	"advisor/audit"
	"advisor/corpus"
	"advisor/experts/sheet"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// columns are the roster's columns in a spreadsheet.
var columns = []string{"账号", "姓名", "来源", "工作单位", "职务", "专业领域", "任期起", "任期止", "同时承担上限", "持不同意见", "在册"}

// ExportRoster is the roster as a workbook.
func (d *Desk) ExportRoster(ctx context.Context, actor accounts.Account) ([]byte, error) {
	if !staff(actor) {
		return nil, notYours
	}
	list, err := d.Experts(ctx, actor)
	if err != nil {
		return nil, err
	}
	rows := [][]string{columns}
	for _, e := range list {
		rows = append(rows, []string{e.Login, e.Name, kindWord(e.Kind), e.Organisation, e.Title, strings.Join(e.Domains, "、"),
			string(e.From), string(e.Until), strconv.Itoa(e.MaxLoad), yesNo(e.Dissent), yesNo(e.Active)})
	}
	return sheet.Write("专家名册", rows)
}

func kindWord(kind string) string {
	for _, k := range Kinds {
		if k.Kind == kind {
			return k.Words
		}
	}
	return kind
}

func yesNo(b bool) string { return map[bool]string{true: "是", false: "否"}[b] }

// Imported says what an import did, or would do.
type Imported struct {
	Added   int      `json:"added"`
	Changed int      `json:"changed"`
	Left    int      `json:"left"`
	Wrong   []string `json:"wrong"` // rows that cannot be taken, and why; with any, nothing is taken
}

// ImportRoster takes over a roster from a workbook, whole or not at all. With
// preview it only says what it would do.
func (d *Desk) ImportRoster(ctx context.Context, actor accounts.Account, file []byte, preview bool) (Imported, error) {
	if !staff(actor) {
		return Imported{}, notYours
	}
	rows, err := sheet.Read(file)
	if err != nil {
		return Imported{}, problem.New(problem.Invalid, "bad-sheet", "名册没有导入", err.Error(), "请以导出的名册为样表填写")
	}
	now, err := d.Experts(ctx, actor)
	if err != nil {
		return Imported{}, err
	}
	lines, result := readRoster(rows)
	if len(result.Wrong) > 0 || preview {
		for _, e := range lines {
			result.count(now, e)
		}
		return result, nil
	}
	err = d.manage(ctx, actor, func(tx pgx.Tx) (audit.Leaf, error) {
		for _, e := range lines {
			if err := d.takeLine(ctx, tx, e, &result); err != nil {
				return audit.Leaf{}, err
			}
			result.count(now, e)
		}
		if len(result.Wrong) > 0 {
			return audit.Leaf{}, errRosterWrong
		}
		return audit.Leaf{Kind: "committee.imported", Subject: "committee/1", Data: map[string]any{"added": result.Added, "changed": result.Changed, "left": result.Left}}, nil
	})
	if err == errRosterWrong { //nolint:errorlint // our own value, never wrapped
		return Imported{Wrong: result.Wrong}, nil
	}
	return result, err
}

// errRosterWrong takes the whole import back.
var errRosterWrong = problem.New(problem.Invalid, "bad-sheet", "名册没有导入", "有些行不能导入", "请按提示修改")

func (r *Imported) count(now []Expert, e Expert) {
	known := slices.ContainsFunc(now, func(x Expert) bool { return x.Login == e.Login })
	switch {
	case !e.Active:
		r.Left++
	case known:
		r.Changed++
	default:
		r.Added++
	}
}

func (d *Desk) takeLine(ctx context.Context, tx pgx.Tx, e Expert, r *Imported) error {
	var expert bool
	err := tx.QueryRow(ctx, `select id, exists (select from account_role r where r.account_id = a.id and r.role = 'expert') from account a where login = $1`, e.Login).Scan(&e.Account, &expert)
	switch {
	case err == pgx.ErrNoRows: //nolint:errorlint // pgx returns it bare
		r.Wrong = append(r.Wrong, e.Login+"：没有这个账号")
		return nil
	case err != nil:
		return fmt.Errorf("find account %s: %w", e.Login, err)
	case !expert:
		r.Wrong = append(r.Wrong, e.Login+"：账号没有“专家”岗位")
		return nil
	case !e.Active:
		_, err := tx.Exec(ctx, `update expert set active = false, left_at = $2 where account_id = $1`, e.Account, d.Now())
		return err
	}
	return e.save(ctx, tx, d.Now())
}

// readRoster turns rows into lines of the roster and names those it cannot read.
func readRoster(rows [][]string) (lines []Expert, r Imported) {
	r.Wrong = []string{}
	if len(rows) == 0 {
		r.Wrong = append(r.Wrong, "表格是空的")
		return nil, r
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	for _, needed := range []string{"账号", "来源"} {
		if _, ok := at[needed]; !ok {
			r.Wrong = append(r.Wrong, "缺少“"+needed+"”一列")
		}
	}
	if len(r.Wrong) > 0 {
		return nil, r
	}
	seen := map[string]bool{}
	for n, row := range rows[1:] {
		cell := func(name string) string {
			if i, ok := at[name]; ok && i < len(row) {
				return row[i]
			}
			return ""
		}
		if strings.Join(row, "") == "" {
			continue
		}
		e, why := readLine(cell)
		if seen[e.Login] {
			why = "账号重复"
		}
		seen[e.Login] = true
		if why != "" {
			r.Wrong = append(r.Wrong, fmt.Sprintf("第 %d 行：%s", n+2, why))
			continue
		}
		lines = append(lines, e)
	}
	return lines, r
}

func readLine(cell func(string) string) (e Expert, why string) {
	e = Expert{Login: cell("账号"), Organisation: cell("工作单位"), Title: cell("职务"), From: corpus.Date(cell("任期起")), Until: corpus.Date(cell("任期止")),
		Dissent: cell("持不同意见") == "是", Active: cell("在册") != "否"}
	for _, k := range Kinds {
		if cell("来源") == k.Words || cell("来源") == k.Kind {
			e.Kind = k.Kind
		}
	}
	e.Domains = strings.FieldsFunc(cell("专业领域"), func(c rune) bool { return strings.ContainsRune("、，,；; ", c) })
	limit, err := strconv.Atoi(cell("同时承担上限"))
	if cell("同时承担上限") == "" {
		limit, err = 0, nil
	}
	e.MaxLoad = limit
	switch {
	case e.Login == "":
		return e, "没有账号"
	case e.Kind == "":
		return e, "来源“" + cell("来源") + "”不对"
	case err != nil || limit < 0:
		return e, "同时承担上限不是数字"
	case !validDay(e.From) || !validDay(e.Until) || e.Until != "" && e.From > e.Until:
		return e, "任期日期不对，应写作 2026-01-01"
	}
	return e, ""
}
