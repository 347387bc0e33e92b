package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"advisor/internal/problem"
)

// config is all that can be set, read once. INTERFACE.md §2 lists the variables.
type config struct {
	Home                                         string
	DatabaseURL, OwnerURL, WorkerURL, AuditorURL string
	PGBin                                        string
	Addr, PublicURL                              string
	LLM, LLM2                                    modelServer
	Embed                                        string
	EmbedServer                                  modelServer
	EmbedDim                                     string
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
	{"ADVISOR_LLM_BASE_URL", "", "大模型服务地址（以 /v1 结尾）；空则使用离线摘录", false, func(c *config) *string { return &c.LLM.BaseURL }},
	{"ADVISOR_LLM_API_KEY", "", "大模型服务密钥", true, func(c *config) *string { return &c.LLM.APIKey }},
	{"ADVISOR_LLM_MODEL", "", "大模型名称", false, func(c *config) *string { return &c.LLM.Model }},
	{"ADVISOR_LLM2_BASE_URL", "", "备用大模型服务地址", false, func(c *config) *string { return &c.LLM2.BaseURL }},
	{"ADVISOR_LLM2_API_KEY", "", "备用大模型服务密钥", true, func(c *config) *string { return &c.LLM2.APIKey }},
	{"ADVISOR_LLM2_MODEL", "", "备用大模型名称", false, func(c *config) *string { return &c.LLM2.Model }},
	{"ADVISOR_EMBED", "static", "向量来源：static、openai、onnx:目录", false, func(c *config) *string { return &c.Embed }},
	{"ADVISOR_EMBED_BASE_URL", "", "openai 向量服务地址", false, func(c *config) *string { return &c.EmbedServer.BaseURL }},
	{"ADVISOR_EMBED_API_KEY", "", "openai 向量服务密钥", true, func(c *config) *string { return &c.EmbedServer.APIKey }},
	{"ADVISOR_EMBED_MODEL", "", "openai 向量模型名称", false, func(c *config) *string { return &c.EmbedServer.Model }},
	{"ADVISOR_EMBED_DIM", "", "openai 向量维数", false, func(c *config) *string { return &c.EmbedDim }},
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
	if c.LLM.BaseURL != "" && c.LLM.Model == "" {
		return badSetting("ADVISOR_LLM_MODEL", "", "给出了 ADVISOR_LLM_BASE_URL 就必须给出模型名称")
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

func badSetting(name, value, why string) error {
	return problem.New(problem.Invalid, "bad-setting", fmt.Sprintf("设置 %s 的值 %q 不能使用", name, value), why, "改正后重新执行；advisor help config 列出全部设置")
}

func (c *config) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Log)) // checked in check
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
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
