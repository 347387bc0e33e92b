package experts

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"advisor/audit"

	"github.com/jackc/pgx/v5"
)

// Replay rebuilds the committee's tables from the log alone and compares them
// with what is there, row by row and column by column: reviews, panels,
// declarations, ballots, opinions, the history, applications and stale flags.
// What a person wrote is not in the log but its salted commitment, which Books
// compare; everything else comes out of the leaves exactly, times included.
type Replay struct {
	tables map[string]map[string]*row // by table and key
	bad    []audit.Problem
}

// row is one row as the log gives it, and the leaf that last changed it.
type row struct {
	seq    int64
	values map[string]string
}

var _ audit.Books = (*Replay)(nil)

// NewReplay makes an empty one for one pass over the log.
func NewReplay() *Replay { return &Replay{tables: map[string]map[string]*row{}} }

// put sets columns of a row, making it when there is none.
func (p *Replay) put(seq int64, table, key string, columns map[string]any) {
	t := p.tables[table]
	if t == nil {
		t = map[string]*row{}
		p.tables[table] = t
	}
	r := t[key]
	if r == nil {
		r = &row{values: map[string]string{}}
		t[key] = r
	}
	r.seq = seq
	for name, v := range columns {
		r.values[name] = written(v)
	}
}

// written is a value as both sides are compared.
func written(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000000Z")
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = written(x)
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(v)
}

// Leaf takes one leaf of the committee's.
func (p *Replay) Leaf(seq int64, leaf audit.Body) {
	kind, mine := strings.CutPrefix(leaf.Kind, "review.")
	id, ok := strings.CutPrefix(leaf.Subject, "review/")
	if !mine || !ok {
		return
	}
	d := leaf.Data
	event := Event(kind)
	p.review(seq, id, event, leaf)
	if kind == "carry" {
		p.ballot(seq, id, leaf, d["account"])
		return
	}
	actor := any(leaf.Actor)
	if leaf.Actor == 0 {
		actor = ""
	}
	p.put(seq, "review_event", fmt.Sprint(seq), map[string]any{"review_id": id, "at": leaf.At, "actor": actor, "event": kind,
		"from_state": d["from"], "to_state": d["to"], "round": d["round"], "hash": d["hash"]})
	p.seats(seq, id, event, leaf)
	switch event {
	case Vote:
		p.ballot(seq, id, leaf, d["account"])
		p.opinion(seq, id, leaf, true)
	case Opine:
		p.opinion(seq, id, leaf, false)
	case Dispose:
		p.put(seq, "opinion", id+"/"+written(d["opinion"]), map[string]any{"adoption": d["as"], "disposed_by": leaf.Actor, "disposed_at": leaf.At})
	default:
		p.applied(seq, id, event, leaf)
	}
}

// review sets the review's own row: each leaf carries all of it that moves.
func (p *Replay) review(seq int64, id string, event Event, leaf audit.Body) {
	d := leaf.Data
	columns := map[string]any{"state": d["to"], "round": d["round"], "revision": d["revision"], "hash": d["hash"]}
	for _, name := range []string{"author", "machine", "editors"} {
		if v, ok := d[name]; ok {
			columns[name] = v
		}
	}
	if event == Submit {
		for _, name := range []string{"scope", "tier", "asker", "policy", "department"} {
			columns[name] = d[name]
		}
		columns["draft_id"], columns["opened_by"], columns["opened_at"] = d["draft"], leaf.Actor, leaf.At
		columns["renews"] = ""
		if written(d["renews"]) != "0" {
			columns["renews"] = d["renews"]
		}
	}
	closed := State(written(d["to"])).closed()
	was := p.tables["review"][id]
	switch {
	case !closed:
		columns["closed_at"] = ""
	case was == nil || was.values["closed_at"] == "":
		columns["closed_at"] = leaf.At
	}
	p.put(seq, "review", id, columns)
}

