// Package notify tells people what happened: in the page, by mail and to other
// programs by webhook. It is given sentences that their reader may know and
// asks nothing more of the rooms; who is told what is the committee's rule
// (experts.Tidings). A lost or late message changes nothing: no step of a
// review waits for one.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"advisor/accounts"
	"advisor/internal/db"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// Notice is one sentence for one person.
type Notice struct {
	ID            int64      `json:"notice_id,string"`
	Account       int64      `json:"-"`
	Seq           int64      `json:"seq"`  // the leaf of what happened
	Kind          string     `json:"kind"` // review.turn, review.approved, application.stale …
	ReviewID      int64      `json:"review_id,string,omitempty"`
	ApplicationID int64      `json:"application_id,string,omitempty"`
	Text          string     `json:"text"`
	Link          string     `json:"link"`
	Urgent        bool       `json:"urgent"` // the reader's turn, or the law changed: mailed unless mail is off
	At            time.Time  `json:"at"`
	ReadAt        *time.Time `json:"read_at,omitempty"`
}

// Config is what the room needs. Without Mail nothing is mailed.
type Config struct {
	DB        *db.DB
	Mail      *Mail
	Client    *http.Client // for webhooks
	PublicURL string       // what links in mails begin with
	Office    string       // whose mails they are
	Now       func() time.Time
	Log       *slog.Logger
}

// Room tells people. It is safe for concurrent use.
type Room struct{ Config }

// New makes the room.
func New(c Config) *Room {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 10 * time.Second}
	}
	return &Room{c}
}

// Tell stores notices and the webhooks' deliveries that go with them. Telling
// again of the same leaf changes nothing. tx acts as worker.
func (r *Room) Tell(ctx context.Context, tx pgx.Tx, notices []Notice) error {
	for _, n := range notices {
		_, err := tx.Exec(ctx, `insert into notice (account_id, seq, kind, review_id, application_id, text, link, urgent, at)
			values ($1, $2, $3, nullif($4, 0), nullif($5, 0), $6, $7, $8, $9) on conflict do nothing`,
			n.Account, n.Seq, n.Kind, n.ReviewID, n.ApplicationID, n.Text, n.Link, n.Urgent, n.At)
		if err != nil {
			return fmt.Errorf("store a notice: %w", err)
		}
	}
	// A program is told what the account it belongs to is told: never more.
	for _, n := range notices {
		_, err := tx.Exec(ctx, `insert into webhook_delivery (webhook_id, seq, kind, subject, data, at, next_at)
			select w.id, $2, $3, $4, $5, $6, $6 from webhook w where w.account_id = $1 and w.active and (w.kinds = '{}' or $3 = any (w.kinds))
			on conflict do nothing`, n.Account, n.Seq, n.Kind, n.subject(), n.data(), n.At)
		if err != nil {
			return fmt.Errorf("store a webhook's delivery: %w", err)
		}
	}
	return nil
}

func (n Notice) subject() string {
	if n.ApplicationID != 0 {
		return fmt.Sprintf("application/%d", n.ApplicationID)
	}
	return fmt.Sprintf("review/%d", n.ReviewID)
}

// data is what a program gets: ids and the address, no sentence with content in it.
func (n Notice) data() map[string]any {
	return map[string]any{"review_id": fmt.Sprint(n.ReviewID), "application_id": fmt.Sprint(n.ApplicationID), "link": n.Link, "urgent": n.Urgent}
}

// Inbox is what the actor was told, newest first, from below the id before (0: from the top).
func (r *Room) Inbox(ctx context.Context, actor accounts.Account, unread bool, before int64, limit int) (list []Notice, err error) {
	err = r.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select id, account_id, seq, kind, coalesce(review_id, 0), coalesce(application_id, 0), text, link, urgent, at, read_at
			from notice where account_id = $1 and (not $2 or read_at is null) and ($3 = 0 or id < $3) order by id desc limit $4`, actor.ID, unread, before, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (n Notice, err error) {
			err = row.Scan(&n.ID, &n.Account, &n.Seq, &n.Kind, &n.ReviewID, &n.ApplicationID, &n.Text, &n.Link, &n.Urgent, &n.At, &n.ReadAt)
			return n, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the inbox: %w", err)
	}
	return list, nil
}

// Unread counts what the actor has not read, up to a hundred.
func (r *Room) Unread(ctx context.Context, actor accounts.Account) (n int, err error) {
	err = r.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select count(*) from (select 1 from notice where account_id = $1 and read_at is null limit 100) x`, actor.ID).Scan(&n)
	})
	return n, err
}

// MarkRead marks the actor's notices up to and including an id as read; 0 marks all.
func (r *Room) MarkRead(ctx context.Context, actor accounts.Account, upTo int64) error {
	return r.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update notice set read_at = $2 where account_id = $1 and read_at is null and ($3 = 0 or id <= $3)`, actor.ID, r.Now(), upTo)
		return err
	})
}

// Opened marks what was told of a review as read: who opens it knows.
func (r *Room) Opened(ctx context.Context, actor accounts.Account, review int64) error {
	return r.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update notice set read_at = $2 where account_id = $1 and review_id = $3 and read_at is null`, actor.ID, r.Now(), review)
		return err
	})
}

// Wish is where and of what somebody wants to be told by mail: none, turn (the
// own turn and changed law), or all.
type Wish struct {
	Mail   string `json:"mail"`
	ByMail string `json:"by_mail"`
}

// Wish reads the actor's own.
func (r *Room) Wish(ctx context.Context, actor accounts.Account) (w Wish, err error) {
	err = r.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `select mail, by_mail from notice_wish where account_id = $1`, actor.ID).Scan(&w.Mail, &w.ByMail)
		if errors.Is(err, pgx.ErrNoRows) {
			w.ByMail = "turn"
			return nil
		}
		return err
	})
	return w, err
}

var badWish = problem.New(problem.Invalid, "bad-wish", "通知设置没有保存", "邮箱地址的写法不对，或者接收范围不是 none、turn、all 之一", "邮箱形如 name@example.com")

// SetWish stores the actor's own.
func (r *Room) SetWish(ctx context.Context, actor accounts.Account, w Wish) error {
	if w.ByMail != "none" && w.ByMail != "turn" && w.ByMail != "all" || !mailAddress(w.Mail) {
		return badWish
	}
	return r.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into notice_wish (account_id, mail, by_mail, set_at) values ($1, $2, $3, $4)
			on conflict (account_id) do update set mail = excluded.mail, by_mail = excluded.by_mail, set_at = excluded.set_at`, actor.ID, w.Mail, w.ByMail, r.Now())
		return err
	})
}
