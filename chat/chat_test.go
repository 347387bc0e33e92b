package chat_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/advice"
	"advisor/chat"
	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/internal/problem"
	"advisor/retrieval"
	"advisor/segment"
)

func now() time.Time { return time.Date(2025, 6, 10, 2, 0, 0, 0, time.UTC) }

// scripted is a search that waits until it is let go, then finds nothing or fails.
type scripted struct {
	gate chan struct{}
	err  error
}

func (s scripted) Search(ctx context.Context, _ accounts.Account, q retrieval.Query) (retrieval.Result, error) {
	if s.gate != nil {
		select {
		case <-s.gate:
		case <-ctx.Done():
			return retrieval.Result{}, ctx.Err()
		}
	}
	return retrieval.Result{Query: q.Text}, s.err
}

type fixture struct {
	t     *testing.T
	db    *db.DB
	asker accounts.Account
	other accounts.Account
}

func open(t *testing.T) fixture {
	d := dbtest.New(t)
	s := accounts.New(d, now)
	return fixture{t, d, accountstest.Make(t, s, "wang.min", accounts.Asker), accountstest.Make(t, s, "li.si", accounts.Asker)}
}

func (f fixture) chat(s scripted) *chat.Chat {
	seg, err := segment.Default()
	if err != nil {
		f.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	c := chat.New(f.db, advice.New(f.db, s, nil, seg, now, log), now, log)
	f.t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func kinds(t *testing.T, c *chat.Chat, actor accounts.Account, id string, last int) (out []string, first int) {
	t.Helper()
	err := c.Events(t.Context(), actor, id, last, func(n int, e advice.Event) error {
		if first == 0 {
			first = n
		}
		if len(out) == 0 || out[len(out)-1] != e.Kind {
			out = append(out, e.Kind)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, first
}

func TestAskAndTurns(t *testing.T) {
	f := open(t)
	c := f.chat(scripted{})
	var first advice.Event
	answer, err := c.Ask(t.Context(), f.asker, advice.Ask{Text: "企业信用修复后，原行政处罚信息是否仍可公示？"}, func(e advice.Event) {
		if first.Kind == "" {
			first = e
		}
	})
	if err != nil || answer.Status != advice.Declined || first.Kind != advice.Started || first.AskID != fmt.Sprint(answer.QuestionID) {
		t.Fatalf("answer = %+v, first event %+v, error %v", answer, first, err)
	}
	again, err := c.Ask(t.Context(), f.asker, advice.Ask{Text: "需要多久？", ConversationID: answer.ConversationID}, nil)
	if err != nil || again.Question != "企业信用修复后，原行政处罚信息是否仍可公示；需要多久？" || again.Asked != "需要多久？" {
		t.Fatalf("follow-up = %+v, error %v", again, err)
	}
	turns, err := c.Turns(t.Context(), f.asker, answer.ConversationID)
	if err != nil || len(turns) != 2 || turns[0].Answer.DraftID != answer.DraftID || turns[1].Whole != again.Question || turns[1].Text != "需要多久？" || turns[1].On != "2025-06-10" {
		t.Fatalf("turns = %+v, error %v", turns, err)
	}
	list, err := c.Conversations(t.Context(), f.asker)
	if err != nil || len(list) != 1 || !strings.HasPrefix(list[0].Title, "企业信用修复") {
		t.Errorf("conversations = %+v, error %v", list, err)
	}
	if list, err := c.Conversations(t.Context(), f.other); err != nil || len(list) != 0 {
		t.Errorf("another's conversations = %+v, error %v", list, err)
	}
	for name, err := range map[string]error{
		"turns":  second(c.Turns(t.Context(), f.other, answer.ConversationID)),
		"asking": second(c.Ask(t.Context(), f.other, advice.Ask{Text: "公共数据共享申请由哪个部门受理？", ConversationID: answer.ConversationID}, nil)),
		"events": c.Events(t.Context(), f.other, fmt.Sprint(answer.QuestionID), 0, func(int, advice.Event) error { return nil }),
		"stop":   c.Stop(f.other, fmt.Sprint(answer.QuestionID)),
	} {
		if problem.As(err).Kind != problem.NotFound {
			t.Errorf("%s of another's conversation: error = %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// The asker's connection drops; the run goes on, and who comes back misses nothing.
func TestRunSurvivesItsReader(t *testing.T) {
	f := open(t)
	gate := make(chan struct{})
	c := f.chat(scripted{gate: gate})
	id, err := c.Start(t.Context(), f.asker, advice.Ask{Text: "公共数据怎么共享？"})
	if err != nil {
		t.Fatal(err)
	}
	gone := errors.New("connection dropped")
	seen := 0
	err = c.Events(t.Context(), f.asker, id, 0, func(n int, e advice.Event) error { seen = n; return gone })
	if !errors.Is(err, gone) || seen != 1 {
		t.Fatalf("error = %v after %d events", err, seen)
	}
	close(gate)
	got, first := kinds(t, c, f.asker, id, seen)
	if first != 2 || got[len(got)-1] != advice.DoneEvent || got[len(got)-2] != advice.DraftEvent {
		t.Errorf("events from %d: %v", first, got)
	}
	again, _ := kinds(t, c, f.asker, id, 0)
	if again[0] != advice.Started {
		t.Errorf("from the beginning: %v", again)
	}
	// Another process knows the run only from the database.
	if got, _ := kinds(t, f.chat(scripted{}), f.asker, id, seen); strings.Join(got, " ") != "draft done" {
		t.Errorf("from the database: %v", got)
	}
}

func TestStop(t *testing.T) {
	f := open(t)
	c := f.chat(scripted{gate: make(chan struct{})})
	id, err := c.Start(t.Context(), f.asker, advice.Ask{Text: "公共数据怎么共享？"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(f.asker, id); err != nil {
		t.Fatal(err)
	}
	var why *problem.Problem
	if err := c.Events(t.Context(), f.asker, id, 0, func(_ int, e advice.Event) error {
		if e.Kind == advice.ErrorEvent {
			why = e.Problem
		}
		return nil
	}); err != nil || why == nil || why.Code != "stopped" {
		t.Fatalf("error event = %+v, error %v", why, err)
	}
	turns := f.turns(c)
	if len(turns) != 1 || turns[0].Running || turns[0].Failure == nil || turns[0].Text != "公共数据怎么共享？" {
		t.Errorf("turns = %+v", turns)
	}
}

func (f fixture) turns(c *chat.Chat) []chat.Turn {
	f.t.Helper()
	list, err := c.Conversations(f.t.Context(), f.asker)
	if err != nil || len(list) == 0 {
		f.t.Fatalf("conversations = %v, error %v", list, err)
	}
	turns, err := c.Turns(f.t.Context(), f.asker, list[0].ID)
	if err != nil {
		f.t.Fatal(err)
	}
	return turns
}

// A process that dies in the middle leaves a question that says so.
func TestInterrupted(t *testing.T) {
	f := open(t)
	c := f.chat(scripted{gate: make(chan struct{})})
	id, err := c.Start(t.Context(), f.asker, advice.Ask{Text: "公共数据怎么共享？"})
	if err != nil {
		t.Fatal(err)
	}
	if turns := f.turns(c); !turns[0].Running {
		t.Errorf("turn = %+v, want it running", turns[0])
	}
	other := f.chat(scripted{}) // as after a restart
	if turns := f.turns(other); turns[0].Running || turns[0].Failure == nil || turns[0].Failure.Code != "interrupted" {
		t.Errorf("turn = %+v, want it interrupted", turns[0])
	}
	if got, _ := kinds(t, other, f.asker, id, 0); strings.Join(got, " ") != "error done" {
		t.Errorf("events = %v", got)
	}
}

func TestFailureIsShown(t *testing.T) {
	f := open(t)
	c := f.chat(scripted{err: errors.New("disk 7 of host 10.0.0.3 gone")})
	_, err := c.Ask(t.Context(), f.asker, advice.Ask{Text: "公共数据怎么共享？"}, nil)
	if err == nil {
		t.Fatal("no error")
	}
	turns := f.turns(c)
	if p := turns[0].Failure; p == nil || strings.Contains(p.Error(), "10.0.0.3") {
		t.Errorf("failure = %v", p)
	}
	if err := c.Events(t.Context(), f.asker, "nonsense", 0, nil); problem.As(err).Kind != problem.NotFound {
		t.Errorf("events of nonsense: %v", err)
	}
}

// Many more questions than are worked on at a time all get their answer.
func TestManyAtOnce(t *testing.T) {
	f := open(t)
	c := f.chat(scripted{})
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			answer, err := c.Ask(t.Context(), f.asker, advice.Ask{Text: "公共数据怎么共享？"}, nil)
			if err != nil || answer.DraftID == 0 {
				t.Errorf("answer = %+v, error %v", answer, err)
			}
		})
	}
	wg.Wait()
}

func TestTooManyAtOnce(t *testing.T) {
	f := open(t)
	c := f.chat(scripted{gate: make(chan struct{})})
	var refused error
	for i := 0; i < 700 && refused == nil; i++ {
		_, refused = c.Start(t.Context(), f.asker, advice.Ask{Text: "公共数据怎么共享？"})
	}
	if problem.As(refused).Code != "too-many" {
		t.Errorf("error = %v", refused)
	}
	if _, err := c.Start(t.Context(), f.other, advice.Ask{Text: "公共数据怎么共享？"}); err != nil {
		t.Errorf("another asker: %v", err)
	}
}

// Hundreds of readers come and go; nothing of them stays.
func TestReadersLeaveNothing(t *testing.T) {
	f := open(t)
	gate := make(chan struct{})
	c := f.chat(scripted{gate: gate})
	id, err := c.Start(t.Context(), f.asker, advice.Ask{Text: "公共数据怎么共享？"})
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	var wg sync.WaitGroup
	for range 500 {
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			err := c.Events(ctx, f.asker, id, 0, func(int, advice.Event) error { cancel(); return nil })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error = %v", err)
			}
		})
	}
	wg.Wait()
	if after := runtime.NumGoroutine(); after > before+5 {
		t.Errorf("%d goroutines, %d before the readers", after, before)
	}
	close(gate)
	kinds(t, c, f.asker, id, 0)
}

func TestCloseWaits(t *testing.T) {
	f := open(t)
	c := f.chat(scripted{gate: make(chan struct{})})
	if _, err := c.Start(t.Context(), f.asker, advice.Ask{Text: "公共数据怎么共享？"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Start(t.Context(), f.asker, advice.Ask{Text: "公共数据怎么共享？"}); problem.As(err).Code != "stopping" {
		t.Errorf("error = %v", err)
	}
	var left int
	err := f.db.Read(t.Context(), f.asker.ID, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `select count(*) from question where failure is null`).Scan(&left)
	})
	if err != nil || left != 1 { // the one asked after closing is kept, unanswered
		t.Errorf("%d questions without a word, error %v", left, err)
	}
}
