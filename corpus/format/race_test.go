//go:build race

package format_test

const raced = 1
