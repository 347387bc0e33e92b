// Package retrieval turns a question into ranked passages with reasons. It
// keeps two things that are derived from the corpus and can be thrown away at
// any time: an in-process BM25 index that follows the log of changes, and beside
// it the passages' vectors, as bits and bytes. It fuses what both find, filters by date and scope, and reads every hit back under the asker's rights
// before it leaves. It does not write answers.
package retrieval

import "advisor/corpus"

// The modes of search.
const (
	Hybrid  = "hybrid"
	Lexical = "lexical"
	Vector  = "vector"
)

// Query is what to look for. The zero values mean ten hits, hybrid, today.
type Query struct {
	Text string
	K    int
	Mode string
	On   corpus.Date // the day on which a hit should be in force
}

// Hit is one passage found, in the JSON shape of search.
type Hit struct {
	Rank       int         `json:"rank"`
	Score      float64     `json:"score"`
	PassageID  int64       `json:"passage_id,string"`
	DocumentID int64       `json:"document_id,string"`
	VersionID  int64       `json:"version_id,string"`
	Title      string      `json:"title"`
	DocNumber  string      `json:"doc_number"`
	Provision  string      `json:"provision"`
	Path       []string    `json:"path"`
	Text       string      `json:"text"`
	Status     string      `json:"status"`
	Level      string      `json:"level"`
	Issuer     string      `json:"issuer"`
	Kind       string      `json:"kind"`
	Scope      string      `json:"scope"`
	Effective  corpus.Date `json:"effective"`
	Repealed   corpus.Date `json:"repealed,omitempty"`
	Start      int         `json:"start"` // bytes in the version's text
	End        int         `json:"end"`
	Why        Why         `json:"why"`
}

// Why says how a hit came to be found. A rank of 0 means that this side did not find it.
type Why struct {
	LexicalRank int      `json:"lexical_rank"`
	VectorRank  int      `json:"vector_rank"`
	Terms       []string `json:"terms"` // the question's terms in the passage, most telling first
	// Named is true when the question names this very provision.
	Named bool `json:"named,omitempty"`
	// Lexical and Cosine are the two scores before mixing, Weight the vector's share of the mix.
	Lexical float64 `json:"lexical"`
	Cosine  float64 `json:"cosine"`
	Weight  float64 `json:"weight"`
}

// Result is the answer to a Query.
type Result struct {
	Query    string   `json:"query"`
	TookMS   float64  `json:"took_ms"`
	Timing   Timing   `json:"timing"`
	Hits     []Hit    `json:"hits"`
	Evidence Evidence `json:"evidence"`
	Terms    []Term   `json:"-"` // the question's, most telling first
}

// Timing says where the time went, in milliseconds; the rest of took_ms is
// embedding, fusing, and the database.
type Timing struct {
	Lexical float64 `json:"lexical_ms"`
	Vector  float64 `json:"vector_ms"`
}

// Term is a term of the question with its weight in the score. Bigrams begin with "_".
type Term struct {
	Text   string
	Weight float64
	Known  bool // occurs somewhere in the corpus
}

// Evidence is what the decision to answer or to decline rests on. All are 0 when nothing was found.
type Evidence struct {
	Terms       int     `json:"terms"`        // distinct telling terms in the question
	Known       float64 `json:"known"`        // share of the question's idf whose terms occur anywhere in the corpus
	Coverage    float64 `json:"coverage"`     // share of the question's idf in the best single hit
	CoverageTop float64 `json:"coverage_top"` // the same, of the best five hits together
	Lexical     float64 `json:"lexical"`      // best lexical score as a share of what a perfect passage would score
	Cosine      float64 `json:"cosine"`       // best cosine
	Margin      float64 `json:"margin"`       // score of the first hit less that of the tenth, as a share of the first
	Strong      int     `json:"strong"`       // hits with at least half of the question's idf
	Named       int     `json:"named"`        // hits that are a provision named in the question
}
