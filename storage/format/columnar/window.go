package columnar

import (
	"bytes"
	"fmt"
	"io"
	"math"

	"github.com/leatproject/leat/storage/format"
)

const (
	chunkSize = 256 << 10
	// MaxRecord is the longest record of a text format, in bytes.
	MaxRecord = 64 << 20
)

// Window is a sliding view of a text. What is read from it is valid until the next More.
type Window struct {
	In  format.Input
	Buf []byte // read and not taken yet
	Off int64  // offset of Buf[0]
	End int64  // records that begin here or later belong to others

	memory []byte
	err    error // what the last read ended with
}

// NewWindow returns a view of an input.
func NewWindow(in format.Input) Window {
	end := in.End
	if end <= 0 {
		end = math.MaxInt64
	}
	return Window{In: in, Off: in.Offset, End: end}
}

// Take drops the first n bytes of the view.
func (w *Window) Take(n int) {
	w.Buf = w.Buf[n:]
	w.Off += int64(n)
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// More reads on. It returns io.EOF when there is no more, and an error when the record that fills the view is too long.
func (w *Window) More() error {
	if w.err != nil {
		return w.failure()
	}
	if len(w.Buf) > MaxRecord {
		return w.tooLong()
	}
	if len(w.Buf) > len(w.memory)/2 {
		grown := make([]byte, max(chunkSize, 2*len(w.memory)))
		w.Buf = grown[:copy(grown, w.Buf)]
		w.memory = grown
	} else {
		if w.memory == nil {
			w.memory = make([]byte, chunkSize)
		}
		w.Buf = w.memory[:copy(w.memory, w.Buf)]
	}
	n, least := len(w.Buf), len(w.memory)
	if w.In.Interactive {
		least = n + 1
	}
	for tries := 0; n < least && w.err == nil; tries++ {
		var k int
		k, w.err = w.In.Bytes.Read(w.memory[n:])
		if n += k; k > 0 {
			tries = 0
		} else if tries > 100 && w.err == nil {
			w.err = io.ErrNoProgress
		}
	}
	if n == len(w.Buf) {
		return w.failure()
	}
	begin := w.Off == 0 && len(w.Buf) == 0
	w.Buf = w.memory[:n]
	if !begin {
		return nil
	}
	if bytes.HasPrefix(w.Buf, byteOrderMark) {
		w.Take(len(byteOrderMark))
	}
	if err := NotText(w.Buf); err != nil {
		return fmt.Errorf("read %s: %w", w.In.Path, err)
	}
	return nil
}

func (w *Window) failure() error {
	if w.err == io.EOF {
		return io.EOF
	}
	if w.err == io.ErrUnexpectedEOF {
		return fmt.Errorf("read %s at byte %d of its content: it is damaged or cut off (%w); write it again, or leave it out", w.In.Path, w.Off+int64(len(w.Buf)), w.err)
	}
	return fmt.Errorf("read %s at byte %d: %w", w.In.Path, w.Off+int64(len(w.Buf)), w.err)
}

func (w *Window) tooLong() error {
	return &format.RecordError{Path: w.In.Path, Offset: w.Off, Err: fmt.Errorf(
		"longer than the limit of %d bytes; check format, quotes and compression", MaxRecord)}
}

// Line returns the length of the first line in view from byte n on, its line feed included; io.EOF when there is none. It reads on
// while the line is not whole.
func (w *Window) Line(n int) (end int, err error) {
	for seen := n; ; {
		if i := bytes.IndexByte(w.Buf[seen:], '\n'); i >= 0 {
			return seen + i + 1, nil
		}
		seen = len(w.Buf)
		if err := w.More(); err == io.EOF && seen > n {
			return seen, nil
		} else if err != nil {
			return 0, err
		}
	}
}

// SkipPartial leaves the line in which the input begins, if it may begin within one.
func (w *Window) SkipPartial() error {
	if !w.In.Partial {
		return nil
	}
	w.In.Partial = false
	n, err := w.Line(0)
	w.Take(n)
	return err
}

// Malformed reports a record of n bytes at the beginning of the view; nil to go on with the next. Where errors are ignored it is no error that
// nobody wants to know of it.
func (w *Window) Malformed(n int, err *format.RecordError, ignore bool) error {
	err.Path, err.Offset = w.In.Path, w.Off
	switch {
	case w.In.Malformed == nil && ignore:
		return nil
	case w.In.Malformed == nil:
		return err
	}
	return w.In.Malformed(TrimLineEnd(w.Buf[:n]), err)
}

// TrimLineEnd leaves a line without its \n or \r\n.
func TrimLineEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}
