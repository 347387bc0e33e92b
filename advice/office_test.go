package advice_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/advice"
	"advisor/corpus"
	"advisor/embed/static"
	"advisor/intake"
	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/llm"
	"advisor/retrieval"
	"advisor/segment"
)

// now is the day on which everything happens: 2025-06-10, ten in the morning in Shanghai.
func now() time.Time { return time.Date(2025, 6, 10, 2, 0, 0, 0, time.UTC) }

const measure = `云川市公共数据管理办法（虚构）

第一章 总则

第一条 为了规范公共数据共享，制定本办法。本文所述地方、机构和人员均为虚构。

第二条 市大数据中心负责统筹协调本市公共数据共享工作。

第二章 共享

第三条 数据需求部门申请共享公共数据的，应当通过市公共数据平台提出。
数据提供部门应当自收到申请之日起五个工作日内答复；不同意共享的，应当书面说明理由。
数据提供部门不得要求申请部门重复提交材料。

第四条 有下列情形之一的，数据提供部门可以不予共享：
（一）法律、行政法规规定不得共享的；
（二）涉及国家秘密、商业秘密或者个人隐私，且未经脱敏处理的；
（三）共享后可能危害公共安全的。

第五条 违反本办法规定，泄露共享数据的，由有权机关处一万元以上五万元以下罚款；构成犯罪的，依法追究刑事责任。`

const trial = `云川市公共数据管理试行办法（虚构）

第一条 为了试行公共数据共享，制定本办法。

第二条 数据提供部门应当自收到申请之日起十个工作日内答复共享申请。`

const credit = `云川市企业信用修复办理规则（虚构）

第一条 企业申请信用修复，应当提交信用承诺书。

第二条 经办机构应当在三个工作日内决定是否受理。信用修复完成后，原行政处罚信息停止公示，但法律另有规定的除外。`

const draftRule = `云川市低空飞行服务管理办法（虚构）

第一条 从事低空飞行服务的单位应当向市应急管理局备案飞行计划。`

const inside = `云川市内部用车核查口径（虚构）

第一条 公务用车加油卡每月核查一次，单车每月油耗超过三百升的，应当说明原因。`

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

var fleet = accounts.Scope{Name: "fleet", Label: "车辆"}

// office is a small office on a database of its own.
type office struct {
	t        testing.TB
	db       *db.DB
	accounts *accounts.Store
	index    *retrieval.Index
	importer *intake.Importer
	seg      *segment.Segmenter
	admin    accounts.Account
	asker    accounts.Account
	versions map[string]int64
}

func open(t testing.TB) *office {
	t.Helper()
	o := &office{t: t, db: dbtest.New(t), versions: map[string]int64{}}
	var err error
	if o.seg, err = segment.Default(); err != nil {
		t.Fatal(err)
	}
	model, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	if o.index, err = retrieval.Open(t.Context(), o.db, model, o.seg, t.TempDir(), quiet()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.index.Close(context.WithoutCancel(t.Context())) })
	o.accounts = accounts.New(o.db, now)
	o.importer = intake.New(o.db, o.index, now, quiet())
	if o.admin, err = o.accounts.Local(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	o.asker = accountstest.Make(t, o.accounts, "wang.min", accounts.Asker)
	return o
}

// furnish imports the office's papers.
func (o *office) furnish() *office {
	o.t.Helper()
	o.add("public", "measure", corpus.Header{Title: "云川市公共数据管理办法", DocNumber: "云政发〔2025〕3号", Level: "规范性文件", Effective: "2025-03-01"}, measure)
	o.add("public", "trial", corpus.Header{Title: "云川市公共数据管理试行办法", Level: "规范性文件", Effective: "2021-01-01", Repealed: "2025-03-01"}, trial)
	o.add("public", "credit", corpus.Header{Title: "云川市企业信用修复办理规则", Level: "规范性文件"}, credit)
	o.add("public", "flight", corpus.Header{Title: "云川市低空飞行服务管理办法", Level: "规范性文件", Effective: "2026-01-01"}, draftRule)
	return o
}

func (o *office) add(scope, path string, h corpus.Header, text string) int64 {
	o.t.Helper()
	id, err := o.importer.ImportText(o.t.Context(), o.admin, scope, path, h, text)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.index.Sync(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	o.versions[path] = id
	return id
}

func (o *office) advisor(g llm.Generator) *advice.Advisor {
	return advice.New(o.db, o.index, g, o.seg, now, quiet())
}

func (o *office) ask(a *advice.Advisor, actor accounts.Account, text string) advice.Answer {
	o.t.Helper()
	answer, err := a.Ask(o.t.Context(), actor, advice.Ask{Text: text}, nil)
	if err != nil {
		o.t.Fatalf("ask %q: %v", text, err)
	}
	return answer
}
