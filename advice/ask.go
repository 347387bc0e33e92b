package advice

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/internal/problem"
	"advisor/llm"
	"advisor/prompts"
	"advisor/retrieval"
)

// The stages that an asker sees pass.
const (
	Searching = "检索文件"
	Reading   = "阅读依据"
	Drafting  = "起草"
	Checking  = "逐条核对"
)

// shownHits is how many hits are announced while the draft is being made.
const shownHits = 5

// Ask answers a question: it stores the question, searches, drafts or declines,
// checks every claim, and stores the draft as revision 1 with its audit leaf.
// on, when not nil, is told of each step from the calling goroutine. Whatever
// fails after the question was stored is recorded beside it.
func (a *Advisor) Ask(ctx context.Context, actor accounts.Account, q Ask, on func(Event)) (Answer, error) {
	q, err := a.Store(ctx, actor, q)
	if err != nil {
		return Answer{}, err
	}
	if on == nil {
		on = func(Event) {}
	}
	answer, err := a.answer(ctx, actor, q, on)
	if err != nil {
		a.fail(ctx, actor, q, err)
		return Answer{QuestionID: q.QuestionID, ConversationID: q.ConversationID, Question: q.Whole}, err
	}
	for _, piece := range strings.SplitAfter(answer.Text, "\n") {
		on(Event{Kind: DeltaEvent, Delta: piece})
	}
	on(Event{Kind: DraftEvent, Answer: &answer})
	return answer, nil
}

// Store keeps a question before anything is done about it, and gives it back
// with its ids. One that has an id is stored already.
func (a *Advisor) Store(ctx context.Context, actor accounts.Account, q Ask) (Ask, error) {
	if q.QuestionID != 0 {
		return q, nil
	}
	text, err := CheckQuestion(q.Text)
	if err != nil {
		return q, err
	}
	q.Text = text
	if q.Whole = clean(q.Whole); q.Whole == "" {
		q.Whole = q.Text
	}
	now := a.now().UTC()
	if q.On == "" {
		q.On = corpus.Today(now)
	}
	if _, err := corpus.ParseDate(string(q.On)); err != nil {
		return q, problem.New(problem.Invalid, "bad-date", "没有提交问题", err.Error(), "请改正日期")
	}
	err = a.db.As(ctx, actor.ID, func(tx pgx.Tx) (err error) {
		q, err = storeQuestion(ctx, tx, actor.ID, q, now)
		return err
	})
	return q, err
}

// fail records beside the question why there is no draft. It outlives the
// asker's patience, so that a question never just hangs.
func (a *Advisor) fail(ctx context.Context, actor accounts.Account, q Ask, cause error) {
	a.log.Error("question failed", "question", q.QuestionID, "actor", actor.ID, "error", cause)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := a.db.As(ctx, actor.ID, func(tx pgx.Tx) error { return storeFailure(ctx, tx, q.QuestionID, ForAsker(cause)) })
	if err != nil {
		a.log.Error("failure of a question not recorded", "question", q.QuestionID, "error", err)
	}
}

// ForAsker is a failure as it is shown: a problem as it is, anything else without its inner workings.
func ForAsker(err error) *problem.Problem {
	p := problem.As(err)
	switch {
	case p.Code != "failed":
		return p
	case errors.Is(err, context.Canceled):
		return problem.New(problem.Failed, "stopped", "解答已停止", "提问人停止了解答，或者系统正在停止；问题已经保存", "需要时请重新提问").Because(err)
	case errors.Is(err, context.DeadlineExceeded):
		return problem.New(problem.Failed, "too-long", "没有完成解答", "用时超过了上限；问题已经保存", "请稍后重新提问").Because(err)
	}
	return problem.New(problem.Failed, "failed", "没有完成解答", "系统内部出错，问题已经保存", "请稍后重新提问；仍不成功时请联系系统管理员").Because(err)
}

// work is one question being answered.
type work struct {
	ask       Ask
	began     time.Time
	result    retrieval.Result
	body      Body
	status    string
	reason    string
	drafter   string
	model     string
	notice    string
	scope     string
	mended    string // its second, on the claims that failed
	raw       string // the model's reply
	found     []found
	passages  []int64 // those offered to the drafter
	checkable []retrieval.Hit
}

