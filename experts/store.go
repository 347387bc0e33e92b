package experts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// lockCase loads a review and holds its row until the transaction ends, so that
// of two people acting at once the second sees what the first did.
func lockCase(ctx context.Context, tx pgx.Tx, id int64) (*Case, error) {
	return loadCase(ctx, tx, id, ` for update`)
}

func loadCase(ctx context.Context, tx pgx.Tx, id int64, locking string) (*Case, error) {
	c := &Case{ID: id}
	err := tx.QueryRow(ctx, `select draft_id, scope, state, round, tier, policy, asker, department, revision, hash, author, machine, editors, coalesce(renews, 0),
		  coalesce(committee_id, 0), coalesce(workdays, 0) from review where id = $1`+locking, id).
		Scan(&c.DraftID, &c.Scope, &c.State, &c.Round, &c.Tier, &c.Policy, &c.Asker, &c.Department, &c.Revision, &c.Hash, &c.Author, &c.Machine, &c.Editors, &c.Renews,
			&c.Committee, &c.Workdays)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, noReview
	}
	if err != nil {
		return nil, fmt.Errorf("load review %d: %w", id, err)
	}
	if c.Seats, err = seatsOf(ctx, tx, id); err != nil {
		return nil, fmt.Errorf("load panel of review %d: %w", id, err)
	}
	if c.Ballots, err = ballotsOf(ctx, tx, id); err != nil {
		return nil, fmt.Errorf("load ballots of review %d: %w", id, err)
	}
	if c.Opinions, err = opinionsOf(ctx, tx, id); err != nil {
		return nil, fmt.Errorf("load opinions of review %d: %w", id, err)
	}
	return c, loadDecisions(ctx, tx, c)
}

func seatsOf(ctx context.Context, tx pgx.Tx, id int64) ([]Seat, error) {
	rows, err := tx.Query(ctx, `select account_id, department, domains, conflict, dissent, lapsed, coalesce(delegated_to, 0), coalesce(delegated_from, 0) from panel_member where review_id = $1 order by seated_at, account_id`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Seat, err error) {
		err = row.Scan(&s.Account, &s.Department, &s.Domains, &s.Conflict, &s.Dissent, &s.Lapsed, &s.To, &s.From)
		return s, err
	})
}

// ballotsOf reads every ballot, whoever asks: the rules must count them all.
// What people are shown is read from the table, under its policy.
func ballotsOf(ctx context.Context, tx pgx.Tx, id int64) ([]Ballot, error) {
	rows, err := tx.Query(ctx, `select id, coalesce(carried_from, 0), account_id, round, hash, score, reason, text, claim, marks from case_ballots($1) order by id`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanBallot)
}

func scanBallot(row pgx.CollectableRow) (b Ballot, err error) {
	err = row.Scan(&b.ID, &b.From, &b.Account, &b.Round, &b.Hash, &b.Score, &b.Reason, &b.Text, &b.Claim, &b.Marks)
	return b, err
}

func opinionsOf(ctx context.Context, tx pgx.Tx, id int64) ([]Opinion, error) {
	rows, err := tx.Query(ctx, `select number, account_id, strong, text, claim, coalesce(adoption, '') from case_opinions($1) order by number`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (o Opinion, err error) {
		err = row.Scan(&o.Number, &o.Account, &o.Strong, &o.Text, &o.Claim, &o.As)
		return o, err
	})
}

// saveCase writes the review's own row where the act changed it.
func saveCase(ctx context.Context, tx pgx.Tx, before Case, c *Case, now time.Time) error {
	if before.State == c.State && before.Hash == c.Hash && before.Round == c.Round {
		return nil
	}
	// An approval that falls reopens the review.
	_, err := tx.Exec(ctx, `update review set state = $2, round = $3, revision = $4, hash = $5, author = $6, machine = $7,
		closed_at = case when $8 then coalesce(closed_at, $9) end, due_at = $10, reminded_at = null, editors = $11 where id = $1`,
		c.ID, c.State, c.Round, c.Revision, c.Hash, c.Author, c.Machine, c.State.closed(), now, c.due(now), orEmpty(c.Editors))
	if err != nil {
		return fmt.Errorf("save review %d: %w", c.ID, err)
	}
	return nil
}

// closed says that the state carries a closing date.
func (s State) closed() bool { return s.Open() && s != Deliberating }

func insertSeats(ctx context.Context, tx pgx.Tx, review int64, seats []Seat, by int64, now time.Time) error {
	for _, s := range seats {
		_, err := tx.Exec(ctx, `insert into panel_member (review_id, account_id, department, domains, dissent, delegated_from, seated_at, seated_by)
			values ($1, $2, $3, $4, $5, nullif($6, 0), $7, $8)`,
			review, s.Account, s.Department, s.Domains, s.Dissent, s.From, now, nobody(by))
		if err != nil {
			return fmt.Errorf("seat %d: %w", s.Account, err)
		}
	}
	return nil
}