// seats follows who sat, answered, handed on and was let go.
func (p *Replay) seats(seq int64, id string, event Event, leaf audit.Body) {
	d := leaf.Data
	seat := func(account any, columns map[string]any) {
		p.put(seq, "panel_member", id+"/"+written(account), columns)
	}
	fresh := func(list any, from any) {
		for _, a := range each(list) {
			by := any(leaf.Actor)
			if leaf.Actor == 0 {
				by = ""
			}
			seat(a, map[string]any{"conflict": string(Undeclared), "seated_at": leaf.At, "seated_by": by, "delegated_from": from, "delegated_to": "", "lapsed": false})
		}
	}
	fresh(d["seats"], "")
	fresh(d["substitutes"], "")
	for _, a := range each(d["lapsed"]) {
		seat(a, map[string]any{"lapsed": true})
	}
	switch event {
	case Declare:
		if d["conflict"] != nil {
			seat(leaf.Actor, map[string]any{"conflict": d["conflict"]})
			p.put(seq, "declaration", fmt.Sprint(id, "/", leaf.Actor, "/", written(leaf.At)), map[string]any{"conflict": d["conflict"], "found_by": ""})
		}
	case Recuse:
		seat(d["account"], map[string]any{"conflict": string(Conflicted)})
		p.put(seq, "declaration", fmt.Sprint(id, "/", written(d["account"]), "/", written(leaf.At)), map[string]any{"conflict": string(Conflicted), "found_by": leaf.Actor})
	case Delegate:
		fresh([]any{d["delegate"]}, leaf.Actor)
		seat(leaf.Actor, map[string]any{"delegated_to": d["delegate"]})
	}
}

func each(v any) []any {
	list, _ := v.([]any)
	return list
}

func (p *Replay) ballot(seq int64, id string, leaf audit.Body, account any) {
	d := leaf.Data
	from := d["carried_from"]
	if from == nil {
		from = ""
	}
	p.put(seq, "ballot", written(d["ballot"]), map[string]any{"review_id": id, "account_id": account, "round": d["round"], "hash": d["hash"], "at": leaf.At, "carried_from": from})
}

func (p *Replay) opinion(seq int64, id string, leaf audit.Body, strong bool) {
	d := leaf.Data
	if d["opinion"] == nil {
		return
	}
	p.put(seq, "opinion", id+"/"+written(d["opinion"]), map[string]any{"account_id": d["account"], "strong": strong, "hash": d["hash"], "at": leaf.At,
		"adoption": "", "disposed_by": "", "disposed_at": ""})
}

// applied follows the ledger and the flags.
func (p *Replay) applied(seq int64, id string, event Event, leaf audit.Body) {
	d := leaf.Data
	key := written(d["application"])
	state := map[Event]string{Suspend: "suspended", Resume: "applied", Retire: "retired", Supersede: "superseded"}[event]
	switch {
	case event == Apply:
		p.put(seq, "application", key, map[string]any{"review_id": id, "revision": d["revision"], "hash": d["hash"], "applied_by": leaf.Actor, "applied_at": leaf.At,
			"leaf_seq": seq, "state": "applied", "superseded_by": ""})
	case event == Flag && key != "":
		for i, f := range each(d["flags"]) {
			version := ""
			if versions := each(d["versions"]); i < len(versions) {
				version = written(versions[i])
			}
			p.put(seq, "stale_flag", written(f), map[string]any{"application_id": key, "version_id": version, "leaf_seq": seq, "closed_at": ""})
		}
		if written(d["to"]) == string(Stale) {
			p.put(seq, "application", key, map[string]any{"state": "stale"})
		}
	case (event == Declare || event == Recuse) && written(d["to"]) == string(Stale):
		for k, r := range p.tables["application"] {
			if r.values["review_id"] == id && r.values["state"] == "applied" {
				p.put(seq, "application", k, map[string]any{"state": "stale"})
			}
		}
	case state != "" && key != "":
		p.put(seq, "application", key, map[string]any{"state": state})
		if event == Supersede {
			p.put(seq, "application", key, map[string]any{"superseded_by": d["superseded_by"]})
			for _, f := range each(d["closed_flags"]) {
				p.put(seq, "stale_flag", written(f), map[string]any{"closed_at": leaf.At})
			}
		}
	}
}

