// Package chat keeps conversations: turns, follow-up questions made whole, and
// runs that go on when the one who asked loses the connection. A run lives in
// the memory of one process; its end is in the database, so that from any
// process a question shows its draft, why there is none, or that it was cut off.
package chat

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/advice"
	"advisor/internal/problem"
)

// Bounds on runs: how long one may take, waiting included, how many an account
// may have open, how many are worked on at a time (the rest wait their turn),
// and how long a run's events are kept for a reader who comes back. A program
// may ask for many people under one account, hence the large number.
const (
	longestRun = 10 * time.Minute
	mostRuns   = 600
	mostAtOnce = 32
	keepEvents = 5 * time.Minute
)

// Understanding is the first stage: a follow-up is made whole. It is done when
// the question is stored, so it is seen for as long as the question waits its turn.
const Understanding = "理解问题"

// Advisor is what chat asks of advice; *advice.Advisor is one.
type Advisor interface {
	Store(ctx context.Context, actor accounts.Account, q advice.Ask) (advice.Ask, error)
	Ask(ctx context.Context, actor accounts.Account, q advice.Ask, on func(advice.Event)) (advice.Answer, error)
	Draft(ctx context.Context, actor accounts.Account, draftID int64) (advice.Answer, error)
}

// Database is what chat asks of the database; *db.DB is one.
type Database interface {
	As(ctx context.Context, account int64, fn func(tx pgx.Tx) error) error
	Read(ctx context.Context, account int64, fn func(tx pgx.Tx) error) error
}

// Chat runs questions and keeps conversations. It is safe for concurrent use.
type Chat struct {
	db      Database
	advisor Advisor
	now     func() time.Time
	log     *slog.Logger

	turns chan struct{} // as many as are worked on

	mu   sync.Mutex
	runs map[string]*run
	live sync.WaitGroup
	shut bool
}

// New makes a Chat.
func New(db Database, advisor Advisor, now func() time.Time, log *slog.Logger) *Chat {
	return &Chat{db: db, advisor: advisor, now: now, log: log, runs: map[string]*run{}, turns: make(chan struct{}, mostAtOnce)}
}

// Start stores a question and answers it in the background, whatever becomes of
// ctx. The id it gives is that of Events.
func (c *Chat) Start(ctx context.Context, actor accounts.Account, q advice.Ask) (askID string, err error) {
	r, err := c.start(ctx, actor, q)
	if err != nil {
		return "", err
	}
	return r.id, nil
}

// Ask is Start and waiting for the answer. on, when not nil, is told of each
// event. When ctx ends first the run goes on without its asker.
func (c *Chat) Ask(ctx context.Context, actor accounts.Account, q advice.Ask, on func(advice.Event)) (advice.Answer, error) {
	r, err := c.start(ctx, actor, q)
	if err != nil {
		return advice.Answer{}, err
	}
	err = r.follow(ctx, 0, func(_ int, e advice.Event) error {
		if on != nil {
			on(e)
		}
		return nil
	})
	if err != nil {
		return advice.Answer{}, err
	}
	return r.outcome()
}

func (c *Chat) start(ctx context.Context, actor accounts.Account, q advice.Ask) (*run, error) {
	if err := c.room(actor); err != nil {
		return nil, err
	}
	q, err := c.complete(ctx, actor, q)
	if err != nil {
		return nil, err
	}
	if q, err = c.advisor.Store(ctx, actor, q); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestRun)
	r := newRun(strconv.FormatInt(q.QuestionID, 10), actor.ID, cancel)
	if err := c.admit(r); err != nil {
		cancel()
		return nil, err
	}
	started := advice.Event{Kind: advice.Started, AskID: r.id}
	if q.Whole != "" && q.Whole != q.Text {
		started.Whole = q.Whole
	}
	r.add(started)
	r.add(advice.Event{Kind: advice.StageEvent, Stage: Understanding})
	go c.work(ctx, r, actor, q)
	return r, nil
}

// work answers the question and says how it ended. A panic ends one run only.
func (c *Chat) work(ctx context.Context, r *run, actor accounts.Account, q advice.Ask) {
	defer c.live.Done()
	defer r.cancel()
	answer, err := advice.Answer{}, error(nil)
	func() {
		defer func() {
			if p := recover(); p != nil {
				c.log.Error("run ended by a panic", "question", q.QuestionID, "panic", p)
				err = problem.New(problem.Failed, "failed", "没有完成解答", "系统内部出错，问题已经保存", "请稍后重新提问")
			}
		}()
		select {
		case c.turns <- struct{}{}:
			defer func() { <-c.turns }()
		case <-ctx.Done(): // Ask says so, and records it
		}
		answer, err = c.advisor.Ask(ctx, actor, q, r.add)
	}()
	r.end(c.now(), answer, err)
}

// room refuses whoever has too many questions open already.
func (c *Chat) room(actor accounts.Account) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep()
	n := 0
	for _, r := range c.runs {
		if r.account == actor.ID && !r.over() {
			n++
		}
	}
	if n >= mostRuns {
		return problem.New(problem.Refused, "too-many", "没有提交问题", "您还有"+strconv.Itoa(n)+"个问题正在解答", "请等其中一个完成后再问")
	}
	return nil
}

