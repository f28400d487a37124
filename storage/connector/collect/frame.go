package collect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A frame is a block of package column behind its length in four bytes, little endian.
const frameHeader = 4

// mostBlock is the largest block in bytes that is believed when frames are read.
const mostBlock = 1 << 30

// AppendFrame appends a block as a frame.
func AppendFrame(dst, block []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(block))), block...)
}

// ReadFrames calls f with each block until the end of r. It holds one block at a time; f may not keep it.
func ReadFrames(r io.Reader, f func(block []byte) error) error {
	var header [frameHeader]byte
	var block []byte
	for {
		if _, err := io.ReadFull(r, header[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading collected rows: %w", err)
		}
		n := int(binary.LittleEndian.Uint32(header[:]))
		if n > mostBlock {
			return fmt.Errorf("reading collected rows: a block of %d bytes cannot be right", n)
		}
		if cap(block) < n {
			block = make([]byte, n)
		}
		if _, err := io.ReadFull(r, block[:n]); err != nil {
			return fmt.Errorf("reading collected rows: %w", err)
		}
		if err := f(block[:n]); err != nil {
			return err
		}
	}
}

// Frames takes the whole frames off the front of b and returns what is left of it.
func Frames(b []byte, f func(block []byte) error) (rest []byte, err error) {
	for len(b) >= frameHeader {
		n := int(binary.LittleEndian.Uint32(b))
		if len(b)-frameHeader < n {
			break
		}
		if err := f(b[frameHeader : frameHeader+n]); err != nil {
			return b, err
		}
		b = b[frameHeader+n:]
	}
	return b, nil
}
