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
}

func (w *work) replay() []byte {
	raw := w.raw
	if len(raw) > longestRaw {
		raw = raw[:longestRaw]
	}
	out, err := json.Marshal(replay{Passages: w.passages, Evidence: w.result.Evidence, Reply: clean(raw)})
	if err != nil { // only numbers that are no numbers could do this
		return []byte("{}")
	}
	return out
}
