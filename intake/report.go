// Package intake makes files searchable, each whole or not at all: it reads,
// cuts, embeds and saves them, and tells the index by the log. The command
// line, uploads and evaluation all come this way.
package intake

import "time"

// Report is what an import did, in the JSON shape of import.
type Report struct {
	Documents  Counts    `json:"documents"`
	Provisions int       `json:"provisions"`
	Passages   int       `json:"passages"`
	Seconds    float64   `json:"seconds"`
	Failures   []Failure `json:"failures"`
	Warnings   []Failure `json:"warnings,omitempty"`
}

// Counts counts input files by what became of them.
type Counts struct {
	Added     int `json:"added"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	Failed    int `json:"failed"`
	Missing   int `json:"missing"`
}

// Failure is a file that could not be imported, or one with a doubt about it, and why.
type Failure struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Progress is how far an import has come.
type Progress struct {
	Done, Total int // files; Total is 0 until all are listed
	Passages    int
	Failed      int
	Rate        float64       // files a second
	Left        time.Duration // estimated; 0 when unknown
	Stage       string        // what is being done, in Chinese
}
