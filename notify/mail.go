package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/mail"
	"net/smtp"
	"net/url"
	"strings"
	"time"

	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// Mail is a server that takes mail: smtp://user:password@host:587?from=a@b uses
// STARTTLS where the server offers it and insists on it before a password
// travels; smtps:// speaks TLS from the start.
type Mail struct {
	host, address, user, password, from string
	tls                                 bool
}

// ParseMail reads ADVISOR_SMTP_URL; empty gives nil.
func ParseMail(raw string) (*Mail, error) {
	if raw == "" {
		return nil, nil
	}
	bad := func(why string) error {
		return problem.New(problem.Invalid, "smtp-url", "读取 ADVISOR_SMTP_URL", why, "形如 smtp://用户:口令@mail.example:587?from=advisor@example.com，或 smtps://")
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, bad("地址的写法有误")
	}
	m := &Mail{host: u.Hostname(), tls: u.Scheme == "smtps", user: u.User.Username(), from: u.Query().Get("from")}
	m.password, _ = u.User.Password()
	port := u.Port()
	if port == "" {
		port = map[bool]string{false: "587", true: "465"}[m.tls]
	}
	m.address = net.JoinHostPort(m.host, port)
	if m.from == "" && strings.Contains(m.user, "@") {
		m.from = m.user
	}
	if m.from == "" || !mailAddress(m.from) {
		return nil, bad("没有写明发件地址（from=）")
	}
	return m, nil
}

func mailAddress(s string) bool {
	if s == "" {
		return true
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && !strings.ContainsAny(s, "\r\n")
}

// Send hands one mail to the server.
func (m *Mail) Send(ctx context.Context, to, subject, text string, at time.Time, id string) (err error) {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", m.address)
	if err != nil {
		return fmt.Errorf("reach the mail server: %w", err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if m.tls {
		conn = tls.Client(conn, &tls.Config{ServerName: m.host, MinVersion: tls.VersionTLS12})
	}
	c, err := smtp.NewClient(conn, m.host)
	if err != nil {
		return fmt.Errorf("greet the mail server: %w", err)
	}
	if ok, _ := c.Extension("STARTTLS"); ok && !m.tls {
		if err := c.StartTLS(&tls.Config{ServerName: m.host, MinVersion: tls.VersionTLS12}); err != nil {
			return fmt.Errorf("start TLS with the mail server: %w", err)
		}
	}
	if m.user != "" {
		// PlainAuth itself refuses to send a password over an open line.
		if err := c.Auth(smtp.PlainAuth("", m.user, m.password, m.host)); err != nil {
			return fmt.Errorf("sign in at the mail server: %w", err)
		}
	}
	if err := errors.Join(c.Mail(m.from), c.Rcpt(to)); err != nil {
		return fmt.Errorf("address the mail: %w", err)
	}
	w, err := c.Data()
	if err != nil {
		return fmt.Errorf("hand over the mail: %w", err)
	}
	if _, err := w.Write(m.message(to, subject, text, at, id)); err != nil {
		return fmt.Errorf("hand over the mail: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("hand over the mail: %w", err)
	}
	return c.Quit()
}

// message is the mail as it travels: every header is encoded, so that nothing
// in a subject can begin another.
func (m *Mail) message(to, subject, text string, at time.Time, id string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
		m.from, to, mime.BEncoding.Encode("utf-8", subject), at.Format(time.RFC1123Z), id, m.host)
	encoded := base64.StdEncoding.EncodeToString([]byte(text))
	for len(encoded) > 76 {
		b.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	b.WriteString(encoded + "\r\n")
	return b.Bytes()
}

// mailTries is how often a mail is tried; the page has the notice in any case.
const mailTries = 6

// MailDue sends what waits to be mailed and says how much was sent. It acts as
// worker: it mails to everybody.
func (r *Room) MailDue(ctx context.Context) (sent int, err error) {
	if r.Mail == nil {
		return 0, nil
	}
	for {
		var done, failed bool
		err := r.DB.Work(ctx, func(tx pgx.Tx) error {
			done, failed, err = r.mailOne(ctx, tx)
			return err
		})
		if err != nil || !done {
			return sent, err
		}
		if failed {
			return sent, nil // the server is ill: the next round tries on
		}
		sent++
	}
}

// mailOne takes one mail under its row's lock, so that two programs never send
// the same one at once.
func (r *Room) mailOne(ctx context.Context, tx pgx.Tx) (done, failed bool, err error) {
	var n Notice
	var to, name string
	err = tx.QueryRow(ctx, `select n.id, n.text, n.link, n.at, w.mail, a.name from notice n join notice_wish w on w.account_id = n.account_id join account a on a.id = n.account_id
		where n.mailed_at is null and n.mail_tries < $1 and w.mail <> '' and a.active and (w.by_mail = 'all' or w.by_mail = 'turn' and n.urgent)
		  and n.at > w.set_at - interval '1 minute'
		order by n.mail_tries, n.id limit 1 for update of n skip locked`, mailTries).Scan(&n.ID, &n.Text, &n.Link, &n.At, &to, &name)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("look for mail to send: %w", err)
	}
	text := name + "：\n\n" + n.Text + "\n\n"
	if r.PublicURL != "" {
		text += "请登录查看：" + strings.TrimSuffix(r.PublicURL, "/") + n.Link + "\n\n"
	} else {
		text += "请登录系统查看。\n\n"
	}
	text += "本邮件由系统自动发出，请勿回复。是否接收，可在“通知”页设置。\n"
	if why := r.Mail.Send(ctx, to, "【双智】"+clip(n.Text, 40), text, r.Now(), fmt.Sprintf("notice-%d", n.ID)); why != nil {
		r.Log.WarnContext(ctx, "a mail was not sent", "notice", n.ID, "error", why)
		_, err = tx.Exec(ctx, `update notice set mail_tries = mail_tries + 1, mail_error = $2 where id = $1`, n.ID, clip(why.Error(), 300))
		return true, true, err
	}
	_, err = tx.Exec(ctx, `update notice set mailed_at = $2, mail_tries = mail_tries + 1, mail_error = '' where id = $1`, n.ID, r.Now())
	return true, false, err
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
