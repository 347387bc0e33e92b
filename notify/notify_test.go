package notify_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"advisor/accounts"
	"advisor/accounts/accountstest"
	"advisor/internal/db"
	"advisor/internal/db/dbtest"
	"advisor/notify"

	"github.com/jackc/pgx/v5"
)

// postOffice is a real SMTP server on loopback: it speaks the protocol line by
// line and keeps what it was given.
type postOffice struct {
	listener net.Listener
	mu       sync.Mutex
	mails    []string
	to       []string
	refuse   bool
}

func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postOffice{listener: l}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	return p
}

func (p *postOffice) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	say := func(s string) { fmt.Fprintf(conn, "%s\r\n", s) }
	say("220 post.test")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		p.mu.Lock()
		refuse := p.refuse
		p.mu.Unlock()
		switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); {
		case verb == "EHLO":
			say("250-post.test")
			say("250 8BITMIME")
		case verb == "RCPT" && refuse:
			say("451 come back later")
		case verb == "RCPT":
			p.mu.Lock()
			p.to = append(p.to, strings.TrimSpace(line))
			p.mu.Unlock()
			say("250 ok")
		case verb == "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				l, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if l == ".\r\n" {
					break
				}
				b.WriteString(l)
			}
			p.mu.Lock()
			p.mails = append(p.mails, b.String())
			p.mu.Unlock()
			say("250 taken")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

type fixture struct {
	*notify.Room
	t          *testing.T
	db         *db.DB
	alice, bob accounts.Account
	now        time.Time
}

func newFixture(t *testing.T, smtp string) *fixture {
	t.Helper()
	f := &fixture{t: t, db: dbtest.New(t), now: time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)}
	store := accounts.New(f.db, func() time.Time { return f.now })
	f.alice = accountstest.Make(t, store, "alice", accounts.Secretary)
	f.bob = accountstest.Make(t, store, "bob", accounts.Expert)
	m, err := notify.ParseMail(smtp)
	if err != nil {
		t.Fatal(err)
	}
	f.Room = notify.New(notify.Config{DB: f.db, Mail: m, PublicURL: "https://advisor.test/", Now: func() time.Time { return f.now }})
	return f
}

func (f *fixture) tell(list ...notify.Notice) {
	f.t.Helper()
	if err := f.db.Work(f.t.Context(), func(tx pgx.Tx) error { return f.Tell(f.t.Context(), tx, list) }); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) notice(to accounts.Account, seq int64, urgent bool) notify.Notice {
	return notify.Notice{Account: to.ID, Seq: seq, Kind: "review.turn", ReviewID: 7, Text: "审议 #7：请您办理。", Link: "/reviews/7", Urgent: urgent, At: f.now}
}

func TestToldOnceAndOnlyToItsReader(t *testing.T) {
	f := newFixture(t, "")
	n := f.notice(f.alice, 3, true)
	f.tell(n, n)
	f.tell(n)
	inbox, err := f.Inbox(t.Context(), f.alice, true, 0, 10)
	if err != nil || len(inbox) != 1 || inbox[0].Text != n.Text {
		t.Fatalf("want it told once, got %+v, %v", inbox, err)
	}
	if others, _ := f.Inbox(t.Context(), f.bob, false, 0, 10); len(others) != 0 {
		t.Errorf("bob reads what alice was told: %+v", others)
	}
	if err := f.MarkRead(t.Context(), f.bob, 0); err != nil {
		t.Fatal(err)
	}
	if n, _ := f.Unread(t.Context(), f.alice); n != 1 {
		t.Errorf("want it unread still, got %d", n)
	}
	if err := f.Opened(t.Context(), f.alice, 7); err != nil {
		t.Fatal(err)
	}
	if n, _ := f.Unread(t.Context(), f.alice); n != 0 {
		t.Errorf("want it read with the review, got %d", n)
	}
}

