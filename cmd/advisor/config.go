package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"advisor/advice"
	"advisor/internal/problem"
	"advisor/web"
)

// config is all that can be set, read once. INTERFACE.md §2 lists the variables.
type config struct {
	Home                                         string
	DatabaseURL, OwnerURL, WorkerURL, AuditorURL string
	PGBin                                        string
	Addr, PublicURL, WidgetOrigins               string
	LLM, LLM2                                    modelServer
	AccountTokens, OfficeTokens, LLMPrice        string
	budget                                       advice.Limits // of the three before
	Embed                                        string
	EmbedServer                                  modelServer
	EmbedDim, EmbedPerMinute                     string
	SMTPURL                                      string
	Log, LogFormat                               string
}

// modelServer is an OpenAI-compatible server; BaseURL ends in /v1.
type modelServer struct{ BaseURL, APIKey, Model string }

// setting ties one variable to its place in config.
type setting struct {
	name, def, does string
	secret          bool
	at              func(*config) *string
}

var settings = []setting{
	{"ADVISOR_HOME", "", "数据目录：自带数据库、密钥、索引、上传文件、备份", false, func(c *config) *string { return &c.Home }},
	{"ADVISOR_DATABASE_URL", "", "外部 PostgreSQL（advisor_app 角色）；空则使用自带数据库", true, func(c *config) *string { return &c.DatabaseURL }},
	{"ADVISOR_DATABASE_OWNER_URL", "", "同一数据库的 advisor_owner 角色：migrate、--scratch 需要", true, func(c *config) *string { return &c.OwnerURL }},
	{"ADVISOR_DATABASE_WORKER_URL", "", "同一数据库的 advisor_worker 角色：serve 需要", true, func(c *config) *string { return &c.WorkerURL }},
	{"ADVISOR_DATABASE_AUDITOR_URL", "", "同一数据库的 advisor_auditor 角色：audit verify 使用；空则用 owner", true, func(c *config) *string { return &c.AuditorURL }},
	{"ADVISOR_PG_BIN", "", "自带数据库所用的服务器程序目录", false, func(c *config) *string { return &c.PGBin }},
	{"ADVISOR_ADDR", "127.0.0.1:8080", "网页监听地址", false, func(c *config) *string { return &c.Addr }},
	{"ADVISOR_PUBLIC_URL", "", "经代理访问时用户所用的网址（https 时 Cookie 仅走加密）", false, func(c *config) *string { return &c.PublicURL }},
	{"ADVISOR_WIDGET_ORIGINS", "", "可以把提问框嵌入其页面的网站（如 https://portal.example，多个用逗号分开）；空则不开放", false, func(c *config) *string { return &c.WidgetOrigins }},
	{"ADVISOR_LLM_BASE_URL", "", "大模型服务地址（以 /v1 结尾）；空则使用离线摘录", false, func(c *config) *string { return &c.LLM.BaseURL }},
	{"ADVISOR_LLM_API_KEY", "", "大模型服务密钥", true, func(c *config) *string { return &c.LLM.APIKey }},
	{"ADVISOR_LLM_MODEL", "", "大模型名称", false, func(c *config) *string { return &c.LLM.Model }},
	{"ADVISOR_LLM2_BASE_URL", "", "备用大模型服务地址", false, func(c *config) *string { return &c.LLM2.BaseURL }},
	{"ADVISOR_LLM2_API_KEY", "", "备用大模型服务密钥", true, func(c *config) *string { return &c.LLM2.APIKey }},
	{"ADVISOR_LLM2_MODEL", "", "备用大模型名称", false, func(c *config) *string { return &c.LLM2.Model }},
	{"ADVISOR_LLM_ACCOUNT_TOKENS", "", "每个账号每天可用的模型词元数；空则不限", false, func(c *config) *string { return &c.AccountTokens }},
	{"ADVISOR_LLM_OFFICE_TOKENS", "", "全单位每天可用的模型词元数；空则不限", false, func(c *config) *string { return &c.OfficeTokens }},
	{"ADVISOR_LLM_PRICE", "", "每百万词元的价格：输入,输出（如 2,8），用于记录费用", false, func(c *config) *string { return &c.LLMPrice }},
	{"ADVISOR_EMBED", "static", "向量来源：static、openai、onnx:目录", false, func(c *config) *string { return &c.Embed }},
	{"ADVISOR_EMBED_BASE_URL", "", "openai 向量服务地址", false, func(c *config) *string { return &c.EmbedServer.BaseURL }},
	{"ADVISOR_EMBED_API_KEY", "", "openai 向量服务密钥", true, func(c *config) *string { return &c.EmbedServer.APIKey }},
	{"ADVISOR_EMBED_MODEL", "", "openai 向量模型名称", false, func(c *config) *string { return &c.EmbedServer.Model }},
	{"ADVISOR_EMBED_DIM", "", "openai 向量维数", false, func(c *config) *string { return &c.EmbedDim }},
	{"ADVISOR_EMBED_PER_MINUTE", "", "openai 向量服务每分钟最多请求几次；空则不限", false, func(c *config) *string { return &c.EmbedPerMinute }},
	{"ADVISOR_SMTP_URL", "", "邮件服务", true, func(c *config) *string { return &c.SMTPURL }},
	{"ADVISOR_LOG", "info", "日志级别：debug、info、warn、error", false, func(c *config) *string { return &c.Log }},
	{"ADVISOR_LOG_FORMAT", "text", "日志格式：text、json", false, func(c *config) *string { return &c.LogFormat }},
}

