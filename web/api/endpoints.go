package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"advisor/accounts"
	"advisor/intake"
	"advisor/internal/problem"
)

// endpoint is one address. A nil do answers that it is not available yet.
type endpoint struct {
	method, path, summary string
	body                  string // the JSON fields it takes; ! after those that must be there
	query                 string // the parameters it takes
	gives                 string // media type of the answer, when it is not JSON
	open                  bool   // strangers too
	once                  bool   // honours Idempotency-Key
	files                 bool   // takes files, as a form
	do                    func(a *API, w http.ResponseWriter, r *http.Request, actor accounts.Account) error
}

// endpoints is what is mounted and what OpenAPI says, so the two cannot part.
func endpoints() []endpoint {
	return []endpoint{
		{method: "GET", path: "/healthz", summary: "进程存活", open: true, do: (*API).healthz},
		{method: "GET", path: "/readyz", summary: "数据库、索引可用", open: true, do: (*API).readyz},
		{method: "GET", path: "/metrics", summary: "Prometheus 指标", open: true, gives: "text/plain", do: (*API).metrics},
		{method: "GET", path: "/api/openapi.json", summary: "本说明", open: true, do: (*API).openapi},

		{method: "POST", path: "/api/v1/search", summary: "检索条款", body: "query!,k,mode,on", do: (*API).search},
		{method: "POST", path: "/api/v1/ask", summary: "提问；stream 为真时以 Server-Sent Events 回答", body: "question!,conversation_id,on,stream", do: (*API).ask},
		{method: "GET", path: "/api/v1/asks/{ask_id}/events", summary: "提问的进展，从 Last-Event-ID 之后开始", gives: "text/event-stream", do: (*API).events},
		{method: "POST", path: "/api/v1/asks/{ask_id}/stop", summary: "停止解答；问题仍保存", do: (*API).stopAsk},
		{method: "POST", path: "/api/v1/drafts/{id}/feedback", summary: "评价答复", body: "useful!,reason,text", do: (*API).rate},
		{method: "GET", path: "/api/v1/drafts/{id}", summary: "建议稿", do: (*API).draft},
		{method: "GET", path: "/api/v1/documents", summary: "文件列表", query: "words,kind,level,scope,on,cursor,limit", do: (*API).documents},
		{method: "POST", path: "/api/v1/documents", summary: "上传文件：scope 在前，file 可有多个；job_id 加进已有的一批", files: true, do: (*API).upload},
		{method: "GET", path: "/api/v1/documents/{id}", summary: "文件及其条款", query: "version,on", do: (*API).document},
		{method: "GET", path: "/api/v1/doubts", summary: "效力待核的文件；资料员", query: "code", do: (*API).doubts},
		{method: "POST", path: "/api/v1/doubts", summary: "登记效力核定：answer 为 stands 或 ended", body: "version_id!,code!,name,answer!,on,ground", once: true, do: (*API).answerDoubt},
		{method: "GET", path: "/api/v1/jobs/{id}", summary: "后台任务进度：每个文件的阶段和结果", do: (*API).job},
		{method: "POST", path: "/api/v1/jobs/{id}/cancel", summary: "取消这一批里还没有办完的文件", once: true, do: (*API).cancelJob},
		{method: "POST", path: "/api/v1/jobs/{id}/retry", summary: "重试这一批里失败或取消的文件", once: true, do: (*API).retryJob},

		{method: "GET", path: "/api/v1/reviews", summary: "审议列表", query: "mine,turn,state,cursor,limit", do: (*API).reviews},
		{method: "POST", path: "/api/v1/reviews", summary: "提交审议", body: "draft_id!,note", once: true, do: (*API).submit},
		{method: "GET", path: "/api/v1/reviews/{id}", summary: "审议", do: (*API).review},
		{method: "POST", path: "/api/v1/reviews/{id}/route", summary: "组成专家组", body: "experts", once: true, do: (*API).route},
		{method: "POST", path: "/api/v1/reviews/{id}/declarations", summary: "申报利益冲突：none 或情况说明", body: "conflict", once: true, do: (*API).declare},
		{method: "POST", path: "/api/v1/reviews/{id}/ballots", summary: "表决；带 claim 的是逐条批注", body: "hash,score,reason,text,claim,marks", once: true, do: (*API).vote},
		{method: "POST", path: "/api/v1/reviews/{id}/revisions", summary: "修改为新的一稿", body: "hash,draft,reason", once: true, do: (*API).edit},
		{method: "POST", path: "/api/v1/reviews/{id}/return", summary: "退回 machine 或 author", body: "hash,to,reason,text", once: true, do: (*API).giveBack},
		{method: "POST", path: "/api/v1/reviews/{id}/reject", summary: "否决", body: "hash,reason,text", once: true, do: (*API).reject},
		{method: "POST", path: "/api/v1/reviews/{id}/withdraw", summary: "撤回", body: "hash,text", once: true, do: (*API).withdraw},
		{method: "POST", path: "/api/v1/reviews/{id}/opinions", summary: "提出意见", body: "hash,text,claim", once: true, do: (*API).opine},
		{method: "POST", path: "/api/v1/reviews/{id}/dispositions", summary: "答复意见：yes、partly 或 no", body: "hash,opinion,as_adopted,reason", once: true, do: (*API).dispose},
		{method: "POST", path: "/api/v1/reviews/{id}/close", summary: "结束本轮", body: "hash", once: true, do: (*API).close},
		{method: "GET", path: "/api/v1/reviews/{id}/dossier", summary: "卷宗：HTML，或 format=docx", query: "format", gives: "text/html", do: (*API).dossier},
		{method: "GET", path: "/api/v1/reviews/{id}/panel", summary: "按规则拟请的专家及理由", do: (*API).proposal},
		{method: "GET", path: "/api/v1/reviews/{id}/draw", summary: "随机抽取的记录", do: (*API).drawn},
		{method: "GET", path: "/api/v1/experts", summary: "专家名册", do: (*API).roster},
		{method: "GET", path: "/api/v1/policies", summary: "审议规则", do: (*API).policies},
		{method: "POST", path: "/api/v1/reviews/{id}/rounds", summary: "意见分歧时对同一稿再次表决", body: "hash", once: true, do: (*API).again},
		{method: "POST", path: "/api/v1/reviews/{id}/delegations", summary: "委托同领域的专家", body: "to", once: true, do: (*API).delegate},
		{method: "POST", path: "/api/v1/reviews/{id}/recusals", summary: "责令回避", body: "expert,text", once: true, do: (*API).recuse},
		{method: "POST", path: "/api/v1/reviews/{id}/papers", summary: "附签名的原件；content 为 base64", body: "name,media,content", once: true, do: (*API).attach},
		{method: "POST", path: "/api/v1/reviews/{id}/entries", summary: "代录线下表决", body: "expert,hash,score,reason,text,claim,paper", once: true, do: (*API).enter},
		{method: "POST", path: "/api/v1/reviews/{id}/confirmations", summary: "确认代录的表决", body: "entry", once: true, do: (*API).confirm},
		{method: "POST", path: "/api/v1/reviews/{id}/labels", summary: "登记法定程序：public、hearing、risk、fair、evidence", body: "kind,result,text,from,until,short,hash", once: true, do: (*API).label},
		{method: "POST", path: "/api/v1/reviews/{id}/comments", summary: "登记公众意见；带 number 的是答复", body: "from,text,number,as_adopted,reason", once: true, do: (*API).comment},
		{method: "POST", path: "/api/v1/reviews/{id}/referral", summary: "送合法性审查", body: "hash,workdays,short", once: true, do: (*API).refer},
		{method: "POST", path: "/api/v1/reviews/{id}/legality", summary: "合法性审查意见", body: "hash,result,text,power,process,content", once: true, do: (*API).legality},
		{method: "POST", path: "/api/v1/reviews/{id}/meetings", summary: "登记集体讨论", body: "hash,kind,date,place,record,members", once: true, do: (*API).meeting},
		{method: "POST", path: "/api/v1/reviews/{id}/decision", summary: "作出决定：adopt、refuse、revise、postpone", body: "hash,decision,reason", once: true, do: (*API).decide},
		{method: "POST", path: "/api/v1/reviews/{id}/apply", summary: "采纳落实", body: "hash", once: true, do: (*API).apply},
		{method: "GET", path: "/api/v1/applications", summary: "台账", query: "cursor,limit", do: (*API).applications},
		{method: "GET", path: "/api/v1/applications/{id}", summary: "台账的一件", do: (*API).application},
		{method: "GET", path: "/api/v1/applications/{id}/receipt", summary: "可离线核验的回执", do: (*API).receipt},
		{method: "GET", path: "/api/v1/audit/checkpoint", summary: "签名的检查点", do: (*API).checkpoint},
		{method: "GET", path: "/api/v1/audit/proof", summary: "两个检查点之间的一致性证明", query: "older!,newer!", do: (*API).proof},

		{method: "POST", path: "/v1/chat/completions", summary: "OpenAI 兼容的问答", body: "messages!,model,stream,n,metadata", do: (*API).completions},
		{method: "POST", path: "/v1/embeddings", summary: "OpenAI 兼容的向量", body: "input!,model,encoding_format", do: (*API).embeddings},
		{method: "GET", path: "/v1/models", summary: "OpenAI 兼容的模型列表", do: (*API).models},
		{method: "GET", path: "/v1/models/{model}", summary: "OpenAI 兼容的一个模型", do: (*API).oneModel},
		{method: "POST", path: "/mcp", summary: "Model Context Protocol（streamable HTTP，无会话）", body: "jsonrpc!,method!,id!,params!", do: (*API).mcp},
	}
}

