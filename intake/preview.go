package intake

import (
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"advisor/corpus"
	"advisor/corpus/format"
	"advisor/internal/problem"
)

// Seen is a file as an import would take it apart, or why it could not be read.
type Seen struct {
	Path   string
	Scope  string
	Header corpus.Header // as the manifest gives it
	Cut    corpus.Cut
	Err    error
}

// Look reads and cuts what o names and hands over each file in turn. It needs
// no database and saves nothing.
func Look(ctx context.Context, o Options, each func(Seen) error) ([]Failure, error) {
	l, err := listed(o)
	if err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0) + 1)
	seen := make(chan Seen)
	group.Go(func() error {
		defer close(seen)
		inner, ctx := errgroup.WithContext(ctx)
		inner.SetLimit(runtime.GOMAXPROCS(0))
		for _, s := range l.sources {
			inner.Go(func() error {
				select {
				case seen <- look(ctx, s):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		}
		return inner.Wait()
	})
	group.Go(func() error {
		for s := range seen {
			if err := each(s); err != nil {
				return err
			}
		}
		return nil
	})
	return l.failures, group.Wait()
}

func look(ctx context.Context, s source) (out Seen) {
	out = Seen{Path: s.path, Scope: s.scope, Header: s.header}
	in, closing, err := s.open()
	if err != nil {
		out.Err = err
		return out
	}
	defer func() { _ = closing() }()
	f, err := format.Read(ctx, s.name, in, s.size)
	if err != nil {
		out.Err = err
		return out
	}
	out.Cut = corpus.CutFile(f, s.header)
	return out
}

// listed is what o names: a manifest's rows, or files and folders.
func listed(o Options) (l list, err error) {
	switch {
	case o.Manifest != "":
		l, err = listManifest(o.Manifest)
	case len(o.Paths) == 0:
		err = problem.New(problem.Invalid, "nothing-named", "导入", "没有指定文件或文件夹", "例如 advisor import 政策文件/")
	default:
		l, err = listPaths(o.Paths)
	}
	if err == nil {
		l.forget(o.Without)
	}
	return l, err
}

// forget blanks columns of the manifest, so that they are read from the texts.
func (l *list) forget(columns []string) {
	blank := func(name string, fields ...*string) {
		if slices.Contains(columns, name) {
			for _, f := range fields {
				*f = ""
			}
		}
	}
	for i := range l.sources {
		h := &l.sources[i].header
		blank("title", &h.Title)
		blank("issuer", &h.Issuer)
		blank("level", &h.Level)
		blank("region", &h.Region)
		blank("doc_no", &h.DocNumber)
		blank("status", &h.Status)
		for name, d := range map[string]*corpus.Date{"date_issued": &h.Issued, "date_effective": &h.Effective, "date_repealed": &h.Repealed} {
			if slices.Contains(columns, name) {
				*d = ""
			}
		}
	}
}
