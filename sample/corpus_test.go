package sample

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"advisor/corpus"
	"advisor/corpus/format"
)

var update = flag.Bool("update", false, "write the bytes and articles columns of the manifest anew")

// row is a row of the manifest by column name.
type row map[string]string

func manifest(t *testing.T) (columns []string, rows []row) {
	t.Helper()
	b, err := fs.ReadFile(Corpus(), "manifest.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimRight(string(b), "\n"), "\n") {
		fields := strings.Split(line, "\t")
		if i == 0 {
			columns = fields
			continue
		}
		if len(fields) != len(columns) {
			t.Fatalf("manifest line %d: want %d columns, got %d", i+1, len(columns), len(fields))
		}
		r := row{}
		for j, c := range columns {
			r[c] = fields[j]
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		t.Fatal("want rows in the manifest, got none")
	}
	return columns, rows
}

func text(t *testing.T, r row) string {
	t.Helper()
	b, err := fs.ReadFile(Corpus(), r["path"])
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func cut(t *testing.T, r row) corpus.Cut {
	t.Helper()
	b, err := fs.ReadFile(Corpus(), r["path"])
	if err != nil {
		t.Fatal(err)
	}
	f, err := format.Read(context.Background(), r["path"], bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatalf("%s: %v", r["path"], err)
	}
	return corpus.CutFile(f, corpus.Header{Title: r["title"], DocNumber: r["doc_no"], Issuer: r["issuer"], Level: r["level"], Region: r["region"], Kind: r["kind"]})
}

func TestManifestNamesEveryFileOnce(t *testing.T) {
	_, rows := manifest(t)
	listed := map[string]bool{}
	for _, r := range rows {
		if listed[r["path"]] {
			t.Errorf("%s: twice in the manifest", r["path"])
		}
		listed[r["path"]] = true
	}
	_ = fs.WalkDir(Corpus(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "manifest.tsv" {
			return err
		}
		if !listed[name] {
			t.Errorf("%s: not in the manifest", name)
		}
		delete(listed, name)
		return nil
	})
	for name := range listed {
		t.Errorf("%s: in the manifest, but there is no such file", name)
	}
}

func TestManifestFieldsHold(t *testing.T) {
	columns, rows := manifest(t)
	numbers := map[string]string{}
	scopes := []string{"public"}
	for _, s := range office(t).Scopes {
		scopes = append(scopes, s.Name)
	}
	kinds := []string{"law", "official", "case", "list", "minutes", "other"}
	for _, r := range rows {
		if other, twice := numbers[r["doc_no"]]; twice {
			t.Errorf("%s: document number %s is also that of %s", r["path"], r["doc_no"], other)
		}
		numbers[r["doc_no"]] = r["path"]
		if !regexp.MustCompile(`^[云海东]\p{Han}+〔20\d\d〕\d+号$`).MatchString(r["doc_no"]) {
			t.Errorf("%s: document number %q is not one of the invented short forms", r["path"], r["doc_no"])
		}
		for _, c := range []string{"date_issued", "date_effective", "date_repealed"} {
			if _, err := corpus.ParseDate(r[c]); err != nil {
				t.Errorf("%s: %s: %v", r["path"], c, err)
			}
		}
		if r["date_effective"] < r["date_issued"] || r["date_repealed"] != "" && r["date_repealed"] < r["date_effective"] {
			t.Errorf("%s: dates out of order: %s, %s, %s", r["path"], r["date_issued"], r["date_effective"], r["date_repealed"])
		}
		if (r["date_repealed"] == "") != (r["status"] == "现行") {
			t.Errorf("%s: status %s does not go with the date of repeal %q", r["path"], r["status"], r["date_repealed"])
		}
		if !slices.Contains(scopes, r["scope"]) {
			t.Errorf("%s: unknown scope %s", r["path"], r["scope"])
		}
		if !slices.Contains(kinds, r["kind"]) {
			t.Errorf("%s: unknown kind %s", r["path"], r["kind"])
		}
	}
	for _, r := range rows {
		size, articles := strconv.Itoa(len(text(t, r))), strconv.Itoa(len(cut(t, r).Provisions))
		if *update {
			r["bytes"], r["articles"] = size, articles
		}
		if r["bytes"] != size || r["articles"] != articles {
			t.Errorf("%s: want %s bytes and %s articles in the manifest, got %s and %s (go test -update writes them)", r["path"], size, articles, r["bytes"], r["articles"])
		}
	}
	if *update {
		writeManifest(t, columns, rows)
	}
}

func writeManifest(t *testing.T, columns []string, rows []row) {
	t.Helper()
	var b strings.Builder
	b.WriteString(strings.Join(columns, "\t") + "\n")
	for _, r := range rows {
		for i, c := range columns {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(r[c])
		}
		b.WriteByte('\n')
	}
	if err := os.WriteFile("corpus/manifest.tsv", []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestEveryDocumentSaysItIsFictional(t *testing.T) {
	_, rows := manifest(t)
	for _, r := range rows {
		first := ""
		if path.Ext(r["path"]) == ".md" {
			first, _, _ = strings.Cut(text(t, r), "\n")
		} else if c := cut(t, r); true {
			first, _, _ = strings.Cut(c.Text, "\n")
		}
		if !strings.HasPrefix(first, Notice) || !strings.Contains(first, "虚构") || !strings.Contains(first, "不具有法律效力") {
			t.Errorf("%s: want a first line that says it is fictional and without legal force, got %q", r["path"], first)
		}
	}
}

// Real places must not be mistaken for ours, nor ours for real ones.
func TestNoRealPlaceOccurs(t *testing.T) {
	real := strings.Fields(`北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门
温州 龙港 苍南 平阳 鹿城 瓯海 乐清 瑞安 杭州 宁波 绍兴 嘉兴 湖州 金华 衢州 台州 丽水 舟山 广州 深圳 南京 苏州 武汉 成都 西安 郑州 济南 青岛 长沙 合肥 福州 厦门 南昌 沈阳 大连 哈尔滨 昆明 贵阳 南宁 兰州 浙里办 浙政钉 粤省事 随申办`)
	_, rows := manifest(t)
	check := func(name, s string) {
		for _, place := range real {
			if strings.Contains(s, place) {
				t.Errorf("%s: want no real place, got %s", name, place)
			}
		}
	}
	for _, r := range rows {
		check(r["path"], cut(t, r).Text)
	}
	for _, name := range []string{"office.json", "questions.jsonl"} {
		b, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		check(name, string(b))
	}
}

var (
	articleLine = regexp.MustCompile(`(?m)^第([零一二三四五六七八九十百]+)条[ 　]`)
	citation    = regexp.MustCompile(`(?:《([^《》]+)》|(本办法|本规定|本细则|本规则|本决定|本清单|本规程))第([零一二三四五六七八九十百]+)条(?:第([一二三四五六七八九十]+)款)?(?:第(?:（([一二三四五六七八九十]+)）|([一二三四五六七八九十]+))项)?`)
)

// articles splits a document into its articles by number.
func articles(s string) map[string]string {
	found := map[string]string{}
	at := articleLine.FindAllStringSubmatchIndex(s, -1)
	for i, m := range at {
		end := len(s)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		body, _, _ := strings.Cut(s[m[1]:end], "\n## ")
		found[s[m[2]:m[3]]] = body
	}
	return found
}

// holds says whether an article has the paragraph and item that are cited.
func holds(article, paragraph, item string) bool {
	if item != "" && !strings.Contains(article, "\n（"+item+"）") {
		return false
	}
	if paragraph == "" {
		return true
	}
	paragraphs := 0
	for _, p := range strings.Split(article, "\n") {
		if p = strings.TrimSpace(p); p != "" && !strings.HasPrefix(p, "（") && !strings.HasPrefix(p, "|") {
			paragraphs++
		}
	}
	n, ok := numeral(paragraph)
	return ok && n <= paragraphs
}

// numeral reads a number below one hundred, which is all that the sample needs.
func numeral(s string) (int, bool) {
	const digits = "零一二三四五六七八九"
	n := 0
	if tens, rest, ok := strings.Cut(s, "十"); ok {
		n, s = 10, rest
		if tens != "" {
			n = strings.Index(digits, tens) / 3 * 10
		}
		if s == "" {
			return n, true
		}
	}
	at := strings.Index(digits, s)
	return n + at/3, at >= 0
}

// resolve finds the version of a title that the citing document means: the
// newest one issued no later than itself, else the oldest.
func resolve(rows []row, title, issued string) (row, bool) {
	var best row
	for _, r := range rows {
		if r["title"] != title {
			continue
		}
		if best == nil || r["date_issued"] <= issued && r["date_issued"] > best["date_issued"] || best["date_issued"] > issued {
			best = r
		}
	}
	return best, best != nil
}

func TestEveryCitationPointsToAnArticle(t *testing.T) {
	_, rows := manifest(t)
	n := 0
	for _, r := range rows {
		s := cut(t, r).Text
		for _, m := range citation.FindAllStringSubmatch(s, -1) {
			n++
			if err := cited(t, rows, r, m); err != nil {
				t.Errorf("%s: %s: %v", r["path"], m[0], err)
			}
		}
	}
	if n < 60 {
		t.Errorf("want at least 60 citations among the documents, got %d", n)
	}
}

func cited(t *testing.T, rows []row, r row, m []string) error {
	target := r
	if m[1] != "" {
		var ok bool
		if target, ok = resolve(rows, m[1], r["date_issued"]); !ok {
			return fmt.Errorf("no document has this title")
		}
	}
	article, ok := articles(text(t, target))[m[3]]
	if !ok {
		return fmt.Errorf("%s has no such article", target["path"])
	}
	if !holds(article, m[4], m[5]+m[6]) {
		return fmt.Errorf("%s has the article, but not this paragraph or item", target["path"])
	}
	return nil
}

func TestQuestionsExpectWhatExists(t *testing.T) {
	all, err := Questions()
	if err != nil {
		t.Fatal(err)
	}
	_, rows := manifest(t)
	byPath := map[string]row{}
	for _, r := range rows {
		byPath[r["path"]] = r
	}
	ids, declined, logins := map[string]bool{}, 0, map[string]bool{}
	for _, a := range office(t).Accounts {
		logins[a.Login] = true
	}
	for _, q := range all {
		if q.ID == "" || ids[q.ID] || q.Text == "" || q.Why == "" {
			t.Errorf("question %q: want an id of its own, a text and a reason", q.ID)
		}
		ids[q.ID] = true
		if q.As != "" && !logins[q.As] {
			t.Errorf("question %s: unknown account %s", q.ID, q.As)
		}
		if q.Decline {
			declined++
		}
		if q.Decline == (len(q.Expect) > 0) {
			t.Errorf("question %s: want either provisions or a decline", q.ID)
		}
		for _, p := range q.Expect {
			if err := expected(t, byPath, p); err != nil {
				t.Errorf("question %s: %v", q.ID, err)
			}
		}
	}
	if declined < 40 || len(all) < 150 {
		t.Errorf("want at least 150 questions, 40 of them to decline, got %d and %d", len(all), declined)
	}
}

var label = regexp.MustCompile(`^第([零一二三四五六七八九十百]+)条(?:第([一二三四五六七八九十]+)款)?(?:第（([一二三四五六七八九十]+)）项)?$`)

func expected(t *testing.T, byPath map[string]row, p Provision) error {
	r, ok := byPath[p.Path]
	if !ok {
		return fmt.Errorf("no document %s", p.Path)
	}
	if p.Label == "" {
		return nil
	}
	m := label.FindStringSubmatch(p.Label)
	if m == nil {
		return fmt.Errorf("%q is not an official label", p.Label)
	}
	if article, ok := articles(text(t, r))[m[1]]; !ok || !holds(article, m[2], m[3]) {
		return fmt.Errorf("%s has no %s", p.Path, p.Label)
	}
	return nil
}
