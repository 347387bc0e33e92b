package advice

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"advisor/accounts"
	"advisor/llm"
	"advisor/retrieval"
	"advisor/segment"
)

// Searcher finds passages; *retrieval.Index is one.
type Searcher interface {
	Search(ctx context.Context, actor accounts.Account, q retrieval.Query) (retrieval.Result, error)
}

// Database is what advice asks of the database; *db.DB is one.
type Database interface {
	As(ctx context.Context, account int64, fn func(tx pgx.Tx) error) error
	Read(ctx context.Context, account int64, fn func(tx pgx.Tx) error) error
}

// Advisor answers questions. It is safe for concurrent use.
type Advisor struct {
	db        Database
	search    Searcher
	generator llm.Generator // nil: the extractive drafter alone
	seg       *segment.Segmenter
	now       func() time.Time
	log       *slog.Logger
}

// New makes an Advisor. Without a generator it drafts by extraction.
func New(db Database, search Searcher, generator llm.Generator, seg *segment.Segmenter, now func() time.Time, log *slog.Logger) *Advisor {
	return &Advisor{db: db, search: search, generator: generator, seg: seg, now: now, log: log}
}
