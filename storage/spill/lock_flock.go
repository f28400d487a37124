//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package spill

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// canSweep tells that a directory which lockDir obtains has no living owner.
const canSweep = true

// lockDir takes the lock of a directory without waiting. held is false when another process has it or when the directory
// was removed meanwhile. The lock ends with Close or with the process.
func lockDir(path string) (lock io.Closer, held bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, false, nil
		}
		return nil, false, &os.PathError{Op: "flock", Path: path, Err: err}
	}
	now, err := os.Stat(path)
	if err == nil {
		var mine os.FileInfo
		if mine, err = f.Stat(); err == nil && os.SameFile(mine, now) {
			return f, true, nil
		}
	}
	f.Close()
	return nil, false, err
}
