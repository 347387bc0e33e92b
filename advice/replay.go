package advice

import (
	"encoding/json"

	"advisor/retrieval"
)

// longestRaw bounds what is kept of a model's reply, in bytes.
const longestRaw = 64 << 10

// replay is all it takes to see why a draft came out as it did, and to draft it again.
type replay struct {
	Passages []int64            `json:"passages"`
	Evidence retrieval.Evidence `json:"evidence"`
	Reply    string             `json:"reply,omitempty"`
	Mended   string             `json:"mended,omitempty"`
	Signs    [][]float64        `json:"signs,omitempty"`
}

func (w *work) replay() []byte {
	r := replay{Passages: w.passages, Evidence: w.result.Evidence, Reply: keepable(w.raw), Mended: keepable(w.mended)}
	for _, f := range w.found {
		r.Signs = append(r.Signs, f.signs)
	}
	out, err := json.Marshal(r)
	if err != nil { // only numbers that are no numbers could do this
		return []byte("{}")
	}
	return out
}

// keepable is a reply without what cannot be seen, cut at its bound.
func keepable(raw string) string {
	return clean(raw[:min(len(raw), longestRaw)])
}
