// Package audit keeps the log of what was done: one leaf for each state change,
// appended in that change's own transaction to a Merkle tree that lives in two
// tables. Signed checkpoints taken from it and kept elsewhere make any later
// rewriting visible; receipts prove to anybody, offline, that one leaf is in it.
//
// What it cannot promise: that a leaf was truthful when written, and anything
// about leaves newer than the last checkpoint that somebody else holds.
//
// The log knows nothing of the rooms that write to it. Leaves hold ids, hashes
// and codes, never personal text, so that a person's data can be erased without
// touching the log.
package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/user"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
)

// lockKey is the advisory lock that serialises appends. Sequence order is
// therefore commit order, which identity columns cannot give.
const lockKey = 0x61756469 // "audi"

// maxBody keeps a leaf small; whoever needs more logs a hash of it.
const maxBody = 16 << 10

// Leaf is one thing that was done.
type Leaf struct {
	Kind    string         // what, as "room.verb": "review.vote"
	Actor   int64          // the account that acted; 0 is the system itself
	Subject string         // what it was done to, as "kind/id": "review/12"
	Data    map[string]any // ids, hashes, codes
}

// Body is a leaf as it is stored and hashed, its fields in canonical order.
type Body struct {
	Actor   int64          `json:"actor,string"`
	At      time.Time      `json:"at"`
	Data    map[string]any `json:"data,omitempty"`
	Kind    string         `json:"kind"`
	OS      string         `json:"os"`
	Subject string         `json:"subject"`
}

// Append adds leaf to the log within tx and returns its sequence number,
// gapless from 0. It must be the transaction's last statement but for those
// that need the number: it holds the log's lock until tx ends. The transaction
// must be READ COMMITTED; under any other isolation a concurrent append makes
// this one fail on the primary key rather than fork the log.
func Append(ctx context.Context, tx pgx.Tx, now time.Time, leaf Leaf) (int64, error) {
	body, err := encode(leaf, now)
	if err != nil {
		return 0, err
	}
	size, err := lock(ctx, tx)
	if err != nil {
		return 0, fmt.Errorf("take the log's lock: %w", err)
	}
	hashes, err := tlog.StoredHashes(size, body, nodes(ctx, tx))
	if err != nil {
		return 0, fmt.Errorf("hash leaf %d: %w", size, err)
	}
	if err := insert(ctx, tx, size, body, hashes); err != nil {
		return 0, fmt.Errorf("append leaf %d: %w", size, err)
	}
	return size, nil
}

// encode gives the leaf's canonical bytes: JSON with sorted keys and nothing escaped for HTML.
func encode(leaf Leaf, now time.Time) ([]byte, error) {
	if leaf.Kind == "" || leaf.Subject == "" {
		return nil, fmt.Errorf("leaf %q about %q: kind and subject are needed", leaf.Kind, leaf.Subject)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(Body{Actor: leaf.Actor, At: now.UTC().Truncate(time.Microsecond), Data: leaf.Data,
		Kind: leaf.Kind, OS: osUser(), Subject: leaf.Subject})
	if err != nil {
		return nil, fmt.Errorf("encode leaf %s: %w", leaf.Kind, err)
	}
	body := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	if len(body) > maxBody {
		return nil, fmt.Errorf("leaf %s is %d bytes, more than %d", leaf.Kind, len(body), maxBody)
	}
	return body, nil
}

// osUser is who runs the process. It is recorded beside the acting account
// because --as lets one operating-system user act for several accounts.
var osUser = sync.OnceValue(func() string {
	u, err := user.Current()
	if err != nil {
		return "unknown"
	}
	if u.Username == "" {
		return u.Uid
	}
	return u.Username
})

// Subject joins a kind and an id: Subject("review", 12) is "review/12".
func Subject(kind string, id int64) string { return kind + "/" + strconv.FormatInt(id, 10) }
