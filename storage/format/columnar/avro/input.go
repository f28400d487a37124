package avro

import (
	"bytes"
	"io"
)

// input counts the bytes that are read.
type input struct {
	from   io.Reader
	back   []byte // read already, and to be read again first
	offset int64  // of the next byte
	head   []byte // what the numbers took that were read since it was emptied
}

// Read implements io.Reader.
func (in *input) Read(b []byte) (n int, err error) {
	if len(in.back) > 0 {
		n = copy(b, in.back)
		in.back = in.back[n:]
	} else {
		n, err = in.from.Read(b)
	}
	in.offset += int64(n)
	return n, err
}

// full fills b; io.ErrUnexpectedEOF when there is not so much.
func (in *input) full(b []byte) error {
	_, err := io.ReadFull(in, b)
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// long reads a number; io.EOF when there is nothing.
func (in *input) long() (int64, error) {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		at := len(in.head)
		in.head = append(in.head, 0)
		if _, err := io.ReadFull(in, in.head[at:]); err != nil {
			in.head = in.head[:at]
			if err == io.EOF && shift > 0 {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		c := in.head[at]
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return int64(v>>1) ^ -int64(v&1), nil
		}
	}
	return 0, corrupt("a number has more than ten bytes")
}

// unread gives bytes back that were read last.
func (in *input) unread(b []byte) {
	in.back = append(b[:len(b):len(b)], in.back...)
	in.offset -= int64(len(b))
}

// seek goes behind the next mark, if it begins before byte end, 0: anywhere. io.EOF when there is none.
func (in *input) seek(mark []byte, end int64) error {
	var buf []byte
	for end == 0 || in.offset-int64(len(buf)) < end {
		at := len(buf)
		buf = append(buf, make([]byte, seekStep)...)
		n, err := in.Read(buf[at:])
		buf = buf[:at+n]
		if i := bytes.Index(buf, mark); i >= 0 {
			in.unread(buf[i+len(mark):])
			return nil
		}
		if err != nil {
			return err
		}
		buf = append(buf[:0], buf[max(0, len(buf)-len(mark)+1):]...)
	}
	in.from, in.back = bytes.NewReader(nil), nil // what is behind belongs to others
	return io.EOF
}

// seekStep is how much of a file is looked through at once, in bytes.
const seekStep = 64 << 10
