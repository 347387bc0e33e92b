package experts

import (
	"errors"

	"advisor/internal/problem"
)

// The refusals, each with its stable code. People read them; tests compare the codes.
var (
	staleHash        = problem.New(problem.Conflict, "stale-hash", notTaken, "文本在此期间已被修改，您所看的不是现在的这一稿", "请打开新稿，核对后重新提交")
	notOnPanel       = problem.New(problem.Refused, "not-on-panel", notTaken, "您不是这件审议的专家组成员", "如需参加，请与专委会秘书处联系")
	conflictDeclared = problem.New(problem.Refused, "conflict-declared", notTaken, "您在这件审议中已申报利益冲突并回避", "回避后不能查阅材料，也不能表决")
	undeclared       = problem.New(problem.Refused, "undeclared", notTaken, "您还没有申报有无利益冲突", "请先申报，申报后材料即向您开放")
	ownEdit          = problem.New(problem.Refused, "own-edit", notTaken, "现在的文本是您修改的，不能由您表决", "请由专家组其他成员表决")
	alreadyVoted     = problem.New(problem.Conflict, "already-voted", notTaken, "您对这一稿已经投过票", "表决票投出后不能更改；文本修改后可以重新表决")
	alreadyApplied   = problem.New(problem.Conflict, "already-applied", notTaken, "这件建议已经采纳落实过", "请到台账查看")
	notApproved      = problem.New(problem.Refused, "not-approved", notTaken, "这一稿尚未经专家组审议通过", "审议通过后才能采纳落实")
	askerOnPanel     = problem.New(problem.Refused, "asker-on-panel", "专家组没有组成", "提问人不能审议自己的提问", "请改请其他专家")
	panelUnmet       = refusal{problem.New(problem.Refused, "panel-unmet", "专家组没有组成", "", "请补充专家名册，或者指名增加专家")}
	policyUnmet      = refusal{problem.New(problem.Refused, "policy-unmet", "本轮没有通过", "", "条件具备后再结束本轮；也可以修改、退回或者否决")}
	notExpert        = problem.New(problem.Refused, "not-expert", "专家组没有组成", "所指定的人不在专家名册上，或者无权知悉这件材料", "请核对名册")
	ownBallotFirst   = problem.New(problem.Refused, "own-ballot-first", notTaken, "您是专家组成员而尚未表决，结束本轮会使您看到他人的表决", "请先表决")
	tooFewLeft       = problem.New(problem.Refused, "too-few-left", "修改没有保存", "修改人不能表决自己的文本，余下的专家不足法定票数", "请先由秘书处增加专家，或者退回并写明理由")
	nothingChanged   = problem.New(problem.Invalid, "nothing-changed", "修改没有保存", "内容与现在的文本相同", "请改动之后再保存")
	badScore         = problem.New(problem.Invalid, "bad-score", notTaken, "分值应在 -2 与 2 之间", "请重新选择")
	reasonNeeded     = problem.New(problem.Invalid, "reason-needed", notTaken, "反对、退回和否决须写明理由", "请选择理由代码并填写说明")
	badReason        = problem.New(problem.Invalid, "bad-reason", notTaken, "没有这个理由代码", "请从列表中选择")
	textNeeded       = problem.New(problem.Invalid, "text-needed", notTaken, "内容是空的", "请填写后重试")
	noOpinion        = problem.New(problem.NotFound, "no-opinion", notTaken, "没有这一条意见", "请核对序号")
	badAdoption      = problem.New(problem.Invalid, "bad-adoption", notTaken, "采纳情况应是 yes（采纳）、partly（部分采纳）或 no（不采纳）", "请重新选择")
	alreadyDisposed  = problem.New(problem.Conflict, "already-disposed", notTaken, "这条意见已经答复过", "请刷新后查看")
	ownOpinion       = problem.New(problem.Refused, "own-opinion", notTaken, "意见不能由提出的人自己答复", "请由专委会秘书处或者主任委员答复")
	notAsker         = problem.New(problem.Refused, "not-asker", notTaken, "只有提问人可以撤回", "请与提问人联系")
	notYours         = problem.New(problem.Refused, "not-allowed", notTaken, "您的岗位没有办理此事的权限", "请由有权限的人员办理")
	noLongerApplied  = problem.New(problem.Refused, "not-applied", notTaken, "这一件现在没有在执行，也没有中止或失效待办", "请到台账查看它的现状")
	noReview         = problem.New(problem.NotFound, "no-review", "没有找到这件审议", "编号不对，或者您无权查阅", "请核对编号")
	noDraft          = problem.New(problem.NotFound, "no-draft", "没有找到这份建议稿", "编号不对，或者您无权查阅", "请核对编号")
	noApplication    = problem.New(problem.NotFound, "no-application", "台账中没有这一件", "编号不对，或者您无权查阅", "请核对编号")
	declinedDraft    = problem.New(problem.Refused, "declined-draft", "没有提交审议", "这次没有作答，没有可供审议的建议稿", "请补充依据后重新提问")
	alreadySubmitted = problem.New(problem.Conflict, "already-submitted", "没有提交审议", "这份建议稿已经在审议中", "请到审议列表查看")
	rejectedBefore   = problem.New(problem.Refused, "rejected-before", "没有提交审议", "同样的文本已被专家组否决", "请修改或者重新提问")
	notScreened      = refusal{problem.New(problem.Refused, "not-screened", "没有通过初审", "", "请补充或者更换依据")}
	delegated        = problem.New(problem.Refused, "delegated", notTaken, "您已把这件审议委托他人，受托人代您表决", "如需收回，请与专委会秘书处联系")
	lapsed           = problem.New(problem.Refused, "lapsed", notTaken, "您没有在期限内申报，席位已由他人替补", "如需参加，请与专委会秘书处联系")
	oneStep          = problem.New(problem.Refused, "one-step", notTaken, "您是受托人，不能再转委托", "请自己表决，或者请秘书处另请专家")
	alreadySeated    = problem.New(problem.Conflict, "already-seated", notTaken, "此人已在专家组内", "请改请其他专家")
	otherField       = problem.New(problem.Refused, "other-field", notTaken, "受托人没有与您相同的专业领域", "请委托同领域的专家")
	notSeated        = problem.New(problem.NotFound, "not-seated", notTaken, "专家组里没有这个人", "请核对名单")
	declareYourself  = problem.New(problem.Refused, "declare-yourself", notTaken, "这是您本人的情况", "请以申报的方式回避")
	noDispute        = problem.New(problem.Refused, "no-dispute", notTaken, "表决没有分歧，或者这一稿已经表决过两轮", "请结束本轮，或者修改后再表决")
	badMarks         = problem.New(problem.Invalid, "bad-marks", notTaken, "必要性、可行性、科学性的评分应在 1 与 9 之间", "请重新评分")
	marksNeeded      = problem.New(problem.Invalid, "marks-needed", notTaken, "这件审议要求对必要性、可行性、科学性分别评分", "请补充三项评分（1 至 9 分）")
	badLabel         = problem.New(problem.Invalid, "bad-label", notTaken, "没有这种程序或者这种结果", "请重新选择")
	badPeriod        = problem.New(problem.Invalid, "bad-period", notTaken, "起止日期不对", "请按 2026-01-01 的写法填写，截止不早于开始")
	shortened        = refusal{problem.New(problem.Invalid, "shortened", notTaken, "", "确需缩短的，请写明理由")}
	notReady         = refusal{problem.New(problem.Refused, "not-ready", notTaken, "", "请先补齐后再送合法性审查")}
	legalOnPanel     = problem.New(problem.Refused, "legal-on-panel", notTaken, "合法性审查不能由参加本次论证、提问或者修改文本的人作出", "请由合法性审查机构的其他人员办理")
	threeQuestions   = problem.New(problem.Invalid, "three-questions", notTaken, "审查意见应当分别回答权限、程序、内容三项，并有总的意见", "请补充后重试")
	badMeeting       = refusal{problem.New(problem.Invalid, "bad-meeting", notTaken, "", "请按会议记录补正")}
	unanswered       = problem.New(problem.Refused, "unanswered", notTaken, "还有意见没有说明采纳情况，不能提交讨论", "请先逐条答复")
	ownRecord        = problem.New(problem.Refused, "own-record", notTaken, "会议记录是您录入的，不能由您自己确认", "请由决策机关负责人确认")
	badDecision      = problem.New(problem.Invalid, "bad-decision", notTaken, "决定应是 adopt、refuse、revise 或 postpone", "请重新选择")
	againstMajority  = problem.New(problem.Invalid, "against-majority", notTaken, "决定与会议组成人员多数人的意见不一致", "请写明理由（条例第三十条）")
	notDecided       = problem.New(problem.Refused, "not-decided", notTaken, "重大决策须经合法性审查和集体讨论决定", "请先送合法性审查，再由会议讨论决定")
	noPaper          = problem.New(problem.NotFound, "no-paper", notTaken, "没有这份附件", "请核对编号")
	noEntry          = problem.New(problem.NotFound, "no-entry", notTaken, "没有这条代录记录，或者已经确认", "请核对编号")
	ownEntry         = problem.New(problem.Refused, "own-entry", notTaken, "代录的内容不能由录入人自己确认", "请由专家本人或者秘书处其他人员核对原件后确认")
	paperNeeded      = problem.New(problem.Invalid, "paper-needed", notTaken, "代录线下会议或书面意见，须附签名的原件", "请附上扫描件")
	notInForce       = refusal{problem.New(problem.Refused, "basis-not-in-force", "没有采纳落实", "", "请由专家组更换依据后重新表决")}
)

