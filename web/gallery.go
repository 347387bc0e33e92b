package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"advisor/accounts"
	"advisor/advice"
	"advisor/corpus"
	"advisor/internal/problem"
)

// gallery shows pages with data that real offices have seldom but pages must
// bear: long names, everything wrong at once, far too much. It is served in
// development only and reads nothing.
func (s *Server) gallery(w http.ResponseWriter, r *http.Request) {
	samples := map[string]struct {
		view string
		data any
	}{
		"answer":   {"chat", s.sampleChat(r, false)},
		"declined": {"chat", s.sampleChat(r, true)},
		"review":   {"review", s.sampleReview(r)},
		"corpus":   {"corpus", s.sampleCorpus(r)},
		"error":    {"error", s.sampleError(r)},
	}
	sample, ok := samples[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if err := s.show(w, http.StatusOK, sample.view, sample.data); err != nil {
		s.log().Error("gallery", "error", err)
	}
}

const longTitle = "云川市人民政府办公室关于进一步做好跨部门跨层级公共数据共享开放和电子证照应用推广工作并同步清理重复建设信息系统有关事项的补充通知（2025年修订版）"

var visitor = accounts.Account{ID: 1, Login: "zhanghuayu", Name: "欧阳张华宇", Department: "党政综合办公室电子政务与信息公开科", Organisation: "云川市人民政府", Active: true, Roles: accounts.Roles}

// samplePage is a page's frame without asking any room.
func samplePage(section, title string) Page {
	return Page{Title: title, Section: section, Account: &visitor, Nav: []NavItem{{Name: "提问", Href: "/chat", Current: section == "chat"},
		{Name: "审议", Href: "/reviews", Count: 128, Current: section == "reviews"}, {Name: "台账", Href: "/ledger"},
		{Name: "文件库", Href: "/corpus", Current: section == "corpus"}, {Name: "账号", Href: "/admin"}}}
}

func sampleBody() advice.Body {
	cite := func(status string) advice.Citation {
		return advice.Citation{DocumentID: 1, VersionID: 1, Title: longTitle, DocNumber: "云政办发〔2025〕118号", Provision: "第一百二十条之一第二款第（三）项",
			Quote: strings.Repeat("数据提供部门应当自收到数据共享申请之日起五个工作日内答复；", 4), Status: status, Effective: "2025-07-01"}
	}
	b := advice.Body{Question: strings.Repeat("同一事项由两个部门分别要求提交同一份材料时怎么办，", 8) + "？", Conclusion: "可以不再重复提交；数据提供部门应当通过共享取得，不得要求申请人自行补交。", Label: advice.Label,
		Options: []string{"由牵头部门一次告知", "由政务服务中心代为调取"}, Procedure: []string{"提出申请", "五个工作日内答复", "逾期由市大数据中心督办"}, Unknown: []string{"该材料是否已列入共享目录"}}
	for i, support := range []string{advice.Quoted, advice.Supported, advice.Supported, advice.Unsupported} {
		c := advice.Claim{Text: fmt.Sprintf("第 %d 条论断：%s", i+1, strings.Repeat("申请字段应当与使用事项相适应，", 5)), Support: support, Role: advice.Deadline,
			Citations: []advice.Citation{cite(corpus.InForce), cite(corpus.Ended)}}
		if support == advice.Unsupported {
			c.Doubt = "与原文不符：原文为五个工作日，论断写作三十日"
		}
		b.Claims = append(b.Claims, c)
	}
	return b
}

func (s *Server) sampleChat(_ *http.Request, declined bool) chatPage {
	a := advice.Answer{DraftID: 1, Revision: 1, Hash: sampleBody().Hash(), Status: advice.Drafted, Body: sampleBody(), Drafter: advice.Model,
		Model: "qwen3-235b-a22b-instruct-2507-awq-int4", TookMS: 48211, Notice: "模型在规定时间内没有答复，以下为摘录稿。"}
	if declined {
		a.Status, a.Reason, a.Body = advice.Declined, "文件库中没有关于出国留学学费报销的规定。可以补充有关文件，或向财政局查询。", advice.Body{}
	}
	v := viewAnswer(a, standing{})
	v.CanSubmit = !declined
	page := chatPage{Page: samplePage("chat", "提问"), Conversation: "1", Conversations: 300, HasCorpus: true,
		Turns: []turnView{{QuestionID: "1", Question: sampleBody().Question, When: "2026-11-23 09:00", Draft: v},
			{QuestionID: "2", Question: "没有答复的追问", When: "2026-11-23 09:05", Failure: problem.New(problem.Failed, "interrupted", "没有完成解答", "解答中断了，问题已经保存", "请重新提问")}}}
	g := talkGroup{Name: "今天"}
	for i := range 60 {
		g.Items = append(g.Items, talkEntry{ID: fmt.Sprint(i), Title: longTitle, Current: i == 0})
	}
	page.Groups = []talkGroup{g}
	return page
}

func (s *Server) sampleReview(_ *http.Request) reviewPage {
	b := sampleBody()
	p := reviewPage{Page: samplePage("reviews", "审议"), ID: "12345", Heading: b.Question, State: "再次表决", Tone: "wait", Hash: b.Hash(), Round: 3, Revision: 4, NextRevision: 5,
		Waiting: 128, Draft: viewBody(1, 4, b.Hash(), b, standing{Edited: true}), Share: &share{62, 38}, Rule: "专家组审议：专家组至少 3 人，法定票数 2，赞成 2 票通过。",
		Major: &majorView{}, Sealed: true, CanVote: true, CanEdit: true, CanOpine: true, HasFoot: true}
	g := reviewGroup{Name: "轮到我"}
	for i := range 128 {
		g.Items = append(g.Items, reviewRow{ID: fmt.Sprint(12345 - i), Title: longTitle, State: "第一轮表决", Next: "请先申报有无利益冲突", Current: i == 0})
	}
	p.Groups = []reviewGroup{g}
	for i := range 25 {
		p.Panel = append(p.Panel, memberView{Name: fmt.Sprintf("欧阳专家%d", i), Detail: "东岭省大数据发展管理局数据资源与信息安全处", Conflict: "无冲突", Voted: "未公开"})
		p.Opinions = append(p.Opinions, opinionView{Number: i + 1, Who: "欧阳专家", Text: longTitle, Adoption: "待答复", Tone: "wait", CanDispose: true})
		p.History = append(p.History, happening{"修改 → 再次表决：" + longTitle, "欧阳专家", when(time.Unix(int64(i)*1e5, 0))})
	}
	after := b
	after.Conclusion = "应当不再重复提交；由数据提供部门通过共享取得。"
	p.Diffs = []difference{{From: 3, To: 4, Who: "欧阳专家", Reason: longTitle, Open: true, Parts: compare(plain(b), plain(after), func(s string) []string { return strings.Split(s, "") })}}
	p.fillBallot(b)
	p.Problem = problem.New(problem.Conflict, "stale-hash", "没有受理", "文本在此期间已被修改，您所看的不是现在的这一稿", "请打开新稿，核对后重新提交")
	return p
}

func (s *Server) sampleCorpus(_ *http.Request) corpusPage {
	p := corpusPage{Page: samplePage("corpus", "文件库"), Next: "/corpus?after=1"}
	for i := range 200 {
		p.Documents = append(p.Documents, rowView{ID: fmt.Sprint(i), KindName: "已采纳建议", ScopeName: "enforcement",
			Listed: corpus.Listed{Title: longTitle, DocNumber: "云政办发〔2025〕118号", Issuer: "云川市人民政府办公室、云川市大数据中心", Effective: "2025-07-01", Status: corpus.Ended}})
	}
	return p
}

func (s *Server) sampleError(_ *http.Request) errorPage {
	p := errorPage{Page: samplePage("", "操作未完成"), Kept: strings.Repeat(longTitle+"\n", 12), Back: "/chat"}
	p.Problem = problem.New(problem.Failed, "failed", "操作未完成", "系统内部出错，已记录", "请稍后重试；仍不成功请联系系统管理员")
	return p
}
