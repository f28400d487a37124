package vector

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
)

// Order is a column to sort by. NaN is above all other numbers, -0.0 equals 0.0, texts and bytes are in the order of their bytes.
type Order struct {
	Column                 int
	Descending, NullsFirst bool
}

// Keys are normalised keys: bytes that compare as SQL compares the columns that they are made of, the first of them first. No key is
// the beginning of a longer one. The memory is used again by the next Make.
//
// A value is a byte that says whether it is NULL, or how long and of which sign a number is, then the bytes of the number from the
// highest that is needed, or those of a text with 00 as 00 FF and 00 00 behind, or the values inside, each element with 01 before and
// 00 behind the last. Descending columns have all bits turned.
type Keys struct {
	data  []byte
	ends  []int
	at    []int // where the next column of a row goes
	words []int64
	all   []int32
	inner nestedKeys
}

// Make makes the keys of the rows of b that count, in their order.
func (k *Keys) Make(b *Batch, by []Order) {
	rows := k.rows(b)
	k.ends = grow(k.ends, len(rows))
	clear(k.ends)
	k.inner.reset()
	for _, o := range by {
		k.measure(b.Columns[o.Column], rows, o)
	}
	k.at = grow(k.at, len(rows))
	total := 0
	for i, n := range k.ends {
		k.at[i] = total
		total += n
		k.ends[i] = total
	}
	k.data = grow(k.data, total)
	for _, o := range by {
		k.write(b.Columns[o.Column], rows, o)
	}
}

// Len is the number of keys.
func (k *Keys) Len() int { return len(k.ends) }

// Bytes are all keys, one behind the other.
func (k *Keys) Bytes() []byte { return k.data }

// Range is where key i is in Bytes.
func (k *Keys) Range(i int) (lo, hi int) {
	if i > 0 {
		lo = k.ends[i-1]
	}
	return lo, k.ends[i]
}

// Key is key i, valid until the next Make.
func (k *Keys) Key(i int) []byte {
	lo, hi := k.Range(i)
	return k.data[lo:hi:hi]
}

// rows are the rows that count.
func (k *Keys) rows(b *Batch) []int32 {
	if b.Selection != nil {
		return b.Selection
	}
	return k.counted(b.Length)
}

// counted are the numbers below n.
func (k *Keys) counted(n int) []int32 {
	for i := len(k.all); i < n; i++ {
		k.all = append(k.all, int32(i))
	}
	return k.all[:n]
}

// The first bytes of a value. Those of numbers lie between the two of NULL.
const (
	nullFirst = 0x00
	present   = 0x01
	positive  = 0x80 // and the number of bytes
	negative  = 0x7f // without the number of bytes
	nullLast  = 0xff
)

func (o Order) null() byte {
	if o.NullsFirst {
		return nullFirst
	}
	return nullLast
}

// measure adds the lengths of a column's values.
func (k *Keys) measure(v *Vector, rows []int32, o Order) {
	switch {
	case v.Type.Kind == datatype.KindNull:
		for i := range k.ends {
			k.ends[i]++
		}
	case v.Type.IsNested():
		for i, n := range k.inner.measure(v, rows, o) {
			k.ends[i] += n
		}
	case Variable(v.Type):
		for i, r := range rows {
			k.ends[i]++
			if !v.IsNull(int(r)) {
				b := v.Bytes(int(r))
				k.ends[i] += len(b) + bytes.Count(b, zero) + 2
			}
		}
	case Width(v.Type) == 16:
		for i, r := range rows {
			k.ends[i]++
			if !v.IsNull(int(r)) {
				k.ends[i] += wideLen(v.Decimal(int(r)))
			}
		}
	default:
		k.words = orderedWords(k.words, v, rows, o.Descending)
		for i, w := range k.words {
			k.ends[i] += 1 + wordLen(w)
		}
		if v.Valid != nil {
			for i, r := range rows {
				if v.IsNull(int(r)) {
					k.ends[i] -= wordLen(k.words[i])
				}
			}
		}
		if HasNanos(v.Type) {
			for i, r := range rows {
				if !v.IsNull(int(r)) {
					k.ends[i] += 1 + wordLen(v.nanoWord(r, o))
				}
			}
		}
	}
}

var zero = []byte{0}

// write puts a column's values to where k.at says.
func (k *Keys) write(v *Vector, rows []int32, o Order) {
	switch {
	case v.Type.Kind == datatype.KindNull:
		for i := range rows {
			k.put(i, o.null())
		}
	case v.Type.IsNested():
		for i := range rows {
			k.at[i] += copy(k.data[k.at[i]:], k.inner.take())
		}
	case Variable(v.Type):
		for i, r := range rows {
			if v.IsNull(int(r)) {
				k.put(i, o.null())
				continue
			}
			k.put(i, present)
			k.putText(i, v.Bytes(int(r)), o.Descending)
		}
	case Width(v.Type) == 16:
		for i, r := range rows {
			if v.IsNull(int(r)) {
				k.put(i, o.null())
				continue
			}
			k.putWide(i, v.Decimal(int(r)), o.Descending)
		}
	default:
		k.words = orderedWords(k.words, v, rows, o.Descending)
		for i, w := range k.words {
			if v.Valid != nil && v.IsNull(int(rows[i])) {
				k.put(i, o.null())
				continue
			}
			k.putWord(i, w)
			if HasNanos(v.Type) {
				k.putWord(i, v.nanoWord(rows[i], o))
			}
		}
	}
}

