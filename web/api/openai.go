package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sashabaranov/go-openai"

	"advisor/accounts"
	"advisor/advice"
	"advisor/chat"
	"advisor/internal/problem"
)

// modelName is what the whole advisor is called as a model. What drafts behind
// it is in each reply's metadata.
const modelName = "advisor"

// mostMessages bounds the conversation that a program sends along.
const mostMessages = 200

var messageRoles = []string{"system", "developer", "user", "assistant", "tool", "function"}

// completionRequest is go-openai's request. Only the messages are read in full:
// a sampling temperature or a tool of the caller's has no say in an answer.
type completionRequest struct {
	Messages       []message `json:"messages"`
	Model          string    `json:"model"`
	N              *int      `json:"n"`
	Stream         bool      `json:"stream"`
	ResponseFormat *struct {
		Type openai.ChatCompletionResponseFormatType `json:"type"`
	} `json:"response_format"`
	StreamOptions *openai.StreamOptions `json:"stream_options"`
	Metadata      map[string]string     `json:"metadata"`
}

type message struct {
	Role    string  `json:"role"`
	Content content `json:"content"`
}

// content is a message's text: a string, or parts of which the texts count.
type content string

// UnmarshalJSON reads a string, a list of parts or null.
func (c *content) UnmarshalJSON(b []byte) error {
	var s string
	if len(b) > 0 && b[0] != '[' {
		err := json.Unmarshal(b, &s)
		*c = content(s)
		return err
	}
	var parts []openai.ChatMessagePart
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for _, p := range parts {
		switch p.Type {
		case openai.ChatMessagePartTypeText, "input_text":
			s += p.Text
		default:
			return errPart
		}
	}
	*c = content(s)
	return nil
}

var errPart = problem.New(problem.Invalid, "unsupported-content", "没有受理", "消息里只能有文字，不能有图片、声音或文件", "请把要问的内容写成文字")

// question takes from a program's messages what is asked: the last message of
// the user. Those before it make a follow-up whole. System and assistant
// messages are the caller's own words and instruct nobody here.
func (q completionRequest) question() (advice.Ask, error) {
	bad := func(why string) error {
		return problem.New(problem.Invalid, "bad-messages", "没有受理", why, "请在 messages 里放一条 role 为 user 的问题")
	}
	if len(q.Messages) == 0 || len(q.Messages) > mostMessages {
		return advice.Ask{}, bad("messages 应有 1 至 " + strconv.Itoa(mostMessages) + " 条消息")
	}
	var asked []string
	for _, m := range q.Messages {
		if !slices.Contains(messageRoles, m.Role) {
			return advice.Ask{}, bad("没有 " + strconv.Quote(clip(m.Role, 40)) + " 这种角色")
		}
		if m.Role == openai.ChatMessageRoleUser && strings.TrimSpace(string(m.Content)) != "" {
			asked = append(asked, string(m.Content))
		}
	}
	if len(asked) == 0 {
		return advice.Ask{}, bad("没有用户的提问")
	}
	on, err := day(q.Metadata["on"])
	if err != nil {
		return advice.Ask{}, err
	}
	ask := advice.Ask{Text: asked[len(asked)-1], On: on}
	if c := q.Metadata["conversation_id"]; c != "" {
		if ask.ConversationID, err = strconv.ParseInt(c, 10, 64); err != nil || ask.ConversationID <= 0 {
			return ask, problem.New(problem.NotFound, "no-conversation", "没有提交问题", "没有找到这次对话", "请核对 metadata.conversation_id，或者不填")
		}
		return ask, nil // its own earlier questions are in the database
	}
	ask.Whole = chat.Whole(ask.Text, asked[:len(asked)-1])
	return ask, nil
}

func (q completionRequest) check() error {
	unsupported := func(field, why string) error {
		return problem.New(problem.Invalid, "unsupported-"+field, "没有受理", why, "请去掉 "+field+" 后再试")
	}
	switch {
	case q.N != nil && *q.N != 1:
		return unsupported("n", "一次只给出一个答复")
	case q.ResponseFormat != nil && q.ResponseFormat.Type == openai.ChatCompletionResponseFormatTypeJSONSchema:
		return unsupported("response_format", "答复的结构是固定的，不能另行指定；json_object 给出与 /api/v1/ask 相同的结构")
	}
	return nil
}

