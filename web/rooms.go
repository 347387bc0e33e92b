package web

import (
	"log/slog"
	"time"

	"advisor/accounts"
	"advisor/internal/db"
	"advisor/retrieval"
	"advisor/segment"
	"advisor/web/api"
)

// Rooms is everything the pages are composed of.
type Rooms struct {
	DB          *db.DB
	Accounts    *accounts.Store
	Index       *retrieval.Index
	Segmenter   *segment.Segmenter
	Now         func() time.Time
	Log         *slog.Logger
	PublicURL   string // the address people use behind a proxy; https makes cookies secure
	Development bool   // serves the gallery of pages with sample data
}

func (r Rooms) forAPI() api.Rooms {
	return api.Rooms{Accounts: r.Accounts, Log: r.Log, PublicURL: r.PublicURL}
}
