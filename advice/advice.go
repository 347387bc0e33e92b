// Package advice turns the passages found for a question into a draft whose
// every claim carries the words it rests on, or into a decline that says what
// was looked for and where to turn. There are two drafters: one with a model,
// whose reply is untrusted input, and an extractive one that writes no sentence
// of its own about the law. Both are checked claim by claim before anyone sees
// the draft; what fails the check is marked and set apart, never dropped.
//
// Retrieved text and questions are material, never instruction: nothing here
// can act, and a draft is acted on only after the committee has approved it.
package advice

import (
	"time"

	"advisor/corpus"
	"advisor/internal/problem"
	"advisor/retrieval"
)

// Label stands first in everything a machine drafted.
const Label = "机器草稿 · 未经专家审议"

// Date is corpus.Date, for those who may not know the corpus.
type Date = corpus.Date

// What became of a question.
const (
	Drafted  = "drafted"
	Declined = "declined"
)

// The drafters.
const (
	Extractive = "extractive"
	Model      = "llm"
)

// How a claim stands to its citations.
const (
	Quoted      = "quoted"      // it is its source's own words
	Supported   = "supported"   // all it says is carried by the words it cites
	Unsupported = "unsupported" // it is not, or could not be verified: not a basis
)

// What a claim is good for.
const (
	Basis     = "依据"
	Procedure = "程序"
	Deadline  = "时限"
	Exception = "例外"
	CaseLike  = "案例"
	Risk      = "风险"
	Option    = "方案"
)

// Roles are all of them.
var Roles = []string{Basis, Procedure, Deadline, Exception, CaseLike, Risk, Option}

// The verdicts a draft may come to. An extract comes to none: it is for people
// to say what the words it quotes amount to.
const (
	Yes         = "可以"
	No          = "不可以"
	Conditional = "有条件"
	Unfounded   = "依据不足"
)

// Citation names the provision that a claim rests on and quotes it word for word.
type Citation struct {
	DocumentID int64       `json:"document_id,string"`
	VersionID  int64       `json:"version_id,string"`
	PassageID  int64       `json:"passage_id,string,omitempty"`
	Title      string      `json:"title"`
	DocNumber  string      `json:"doc_number"`
	Provision  string      `json:"provision"`
	Quote      string      `json:"quote"`
	Status     string      `json:"status"` // on the day asked about
	Level      string      `json:"level,omitempty"`
	Kind       string      `json:"kind,omitempty"`
	Effective  corpus.Date `json:"effective,omitempty"`
	Repealed   corpus.Date `json:"repealed,omitempty"`
}

// Claim is one statement of a draft with what it rests on.
type Claim struct {
	Text      string     `json:"text"`
	Support   string     `json:"support"`
	Role      string     `json:"role,omitempty"`
	Doubt     string     `json:"doubt,omitempty"` // why it is unsupported, for people
	Citations []Citation `json:"citations"`
}

// Body is what people read and decide on. Its Hash is what a ballot names and
// covers what is stated: question, conclusion, claims, options, procedure and
// label. Whatever the machine states about the law is a claim, so that it is
// checked, hashed and voted on; what follows Label only arranges the claims, is
// made from them by Check, and says what is open.
type Body struct {
	Question   string      `json:"question"`
	Conclusion string      `json:"conclusion"`
	Claims     []Claim     `json:"claims"`
	Options    []string    `json:"options"`
	Procedure  []string    `json:"procedure"`
	Unknown    []string    `json:"unknown"`
	Label      string      `json:"label"`
	On         corpus.Date `json:"on,omitempty"` // the day on which the law was to be in force

	Verdict     string       `json:"verdict,omitempty"` // the conclusion as one of 可以 不可以 有条件 依据不足; empty: left to people
	Departments []Department `json:"departments,omitempty"`
	Cases       []Case       `json:"cases,omitempty"`
	Conflicts   []Conflict   `json:"conflicts,omitempty"`
	TurnTo      []string     `json:"turn_to,omitempty"` // whom to ask about what is unknown
	Decline     *Decline     `json:"decline,omitempty"` // set when there is no answer
}

// Department is one that a quoted provision gives a part in the matter.
type Department struct {
	Name  string `json:"name"`
	Part  string `json:"part"`  // 主管, 会同, 征求意见, 审批, 备案
	Claim int    `json:"claim"` // which claim quotes it, counted from 1
}

// Case is a case or precedent among the claims, and how its facts stand to the question's.
type Case struct {
	Claim   int      `json:"claim"`
	Title   string   `json:"title"`
	Alike   []string `json:"alike"`   // telling words of the question that it speaks of
	Differs []string `json:"differs"` // telling words and figures that only one of them has
}

// Conflict names two claims whose cited provisions say different things of one matter.
type Conflict struct {
	First  int    `json:"first"`
	Second int    `json:"second"`
	Over   string `json:"over"` // what differs, in Chinese
}

