package llm

import "errors"

// Failure is why there is no reply. Why is a clause for people; Err is the
// cause, for operators, and never holds the key or the text that was sent.
type Failure struct {
	Code string
	Why  string
	Err  error
}

// The ways to fail.
var (
	Unreachable = &Failure{Code: "unreachable", Why: "连不上模型服务"}
	Busy        = &Failure{Code: "busy", Why: "模型服务繁忙"}
	Broken      = &Failure{Code: "broken", Why: "模型服务出错"}
	Denied      = &Failure{Code: "denied", Why: "模型服务拒绝了请求，可能是密钥或模型名称不对"}
	Foreign     = &Failure{Code: "foreign", Why: "模型服务返回的不是约定格式的内容"}
	TooLarge    = &Failure{Code: "too-large", Why: "模型服务返回的内容过大"}
	TooSlow     = &Failure{Code: "too-slow", Why: "模型服务响应过慢"}
	CutOff      = &Failure{Code: "cut-off", Why: "模型的回复中途断开"}
	Empty       = &Failure{Code: "empty", Why: "模型没有给出内容"}
)

// Error joins the clause and the cause.
func (f *Failure) Error() string {
	if f.Err == nil {
		return f.Why
	}
	return f.Why + ": " + f.Err.Error()
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Is makes two failures of one code equal, whatever their causes.
func (f *Failure) Is(target error) bool {
	t, ok := target.(*Failure)
	return ok && t.Code == f.Code
}

func (f *Failure) because(err error) *Failure {
	return &Failure{Code: f.Code, Why: f.Why, Err: err}
}

// Why is the clause for people behind err.
func Why(err error) string {
	if f := (*Failure)(nil); errors.As(err, &f) {
		return f.Why
	}
	return "模型服务没有给出可用的回复"
}
