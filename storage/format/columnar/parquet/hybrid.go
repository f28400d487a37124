package parquet

import (
	"encoding/binary"
	"math/bits"

	"github.com/leatproject/leat/storage/vector"
)

// hybrid reads the run-length and bit-packing hybrid of levels and dictionary indices.
type hybrid struct {
	b     []byte
	width int
	// what is left of the current run
	run   int
	value int32 // of a run of equal values
	// of a packed run
	packed []byte
	bit    int
}

func newHybrid(b []byte, width int) hybrid { return hybrid{b: b, width: width} }

// next begins the next run.
func (h *hybrid) next() error {
	head, n := binary.Uvarint(h.b)
	if n <= 0 || head>>1 > 1<<40 {
		return corrupt("a run of levels or indices is cut off")
	}
	h.b = h.b[n:]
	if head&1 == 0 {
		size := (h.width + 7) / 8
		if size > len(h.b) {
			return corrupt("a run of levels or indices is cut off")
		}
		h.value = 0
		for i := range size {
			h.value |= int32(h.b[i]) << (8 * i)
		}
		h.run, h.packed, h.b = int(head>>1), nil, h.b[size:]
		return nil
	}
	groups := int(head >> 1)
	size := groups * h.width
	if size > len(h.b) { // the last group may be cut off where its values are not needed
		size = len(h.b)
		groups = size / max(h.width, 1)
		if size > groups*h.width {
			groups++
		}
	}
	h.run, h.packed, h.bit, h.b = groups*8, h.b[:size], 0, h.b[size:]
	if h.packed == nil || h.width == 0 {
		h.packed = []byte{}
	}
	return nil
}

// some begins the next run if the last is over, and returns how many of n values it has.
func (h *hybrid) some(n int) (int, error) {
	for h.run == 0 {
		if err := h.next(); err != nil {
			return 0, err
		}
	}
	return min(h.run, n), nil
}

// same says whether the next n values are one, and which; it takes them if so.
func (h *hybrid) same(n int) (int32, bool, error) {
	if k, err := h.some(n); err != nil || h.packed != nil || k < n {
		return 0, false, err
	}
	h.run -= n
	return h.value, true, nil
}

// read reads len(dst) values.
func (h *hybrid) read(dst []int32) error {
	for len(dst) > 0 {
		n, err := h.some(len(dst))
		if err != nil {
			return err
		}
		if h.packed == nil {
			for i := range dst[:n] {
				dst[i] = h.value
			}
		} else {
			unpack32(dst[:n], h.packed, h.bit, h.width)
			h.bit += n * h.width
		}
		h.run -= n
		dst = dst[n:]
	}
	return nil
}

// readBits reads n values of one bit into a bitmap and says how many are 1.
func (h *hybrid) readBits(dst vector.Bitmap, n int) (set int, err error) {
	clear(dst[:vector.Words(n)])
	for at := 0; at < n; {
		k, err := h.some(n - at)
		if err != nil {
			return 0, err
		}
		h.run -= k
		for end := at + k; at < end; {
			word := ^uint64(0)
			step := min(end-at, 64-at&63)
			switch {
			case h.packed != nil:
				step = min(step, 64-h.bit&7)
				word = load(h.packed, h.bit>>3) >> (h.bit & 7)
				h.bit += step
			case h.value == 0:
				word = 0
			}
			word &= ^uint64(0) >> (64 - step)
			dst[at>>6] |= word << (at & 63)
			set += bits.OnesCount64(word)
			at += step
		}
	}
	return set, nil
}

// unpack32 reads integers of a width from a bit on, as many with one load as it holds; what is behind the end is 0.
func unpack32(dst []int32, b []byte, bit, width int) {
	mask, w, i := uint64(1)<<width-1, width&63, 0
	switch {
	case width == 0:
		clear(dst)
		return
	case width <= 7:
		for ; i+8 <= len(dst) && bit>>3+8 <= len(b); i += 8 {
			x := binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7)
			d := dst[i : i+8 : i+8]
			d[0], d[1] = int32(x&mask), int32(x>>w&mask)
			x = x >> w >> w
			d[2], d[3] = int32(x&mask), int32(x>>w&mask)
			x = x >> w >> w
			d[4], d[5] = int32(x&mask), int32(x>>w&mask)
			x = x >> w >> w
			d[6], d[7] = int32(x&mask), int32(x>>w&mask)
			bit += 8 * width
		}
	case width <= 14:
		for ; i+4 <= len(dst) && bit>>3+8 <= len(b); i += 4 {
			x := binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7)
			d := dst[i : i+4 : i+4]
			d[0], d[1] = int32(x&mask), int32(x>>w&mask)
			x = x >> w >> w
			d[2], d[3] = int32(x&mask), int32(x>>w&mask)
			bit += 4 * width
		}
	}
	for ; i < len(dst) && bit>>3+8 <= len(b); i++ {
		dst[i] = int32(binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7) & mask)
		bit += width
	}
	for ; i < len(dst); i++ {
		dst[i] = int32(load(b, bit>>3) >> (bit & 7) & mask)
		bit += width
	}
}

// load is the 8 bytes from a place on, 0 behind the end.
func load(b []byte, at int) uint64 {
	if at+8 <= len(b) {
		return binary.LittleEndian.Uint64(b[at:])
	}
	var word [8]byte
	if at < len(b) {
		copy(word[:], b[at:])
	}
	return binary.LittleEndian.Uint64(word[:])
}

// addDeltas appends so many values, each the one before and a delta: least and an integer of a width.
func addDeltas(dst []int64, count int, value, least int64, b []byte, width int) ([]int64, int64) {
	at := len(dst)
	dst = dst[:at+count]
	bit, i := 0, at
	switch {
	case width == 0:
		for ; i < len(dst); i++ {
			value += least
			dst[i] = value
		}
	case width <= 14:
		mask, w := uint64(1)<<width-1, width&63
		for ; i+4 <= len(dst) && bit>>3+8 <= len(b); i += 4 {
			x := binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7)
			d := dst[i : i+4 : i+4]
			d[0] = value + least + int64(x&mask)
			d[1] = d[0] + least + int64(x>>w&mask)
			x = x >> w >> w
			d[2] = d[1] + least + int64(x&mask)
			value = d[2] + least + int64(x>>w&mask)
			d[3] = value
			bit += 4 * width
		}
	case width <= 56:
		mask := uint64(1)<<width - 1
		for ; i < len(dst) && bit>>3+8 <= len(b); i++ {
			value += least + int64(binary.LittleEndian.Uint64(b[bit>>3:])>>(bit&7)&mask)
			dst[i] = value
			bit += width
		}
	}
	for ; i < len(dst); i++ {
		value += least + int64(unpack64(b, bit, width))
		dst[i] = value
		bit += width
	}
	return dst, value
}

// unpack64 reads the integer of up to 64 bits at a bit; what is behind the end is 0.
func unpack64(b []byte, bit, width int) uint64 {
	at, shift := bit>>3, bit&7
	v := load(b, at) >> shift
	if shift+width > 64 && at+8 < len(b) {
		v |= uint64(b[at+8]) << (64 - shift)
	}
	if width == 64 {
		return v
	}
	return v & (1<<width - 1)
}