func (q completionRequest) asJSON() bool {
	return q.ResponseFormat != nil && q.ResponseFormat.Type == openai.ChatCompletionResponseFormatTypeJSONObject
}

// completion is go-openai's response with the label and the draft beside it.
type completion struct {
	openai.ChatCompletionResponse
	Choices  []choice          `json:"choices"`
	Metadata map[string]string `json:"metadata"`
}

type choice struct {
	openai.ChatCompletionChoice
	Message replied `json:"message"`
}

type replied struct {
	Role        string       `json:"role"`
	Content     string       `json:"content"`
	Refusal     *string      `json:"refusal"`
	Annotations []annotation `json:"annotations"`
}

func (a *API) completions(w http.ResponseWriter, r *http.Request, actor accounts.Account) error {
	var q completionRequest
	if err := read(r, &q); err != nil {
		return err
	}
	if err := q.check(); err != nil {
		return err
	}
	ask, err := q.question()
	if err != nil {
		return err
	}
	if q.Stream {
		return a.streamCompletion(w, r, actor, q, ask)
	}
	answer, err := a.rooms.Chat.Ask(r.Context(), actor, ask, nil)
	if err != nil {
		return err
	}
	text, notes := a.replyText(r, answer, q.asJSON())
	return write(w, http.StatusOK, completion{
		ChatCompletionResponse: openai.ChatCompletionResponse{ID: completionID(answer), Object: "chat.completion",
			Created: a.rooms.Now().Unix(), Model: modelName, Usage: *usage(answer, text)},
		Choices: []choice{{ChatCompletionChoice: openai.ChatCompletionChoice{FinishReason: openai.FinishReasonStop},
			Message: replied{Role: openai.ChatMessageRoleAssistant, Content: text, Annotations: notes}}},
		Metadata: metadata(answer),
	})
}

// replyText is an answer as a message: its text, or its JSON shape.
func (a *API) replyText(r *http.Request, answer advice.Answer, asJSON bool) (string, []annotation) {
	if asJSON {
		if raw, err := json.Marshal(answer); err == nil { // plain structures: it cannot fail
			return string(raw), a.annotations(r, answer, "")
		}
	}
	return answer.Text, a.annotations(r, answer, answer.Text)
}

func completionID(answer advice.Answer) string {
	return "chatcmpl-" + strconv.FormatInt(answer.QuestionID, 10)
}

// metadata is what a program must carry along with the text: above all its label.
func metadata(answer advice.Answer) map[string]string {
	m := map[string]string{"label": answer.Label, "draft_id": strconv.FormatInt(answer.DraftID, 10), "question_id": strconv.FormatInt(answer.QuestionID, 10),
		"conversation_id": strconv.FormatInt(answer.ConversationID, 10), "status": answer.Status, "hash": answer.Hash, "drafter": answer.Drafter}
	if answer.Model != "" {
		m["model"] = answer.Model
	}
	if answer.Asked != "" {
		m["question"] = answer.Question // as it was understood
	}
	return m
}

// usage counts characters: without a model there are no tokens, and a program
// that adds them up wants a measure that stays the same.
func usage(answer advice.Answer, text string) *openai.Usage {
	in, out := utf8.RuneCountInString(answer.Question), utf8.RuneCountInString(text)
	return &openai.Usage{PromptTokens: in, CompletionTokens: out, TotalTokens: in + out}
}

func (a *API) models(w http.ResponseWriter, _ *http.Request, _ accounts.Account) error {
	list := []map[string]any{a.model(modelName)}
	if name := a.embedderName(); name != "" {
		list = append(list, a.model(name))
	}
	return write(w, http.StatusOK, map[string]any{"object": "list", "data": list})
}

func (a *API) oneModel(w http.ResponseWriter, r *http.Request, _ accounts.Account) error {
	name := r.PathValue("model")
	if name != modelName && name != a.embedderName() {
		return noModel(name)
	}
	return write(w, http.StatusOK, a.model(name))
}

func (a *API) model(name string) map[string]any {
	return map[string]any{"id": name, "object": "model", "created": 1767225600, "owned_by": "advisor"}
}

func noModel(name string) error {
	return problem.New(problem.NotFound, "model_not_found", "没有受理", "没有 "+strconv.Quote(clip(name, 80))+" 这个模型", "GET /v1/models 列出可用的模型")
}

func clip(s string, n int) string {
	if r := []rune(strings.ToValidUTF8(s, "")); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
