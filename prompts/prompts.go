// Package prompts holds the words sent to models: one template a task with the
// schema of its reply beside it. Each draft records which template it came
// from, by name and hash, so that it can be drafted again.
package prompts