func TestMailThroughARealServer(t *testing.T) {
	post := newPostOffice(t)
	f := newFixture(t, "smtp://"+post.listener.Addr().String()+"?from=advisor@office.test")
	for who, w := range map[*accounts.Account]notify.Wish{&f.alice: {Mail: "alice@office.test", ByMail: "turn"}, &f.bob: {Mail: "bob@office.test", ByMail: "none"}} {
		if err := f.SetWish(t.Context(), *who, w); err != nil {
			t.Fatal(err)
		}
	}
	f.tell(f.notice(f.alice, 1, true), f.notice(f.alice, 2, false), f.notice(f.bob, 1, true))
	post.mu.Lock()
	post.refuse = true
	post.mu.Unlock()
	if n, err := f.MailDue(t.Context()); n != 0 || err != nil {
		t.Fatalf("want nothing through a server that refuses, got %d, %v", n, err)
	}
	post.mu.Lock()
	post.refuse = false
	post.mu.Unlock()
	if n, err := f.MailDue(t.Context()); n != 1 || err != nil {
		t.Fatalf("want one mail at the next round, got %d, %v", n, err)
	}
	if n, _ := f.MailDue(t.Context()); n != 0 {
		t.Errorf("mailed twice")
	}
	post.mu.Lock()
	defer post.mu.Unlock()
	if len(post.mails) != 1 || !strings.Contains(strings.Join(post.to, ""), "alice@office.test") {
		t.Fatalf("want one mail to alice, got %d to %v", len(post.mails), post.to)
	}
	m, err := mail.ReadMessage(strings.NewReader(post.mails[0]))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || !strings.Contains(subject, "审议 #7") {
		t.Errorf("want the sentence as subject, got %q, %v", subject, err)
	}
	raw, _ := io.ReadAll(m.Body)
	text, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r", ""), "\n", ""))
	if err != nil || !strings.Contains(string(text), "https://advisor.test/reviews/7") {
		t.Errorf("want the address in the mail, got %q, %v", text, err)
	}
}

func TestMailSettings(t *testing.T) {
	for _, bad := range []string{"http://x", "smtp://", "smtp://host", "smtp://host?from=no", "smtp://host?from=a@b%0d%0aBcc:c@d"} {
		if _, err := notify.ParseMail(bad); err == nil {
			t.Errorf("%q: want it refused", bad)
		}
	}
	f := newFixture(t, "")
	for _, bad := range []notify.Wish{{Mail: "x", ByMail: "all"}, {Mail: "a@b\r\nBcc: c@d", ByMail: "all"}, {Mail: "a@b", ByMail: "some"}} {
		if err := f.SetWish(t.Context(), f.alice, bad); err == nil {
			t.Errorf("%+v: want it refused", bad)
		}
	}
}

func TestWebhookIsSignedAndTriedAgain(t *testing.T) {
	f := newFixture(t, "")
	var mu sync.Mutex
	var bodies []string
	ids := map[string]int{}
	fails := 1
	var secret string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		want, err := notify.Sign(secret, r.Header.Get("webhook-id"), f.now, body)
		if err != nil || want != r.Header.Get("webhook-signature") {
			t.Errorf("want signature %s, got %s, %v", want, r.Header.Get("webhook-signature"), err)
		}
		ids[r.Header.Get("webhook-id")]++
		if fails > 0 {
			fails--
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		bodies = append(bodies, string(body))
	}))
	defer server.Close()
	if _, err := f.AddHook(t.Context(), f.bob, server.URL, nil); err == nil {
		t.Error("want an expert refused a webhook")
	}
	h, err := f.AddHook(t.Context(), f.alice, server.URL, []string{"review.turn"})
	if err != nil {
		t.Fatal(err)
	}
	secret = h.Secret
	other := f.notice(f.alice, 2, false)
	other.Kind = "review.progress"
	f.tell(f.notice(f.alice, 1, true), f.notice(f.bob, 1, true), other)
	if n, err := f.HookDue(t.Context()); n != 0 || err != nil {
		t.Fatalf("want the first try failed, got %d, %v", n, err)
	}
	if n, _ := f.HookDue(t.Context()); n != 0 {
		t.Error("tried again at once")
	}
	f.now = f.now.Add(time.Minute)
	if n, err := f.HookDue(t.Context()); n != 1 || err != nil {
		t.Fatalf("want it through a minute later, got %d, %v", n, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(bodies) != 1 || !strings.Contains(bodies[0], `"subject":"review/7"`) || strings.Contains(bodies[0], "请您办理") {
		t.Errorf("want one event with ids and no sentence, got %v", bodies)
	}
	if len(ids) != 1 {
		t.Errorf("want one id at every try, got %v", ids)
	}
	hooks, err := f.Hooks(t.Context(), f.alice)
	if err != nil || len(hooks) != 1 || hooks[0].Secret != "" {
		t.Errorf("want the subscription without its secret, got %+v, %v", hooks, err)
	}
}

// The signature of the specification's own example.
func TestSignatureOfTheSpecification(t *testing.T) {
	got, err := notify.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if err != nil || got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("got %s, %v", got, err)
	}
}