// Why a question is not answered.
const (
	NothingFound = "nothing"  // the corpus has nothing on it
	Outside      = "outside"  // not a matter of the office
	NeedsFacts   = "facts"    // facts are missing that the asker has to give
	NamedMissing = "no-place" // it names a provision that is not there
	SecretText   = "secret"   // it holds what may be a state secret
	PersonalText = "personal" // it holds somebody's personal data
	OrderText    = "order"    // it tells the advisor to act against its rules
)

// Decline says why there is no answer and what to do next.
type Decline struct {
	Kind    string   `json:"kind"`
	Looked  []string `json:"looked"`  // what was looked for
	Nearest []Near   `json:"nearest"` // the nearest that was found, which is no basis
	Needs   []string `json:"needs"`   // questions to the asker
	TurnTo  []string `json:"turn_to"`
}

// Near is a provision that was found and does not answer.
type Near struct {
	DocumentID int64  `json:"document_id,string"`
	VersionID  int64  `json:"version_id,string"`
	Title      string `json:"title"`
	Provision  string `json:"provision"`
	Status     string `json:"status"`
}

// Answer is what one gets for a question, in the JSON shape of ask.
type Answer struct {
	QuestionID     int64   `json:"question_id,string"`
	DraftID        int64   `json:"draft_id,string"`
	Revision       int     `json:"revision"`
	Hash           string  `json:"hash"`
	Status         string  `json:"status"`
	Reason         string  `json:"reason"`
	Text           string  `json:"text"`
	Claims         []Claim `json:"claims"`
	Drafter        string  `json:"drafter"`
	Model          string  `json:"model"`
	Prompt         string  `json:"prompt"`
	Label          string  `json:"label"`
	ReviewID       string  `json:"review_id"` // set by whoever submits
	ConversationID int64   `json:"conversation_id,string"`
	TookMS         float64 `json:"took_ms"`
	Notice         string  `json:"notice,omitempty"` // what did not go as set up, in one sentence
	Question       string  `json:"question"`         // as made whole
	Asked          string  `json:"asked,omitempty"`  // as typed, where that differs
	Scope          string  `json:"scope"`
	Parts
	Body    Body      `json:"-"`
	AskedBy int64     `json:"-"`
	At      time.Time `json:"-"`
}

// Parts are a body's parts beside its claims, as ask gives them.
type Parts struct {
	Conclusion  string       `json:"conclusion"`
	Verdict     string       `json:"verdict,omitempty"`
	Options     []string     `json:"options"`
	Procedure   []string     `json:"procedure"`
	Unknown     []string     `json:"unknown"`
	On          corpus.Date  `json:"on,omitempty"`
	Departments []Department `json:"departments,omitempty"`
	Cases       []Case       `json:"cases,omitempty"`
	Conflicts   []Conflict   `json:"conflicts,omitempty"`
	TurnTo      []string     `json:"turn_to,omitempty"`
	Decline     *Decline     `json:"decline,omitempty"`
}

// parts gives a body's parts as ask shows them.
func (b Body) parts() Parts {
	return Parts{Conclusion: b.Conclusion, Verdict: b.Verdict, Options: notNil(b.Options), Procedure: notNil(b.Procedure), Unknown: notNil(b.Unknown),
		On: b.On, Departments: b.Departments, Cases: b.Cases, Conflicts: b.Conflicts, TurnTo: b.TurnTo, Decline: b.Decline}
}

// Ask is a question to answer. With a QuestionID the question is stored already.
type Ask struct {
	Text           string
	On             corpus.Date // empty: today
	ConversationID int64       // 0: a new conversation
	QuestionID     int64       // 0: store it
	Whole          string      // Text as a whole question, when it followed on another; empty: Text
	Minding        []Mind      // what an earlier draft was returned for
}

// The kinds of Event, in the order in which they come.
const (
	Started      = "started"
	StageEvent   = "stage"
	HitEvent     = "hit"
	DeltaEvent   = "delta"
	DraftEvent   = "draft"
	ErrorEvent   = "error"
	DoneEvent    = "done"
	ReplaceEvent = "replace" // what was streamed so far is void
)

// Event is one step of an ask as it happens.
type Event struct {
	Kind    string           `json:"-"`
	AskID   string           `json:"ask_id,omitempty"`
	Stage   string           `json:"stage,omitempty"` // 理解问题, 检索, 阅读, 起草, 核对
	Whole   string           `json:"whole,omitempty"` // the question made whole
	Hit     *retrieval.Hit   `json:"hit,omitempty"`
	Delta   string           `json:"delta,omitempty"`
	Answer  *Answer          `json:"answer,omitempty"`
	Problem *problem.Problem `json:"error,omitempty"`
}

// Revision is one immutable text of a draft.
type Revision struct {
	DraftID int64     `json:"draft_id,string"`
	Number  int       `json:"revision"`
	Hash    string    `json:"hash"`
	Body    Body      `json:"body"`
	Stored  string    `json:"-"` // the bytes kept: canonical JSON of Body
	Author  int64     `json:"author,string"`
	Machine bool      `json:"machine"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
}

// Finding is one thing that Check found wrong, about a claim counted from 0.
type Finding struct {
	Claim int    `json:"claim"`
	Code  string `json:"code"` // quote-not-in-source, number-not-carried, …
	Text  string `json:"text"` // in Chinese, for people
}
