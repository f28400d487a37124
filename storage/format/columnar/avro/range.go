package avro

import (
	"bufio"
	"bytes"
	"io"
)

// Range leaves the blocks whose marker before them begins from byte start up to byte end of the file, 0: to its end. from gives the bytes from
// start on; it is not read where start is 0.
func (f *File) Range(from *bufio.Reader, start, end int64) error {
	f.end = end
	if start == 0 {
		return nil
	}
	f.in = input{from: from, offset: start}
	for end == 0 || f.in.offset < end {
		b, err := from.Peek(from.Size())
		if at := bytes.Index(b, f.sync[:]); at >= 0 {
			return f.discard(from, at+syncSize)
		}
		if err == io.EOF {
			return f.discard(from, len(b)) // where no block begins
		}
		if err == nil {
			err = f.discard(from, len(b)-syncSize+1)
		}
		if err != nil {
			return &Error{Path: f.path, Offset: f.in.offset, Err: err}
		}
	}
	f.in.offset += syncSize
	return nil
}

func (f *File) discard(from *bufio.Reader, n int) error {
	n, err := from.Discard(n)
	f.in.offset += int64(n)
	return err
}

// FirstBlock is how many records the next block has, in how many bytes; zeros where there is none. Nothing can be read afterwards.
func (f *File) FirstBlock() (records, size int64, err error) {
	if records, err = f.in.long(); err == nil {
		size, err = f.in.long()
	}
	if err == io.EOF {
		return 0, 0, nil
	}
	return records, size, err
}
