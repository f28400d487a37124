package lz77

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/klauspost/compress/s2"
)

const (
	window = 16 // what is in a register of what was written
	most   = 80 // what a literal and a copy may read or write
)

// ErrCorrupt is a block that is not what it should be.
var ErrCorrupt = errors.New("the block is damaged")

// SnappyLength is how many bytes a block of Snappy says that it stands for.
func SnappyLength(src []byte) (int, error) {
	n, head := binary.Uvarint(src)
	if head <= 0 || head > 5 || n > math.MaxUint32 || n > math.MaxInt {
		return 0, ErrCorrupt
	}
	return int(n), nil
}

// Snappy gives what a block of Snappy stands for, in the memory of dst where that suffices. What src says of its length is believed: look
// at SnappyLength first. Where there is no assembly for the processor it is the library's, which has some for others.
func Snappy(dst, src []byte) ([]byte, error) {
	if !quick {
		return s2.Decode(dst[:cap(dst)], src)
	}
	n, err := SnappyLength(src)
	if err != nil {
		return nil, err
	}
	_, s := binary.Uvarint(src)
	if cap(dst) < n {
		dst = make([]byte, n)
	}
	dst = dst[:n]
	d := 0
	for s < len(src) {
		if d >= window && n-d >= most && len(src)-s > most {
			d, s = snappyAVX(dst, src, d, s)
		}
		if d, s = snappyElement(dst, src, d, s); s < 0 {
			return nil, ErrCorrupt
		}
	}
	if d < n {
		return nil, ErrCorrupt
	}
	return dst, nil
}

// snappyElement writes what the element at src[s] stands for to dst[d:] and returns where the next begins; s is negative where it is none.
func snappyElement(dst, src []byte, d, s int) (int, int) {
	tag := src[s]
	var word [4]byte
	copy(word[:], src[s+1:])
	value := binary.LittleEndian.Uint32(word[:])
	length, offset := int(tag>>2)+1, 0
	switch tag & 3 {
	case 0:
		s++
		if extra := length - 60; extra > 0 {
			length = int(value&(1<<(8*extra)-1)) + 1
			s += extra
		}
		if s > len(src) || length > len(src)-s || length > len(dst)-d {
			return d, -1
		}
		copy(dst[d:], src[s:s+length])
		return d + length, s + length
	case 1:
		length, offset = int(tag>>2&7)+4, int(tag&0xe0)<<3|int(value&0xff)
		s += 2
	case 2:
		offset = int(value & 0xffff)
		s += 3
	default:
		offset = int(value)
		s += 5
	}
	if s > len(src) || offset == 0 || offset > d || length > len(dst)-d {
		return d, -1
	}
	return repeat(dst, d, offset, length), s
}

// repeat writes so many bytes to dst[d:], each the one an offset before.
func repeat(dst []byte, d, offset, length int) int {
	end := d + length
	for d < end {
		d += copy(dst[d:end], dst[d-offset:d])
	}
	return end
}