// replayed are the tables with the statement that gives their keys and, as JSON,
// the columns that the log knows, in the form that written gives.
var replayed = []struct{ table, sql string }{
	{"review", `select id::text, jsonb_build_object('state', state, 'round', round, 'revision', revision, 'hash', hash, 'author', author, 'machine', machine, 'editors', array_to_string(editors, ','),
		'scope', scope, 'tier', tier, 'asker', asker, 'draft_id', draft_id, 'opened_by', opened_by, 'opened_at', opened_at, 'closed_at', closed_at, 'renews', renews) from review`},
	{"panel_member", `select review_id || '/' || account_id, jsonb_build_object('conflict', conflict, 'seated_at', seated_at, 'seated_by', seated_by,
		'delegated_from', delegated_from, 'delegated_to', delegated_to, 'lapsed', lapsed) from panel_member`},
	{"declaration", `select review_id || '/' || account_id || '/' || to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), jsonb_build_object('conflict', conflict, 'found_by', found_by) from declaration`},
	{"ballot", `select id::text, jsonb_build_object('review_id', review_id, 'account_id', account_id, 'round', round, 'hash', hash, 'at', at, 'carried_from', carried_from) from ballot`},
	{"opinion", `select review_id || '/' || number, jsonb_build_object('account_id', account_id, 'strong', strong, 'hash', hash, 'at', at, 'adoption', adoption, 'disposed_by', disposed_by, 'disposed_at', disposed_at) from opinion`},
	{"review_event", `select leaf_seq::text, jsonb_build_object('review_id', review_id, 'at', at, 'actor', actor, 'event', event, 'from_state', from_state, 'to_state', to_state, 'round', round, 'hash', hash) from review_event`},
	{"application", `select id::text, jsonb_build_object('review_id', review_id, 'revision', revision, 'hash', hash, 'applied_by', applied_by, 'applied_at', applied_at, 'leaf_seq', leaf_seq, 'state', state, 'superseded_by', superseded_by) from application`},
	{"stale_flag", `select id::text, jsonb_build_object('application_id', application_id, 'version_id', version_id, 'leaf_seq', leaf_seq, 'closed_at', closed_at) from stale_flag`},
}

// Compare names every row that the log gives otherwise, does not give, or gives
// although it is not there.
func (p *Replay) Compare(ctx context.Context, tx pgx.Tx) ([]audit.Problem, error) {
	for _, t := range replayed {
		if err := p.compare(ctx, tx, t.table, t.sql); err != nil {
			return nil, fmt.Errorf("compare %s with the log: %w", t.table, err)
		}
	}
	return p.bad, nil
}

func (p *Replay) compare(ctx context.Context, tx pgx.Tx, table, sql string) error {
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return err
	}
	left := maps.Clone(p.tables[table])
	var key string
	var raw []byte
	_, err = pgx.ForEachRow(rows, []any{&key, &raw}, func() error {
		var there map[string]any
		if err := json.Unmarshal(raw, &there); err != nil {
			return err
		}
		logged, ok := left[key]
		if !ok {
			p.bad = append(p.bad, audit.Problem{Seq: -1, What: fmt.Sprintf("表 %s 的第 %s 行在日志中没有来历", table, key)})
			return nil
		}
		delete(left, key)
		for _, name := range slices.Sorted(maps.Keys(there)) {
			if now, was := stored(there[name]), logged.values[name]; now != was {
				p.bad = append(p.bad, audit.Problem{Seq: logged.seq, What: fmt.Sprintf("表 %s 第 %s 行的 %s：表中是 %q，由日志重放得出 %q", table, key, name, now, was)})
			}
		}
		return nil
	})
	for _, key := range slices.Sorted(maps.Keys(left)) {
		p.bad = append(p.bad, audit.Problem{Seq: left[key].seq, What: fmt.Sprintf("日志记载的表 %s 第 %s 行已不在表中", table, key)})
	}
	return err
}

// stored is a column's value as written gives it; times come back as PostgreSQL writes them.
func stored(v any) string {
	if s, ok := v.(string); ok {
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999-07:00"} {
			if at, err := time.Parse(layout, s); err == nil {
				return written(at)
			}
		}
	}
	return written(v)
}

// Tables are the rebuilt rows, for those who want to lay them beside a copy of their own.
func (p *Replay) Tables() map[string]map[string]map[string]string {
	out := map[string]map[string]map[string]string{}
	for table, rows := range p.tables {
		out[table] = map[string]map[string]string{}
		for key, r := range rows {
			out[table][key] = r.values
		}
	}
	return out
}
