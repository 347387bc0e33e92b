package corpus_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"advisor/accounts/accountstest"
	"advisor/corpus"
)

func rule(h house, title, issued, closing string) corpus.Cut {
	return cut(h, fmt.Sprintf("# %s\n\n%s云川市人民政府公布\n\n第一条 为了管理，制定本办法。\n\n第二条 %s", title, issued, closing),
		corpus.Header{Level: "地方政府规章", Issuer: "云川市人民政府", Region: "云川市"})
}

func (h house) history(document int64) (out string) {
	h.Helper()
	h.read(h.keeper, func(ctx context.Context, tx pgx.Tx) error {
		all, err := corpus.History(ctx, tx, document, today)
		for _, v := range all {
			out += fmt.Sprintf("%s–%s %s by %s\n", v.Effective, v.Repealed, v.Status, v.EndedBy)
		}
		return err
	})
	return out
}

// Whichever comes first, the closing clause ends what it names, and what it
// names is free again when the clause goes.
func TestAClosingClauseEndsAnotherDocument(t *testing.T) {
	for _, first := range []string{"old", "new"} {
		t.Run(first+" first", func(t *testing.T) {
			h := open(t)
			save := map[string]func() corpus.Saved{
				"old": func() corpus.Saved {
					return h.must("public", "old.md", rule(h, "云川市停车暂行办法", "2010年3月1日", "本办法自2010年4月1日起施行。"))
				},
				"new": func() corpus.Saved {
					return h.must("public", "new.md", rule(h, "云川市停车管理规定", "2024年3月1日", "本规定自2024年5月1日起施行。《云川市停车暂行办法》同时废止。"))
				},
			}
			var old corpus.Saved
			var touched []int64
			for _, which := range []string{first, map[string]string{"old": "new", "new": "old"}[first]} {
				s := save[which]()
				if which == "old" {
					old = s
				}
				touched = append(touched, s.Touched...)
			}
			if got, want := h.history(old.DocumentID), "2010-04-01–2024-05-01 repealed by 云川市停车管理规定\n"; got != want {
				t.Errorf("want %q, got %q", want, got)
			}
			if !slices.Contains(touched, old.VersionID) {
				t.Errorf("want the ended version indexed again, got %v", touched)
			}
			h.must("public", "new.md", rule(h, "云川市停车管理规定", "2024年3月1日", "本规定自2024年5月1日起施行。"))
			if got, want := h.history(old.DocumentID), "2010-04-01– in_force by \n"; got != want {
				t.Errorf("want it free again when the clause is gone: %q, got %q", want, got)
			}
		})
	}
}

func (h house) doubts() (out []string) {
	h.Helper()
	h.read(h.keeper, func(ctx context.Context, tx pgx.Tx) error {
		all, err := corpus.ListDoubts(ctx, tx, today)
		for _, d := range all {
			for _, x := range d.Doubts {
				out = append(out, d.Title+" "+x.Code)
			}
		}
		return err
	})
	return out
}

func (h house) answer(a corpus.Answer) {
	h.Helper()
	if err := h.db.As(h.Context(), h.keeper.ID, func(tx pgx.Tx) error {
		return corpus.AnswerDoubt(h.Context(), tx, now(), h.keeper.ID, a)
	}); err != nil {
		h.Fatal(err)
	}
}

