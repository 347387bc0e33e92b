package llm

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config says which server to ask and how long to wait for it. The zero limits
// take defaults that suit a local seven-billion-parameter model on two cores as
// well as a hosted one.
type Config struct {
	BaseURL    string // ends in /v1
	APIKey     string // may be empty: local servers want none
	Model      string
	FirstToken time.Duration // until the first piece of the reply; default 60 s
	Stall      time.Duration // between two pieces; default 30 s
	Total      time.Duration // for one attempt; default 3 min
	MaxBytes   int64         // of one response; default 2 MiB
	Attempts   int           // on 429, 5xx and refused connections; default 3
	Backoff    time.Duration // before the second attempt, doubled after; default 500 ms
	Sleep      func(time.Duration) <-chan time.Time
}

// maxWait bounds what a server may ask for with Retry-After: someone is waiting.
const maxWait = 10 * time.Second

// Open checks the configuration and gives a Generator. It does not reach out:
// a model that is down must not keep the program from starting.
func Open(c Config) (Generator, error) {
	u, err := url.Parse(c.BaseURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("模型服务地址 %q 应写成 http://主机:端口/v1 的样子", redact(c.BaseURL))
	}
	if c.Model == "" {
		return nil, errors.New("配置了模型服务地址，但没有写明模型名称")
	}
	c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	setDefault(&c.FirstToken, 60*time.Second)
	setDefault(&c.Stall, 30*time.Second)
	setDefault(&c.Total, 3*time.Minute)
	setDefault(&c.MaxBytes, 2<<20)
	setDefault(&c.Attempts, 3)
	setDefault(&c.Backoff, 500*time.Millisecond)
	if c.Sleep == nil {
		c.Sleep = time.After
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // nothing is unpacked, so nothing can be a bomb
	transport.MaxIdleConnsPerHost = 4
	return &server{config: c, client: &http.Client{Transport: transport, CheckRedirect: refuseRedirect}}, nil
}

// A redirect would carry the question to a server that nobody configured.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// redact keeps a password in the address out of messages.
func redact(raw string) string {
	if u, err := url.Parse(raw); err == nil {
		return u.Redacted()
	}
	return "（无法识别）"
}
