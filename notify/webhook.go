package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"advisor/accounts"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// Endpoint is where a webhook goes and the secret it is signed with.
type Endpoint struct{ URL, Secret string }

// Event is what a program is told: a CloudEvent 1.0 in structured mode, sent by
// the rules of Standard Webhooks. It holds ids, a kind and an address, never the
// text of a review.
type Event struct {
	ID        string          `json:"-"`
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"`
	Subject   string          `json:"subject"`
	Data      json.RawMessage `json:"data"`
}

// source is where our events come from, in CloudEvents' words.
const source = "/advisor"

// MarshalJSON is the envelope of CloudEvents 1.0; timestamp is Standard Webhooks'
// own word for time.
func (e Event) MarshalJSON() ([]byte, error) {
	data := e.Data
	if len(data) == 0 {
		data = json.RawMessage("{}")
	}
	at := e.Timestamp.UTC().Format(time.RFC3339)
	return json.Marshal(struct {
		SpecVersion     string          `json:"specversion"`
		ID              string          `json:"id"`
		Source          string          `json:"source"`
		Type            string          `json:"type"`
		Subject         string          `json:"subject,omitempty"`
		Time            string          `json:"time"`
		DataContentType string          `json:"datacontenttype"`
		Timestamp       string          `json:"timestamp"`
		Data            json.RawMessage `json:"data"`
	}{"1.0", e.ID, source, e.Type, e.Subject, at, "application/json", at, data})
}

const secretPrefix = "whsec_"

// NewSecret is a fresh signing secret.
func NewSecret() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails since Go 1.24
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// Sign is the signature header of Standard Webhooks: v1, HMAC-SHA256 over id,
// time and body.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil {
		return "", errors.New("the secret is no base64")
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// Deliver sends one event. Whatever is not a 2xx is a failure; redirects are
// not followed, for a signed message goes where it was meant to go.
func Deliver(ctx context.Context, client *http.Client, to Endpoint, e Event, now time.Time) error {
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode the event: %w", err)
	}
	signature, err := Sign(to.Secret, e.ID, now, body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("address the webhook: %w", err)
	}
	req.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	req.Header.Set("webhook-id", e.ID)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("webhook-signature", signature)
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := c.Do(req)
	if err != nil {
		return fmt.Errorf("call the webhook: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("the webhook answered %s", resp.Status)
	}
	return nil
}

// retries are the waits before each further try: as Standard Webhooks suggests,
// from seconds to a day, two days and a half in all.
var retries = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 24 * time.Hour}

// RetryAfter is the wait after the nth failed try; false ends it.
func RetryAfter(tries int) (time.Duration, bool) {
	if tries < 1 || tries > len(retries) {
		return 0, false
	}
	return retries[tries-1], true
}

// HookDue delivers what is due and says how much got through. It acts as
// worker: the programs belong to many accounts.
func (r *Room) HookDue(ctx context.Context) (sent int, err error) {
	for range 200 { // a round ends, whatever the endpoints do
		done, ok := false, false
		err := r.DB.Work(ctx, func(tx pgx.Tx) (err error) {
			done, ok, err = r.hookOne(ctx, tx)
			return err
		})
		if err != nil || !done {
			return sent, err
		}
		if ok {
			sent++
		}
	}
	return sent, nil
}

// hookOne takes one delivery under its row's lock.
func (r *Room) hookOne(ctx context.Context, tx pgx.Tx) (done, ok bool, err error) {
	var id int64
	var tries int
	var to Endpoint
	var e Event
	err = tx.QueryRow(ctx, `select d.id, d.tries, w.url, w.secret, d.kind, d.subject, d.data, d.at from webhook_delivery d join webhook w on w.id = d.webhook_id
		join account a on a.id = w.account_id and a.active
		where d.delivered_at is null and d.tries < 12 and d.next_at <= $1 and w.active order by d.next_at, d.id limit 1 for update of d skip locked`, r.Now()).
		Scan(&id, &tries, &to.URL, &to.Secret, &e.Type, &e.Subject, &e.Data, &e.Timestamp)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("look for webhooks to call: %w", err)
	}
	e.ID = fmt.Sprintf("msg_%d", id) // the same at every try, so that a receiver can tell a repeat
	why := Deliver(ctx, r.Client, to, e, r.Now())
	if why == nil {
		_, err = tx.Exec(ctx, `update webhook_delivery set delivered_at = $2, tries = tries + 1, error = '' where id = $1`, id, r.Now())
		return true, true, err
	}
	r.Log.WarnContext(ctx, "a webhook was not taken", "delivery", id, "error", why)
	wait, more := RetryAfter(tries + 1)
	if !more {
		wait = 0
	}
	_, err = tx.Exec(ctx, `update webhook_delivery set tries = tries + 1, next_at = $2, error = $3 where id = $1`, id, r.Now().Add(wait), clip(why.Error(), 300))
	return true, false, err
}

// Hook is one subscription.
type Hook struct {
	ID        int64     `json:"webhook_id,string"`
	URL       string    `json:"url"`
	Secret    string    `json:"secret,omitempty"` // given once, when it is made
	Kinds     []string  `json:"kinds"`            // none listed: all
	Active    bool      `json:"active"`
	CreatedAt time.Time `json:"created_at"`
	Failing   int       `json:"failing"` // deliveries that wait for another try, or were given up
}

var (
	badHook   = problem.New(problem.Invalid, "bad-webhook", "没有登记回调地址", "地址应以 http:// 或 https:// 开头，不含用户名口令", "请核对后重试")
	notAdmin  = problem.New(problem.Refused, "not-allowed", "没有登记回调地址", "须由管理员或专委会秘书处办理", "请由有权限的人员办理")
	noWebhook = problem.New(problem.NotFound, "no-webhook", "没有找到这个回调地址", "编号不对，或者不是您登记的", "请核对编号")
)

// AddHook subscribes a program to what the actor is told.
func (r *Room) AddHook(ctx context.Context, actor accounts.Account, address string, kinds []string) (Hook, error) {
	if !actor.Has(accounts.Admin) && !actor.Has(accounts.Secretary) {
		return Hook{}, notAdmin
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return Hook{}, badHook
	}
	h := Hook{URL: address, Secret: NewSecret(), Kinds: append([]string{}, kinds...), Active: true, CreatedAt: r.Now()}
	err = r.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `insert into webhook (account_id, url, secret, kinds, created_at) values ($1, $2, $3, $4, $5) returning id`,
			actor.ID, h.URL, h.Secret, h.Kinds, h.CreatedAt).Scan(&h.ID)
	})
	return h, err
}

// Hooks are the actor's own subscriptions.
func (r *Room) Hooks(ctx context.Context, actor accounts.Account) (list []Hook, err error) {
	err = r.DB.Read(ctx, actor.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select w.id, w.url, w.kinds, w.active, w.created_at,
			(select count(*) from webhook_delivery d where d.webhook_id = w.id and d.delivered_at is null and d.tries > 0) from webhook w order by w.id`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (h Hook, err error) {
			err = row.Scan(&h.ID, &h.URL, &h.Kinds, &h.Active, &h.CreatedAt, &h.Failing)
			return h, err
		})
		return err
	})
	return list, err
}

// StopHook ends a subscription of the actor's.
func (r *Room) StopHook(ctx context.Context, actor accounts.Account, id int64) error {
	return r.DB.As(ctx, actor.ID, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `update webhook set active = false where id = $1`, id)
		if err == nil && tag.RowsAffected() == 0 {
			return noWebhook
		}
		return err
	})
}
