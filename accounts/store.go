package accounts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// loadSQL reads accounts with their roles and the scopes they see: every one
// for an administrator, as acting_scopes() has it.
const loadSQL = `
select a.id, a.login, a.name, a.department, a.organisation, a.active, a.must_change,
       coalesce((select array_agg(r.role order by r.role) from account_role r where r.account_id = a.id), '{}'),
       (select array_agg(s.name order by s.name = 'public' desc, s.name) from scope s
         where s.name = 'public'
            or exists (select from account_role r where r.account_id = a.id and r.role = 'admin')
            or exists (select from account_scope g where g.account_id = a.id and g.scope = s.name))
  from account a`

func scanAccount(row pgx.CollectableRow) (a Account, err error) {
	err = row.Scan(&a.ID, &a.Login, &a.Name, &a.Department, &a.Organisation, &a.Active, &a.MustChange, &a.Roles, &a.Scopes)
	return a, err
}

func load(ctx context.Context, tx pgx.Tx, id int64) (Account, error) {
	rows, err := tx.Query(ctx, loadSQL+` where a.id = $1`, id)
	if err != nil {
		return Account{}, err
	}
	return pgx.CollectExactlyOneRow(rows, scanAccount)
}

func list(ctx context.Context, tx pgx.Tx) ([]Account, error) {
	rows, err := tx.Query(ctx, loadSQL+` order by a.login limit 10000`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanAccount)
}

func idOf(ctx context.Context, tx pgx.Tx, login string) (id int64, err error) {
	err = tx.QueryRow(ctx, `select id from account where login = $1`, login).Scan(&id)
	return id, err
}

func insertAccount(ctx context.Context, tx pgx.Tx, n NewAccount, hash string) (id int64, err error) {
	err = tx.QueryRow(ctx, `insert into account (login, name, department, organisation, password_hash)
		values ($1, $2, $3, $4, $5) returning id`, n.Login, n.Name, n.Department, n.Organisation, hash).Scan(&id)
	if err != nil {
		return 0, err
	}
	return id, grant(ctx, tx, id, n.Roles, n.Scopes)
}

// adopt makes the first administrator, taking over the local account of the same login.
func adopt(ctx context.Context, tx pgx.Tx, n NewAccount, hash string) (id int64, err error) {
	err = tx.QueryRow(ctx, `insert into account (login, name, department, organisation, password_hash)
		values ($1, $2, $3, $4, $5)
		on conflict (login) do update set name = excluded.name, department = excluded.department,
		  organisation = excluded.organisation, password_hash = excluded.password_hash
		  where account.password_hash = ''
		returning id`, n.Login, n.Name, n.Department, n.Organisation, hash).Scan(&id)
	if err != nil {
		return 0, err
	}
	return id, grant(ctx, tx, id, n.Roles, n.Scopes)
}

