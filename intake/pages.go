package intake

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/corpus"
	"advisor/corpus/format"
)

// Original reads what is kept of the file that a version was read from, and
// the version itself; corpus.ErrNotFound when there is none to see.
func (i *Importer) Original(ctx context.Context, actor accounts.Account, version int64) (o corpus.Original, v corpus.VersionView, err error) {
	err = i.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		if v, err = corpus.VersionByID(ctx, tx, version); err != nil {
			return err
		}
		o, err = corpus.OriginalOf(ctx, tx, version)
		return err
	})
	return o, v, err
}

// fetch copies a version's file to one of its own on disk.
func (i *Importer) fetch(ctx context.Context, actor accounts.Account, version int64) (*os.File, corpus.Original, error) {
	tmp, err := i.temp()
	if err != nil {
		return nil, corpus.Original{}, err
	}
	var o corpus.Original
	err = i.db.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		if o, err = corpus.OriginalOf(ctx, tx, version); err != nil {
			return err
		}
		return corpus.CopyOriginal(ctx, tx, version, tmp)
	})
	if err != nil {
		drop(tmp)
		return nil, o, err
	}
	return tmp, o, nil
}

// CopyOriginal writes a version's file to w, after begin was told what it is.
func (i *Importer) CopyOriginal(ctx context.Context, actor accounts.Account, version int64, begin func(corpus.Original), w io.Writer) error {
	tmp, o, err := i.fetch(ctx, actor, version)
	if err != nil {
		return err
	}
	defer drop(tmp)
	begin(o)
	if _, err = tmp.Seek(0, io.SeekStart); err == nil {
		_, err = io.Copy(w, tmp)
	}
	return err
}

// DrawPage gives a picture of one page of a version's file, from 1.
func (i *Importer) DrawPage(ctx context.Context, actor accounts.Account, version int64, page, width int) (data []byte, kind string, err error) {
	tmp, o, err := i.fetch(ctx, actor, version)
	if err != nil {
		return nil, "", err
	}
	defer drop(tmp)
	if page < 1 || page > len(o.Pages) {
		return nil, "", fmt.Errorf("page %d of version %d: %w", page, version, corpus.ErrNotFound)
	}
	return format.Draw(ctx, o.Name, tmp, o.Size, page, width)
}
