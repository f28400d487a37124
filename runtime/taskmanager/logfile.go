package taskmanager

import (
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// maxLogFile is the size at which a log begins a new file; one older file is kept.
const maxLogFile = 64 << 20

// logFile is one captured stream. Offsets count from its beginning, whatever has been removed since. Safe for concurrent use.
type logFile struct {
	path string
	max  int64 // bytes of one file
	mode os.FileMode
	log  *slog.Logger

	mu          sync.Mutex
	file        *os.File
	older, base int64 // where the older and the present file begin
	size        int64 // of the present file
	broken      bool
	changed     chan struct{}
}

// Write implements io.Writer. It never fails: what cannot be written is dropped, so that a full disk does not hold up tasks.
func (f *logFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.append(p); err != nil && !f.broken {
		f.broken = true
		f.log.Warn("output of a job is dropped", "file", f.path, "error", err)
	}
	close(f.changed)
	f.changed = make(chan struct{})
	return len(p), nil
}

func (f *logFile) append(p []byte) (err error) {
	if f.file != nil && f.size+int64(len(p)) > f.max {
		f.file.Close()
		f.file = nil
		if err := os.Rename(f.path, f.olderPath()); err != nil {
			return err
		}
		f.older, f.base, f.size = f.base, f.base+f.size, 0
	}
	if f.file == nil {
		if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
			return err
		}
		if f.file, err = os.OpenFile(f.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, f.mode); err != nil {
			return err
		}
	}
	n, err := f.file.Write(p)
	f.size += int64(n)
	return err
}

// olderPath is where the older file is.
func (f *logFile) olderPath() string { return f.path + ".1" }

func (f *logFile) end() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.base + f.size
}

func (f *logFile) more() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

func (f *logFile) read(offset int64, n int) ([]byte, int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if offset < 0 {
		offset += f.base + f.size
	}
	offset = max(offset, f.older)
	path, from := f.path, f.base
	if offset < f.base {
		path, from = f.olderPath(), f.older
	}
	r, err := os.Open(path)
	if err != nil {
		return nil, offset, err
	}
	defer r.Close()
	b, err := readAt(r, offset-from, n)
	return b, offset, err
}

func (f *logFile) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file != nil {
		f.file.Close()
		f.file = nil
	}
}