// notTaken stands for the act that was attempted, which the Desk puts in its place.
const notTaken = "没有受理"

// attempted says in a refusal what was attempted: 表决没有受理, not 没有受理.
func attempted(event Event, err error) error {
	var p *problem.Problem
	if !errors.As(err, &p) || p.What != notTaken {
		return err
	}
	q := *p
	q.What = acts[event] + notTaken
	return &q
}

// refusal is a problem whose reason differs from case to case.
type refusal struct{ *problem.Problem }

func (r refusal) because(why string) error {
	p := *r.Problem
	p.Why = why
	return &p
}

// words are the states as people read them.
var words = map[State]string{
	Drafted: "已拟稿", Screened: "已初审", Routed: "已组成专家组", Declared: "已申报", Round1: "第一轮表决", Deliberating: "讨论",
	Round2: "再次表决", Approved: "审议通过", ApprovedEdited: "修改后通过", Returned: "已退回", Rejected: "已否决", Withdrawn: "已撤回",
	Stalled: "搁置", Applied: "已采纳落实", Suspended: "已中止执行", Stale: "依据已失效",
	Legality: "合法性审查", Deliberated: "已集体讨论", Decided: "决定通过", Superseded: "已被取代", Retired: "已停止适用",
}

// acts are the events as people read them.
var acts = map[Event]string{
	Submit: "提交审议", Route: "组成专家组", Declare: "申报利益冲突", Open: "开始表决", Vote: "表决", Edit: "修改", Opine: "提出意见", Dispose: "答复意见",
	Close: "结束本轮", Return: "退回", Reject: "否决", Withdraw: "撤回", Expire: "到期", Apply: "采纳落实", Suspend: "中止执行",
	Again: "再次表决", Recuse: "责令回避", Delegate: "委托", Label: "登记程序", Comment: "登记公众意见", Refer: "送合法性审查", Legal: "合法性审查", Meet: "登记集体讨论",
	Decide: "作出决定", Flag: "提示依据失效", Reaffirm: "重新确认", Supersede: "取代", Retire: "停止适用", Resume: "恢复执行",
	Enter: "代录表决", Attach: "附原件", Remind: "催办", Escalate: "逾期提请督办", Substitute: "逾期替补",
	Seal: "封存抽取种子", Freeze: "冻结抽取名单", Unseal: "启封抽取种子",
}

// Word is a state as people read it.
func Word(s State) string { return words[s] }

// ActWord is an event as people read it.
func ActWord(e Event) string { return acts[e] }

// ReasonWords are the reason codes that pages offer, with their words.
var ReasonWords = []struct{ Code, Words string }{
	{"basis-missing", "依据不足"}, {"basis-wrong", "依据引用错误"}, {"basis-repealed", "依据已失效"}, {"fact-wrong", "事实有误"},
	{"procedure", "程序不全"}, {"infeasible", "难以实行"}, {"risk", "风险未说明"}, {"unclear", "表述不清"}, {"out-of-power", "超越职权"}, {"other", "其他"},
}
