package vector

import (
	"math"
	"slices"
	"unsafe"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
)

// NewBatch is an empty batch of columns of these types.
func NewBatch(types []datatype.Type) *Batch {
	b := &Batch{Columns: make([]*Vector, len(types))}
	for i, t := range types {
		b.Columns[i] = New(t, 0)
	}
	return b
}

// Reset empties the batch and keeps the memory and the types of its columns.
func (b *Batch) Reset() {
	b.Length, b.Selection = 0, nil
	for _, v := range b.Columns {
		v.Reset(v.Type, 0)
	}
}

// Append adds rows lo to hi of those that count in from, which has the same columns. b has no selection.
func (b *Batch) Append(from *Batch, lo, hi int) {
	if from.Selection != nil {
		b.AppendRows(from, from.Selection[lo:hi])
		return
	}
	b.append(from, nil, lo, hi-lo)
}

// AppendRows adds the rows of from that are named, in that order, whatever its selection says. b has no selection.
func (b *Batch) AppendRows(from *Batch, rows []int32) { b.append(from, rows, 0, len(rows)) }

func (b *Batch) append(from *Batch, rows []int32, lo, n int) {
	if n == 0 {
		return
	}
	for i, v := range b.Columns {
		f := from.Columns[i]
		if b.Length == 0 && f.Constant {
			v.Reset(v.Type, 0)
			v.append(f, nil, 0, 1)
			v.Constant = true
			continue
		}
		v.Flatten(b.Length)
		v.append(f, rows, lo, n)
	}
	b.Length += n
}

// Compact gives up the selection: the rows that count are copied together.
func (b *Batch) Compact() {
	if b.Selection == nil {
		return
	}
	c := &Batch{Columns: make([]*Vector, len(b.Columns))}
	for i, v := range b.Columns {
		c.Columns[i] = New(v.Type, 0)
	}
	c.AppendRows(b, b.Selection)
	*b = *c
}

// Truncate leaves the first n of the rows that count.
func (b *Batch) Truncate(n int) {
	if b.Selection != nil {
		b.Selection = b.Selection[:n]
		return
	}
	b.Length = n
	for _, v := range b.Columns {
		switch {
		case n == 0:
			v.Reset(v.Type, 0)
		case !v.Constant:
			v.Truncate(n)
		}
	}
}

// Bytes is the memory that the values take.
func (b *Batch) Bytes() int {
	n := 4 * len(b.Selection)
	for _, v := range b.Columns {
		n += v.MemorySize()
	}
	return n
}

// MemorySize is the memory in bytes that the values take.
func (v *Vector) MemorySize() int {
	n := 8*len(v.Valid) + 4*len(v.Nanos)
	for _, c := range v.children() {
		n += c.MemorySize()
	}
	if hasOffsets(v.Type) {
		return n + 4*len(v.offsets) + len(v.data)
	}
	return n + v.length*Width(v.Type)
}

// Reserve makes room for rows more rows that take so many bytes, so that adding them moves nothing.
func (v *Vector) Reserve(rows, bytes int) {
	if Variable(v.Type) {
		v.offsets, v.data = slices.Grow(v.offsets, rows), slices.Grow(v.data, min(max(0, bytes-4*rows), math.MaxInt32))
		return
	}
	if listed(v.Type) {
		v.offsets = slices.Grow(v.offsets, rows)
	}
	v.words = slices.Grow(v.words, (rows*Width(v.Type)+7)/8+1)
	if HasNanos(v.Type) {
		v.Nanos = slices.Grow(v.Nanos, rows)
	}
}

// Append adds the rows of a vector of the same layout that are named. v is no constant.
func (v *Vector) Append(from *Vector, rows []int32) { v.append(from, rows, 0, len(rows)) }

// AppendRange adds rows lo to hi of a vector of the same layout. v is no constant.
func (v *Vector) AppendRange(from *Vector, lo, hi int) { v.append(from, nil, lo, hi-lo) }

// Flatten makes length values of a constant.
func (v *Vector) Flatten(length int) {
	if !v.Constant {
		return
	}
	one := *v
	*v = Vector{}
	v.Reset(one.Type, 0)
	v.append(&one, nil, 0, length)
}

