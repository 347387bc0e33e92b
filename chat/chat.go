// Package chat keeps conversations: turns, follow-up questions made whole, and
// runs that go on when the one who asked loses the connection.
package chat
