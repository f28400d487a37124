package spilltest

import (
	"io"
	"os"
	"sync"
	"syscall"

	"github.com/leatproject/leat/storage/spill"
)

// FaultFS passes everything on to the real file system until a fault is due. Set the fields before use; it is safe for
// concurrent use then.
type FaultFS struct {
	// Space is the number of bytes that can be written before the disk is full (ENOSPC); negative means no end.
	Space int64
	// Flip inverts a bit of that byte of all that is read, counted over all files from 0; negative means none.
	Flip int64
	// Truncate lets reads end after so many bytes of all that is read; negative means never.
	Truncate int64
	// FailOpen makes opening a file for reading fail with that error.
	FailOpen error

	mu            sync.Mutex
	written, read int64
	open          int
}

// New returns a FaultFS without faults.
func New() *FaultFS { return &FaultFS{Space: -1, Flip: -1, Truncate: -1} }

// OpenFiles is the number of files that have not been closed.
func (f *FaultFS) OpenFiles() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open
}

// Read is the number of bytes read so far.
func (f *FaultFS) Read() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read
}

func (f *FaultFS) count(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open += n
}

// Create implements spill.FS.
func (f *FaultFS) Create(path string) (io.WriteCloser, error) {
	w, err := spill.OS.Create(path)
	if err != nil {
		return nil, err
	}
	f.count(1)
	return &faultWriter{f, w, path}, nil
}

// Open implements spill.FS.
func (f *FaultFS) Open(path string) (spill.File, error) {
	if f.FailOpen != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: f.FailOpen}
	}
	r, err := spill.OS.Open(path)
	if err != nil {
		return nil, err
	}
	f.count(1)
	return &faultReader{f, r}, nil
}

// Remove implements spill.FS.
func (f *FaultFS) Remove(path string) error { return spill.OS.Remove(path) }

type faultWriter struct {
	fs   *FaultFS
	w    io.WriteCloser
	path string
}

func (w *faultWriter) Write(b []byte) (int, error) {
	w.fs.mu.Lock()
	defer w.fs.mu.Unlock()
	full := false
	if left := w.fs.Space - w.fs.written; w.fs.Space >= 0 && int64(len(b)) > left {
		b, full = b[:left], true
	}
	n, err := w.w.Write(b)
	w.fs.written += int64(n)
	if err == nil && full {
		err = &os.PathError{Op: "write", Path: w.path, Err: syscall.ENOSPC}
	}
	return n, err
}

func (w *faultWriter) Close() error {
	w.fs.count(-1)
	return w.w.Close()
}

type faultReader struct {
	fs *FaultFS
	r  spill.File
}

func (r *faultReader) Read(b []byte) (int, error) { return r.read(b, r.r.Read) }

// ReadAt implements io.ReaderAt.
func (r *faultReader) ReadAt(b []byte, off int64) (int, error) {
	n, err := r.read(b, func(b []byte) (int, error) { return r.r.ReadAt(b, off) })
	if err == nil && n < len(b) {
		err = io.EOF
	}
	return n, err
}

func (r *faultReader) read(b []byte, from func(b []byte) (int, error)) (int, error) {
	r.fs.mu.Lock()
	defer r.fs.mu.Unlock()
	if left := r.fs.Truncate - r.fs.read; r.fs.Truncate >= 0 && int64(len(b)) > left {
		if left <= 0 {
			return 0, io.EOF
		}
		b = b[:left]
	}
	n, err := from(b)
	if at := r.fs.Flip - r.fs.read; r.fs.Flip >= 0 && at >= 0 && at < int64(n) {
		b[at] ^= 1
	}
	r.fs.read += int64(n)
	return n, err
}

func (r *faultReader) Close() error {
	r.fs.count(-1)
	return r.r.Close()
}
