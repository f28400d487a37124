package hdfs

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/colinmarc/hdfs/v2"
)

const (
	readBuffer = 256 << 10
	readAhead  = 1 << 20 // of ReadAt: every jump is a new connection, so fetch no less
)

// reader implements filesystem.File.
type reader struct {
	stream stream
	buf    *bufio.Reader // on stream; nil until the first Read
	pos    int64         // of the next Read; buf has read ahead of it

	at readerAt
}

func (r *reader) Size() int64 { return r.stream.size }

func (r *reader) Read(p []byte) (int, error) {
	if r.stream.closed {
		return 0, r.stream.fail(os.ErrClosed)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if r.pos >= r.stream.size {
		return 0, io.EOF
	}
	if r.buf == nil {
		r.stream.seek(r.pos)
		r.buf = bufio.NewReaderSize(&r.stream, readBuffer)
	}
	n, err := r.buf.Read(p)
	r.pos += int64(n)
	return n, err
}

func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.stream.size
	default:
		return r.pos, r.stream.fail(fmt.Errorf("seek with whence %d: %w", whence, os.ErrInvalid))
	}
	if offset < 0 {
		return r.pos, r.stream.fail(fmt.Errorf("seek to %d, before the beginning: %w", offset, os.ErrInvalid))
	}
	if r.buf != nil && offset != r.pos {
		ahead := offset - r.pos
		if ahead > 0 && ahead <= int64(r.buf.Buffered()) {
			r.buf.Discard(int(ahead)) // it is buffered
		} else {
			r.buf.Reset(&r.stream)
			r.stream.seek(min(offset, r.stream.size))
		}
	}
	r.pos = offset
	return offset, nil
}

func (r *reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, r.stream.fail(fmt.Errorf("read at %d, before the beginning: %w", off, os.ErrInvalid))
	}
	return r.at.read(r, p, off)
}

func (r *reader) Close() error {
	r.at.close()
	r.stream.close()
	return nil
}

// readerAt serves ReadAt from a stream of its own and keeps what it has fetched last.
type readerAt struct {
	mu     sync.Mutex
	stream *stream // nil until the first ReadAt
	window []byte  // of the file, from begin
	begin  int64
}

func (a *readerAt) read(r *reader, p []byte, off int64) (n int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.stream.closed {
		return 0, r.stream.fail(os.ErrClosed)
	}
	for n < len(p) {
		if off >= r.stream.size {
			return n, io.EOF
		}
		if off < a.begin || off >= a.begin+int64(len(a.window)) {
			if rest := min(int64(len(p)-n), r.stream.size-off); rest >= readAhead {
				got, err := a.fetch(r, p[n:n+int(rest)], off)
				n, off = n+got, off+int64(got)
				if err != nil {
					return n, err
				}
				continue
			}
			if err := a.fill(r, off); err != nil {
				return n, err
			}
		}
		got := copy(p[n:], a.window[off-a.begin:])
		n, off = n+got, off+int64(got)
	}
	return n, nil
}

func (a *readerAt) fill(r *reader, off int64) error {
	if cap(a.window) == 0 {
		a.window = make([]byte, 0, min(readAhead, r.stream.size))
	}
	n := min(int64(cap(a.window)), r.stream.size-off)
	got, err := a.fetch(r, a.window[:n], off)
	a.window, a.begin = a.window[:got], off
	return err
}

func (a *readerAt) fetch(r *reader, p []byte, off int64) (int, error) {
	if a.stream == nil {
		s := &stream{fs: r.stream.fs, ctx: r.stream.ctx, path: r.stream.path, id: r.stream.id, size: r.stream.size}
		if err := s.open(); err != nil {
			return 0, r.stream.fail(err)
		}
		a.stream = s
	}
	a.stream.seek(off)
	return io.ReadFull(a.stream, p)
}

func (a *readerAt) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stream != nil {
		a.stream.close()
	}
}

// sizeOf returns the size of a file that the library has opened, and refuses what is not one.
func sizeOf(fr *hdfs.FileReader) (int64, error) {
	info := fr.Stat()
	if info.IsDir() {
		return 0, errIsDirectory
	}
	return info.Size(), checkReadable(info)
}
