// Package corpus holds the office's documents: each Document with its
// Versions, each version with its Provisions (articles) and Passages (what
// search finds). Cutting a text into provisions and passages is pure (CutFile);
// reading and writing the tables takes the caller's transaction, so that a
// document becomes visible whole or not at all.
package corpus

import "advisor/corpus/format"

// Header is what is known of a document beside its text. Fields left empty are
// unknown. Level is the manifest's word (法律, 行政法规, 地方性法规, 规范性文件 …).
type Header struct {
	Title     string
	DocNumber string
	Issuer    string
	Level     string
	Region    string
	Kind      string // one of the Kind constants; empty: read from the text
	Issued    Date
	Effective Date
	Repealed  Date
	Status    string // as declared: 现行有效, 已废止 …
}

// The kinds of document.
const (
	Law       = "law"       // articles: laws, regulations, rules, amendments
	Official  = "official"  // 公文
	Case      = "case"      // 案例
	DutyList  = "list"      // duty lists, system lists
	Minutes   = "minutes"   // 会议纪要
	Precedent = "precedent" // an approved recommendation
	Other     = "other"
)

// Provision is an article: a 条, or a 条目 of an amendment or decision. Start
// and End are byte offsets into the version's text; Path names the 编章节 above.
type Provision struct {
	Ord        int
	Path       []string
	Label      string
	Start, End int
}

// Passage is what search finds: at most one provision's text, or some
// paragraphs of a document without provisions. It never crosses a provision.
type Passage struct {
	ID           int64
	Ord          int
	ProvisionOrd int    // the Ord of the provision it belongs to, -1 when none
	Label        string // shortest official form: 第十条第二款第（三）项
	Context      string // title and parent path, for search
	Start, End   int
}

// Cut is a file taken apart, ready to be saved.
type Cut struct {
	Text       string
	Header     Header
	Provisions []Provision
	Passages   []Passage
	Relations  []Relation // what the text does to other documents
	References []Reference
	Note       string // what a note under the title says of its validity: 已废止
	Warnings   []string
	Pages      []format.Page // of a file that has pages
	Spots      []format.Spot // where Text stands on them
}