// What is read with little confidence waits for a person, and her answer counts.
func TestDoubtsWaitForAPerson(t *testing.T) {
	h := open(t)
	old := h.must("public", "law.md", rule(h, "云川市停车暂行办法", "2022年3月1日", "本办法自2022年4月1日起施行。"))
	h.must("public", "notice.md", cut(t, "# 云川市城管局关于停车的通知\n\n云城管发〔2024〕2号\n\n一、甲。\n\n二、本通知自2024年6月1日起施行，《云川市停车暂行办法》同时废止。\n\n云川市城管局\n\n2024年5月1日", corpus.Header{}))
	if got := h.history(old.DocumentID); !strings.Contains(got, "in_force") {
		t.Fatalf("want a notice not to end a rule by itself, got %q", got)
	}
	if got := h.doubts(); !slices.Contains(got, "云川市停车暂行办法 repeal") {
		t.Fatalf("want the doubt queued, got %v", got)
	}
	h.answer(corpus.Answer{VersionID: old.VersionID, Code: corpus.DoubtRepeal, Name: "云川市停车暂行办法"})
	if got := h.doubts(); slices.Contains(got, "云川市停车暂行办法 repeal") {
		t.Errorf("want the answered doubt gone, got %v", got)
	}
	h.answer(corpus.Answer{VersionID: old.VersionID, Code: corpus.DoubtRepeal, Name: "云川市停车暂行办法", Ended: true})
	if got, want := h.history(old.DocumentID), "2022-04-01–2024-06-01 repealed by 云川市城管局关于停车的通知\n"; got != want {
		t.Errorf("want the confirmed repeal in force: %q, got %q", want, got)
	}
	// The file read again changes nothing about what a person decided.
	h.must("public", "notice.md", cut(t, "# 云川市城管局关于停车的通知\n\n云城管发〔2024〕2号\n\n一、甲乙。\n\n二、本通知自2024年6月1日起施行，《云川市停车暂行办法》同时废止。\n\n云川市城管局\n\n2024年5月1日", corpus.Header{}))
	if got := h.history(old.DocumentID); !strings.Contains(got, "2024-06-01 repealed") {
		t.Errorf("want the answer to outlive a new reading, got %q", got)
	}
	stranger := accountstest.Make(t, h.people, "asker", "asker")
	err := h.db.As(t.Context(), stranger.ID, func(tx pgx.Tx) error {
		return corpus.AnswerDoubt(t.Context(), tx, now(), stranger.ID, corpus.Answer{VersionID: old.VersionID, Code: corpus.DoubtOld})
	})
	if err == nil {
		t.Error("want one who keeps no records refused")
	}
}

// A file imported anew for a narrower circle leaves the public's sight with its
// numbers; another document that only shares its path stays.
func TestANarrowerScopeTakesTheDocumentAlong(t *testing.T) {
	h := open(t)
	c := rule(h, "云川市停车暂行办法", "2022年3月1日", "本办法自2022年4月1日起施行。")
	public := h.must("public", "a.md", c)
	other := h.must("public", "b.md", rule(h, "云川市养犬办法", "2022年3月1日", "本办法自2022年4月1日起施行。"))
	inner := h.must("inner", "a.md", c)
	if inner.VersionID != public.VersionID {
		t.Errorf("want the version moved with its number %d, got %d", public.VersionID, inner.VersionID)
	}
	h.must("inner", "b.md", rule(h, "云川市养猫办法", "2022年3月1日", "本办法自2022年4月1日起施行。"))
	asker := accountstest.Make(t, h.people, "asker", "asker")
	var titles []string
	h.read(asker, func(ctx context.Context, tx pgx.Tx) error {
		list, err := corpus.List(ctx, tx, corpus.Filter{}, today)
		for _, d := range list {
			titles = append(titles, d.Title)
		}
		if _, err := corpus.VersionByID(ctx, tx, public.VersionID); err == nil {
			t.Error("want the moved version hidden from the public")
		}
		if _, err := corpus.VersionByID(ctx, tx, other.VersionID); err != nil {
			t.Errorf("want the other document left alone, got %v", err)
		}
		return err
	})
	if len(titles) != 1 || titles[0] != "云川市养犬办法" {
		t.Errorf("want only the other document left in public, got %v", titles)
	}
	h.read(h.keeper, func(ctx context.Context, tx pgx.Tx) error {
		var passages, stray int
		err := tx.QueryRow(ctx, `select count(*), count(*) filter (where scope <> 'inner') from passage where version_id = $1`, inner.VersionID).Scan(&passages, &stray)
		if passages == 0 || stray > 0 {
			t.Errorf("want all passages along, got %d, of which %d elsewhere", passages, stray)
		}
		return err
	})
}
