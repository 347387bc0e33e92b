package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"advisor/corpus"
	"advisor/internal/problem"
	"advisor/retrieval"
)

func searchCommand(f *flags) action {
	k := f.Int("k", 10, "最多几条")
	mode := f.String("mode", "hybrid", "hybrid、lexical 或 vector")
	on := f.String("on", "", "以哪一天的效力为准，默认今天")
	return func(ctx context.Context, e *env, args []string) error {
		date, err := dateFlag(*on)
		if err != nil {
			return err
		}
		q := retrieval.Query{Text: strings.Join(args, " "), K: *k, Mode: *mode, On: date}
		index, actor, err := e.index(ctx)
		if err != nil {
			return err
		}
		r, err := index.Search(ctx, actor, q)
		if err != nil {
			return err
		}
		return e.print(r, func(w io.Writer) { printHits(w, r) })
	}
}

func printHits(w io.Writer, r retrieval.Result) {
	if len(r.Hits) == 0 {
		fmt.Fprintln(w, "没有检索到相关条款。可换用文件中的正式用语再试。")
	}
	for _, h := range r.Hits {
		fmt.Fprintf(w, "%2d. 《%s》%s %s %s\n    %s\n", h.Rank, h.Title, h.Provision, h.DocNumber, statusWord(h.Status), short(h.Text, 120))
	}
	fmt.Fprintf(w, "用时 %.1f 毫秒\n", r.TookMS)
}

// statusWord says validity in the office's words.
func statusWord(status string) string {
	switch status {
	case "in_force":
		return "现行"
	case "repealed":
		return "已失效"
	case "not_yet":
		return "尚未施行"
	}
	return "效力待核"
}

// short cuts s to n characters for one line of a terminal.
func short(s string, n int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n]) + "…"
}

// dateFlag reads a --on flag; empty stays empty, which means today.
func dateFlag(s string) (corpus.Date, error) {
	d, err := corpus.ParseDate(s)
	if s != "" && err != nil {
		return "", problem.New(problem.Invalid, "bad-date", "没有看懂日期 "+s, "应为 年-月-日，例如 2025-03-01", "改正后重新执行")
	}
	return d, nil
}
