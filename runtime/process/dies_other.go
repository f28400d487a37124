//go:build !linux

package process

import "syscall"

// DiesWithParent does nothing where the kernel does not end processes whose parent has died.
func DiesWithParent(*syscall.SysProcAttr, syscall.Signal) {}
