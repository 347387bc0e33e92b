//go:build !onnx

package onnx

import (
	"context"
	"errors"
)

// ErrAbsent says that the program was built without the "onnx" tag.
var ErrAbsent = errors.New("this program was built without ONNX models (build tag onnx, with cgo)")

// Model stands in for the real one, which the build left out.
type Model struct{}

// Open always fails here.
func Open(string, string, int) (*Model, error) { return nil, ErrAbsent }

// Name identifies the model.
func (*Model) Name() string { return "onnx:absent" }

// Dim is the length of a vector.
func (*Model) Dim() int { return 0 }

// Close frees nothing.
func (*Model) Close() error { return nil }

// Embed always fails here.
func (*Model) Embed(context.Context, []string) ([][]float32, error) { return nil, ErrAbsent }
