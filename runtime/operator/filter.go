package operator

import "github.com/leatproject/leat/storage/column"

// FilterFunction decides which records stay.
type FilterFunction[T any] interface {
	Filter(ctx *FunctionContext, v T) (bool, error)
}

// FilterFunc is a FilterFunction that is a plain function.
type FilterFunc[T any] func(ctx *FunctionContext, v T) (bool, error)

// Filter implements FilterFunction.
func (f FilterFunc[T]) Filter(ctx *FunctionContext, v T) (bool, error) { return f(ctx, v) }

// Filter keeps the records for which a function answers true. It compacts the batch in place.
//
//	Filter(even): [1 2 3 4] -> [2 4]
type Filter[T any] struct {
	Base
	cursor[T]
	// Simple is called if it is set, else Function.
	Simple   func(T) bool
	Function FilterFunction[T]

	fctx *FunctionContext
	out  *Output
	kept int
}

// Open implements Operator.
func (f *Filter[T]) Open(ctx *Context) error {
	f.open(ctx)
	f.fctx = NewFunctionContext(ctx)
	f.out = ctx.Output(0)
	return openFunction(f.Function, f.fctx)
}

// Process implements Operator.
func (f *Filter[T]) Process(_ int, b *column.Batch) (bool, error) {
	f.begin(b)
	f.kept = 0
	return f.Resume()
}

// Resume implements Operator.
func (f *Filter[T]) Resume() (bool, error) {
	if f.batch == nil {
		return false, nil
	}
	b, rows := f.batch, f.rows
	more, err := f.walk(f.apply)
	if more || err != nil {
		return more, err
	}
	f.batch = nil
	clear(rows[f.kept:])
	column.SetRows(b, rows[:f.kept])
	if len(b.Times) > 0 {
		b.Times = b.Times[:f.kept]
	}
	if len(b.Hashes) > 0 {
		b.Hashes = b.Hashes[:f.kept]
	}
	f.out.Emit(b)
	return false, nil
}

func (f *Filter[T]) apply(hi int) error {
	b, kept := f.batch, f.kept
	defer func() { f.kept = kept }()
	timed, hashed := len(b.Times) > 0, len(b.Hashes) > 0
	for f.next < hi {
		i := f.next
		f.next++
		v := f.rows[i]
		var keep bool
		if f.Simple != nil {
			keep = f.Simple(v)
		} else {
			f.fctx.time = b.Time(i)
			var err error
			if keep, err = f.Function.Filter(f.fctx, v); err != nil {
				return err
			}
		}
		if !keep {
			continue
		}
		f.rows[kept] = v
		if timed {
			b.Times[kept] = b.Times[i]
		}
		if hashed {
			b.Hashes[kept] = b.Hashes[i]
		}
		kept++
	}
	return nil
}

// Advance implements Operator.
func (f *Filter[T]) Advance(watermark int64) (bool, error) {
	f.fctx.watermark = watermark
	return false, nil
}

// Close implements Operator.
func (f *Filter[T]) Close() error {
	f.drop()
	return closeFunction(f.Function)
}
