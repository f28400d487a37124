package runtimefilter

import (
	"slices"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// MaxKeys is of how many keys a Builder makes a filter. More would take more of the caches than rows that are dropped save.
const MaxKeys = 1 << 20

// maxValues is up to how many values of a column are kept one by one.
const maxValues = 256

// Builder collects keys. It belongs to one goroutine.
type Builder struct {
	types  []datatype.Type
	parts  int
	limit  int
	hashes []uint64
	full   bool // there are too many keys
	batch  []uint64
	rows   []int32
	bounds []bounds
	seen   []map[int64]bool // by column: values, while they are few; nil: not any more
}

// NewBuilder is for keys whose columns have these types; the filter is one of so many parts that will be merged.
func NewBuilder(types []datatype.Type, parts int) *Builder {
	b := &Builder{types: types, parts: parts, limit: max(1, MaxKeys/parts), bounds: make([]bounds, len(types)), seen: make([]map[int64]bool, len(types))}
	for i, t := range types {
		if integer(t) {
			b.seen[i] = map[int64]bool{}
		}
	}
	return b
}

// Add takes the keys of rows: of a selection, or the first ones. Keys with a NULL have no partner.
func (b *Builder) Add(columns []*vector.Vector, rows int, selection []int32) {
	if b.full {
		return
	}
	b.rows = b.rows[:0]
	if selection == nil {
		for i := range rows {
			b.rows = append(b.rows, int32(i))
		}
	} else {
		b.rows = append(b.rows, selection[:rows]...)
	}
	b.rows = withoutNulls(b.rows, 0, columns)
	if len(b.rows) == 0 {
		return
	}
	for i, v := range columns {
		if integer(b.types[i]) {
			b.bound(i, v)
		}
	}
	b.batch = slices.Grow(b.batch[:0], len(b.rows))[:len(b.rows)]
	vector.Hash(columns, len(b.rows), b.rows, b.batch)
	b.hashes = append(b.hashes, b.batch...)
	if len(b.hashes) > 2*b.limit {
		b.compact()
		b.full = len(b.hashes) > b.limit
	}
	if b.full {
		b.hashes = nil
	}
}

// compact leaves each hash once.
func (b *Builder) compact() {
	slices.Sort(b.hashes)
	b.hashes = slices.Compact(b.hashes)
}

// Size is the memory that the Builder has, in bytes.
func (b *Builder) Size() int64 { return int64(8 * cap(b.hashes)) }

// GiveUp makes the filter one that drops nothing.
func (b *Builder) GiveUp() { b.full, b.hashes = true, nil }

// Filter is what the keys have come to.
func (b *Builder) Filter() *Filter {
	if b.full {
		return &Filter{all: true}
	}
	if len(b.hashes) == 0 {
		return &Filter{}
	}
	b.compact()
	f := &Filter{words: make([]uint64, wordsFor(len(b.hashes)*b.parts)), bounds: b.bounds}
	shift := shiftOf(f.words)
	for _, h := range b.hashes {
		f.words[h>>(shift&63)] |= mask(h)
	}
	for i, seen := range b.seen {
		for x := range seen {
			f.bounds[i].values = append(f.bounds[i].values, x)
		}
		slices.Sort(f.bounds[i].values)
	}
	return f
}

// bound widens what is known of a column by the rows.
func (b *Builder) bound(i int, v *vector.Vector) {
	switch vector.Width(v.Type) {
	case 1:
		widen(b, i, v, vector.Values[int8](v))
	case 2:
		widen(b, i, v, vector.Values[int16](v))
	case 4:
		widen(b, i, v, vector.Values[int32](v))
	default:
		widen(b, i, v, vector.Values[int64](v))
	}
}

func widen[T int8 | int16 | int32 | int64](b *Builder, i int, v *vector.Vector, values []T) {
	places := int32(v.Mask())
	least, most := values[b.rows[0]&places], values[b.rows[0]&places]
	for _, r := range b.rows {
		x := values[r&places]
		least, most = min(least, x), max(most, x)
	}
	to := &b.bounds[i]
	if !to.known {
		*to = bounds{known: true, least: int64(least), most: int64(most)}
	}
	to.least, to.most = min(to.least, int64(least)), max(to.most, int64(most))
	for _, r := range b.rows {
		if b.seen[i] == nil {
			return
		}
		if b.seen[i][int64(values[r&places])] = true; len(b.seen[i]) > maxValues {
			b.seen[i] = nil
		}
	}
}

// integer says whether values of a type are integers in memory whose order is that of SQL.
func integer(t datatype.Type) bool {
	switch t.Kind {
	case datatype.KindTinyInt, datatype.KindSmallInt, datatype.KindInt, datatype.KindBigInt, datatype.KindDate, datatype.KindTime:
		return true
	case datatype.KindTimestamp, datatype.KindTimestampLTZ:
		return !vector.HasNanos(t)
	case datatype.KindDecimal:
		return vector.Width(t) == 8
	}
	return false
}

// integers is a vector of values.
func integers(t datatype.Type, values []int64) *vector.Vector {
	v := vector.New(t, len(values))
	for i, x := range values {
		switch vector.Width(t) {
		case 1:
			vector.Values[int8](v)[i] = int8(x)
		case 2:
			vector.Values[int16](v)[i] = int16(x)
		case 4:
			vector.Values[int32](v)[i] = int32(x)
		default:
			vector.Values[int64](v)[i] = x
		}
	}
	v.Finish()
	return v
}