func (v *Vector) nanoWord(row int32, o Order) int64 {
	n := int64(v.nanosAt(v.At(int(row))))
	if o.Descending {
		return ^n
	}
	return n
}

func (k *Keys) put(i int, b byte) {
	k.data[k.at[i]] = b
	k.at[i]++
}

func (k *Keys) putWord(i int, w int64) {
	n := wordLen(w)
	to := k.data[k.at[i] : k.at[i]+1+n]
	k.at[i] += len(to)
	if w >= 0 {
		to[0] = positive + byte(n)
	} else {
		to[0] = negative - byte(n)
	}
	for j := n; j > 0; j-- {
		to[j] = byte(w)
		w >>= 8
	}
}

func (k *Keys) putWide(i int, n decimal.Int128, descending bool) {
	if descending {
		n = decimal.Int128{Lo: ^n.Lo, Hi: ^n.Hi}
	}
	length := wideLen(n)
	var all [16]byte
	binary.BigEndian.PutUint64(all[:], uint64(n.Hi))
	binary.BigEndian.PutUint64(all[8:], n.Lo)
	first := positive + byte(length)
	if n.Hi < 0 {
		first = negative - byte(length)
	}
	k.put(i, first)
	k.at[i] += copy(k.data[k.at[i]:], all[16-length:])
}

func (k *Keys) putText(i int, b []byte, descending bool) {
	start := k.at[i]
	to := k.data[start:start]
	for {
		z := bytes.IndexByte(b, 0)
		if z < 0 {
			break
		}
		to = append(append(to, b[:z]...), 0x00, 0xff)
		b = b[z+1:]
	}
	to = append(append(to, b...), 0x00, 0x00)
	if descending {
		for j := range to {
			to[j] = ^to[j]
		}
	}
	k.at[i] += len(to)
}

// wordLen is how many bytes of a word are needed beside its sign.
func wordLen(w int64) int { return (bits.Len64(uint64(w^w>>63)) + 7) / 8 }

func wideLen(n decimal.Int128) int {
	sign := n.Hi >> 63
	if high := uint64(n.Hi ^ sign); high != 0 {
		return 8 + (bits.Len64(high)+7)/8
	}
	return (bits.Len64(n.Lo^uint64(sign)) + 7) / 8
}

// Prefixes writes for each row that is named a number whose order agrees with that of a column: a row whose number is less comes
// first; of equal numbers nothing is said.
func (k *Keys) Prefixes(dst []uint64, v *Vector, rows []int32, o Order) []uint64 {
	dst = grow(dst, len(rows))
	switch {
	case v.Type.Kind == datatype.KindNull:
		clear(dst)
		return dst
	case v.Type.IsNested():
		clear(dst)
	case Variable(v.Type):
		for i, r := range rows {
			dst[i] = textPrefix(v.Bytes(int(r)))
			if o.Descending {
				dst[i] = ^dst[i]
			}
		}
	case Width(v.Type) == 16:
		for i, r := range rows {
			n := v.Decimal(int(r))
			w, fits := n.Int64()
			if !fits { // all such numbers of a sign share a prefix
				w = n.Hi>>63 ^ math.MaxInt64
			}
			if o.Descending {
				w = ^w
			}
			dst[i] = uint64(w) ^ 1<<63
		}
	default:
		k.words = orderedWords(k.words, v, rows, o.Descending)
		for i, w := range k.words {
			dst[i] = uint64(w) ^ 1<<63
		}
	}
	if v.Valid == nil {
		return dst
	}
	null := uint64(0)
	if !o.NullsFirst {
		null = math.MaxUint64
	}
	for i, r := range rows {
		if v.IsNull(int(r)) {
			dst[i] = null
		}
	}
	return dst
}

func textPrefix(b []byte) uint64 {
	if len(b) >= 8 {
		return binary.BigEndian.Uint64(b)
	}
	var p uint64
	for i, c := range b {
		p |= uint64(c) << (56 - 8*i)
	}
	return p
}

// orderedWords reads numbers of up to 8 bytes as integers of the same order, or of the opposite.
func orderedWords(dst []int64, v *Vector, rows []int32, descending bool) []int64 {
	dst = slices.Grow(dst[:0], len(rows))[:len(rows)]
	switch {
	case v.Type.Kind == datatype.KindFloat:
		values, mask := Values[float32](v), int32(v.Mask())
		for i, r := range rows {
			dst[i] = floatWord(float64(values[r&mask]))
		}
	case v.Type.Kind == datatype.KindDouble:
		values, mask := Values[float64](v), int32(v.Mask())
		for i, r := range rows {
			dst[i] = floatWord(values[r&mask])
		}
	case Width(v.Type) == 1:
		widen[int8](dst, v, rows)
	case Width(v.Type) == 2:
		widen[int16](dst, v, rows)
	case Width(v.Type) == 4:
		widen[int32](dst, v, rows)
	default:
		widen[int64](dst, v, rows)
	}
	if descending {
		for i, w := range dst {
			dst[i] = ^w
		}
	}
	return dst
}

func widen[T int8 | int16 | int32 | int64](dst []int64, v *Vector, rows []int32) {
	values, mask := Values[T](v), int32(v.Mask())
	for i, r := range rows {
		dst[i] = int64(values[r&mask])
	}
}

// floatWord is an integer in the order of floats.
func floatWord(f float64) int64 {
	switch {
	case f != f:
		return math.MaxInt64
	case f == 0:
		return 0
	}
	b := int64(math.Float64bits(f))
	return b ^ int64(uint64(b>>63)>>1)
}
