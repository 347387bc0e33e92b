package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/openai"
)

// server is a Generator behind an OpenAI-compatible address.
type server struct {
	config Config
	client *http.Client
	takes  atomic.Int32 // the form that it took last
}

// Model is the name recorded beside each draft.
func (s *server) Model() string { return s.config.Model }

// Generate asks the server once, streaming, with retries where nothing of the
// reply had come yet. A server that refuses a schema is asked for any JSON, and
// then for plain words with the schema in the prompt; what it took is remembered.
func (s *server) Generate(ctx context.Context, r Request, onDelta func(string)) (Reply, error) {
	first := bySchema
	if len(r.Schema) > 0 {
		first = form(s.takes.Load())
	}
	for f := first; ; f++ {
		reply, err := s.once(ctx, f.of(r), f, onDelta)
		if bad := (*rejected)(nil); errors.As(err, &bad) && len(r.Schema) > 0 && f < byWords {
			continue
		}
		if err == nil && len(r.Schema) > 0 {
			s.takes.Store(int32(f))
		}
		return reply, err
	}
}

// form is how a server is told what shape the reply is to have.
type form int32

const (
	bySchema form = iota // it keeps to the schema
	byJSON               // it keeps to JSON
	byWords              // it is told, and may not keep to it
)

const shapeWords = "只输出一个 JSON 对象，前后不要有任何其他文字。它的结构由下面的 JSON Schema 规定：\n"

// of is the request as a server that cannot enforce the schema gets it.
func (f form) of(r Request) Request {
	if f == bySchema || len(r.Schema) == 0 {
		return r
	}
	var compact bytes.Buffer
	if json.Compact(&compact, r.Schema) != nil {
		compact.Write(r.Schema)
	}
	r.System = strings.TrimSpace(r.System + "\n\n" + shapeWords + compact.String())
	if f == byWords {
		r.MaxTokens = 0 // perhaps it was this that was refused
	}
	return r
}

// rejected marks a 400: the server understood the address but not the request.
type rejected struct{}

func (*rejected) Error() string { return "status 400" }

func (s *server) once(ctx context.Context, r Request, f form, onDelta func(string)) (reply Reply, err error) {
	// langchaingo takes nulls in a reply for values; a hostile server must not end the program.
	defer func() {
		if p := recover(); p != nil {
			reply, err = Reply{}, Foreign.because(fmt.Errorf("reading the reply: %v", p))
		}
	}()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	e := &exchange{config: s.config, client: s.client}
	chat, err := openai.New(s.options(r, f, e)...)
	if err != nil {
		return Reply{}, Broken.because(err)
	}
	w := newWatch(s.config, cancel)
	defer w.stop()
	e.watch = w
	said := spoken{on: onDelta}
	stream := func(_ context.Context, _, piece []byte) error { // reasoning is a sign of life, no part of the reply
		w.alive()
		said.write(string(piece))
		return nil
	}
	out, err := chat.GenerateContent(ctx, messages(r), callOptions(r, stream)...)
	if err == nil {
		err = context.Cause(ctx) // a cancelled stream looks to langchaingo like one that ended
	}
	if err != nil {
		return Reply{}, e.explain(ctx, err)
	}
	said.end()
	return readReply(out, s.config.Model, r, e)
}

func (s *server) options(r Request, f form, e *exchange) []openai.Option {
	key := s.config.APIKey
	if key == "" {
		key = noKey // langchaingo insists on one; the exchange takes it off again
	}
	opts := []openai.Option{openai.WithBaseURL(s.config.BaseURL), openai.WithToken(key),
		openai.WithModel(s.config.Model), openai.WithOrganization(""), openai.WithHTTPClient(e)}
	if shape, err := format(r.Schema, f); err == nil && shape != nil {
		opts = append(opts, openai.WithResponseFormat(shape))
	}
	return opts
}

// format is the schema in langchaingo's own type, which knows the subset that servers enforce.
func format(schema json.RawMessage, f form) (*openai.ResponseFormat, error) {
	if len(schema) == 0 || f == byWords {
		return nil, nil
	}
	if f == byJSON {
		return &openai.ResponseFormat{Type: "json_object"}, nil
	}
	var p openai.ResponseFormatJSONSchemaProperty
	if err := json.Unmarshal(schema, &p); err != nil {
		return nil, fmt.Errorf("reply schema: %w", err)
	}
	return &openai.ResponseFormat{Type: "json_schema",
		JSONSchema: &openai.ResponseFormatJSONSchema{Name: "reply", Strict: true, Schema: &p}}, nil
}

func messages(r Request) []llms.MessageContent {
	return []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeSystem, r.System),
		llms.TextParts(llms.ChatMessageTypeHuman, r.User),
	}
}

func callOptions(r Request, stream func(context.Context, []byte, []byte) error) []llms.CallOption {
	opts := []llms.CallOption{llms.WithTemperature(0), llms.WithStreamingReasoningFunc(stream)}
	if r.MaxTokens > 0 {
		// max_tokens is what vLLM, Ollama, llama.cpp and DeepSeek all know.
		opts = append(opts, llms.WithMaxTokens(r.MaxTokens), openai.WithLegacyMaxTokensField())
	}
	return opts
}

func readReply(out *llms.ContentResponse, model string, r Request, e *exchange) (Reply, error) {
	c := out.Choices[0]
	text := WithoutThought(strings.ToValidUTF8(c.Content, "\uFFFD"))
	if c.StopReason == "length" || (!e.ended() && c.StopReason == "") {
		return Reply{}, CutOff
	}
	if text == "" {
		return Reply{}, Empty
	}
	reply := Reply{Text: text, Model: model}
	reply.InputTokens, _ = c.GenerationInfo["PromptTokens"].(int)
	reply.OutputTokens, _ = c.GenerationInfo["CompletionTokens"].(int)
	if reply.InputTokens <= 0 || reply.OutputTokens <= 0 { // the server does not count
		reply.InputTokens, reply.OutputTokens = estimate(r.System+r.User), estimate(c.Content)
	}
	return reply, nil
}

// estimate is about how many tokens a text has: a Chinese character is one or
// a little less in today's vocabularies.
func estimate(text string) int { return utf8.RuneCountInString(text) }

// watch cancels a call whose first piece, next piece or end does not come in time.
type watch struct {
	config Config
	next   *time.Timer
	total  *time.Timer
}

func newWatch(c Config, cancel context.CancelCauseFunc) *watch {
	late := func() { cancel(TooSlow) }
	return &watch{config: c, next: time.AfterFunc(c.FirstToken, late), total: time.AfterFunc(c.Total, late)}
}

func (w *watch) alive() { w.next.Reset(w.config.Stall) }

func (w *watch) stop() {
	w.next.Stop()
	w.total.Stop()
}
