package api

import (
	"log/slog"
	"net/http"

	"advisor/accounts"
)

// Rooms is what the interface serves.
type Rooms struct {
	Accounts  *accounts.Store
	Log       *slog.Logger
	PublicURL string
}

// API answers requests of programs.
type API struct{ rooms Rooms }

// New makes an API.
func New(rooms Rooms) *API { return &API{rooms: rooms} }

// Mount adds the API's addresses to mux.
func (a *API) Mount(mux *http.ServeMux) {}
