package corpus

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// Saved says what Save did.
type Saved struct {
	DocumentID, VersionID int64
	Passages              []SavedPassage // none when unchanged
	Change                string         // Added, Updated or Unchanged
	Touched               []int64        // versions to index again: this one and those whose dates changed
	TextHash              string
}

// SavedPassage is a passage with its new id; Text and Context are what is embedded.
type SavedPassage struct {
	ID            int64
	Ord           int
	Label         string
	Context, Text string
}

// What a Save did.
const (
	Added     = "added"
	Updated   = "updated"
	Unchanged = "unchanged"
)

// Save stores a cut file as a version, whole, inside tx under the acting
// account: the document it belongs to, its provisions and passages, and the
// dates of the versions beside it. Call Announce last in the same transaction.
func Save(ctx context.Context, tx pgx.Tx, actor int64, scope, importPath, fileHash string, c Cut) (Saved, error) {
	return Saved{}, errors.New("corpus: not yet")
}

// Announce appends the audit leaf of each saved version and tells the index
// what to read again. It takes the log's lock, so it is the transaction's end.
func Announce(ctx context.Context, tx pgx.Tx, now time.Time, actor int64, saved ...Saved) error {
	return errors.New("corpus: not yet")
}

// Known gives the file hash under which each import path was last saved in a
// scope, so that unchanged files are skipped. Paths never saved are absent.
func Known(ctx context.Context, tx pgx.Tx, scope string, importPaths []string) (map[string]string, error) {
	return nil, errors.New("corpus: not yet")
}

// PassageView is a passage as people see it.
type PassageView struct {
	ID, DocumentID, VersionID int64
	Title, DocNumber, Issuer  string
	Level, Region, Kind       string
	Scope                     string
	Label                     string
	Path                      []string // of its provision
	Context, Text             string
	Start, End                int // byte offsets into the version's text
	Issued                    Date
	Validity
}

// PassagesByID reads passages under the acting account's rights, in the order
// of ids; those that it may not see are left out.
func PassagesByID(ctx context.Context, tx pgx.Tx, ids []int64) ([]PassageView, error) {
	return nil, errors.New("corpus: not yet")
}
