package relational

import (
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Limit leaves out the first rows and then passes on no more than so many. Over several sub-tasks it stands twice: each keeps
// Offset+Count rows, and then one task has the offset.
//
//	Limit{Offset: 1, Count: 2}: 5 3 4 1 -> 3 4
type Limit struct {
	operator.Base
	Input  []datatype.Type
	Offset int64
	Count  int64 // negative: all

	out  *operator.Output
	skip int64
	left int64
}

// Output are the types of the input.
func (l *Limit) Output() []datatype.Type { return l.Input }

// Open implements operator.Operator.
func (l *Limit) Open(ctx *operator.Context) error {
	l.out, l.skip, l.left = ctx.Output(0), l.Offset, l.Count
	return nil
}

// Process implements operator.Operator.
func (l *Limit) Process(_ int, b *column.Batch) (bool, error) {
	rows := int64(b.Len())
	lo := min(l.skip, rows)
	l.skip -= lo
	hi := rows
	if l.left >= 0 {
		hi = min(rows, lo+l.left)
		l.left -= hi - lo
	}
	if lo == hi {
		b.Release()
		return false, nil
	}
	slice(column.Vectors(b), int(lo), int(hi))
	l.out.Emit(b)
	return false, nil
}

// slice leaves rows lo to hi of those that count.
func slice(b *vector.Batch, lo, hi int) {
	if hi < b.Rows() {
		b.Truncate(hi)
	}
	if lo == 0 {
		return
	}
	if b.Selection == nil {
		for i := range b.Length {
			b.Selection = append(b.Selection, int32(i))
		}
	}
	b.Selection = b.Selection[lo:]
}
