// Package migrations holds the numbered SQL files, embedded. Grants and
// row-level policies travel with the tables they belong to.
package migrations

import "embed"

// FS holds the goose SQL files.
//
//go:embed *.sql
var FS embed.FS