var errNotYet = problem.New(problem.NotAvailable, "not-available-yet", "尚未提供 (not available yet)", "本版本还没有这项功能", "请关注版本说明")

// Mount adds the API's addresses to mux.
func (a *API) Mount(mux *http.ServeMux) {
	methods := map[string][]string{}
	for _, e := range endpoints() {
		mux.Handle(e.method+" "+e.path, a.serve(e))
		methods[e.path] = append(methods[e.path], e.method)
	}
	for path, known := range methods {
		mux.Handle(path, wrongMethod(known))
	}
	for _, tree := range []string{"/api/", "/v1/"} {
		mux.Handle(tree, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			WriteProblem(w, problem.New(problem.NotFound, "no-endpoint", "没有这个接口", clip(r.Method+" "+r.URL.Path, 200), "请查阅 /api/openapi.json"))
		}))
	}
}

// wrongMethod answers a request whose address is there for other methods only.
func wrongMethod(known []string) http.Handler {
	allow := strings.Join(known, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		WriteProblem(w, problem.New(problem.Invalid, errMethod, "没有受理", "这个接口不支持 "+clip(r.Method, 20), "可用的方法："+allow))
	})
}

const errMethod = "wrong-method"

// readable refuses an address that no database could hold.
func readable(r *http.Request) error {
	ok := utf8.ValidString(r.URL.Path) && !strings.ContainsRune(r.URL.Path, 0)
	for _, values := range r.URL.Query() {
		for _, v := range values {
			ok = ok && utf8.ValidString(v) && !strings.ContainsRune(v, 0)
		}
	}
	if !ok {
		return problem.New(problem.Invalid, "bad-text", "没有受理", "地址里有不能识别的字符", "请用 UTF-8 编码，且不含空字符")
	}
	return nil
}

