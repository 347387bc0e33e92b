package advice

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/gowebpki/jcs"
)

// The part of a Body that people decide on, as INTERFACE.md names it.
type hashed struct {
	Question   string        `json:"question"`
	Conclusion string        `json:"conclusion"`
	Claims     []hashedClaim `json:"claims"`
	Options    []string      `json:"options"`
	Procedure  []string      `json:"procedure"`
	Label      string        `json:"label"`
}

type hashedClaim struct {
	Text      string           `json:"text"`
	Citations []hashedCitation `json:"citations"`
}

type hashedCitation struct {
	Version   string `json:"version"`
	Provision string `json:"provision"`
	Quote     string `json:"quote"`
}

// Hash is "sha256:" and the hexadecimal SHA-256 of the RFC 8785 JSON of what
// people decide on: question, conclusion, claims with citations, options,
// procedure and label.
func (b Body) Hash() string {
	h := hashed{Question: b.Question, Conclusion: b.Conclusion, Claims: []hashedClaim{},
		Options: notNil(b.Options), Procedure: notNil(b.Procedure), Label: b.Label}
	for _, c := range b.Claims {
		hc := hashedClaim{Text: c.Text, Citations: []hashedCitation{}}
		for _, q := range c.Citations {
			hc.Citations = append(hc.Citations, hashedCitation{strconv.FormatInt(q.VersionID, 10), q.Provision, q.Quote})
		}
		h.Claims = append(h.Claims, hc)
	}
	return digest(canonical(h))
}

// stored is the canonical JSON of the whole body, the bytes that are kept.
func (b Body) stored() string { return string(canonical(b.whole())) }

// whole gives the body without nil lists, so that equal bodies have equal bytes.
func (b Body) whole() Body {
	b.Options, b.Procedure, b.Unknown = notNil(b.Options), notNil(b.Procedure), notNil(b.Unknown)
	claims := make([]Claim, len(b.Claims))
	for i, c := range b.Claims {
		c.Citations = append([]Citation{}, c.Citations...)
		claims[i] = c
	}
	b.Claims = claims
	return b
}

// digest is a hash as it is written everywhere.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// canonical is v as RFC 8785 JSON. Only plain structures come here, so a
// failure is a programmer's error.
func canonical(v any) []byte {
	raw, err := json.Marshal(v)
	if err == nil {
		raw, err = jcs.Transform(raw)
	}
	if err != nil {
		panic(fmt.Sprintf("advice: canonical JSON of %T: %v", v, err))
	}
	return raw
}

func notNil(list []string) []string { return append([]string{}, list...) }
