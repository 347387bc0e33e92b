package intake

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"advisor/corpus"
	"advisor/internal/problem"
)

// Bounds of an archive: a hostile one must not fill memory.
const (
	maxEntries  = 50_000
	maxEntry    = 64 << 20  // one file, unpacked
	maxUnpacked = 128 << 20 // all files of a tar together: they are held in memory
)

func isArchive(file string) bool {
	name := strings.ToLower(file)
	return strings.HasSuffix(name, ".zip") || strings.HasSuffix(name, ".tar") || strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tgz")
}

// unpack lists the files of an archive; their import paths begin with its name.
func (l *list) unpack(file string) error {
	var err error
	if strings.HasSuffix(strings.ToLower(file), ".zip") {
		err = l.unzip(file)
	} else {
		err = l.untar(file)
	}
	var p *problem.Problem
	if err != nil && !errors.As(err, &p) {
		return problem.New(problem.Failed, "archive", "打开压缩包 "+file, "压缩包损坏或格式不对", "请解压后导入文件夹").Because(err)
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
		if !wanted(f.Name) || f.FileInfo().IsDir() {
			continue
		}
		l.sources = append(l.sources, source{
			path: importPath(filepath.Base(file), path.Clean("/"+f.Name)), name: path.Base(f.Name),
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
	var in io.Reader = f
	if !strings.HasSuffix(strings.ToLower(file), ".tar") {
		if in, err = gzip.NewReader(f); err != nil {
			return err
		}
	}
	r, left, entries := tar.NewReader(in), int64(maxUnpacked), 0
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if entries++; entries > maxEntries {
			return tooBig(file)
		}
		if h.Typeflag != tar.TypeReg || !wanted(h.Name) {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(r, left+1))
		if err != nil {
			return err
		}
		if left -= int64(len(b)); left < 0 {
			return tooBig(file)
		}
		l.sources = append(l.sources, fromMemory(importPath(filepath.Base(file), path.Clean("/"+h.Name)), path.Base(h.Name), b, corpus.Header{}))
	}
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
