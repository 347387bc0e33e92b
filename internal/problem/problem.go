// Package problem is the one error that users see: what was attempted, why it
// failed and what to do, with a stable code. One table turns its kind into an
// exit status and an HTTP status. Other errors are operators' matters and reach
// users only as a plain "failed".
package problem

import (
	"errors"
	"fmt"
)

// Kind says which sort of failure a Problem is; it decides the exit and HTTP status.
type Kind int

// The kinds, from INTERFACE.md §3: exit 1, 2, 3, 3, 4, 5 and 2 in this order.
const (
	Failed       Kind = iota // it was tried and did not work
	Invalid                  // the input or the command line is wrong
	Refused                  // a rule or a missing right forbids it
	Conflict                 // it is about something that has changed meanwhile
	NotFound                 // there is no such thing, or none that one may see
	Partial                  // some of it was done
	NotAvailable             // not built yet
)

var statuses = map[Kind]struct{ exit, http int }{
	Failed: {1, 500}, Invalid: {2, 400}, Refused: {3, 403}, Conflict: {3, 409},
	NotFound: {4, 404}, Partial: {5, 200}, NotAvailable: {2, 501},
}

// Problem is an error made for people. What, Why and Do are Chinese sentences
// or clauses without a final full stop; Code is a stable word such as stale-hash.
type Problem struct {
	Kind Kind   `json:"-"`
	What string `json:"what"`
	Why  string `json:"why"`
	Do   string `json:"do"`
	Code string `json:"code"`
	Err  error  `json:"-"` // the cause, for operators only
	// Now is what the caller should have named: the present hash of a stale one. Optional.
	Now string `json:"now,omitempty"`
}

// New makes a Problem of the given kind.
func New(kind Kind, code, what, why, do string) *Problem {
	return &Problem{Kind: kind, Code: code, What: what, Why: why, Do: do}
}

// Error joins what, why and do into one sentence.
func (p *Problem) Error() string {
	s := p.What
	if p.Why != "" {
		s += "：" + p.Why
	}
	if p.Do != "" {
		s += "。" + p.Do
	}
	return s
}

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.Err }

// Because returns a copy with the operators' cause attached.
func (p *Problem) Because(err error) *Problem {
	q := *p
	q.Err = err
	return &q
}

// As finds the Problem in err's chain. Any other error becomes a Failed one
// whose Why is the error's own text, so that nothing is ever silent.
func As(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return &Problem{Kind: Failed, Code: "failed", What: "操作未完成", Why: fmt.Sprint(err), Do: "请稍后重试；仍不成功时把此句话交给系统管理员", Err: err}
}

// Exit is the process exit status for err; 0 for nil.
func Exit(err error) int {
	if err == nil {
		return 0
	}
	return statuses[As(err).Kind].exit
}

// HTTP is the response status for err; 200 for nil.
func HTTP(err error) int {
	if err == nil {
		return 200
	}
	return statuses[As(err).Kind].http
}