func grant(ctx context.Context, tx pgx.Tx, id int64, roles, scopes []string) error {
	_, err := tx.Exec(ctx, `insert into account_role (account_id, role) select $1, unnest($2::text[]) on conflict do nothing`, id, orEmpty(roles))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into account_scope (account_id, scope) select $1, unnest($2::text[]) on conflict do nothing`, id, orEmpty(scopes))
	return err
}

func replaceRoles(ctx context.Context, tx pgx.Tx, id int64, roles []string) error {
	_, err := tx.Exec(ctx, `delete from account_role where account_id = $1 and not role = any($2::text[])`, id, orEmpty(roles))
	if err != nil {
		return err
	}
	return grant(ctx, tx, id, roles, nil)
}

func replaceScopes(ctx context.Context, tx pgx.Tx, id int64, scopes []string) error {
	_, err := tx.Exec(ctx, `delete from account_scope where account_id = $1 and not scope = any($2::text[])`, id, orEmpty(scopes))
	if err != nil {
		return err
	}
	return grant(ctx, tx, id, nil, scopes)
}

// orEmpty keeps a nil slice from becoming a null array.
func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// lockForSignIn reads one account's sign-in state and keeps it from other
// sign-ins until the transaction ends, so that parallel guesses are counted.
func lockForSignIn(ctx context.Context, tx pgx.Tx, login string) (f signIn, err error) {
	var failedAt, locked *time.Time
	err = tx.QueryRow(ctx, `select id, password_hash, active, failed_logins, failed_at, locked_until
		from account where login = $1 for update`, login).Scan(&f.id, &f.hash, &f.active, &f.failures, &failedAt, &locked)
	if failedAt != nil {
		f.failedAt = *failedAt
	}
	if locked != nil {
		f.locked = *locked
	}
	return f, err
}

func countFailure(ctx context.Context, tx pgx.Tx, f signIn, now time.Time) error {
	failures, locked := f.afterFailure(now)
	var until *time.Time
	if !locked.IsZero() {
		until = &locked
	}
	_, err := tx.Exec(ctx, `update account set failed_logins = $2, locked_until = $3, failed_at = $4 where id = $1`, f.id, failures, until, now)
	return err
}

func clearFailures(ctx context.Context, tx pgx.Tx, id int64) (Account, error) {
	_, err := tx.Exec(ctx, `update account set failed_logins = 0, locked_until = null, failed_at = null
		where id = $1 and (failed_logins > 0 or locked_until is not null)`, id)
	if err != nil {
		return Account{}, err
	}
	return load(ctx, tx, id)
}

func updatePassword(ctx context.Context, tx pgx.Tx, id int64, hash string, mustChange bool) error {
	_, err := tx.Exec(ctx, `update account set password_hash = $2, must_change = $3, failed_logins = 0, locked_until = null, failed_at = null
		where id = $1`, id, hash, mustChange)
	return err
}

func administratorExists(ctx context.Context, tx pgx.Tx) (ok bool, err error) {
	err = tx.QueryRow(ctx, `select exists (select from account a join account_role r on r.account_id = a.id
		where r.role = 'admin' and a.active and a.password_hash <> '')`).Scan(&ok)
	return ok, err
}

func setOffice(ctx context.Context, tx pgx.Tx, o Office) error {
	_, err := tx.Exec(ctx, `insert into office (name, short) values ($1, $2)
		on conflict (id) do update set name = excluded.name, short = excluded.short`, o.Name, o.Short)
	return err
}

func listScopes(ctx context.Context, tx pgx.Tx) ([]Scope, error) {
	rows, err := tx.Query(ctx, `select name, label, send_to_model from scope order by name = 'public' desc, name limit 1000`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Scope])
}

func upsertScope(ctx context.Context, tx pgx.Tx, s Scope) error {
	_, err := tx.Exec(ctx, `insert into scope (name, label, send_to_model) values ($1, $2, $3)
		on conflict (name) do update set label = excluded.label, send_to_model = excluded.send_to_model`, s.Name, s.Label, s.SendToModel)
	return err
}

// insertSession also sweeps the account's dead sessions, so the table stays small without a job.
func insertSession(ctx context.Context, tx pgx.Tx, account int64, hash []byte, now, until time.Time) error {
	_, err := tx.Exec(ctx, `delete from session where account_id = $1 and expires_at < $2`, account, now)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into session (token_hash, account_id, started_at, seen_at, expires_at)
		values ($1, $2, $3, $3, $4)`, hash, account, now, until)
	return err
}

// touchSession finds a live session and moves its expiry, writing at most every sessionTouch.
func touchSession(ctx context.Context, tx pgx.Tx, hash []byte, now time.Time) (account int64, err error) {
	var started, seen time.Time
	err = tx.QueryRow(ctx, `select account_id, started_at, seen_at from session where token_hash = $1 and expires_at > $2`,
		hash, now).Scan(&account, &started, &seen)
	if err != nil || now.Sub(seen) < sessionTouch {
		return account, err
	}
	until := now.Add(sessionIdle)
	if end := started.Add(sessionLife); until.After(end) {
		until = end
	}
	_, err = tx.Exec(ctx, `update session set seen_at = $2, expires_at = $3 where token_hash = $1`, hash, now, until)
	return account, err
}

func deleteSession(ctx context.Context, tx pgx.Tx, hash []byte) error {
	_, err := tx.Exec(ctx, `delete from session where token_hash = $1`, hash)
	return err
}

func deleteSessions(ctx context.Context, tx pgx.Tx, account int64) error {
	_, err := tx.Exec(ctx, `delete from session where account_id = $1`, account)
	return err
}

func insertKey(ctx context.Context, tx pgx.Tx, account int64, name string, hash []byte, now time.Time) (id int64, err error) {
	err = tx.QueryRow(ctx, `insert into api_key (account_id, name, key_hash, created_at) values ($1, $2, $3, $4) returning id`,
		account, name, hash, now).Scan(&id)
	return id, err
}

func keyOwner(ctx context.Context, tx pgx.Tx, hash []byte) (account int64, err error) {
	err = tx.QueryRow(ctx, `select account_id from api_key where key_hash = $1 and revoked_at is null`, hash).Scan(&account)
	return account, err
}

func listKeys(ctx context.Context, tx pgx.Tx, account int64) ([]Key, error) {
	rows, err := tx.Query(ctx, `select id, name, created_at from api_key where account_id = $1 and revoked_at is null order by id limit 1000`, account)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Key])
}

func revokeKey(ctx context.Context, tx pgx.Tx, account, key int64, now time.Time) error {
	tag, err := tx.Exec(ctx, `update api_key set revoked_at = $3 where account_id = $1 and id = $2 and revoked_at is null`, account, key, now)
	if err == nil && tag.RowsAffected() == 0 {
		return pgx.ErrNoRows
	}
	return err
}
