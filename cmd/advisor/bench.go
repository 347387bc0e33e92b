package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"advisor/accounts"
	"advisor/bench"
	"advisor/corpus"
	"advisor/intake"
	"advisor/internal/problem"
	"advisor/retrieval"
	"advisor/sample"
)

// benchReport is what bench prints.
type benchReport struct {
	Passages      int           `json:"passages"`
	ImportSeconds float64       `json:"import_seconds,omitempty"`
	PerSecond     float64       `json:"passages_per_second,omitempty"`
	OpenMS        float64       `json:"open_ms"`         // index opened again from its snapshot
	FirstMS       float64       `json:"first_answer_ms"` // the same, and one question answered
	One           bench.Figures `json:"search"`
	Many          bench.Figures `json:"load"`
	LexicalP50    float64       `json:"lexical_p50_ms"`
	LexicalP95    float64       `json:"lexical_p95_ms"`
	VectorP50     float64       `json:"vector_p50_ms"`
	VectorP95     float64       `json:"vector_p95_ms"`
	Recall        float64       `json:"vector_recall@10"`
	RecallSlice   float64       `json:"vector_recall@10_scope_1_percent"`
	MemoryMB      float64       `json:"memory_mb,omitempty"`
}

type benchOptions struct {
	passages, requests, clients int
	from, questions, csv        string
}

func benchCommand(f *flags) action {
	var o benchOptions
	f.IntVar(&o.passages, "passages", 0, "在用完即弃的数据库里生成这么多片段；0 表示测本单位的文件库")
	f.StringVar(&o.from, "from", "", "生成文本所取材的文件夹（.md、.txt），默认示例城市")
	f.StringVar(&o.questions, "questions", "", "问题文件，每行一问或一个带 text 的 JSON 对象")
	f.IntVar(&o.requests, "requests", 400, "每组请求数")
	f.IntVar(&o.clients, "clients", 16, "并发组的客户端数")
	f.StringVar(&o.csv, "csv", "", "把每次请求的用时写入这个文件")
	return func(ctx context.Context, e *env, _ []string) error {
		e.in.scratch = e.in.scratch || o.passages > 0
		r, err := e.bench(ctx, o)
		if err != nil {
			return err
		}
		return e.print(r, func(w io.Writer) { printBench(w, r) })
	}
}

func printBench(w io.Writer, r benchReport) {
	fmt.Fprintf(w, "片段 %d", r.Passages)
	if r.ImportSeconds > 0 {
		fmt.Fprintf(w, "，导入 %.1f 秒（每秒 %.0f 片段）", r.ImportSeconds, r.PerSecond)
	}
	fmt.Fprintf(w, "\n打开索引 %.0f 毫秒，到第一个答复 %.0f 毫秒\n", r.OpenMS, r.FirstMS)
	fmt.Fprintf(w, "经 HTTP 检索：单客户端 p50 %.2f 毫秒，p95 %.2f 毫秒；%d 个客户端每秒 %.0f 次，p95 %.1f 毫秒\n",
		r.One.P50, r.One.P95, r.Many.Clients, r.Many.PerSecond, r.Many.P95)
	fmt.Fprintf(w, "词法一侧 p50 %.2f 毫秒，p95 %.2f 毫秒；向量一侧 p50 %.2f 毫秒，p95 %.2f 毫秒\n", r.LexicalP50, r.LexicalP95, r.VectorP50, r.VectorP95)
	fmt.Fprintf(w, "向量召回率@10：全部 %.3f，百分之一知悉范围 %.3f\n", r.Recall, r.RecallSlice)
	if r.MemoryMB > 0 {
		fmt.Fprintf(w, "内存（PSS，含数据库）%.0f MB\n", r.MemoryMB)
	}
}

// bench fills a scratch database when asked to, then measures the corpus that is there.
func (e *env) bench(ctx context.Context, o benchOptions) (benchReport, error) {
	var r benchReport
	importer, actor, err := e.importer(ctx)
	if err != nil {
		return r, err
	}
	pool, err := o.pool()
	if err != nil {
		return r, err
	}
	if o.passages > 0 {
		if err := e.fill(ctx, importer, actor, pool, o.passages, &r); err != nil {
			return r, err
		}
	}
	if r.Passages = e.idx.Passages(); r.Passages == 0 {
		return r, problem.New(problem.Invalid, "nothing-to-measure", "测速", "文件库是空的", "请先导入文件，或用 --passages 生成")
	}
	questions := pool.Questions(min(o.requests, 400))
	if o.questions != "" {
		if questions, err = readQuestions(o.questions); err != nil {
			return r, err
		}
	}
	if err := e.measureStart(ctx, actor, questions[0], &r); err != nil {
		return r, err
	}
	if err := e.measureHTTP(ctx, actor, questions, o, &r); err != nil {
		return r, err
	}
	return r, e.measureSides(ctx, questions, &r)
}

func (o benchOptions) pool() (bench.Pool, error) {
	var files fs.FS = sample.Corpus()
	if o.from != "" {
		files = os.DirFS(o.from)
	}
	p, err := bench.ReadPool(files)
	if err != nil {
		return p, problem.New(problem.Invalid, "no-texts", "读取测速所用文本", "文件夹里没有可用的 .md 或 .txt 文本", "请用 --from 指定文本文件夹").Because(err)
	}
	return p, nil
}

