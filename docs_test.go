package advisor_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var link = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// The tour and the other documents name files; they must be there.
func TestLinksInDocumentsLeadSomewhere(t *testing.T) {
	n := 0
	for _, doc := range documents(t) {
		b, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(b), -1) {
			n++
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", doc, m[1])
			}
		}
	}
	if n == 0 {
		t.Fatal("want links in the documents, got none")
	}
}

func documents(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir("docs", func(p string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(p) == ".md" {
			all = append(all, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var named = regexp.MustCompile("`([a-z]+\\.[A-Za-z]+)`")

// The worker role passes every row-level policy, so who acts as worker is a
// list that people read: docs/operations.md. It and the code must agree.
func TestWhatRunsAsWorkerIsListed(t *testing.T) {
	b, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(b), "### What runs as worker")
	if !ok {
		t.Fatal("want docs/operations.md to list what runs as worker")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var listed []string
	for _, m := range named.FindAllStringSubmatch(section, -1) {
		listed = append(listed, m[1])
	}
	used := workers(t)
	for _, f := range used {
		if !slices.Contains(listed, f) {
			t.Errorf("%s acts as worker; docs/operations.md does not list it", f)
		}
	}
	for _, f := range listed {
		if !slices.Contains(used, f) {
			t.Errorf("docs/operations.md lists %s, which does not act as worker", f)
		}
	}
}

// workers finds the functions that take a transaction or the pool of the worker.
func workers(t *testing.T) (used []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && p != "." || p == filepath.Join("internal", "db")):
			return fs.SkipDir
		case filepath.Ext(p) != ".go" || strings.HasSuffix(p, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if name := f.Name.Name + "."; ok && callsWorker(fn) && !slices.Contains(used, name+fn.Name.Name) {
				used = append(used, name+fn.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return used
}

func callsWorker(fn *ast.FuncDecl) (found bool) {
	ast.Inspect(fn, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && (sel.Sel.Name == "Work" || sel.Sel.Name == "Worker") {
				found = true
			}
		}
		return true
	})
	return found
}
