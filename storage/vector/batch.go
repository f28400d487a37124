package vector

import "slices"

// Batch is rows in columns. Length is that of every column that is no constant; a batch without columns has one, too.
type Batch struct {
	Length    int
	Selection []int32 // indices of the rows that count, ascending; nil: all
	Columns   []*Vector
}

// Rows is how many rows count.
func (b *Batch) Rows() int {
	if b.Selection != nil {
		return len(b.Selection)
	}
	return b.Length
}

// Select appends to dst the rows, of those that selection names or of all length rows, that are true in a BOOLEAN vector. The result
// is never nil.
func Select(dst []int32, condition *Vector, length int, selection []int32) []int32 {
	if dst == nil {
		dst = make([]int32, 0, length)
	}
	values := Values[bool](condition)
	if condition.Constant {
		if condition.IsNull(0) || !values[0] {
			return dst
		}
		return appendAll(dst, length, selection)
	}
	at := len(dst)
	dst = slices.Grow(dst, max(length, len(selection)))[:at+max(length, len(selection))]
	store := func(i int32, keep bool) {
		dst[at] = i
		if keep {
			at++
		}
	}
	switch valid := condition.Valid; {
	case selection == nil && valid == nil:
		for i, keep := range values[:length] {
			store(int32(i), keep)
		}
	case selection == nil:
		for i, keep := range values[:length] {
			store(int32(i), keep && valid.Has(i))
		}
	default:
		for _, i := range selection {
			store(i, values[i] && (valid == nil || valid.Has(int(i))))
		}
	}
	return dst[:at]
}

func appendAll(dst []int32, length int, selection []int32) []int32 {
	if selection != nil {
		return append(dst, selection...)
	}
	for i := range length {
		dst = append(dst, int32(i))
	}
	return dst
}
