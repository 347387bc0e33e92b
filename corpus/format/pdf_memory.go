package format

import (
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
)

// arena gives an instance's memory: room for all of it is set aside at once but
// costs nothing until it is used, growing copies nothing, and when the instance
// goes all of it goes back to the system.
type arena struct{}

// Allocate sets max bytes aside.
func (arena) Allocate(_, max uint64) experimental.LinearMemory {
	all, err := syscall.Mmap(-1, 0, int(max), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return &linear{}
	}
	return &linear{all: all}
}

type linear struct{ all []byte }

// Reallocate gives the first size bytes, nil when there are not so many.
func (l *linear) Reallocate(size uint64) []byte {
	if size > uint64(len(l.all)) {
		return nil
	}
	return l.all[:size]
}

// Free gives the memory back.
func (l *linear) Free() {
	if l.all != nil {
		_ = syscall.Munmap(l.all)
		l.all = nil
	}
}
