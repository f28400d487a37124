package log

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// lockFile takes a lock that ends with the process.
func lockFile(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the log: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w: another JobManager uses this directory: stop it or give this one its own", name, err)
	}
	return f, nil
}
