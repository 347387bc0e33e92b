package intake

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"advisor/corpus"
	"advisor/internal/problem"
)

// source is one input file before it is read.
type source struct {
	path   string // import path: what identifies it from one import to the next
	name   string // file name, whose extension tells the reader
	header corpus.Header
	scope  string // set by the manifest's row; empty: the import's own
	size   int64
	open   func() (io.ReaderAt, func() error, error)
}

// list is everything an import has to look at.
type list struct {
	sources  []source
	missing  int
	failures []Failure
}

// fromDisk is a source that lies in a file.
func fromDisk(importPath, file string, size int64, h corpus.Header) source {
	return source{path: importPath, name: filepath.Base(file), header: h, size: size, open: func() (io.ReaderAt, func() error, error) {
		f, err := os.Open(file)
		if err != nil {
			return nil, nil, err
		}
		return f, f.Close, nil
	}}
}

// listPaths lists files and folders named on the command line. A file's import
// path begins with the name of the folder that was named, so that the same
// folder imported from elsewhere is the same documents.
func listPaths(paths []string) (list, error) {
	var l list
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return l, err
		}
		st, err := os.Stat(abs)
		if err != nil {
			return l, unreadable(p, err)
		}
		switch {
		case st.IsDir():
			err = l.walk(abs)
		case isArchive(abs):
			err = l.unpack(abs)
		default:
			l.sources = append(l.sources, fromDisk(importPath(filepath.Base(filepath.Dir(abs)), filepath.Base(abs)), abs, st.Size(), corpus.Header{}))
		}
		if err != nil {
			return l, err
		}
	}
	l.refuseTwins()
	return l, nil
}

func unreadable(p string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return problem.New(problem.NotFound, "no-such-file", "导入 "+p, "没有这个文件或文件夹", "请检查路径").Because(err)
	}
	return problem.New(problem.Failed, "unreadable", "导入 "+p, "读取失败", "请检查访问权限").Because(err)
}

// importPath joins the parts of an import path, with slashes on every system
// and in valid UTF-8: a path is data in the database.
func importPath(parts ...string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(path.Join(parts...), "\x00", ""), "\uFFFD")
}

// walk lists a folder. Hidden files and links are left alone: a link could lead
// out of what was named.
func (l *list) walk(root string) error {
	base := filepath.Base(root)
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(root, p)
		if relErr != nil {
			return relErr
		}
		name := importPath(base, filepath.ToSlash(rel))
		switch {
		case err != nil:
			l.failures = append(l.failures, Failure{name, "读取失败：" + cause(err)})
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case p != root && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular():
			return nil
		}
		st, err := d.Info()
		if err != nil {
			l.failures = append(l.failures, Failure{name, "读取失败：" + cause(err)})
			return nil
		}
		l.sources = append(l.sources, fromDisk(name, p, st.Size(), corpus.Header{}))
		return nil
	})
}

// refuseTwins keeps the first of several files with one import path.
func (l *list) refuseTwins() {
	seen := make(map[string]bool, len(l.sources))
	l.sources = slices.DeleteFunc(l.sources, func(s source) bool {
		if seen[s.path] {
			l.failures = append(l.failures, Failure{s.path, "与同次导入的另一个文件路径相同，请分开导入"})
			return true
		}
		seen[s.path] = true
		return false
	})
}

// listManifest lists the rows of a manifest whose files are there. The import
// path is the row's own path, relative to the manifest.
func listManifest(file string) (list, error) {
	var l list
	f, err := os.Open(file)
	if err != nil {
		return l, unreadable(file, err)
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	var columns map[string]int
	for line := 1; in.Scan(); line++ {
		cells := strings.Split(strings.TrimSuffix(in.Text(), "\r"), "\t")
		if columns == nil {
			if columns, err = readColumns(file, cells); err != nil {
				return l, err
			}
			continue
		}
		if strings.TrimSpace(in.Text()) != "" {
			l.row(filepath.Dir(file), line, columns, cells)
		}
	}
	if err := in.Err(); err != nil {
		return l, unreadable(file, err)
	}
	l.refuseTwins()
	return l, nil
}

func readColumns(file string, cells []string) (map[string]int, error) {
	columns := make(map[string]int)
	for i, c := range cells {
		columns[strings.TrimSpace(strings.TrimPrefix(c, "\uFEFF"))] = i
	}
	if _, ok := columns["path"]; !ok {
		return nil, problem.New(problem.Invalid, "manifest", "读取清单 "+file, "第一行没有 path 列", "第一行应为以制表符分隔的列名，如 path、title、issuer")
	}
	return columns, nil
}

func (l *list) row(root string, line int, columns map[string]int, cells []string) {
	cell := func(name string) string {
		if i, ok := columns[name]; ok && i < len(cells) {
			return strings.TrimSpace(cells[i])
		}
		return ""
	}
	p := cell("path")
	if p == "" || !filepath.IsLocal(filepath.FromSlash(p)) {
		l.failures = append(l.failures, Failure{fmt.Sprintf("清单第 %d 行", line), "path 为空，或指向清单所在文件夹之外"})
		return
	}
	file := filepath.Join(root, filepath.FromSlash(p))
	st, err := os.Stat(file)
	if err != nil || st.IsDir() {
		l.missing++
		return
	}
	s := fromDisk(importPath(p), file, st.Size(), corpus.Header{
		Title: cell("title"), DocNumber: cell("doc_no"), Issuer: cell("issuer"), Level: cell("level"), Region: cell("region"),
		Kind: cell("kind"), Issued: date(cell("date_issued")), Effective: date(cell("date_effective")),
		Repealed: date(cell("date_repealed")), Status: cell("status"),
	})
	s.scope = cell("scope")
	l.sources = append(l.sources, s)
}

// date keeps a whole date; a year alone says too little to decide what is in force.
func date(s string) corpus.Date {
	d, err := corpus.ParseDate(s)
	if err != nil {
		return ""
	}
	return d
}

// cause is an operating system's reason without the path, which is said already.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