// loadConfig reads the environment; flags win. A bad value is refused here, at start.
func loadConfig(getenv func(string) string, in *inputs) (*config, error) {
	c := &config{}
	for _, s := range settings {
		*s.at(c) = s.def
		if v := strings.TrimSpace(getenv(s.name)); v != "" {
			*s.at(c) = v
		}
	}
	if in.home != "" {
		c.Home = in.home
	}
	if c.Home == "" {
		c.Home = defaultHome(getenv)
	}
	abs, err := filepath.Abs(c.Home)
	if err != nil {
		return nil, badSetting("ADVISOR_HOME", c.Home, err.Error())
	}
	c.Home = abs
	return c, c.check()
}

func defaultHome(getenv func(string) string) string {
	if os.Geteuid() == 0 {
		return "/var/lib/advisor"
	}
	if d := getenv("XDG_DATA_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "advisor")
	}
	return filepath.Join(getenv("HOME"), ".local", "share", "advisor")
}

// check refuses what could only fail later and less clearly.
func (c *config) check() error {
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return badSetting("ADVISOR_ADDR", c.Addr, "应为 主机:端口")
	}
	for name, v := range map[string]string{"ADVISOR_LLM_BASE_URL": c.LLM.BaseURL, "ADVISOR_LLM2_BASE_URL": c.LLM2.BaseURL,
		"ADVISOR_EMBED_BASE_URL": c.EmbedServer.BaseURL, "ADVISOR_PUBLIC_URL": c.PublicURL} {
		if u, err := url.Parse(v); v != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
			return badSetting(name, v, "应为 http:// 或 https:// 开头的网址")
		}
	}
	if _, ok := web.WidgetOrigins(c.WidgetOrigins); !ok {
		return badSetting("ADVISOR_WIDGET_ORIGINS", c.WidgetOrigins, "应为 http:// 或 https:// 开头的网站，不带路径，多个用逗号分开")
	}
	if err := c.checkModels(); err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log)); err != nil {
		return badSetting("ADVISOR_LOG", c.Log, "应为 debug、info、warn 或 error")
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		return badSetting("ADVISOR_LOG_FORMAT", c.LogFormat, "应为 text 或 json")
	}
	if c.Embed != "static" && c.Embed != "openai" && !strings.HasPrefix(c.Embed, "onnx:") {
		return badSetting("ADVISOR_EMBED", c.Embed, "应为 static、openai 或 onnx:目录")
	}
	return nil
}

// checkModels reads what is set about models and their cost.
func (c *config) checkModels() error {
	for name, m := range map[string]modelServer{"ADVISOR_LLM": c.LLM, "ADVISOR_LLM2": c.LLM2} {
		if m.BaseURL != "" && m.Model == "" {
			return badSetting(name+"_MODEL", "", "给出了 "+name+"_BASE_URL 就必须给出模型名称")
		}
	}
	if c.LLM2.BaseURL != "" && c.LLM.BaseURL == "" {
		return badSetting("ADVISOR_LLM2_BASE_URL", c.LLM2.BaseURL, "没有设置 ADVISOR_LLM_BASE_URL，备用服务无从备用")
	}
	for name, v := range map[string]struct {
		text string
		at   *int64
	}{"ADVISOR_LLM_ACCOUNT_TOKENS": {c.AccountTokens, &c.budget.AccountTokens}, "ADVISOR_LLM_OFFICE_TOKENS": {c.OfficeTokens, &c.budget.OfficeTokens}} {
		if v.text == "" {
			continue
		}
		n, err := strconv.ParseInt(v.text, 10, 64)
		if err != nil || n <= 0 {
			return badSetting(name, v.text, "应为正整数")
		}
		*v.at = n
	}
	if c.LLMPrice == "" {
		return nil
	}
	in, out, ok := strings.Cut(c.LLMPrice, ",")
	var err1, err2 error
	c.budget.InputPrice, err1 = strconv.ParseFloat(strings.TrimSpace(in), 64)
	c.budget.OutputPrice, err2 = strconv.ParseFloat(strings.TrimSpace(out), 64)
	if !ok || err1 != nil || err2 != nil || !(c.budget.InputPrice >= 0 && c.budget.OutputPrice >= 0) {
		return badSetting("ADVISOR_LLM_PRICE", c.LLMPrice, "应写作 输入价格,输出价格")
	}
	return nil
}

func badSetting(name, value, why string) error {
	return problem.New(problem.Invalid, "bad-setting", fmt.Sprintf("设置 %s 的值 %q 不能使用", name, value), why, "改正后重新执行；advisor help config 列出全部设置")
}

func (c *config) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Log)) // checked in check
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: c.mask()}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// mask keeps the configured secrets out of the log, whoever put one there.
func (c *config) mask() func([]string, slog.Attr) slog.Attr {
	var pairs []string
	for _, s := range settings {
		v := *s.at(c)
		if !s.secret || v == "" {
			continue
		}
		if u, err := url.Parse(v); err == nil && u.User != nil { // an address: its password alone is secret
			v, _ = u.User.Password()
		}
		if len(v) >= 4 {
			pairs = append(pairs, v, "***")
		}
	}
	hide := strings.NewReplacer(pairs...)
	return func(_ []string, a slog.Attr) slog.Attr {
		switch v := a.Value.Any().(type) {
		case string:
			return slog.String(a.Key, hide.Replace(v))
		case error:
			return slog.String(a.Key, hide.Replace(v.Error()))
		}
		return a
	}
}

func (c *config) values() map[string]string {
	m := map[string]string{}
	for _, s := range settings {
		m[s.name] = s.shown(c)
	}
	return m
}

func (s setting) shown(c *config) string {
	v := *s.at(c)
	switch {
	case v == "":
		return "（空）"
	case s.secret:
		return "（已设置，不显示）"
	}
	return v
}
