package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/openai"
)

// server is a Generator behind an OpenAI-compatible address.
type server struct {
	config Config
	client *http.Client
}

// Model is the name recorded beside each draft.
func (s *server) Model() string { return s.config.Model }

// Generate asks the server once, streaming, with retries where nothing of the
// reply had come yet. A server that cannot enforce the schema is asked again without.
func (s *server) Generate(ctx context.Context, r Request, onDelta func(string)) (Reply, error) {
	reply, err := s.once(ctx, r, onDelta)
	if f := (*rejected)(nil); errors.As(err, &f) && len(r.Schema) > 0 {
		r.Schema, r.MaxTokens = nil, 0
		reply, err = s.once(ctx, r, onDelta)
	}
	return reply, err
}

// rejected marks a 400: the server understood the address but not the request.
type rejected struct{}

func (*rejected) Error() string { return "status 400" }

func (s *server) once(ctx context.Context, r Request, onDelta func(string)) (reply Reply, err error) {
	// langchaingo takes nulls in a reply for values; a hostile server must not end the program.
	defer func() {
		if p := recover(); p != nil {
			reply, err = Reply{}, Foreign.because(fmt.Errorf("reading the reply: %v", p))
		}
	}()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	e := &exchange{config: s.config, client: s.client}
	chat, err := openai.New(s.options(r, e)...)
	if err != nil {
		return Reply{}, Broken.because(err)
	}
	w := newWatch(s.config, cancel)
	defer w.stop()
	e.watch = w
	stream := func(_ context.Context, reasoning, piece []byte) error {
		w.alive()
		if onDelta != nil && len(piece) > 0 {
			onDelta(string(piece))
		}
		return nil
	}
	out, err := chat.GenerateContent(ctx, messages(r), callOptions(r, stream)...)
	if err == nil {
		err = context.Cause(ctx) // a cancelled stream looks to langchaingo like one that ended
	}
	if err != nil {
		return Reply{}, e.explain(ctx, err)
	}
	return readReply(out, s.config.Model, e)
}

func (s *server) options(r Request, e *exchange) []openai.Option {
	key := s.config.APIKey
	if key == "" {
		key = noKey // langchaingo insists on one; the exchange takes it off again
	}
	opts := []openai.Option{openai.WithBaseURL(s.config.BaseURL), openai.WithToken(key),
		openai.WithModel(s.config.Model), openai.WithOrganization(""), openai.WithHTTPClient(e)}
	if f, err := format(r.Schema); err == nil && f != nil {
		opts = append(opts, openai.WithResponseFormat(f))
	}
	return opts
}

// format is the schema in langchaingo's own type, which knows the subset that servers enforce.
func format(schema json.RawMessage) (*openai.ResponseFormat, error) {
	if len(schema) == 0 {
		return nil, nil
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

func readReply(out *llms.ContentResponse, model string, e *exchange) (Reply, error) {
	c := out.Choices[0]
	if strings.TrimSpace(c.Content) == "" {
		return Reply{}, Empty
	}
	if c.StopReason == "length" || (!e.ended() && c.StopReason == "") {
		return Reply{}, CutOff
	}
	in, _ := c.GenerationInfo["PromptTokens"].(int)
	n, _ := c.GenerationInfo["CompletionTokens"].(int)
	return Reply{Text: c.Content, Model: model, InputTokens: in, OutputTokens: n}, nil
}

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
