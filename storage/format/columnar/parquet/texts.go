package parquet

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/leatproject/leat/storage/vector"
)

var errTooLong = errors.New("texts of a batch are longer than 2 GiB; read fewer rows at once")

// room makes room behind the first at bytes of data for n more and what CopyText may touch.
func room(data []byte, at, n int) ([]byte, error) {
	size := at + n + vector.TextPadding
	switch {
	case size > math.MaxInt32:
		return data, errTooLong
	case size <= len(data):
		return data, nil
	case size <= cap(data):
		return data[:cap(data)], nil
	}
	grown := make([]byte, min(math.MaxInt32, 2*size))
	copy(grown, data[:at])
	return grown, nil
}

// readTexts sets the next rows of variable width to the next values: where each ends, and their bytes behind those of data.
func (v *values) readTexts(ends []int32, data []byte) ([]byte, error) {
	switch {
	case v.kind == withLengths:
		return v.textsWithLengths(ends, data)
	case v.physical == physicalBytes:
		return v.plainTexts(ends, data)
	}
	n := len(ends)
	if n > len(v.b)/v.width {
		return data, v.cut(n)
	}
	at := len(data)
	data, err := room(data, at, n*v.width)
	if err != nil {
		return data, err
	}
	copy(data[at:], v.b[:n*v.width])
	v.b = v.b[n*v.width:]
	for i := range ends {
		at += v.width
		ends[i] = int32(at)
	}
	return data[:at], nil
}

func (v *values) plainTexts(ends []int32, data []byte) ([]byte, error) {
	b, pos, at := v.b, 0, len(data)
	data = data[:cap(data)]
	for i := range ends {
		if len(b)-pos < 4 {
			return data[:at], v.cut(len(ends) - i)
		}
		n := int(binary.LittleEndian.Uint32(b[pos:]))
		pos += 4
		if n <= vector.TextPadding && len(b)-pos >= vector.TextPadding && len(data)-at >= vector.TextPadding {
			*(*[vector.TextPadding]byte)(data[at:]) = *(*[vector.TextPadding]byte)(b[pos:])
		} else {
			if n > len(b)-pos {
				return data[:at], corrupt("a text of %d bytes is cut off", n)
			}
			var err error
			if data, err = room(data, at, n); err != nil {
				return data[:at], err
			}
			copy(data[at:], b[pos:pos+n])
		}
		pos += n
		at += n
		ends[i] = int32(at)
	}
	v.b = b[pos:]
	return data[:at], nil
}

func (v *values) textsWithLengths(ends []int32, data []byte) ([]byte, error) {
	if len(ends) > len(v.ints) {
		return data, v.cut(len(ends))
	}
	begin := len(data)
	at := begin
	for i, n := range v.ints[:len(ends)] {
		if n > math.MaxInt32-int64(at) {
			return data, errTooLong
		}
		at += int(n)
		ends[i] = int32(at)
	}
	data, err := room(data, begin, at-begin)
	if err != nil {
		return data[:begin], err
	}
	copy(data[begin:], v.b[:at-begin])
	v.ints, v.b = v.ints[len(ends):], v.b[at-begin:]
	return data[:at], nil
}
