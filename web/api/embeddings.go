package api

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/sashabaranov/go-openai"

	"advisor/accounts"
	"advisor/internal/problem"
)

// Bounds on one request for vectors.
const (
	mostTexts   = 512
	longestText = 32 << 10 // bytes
)

type embeddingRequest struct {
	Input          texts                          `json:"input"`
	Model          string                         `json:"model"`
	EncodingFormat openai.EmbeddingEncodingFormat `json:"encoding_format"`
	Dimensions     int                            `json:"dimensions"`
}

// texts is one text or a list of them.
type texts []string

// UnmarshalJSON reads a string or a list of strings.
func (t *texts) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		err := json.Unmarshal(b, &s)
		*t = texts{s}
		return err
	}
	var list []string
	if err := json.Unmarshal(b, &list); err != nil {
		return problem.New(problem.Invalid, "unsupported-input", "没有受理", "input 应是一段文字或一组文字；不接受词元编号", "请发送原文").Because(err)
	}
	*t = list
	return nil
}

func (q embeddingRequest) check(name string, dim int) error {
	bad := func(why, do string) error { return problem.New(problem.Invalid, "bad-input", "没有受理", why, do) }
	switch {
	case q.Model != "" && q.Model != name && q.Model != modelName:
		return noModel(q.Model)
	case len(q.Input) == 0 || len(q.Input) > mostTexts:
		return bad("input 应有 1 至 "+strconv.Itoa(mostTexts)+" 段文字", "请分几次发送")
	case q.Dimensions != 0 && q.Dimensions != dim:
		return bad("向量的维数是 "+strconv.Itoa(dim)+"，不能另行指定", "请去掉 dimensions")
	case q.EncodingFormat != "" && q.EncodingFormat != openai.EmbeddingEncodingFormatFloat && q.EncodingFormat != openai.EmbeddingEncodingFormatBase64:
		return bad("encoding_format 应为 float 或 base64", "请改正")
	}
	for _, t := range q.Input {
		if t == "" || len(t) > longestText || !utf8.ValidString(t) {
			return bad("每段文字不能为空，也不能超过 "+strconv.Itoa(longestText)+" 字节", "请改正后再发送")
		}
	}
	return nil
}

func (a *API) embeddings(w http.ResponseWriter, r *http.Request, _ accounts.Account) error {
	var q embeddingRequest
	if err := read(r, &q); err != nil {
		return err
	}
	e := a.rooms.Index.Embedder()
	if e == nil {
		return problem.New(problem.NotFound, "model_not_found", "没有受理", "没有配置向量模型", "请联系系统管理员")
	}
	if err := q.check(e.Name(), e.Dim()); err != nil {
		return err
	}
	vectors, err := a.rooms.Index.Embed(r.Context(), q.Input)
	if err != nil {
		return problem.New(problem.Failed, "embedder", "没有得到向量", "向量服务没有正确应答", "请稍后重试").Because(err)
	}
	data := make([]map[string]any, len(vectors))
	chars := 0
	for i, v := range vectors {
		chars += utf8.RuneCountInString(q.Input[i])
		data[i] = map[string]any{"object": "embedding", "index": i, "embedding": encoded(v, q.EncodingFormat)}
	}
	return write(w, http.StatusOK, map[string]any{"object": "list", "data": data, "model": e.Name(),
		"usage": map[string]int{"prompt_tokens": chars, "total_tokens": chars}})
}

// encoded is a vector as asked for: numbers, or the base64 of little-endian
// float32 that the official clients ask for by default.
func encoded(v []float32, format openai.EmbeddingEncodingFormat) any {
	if format != openai.EmbeddingEncodingFormatBase64 {
		return v
	}
	b := make([]byte, 0, 4*len(v))
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(b)
}

func (a *API) embedderName() string {
	if e := a.rooms.Index.Embedder(); e != nil {
		return e.Name()
	}
	return ""
}
