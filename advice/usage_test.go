package advice_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/advice"
	"advisor/internal/db/dbtest"
	"advisor/llm"
)

func bookNow() time.Time { return time.Date(2026, 11, 27, 2, 0, 0, 0, time.UTC) }

func modelCall(account accounts.Account, key byte, in, out int, scopes ...string) llm.Call {
	return llm.Call{Account: account.ID, Model: "m", Key: strings.Repeat(string(key), 64), Scopes: scopes, InputTokens: in, OutputTokens: out}
}

// Budgets hold for an account and for the office, for calls that are still
// under way too, and however many begin at once.
func TestBudgets(t *testing.T) {
	d := dbtest.New(t)
	people := accounts.New(d, bookNow)
	wang, li := accountstest.Make(t, people, "wang.min", accounts.Asker), accountstest.Make(t, people, "li.si", accounts.Asker)
	book := advice.NewBook(d, advice.Limits{AccountTokens: 100, OfficeTokens: 150, InputPrice: 2, OutputPrice: 8}, bookNow)
	begin := func(a accounts.Account, in, out int) (int64, error) {
		return book.Begin(t.Context(), modelCall(a, 'a', in, out))
	}
	id, err := begin(wang, 60, 30)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := begin(wang, 20, 0); !errors.Is(err, llm.OverBudget) {
		t.Errorf("a call under way is not counted: %v", err)
	}
	c := modelCall(wang, 'a', 40, 10)
	if err := book.End(t.Context(), id, c, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := begin(wang, 50, 0); err != nil {
		t.Errorf("what it came to is less than was thought: %v", err)
	}
	if _, err := begin(li, 60, 0); !errors.Is(err, llm.OverBudget) {
		t.Errorf("the office's budget is not kept: %v", err)
	}
	var wg sync.WaitGroup
	var passed sync.Map
	for i := range 20 {
		wg.Go(func() {
			if _, err := begin(li, 10, 0); err == nil {
				passed.Store(i, true)
			}
		})
	}
	wg.Wait()
	n := 0
	passed.Range(func(any, any) bool { n++; return true })
	if n != 5 { // 150 less 100
		t.Errorf("%d of 20 calls began at once, want 5", n)
	}
	use, err := book.Usage(t.Context(), wang, 1)
	if err != nil || len(use) != 1 || use[0].Calls != 2 || use[0].Cost != (40*2+10*8)/1e6 {
		t.Errorf("use = %+v, %v", use, err)
	}
	if use, _ := book.Usage(t.Context(), li, 1); len(use) != 1 || use[0].Account != "li.si" {
		t.Errorf("one sees another's use: %+v", use)
	}
}

// A kept reply answers only whoever sees all that it was drawn from.
func TestKeptReplies(t *testing.T) {
	d := dbtest.New(t)
	people := accounts.New(d, bookNow)
	admin, err := people.Local(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	wang := accountstest.Make(t, people, "wang.min", accounts.Asker)
	if err := people.AddScope(t.Context(), admin, accounts.Scope{Name: "inner", Label: "内部"}); err != nil {
		t.Fatal(err)
	}
	clock := bookNow()
	book := advice.NewBook(d, advice.Limits{}, func() time.Time { return clock })
	for key, scopes := range map[byte][]string{'b': nil, 'c': {"inner"}} {
		c := modelCall(admin, key, 1, 1, scopes...)
		id, err := book.Begin(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if err := book.End(t.Context(), id, c, &llm.Reply{Text: "{}", Model: "m"}); err != nil {
			t.Fatal(err)
		}
	}
	found := func(a accounts.Account, key byte) bool {
		_, ok, err := book.Reply(t.Context(), a.ID, strings.Repeat(string(key), 64))
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if !found(wang, 'b') || found(wang, 'c') || !found(admin, 'c') {
		t.Errorf("public %v, inner for an outsider %v, inner for the administrator %v", found(wang, 'b'), found(wang, 'c'), found(admin, 'c'))
	}
	clock = clock.Add(31 * 24 * time.Hour)
	if found(wang, 'b') {
		t.Error("a reply is kept for ever")
	}
}