func insertDeclaration(ctx context.Context, tx pgx.Tx, review, account int64, answer Conflict, text string, now time.Time) (commitment string, err error) {
	salt := newSalt()
	_, err = tx.Exec(ctx, `insert into declaration (review_id, account_id, conflict, text, salt, at) values ($1, $2, $3, $4, $5, $6)`,
		review, account, answer, text, salt, now)
	if err == nil {
		_, err = tx.Exec(ctx, `update panel_member set conflict = $3 where review_id = $1 and account_id = $2`, review, account, answer)
	}
	if err != nil {
		return "", fmt.Errorf("store declaration: %w", err)
	}
	return commit(salt, string(answer), text), nil
}

func insertFoundConflict(ctx context.Context, tx pgx.Tx, review, account, by int64, text string, now time.Time) (commitment string, err error) {
	salt := newSalt()
	_, err = tx.Exec(ctx, `insert into declaration (review_id, account_id, conflict, text, salt, at, found_by) values ($1, $2, 'declared', $3, $4, $5, $6)`,
		review, account, text, salt, now, by)
	if err == nil {
		_, err = tx.Exec(ctx, `update panel_member set conflict = 'declared' where review_id = $1 and account_id = $2`, review, account)
	}
	if err != nil {
		return "", fmt.Errorf("store the conflict found: %w", err)
	}
	return commit(salt, string(Conflicted), text), nil
}

func insertBallot(ctx context.Context, tx pgx.Tx, review int64, b Ballot, now time.Time) (id int64, commitment string, err error) {
	salt := newSalt()
	err = tx.QueryRow(ctx, `insert into ballot (review_id, account_id, round, hash, score, reason, text, claim, marks, entry_id, salt, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, nullif($10, 0), $11, $12) returning id`,
		review, b.Account, b.Round, b.Hash, b.Score, b.Reason, b.Text, b.Claim, b.Marks, b.Entry, salt, now).Scan(&id)
	if err != nil {
		return 0, "", fmt.Errorf("store ballot: %w", err)
	}
	return id, b.commitment(salt), nil
}

// commitment binds the log to the ballot without telling what it says.
func (b Ballot) commitment(salt []byte) string {
	claim := ""
	if b.Claim != nil {
		claim = fmt.Sprint(*b.Claim)
	}
	parts := []string{fmt.Sprint(b.Account), fmt.Sprint(b.Round), b.Hash, fmt.Sprint(b.Score), b.Reason, b.Text, claim}
	if b.Marks != nil {
		parts = append(parts, fmt.Sprint(b.Marks.Necessity, b.Marks.Feasibility, b.Marks.Soundness))
	}
	return commit(salt, parts...)
}

func insertOpinion(ctx context.Context, tx pgx.Tx, c *Case, o Opinion, now time.Time) (commitment string, err error) {
	salt := newSalt()
	_, err = tx.Exec(ctx, `insert into opinion (review_id, number, account_id, strong, hash, text, claim, salt, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		c.ID, o.Number, o.Account, o.Strong, c.Hash, o.Text, o.Claim, salt, now)
	if err != nil {
		return "", fmt.Errorf("store opinion: %w", err)
	}
	return commit(salt, o.Text), nil
}

func answerOpinion(ctx context.Context, tx pgx.Tx, review int64, number int, as Adoption, reason string, by int64, now time.Time) error {
	tag, err := tx.Exec(ctx, `update opinion set adoption = $3, adoption_reason = $4, disposed_by = $5, disposed_at = $6
		where review_id = $1 and number = $2 and adoption is null`, review, number, as, reason, by, now)
	if err != nil {
		return fmt.Errorf("answer opinion: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return alreadyDisposed
	}
	return nil
}

func insertEvent(ctx context.Context, tx pgx.Tx, c *Case, actor int64, move Step, r record, seq int64, now time.Time) error {
	shown := map[string]any{}
	for k, v := range r.data {
		if !strings.HasSuffix(k, "commitment") { // for the log; it tells people nothing
			shown[k] = v
		}
	}
	data, err := json.Marshal(shown)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	_, err = tx.Exec(ctx, `insert into review_event (review_id, at, actor, event, from_state, to_state, round, hash, text, data, leaf_seq)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		c.ID, now, nobody(actor), move.On, move.From, move.To, c.Round, c.Hash, r.text, data, seq)
	if err != nil {
		return fmt.Errorf("store event: %w", err)
	}
	return nil
}

// nobody is null for the clock, which acts in nobody's name.
func nobody(actor int64) *int64 {
	if actor == 0 {
		return nil
	}
	return &actor
}

// newSalt is what makes a hash of few possible contents a commitment.
func newSalt() []byte {
	salt := make([]byte, 16)
	rand.Read(salt) //nolint:errcheck // never fails since Go 1.24
	return salt
}

// commit hashes the parts under a salt, unambiguously.
func commit(salt []byte, parts ...string) string {
	list, err := json.Marshal(parts)
	if err != nil {
		panic(fmt.Sprintf("experts: encode strings: %v", err)) // strings always encode
	}
	sum := sha256.Sum256(append(append([]byte{}, salt...), list...))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// clean is text as it is kept: without surrounding space and without NUL, which PostgreSQL cannot hold.
func clean(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\x00", "")) }
