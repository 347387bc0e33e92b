package web

import (
	"log/slog"
	"time"

	"advisor/accounts"
	"advisor/advice"
	"advisor/audit"
	"advisor/chat"
	"advisor/corpus"
	"advisor/experts"
	"advisor/intake"
	"advisor/notify"
	"advisor/retrieval"
	"advisor/segment"
	"advisor/web/api"
)

// Rooms is everything the pages are composed of.
type Rooms struct {
	Accounts   *accounts.Store
	Advisor    *advice.Advisor
	Chat       *chat.Chat
	Desk       *experts.Desk
	Notices    *notify.Room
	Index      *retrieval.Index
	Importer   *intake.Importer
	Segmenter  *segment.Segmenter
	Library    corpus.Library
	Dictionary corpus.Dictionary
	Witness    audit.Witness
	Now        func() time.Time
	Log        *slog.Logger
	PublicURL  string // the address people use behind a proxy; https makes cookies secure
	Version    string
	// WidgetOrigins are the sites that may show the chat in a frame.
	WidgetOrigins []string
	Development   bool // serves the gallery of pages with sample data
}

func (r Rooms) forAPI() api.Rooms {
	return api.Rooms{Accounts: r.Accounts, Advisor: r.Advisor, Chat: r.Chat, Desk: r.Desk, Index: r.Index, Importer: r.Importer, Library: r.Library, Witness: r.Witness,
		Now: r.Now, Log: r.Log, PublicURL: r.PublicURL, Version: r.Version}
}
