package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"advisor/internal/problem"
	"advisor/segment"
)

// benchCut measures the segmenter alone: loading it, its memory, words and terms.
func benchCut(*flags) action {
	return func(_ context.Context, e *env, args []string) error {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		started := time.Now()
		s, err := segment.Default()
		load := time.Since(started)
		if err != nil {
			return err
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		var texts []string
		size := 0
		for _, file := range args {
			b, err := os.ReadFile(file)
			if err != nil {
				return problem.New(problem.NotFound, "no-file", "读取 "+file, "文件打不开", "请检查路径").Because(err)
			}
			for line := range strings.Lines(string(b)) {
				texts, size = append(texts, line), size+len(line)
			}
		}
		speed := func(cut func(string)) (best float64) {
			for range 5 {
				started := time.Now()
				for _, t := range texts {
					cut(t)
				}
				best = max(best, float64(size)/1e6/time.Since(started).Seconds())
			}
			return best
		}
		r := map[string]float64{
			"load_ms": ms(load), "heap_mb": float64(after.HeapAlloc-before.HeapAlloc) / 1e6,
			"words_mb_s": speed(func(t string) { s.Words(t) }), "terms_mb_s": speed(func(t string) { s.Terms(t) }),
		}
		return e.print(r, func(w io.Writer) {
			fmt.Fprintf(w, "装载 %.0f 毫秒，%.0f MB；分词每秒 %.1f MB，全部检索词每秒 %.1f MB\n", r["load_ms"], r["heap_mb"], r["words_mb_s"], r["terms_mb_s"])
		})
	}
}

// benchExport writes made-up documents and questions for others to be measured on.
func benchExport(f *flags) action {
	var o benchOptions
	f.IntVar(&o.passages, "passages", 20000, "多少片段")
	f.StringVar(&o.from, "from", "", "取材的文件夹，默认示例城市")
	return func(_ context.Context, e *env, args []string) error {
		dir, err := one(args, "文件夹")
		if err != nil {
			return err
		}
		pool, err := o.pool()
		if err != nil {
			return err
		}
		var documents, questions []map[string]string
		for i := range o.passages {
			a := pool.Article(i)
			documents = append(documents, map[string]string{"_id": a.Path, "title": a.Title, "text": a.Text})
		}
		for i, q := range pool.Questions(400) {
			questions = append(questions, map[string]string{"_id": fmt.Sprint("q", i), "text": q})
		}
		if err := writeLines(filepath.Join(dir, "corpus.jsonl"), documents); err != nil {
			return err
		}
		if err := writeLines(filepath.Join(dir, "queries.jsonl"), questions); err != nil {
			return err
		}
		return e.print(map[string]any{"documents": len(documents), "questions": len(questions)}, func(w io.Writer) {
			fmt.Fprintf(w, "已写入 %s：%d 份，%d 问\n", dir, len(documents), len(questions))
		})
	}
}

func writeLines(path string, lines []map[string]string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	enc := json.NewEncoder(f)
	enc.SetEscapeHTML(false)
	for _, l := range lines {
		if err := enc.Encode(l); err != nil {
			f.Close()
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return f.Close()
}