func (a *Advisor) answer(ctx context.Context, actor accounts.Account, q Ask, on func(Event)) (Answer, error) {
	w := &work{ask: q, began: a.now(), status: Drafted, drafter: Extractive, scope: publicScope}
	if kind := a.refusal(q.Whole); kind != "" {
		return a.keepDecline(ctx, actor, w, kind)
	}
	on(Event{Kind: StageEvent, Stage: Searching})
	home, err := a.office(ctx, actor)
	if err != nil {
		return Answer{}, err
	}
	if w.result, w.found, err = a.find(ctx, actor, q); err != nil {
		return Answer{}, fmt.Errorf("search for question %d: %w", q.QuestionID, err)
	}
	w.result.Hits = unbarred(w.result.Hits, q.Minding)
	usable := ranked(q.Whole, home, w.result.Terms, w.result.Hits)
	for i := range usable[:min(len(usable), shownHits)] {
		on(Event{Kind: HitEvent, Hit: &usable[i]})
	}
	on(Event{Kind: StageEvent, Stage: Reading})
	kind := unanswerable(q.Whole, w.found)
	if kind == "" && len(usable) == 0 {
		kind = NothingFound
	}
	if kind != "" {
		return a.keepDecline(ctx, actor, w, kind)
	}
	on(Event{Kind: StageEvent, Stage: Drafting})
	modelled, err := a.tryModel(ctx, actor, w, usable)
	if err != nil {
		return Answer{}, err
	}
	on(Event{Kind: StageEvent, Stage: Checking})
	return a.keepDraft(ctx, actor, w, modelled, usable)
}

// tryModel gives the model's body, or none and a notice that says why.
func (a *Advisor) tryModel(ctx context.Context, actor accounts.Account, w *work, usable []retrieval.Hit) (*Body, error) {
	if a.generator == nil {
		return nil, nil
	}
	sendable, err := a.sendable(ctx, actor, usable)
	if err != nil {
		return nil, err
	}
	if len(sendable) == 0 {
		w.notice = "找到的资料按知悉范围规定不能发送给模型，以下为原文摘录。"
		return nil, nil
	}
	body, raw, err := a.generate(ctx, actor.ID, w.ask.minded(), w.ask.On, sendable)
	body.Question = w.ask.Whole
	w.raw, w.model = raw, a.generator.Model()
	if err != nil {
		if cause := ctx.Err(); cause != nil {
			return nil, cause // the asker stopped it; no draft is wanted
		}
		a.log.Warn("model gave no draft", "question", w.ask.QuestionID, "model", w.model, "error", err)
		w.notice = llm.Why(err) + "，以下为原文摘录。"
		return nil, nil
	}
	if err := a.repair(ctx, actor, w, &body, sendable); err != nil {
		return nil, err
	}
	if left := len(usable[:min(len(usable), offered)]) - len(sendable); left > 0 {
		w.notice = fmt.Sprintf("有 %d 段资料按知悉范围规定没有发送给模型，其中切题的以原文列出。", left)
		body.Claims = append(body.Claims, a.withheld(w.ask.Whole, w.result.Terms, usable, sendable)...)
	}
	w.passages, w.checkable = ids(sendable), sendable
	return &body, nil
}

// sendable leaves the hits whose scope allows sending its text to a model.
func (a *Advisor) sendable(ctx context.Context, actor accounts.Account, hits []retrieval.Hit) ([]retrieval.Hit, error) {
	var allowed map[string]bool
	err := a.db.Read(ctx, actor.ID, func(tx pgx.Tx) (err error) {
		allowed, err = scopesForModel(ctx, tx)
		return err
	})
	var out []retrieval.Hit
	for _, h := range hits[:min(len(hits), offered)] {
		if allowed[h.Scope] {
			out = append(out, h)
		}
	}
	return out, err
}

// withheld quotes the best of what the model was not shown.
func (a *Advisor) withheld(question string, terms []retrieval.Term, all, sent []retrieval.Hit) []Claim {
	seen := map[int64]bool{}
	for _, h := range sent {
		seen[h.PassageID] = true
	}
	var out []Claim
	for _, p := range a.pick(question, terms, all) {
		if !seen[p.hit.PassageID] && len(out) < 2 {
			out = append(out, p.claim())
		}
	}
	return out
}

