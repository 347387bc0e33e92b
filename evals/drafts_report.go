package evals

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"os"
	"regexp"
	"strings"

	"advisor/advice"
	"advisor/corpus"
	"advisor/internal/problem"
)

// DraftRun is an evaluation of drafts kept on disk: a line for the whole, one for each question.
type DraftRun struct {
	Report    DraftReport
	Questions []DraftOutcome
}

// DraftReport is the result over all questions, in the JSON shape of eval drafts.
// Shares are of 1, with the bootstrap's 95 % interval where a range is given.
type DraftReport struct {
	Questions        int        `json:"questions"`
	Answerable       int        `json:"answerable"`
	Found            float64    `json:"gold_in_five"` // a decline counts as a miss
	FoundRange       [2]float64 `json:"gold_in_five_95"`
	First3           float64    `json:"gold_of_first_three"`
	First3Range      [2]float64 `json:"gold_of_first_three_95"`
	Precision        float64    `json:"citation_precision"`
	Recall           float64    `json:"citation_recall"`
	Points           float64    `json:"points_covered"`
	WronglyDeclined  float64    `json:"wrongly_declined"`
	WronglyRange     [2]float64 `json:"wrongly_declined_95"`
	ShouldDecline    int        `json:"should_decline"`
	RightlyDeclined  float64    `json:"rightly_declined"`
	RightlyRange     [2]float64 `json:"rightly_declined_95"`
	Quotes           int        `json:"quotes"`
	QuotesExact      float64    `json:"quotes_exact"`
	NotInForce       int        `json:"not_in_force"`
	UnsupportedShare float64    `json:"unsupported_claims"`
	P50MS            float64    `json:"p50_ms"`
	P95MS            float64    `json:"p95_ms"`
	Tokens           int        `json:"tokens"`
}

