package advisor_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rooms says whom each room's production code may import, beside itself and
// internal/…: DESIGN.md §3 as data. A name covers the packages below it, but
// for embed: who may know what an embedder is need not know how one is built.
var rooms = map[string][]string{
	"segment":    {},
	"embed":      {},
	"llm":        {},
	"prompts":    {},
	"migrations": {},
	"sample":     {},
	"audit":      {},
	"accounts":   {"audit"},
	"notify":     {"accounts", "audit"},
	"corpus":     {"segment", "accounts", "audit"},
	"retrieval":  {"corpus", "segment", "embed", "accounts"},
	"advice":     {"corpus", "retrieval", "segment", "llm", "prompts", "accounts", "audit"},
	"experts":    {"advice", "corpus", "segment", "accounts", "audit"},
	"chat":       {"advice", "accounts", "audit"},
	"intake":     {"corpus", "retrieval", "experts", "accounts", "audit"},
	"bench":      {},
	"learn":      {"embed/distill", "corpus", "retrieval", "experts", "audit"},
	"evals":      {"intake", "advice", "experts", "retrieval", "corpus", "segment", "accounts"},
	"jobs":       {"segment", "corpus", "retrieval", "intake", "prompts", "advice", "chat", "experts", "audit", "accounts", "evals", "learn", "notify"},
	"web":        {"segment", "corpus", "retrieval", "intake", "prompts", "advice", "chat", "experts", "audit", "accounts", "evals", "learn", "notify"},
}

// parts are packages below a room with rules of their own.
var parts = map[string][]string{
	"embed/static":  {"embed", "segment"},
	"embed/distill": {"embed", "segment"},
	// The training tool joins teacher, training and the trained.
	"embed/distill/cmd": {"embed", "embed/distill", "embed/onnx", "embed/static", "segment"},
}

// keepers are the only ones who may know a module or an inner package by name.
var keepers = map[string][]string{
	"advisor/internal/localpg":         {"cmd/advisor", "internal/localpg", "internal/db/dbtest", "scripts"},
	"advisor/internal/db/dbtest":       {},
	"advisor/internal/torture":         {},
	"advisor/migrations":               {"cmd/advisor", "internal/db/dbtest"},
	"github.com/go-ego/gse":            {"segment"},
	"github.com/tmc/langchaingo":       {"llm"},
	"github.com/pressly/goose":         {"migrations"},
	"github.com/riverqueue/river":      {"jobs", "internal/queue", "migrations"},
	"github.com/yalue/onnxruntime":     {"embed"},
	"github.com/chromedp/chromedp":     {},
	"pgregory.net/rapid":               {},
	"github.com/jackc/pgx/v5/stdlib":   {"migrations"},
	"github.com/klippa-app/go-pdfium":  {"corpus/format"},
	"github.com/tetratelabs/wazero":    {"corpus/format"},
	"advisor/corpus/format/formattest": {},
}

// absent are what a package must not import although others of its kind may.
var absent = map[string][]string{
	"web":            {"github.com/jackc/pgx", "advisor/internal/db"}, // pages touch no SQL
	"segment":        {"advisor/internal/db"},
	"embed":          {"advisor/internal/db"},
	"llm":            {"advisor/internal/db"},
	"corpus/format":  {"advisor/internal/db"},
	"internal/queue": {"advisor/jobs"},
}

// wrong gives a sentence for an import that the design forbids, else "".
func wrong(pkg, imported string) string {
	for name, who := range keepers {
		if under(imported, name) && !under("advisor/"+pkg, name) && !slices.ContainsFunc(who, func(k string) bool { return under(pkg, k) }) {
			return pkg + " imports " + imported + ", which is for " + strings.Join(append(who, "tests"), ", ") + " only"
		}
	}
	for name, what := range absent {
		if under(pkg, name) && slices.ContainsFunc(what, func(w string) bool { return under(imported, w) }) {
			return pkg + " must not touch " + imported
		}
	}
	target, ours := strings.CutPrefix(imported, "advisor/")
	if !ours || under(pkg, "cmd") || under(pkg, "scripts") || under(target, "internal") {
		return ""
	}
	room := first(pkg)
	allowed, known := rooms[room]
	if p, ok := parts[pkg]; ok {
		allowed = p
	} else if first(target) == room {
		return ""
	}
	if !known && room != "internal" {
		return pkg + " is no room that this test knows; add it to DESIGN.md §3 and here"
	}
	if slices.ContainsFunc(allowed, func(a string) bool { return a == target || a != "embed" && under(target, a) }) {
		return ""
	}
	return pkg + " may not import " + target
}

func first(pkg string) string {
	name, _, _ := strings.Cut(pkg, "/")
	return name
}

func under(pkg, parent string) bool {
	return pkg == parent || strings.HasPrefix(pkg, parent+"/")
}

// testing packages such as accounts/accountstest follow the rules of tests.
func forTests(pkg string) bool { return strings.HasSuffix(pkg, "test") }

// TestRoomsImportOnlyWhatTheDesignAllows reads the files themselves, whatever
// their build tags: a cached listing once hid a broken rule.
func TestRoomsImportOnlyWhatTheDesignAllows(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := d.Name(); d.IsDir() && name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "shared") {
			return filepath.SkipDir
		}
		pkg := filepath.ToSlash(filepath.Dir(name))
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || forTests(pkg) {
			return nil
		}
		files++
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, what := range imports(t, name, src) {
			if why := wrong(pkg, what); why != "" {
				t.Errorf("%s: %s", name, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Errorf("read only %d files; is this the checkout's root?", files)
	}
}

func imports(t *testing.T, name string, src []byte) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
	if err != nil {
		t.Fatalf("read imports: %v", err)
	}
	var all []string
	for _, i := range f.Imports {
		what, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, path.Clean(what))
	}
	return all
}

// TestImportRulesCanFail keeps the test above honest.
func TestImportRulesCanFail(t *testing.T) {
	for _, c := range []struct {
		pkg, imported string
		allowed       bool
	}{
		{"advice", "advisor/experts", false},
		{"audit", "advisor/experts", false},
		{"corpus", "advisor/retrieval", false},
		{"web", "advisor/llm", false},
		{"web/api", "advisor/embed/static", false},
		{"web", "github.com/jackc/pgx/v5", false},
		{"jobs", "advisor/llm", false},
		{"retrieval", "advisor/embed", true},
		{"retrieval", "advisor/embed/static", false},
		{"embed/openai", "advisor/segment", false},
		{"embed/static", "advisor/segment", true},
		{"embed/static", "advisor/corpus", false},
		{"embed/distill", "advisor/embed/static", false},
		{"internal/db", "advisor/audit", false},
		{"internal/db", "advisor/internal/problem", true},
		{"segment", "github.com/go-ego/gse", true},
		{"corpus", "github.com/go-ego/gse/hmm", false},
		{"accounts", "advisor/internal/db/dbtest", false},
		{"intake", "advisor/corpus/format", true},
		{"cmd/advisor", "advisor/web/api", true},
		{"somewhere", "advisor/corpus", false},
	} {
		src := []byte("package x\nimport _ \"" + c.imported + "\"\n")
		why := wrong(c.pkg, imports(t, "x.go", src)[0])
		if (why == "") != c.allowed {
			t.Errorf("%s importing %s: want allowed=%v, got %q", c.pkg, c.imported, c.allowed, why)
		}
	}
}
