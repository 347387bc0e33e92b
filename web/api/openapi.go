package api

import (
	"net/http"
	"strings"

	"advisor/accounts"
)

// openapi is OpenAPI 3.1, made from the list that is mounted.
func (a *API) openapi(w http.ResponseWriter, _ *http.Request, _ accounts.Account) error {
	paths := map[string]map[string]any{}
	for _, e := range endpoints() {
		if paths[e.path] == nil {
			paths[e.path] = map[string]any{}
		}
		paths[e.path][strings.ToLower(e.method)] = e.operation()
	}
	return write(w, http.StatusOK, map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{"title": "双智决策咨询", "version": a.version(), "license": map[string]any{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "机器草稿未经专家审议不得采用；转述时须连同标识和出处。错误一律为 application/problem+json，what 是未办成的事，why 是原因，do 是办法，code 是稳定的代号。"},
		"paths":    paths,
		"security": []any{object{"key": []any{}}, object{"session": []any{}}},
		"components": object{"securitySchemes": object{
			"key":     object{"type": "http", "scheme": "bearer", "description": "接口密钥"},
			"session": object{"type": "apiKey", "in": "cookie", "name": a.CookieName()},
		}, "schemas": object{"problem": problemSchema}},
	})
}

type object = map[string]any

var problemSchema = object{"type": "object", "required": []string{"type", "title", "status", "code"}, "properties": object{
	"type": str, "title": str, "status": object{"type": "integer"}, "detail": str, "what": str, "why": str, "do": str, "code": str, "now": str,
	"error": object{"type": "object"}}}

// operation is the endpoint as OpenAPI has it.
func (e endpoint) operation() object {
	op := object{"summary": e.summary, "operationId": e.name(), "responses": e.responses()}
	if params := e.parameters(); len(params) > 0 {
		op["parameters"] = params
	}
	if e.body != "" {
		op["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": e.bodySchema()}}}
	}
	if e.files {
		op["requestBody"] = object{"required": true, "content": object{"multipart/form-data": object{"schema": object{"type": "object", "required": []string{"file"}, "properties": object{
			"scope": object{"type": "string"}, "job_id": object{"type": "string", "pattern": "^[0-9]{0,18}$"},
			"file": object{"type": "array", "minItems": 1, "items": object{"type": "string", "contentMediaType": "application/octet-stream"}}}}}}}
	}
	if e.open {
		op["security"] = []any{}
	}
	return op
}

// name is an identifier made of method and path.
func (e endpoint) name() string {
	return strings.ToLower(e.method) + strings.NewReplacer("/", "_", "{", "", "}", "", ".", "_").Replace(e.path)
}

func (e endpoint) bodySchema() object {
	fields, must := fieldsOf(e.body)
	properties := object{}
	for _, f := range fields {
		properties[f] = e.field(f)
	}
	schema := object{"type": "object", "properties": properties}
	if len(must) > 0 {
		schema["required"] = must
	}
	return schema
}

// fieldsOf reads "a!,b": the names, and those that must be there.
func fieldsOf(list string) (all, must []string) {
	for _, f := range strings.Split(list, ",") {
		if name, ok := strings.CutSuffix(f, "!"); ok {
			f = name
			must = append(must, name)
		}
		if f != "" {
			all = append(all, f)
		}
	}
	return all, must
}

func (e endpoint) parameters() []any {
	var params []any
	for _, part := range strings.Split(e.path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			params = append(params, object{"name": name, "in": "path", "required": true, "schema": object{"type": "string", "minLength": 1}})
		}
	}
	fields, must := fieldsOf(e.query)
	for _, f := range fields {
		required := false
		for _, m := range must {
			required = required || m == f
		}
		params = append(params, object{"name": f, "in": "query", "required": required, "schema": queryField(f)})
	}
	if e.once {
		params = append(params, object{"name": "Idempotency-Key", "in": "header", "required": false, "schema": object{"type": "string", "maxLength": onceKey}})
	}
	if e.gives == "text/event-stream" {
		params = append(params, object{"name": "Last-Event-ID", "in": "header", "required": false, "schema": object{"type": "string"}})
	}
	return params
}

var (
	str     = object{"type": "string"}
	integer = object{"type": "integer", "minimum": -1 << 31, "maximum": 1<<31 - 1}
	boolean = object{"type": "boolean"}
	number  = object{"type": "string", "pattern": "^[0-9]{1,18}$", "description": "编号"}
	// telling is a text in which there is something to search for.
	telling = object{"type": "string", "pattern": "[0-9A-Za-z\u4e00-\u9fff]", "maxLength": 2000}
	date    = object{"anyOf": []any{object{"const": ""}, object{"type": "string", "format": "date"}}, "description": "日期，形如 2026-11-23；空则今天"}
)