func reportOn(all []DraftOutcome) (r DraftReport) {
	var found, first3, precision, recall, points, wrong, right, took []float64
	claims, doubtful, inexact := 0, 0, 0
	for _, o := range all {
		took = append(took, o.TookMS)
		claims, doubtful, inexact = claims+o.Claims, doubtful+o.Doubtful, inexact+o.Inexact
		r.Quotes, r.NotInForce, r.Tokens = r.Quotes+o.Quotes, r.NotInForce+o.Stale, r.Tokens+o.Tokens
		declined := o.Status == advice.Declined
		if o.Decline {
			right = append(right, one(declined))
			continue
		}
		wrong = append(wrong, one(declined))
		if len(o.Gold) > 0 {
			found, first3, recall = append(found, one(o.Found)), append(first3, o.First3), append(recall, o.Recall)
		}
		if !declined {
			precision, points = append(precision, o.Precision), append(points, o.Points)
		} else {
			points = append(points, 0)
		}
	}
	r.Questions, r.Answerable, r.ShouldDecline = len(all), len(wrong), len(right)
	r.Found, r.First3, r.Precision, r.Recall, r.Points = average(found), average(first3), average(precision), average(recall), average(points)
	r.WronglyDeclined, r.RightlyDeclined = average(wrong), average(right)
	for _, x := range []struct {
		to     *[2]float64
		values []float64
	}{{&r.FoundRange, found}, {&r.First3Range, first3}, {&r.WronglyRange, wrong}, {&r.RightlyRange, right}} {
		x.to[0], x.to[1] = interval(x.values)
	}
	r.QuotesExact = 1 - float64(inexact)/float64(max(1, r.Quotes))
	r.UnsupportedShare = float64(doubtful) / float64(max(1, claims))
	r.P50MS, r.P95MS = quantile(took, 0.50), quantile(took, 0.95)
	return r
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func average(values []float64) (v float64) {
	for _, x := range values {
		v += x / float64(len(values))
	}
	return v
}

// Write keeps the run for eval compare.
func (r DraftRun) Write(file string) error {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(map[string]any{"drafts": r.Report})
	for _, q := range r.Questions {
		if err == nil {
			err = enc.Encode(q)
		}
	}
	if err == nil {
		err = os.WriteFile(file, []byte(out.String()), 0o644)
	}
	if err != nil {
		return fmt.Errorf("keep run: %w", err)
	}
	return nil
}

// ReadDraftRun reads what Write kept; ok is false when the file is a run of another kind.
func ReadDraftRun(file string) (r DraftRun, ok bool, err error) {
	lines, err := readLines[json.RawMessage](file)
	if err != nil || len(lines) == 0 {
		return r, false, err
	}
	var head struct{ Drafts *DraftReport }
	if json.Unmarshal(lines[0], &head) != nil || head.Drafts == nil {
		return r, false, nil
	}
	r.Report = *head.Drafts
	for _, l := range lines[1:] {
		var o DraftOutcome
		if err := json.Unmarshal(l, &o); err != nil {
			return r, true, fmt.Errorf("read run %s: %w", file, err)
		}
		r.Questions = append(r.Questions, o)
	}
	return r, true, nil
}

// CompareDrafts pairs the questions of two runs.
func CompareDrafts(a, b DraftRun) (c Comparison) {
	before := map[string]DraftOutcome{}
	for _, o := range a.Questions {
		before[o.ID] = o
	}
	measures := []struct {
		name  string
		value func(DraftOutcome) float64
	}{
		{"五条含金", func(o DraftOutcome) float64 { return one(o.Found) }},
		{"前三金率", func(o DraftOutcome) float64 { return o.First3 }},
		{"要点", func(o DraftOutcome) float64 { return o.Points }},
		{"答拒得当", func(o DraftOutcome) float64 { return one((o.Status == advice.Declined) == o.Decline) }},
	}
	for _, m := range measures {
		var d []float64
		var x, y float64
		for _, o := range b.Questions {
			if old, ok := before[o.ID]; ok {
				d = append(d, m.value(o)-m.value(old))
				x, y = x+m.value(old), y+m.value(o)
			}
		}
		n := float64(max(1, len(d)))
		low, high := interval(d)
		c.Questions = len(d)
		c.Differences = append(c.Differences, Difference{m.name, x / n, y / n, low, high, byChance(d)})
	}
	return c
}

//go:embed drafts_report.html
var draftsPage string

// WriteHTML writes a page: the figures, and every question that went wrong.
func (r DraftRun) WriteHTML(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	page := template.Must(template.New("drafts").Funcs(template.FuncMap{"percent": func(v float64) string { return fmt.Sprintf("%.1f%%", 100*v) }}).Parse(draftsPage))
	w := bufio.NewWriter(f)
	err = page.Execute(w, r)
	if err == nil {
		err = w.Flush()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// Wrong says whether a question belongs among those shown first.
func (o DraftOutcome) Wrong() bool {
	return (o.Status == advice.Declined) != o.Decline || !o.Decline && len(o.Gold) > 0 && !o.Found || o.Inexact > 0 || o.Stale > 0
}

// asKept is a question as question files have it: the sample's own, or one with
// an answer and the names of its gold articles.
type asKept struct {
	ID, Kind, Text, Question, On, As, Answer string
	Expect                                   []struct{ Path, Label string }
	GoldArticles                             []string `json:"gold_articles"`
	Points                                   []string
	Decline                                  bool
}

// ReadDraftQuestions reads a file of questions, one JSON object a line: the
// sample's shape (text, kind, on, as, expect with path and label, points,
// decline), or question, answer and gold_articles. An answer's sentences are
// its points.
func ReadDraftQuestions(file string) ([]DraftQuestion, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, problem.New(problem.NotFound, "no-questions", "建议稿评测", "没有读到问题文件 "+file, "请核对路径").Because(err)
	}
	var out []DraftQuestion
	for i, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		var k asKept
		// Question sets written by other programs have NaN where nothing is known.
		if err := json.Unmarshal([]byte(notANumber.ReplaceAllString(line, "${1}null${2}")), &k); err != nil {
			return nil, problem.New(problem.Invalid, "bad-questions", "建议稿评测", fmt.Sprintf("%s 第 %d 行不是 JSON 对象", file, i+1), "请每行写一个 JSON 对象").Because(err)
		}
		q := DraftQuestion{ID: k.ID, Kind: k.Kind, Text: k.Text + k.Question, As: k.As, Points: k.Points, Decline: k.Decline}
		if k.On != "" {
			if q.On, err = corpus.ParseDate(k.On); err != nil {
				return nil, fmt.Errorf("question %s: %w", k.ID, err)
			}
		}
		for _, e := range k.Expect {
			q.Gold = append(q.Gold, Gold{Path: e.Path, Label: e.Label})
		}
		for _, name := range k.GoldArticles {
			if at := articleForm.FindStringIndex(name); at != nil {
				q.Gold = append(q.Gold, Gold{Title: name[:at[0]], Label: name[at[0]:at[1]]})
			}
		}
		q.Points = append(q.Points, sentencesOf(k.Answer)...)
		out = append(out, q)
	}
	if len(out) == 0 {
		return nil, problem.New(problem.Invalid, "no-questions", "建议稿评测", "文件 "+file+" 里没有问题", "请给出每行一个 JSON 对象的问题文件")
	}
	return out, nil
}

var notANumber = regexp.MustCompile(`("\s*:\s*)NaN(\s*[,}])`)

var greeting = regexp.MustCompile(`^(您好|你好)[，,。！!]?`)

func sentencesOf(answer string) (out []string) {
	for _, s := range strings.FieldsFunc(answer, func(r rune) bool { return strings.ContainsRune("。；！？\n", r) }) {
		if s = greeting.ReplaceAllString(strings.TrimSpace(s), ""); len([]rune(s)) >= 8 {
			out = append(out, s)
		}
	}
	return out
}