// keepDraft checks and stores. A model's draft without one claim that stands is
// replaced by the extractive one, and the notice says so.
func (a *Advisor) keepDraft(ctx context.Context, actor accounts.Account, w *work, modelled *Body, usable []retrieval.Hit) (Answer, error) {
	extracted := sync.OnceValue(func() Body { return a.extract(w.ask.Whole, w.ask.On, w.result.Terms, usable) }) // only where no model's draft stands
	var answer Answer
	err := a.db.As(ctx, actor.ID, func(tx pgx.Tx) (err error) {
		v := *w // a retried transaction starts over
		ok := false
		if modelled != nil {
			if v.body, ok, err = a.checked(ctx, tx, *modelled); err != nil {
				return err
			}
			v.drafter = Model
		}
		if !ok {
			if modelled != nil {
				v.notice = fmt.Sprintf("模型给出的 %d 条说法都没有通过核对，没有采用；以下为原文摘录。", len(modelled.Claims))
			}
			v.drafter = Extractive
			v.passages = ids(usable)
			if v.body, ok, err = a.checked(ctx, tx, extracted()); err != nil {
				return err
			}
		}
		if modelled != nil && modelled.Verdict == Unfounded && v.drafter != Model && !sure(w.found) {
			ok = false // decided again, after the model: it found no answer either, and what was found is weak
		}
		if !ok {
			v.decline(a, NothingFound)
		} else if v.drafter == Extractive && len(v.body.Conflicts) > 0 {
			v.body.Verdict, v.body.Conclusion = Unfounded, conflicting
		}
		v.scope = scopeOf(v.body, usable, w.checkable)
		answer, err = a.keep(ctx, tx, actor, &v)
		return err
	})
	return answer, err
}

// checked finds each quote's exact place, checks the claims, and says whether any stands.
func (a *Advisor) checked(ctx context.Context, tx pgx.Tx, b Body) (Body, bool, error) {
	b = b.whole()
	if err := pinpoint(ctx, tx, &b); err != nil {
		return b, false, err
	}
	b, _, err := a.Check(ctx, tx, b)
	stands := false
	for _, c := range b.Claims {
		stands = stands || c.Support != Unsupported
	}
	return b, stands, err
}

func (a *Advisor) keepDecline(ctx context.Context, actor accounts.Account, w *work, kind string) (answer Answer, err error) {
	w.decline(a, kind)
	err = a.db.As(ctx, actor.ID, func(tx pgx.Tx) (err error) {
		answer, err = a.keep(ctx, tx, actor, w)
		return err
	})
	return answer, err
}

func (w *work) decline(a *Advisor, kind string) {
	w.status, w.drafter, w.model = Declined, Extractive, ""
	var public []retrieval.Hit // a decline is of public scope, so it names nothing else
	for _, h := range w.result.Hits {
		if h.Scope == publicScope {
			public = append(public, h)
		}
	}
	var looked []string
	if w.found != nil {
		looked = a.lookedFor(w.ask.Whole)
	}
	w.body, w.reason = decline(kind, w.ask.Whole, w.ask.On, looked, public)
}

// keep stores the draft with its first revision and its leaf.
func (a *Advisor) keep(ctx context.Context, tx pgx.Tx, actor accounts.Account, w *work) (Answer, error) {
	now := a.now().UTC()
	answer := Answer{QuestionID: w.ask.QuestionID, ConversationID: w.ask.ConversationID, Status: w.status, Reason: w.reason,
		Drafter: w.drafter, Model: w.model, Notice: w.notice, Scope: w.scope, AskedBy: actor.ID, At: now,
		Question: w.ask.Whole, TookMS: float64(now.Sub(w.began).Microseconds()) / 1000}
	if w.model != "" {
		answer.Prompt = prompts.Draft.Version
	}
	if w.ask.Whole != w.ask.Text {
		answer.Asked = w.ask.Text
	}
	return store(ctx, tx, answer, w.body, w.replay())
}

// scopeOf is the one scope beyond public among what is cited, or was shown to
// the model: its reply may repeat what it does not cite.
func scopeOf(b Body, usable, shown []retrieval.Hit) string {
	scopes := map[int64]string{}
	for _, h := range usable {
		scopes[h.VersionID] = h.Scope
	}
	for _, h := range shown {
		if h.Scope != publicScope {
			return h.Scope
		}
	}
	for _, c := range b.Claims {
		for _, q := range c.Citations {
			if s := scopes[q.VersionID]; s != "" && s != publicScope {
				return s
			}
		}
	}
	return publicScope
}

func ids(hits []retrieval.Hit) []int64 {
	out := make([]int64, len(hits))
	for i, h := range hits {
		out[i] = h.PassageID
	}
	return out
}

// Draft gives a stored draft as the machine wrote it, under the actor's rights.
func (a *Advisor) Draft(ctx context.Context, actor accounts.Account, draftID int64) (answer Answer, err error) {
	err = a.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		answer, err = load(ctx, tx, draftID)
		return err
	})
	return answer, err
}
