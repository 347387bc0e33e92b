package api

import (
	"log/slog"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"advisor/accounts"
	"advisor/advice"
	"advisor/audit"
	"advisor/chat"
	"advisor/corpus"
	"advisor/experts"
	"advisor/intake"
	"advisor/retrieval"
)

// Rooms is what the interface serves.
type Rooms struct {
	Accounts  *accounts.Store
	Advisor   *advice.Advisor
	Chat      *chat.Chat
	Desk      *experts.Desk
	Index     *retrieval.Index
	Importer  *intake.Importer
	Library   corpus.Library
	Witness   audit.Witness
	Now       func() time.Time
	Log       *slog.Logger
	PublicURL string
	Version   string
}

// API answers requests of programs.
type API struct {
	rooms  Rooms
	once   *ledger
	counts counts
	limits limits
	// schemas saves inferring the tools' schemas for each request.
	schemas *mcp.SchemaCache
}

// New makes an API.
func New(rooms Rooms) *API {
	return &API{rooms: rooms, once: newLedger(rooms.Now), schemas: mcp.NewSchemaCache(), limits: newLimits(rooms.Now)}
}
