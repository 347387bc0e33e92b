package experts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/experts/dossier"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

var dossierSealed = problem.New(problem.Refused, "ballots-sealed", "卷宗没有生成", "表决还没有启封", "请在本轮票到齐之后再生成")

// Dossier is the file of one review, in the order in which article 29 of the
// statute lists what goes to the meeting, then the deliberation (article 30) and
// the record of the procedure (article 33). It depends on nothing but what is on
// record, so building it again gives the same bytes.
func (d *Desk) Dossier(ctx context.Context, actor accounts.Account, review int64) (dossier.Document, error) {
	if !office(actor) && !actor.Has(accounts.Decider) && !actor.Has(accounts.Legal) && !actor.Has(accounts.Auditor) {
		return dossier.Document{}, notYours
	}
	v, err := d.Show(ctx, actor, review)
	if err != nil {
		return dossier.Document{}, err
	}
	switch {
	case v.Draft == nil:
		return dossier.Document{}, notYours
	case !v.State.Open():
		return dossier.Document{}, dossierSealed
	}
	f := file{View: v}
	if f.papers, f.leaves, err = d.filed(ctx, actor, review); err != nil {
		return dossier.Document{}, err
	}
	if v.Policy.Draw {
		if f.lot, err = d.Drawn(ctx, actor, review); err != nil {
			return dossier.Document{}, err
		}
	}
	return f.document(), nil
}

// file is a review with what its view leaves out.
type file struct {
	View
	papers [][]string
	leaves []int64 // of each line of the history
	lot    DrawRecord
}

