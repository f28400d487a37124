package operator

import (
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// ToVectors makes columns of records.
type ToVectors[I any] struct {
	Base
	Types []datatype.Type
	// Fill makes rows those of a batch that is empty and whose columns have Types.
	Fill func(rows []I, to *vector.Batch) error

	out  *Output
	pool *column.Pool
}

// Open implements Operator.
func (v *ToVectors[I]) Open(ctx *Context) error {
	v.out, v.pool = ctx.Output(0), column.PoolLike(column.NewVectors(v.Types))
	return nil
}

// Process implements Operator.
func (v *ToVectors[I]) Process(_ int, b *column.Batch) (bool, error) {
	out := v.pool.Get()
	if err := v.Fill(column.Rows[I](b), column.Vectors(out)); err != nil {
		return false, err
	}
	b.Release()
	v.out.Emit(out)
	return false, nil
}

// FromVectors makes records of columns.
type FromVectors[O any] struct {
	Base
	// Read sets rows to those of a batch that count.
	Read func(from *vector.Batch, rows []O) error

	out  *Output
	pool *column.Pool
}

// Open implements Operator.
func (v *FromVectors[O]) Open(ctx *Context) error {
	v.out, v.pool = ctx.Output(0), column.NewPool[O]()
	return nil
}

// Process implements Operator.
func (v *FromVectors[O]) Process(_ int, b *column.Batch) (bool, error) {
	in, out := column.Vectors(b), v.pool.Get()
	rows := column.Rows[O](out)
	rows = append(rows[:0], make([]O, in.Rows())...)
	if err := v.Read(in, rows); err != nil {
		return false, err
	}
	column.SetRows(out, rows)
	b.Release()
	v.out.Emit(out)
	return false, nil
}