// append adds n rows: those of rows or, if that is nil, those from lo on.
func (v *Vector) append(from *Vector, rows []int32, lo, n int) {
	old := v.length
	v.appendValid(from, rows, lo, n)
	if from.Constant {
		rows, lo = nil, 0
	}
	switch {
	case Variable(v.Type):
		v.appendTexts(from, rows, lo, n)
	case listed(v.Type):
		v.appendLists(from, rows, lo, n)
	case v.Type.Kind == datatype.KindRow:
		v.appendFields(from, rows, lo, n)
	case Width(v.Type) > 0:
		v.extend(n)
		switch Width(v.Type) {
		case 1:
			pick[int8](v, from, rows, old, lo)
		case 2:
			pick[int16](v, from, rows, old, lo)
		case 4:
			pick[int32](v, from, rows, old, lo)
		case 8:
			pick[int64](v, from, rows, old, lo)
		case 16:
			pick[decimal.Int128](v, from, rows, old, lo)
		}
		if HasNanos(v.Type) {
			v.appendNanos(from, rows, lo, n)
		}
	default:
		v.length += n
	}
}

// extend makes room for n more values of fixed width.
func (v *Vector) extend(n int) {
	v.length += n
	words := (v.length*Width(v.Type) + 7) / 8
	v.words = slices.Grow(v.words, max(0, words-len(v.words)))[:words]
}

func pick[T Fixed](v, from *Vector, rows []int32, old, lo int) {
	to, values := Values[T](v)[old:], Values[T](from)
	switch {
	case from.Constant:
		for i := range to {
			to[i] = values[0]
		}
	case rows == nil:
		copy(to, values[lo:lo+len(to)])
	default:
		for i, r := range rows[:len(to)] {
			to[i] = values[r]
		}
	}
}

func (v *Vector) appendNanos(from *Vector, rows []int32, lo, n int) {
	v.Nanos = slices.Grow(v.Nanos, n)
	for i := range n {
		r := lo + i
		switch {
		case from.Constant:
			r = 0
		case rows != nil:
			r = int(rows[i])
		}
		v.Nanos = append(v.Nanos, from.nanosAt(r))
	}
}

func (v *Vector) appendTexts(from *Vector, rows []int32, lo, n int) {
	v.Finish()
	v.length += n
	v.filled = v.length
	v.offsets = slices.Grow(v.offsets, n)
	if rows == nil && !from.Constant {
		first, last := from.offsets[lo], from.offsets[lo+n]
		if len(v.data)+int(last-first) <= math.MaxInt32 {
			shift := int32(len(v.data)) - first
			v.data = append(v.data, from.data[first:last]...)
			for _, end := range from.offsets[lo+1 : lo+n+1] {
				v.offsets = append(v.offsets, end+shift)
			}
			return
		}
	}
	for i := range n {
		r := lo
		switch {
		case rows != nil:
			r = int(rows[i])
		case !from.Constant:
			r += i
		}
		b := from.data[from.offsets[r]:from.offsets[r+1]]
		if len(v.data)+len(b) > math.MaxInt32 {
			v.overflowed, b = true, nil
		}
		v.data = append(v.data, b...)
		v.offsets = append(v.offsets, int32(len(v.data)))
	}
}

// appendValid extends the validity; v.length is still the old one.
func (v *Vector) appendValid(from *Vector, rows []int32, lo, n int) {
	if v.Valid == nil && (from.Valid == nil || from.Constant && from.Valid.Has(0)) {
		return
	}
	old := v.length
	v.ownValid(old + n)
	for i := range n {
		r := lo + i
		switch {
		case from.Constant:
			r = 0
		case rows != nil:
			r = int(rows[i])
		}
		if from.Valid == nil || from.Valid.Has(r) {
			v.Valid.Set(old + i)
		} else {
			v.Valid.Clear(old + i)
		}
	}
}

// ownValid makes the validity, in memory of the vector's own, one of so many rows. Those behind the old ones may be anything.
func (v *Vector) ownValid(rows int) {
	if v.Valid == nil {
		v.bits = v.bits[:0]
		for range Words(v.length) {
			v.bits = append(v.bits, ^uint64(0))
		}
	} else if len(v.Valid) > 0 && unsafe.SliceData(v.bits) != unsafe.SliceData(v.Valid) {
		v.bits = append(v.bits[:0], v.Valid...)
	} else {
		v.bits = v.bits[:len(v.Valid)]
	}
	for len(v.bits) < Words(rows) {
		v.bits = append(v.bits, 0)
	}
	v.Valid = v.bits
}
