package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/sashabaranov/go-openai"

	"advisor/accounts"
	"advisor/advice"
	"advisor/internal/problem"
)

// piece is go-openai's stream part with what it lacks.
type piece struct {
	openai.ChatCompletionStreamResponse
	Choices  []pieceChoice     `json:"choices"`
	Usage    *openai.Usage     `json:"usage,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

type pieceChoice struct {
	Index        int        `json:"index"`
	Delta        pieceDelta `json:"delta"`
	FinishReason *string    `json:"finish_reason"`
}

type pieceDelta struct {
	Role        string       `json:"role,omitempty"`
	Content     string       `json:"content"`
	Annotations []annotation `json:"annotations,omitempty"`
}

// streamCompletion answers in parts. Text comes only once it has been checked;
// until then comments say how far the work is and keep the line open.
func (a *API) streamCompletion(w http.ResponseWriter, r *http.Request, actor accounts.Account, q completionRequest, ask advice.Ask) error {
	askID, err := a.rooms.Chat.Start(r.Context(), actor, ask)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	out := &lines{w: w, control: http.NewResponseController(w)}
	go out.keepAlive(ctx, cancel)
	s := completionStream{api: a, r: r, out: out, asked: q, id: "chatcmpl-" + askID, created: a.rooms.Now().Unix()}
	if err := s.send(pieceDelta{Role: openai.ChatMessageRoleAssistant}, "", nil); err != nil {
		return nil //nolint:nilerr // the reader is gone; the run goes on without it
	}
	err = a.rooms.Chat.Events(ctx, actor, askID, 0, func(_ int, e advice.Event) error { return s.event(e) })
	if err != nil && ctx.Err() == nil {
		a.log().Error("completion stream ended", "ask", askID, "error", err)
	}
	return nil
}

type completionStream struct {
	api     *API
	r       *http.Request
	out     *lines
	asked   completionRequest
	id      string
	created int64
}

func (s *completionStream) event(e advice.Event) error {
	switch e.Kind {
	case advice.StageEvent:
		return s.out.write(": " + e.Stage + "\n\n")
	case advice.DraftEvent:
		return s.answer(*e.Answer)
	case advice.ErrorEvent:
		return s.data(map[string]any{"error": openaiError(e.Problem, status(e.Problem))})
	case advice.DoneEvent:
		return s.out.write("data: [DONE]\n\n")
	}
	return nil
}

// answer sends the checked text by lines, then its citations.
func (s *completionStream) answer(answer advice.Answer) error {
	text, notes := s.api.replyText(s.r, answer, s.asked.asJSON())
	for _, line := range strings.SplitAfter(text, "\n") {
		if line == "" {
			continue
		}
		if err := s.send(pieceDelta{Content: line}, "", nil); err != nil {
			return err
		}
	}
	if err := s.send(pieceDelta{Annotations: notes}, string(openai.FinishReasonStop), metadata(answer)); err != nil {
		return err
	}
	if s.asked.StreamOptions == nil || !s.asked.StreamOptions.IncludeUsage {
		return nil
	}
	p := s.piece()
	p.Choices, p.Usage = []pieceChoice{}, usage(answer, text)
	return s.data(p)
}

func (s *completionStream) piece() piece {
	return piece{ChatCompletionStreamResponse: openai.ChatCompletionStreamResponse{ID: s.id, Object: "chat.completion.chunk", Created: s.created, Model: modelName}}
}

func (s *completionStream) send(d pieceDelta, finish string, meta map[string]string) error {
	p := s.piece()
	c := pieceChoice{Delta: d}
	if finish != "" {
		c.FinishReason = &finish
	}
	p.Choices, p.Metadata = []pieceChoice{c}, meta
	return s.data(p)
}

func (s *completionStream) data(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode completion part: %w", err)
	}
	return s.out.write("data: " + string(raw) + "\n\n")
}

// apiError is a refusal as OpenAI's clients read it; it stands inside the problem.
type apiError struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    string  `json:"code"`
}

func openaiError(p *problem.Problem, status int) *apiError {
	kind := "invalid_request_error"
	switch {
	case status == http.StatusUnauthorized:
		kind = "authentication_error"
	case status == http.StatusForbidden:
		kind = "permission_error"
	case status == http.StatusTooManyRequests:
		kind = "rate_limit_error"
	case status >= http.StatusInternalServerError:
		kind = "server_error"
	}
	return &apiError{Message: p.Error(), Type: kind, Code: p.Code}
}
