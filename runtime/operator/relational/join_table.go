package relational

import (
	"bytes"
	"math/bits"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// joinRowBytes is what a row of a build side costs beyond its values: places in the table and the chain, its hash while it is built.
const joinRowBytes = 48

// joinRows are the rows of a build side while they come.
type joinRows struct {
	types  []datatype.Type
	chunks []*vector.Batch
	rows   int
	open   bool // rows can be added to the last chunk
}

// add takes over the rows of b: b itself if they are many, else copies of them.
func (r *joinRows) add(b *column.Batch) {
	v := column.Vectors(b)
	r.rows += v.Rows()
	if v.Selection == nil && v.Length >= maxPairs/4 {
		// The batch never goes back to its pool: its columns are given up one by one.
		r.chunks, r.open = append(r.chunks, v), false
		return
	}
	if !r.open {
		r.chunks, r.open = append(r.chunks, vector.NewBatch(r.types)), true
	}
	last := r.chunks[len(r.chunks)-1]
	last.Append(v, 0, v.Rows())
	r.open = last.Length < maxPairs
	b.Release()
}

// joined makes one batch of all rows and forgets them.
func (r *joinRows) joined() *vector.Batch {
	out := &vector.Batch{Length: r.rows}
	for c, t := range r.types {
		v := vector.New(t, 0)
		bytes := 0
		for _, chunk := range r.chunks {
			bytes += chunk.Columns[c].MemorySize()
		}
		v.Reserve(r.rows, bytes)
		for _, chunk := range r.chunks {
			from := chunk.Columns[c]
			if from.Constant {
				from.Flatten(chunk.Length)
			}
			v.AppendRange(from, 0, chunk.Length)
			chunk.Columns[c] = nil
		}
		out.Columns = append(out.Columns, v)
	}
	r.chunks, r.rows, r.open = nil, 0, false
	return out
}

// joinTable finds the rows of a build side by the hash of their keys: open addressing, linear probing, at most 0.7 full, with a chain of
// the rows of one hash in the order of their arrival. It is filled once.
type joinTable struct {
	rows   *vector.Batch
	slots  []joinSlot
	mask   uint64
	next   []uint32    // by row, the number of the next one of its hash + 1; nil: no two rows have one hash
	marked []bool      // by row: it has had a partner; nil where that is of no use
	loop   bool        // there are no keys: all rows are found
	merge  *mergeTable // not nil: rows are found by their order
}

// joinSlot is empty if head is 0.
type joinSlot struct {
	hash uint64
	head uint32 // number of the first row + 1
}

// newJoinTable indexes rows by their keys.
func newJoinTable(rows *vector.Batch, keys *joinKeys, side int, marks bool) *joinTable {
	n := rows.Length
	if len(keys.nullsEqual) == 0 {
		t := &joinTable{rows: rows, loop: true}
		if marks {
			t.marked = make([]bool, n)
		}
		return t
	}
	size := 16
	if n > 8 {
		size = 1 << bits.Len(uint(n*10/7))
	}
	t := &joinTable{rows: rows, slots: make([]joinSlot, size), mask: uint64(size - 1)}
	if marks {
		t.marked = make([]bool, n)
	}
	columns := keys.vectors(side, rows, nil)
	hashes := make([]uint64, n)
	vector.Hash(columns, n, nil, hashes)
	null := nullKeys(columns, keys.nullsEqual)
	for i := n - 1; i >= 0; i-- {
		if null != nil && null(i) {
			continue
		}
		h := hashes[i]
		at := h & t.mask
		for t.slots[at].head != 0 && t.slots[at].hash != h {
			at = (at + 1) & t.mask
		}
		s := &t.slots[at]
		if s.head != 0 {
			if t.next == nil {
				t.next = make([]uint32, n)
			}
			t.next[i] = s.head
		}
		s.hash, s.head = h, uint32(i+1)
	}
	return t
}

// nullKeys says of a row whether it has a key that is NULL and must not be; it is nil if no row has.
func nullKeys(columns []*vector.Vector, nullsEqual []bool) func(row int) bool {
	var some []*vector.Vector
	for k, v := range columns {
		if v.Valid != nil && !nullsEqual[k] {
			some = append(some, v)
		}
	}
	if some == nil {
		return nil
	}
	return func(row int) bool {
		for _, v := range some {
			if v.IsNull(row) {
				return true
			}
		}
		return false
	}
}

// after is the number + 1 of the row that is found after one, 0 for none.
func (t *joinTable) after(head uint32) uint32 {
	switch {
	case t.loop && int(head) < t.rows.Length:
		return head + 1
	case t.next != nil:
		return t.next[head-1]
	}
	return 0
}

// find sets heads to the numbers of the first rows + 1 that have these hashes, 0 for none.
func (t *joinTable) find(hashes []uint64, heads []uint32) {
	heads = heads[:len(hashes)]
	if t.loop {
		for i := range heads {
			heads[i] = uint32(min(1, t.rows.Length))
		}
		return
	}
	slots, mask := t.slots, t.mask
	for i, h := range hashes {
		s := &slots[h&mask]
		if s.hash == h || s.head == 0 {
			heads[i] = s.head
			continue
		}
		at := (h + 1) & mask
		for slots[at].head != 0 && slots[at].hash != h {
			at = (at + 1) & mask
		}
		heads[i] = slots[at].head
	}
}

// equalRows keeps the pairs of rows that are equal in a column.
func equalRows(a, b *vector.Vector, rows [2][]int32, nullsEqual bool) [2][]int32 {
	switch t := a.Type; {
	case vector.Variable(t):
		return keepRows(a, b, rows, nullsEqual, func(i, j int32) bool { return bytes.Equal(a.Bytes(int(i)), b.Bytes(int(j))) })
	case t.IsNested():
		return keepRows(a, b, rows, nullsEqual, func(i, j int32) bool { return a.Equal(int(i), b, int(j)) })
	case t.Kind == datatype.KindFloat:
		return equalFixed[float32](a, b, rows, nullsEqual)
	case t.Kind == datatype.KindDouble:
		return equalFixed[float64](a, b, rows, nullsEqual)
	case vector.HasNanos(t):
		return keepRows(a, b, rows, nullsEqual, func(i, j int32) bool {
			ms, ns := a.Instant(int(i))
			otherMs, otherNs := b.Instant(int(j))
			return ms == otherMs && ns == otherNs
		})
	}
	switch vector.Width(a.Type) {
	case 1:
		return equalFixed[int8](a, b, rows, nullsEqual)
	case 2:
		return equalFixed[int16](a, b, rows, nullsEqual)
	case 4:
		return equalFixed[int32](a, b, rows, nullsEqual)
	case 8:
		return equalFixed[int64](a, b, rows, nullsEqual)
	}
	return equalFixed[decimal.Int128](a, b, rows, nullsEqual)
}

// equalFixed has NaN equal NaN.
func equalFixed[T vector.Fixed](a, b *vector.Vector, rows [2][]int32, nullsEqual bool) [2][]int32 {
	x, y := vector.Values[T](a), vector.Values[T](b)
	maskX, maskY := int32(a.Mask()), int32(b.Mask())
	if a.Valid != nil || b.Valid != nil {
		return keepRows(a, b, rows, nullsEqual, func(i, j int32) bool {
			p, q := x[i&maskX], y[j&maskY]
			return p == q || p != p && q != q
		})
	}
	n, left, right := 0, rows[0], rows[1][:len(rows[0])]
	for k, i := range left {
		j := right[k]
		left[n], right[n] = i, j
		if p, q := x[i&maskX], y[j&maskY]; p == q || p != p && q != q {
			n++
		}
	}
	return [2][]int32{left[:n], right[:n]}
}

// keepRows keeps the pairs of rows for which equal is true, or which are both NULL.
func keepRows(a, b *vector.Vector, rows [2][]int32, nullsEqual bool, equal func(i, j int32) bool) [2][]int32 {
	n := 0
	for k, i := range rows[0] {
		j := rows[1][k]
		nullA, nullB := a.IsNull(int(i)), b.IsNull(int(j))
		keep := nullA && nullB && nullsEqual
		if !nullA && !nullB {
			keep = equal(i, j)
		}
		if keep {
			rows[0][n], rows[1][n] = i, j
			n++
		}
	}
	return [2][]int32{rows[0][:n], rows[1][:n]}
}
