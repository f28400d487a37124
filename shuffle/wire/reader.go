package wire

import (
	"io"
)

// readSize is the size of a reader's buffer: what a full read of a socket or a file brings.
const readSize = 512 << 10

// Reader cuts a stream into frames. It belongs to one goroutine.
type Reader struct {
	src    io.Reader
	buf    []byte
	lo, hi int
}

// NewReader returns a reader of src.
func NewReader(src io.Reader) *Reader { return &Reader{src: src, buf: make([]byte, readSize)} }

// Reset makes r read src and forget what it has buffered.
func (r *Reader) Reset(src io.Reader) { r.src, r.lo, r.hi = src, 0, 0 }

// Next returns the next frame, both of whose checksums are right. body is valid until the next call. At the end of the
// stream the error is io.EOF, in the middle of a frame io.ErrUnexpectedEOF; what cannot be a frame wraps ErrCorrupt.
func (r *Reader) Next() (h Header, body []byte, err error) {
	if err := r.fill(HeaderSize); err != nil {
		return Header{}, nil, err
	}
	if h, err = ParseHeader(r.buf[r.lo:r.hi]); err != nil {
		return Header{}, nil, err
	}
	if err := r.fill(h.Size()); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return h, nil, err
	}
	body = r.buf[r.lo+HeaderSize : r.lo+h.Size()]
	r.lo += h.Size()
	return h, body, h.Check(body)
}

// fill reads until n bytes lie in the buffer, which grows no faster than the bytes come.
func (r *Reader) fill(n int) error {
	if r.lo == r.hi {
		r.lo, r.hi = 0, 0
		if len(r.buf) > readSize && n <= readSize {
			r.buf = make([]byte, readSize)
		}
	}
	if r.lo > 0 && r.lo+n > len(r.buf) {
		r.hi = copy(r.buf, r.buf[r.lo:r.hi])
		r.lo = 0
	}
	for r.hi-r.lo < n {
		if r.hi == len(r.buf) {
			r.buf = append(r.buf, make([]byte, min(n-len(r.buf), len(r.buf)))...)
		}
		got, err := r.src.Read(r.buf[r.hi:])
		r.hi += got
		if err != nil && r.hi-r.lo < n {
			if err == io.EOF && r.hi > r.lo {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}
