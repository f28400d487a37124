package vector

import (
	"encoding/binary"
	"math"
)

// Buffers are where the rows of variable width from one on begin, and the bytes of all that are set, for a decoder that sets many rows
// at once: it appends to the bytes, stores where each row ends, which is where the next begins, and gives them back with SetBuffers.
func (v *Vector) Buffers(row int) (offsets []int32, data []byte) {
	v.fill(row)
	return v.offsets[row:], v.data
}

// SetBuffers says that the rows before one are set and what their bytes are.
func (v *Vector) SetBuffers(row int, data []byte) { v.filled, v.data = row, data }

// TextPadding is how many bytes CopyText may touch behind a text.
const TextPadding = 16

// CopyText copies n bytes to dst and may overwrite up to TextPadding bytes behind them. Short texts cost two stores where both sides are
// long enough.
func CopyText(dst, from []byte, n int) {
	if n <= TextPadding && len(from) >= TextPadding && len(dst) >= TextPadding {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(from))
		binary.LittleEndian.PutUint64(dst[8:], binary.LittleEndian.Uint64(from[8:]))
		return
	}
	copy(dst, from[:n])
}

// PutValid sets which of n rows from one on are not NULL.
func (v *Vector) PutValid(row int, valid Bitmap, n int) {
	if v.Valid == nil {
		v.bits = grow(v.bits, Words(v.length))
		for i := range v.bits {
			v.bits[i] = ^uint64(0)
		}
		v.Valid = v.bits
	}
	v.Valid.Put(row, valid, n)
}

// Put copies the first n bits of another bitmap to those from one on.
func (b Bitmap) Put(at int, from Bitmap, n int) {
	for i := 0; i < n; {
		to := at + i
		k := min(n-i, 64-i&63, 64-to&63)
		mask := ^uint64(0) >> (64 - k) << (to & 63)
		b[to>>6] = b[to>>6]&^mask | from[i>>6]>>(i&63)<<(to&63)&mask
		i += k
	}
}

// PutText sets a row of variable width to the first n bytes of a text, which it may read on behind. Rows are set in ascending order.
func (v *Vector) PutText(row int, text []byte, n int) {
	at := len(v.data)
	if cap(v.data)-at < n+TextPadding || v.filled != row || at+n > math.MaxInt32 {
		v.PutBytes(row, text[:n])
		return
	}
	CopyText(v.data[at:at+n+TextPadding], text, n)
	v.data = v.data[:at+n]
	v.offsets[row+1] = int32(at + n)
	v.filled = row + 1
}
