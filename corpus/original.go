package corpus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"advisor/corpus/format"
)

// Original is the file that a version was read from: its pages, and where on
// them the version's text stands. Start and End of a Spot are byte offsets
// into the version's text.
type Original struct {
	VersionID int64
	Name      string
	Size      int64
	Pages     []format.Page
	Spots     []format.Spot
}

// chunk is how much of a file lies in one row: little enough to pass through
// memory many at a time.
const chunk = 512 << 10

// KeepOriginal stores a version's file beside it, in place of an earlier one,
// inside the caller's transaction.
func KeepOriginal(ctx context.Context, tx pgx.Tx, scope string, o Original, body io.Reader) error {
	if _, err := tx.Exec(ctx, `delete from original where version_id = $1`, o.VersionID); err != nil {
		return fmt.Errorf("clear original of version %d: %w", o.VersionID, err)
	}
	const q = `insert into original (version_id, scope, name, size, pages, spots) values ($1, $2, $3, $4, $5, $6)`
	if _, err := tx.Exec(ctx, q, o.VersionID, scope, o.Name, o.Size, packPages(o.Pages), packSpots(o.Spots)); err != nil {
		return fmt.Errorf("keep original of version %d: %w", o.VersionID, err)
	}
	buf := make([]byte, chunk)
	for seq := 0; ; seq++ {
		n, err := io.ReadFull(body, buf)
		if n > 0 {
			const q = `insert into original_chunk (version_id, scope, seq, data) values ($1, $2, $3, $4)`
			if _, err := tx.Exec(ctx, q, o.VersionID, scope, seq, buf[:n]); err != nil {
				return fmt.Errorf("keep original of version %d: %w", o.VersionID, err)
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read original of version %d: %w", o.VersionID, err)
		}
	}
}

// OriginalOf reads what is known of a version's file, without its bytes;
// ErrNotFound when none was kept, or none is to be seen.
func OriginalOf(ctx context.Context, tx pgx.Tx, versionID int64) (Original, error) {
	const q = `select name, size, pages, spots from original where version_id = $1`
	o := Original{VersionID: versionID}
	var pages, spots []byte
	if err := tx.QueryRow(ctx, q, versionID).Scan(&o.Name, &o.Size, &pages, &spots); err != nil {
		return Original{}, notFound(fmt.Errorf("original of version %d: %w", versionID, err))
	}
	o.Pages, o.Spots = unpackPages(pages), unpackSpots(spots)
	return o, nil
}

// HasOriginal says whether a version's file was kept and may be seen.
func HasOriginal(ctx context.Context, tx pgx.Tx, versionID int64) (kept bool, err error) {
	if err := tx.QueryRow(ctx, `select exists(select from original where version_id = $1)`, versionID).Scan(&kept); err != nil {
		return false, fmt.Errorf("look for original of version %d: %w", versionID, err)
	}
	return kept, nil
}

// CopyOriginal writes the bytes of a version's file to w.
func CopyOriginal(ctx context.Context, tx pgx.Tx, versionID int64, w io.Writer) error {
	rows, err := tx.Query(ctx, `select data from original_chunk where version_id = $1 order by seq`, versionID)
	if err != nil {
		return fmt.Errorf("read original of version %d: %w", versionID, err)
	}
	var data []byte
	_, err = pgx.ForEachRow(rows, []any{&data}, func() error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return fmt.Errorf("read original of version %d: %w", versionID, err)
	}
	return nil
}

// Marked says where the bytes start to end of a version's text stand: a box for
// each line or part of one.
func (o Original) Marked(text string, start, end int) []format.Spot {
	var out []format.Spot
	for _, s := range o.Spots {
		from, to := max(s.Start, start), min(s.End, end)
		if from >= to || s.End > len(text) {
			continue
		}
		cut := s
		width := (s.Box.X1 - s.Box.X0) / max(wide(text[s.Start:s.End]), 1)
		cut.Start, cut.End = from, to
		cut.Box.X0 = s.Box.X0 + width*wide(text[s.Start:from])
		cut.Box.X1 = s.Box.X1 - width*wide(text[to:s.End])
		out = append(out, cut)
	}
	return out
}

// wide is a text's width in characters of which Latin ones take half.
func wide(s string) (n float32) {
	for _, r := range s {
		if r < 0x2e80 {
			n += 0.5
		} else {
			n++
		}
	}
	return n
}

// packPages writes sizes as tenths of a point, two numbers of 32 bits a page.
func packPages(pages []format.Page) []byte {
	b := []byte{}
	for _, p := range pages {
		b = binary.LittleEndian.AppendUint32(b, tenths(p.W))
		b = binary.LittleEndian.AppendUint32(b, tenths(p.H))
	}
	return b
}

func unpackPages(b []byte) (pages []format.Page) {
	for ; len(b) >= 8; b = b[8:] {
		pages = append(pages, format.Page{W: points(b[0:]), H: points(b[4:])})
	}
	return pages
}

const spotSize = 28

// packSpots writes start, end, page and the box in tenths of a point, each a
// number of 32 bits.
func packSpots(spots []format.Spot) []byte {
	b := make([]byte, 0, len(spots)*spotSize)
	for _, s := range spots {
		for _, n := range []uint32{uint32(s.Start), uint32(s.End), uint32(s.Page), tenths(s.Box.X0), tenths(s.Box.Y0), tenths(s.Box.X1), tenths(s.Box.Y1)} {
			b = binary.LittleEndian.AppendUint32(b, n)
		}
	}
	return b
}

func unpackSpots(b []byte) []format.Spot {
	spots := make([]format.Spot, 0, len(b)/spotSize)
	for ; len(b) >= spotSize; b = b[spotSize:] {
		n := func(i int) int { return int(binary.LittleEndian.Uint32(b[4*i:])) }
		spots = append(spots, format.Spot{Start: n(0), End: n(1), Page: n(2),
			Box: format.Box{X0: points(b[12:]), Y0: points(b[16:]), X1: points(b[20:]), Y1: points(b[24:])}})
	}
	return spots
}

func tenths(f float32) uint32 { return uint32(max(0, f)*10 + 0.5) }

func points(b []byte) float32 { return float32(binary.LittleEndian.Uint32(b)) / 10 }
