// Package experts is the expert advisory committee at work: who sits on it, who
// reviews which draft, what they declared, how they voted on exactly which
// text, and the one gate, Apply, through which a recommendation is acted on.
//
// The rules are pure. state.go says which event leads from which state to
// which; case.go holds a review in memory and says who may do what to it; both
// know neither clock nor database. Desk loads a case under its row's lock, lets
// the rules act on it, and writes down what they decided together with a leaf
// in the audit log.
//
// Nothing here approves by itself: an error, a missing vote or a passed
// deadline leaves a review where it was or stalls it.
package experts