// fillAtOnce documents are handed over together.
const fillAtOnce = 4000

func (e *env) fill(ctx context.Context, importer *intake.Importer, actor accounts.Account, pool bench.Pool, passages int, r *benchReport) error {
	started := time.Now()
	bar := newBar(e)
	defer bar.end()
	for from, n := 0, bench.Documents(passages); from < n; from += fillAtOnce {
		var texts []intake.Text
		for i := from; i < min(n, from+fillAtOnce); i++ {
			d := pool.Document(i)
			texts = append(texts, intake.Text{Path: d.Path, Header: corpus.Header{Title: d.Title}, Body: d.Text})
		}
		report, err := importer.ImportTexts(ctx, actor, "", texts, bar.show)
		if err != nil {
			return err
		}
		r.Passages += report.Passages
	}
	r.ImportSeconds = time.Since(started).Seconds()
	r.PerSecond = float64(r.Passages) / r.ImportSeconds
	return nil
}

func readQuestions(file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, problem.New(problem.NotFound, "no-file", "读取问题文件 "+file, "文件打不开", "请检查路径").Because(err)
	}
	defer f.Close()
	var out []string
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 1<<16), 16<<20)
	for lines.Scan() {
		q := strings.TrimSpace(lines.Text())
		var object struct{ Text string }
		if json.Unmarshal([]byte(q), &object) == nil {
			q = object.Text
		}
		if q != "" {
			out = append(out, q)
		}
	}
	if len(out) == 0 {
		return nil, problem.New(problem.Invalid, "no-questions", "读取问题文件 "+file, "没有一个问题", "每行一问")
	}
	return out, lines.Err()
}

// measureStart opens the index a second time, as a program that starts does.
func (e *env) measureStart(ctx context.Context, actor accounts.Account, question string, r *benchReport) error {
	started := time.Now()
	x, err := retrieval.Open(ctx, e.db, e.embedder, e.words.With(nil), e.cfg.index(), e.log)
	if err != nil {
		return err
	}
	r.OpenMS = ms(time.Since(started))
	_, err = x.Search(ctx, actor, retrieval.Query{Text: question})
	r.FirstMS = ms(time.Since(started))
	return err
}

// measureHTTP serves the pages on a free port and asks with a key of its own.
func (e *env) measureHTTP(ctx context.Context, actor accounts.Account, questions []string, o benchOptions, r *benchReport) error {
	site, err := e.site(ctx, false)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: site, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	key, revoke, err := e.benchKey(ctx, actor)
	if err != nil {
		return err
	}
	load := bench.Load{URL: "http://" + listener.Addr().String(), Key: key, Questions: questions, Clients: 1, Requests: min(50, o.requests)}
	if _, err := load.Run(ctx); err != nil { // the first requests plan their statements
		return errors.Join(err, revoke())
	}
	load.Requests = o.requests
	if r.One, err = load.Run(ctx); err != nil {
		return errors.Join(err, revoke())
	}
	load.Clients, load.Requests = o.clients, 4*o.requests
	if r.Many, err = load.Run(ctx); err != nil {
		return errors.Join(err, revoke())
	}
	pids := []int{os.Getpid()}
	if e.pg != nil {
		pids = append(pids, e.pg.PID())
	}
	r.MemoryMB, _ = bench.Memory(pids...) // elsewhere than on Linux there is none
	if o.csv != "" {
		err = bench.WriteCSV(o.csv, map[string][]float64{"one": r.One.MS, "many": r.Many.MS})
	}
	return errors.Join(err, revoke())
}

// benchKey makes a key that is revoked when the measuring is over.
func (e *env) benchKey(ctx context.Context, actor accounts.Account) (key string, revoke func() error, err error) {
	if key, err = e.accounts.AddKey(ctx, actor, actor.Login, "测速"); err != nil {
		return "", nil, err
	}
	return key, func() error {
		ctx := context.WithoutCancel(ctx)
		keys, err := e.accounts.Keys(ctx, actor, actor.Login)
		for _, k := range keys {
			if err == nil && k.Name == "测速" {
				err = e.accounts.RevokeKey(ctx, actor, actor.Login, k.ID)
			}
		}
		return err
	}, nil
}

func (e *env) measureSides(ctx context.Context, questions []string, r *benchReport) error {
	s, err := e.idx.Measure(ctx, questions, 40)
	if err != nil {
		return err
	}
	lexical, vector := inMS(s.Lexical), inMS(s.Vector)
	r.LexicalP50, r.LexicalP95 = bench.Quantile(lexical, 0.5), bench.Quantile(lexical, 0.95)
	r.VectorP50, r.VectorP95 = bench.Quantile(vector, 0.5), bench.Quantile(vector, 0.95)
	r.Recall, r.RecallSlice = s.Recall, s.RecallSlice
	return nil
}

func inMS(all []time.Duration) []float64 {
	out := make([]float64, len(all))
	for i, d := range all {
		out[i] = ms(d)
	}
	return out
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
