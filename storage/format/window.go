package format

import (
	"bytes"
	"fmt"
	"io"
	"unsafe"
)

const (
	chunkSize = 256 << 10
	// minRead is the least room that a read is given; with less left in a chunk, the next one begins.
	minRead = 4 << 10
	// DefaultMaxRecord is the longest record that is read when a format's options do not say otherwise, in bytes.
	DefaultMaxRecord = 64 << 20
)

// window is a sliding view of an input. Its chunks are never used twice, so what was read stays valid for as long as
// anybody points to it; a record that crosses the border of a chunk is copied to the next.
type window struct {
	in        Input
	src       io.Reader
	buf       []byte // read and not taken yet; its spare capacity is the rest of the chunk
	off       int64  // offset of buf[0]
	end       int64  // records that begin here or later belong to others
	maxRecord int
	marked    bool  // whether a byte order mark at the beginning is to be dropped
	err       error // what the last read ended with
}

func newWindow(in Input, maxRecord int) window {
	if maxRecord <= 0 {
		maxRecord = DefaultMaxRecord
	}
	return window{in: in, src: in.Bytes, off: in.Offset, end: in.end(), maxRecord: maxRecord}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// dropMark returns w for a format that does not take a byte order mark for content.
func (w window) dropMark() window {
	w.marked = true
	return w
}

// take drops the first n bytes of the view.
func (w *window) take(n int) {
	w.buf = w.buf[n:]
	w.off += int64(n)
}

// more reads on. It returns io.EOF when there is no more, and an error when the record that fills the view is too long.
func (w *window) more() error {
	if w.err != nil {
		return w.failure()
	}
	if len(w.buf) > w.maxRecord {
		return w.tooLong()
	}
	if cap(w.buf)-len(w.buf) < minRead {
		w.grow()
	}
	room := w.buf[len(w.buf):cap(w.buf)]
	least := len(room)
	if w.in.Interactive {
		least = 1
	}
	n := 0
	for tries := 0; n < least && w.err == nil; tries++ {
		var k int
		k, w.err = w.src.Read(room[n:])
		if n += k; k > 0 {
			tries = 0
		} else if tries > 100 && w.err == nil {
			w.err = io.ErrNoProgress
		}
	}
	w.buf = w.buf[:len(w.buf)+n]
	if n == 0 {
		return w.failure()
	}
	if w.marked && w.off == 0 && n == len(w.buf) && bytes.HasPrefix(w.buf, byteOrderMark) {
		w.take(len(byteOrderMark))
	}
	return nil
}

// grow moves the view to a new chunk, which is small at the end of a range.
func (w *window) grow() {
	size := int64(chunkSize)
	if rest := w.end - w.off; rest < size {
		size = max(rest, minRead) + minRead
	}
	next := make([]byte, len(w.buf), max(int(size), 2*len(w.buf), len(w.buf)+minRead))
	copy(next, w.buf)
	w.buf = next
}

func (w *window) failure() error {
	if w.err == io.EOF {
		return io.EOF
	}
	return fmt.Errorf("read %s at byte %d: %w", w.in.Path, w.off+int64(len(w.buf)), w.err)
}

// line returns the length of the first line in view and of its content, without \n or \r\n; io.EOF when there is none.
func (w *window) line() (length, content int, err error) {
	for seen := 0; ; {
		if i := bytes.IndexByte(w.buf[seen:], '\n'); i >= 0 {
			content, length = seen+i, seen+i+1
			break
		}
		seen = len(w.buf)
		if err := w.more(); err == io.EOF && seen > 0 {
			content, length = seen, seen
			break
		} else if err != nil {
			return 0, 0, err
		}
	}
	if content > w.maxRecord {
		return 0, 0, w.tooLong()
	}
	return length, trimCR(w.buf[:content]), nil
}

// lineInView is line without reading on.
func (w *window) lineInView() (length, content int, ok bool) {
	i := bytes.IndexByte(w.buf, '\n')
	if i < 0 || i > w.maxRecord {
		return 0, 0, false
	}
	return i + 1, trimCR(w.buf[:i]), true
}

func trimCR(line []byte) int {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return n - 1
	}
	return len(line)
}

// skipPartial leaves the line in which the input begins, if it may begin within one.
func (w *window) skipPartial() error {
	if !w.in.Partial {
		return nil
	}
	w.in.Partial = false
	n, _, err := w.line()
	w.take(n)
	return err
}

func (w *window) tooLong() error {
	return &RecordError{Path: w.in.Path, Offset: w.off, Err: fmt.Errorf(
		"longer than the limit of %d bytes; raise the maximum length if this is right, or check format and compression", w.maxRecord)}
}

// view returns b as a string that shares its memory; b must never change.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
