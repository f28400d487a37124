package column

import (
	"encoding/binary"
	"math"
)

// A column of lengths is one byte that gives their width, 1, 2, 4 or 8, and then the lengths. Where nil and empty differ (slices
// and maps) a length is stored plus one and zero is nil.

func (e *encoder) appendLengths(lens []int) {
	var bits int
	for _, l := range lens {
		bits |= l
	}
	var out []byte
	switch {
	case bits <= math.MaxUint8:
		e.dst, out = extend(e.dst, 1+len(lens))
		out[0] = 1
		out = out[1:]
		for i, l := range lens {
			out[i] = byte(l)
		}
	case bits <= math.MaxUint16:
		e.dst, out = extend(e.dst, 1+2*len(lens))
		out[0] = 2
		for i, l := range lens {
			binary.LittleEndian.PutUint16(out[1+2*i:], uint16(l))
		}
	case bits <= math.MaxUint32:
		e.dst, out = extend(e.dst, 1+4*len(lens))
		out[0] = 4
		for i, l := range lens {
			binary.LittleEndian.PutUint32(out[1+4*i:], uint32(l))
		}
	default:
		e.dst, out = extend(e.dst, 1+8*len(lens))
		out[0] = 8
		for i, l := range lens {
			binary.LittleEndian.PutUint64(out[1+8*i:], uint64(l))
		}
	}
}

// readLengths returns n lengths in scratch memory. Each is between 0 and MaxInt; their sum is not checked.
func (d *decoder) readLengths(n int) ([]int, error) {
	head, err := d.take(1)
	if err != nil {
		return nil, err
	}
	width := int(head[0])
	if width != 1 && width != 2 && width != 4 && width != 8 {
		return nil, corrupt("lengths of %d bytes", width)
	}
	if n > len(d.src)/width {
		return nil, corrupt("%d lengths wanted, %d bytes left", n, len(d.src))
	}
	raw, err := d.take(n * width)
	if err != nil {
		return nil, err
	}
	lens := d.lengths(n)
	switch width {
	case 1:
		raw = raw[:len(lens)]
		for i := range lens {
			lens[i] = int(raw[i])
		}
	case 2:
		for i := range lens {
			lens[i] = int(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case 4:
		for i := range lens {
			lens[i] = int(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case 8:
		for i := range lens {
			l := binary.LittleEndian.Uint64(raw[8*i:])
			if l > math.MaxInt {
				return nil, corrupt("length %d", l)
			}
			lens[i] = int(l)
		}
	}
	return lens, nil
}

// total sums lengths, of which each unit needs at least width bytes among the ones left. nullable lengths are stored plus one.
func (d *decoder) total(lens []int, nullable bool, width int) (int, error) {
	limit := math.MaxInt32
	if width > 0 {
		limit = len(d.src) / width
	}
	sum := 0
	for _, l := range lens {
		if nullable {
			l = max(l-1, 0)
		}
		if l > limit-sum {
			return 0, corrupt("lengths add up to more than the %d that are left", limit)
		}
		sum += l
	}
	return sum, nil
}

// readCount reads the count in front of a variable value of a row, each unit of which has at least width bytes.
func readCount(src []byte, width int) (n int, rest []byte, err error) {
	u, k := binary.Uvarint(src)
	if k <= 0 {
		return 0, nil, corrupt("no length in the row")
	}
	rest = src[k:]
	limit := uint64(math.MaxInt32)
	if width > 0 {
		limit = uint64(len(rest) / width)
	}
	if u > limit {
		return 0, nil, corrupt("length %d, %d bytes left in the row", u, len(rest))
	}
	return int(u), rest, nil
}

// readNullable is readCount for counts that are stored plus one; null is told by -1.
func readNullable(src []byte, width int) (n int, rest []byte, err error) {
	u, k := binary.Uvarint(src)
	if k <= 0 {
		return 0, nil, corrupt("no length in the row")
	}
	rest = src[k:]
	limit := uint64(math.MaxInt32)
	if width > 0 {
		limit = uint64(len(rest) / width)
	}
	if u > limit+1 {
		return 0, nil, corrupt("length %d, %d bytes left in the row", u-1, len(rest))
	}
	return int(u) - 1, rest, nil
}
