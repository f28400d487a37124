package hdfs

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/leatproject/leat/storage/hadoop/datanode"
)

// readAhead is how much ReadAt fetches at least when it is called for one range after the other.
const readAhead = 1 << 20

// reader implements filesystem.File.
type reader struct {
	fs        *fileSystem
	ctx       context.Context
	data      *datanode.Client
	locations *locations
	closed    atomic.Bool

	// Of Read and Seek, which one goroutine calls.
	pos     int64
	current *datanode.BlockReader // at pos; nil: none
	ahead   ahead
}

func (r *reader) Size() int64 { return r.locations.size }

func (r *reader) fail(err error) error { return r.fs.fail("read", r.locations.path, err) }

// Read fills p, or reads to the end of the file.
func (r *reader) Read(p []byte) (n int, err error) {
	if r.closed.Load() {
		return 0, r.fail(os.ErrClosed)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if r.pos >= r.locations.size {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), r.locations.size-r.pos)] // the file may have grown since
	for n < len(p) {
		got, err := r.some(&r.current, p[n:], r.pos, r.locations.size-r.pos)
		n += got
		r.pos += int64(got)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// some reads at least one byte of those from off on, by the block reader that is there or a new one, which will read up to n
// bytes. It fails when that did not succeed for the retry window.
func (r *reader) some(from **datanode.BlockReader, p []byte, off, n int64) (got int, err error) {
	err = r.fs.client.retry(r.ctx, func() error {
		if *from == nil {
			opened, err := r.locations.read(r.ctx, r.data, off, n)
			if err != nil {
				return err
			}
			*from = opened
		}
		b := *from
		if got, err = b.Read(p); err != nil {
			r.fs.client.log.Debug("hdfs: a replica is given up", "path", r.fs.url(r.locations.path), "error", err)
			r.locations.bury(b.Node())
		}
		if err != nil || b.Remaining() == 0 {
			b.Close()
			*from = nil
		}
		if got > 0 {
			return nil // what is wrong shows at the next byte
		}
		return err
	})
	if err != nil {
		return 0, r.fail(err)
	}
	return got, nil
}

func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.locations.size
	default:
		return r.pos, r.fail(fmt.Errorf("seek with whence %d: %w", whence, os.ErrInvalid))
	}
	if offset < 0 {
		return r.pos, r.fail(fmt.Errorf("seek to %d, before the beginning: %w", offset, os.ErrInvalid))
	}
	if r.current != nil && offset != r.pos && (offset < r.pos || !r.current.Skip(offset-r.pos)) {
		r.current.Close()
		r.current = nil
	}
	r.pos = offset
	return offset, nil
}

// ReadAt reads what is asked for and no more, each call on a connection of its own, except for one who calls it for one range
// after the other: that one's next ranges are fetched along.
func (r *reader) ReadAt(p []byte, off int64) (n int, err error) {
	switch {
	case off < 0:
		return 0, r.fail(fmt.Errorf("read at %d, before the beginning: %w", off, os.ErrInvalid))
	case r.closed.Load():
		return 0, r.fail(os.ErrClosed)
	case len(p) == 0:
		return 0, nil
	case off >= r.locations.size:
		return 0, io.EOF
	}
	end := min(off+int64(len(p)), r.locations.size)
	if n, err = r.ahead.read(r, p[:end-off], off); err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// fetch fills p with the bytes at off.
func (r *reader) fetch(p []byte, off int64) (n int, err error) {
	var from *datanode.BlockReader
	for n < len(p) {
		got, err := r.some(&from, p[n:], off+int64(n), int64(len(p)-n))
		n += got
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (r *reader) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	if r.current != nil {
		r.current.Close()
		r.current = nil
	}
	return nil
}

// ahead is a part of the file that was fetched before it was asked for.
type ahead struct {
	mu     sync.Mutex
	window []byte // of the file, from begin
	begin  int64
	next   int64 // where the last ReadAt ended
}

func (a *ahead) read(r *reader, p []byte, off int64) (n int, err error) {
	if !a.mu.TryLock() { // by another goroutine
		return r.fetch(p, off)
	}
	defer a.mu.Unlock()
	inOrder := off == a.next && off > 0
	a.next = off + int64(len(p))
	if off >= a.begin && off < a.begin+int64(len(a.window)) {
		n = copy(p, a.window[off-a.begin:])
		inOrder = true
	}
	if n == len(p) {
		return n, nil
	}
	p, off = p[n:], off+int64(n)
	if !inOrder || len(p) >= readAhead {
		got, err := r.fetch(p, off)
		return n + got, err
	}
	if cap(a.window) == 0 {
		a.window = make([]byte, 0, min(readAhead, r.locations.size))
	}
	a.begin, a.window = off, a.window[:min(int64(cap(a.window)), r.locations.size-off)]
	got, err := r.fetch(a.window, off)
	a.window = a.window[:got]
	return n + copy(p, a.window), err
}
