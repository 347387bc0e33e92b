//go:build !linux

package format

import "syscall"

// isolated gives an outside program a process group of its own.
func isolated(bool) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