func (d *Desk) filed(ctx context.Context, actor accounts.Account, review int64) (papers [][]string, leaves []int64, err error) {
	papers = [][]string{{"编号", "名称", "散列"}}
	err = d.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select id::text, name, hash from paper where review_id = $1 order by id`, review)
		if err != nil {
			return err
		}
		more, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]string, error) {
			line := make([]string, 3)
			err := row.Scan(&line[0], &line[1], &line[2])
			return line, err
		})
		papers = append(papers[:1], more...)
		if err != nil {
			return err
		}
		rows, err = tx.Query(ctx, `select leaf_seq from review_event where review_id = $1 order by id`, review)
		if err != nil {
			return err
		}
		leaves, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read the file: %w", err)
	}
	return papers, leaves, nil
}

func (f file) document() dossier.Document {
	last := int64(-1)
	if len(f.leaves) > 0 {
		last = slices.Max(f.leaves)
	}
	return dossier.Document{
		Title:   "重大行政决策卷宗：" + f.Title,
		Lines:   []string{fmt.Sprintf("审议第 %d 件　%s　第 %d 轮　第 %d 稿", f.ReviewID, Word(f.State), f.Round, f.Revision), "文本散列 " + f.Hash},
		Receipt: fmt.Sprintf("审议第 %d 件　审计记录第 %d 号", f.ReviewID, last),
		Parts: []dossier.Part{f.draft(), f.public(), f.experts(), f.label("四、风险评估报告", "条例第二十九条第（四）项、第二十二至二十四条", Risk, "未履行风险评估程序。"),
			f.legality(), f.others(), f.deliberation(), f.record()},
	}
}

// draft is item one: the draft and its material, with the fair competition review.
func (f file) draft() dossier.Part {
	p := dossier.Part{Heading: "一、决策草案及相关材料", Basis: "条例第二十九条第（一）项"}
	p.Say("%s", f.Draft.Text())
	p.Say("提出人：%s", f.Name)
	f.marks(&p, Fair, "公平竞争审查：未登记。决策草案涉及市场主体经济活动的，应当包含公平竞争审查的有关情况。")
	return p
}

// public is item two: what the public said and what became of it.
func (f file) public() dossier.Part {
	p := dossier.Part{Heading: "二、社会公众主要意见的研究采纳情况", Basis: "条例第二十九条第（二）项、第十四至十八条"}
	f.marks(&p, Public, "未履行公开征求意见程序。")
	f.marks(&p, Hearing, "")
	rows := [][]string{{"序号", "来源", "意见", "采纳情况", "理由"}}
	for _, c := range f.Comments {
		rows = append(rows, []string{fmt.Sprint(c.Number), c.From, c.Text, answerWord(c.As), c.Reason})
	}
	p.Table(rows)
	return p
}

func answerWord(a Adoption) string {
	if a == "" {
		return "尚未答复"
	}
	return ResultWord(string(a))
}

// experts is item three: who argued what, how they voted, what became of it.
func (f file) experts() dossier.Part {
	p := dossier.Part{Heading: "三、专家论证意见的研究采纳情况", Basis: "条例第二十九条第（三）项、第十九至二十一条"}
	rows := [][]string{{"专家", "单位", "利益冲突申报", "备注"}}
	for _, m := range f.Panel {
		rows = append(rows, []string{m.Name, m.Organisation, conflictWords[m.Conflict], m.remark()})
	}
	p.Table(rows)
	rows = [][]string{{"轮次", "专家", "对象", "分值", "必要性/可行性/科学性", "理由", "是否针对本稿"}}
	for _, b := range f.Ballots {
		on, marks := "全文", ""
		if b.Claim != nil {
			on = fmt.Sprintf("第 %d 条论断", *b.Claim)
		}
		if b.Marks != nil {
			marks = fmt.Sprintf("%d/%d/%d", b.Marks.Necessity, b.Marks.Feasibility, b.Marks.Soundness)
		}
		rows = append(rows, []string{fmt.Sprint(b.Round), f.named(b.Expert), on, fmt.Sprintf("%+d", b.Score), marks, strings.TrimSpace(b.Reason + " " + b.Text), yesNo(b.Present)})
	}
	p.Table(rows)
	if f.Tally != nil {
		p.Say("本稿计票：赞成 %d，中立 %d，反对 %d；法定票数 %d。", f.Tally.For, f.Tally.Neutral, f.Tally.Against, f.Tally.Quorum)
		for _, d := range dimensions {
			if r, ok := f.Tally.Merit[d.code]; ok {
				p.Say("%s：中位数 %g，%s%s。", d.words, r.Median, outcomeWords[string(r.Outcome)], map[bool]string{true: "，意见分歧", false: ""}[r.Disagree])
			}
		}
	}
	rows = [][]string{{"序号", "专家", "意见", "采纳情况", "理由"}}
	for _, o := range f.Opinions {
		rows = append(rows, []string{fmt.Sprint(o.Number), f.named(o.Expert), o.Text, answerWord(o.Adopted), o.Reason})
	}
	p.Table(rows)
	return p
}

var outcomeWords = map[string]string{"appropriate": "适宜", "uncertain": "不确定", "inappropriate": "不适宜"}
var conflictWords = map[Conflict]string{Undeclared: "未申报", None: "无", Conflicted: "有，已回避"}

func (m Member) remark() string {
	switch {
	case m.DelegatedTo != "":
		return "已委托他人"
	case m.DelegateOf != "":
		return "受托"
	case m.Dissent:
		return "持不同意见"
	}
	return ""
}

func (f file) named(login string) string {
	for _, m := range f.Panel {
		if m.Expert == login {
			return m.Name
		}
	}
	return login
}

// label is a part made of one kind of label.
func (f file) label(heading, basis string, kind Kind, none string) dossier.Part {
	p := dossier.Part{Heading: heading, Basis: basis}
	f.marks(&p, kind, none)
	return p
}

func (f file) marks(p *dossier.Part, kind Kind, none string) {
	found := false
	for _, m := range f.Labels {
		if m.Kind != kind {
			continue
		}
		found = true
		p.Say("%s：%s。%s", LabelWord(kind), ResultWord(m.Result), m.Text)
		if m.From != "" {
			p.Say("期间：%s 至 %s。", m.From, m.Until)
		}
		if m.Short != "" {
			p.Say("缩短期限的理由：%s", m.Short)
		}
		if m.Paper != 0 {
			p.Say("附件编号 %d。", m.Paper)
		}
	}
	if !found && none != "" {
		p.Say("%s", none)
	}
}

// legality is item five, with the three questions of article 27.
func (f file) legality() dossier.Part {
	p := dossier.Part{Heading: "五、合法性审查意见", Basis: "条例第二十九条第（五）项、第二十五至二十八条"}
	none := true
	for _, m := range f.Labels {
		if m.Kind != Lawful {
			continue
		}
		none = false
		p.Say("审查结论：%s。%s", ResultWord(m.Result), m.Text)
		p.Say("（一）决策事项是否符合法定权限：%s", m.Power)
		p.Say("（二）决策草案的形成是否履行相关法定程序：%s", m.Process)
		p.Say("（三）决策草案内容是否符合有关法律、法规、规章和国家政策的规定：%s", m.Content)
		p.Say("所审查文本 %s%s", m.Hash, map[bool]string{true: "（即本稿）", false: "（此前的一稿）"}[m.Hash == f.Hash])
	}
	if none {
		p.Say("尚未经合法性审查。")
	}
	return p
}

// others is item six: the remaining material and every paper with its hash.
func (f file) others() dossier.Part {
	p := f.label("六、其他材料", "条例第二十九条第（六）项", Evidence, "")
	p.Table(f.papers)
	if len(f.lot.Pool) > 0 {
		p.Say("专家由随机抽取产生：名单散列 %s，双方封存 %s，启封 %s。", f.lot.PoolHash, strings.Join(f.lot.Commitments, "、"), strings.Join(f.lot.Secrets, "、"))
	}
	if len(p.Blocks) == 0 {
		p.Say("无。")
	}
	return p
}

// deliberation is the record of article 30: the head last, dissent as spoken.
func (f file) deliberation() dossier.Part {
	p := dossier.Part{Heading: "七、集体讨论决定情况", Basis: "条例第三十条"}
	for _, m := range f.Meetings {
		p.Say("%s，%s，%s。%s", m.Kind, m.Date, m.Place, m.Record)
		rows := [][]string{{"发言次序", "姓名", "职务", "意见", "原话"}}
		n := 0
		for _, a := range m.Members {
			if a.Absent {
				rows = append(rows, []string{"缺席", a.Name, a.Post, "", ""})
				continue
			}
			n++
			rows = append(rows, []string{fmt.Sprint(n), a.Name, a.Post, ResultWord(a.View), a.Said})
		}
		p.Table(rows)
		for _, a := range m.Members {
			if a.View == "against" {
				p.Quote(fmt.Sprintf("不同意见（%s）：%s", a.Name, a.Said))
			}
		}
		if m.Decision != "" {
			p.Say("决定：%s。%s%s", ResultWord(string(m.Decision)), map[bool]string{true: "与会议组成人员多数人的意见不一致，理由：", false: ""}[m.Against], m.Reason)
		}
	}
	if len(f.Meetings) == 0 {
		p.Say("尚未集体讨论。")
	}
	return p
}

// record is the procedure step by step, each with its place in the log.
func (f file) record() dossier.Part {
	p := dossier.Part{Heading: "八、决策过程记录", Basis: "条例第三十三条"}
	rows := [][]string{{"时间", "经办", "事项", "状态", "说明", "审计记录"}}
	for i, h := range f.History {
		seq := ""
		if i < len(f.leaves) {
			seq = fmt.Sprint(f.leaves[i])
		}
		rows = append(rows, []string{h.At.In(corpus.Zone).Format(time.DateTime), h.Name, ActWord(h.Event), Word(h.To), h.Text, seq})
	}
	p.Table(rows)
	return p
}