var errMustChange = problem.New(problem.Refused, "must-change-password", "需要先修改密码", "现用密码是管理员重置的临时密码", "请在页面上修改密码后再试")

// serve finds out who asks and answers with JSON or a problem.
func (a *API) serve(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer a.counts.begin()()
		most := int64(maxBody)
		if e.files {
			most = intake.MaxUpload
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		var actor accounts.Account
		if err := readable(r); err != nil {
			a.fail(w, r, err)
			return
		}
		if !e.open {
			var err error
			if actor, err = a.Actor(r); err != nil {
				if wait, ok := a.limits.stranger(r); !ok {
					err = tooMany(w, wait)
				}
				a.fail(w, r, err)
				return
			}
			if wait, ok := a.limits.allow(e, actor.ID); !ok {
				a.fail(w, r, tooMany(w, wait))
				return
			}
			if actor.MustChange && r.Header.Get("Authorization") == "" {
				a.fail(w, r, errMustChange)
				return
			}
		}
		if e.do == nil {
			a.fail(w, r, errNotYet)
			return
		}
		do := func(w http.ResponseWriter) {
			if err := e.do(a, w, r, actor); err != nil {
				a.fail(w, r, err)
			}
		}
		if key := r.Header.Get("Idempotency-Key"); e.once && key != "" {
			a.once.replay(w, r, actor.ID, key, do)
			return
		}
		do(w)
	})
}

// read decodes the request's JSON into v; an empty body is an empty object.
func read(r *http.Request, v any) error {
	bad := func(why string, err error) error {
		return problem.New(problem.Invalid, "bad-json", "没有受理", why, "请按 /api/openapi.json 的说明发送").Because(err)
	}
	dec := json.NewDecoder(r.Body)
	err := dec.Decode(v)
	var large *http.MaxBytesError
	var known *problem.Problem
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &large):
		return problem.New(problem.Invalid, "too-large", "没有受理", "请求体过大", "请缩短后再试").Because(err)
	case errors.As(err, &known):
		return known
	case err != nil:
		return bad("请求体不是所要求的 JSON", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return bad("请求体在 JSON 之后还有内容", err)
	}
	return nil
}
