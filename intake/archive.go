package intake

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"advisor/corpus"
	"advisor/internal/problem"
)

// Bounds of an archive: a hostile one must not fill memory or the disk.
const (
	maxEntries  = 50_000
	maxEntry    = 64 << 20  // one file, unpacked, held in memory
	maxUnpacked = 128 << 20 // all files of a tar together, held in memory
	maxOpened   = 4 << 30   // all files of an uploaded archive together, on disk
	maxDepth    = 3         // archives in archives
)

// archives are the endings of what is opened, longest first.
var archives = []string{".tar.gz", ".tar.xz", ".tgz", ".txz", ".tar", ".zip", ".gz", ".xz"}

func isArchive(file string) bool { return ending(file) != "" }

func ending(file string) string {
	name := strings.ToLower(file)
	for _, e := range archives {
		if strings.HasSuffix(name, e) {
			return e
		}
	}
	return ""
}

// unpack lists the files of an archive; their import paths begin with its name.
func (l *list) unpack(file string) error {
	var err error
	if ending(file) == ".zip" {
		err = l.unzip(file)
	} else {
		err = l.untar(file)
	}
	return archiveProblem(file, err)
}

func archiveProblem(file string, err error) error {
	var p *problem.Problem
	if err != nil && !errors.As(err, &p) && !errors.Is(err, context.Canceled) {
		return problem.New(problem.Failed, "archive", "打开压缩包 "+file, "压缩包损坏、加了密码或格式不对", "请解压后导入文件夹").Because(err)
	}
	return err
}

func tooBig(file string) error {
	return problem.New(problem.Refused, "archive-too-big", "打开压缩包 "+file, "文件太多或解开后太大", "请解压后导入文件夹")
}

// unzip leaves the entries in the archive until they are read.
func (l *list) unzip(file string) error {
	r, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	if len(r.File) > maxEntries {
		return tooBig(file)
	}
	for i, f := range r.File {
		name := entryName(f.Name, f.NonUTF8)
		if !wanted(name) || f.FileInfo().IsDir() {
			continue
		}
		l.sources = append(l.sources, source{
			path: importPath(filepath.Base(file), path.Clean("/"+name)), name: path.Base(name),
			size: min(int64(f.UncompressedSize64), maxEntry),
			open: func() (io.ReaderAt, func() error, error) { return openEntry(file, i) },
		})
	}
	return nil
}

func openEntry(file string, i int) (io.ReaderAt, func() error, error) {
	r, err := zip.OpenReader(file)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = r.Close() }()
	if i >= len(r.File) {
		return nil, nil, errors.New("压缩包已被改动")
	}
	e, err := r.File[i].Open()
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = e.Close() }()
	b, err := io.ReadAll(io.LimitReader(e, maxEntry+1))
	if err == nil && len(b) > maxEntry {
		err = errors.New("解开后超过 64 MB")
	}
	return bytes.NewReader(b), func() error { return nil }, err
}

// untar holds all entries in memory: a tar cannot be read out of order.
func (l *list) untar(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	left := int64(maxUnpacked)
	return eachIn(context.Background(), file, f, st.Size(), func(name string, _ int64, body io.Reader) error {
		b, err := io.ReadAll(io.LimitReader(body, left+1))
		if err != nil {
			return err
		}
		if left -= int64(len(b)); left < 0 {
			return tooBig(file)
		}
		l.sources = append(l.sources, fromMemory(importPath(filepath.Base(file), path.Clean("/"+name)), path.Base(name), b, corpus.Header{}))
		return nil
	})
}

// eachIn calls fn for each file in an archive, in its order, with a stream of
// its bytes. What an archive may hold in all is bounded.
func eachIn(ctx context.Context, file string, r io.ReaderAt, size int64, fn func(name string, size int64, body io.Reader) error) error {
	left := &allowance{ctx: ctx, left: maxOpened, over: tooBig(file)}
	kind := ending(file)
	if kind == ".zip" {
		return eachInZip(file, r, size, left, fn)
	}
	var in io.Reader = io.NewSectionReader(r, 0, size)
	var err error
	switch {
	case strings.HasSuffix(kind, "gz"):
		in, err = gzip.NewReader(in)
	case strings.HasSuffix(kind, "xz"):
		in, err = openXZ(r, size)
	}
	if err != nil {
		return err
	}
	if kind == ".gz" || kind == ".xz" {
		name := path.Base(filepath.ToSlash(file))
		return fn(name[:len(name)-len(kind)], -1, left.of(in))
	}
	archive := tar.NewReader(left.of(in))
	for entries := 0; ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if entries++; entries > maxEntries {
			return tooBig(file)
		}
		name := entryName(h.Name, true)
		if h.Typeflag != tar.TypeReg || !wanted(name) {
			continue
		}
		if err := fn(name, h.Size, archive); err != nil {
			return err
		}
	}
}

func eachInZip(file string, r io.ReaderAt, size int64, left *allowance, fn func(name string, size int64, body io.Reader) error) error {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	if len(archive.File) > maxEntries {
		return tooBig(file)
	}
	for _, f := range archive.File {
		name := entryName(f.Name, f.NonUTF8)
		if !wanted(name) || f.FileInfo().IsDir() || !f.Mode().IsRegular() {
			continue
		}
		body, err := f.Open()
		if err != nil {
			return err
		}
		err = fn(name, int64(f.UncompressedSize64), left.of(body))
		_ = body.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// allowance is what may still come out of an archive.
type allowance struct {
	ctx  context.Context // of the one call that reads
	left int64
	over error
}

func (a *allowance) of(in io.Reader) io.Reader { return &allowed{a, in} }

type allowed struct {
	*allowance
	in io.Reader
}

func (a *allowed) Read(p []byte) (int, error) {
	if err := a.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := a.in.Read(p)
	if a.left -= int64(n); a.left < 0 {
		return 0, a.over
	}
	return n, err
}

func fromMemory(importPath, name string, b []byte, h corpus.Header) source {
	return source{path: importPath, name: name, header: h, size: int64(len(b)), open: func() (io.ReaderAt, func() error, error) {
		return bytes.NewReader(b), func() error { return nil }, nil
	}}
}

func wanted(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") && part != "." && part != ".." || part == "__MACOSX" {
			return false
		}
	}
	return true
}