// orNull is for what may be left out: null says the same.
func orNull(schema object) object {
	if t, ok := schema["type"].(string); ok && schema["enum"] == nil && schema["const"] == nil {
		out := object{}
		for k, v := range schema {
			out[k] = v
		}
		out["type"] = []string{t, "null"}
		return out
	}
	return object{"anyOf": []any{schema, object{"type": "null"}}}
}

func queryField(name string) object {
	switch name {
	case "limit":
		return object{"type": "integer", "minimum": 1, "maximum": mostListed}
	case "older", "newer":
		return object{"type": "integer", "minimum": 1, "maximum": 1 << 53}
	case "mine", "turn":
		return object{"type": "string", "enum": flags}
	case "cursor", "version":
		return object{"type": "string", "pattern": "^[0-9]{0,18}$"}
	case "on":
		return date
	}
	return str
}

// field is the schema of one field of a request's JSON. What a room decides by
// its own rules is left to it: a refusal is an answer.
func (e endpoint) field(name string) object {
	_, must := fieldsOf(e.body)
	for _, m := range must {
		if m == name {
			return e.plainField(name)
		}
	}
	return orNull(e.plainField(name))
}

func (e endpoint) plainField(name string) object {
	switch name {
	case "score", "claim", "opinion", "entry", "number", "workdays", "paper":
		return integer
	case "k":
		return object{"type": "integer", "minimum": 0, "maximum": mostHits}
	case "n":
		return object{"const": 1}
	case "stream", "useful", "short":
		return boolean
	case "experts", "members":
		return object{"type": "array", "items": str}
	case "draft", "marks", "params":
		return object{"type": "object"}
	case "metadata":
		return object{"type": "object", "properties": object{"conversation_id": number, "on": date}, "additionalProperties": str}
	case "id":
		return object{"anyOf": []any{str, object{"type": "integer"}}}
	case "jsonrpc":
		return object{"const": "2.0"}
	case "method":
		return object{"enum": []string{"initialize", "ping", "tools/list", "tools/call"}}
	case "mode":
		return object{"type": "string", "enum": []string{"", "hybrid", "lexical", "vector"}}
	case "reason":
		if e.path == "/api/v1/drafts/{id}/feedback" {
			return object{"enum": []string{"", "off-topic", "missing", "outdated", "unclear", "wrong", "other"}}
		}
	case "encoding_format":
		return object{"type": "string", "enum": []string{"", "float", "base64"}}
	case "messages":
		return messagesSchema
	case "input":
		text := object{"type": "string", "minLength": 1, "maxLength": longestText / 4}
		return object{"anyOf": []any{text, object{"type": "array", "items": text, "minItems": 1, "maxItems": mostTexts}}}
	case "query", "question":
		return telling
	case "draft_id", "conversation_id":
		return object{"anyOf": []any{number, object{"type": "integer", "minimum": 1, "maximum": 1 << 53}}}
	case "on", "date", "until":
		return date
	}
	return str
}

// messagesSchema asks for one question of a user at least.
var messagesSchema = object{"type": "array", "minItems": 1, "maxItems": mostMessages,
	"contains": object{"type": "object", "required": []string{"role", "content"}, "properties": object{"role": object{"const": "user"}, "content": telling}},
	"items": object{"type": "object", "required": []string{"role"}, "properties": object{
		"role": object{"type": "string", "enum": messageRoles},
		"content": object{"anyOf": []any{object{"type": "string", "maxLength": 2000}, object{"type": "null"}, object{"type": "array", "items": object{"type": "object",
			"required": []string{"type", "text"}, "properties": object{"type": object{"const": "text"}, "text": object{"type": "string", "maxLength": 2000}}}}}}}}}

func (e endpoint) responses() object {
	wrong := object{"description": "没有办成", "content": object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/problem"}}}}
	if e.do == nil {
		return object{"501": wrong, "4XX": wrong}
	}
	kind, schema := "application/json", object{}
	if e.gives != "" {
		kind = e.gives
		if kind == "text/plain" {
			schema = str
		}
	}
	content := object{kind: object{"schema": schema}}
	if e.path == "/mcp" || strings.Contains(e.body, "stream") {
		content["text/event-stream"] = object{"schema": object{}}
	}
	out := object{"2XX": object{"description": "办成", "content": content}, "4XX": wrong, "5XX": wrong}
	for _, path := range []string{"/stop", "/feedback", "/events"} {
		if strings.HasSuffix(e.path, path) {
			out["204"] = object{"description": "没有更多内容"}
		}
	}
	if e.path == "/mcp" {
		out["202"] = object{"description": "收到通知"}
		out["4XX"] = object{"description": "没有受理", "content": object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/problem"}},
			"application/json": object{"schema": object{}}, "text/plain": object{"schema": str}}}
	}
	return out
}

func (a *API) version() string {
	if a.rooms.Version == "" {
		return "0"
	}
	return a.rooms.Version
}

// Endpoints names every address that is mounted: method and path.
func Endpoints() []string {
	var out []string
	for _, e := range endpoints() {
		out = append(out, e.method+" "+e.path)
	}
	return out
}