func (c *Chat) admit(r *run) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut {
		return problem.New(problem.Failed, "stopping", "问题已经保存，但没有开始解答", "系统正在停止", "请稍后重新提问")
	}
	c.live.Add(1)
	c.runs[r.id] = r
	return nil
}

// sweep forgets runs that ended a while ago; the caller holds the lock.
func (c *Chat) sweep() {
	for id, r := range c.runs {
		if at, over := r.endedAt(); over && c.now().Sub(at) > keepEvents {
			delete(c.runs, id)
		}
	}
}

// Stop ends a run of one's own; its question is kept, with the reason.
func (c *Chat) Stop(actor accounts.Account, askID string) error {
	r := c.find(actor, askID)
	if r == nil {
		return noAsk()
	}
	r.cancel()
	return nil
}

func (c *Chat) find(actor accounts.Account, askID string) *run {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.runs[askID]; r != nil && r.account == actor.ID {
		return r
	}
	return nil
}

// Close ends every run and waits for them.
func (c *Chat) Close(ctx context.Context) error {
	c.mu.Lock()
	c.shut = true
	for _, r := range c.runs {
		r.cancel()
	}
	c.mu.Unlock()
	done := make(chan struct{})
	go func() { c.live.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Events gives a run's events with ids above last, each with its id counted
// from 1, and follows the run until it is done or ctx ends. A run that this
// process no longer holds gives its outcome from the database.
func (c *Chat) Events(ctx context.Context, actor accounts.Account, askID string, last int, on func(id int, e advice.Event) error) error {
	if r := c.find(actor, askID); r != nil {
		return r.follow(ctx, last, on)
	}
	events, err := c.recall(ctx, actor, askID)
	if err != nil {
		return err
	}
	for _, e := range events {
		last++
		if err := on(last, e); err != nil {
			return err
		}
	}
	return nil
}

// recall tells how a question ended from what the database holds.
func (c *Chat) recall(ctx context.Context, actor accounts.Account, askID string) ([]advice.Event, error) {
	id, err := strconv.ParseInt(askID, 10, 64)
	if err != nil {
		return nil, noAsk()
	}
	var found []stored
	err = c.db.Read(ctx, actor.ID, func(tx pgx.Tx) (err error) {
		found, err = questionByID(ctx, tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, noAsk()
	}
	q := found[0]
	done := advice.Event{Kind: advice.DoneEvent}
	if q.draft == 0 {
		return []advice.Event{{Kind: advice.ErrorEvent, Problem: q.why()}, done}, nil
	}
	answer, err := c.advisor.Draft(ctx, actor, q.draft)
	if err != nil {
		return nil, err
	}
	return []advice.Event{{Kind: advice.DraftEvent, Answer: &answer}, done}, nil
}

func noAsk() error {
	return problem.New(problem.NotFound, "no-ask", "没有找到这次提问", "它不存在，或者不是您提的", "请在对话列表中查看")
}

// Conversation is one line of the list.
type Conversation struct {
	ID    int64     `json:"conversation_id,string"`
	Title string    `json:"title"`
	At    time.Time `json:"at"` // of its last question
}

// Turn is a question with what became of it.
type Turn struct {
	QuestionID int64            `json:"question_id,string"`
	Text       string           `json:"text"`
	Whole      string           `json:"whole,omitempty"` // as it was understood, when it followed on another
	On         advice.Date      `json:"on"`
	At         time.Time        `json:"at"`
	Answer     *advice.Answer   `json:"answer,omitempty"`
	Failure    *problem.Problem `json:"failure,omitempty"`
	Running    bool             `json:"running"` // Events follows it under the question's id
}

// Conversations lists one's own, the last used first.
func (c *Chat) Conversations(ctx context.Context, actor accounts.Account) (list []Conversation, err error) {
	err = c.db.Read(ctx, actor.ID, func(tx pgx.Tx) (err error) {
		list, err = conversations(ctx, tx)
		return err
	})
	return list, err
}

// Turns gives the questions of one of one's own conversations in order.
func (c *Chat) Turns(ctx context.Context, actor accounts.Account, conversationID int64) ([]Turn, error) {
	var all []stored
	var exists bool
	err := c.db.Read(ctx, actor.ID, func(tx pgx.Tx) (err error) {
		all, exists, err = questionsOf(ctx, tx, conversationID)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !exists {
		return nil, problem.New(problem.NotFound, "no-conversation", "没有找到这次对话", "它不存在，或者不是您的", "请在对话列表中查看")
	}
	turns := make([]Turn, 0, len(all))
	for _, q := range all {
		t, err := c.turn(ctx, actor, q)
		if err != nil {
			return nil, err
		}
		turns = append(turns, t)
	}
	return turns, nil
}

func (c *Chat) turn(ctx context.Context, actor accounts.Account, q stored) (Turn, error) {
	t := Turn{QuestionID: q.id, Text: q.text, Whole: q.whole, On: q.on, At: q.at}
	if q.draft != 0 {
		answer, err := c.advisor.Draft(ctx, actor, q.draft)
		if err != nil && problem.As(err).Kind != problem.NotFound { // its scope may have been taken from the asker
			return t, err
		} else if err == nil {
			t.Answer = &answer
			return t, nil
		}
		t.Failure = problem.As(err)
		return t, nil
	}
	if r := c.find(actor, strconv.FormatInt(q.id, 10)); r != nil && !r.over() {
		t.Running = true
		return t, nil
	}
	t.Failure = q.why()
	return t, nil
}
