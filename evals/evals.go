// Package evals measures retrieval on question sets, on the code path that
// production takes: documents come in through intake, questions go through
// retrieval.
package evals

// Report is the result of one evaluation, in the JSON shape of eval retrieval.
type Report struct {
	Dataset       string  `json:"dataset"`
	Split         string  `json:"split"`
	Mode          string  `json:"mode"`
	Queries       int     `json:"queries"`
	Documents     int     `json:"documents"`
	Passages      int     `json:"passages"`
	NDCG10        float64 `json:"ndcg@10"`
	NDCG10Low     float64 `json:"ndcg@10_low"` // ends of the bootstrap's 95 % interval
	NDCG10High    float64 `json:"ndcg@10_high"`
	Recall10      float64 `json:"recall@10"`
	Recall100     float64 `json:"recall@100"`
	MRR10         float64 `json:"mrr@10"`
	P50MS         float64 `json:"p50_ms"`
	P95MS         float64 `json:"p95_ms"`
	ImportSeconds float64 `json:"import_seconds"`
}
