package vector

import "github.com/leatproject/leat/storage/datatype"

// Truncate leaves the first n rows of a vector that is no constant, for whoever does not know how many there will be when it is Reset.
func (v *Vector) Truncate(n int) {
	v.length = n
	if v.Valid != nil {
		v.Valid = v.Valid[:Words(n)]
	}
	if v.Type.Kind == datatype.KindRow {
		for _, c := range v.Children {
			c.Truncate(n)
		}
		return
	}
	if !hasOffsets(v.Type) {
		v.words = v.words[:(n*Width(v.Type)+7)/8]
		v.Nanos = v.Nanos[:min(n, len(v.Nanos))]
		return
	}
	v.Unset(n)
	v.fill(n)
	v.offsets = v.offsets[:n+1]
}

// Unset makes a row, and those behind it, as if they had not been set since Reset.
func (v *Vector) Unset(row int) {
	switch {
	case v.Type.Kind == datatype.KindRow:
		for _, c := range v.Children {
			c.Unset(row)
		}
	case listed(v.Type):
		v.filled = min(v.filled, row)
		for _, c := range v.Children {
			c.Truncate(int(v.offsets[v.filled]))
		}
	case v.filled > row:
		v.filled, v.data = row, v.data[:v.offsets[row]]
	}
	if v.Valid != nil && row < v.length {
		v.Valid.Set(row)
		for i := row + 1; i < v.length && !v.Valid.Has(i); i++ {
			v.Valid.Set(i)
		}
	}
}
