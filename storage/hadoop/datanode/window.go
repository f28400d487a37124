package datanode

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

const (
	windowSize = 256 << 10
	maxMessage = 1 << 20
)

var errMessage = errors.New("a message that cannot be understood")

// window is bytes of a connection that have been read but not been used; they are looked at in place.
type window struct {
	in         io.Reader
	memory     []byte
	begin, end int
}

var memories = sync.Pool{New: func() any {
	b := make([]byte, windowSize)
	return &b
}}

// lease gives the window memory, and free takes it back.
func (w *window) lease() { w.memory = *memories.Get().(*[]byte) }

func (w *window) free() {
	if memory := w.memory; len(memory) == windowSize {
		memories.Put(&memory)
	}
	w.memory, w.begin, w.end = nil, 0, 0
}

// peek returns the next n bytes; they are good until the next call.
func (w *window) peek(n int) ([]byte, error) {
	if w.end-w.begin < n {
		if err := w.fill(n); err != nil {
			return nil, err
		}
	}
	return w.memory[w.begin : w.begin+n], nil
}

func (w *window) fill(n int) error {
	if len(w.memory)-w.begin < n {
		from := w.memory
		if n > len(from) {
			w.memory = make([]byte, n)
		}
		w.begin, w.end = 0, copy(w.memory, from[w.begin:w.end])
	}
	got, err := io.ReadAtLeast(w.in, w.memory[w.end:], n-(w.end-w.begin))
	w.end += got
	if err == io.EOF && w.end > w.begin {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (w *window) skip(n int) {
	if w.begin += n; w.begin == w.end {
		w.begin, w.end = 0, 0
	}
}

// message takes a message with its length before it.
func (w *window) message(m proto.Message) error {
	var length uint64
	for size := 1; ; size++ {
		b, err := w.peek(size)
		if err != nil {
			return err
		}
		if b[size-1] >= 0x80 && size < 5 {
			continue
		}
		v, n := protowire.ConsumeVarint(b)
		if n < 0 || v > maxMessage {
			return fmt.Errorf("%w: its length is %d", errMessage, v)
		}
		w.skip(size)
		length = v
		break
	}
	encoded, err := w.peek(int(length))
	if err != nil {
		return err
	}
	w.skip(int(length))
	if err := proto.Unmarshal(encoded, m); err != nil {
		return fmt.Errorf("%w: %w", errMessage, err)
	}
	return nil
}
